-- name: insert_deed
-- sentence: writes a deed; a request or a number that is taken is an error
INSERT INTO trade_in.deed (
    bucket, request_id, claim_id, resident_id, number, digest, act, actor, by_id, done_on, fen, price_fen, new_code,
    until_on, states_before, states_after, decision_id, made_at
) VALUES (
    %(bucket)s, %(request_id)s, %(claim_id)s, %(resident_id)s, %(number)s, %(digest)s, %(act)s, %(actor)s, %(by_id)s,
    %(done_on)s, %(fen)s, %(price_fen)s, %(new_code)s, %(until_on)s, %(states_before)s, %(states_after)s,
    %(decision_id)s, %(made_at)s
);

-- name: find_deed
-- sentence: the deed that a request asked for on a claim
SELECT bucket, request_id, claim_id, resident_id, number, digest, act, actor, by_id, done_on, fen, price_fen, new_code,
    until_on, states_before, states_after, decision_id, made_at
FROM trade_in.deed
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND request_id = %(request_id)s;

-- name: list_first_deeds
-- sentence: the first deeds of some claims, with which they began
SELECT bucket, request_id, claim_id, resident_id, number, digest, act, actor, by_id, done_on, fen, price_fen, new_code,
    until_on, states_before, states_after, decision_id, made_at
FROM trade_in.deed
WHERE bucket = %(bucket)s AND claim_id = ANY (%(claim_ids)s::uuid[]) AND number = 1;

-- name: list_deeds
-- sentence: the deeds of one claim in their order
SELECT bucket, request_id, claim_id, resident_id, number, digest, act, actor, by_id, done_on, fen, price_fen, new_code,
    until_on, states_before, states_after, decision_id, made_at
FROM trade_in.deed
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s
ORDER BY number;

-- name: page_deeds
-- sentence: audit, over all buckets: deeds after one, in the order of claim and number
SELECT bucket, request_id, claim_id, resident_id, number, digest, act, actor, by_id, done_on, fen, price_fen, new_code,
    until_on, states_before, states_after, decision_id, made_at
FROM trade_in.deed
WHERE (bucket, claim_id, number) > (%(bucket)s, %(claim_id)s, %(number)s)
ORDER BY bucket, claim_id, number
LIMIT %(limit)s;

-- name: insert_decision
-- sentence: writes a decision
INSERT INTO trade_in.decision (
    bucket, decision_id, claim_id, resident_id, request_id, act, asking, place, effective_on, known_on, decided_on,
    formula, formula_digest, sheet, sheet_digest, inputs_digest, assumed, amount_fen, reason, failed, steps, sealed,
    decided_at
) VALUES (
    %(bucket)s, %(decision_id)s, %(claim_id)s, %(resident_id)s, %(request_id)s, %(act)s, %(asking)s, %(place)s,
    %(effective_on)s, %(known_on)s, %(decided_on)s, %(formula)s, %(formula_digest)s, %(sheet)s, %(sheet_digest)s,
    %(inputs_digest)s, %(assumed)s, %(amount_fen)s, %(reason)s, %(failed)s, %(steps)s, %(sealed)s, %(decided_at)s
);

-- name: list_decisions
-- sentence: the decisions about one claim, the oldest first
SELECT bucket, decision_id, claim_id, resident_id, request_id, act, asking, place, effective_on, known_on, decided_on,
    formula, formula_digest, sheet, sheet_digest, inputs_digest, assumed, amount_fen, reason, failed, steps, sealed,
    decided_at
FROM trade_in.decision
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s
ORDER BY decided_at, decision_id;

-- name: page_decisions
-- sentence: audit, over all buckets: decisions after one, in the order of their keys
SELECT bucket, decision_id, claim_id, resident_id, request_id, act, asking, place, effective_on, known_on, decided_on,
    formula, formula_digest, sheet, sheet_digest, inputs_digest, assumed, amount_fen, reason, failed, steps, sealed,
    decided_at
FROM trade_in.decision
WHERE (bucket, decision_id) > (%(bucket)s, %(decision_id)s)
ORDER BY bucket, decision_id
LIMIT %(limit)s;

-- name: audit_decision_count
-- sentence: audit, over all buckets: how many decisions there are
SELECT count(*) FROM trade_in.decision;

-- name: audit_missing_decisions
-- sentence: audit, over all buckets: deeds that name a decision which there is not, or which is of another claim
SELECT d.claim_id, d.number
FROM trade_in.deed AS d
LEFT JOIN trade_in.decision AS c
    ON c.bucket = d.bucket AND c.decision_id = d.decision_id AND c.claim_id = d.claim_id
WHERE d.decision_id IS NOT NULL AND c.decision_id IS NULL
ORDER BY d.claim_id, d.number;

-- name: count_refusals
-- sentence: adds refused applications of a day at one place to what this writer counted
INSERT INTO trade_in.refusal (place, refused_on, reason, writer, refused)
VALUES (%(place)s, %(refused_on)s, %(reason)s, %(writer)s, %(refused)s)
ON CONFLICT (place, refused_on, reason, writer) DO UPDATE SET refused = refusal.refused + excluded.refused;
