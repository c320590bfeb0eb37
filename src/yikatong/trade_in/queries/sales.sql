-- name: insert_prepared_sale
-- sentence: writes a sale that waits to be paid
INSERT INTO trade_in.prepared_sale (
    bucket, claim_id, resident_id, request_id, decision_id, provider_id, price_fen, subsidy_fen, new_code, model,
    clause, bought_on, prepared_at
) VALUES (
    %(bucket)s, %(claim_id)s, %(resident_id)s, %(request_id)s, %(decision_id)s, %(provider_id)s, %(price_fen)s,
    %(subsidy_fen)s, %(new_code)s, %(model)s, %(clause)s, %(bought_on)s, %(prepared_at)s
);

-- name: find_prepared_sale
-- sentence: the sale that waits under a claim; the resident's gate orders it
SELECT bucket, claim_id, resident_id, request_id, decision_id, provider_id, price_fen, subsidy_fen, new_code, model,
    clause, bought_on, prepared_at
FROM trade_in.prepared_sale
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND tap_id IS NULL;

-- name: delete_prepared_sale
-- sentence: takes back the sale that waits under a claim; returns the new bike's code if one waited
DELETE FROM trade_in.prepared_sale
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND tap_id IS NULL
RETURNING new_code;

-- name: audit_waiting_sales
-- sentence: audit, over all buckets: the new bikes of sales that wait to be paid, with their claims
SELECT new_code, claim_id FROM trade_in.prepared_sale WHERE tap_id IS NULL;

-- name: list_stale_sales
-- sentence: claims of one bucket whose prepared sale is of a day before one
SELECT claim_id
FROM trade_in.prepared_sale
WHERE bucket = %(bucket)s AND bought_on < %(before)s AND tap_id IS NULL
ORDER BY bought_on, claim_id
LIMIT %(limit)s;

-- name: load_sales
-- sentence: the entered sales of some residents, waiting or paid, each with its claim; their gates order it
SELECT c.bucket, c.claim_id, c.resident_id, c.version, c.place, c.sheet, c.count_key, c.budget, c.places, c.facts, c.mode,
    c.needs, c.old_code, c.old_battery, c.new_code, c.state, c.old_state, c.plate_state, c.new_state, c.received_on,
    c.collected_on, c.dismantled_on, c.cancelled_on, c.bought_on, c.registered_on, c.returned_on, c.reserved_fen,
    c.held_fen, c.paid_fen, c.owed_back_fen, c.released_fen, c.reclaimed_fen, c.to_release_fen, c.sent_fen,
    c.amount_fen, c.price_fen, c.valid_until, c.public_until, c.old_store_id, c.recycler_id, c.store_id, c.proof,
    c.was_resumed, c.made_at, c.changed_at,
    s.bucket, s.claim_id, s.resident_id, s.request_id, s.decision_id, s.provider_id, s.price_fen, s.subsidy_fen,
    s.new_code, s.model, s.clause, s.bought_on, s.prepared_at, s.tap_id
FROM trade_in.prepared_sale AS s
JOIN trade_in.claim AS c ON c.bucket = s.bucket AND c.claim_id = s.claim_id
WHERE s.bucket = $1 AND c.bucket = $1 AND s.resident_id = ANY ($2::uuid[])
    -- The claims are named twice, so that a plan made while the tables were empty still goes by the key of both.
    AND c.claim_id = ANY (
        ARRAY(SELECT p.claim_id FROM trade_in.prepared_sale AS p WHERE p.bucket = $1 AND p.resident_id = ANY ($2::uuid[]))
    )
ORDER BY s.resident_id, s.prepared_at;

-- name: write_claims_of_sales
-- sentence: writes claims whose sales were paid, taken back or returned; fails unless all, $2 in number, have the version read
WITH won AS (
    UPDATE trade_in.claim AS c
    SET version = d.version, state = d.state, new_state = d.new_state, new_code = d.new_code, bought_on = d.bought_on,
        returned_on = d.returned_on, price_fen = d.price_fen, amount_fen = d.amount_fen, held_fen = d.held_fen,
        paid_fen = d.paid_fen, owed_back_fen = d.owed_back_fen, released_fen = d.released_fen,
        reclaimed_fen = d.reclaimed_fen, to_release_fen = d.to_release_fen, valid_until = d.valid_until,
        store_id = d.store_id, changed_at = $3
    FROM unnest(
        $4::uuid[], $5::int[], $6::int[], $7::text[], $8::text[], $9::text[], $10::date[], $11::date[], $12::bigint[],
        $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
        $20::date[], $21::uuid[]
    ) AS d (
        claim_id, version_read, version, state, new_state, new_code, bought_on, returned_on, price_fen, amount_fen,
        held_fen, paid_fen, owed_back_fen, released_fen, reclaimed_fen, to_release_fen, valid_until, store_id
    )
    WHERE c.bucket = $1 AND c.claim_id = ANY ($4::uuid[]) AND c.claim_id = d.claim_id AND c.version = d.version_read
    RETURNING c.claim_id
)
SELECT 1 / (count(*) = $2)::int FROM won;

-- name: write_taps_of_sales
-- sentence: writes by which tap sales were paid, null where it was taken back; fails unless all, $2 in number, are there
WITH won AS (
    UPDATE trade_in.prepared_sale AS s
    SET tap_id = d.tap_id
    FROM unnest($3::uuid[], $4::uuid[]) AS d (claim_id, tap_id)
    WHERE s.bucket = $1 AND s.claim_id = ANY ($3::uuid[]) AND s.claim_id = d.claim_id
    RETURNING s.claim_id
)
SELECT 1 / (count(*) = $2)::int FROM won;

-- name: end_sales
-- sentence: takes away the sales whose goods came back; fails unless all, $2 in number, are there
WITH won AS (
    DELETE FROM trade_in.prepared_sale WHERE bucket = $1 AND claim_id = ANY ($3::uuid[]) RETURNING claim_id
)
SELECT 1 / (count(*) = $2)::int FROM won;

-- name: write_deeds_of_sales
-- sentence: writes what a batch of taps did to claims, each deed the next of its claim
INSERT INTO trade_in.deed (
    bucket, request_id, claim_id, resident_id, number, digest, act, actor, by_id, done_on, fen, price_fen, new_code,
    until_on, states_before, states_after, decision_id, made_at
)
SELECT $1, d.request_id, d.claim_id, d.resident_id, d.number, d.digest, d.act, d.actor, d.by_id, d.done_on, d.fen,
    d.price_fen, d.new_code, d.until_on, ($2::text[])[d.place:d.place + 3], ($3::text[])[d.place:d.place + 3],
    d.decision_id, $4
FROM unnest(
    $5::uuid[], $6::uuid[], $7::uuid[], $8::int[], $9::bytea[], $10::text[], $11::text[], $12::uuid[], $13::date[],
    $14::bigint[], $15::bigint[], $16::text[], $17::date[], $18::uuid[], $19::int[]
) AS d (
    request_id, claim_id, resident_id, number, digest, act, actor, by_id, done_on, fen, price_fen, new_code, until_on,
    decision_id, place
);
