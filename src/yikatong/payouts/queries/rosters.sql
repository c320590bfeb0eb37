-- name: insert_roster
-- sentence: opens a roster
INSERT INTO payouts.roster
    (id, region, division, scheme, period, title, once_per, budget_owner_id, budget_label, state, last_line, line_count,
    amount_fen, clear_count, clear_fen, batch_id, opened_at, opened_by, checked_at, public_from, public_until, final_at)
VALUES
    (%(id)s, %(region)s, %(division)s, %(scheme)s, %(period)s, %(title)s, %(once_per)s, %(budget_owner_id)s,
    %(budget_label)s, 'open', 0, 0, 0, 0, 0, NULL, %(now)s, %(by)s, NULL, NULL, NULL, NULL)
ON CONFLICT (id) DO NOTHING;

-- name: find_roster
-- sentence: one roster
SELECT id, region, division, scheme, period, title, once_per, budget_owner_id, budget_label, state, last_line,
    line_count, amount_fen, clear_count, clear_fen, batch_id, opened_at, opened_by, checked_at, public_from,
    public_until, final_at
FROM payouts.roster
WHERE id = %(id)s;

-- name: lock_roster
-- sentence: one roster, locked
SELECT id, region, division, scheme, period, title, once_per, budget_owner_id, budget_label, state, last_line,
    line_count, amount_fen, clear_count, clear_fen, batch_id, opened_at, opened_by, checked_at, public_from,
    public_until, final_at
FROM payouts.roster
WHERE id = %(id)s
FOR UPDATE;

-- name: list_rosters
-- sentence: rosters of a region under some places, the newest first
SELECT id, region, division, scheme, period, title, once_per, budget_owner_id, budget_label, state, last_line,
    line_count, amount_fen, clear_count, clear_fen, batch_id, opened_at, opened_by, checked_at, public_from,
    public_until, final_at
FROM payouts.roster
WHERE region = %(region)s AND (cardinality(%(prefixes)s::text[]) = 0 OR division LIKE ANY (%(prefixes)s::text[]))
ORDER BY id DESC
LIMIT %(limit)s;

-- name: update_roster
-- sentence: writes how a locked roster stands now
UPDATE payouts.roster
SET state = %(state)s, last_line = %(last_line)s, line_count = %(line_count)s, amount_fen = %(amount_fen)s,
    clear_count = %(clear_count)s, clear_fen = %(clear_fen)s, batch_id = %(batch_id)s, checked_at = %(checked_at)s,
    public_from = %(public_from)s, public_until = %(public_until)s, final_at = %(final_at)s
WHERE id = %(id)s;

-- name: insert_roster_lines
-- sentence: adds lines of one bucket, leaving out references that are listed; returns how many came in and their sum
WITH added AS (
    INSERT INTO payouts.roster_line
        (bucket, roster_id, line, resident_id, reference, amount_fen, name_differs, state, finding, bank_code,
        bank_token)
    SELECT %(bucket)s, %(roster_id)s, d.line, d.resident_id, d.reference, d.amount_fen, d.name_differs, 'entered', NULL,
        NULL, NULL
    FROM unnest(
        %(lines)s::int[], %(resident_ids)s::uuid[], %(references)s::uuid[], %(amount_fens)s::bigint[],
        %(name_differs)s::boolean[]
    ) AS d (line, resident_id, reference, amount_fen, name_differs)
    ON CONFLICT (bucket, roster_id, reference) WHERE state <> 'removed' DO NOTHING
    RETURNING amount_fen
)
SELECT count(*), coalesce(sum(amount_fen), 0)::bigint FROM added;

-- name: count_other_entries
-- sentence: how many of some references stand on a roster with another person or amount
SELECT count(*)
FROM unnest(%(resident_ids)s::uuid[], %(references)s::uuid[], %(amount_fens)s::bigint[])
    AS d (resident_id, reference, amount_fen)
JOIN payouts.roster_line AS l ON l.bucket = %(bucket)s AND l.roster_id = %(roster_id)s AND l.reference = d.reference
WHERE l.bucket = %(bucket)s AND l.roster_id = %(roster_id)s AND l.state <> 'removed'
    AND (l.resident_id <> d.resident_id OR l.amount_fen <> d.amount_fen);

-- name: list_roster_lines
-- sentence: lines of a roster in one bucket that were not removed, after one, in their order
SELECT bucket, roster_id, line, resident_id, reference, amount_fen, name_differs, state, finding
FROM payouts.roster_line
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND line > %(after)s AND state <> 'removed'
ORDER BY line
LIMIT %(limit)s;

-- name: list_lines_of_references
-- sentence: lines of a roster in one bucket that are for some references and were not removed
SELECT bucket, roster_id, line, resident_id, reference, amount_fen, name_differs, state, finding
FROM payouts.roster_line
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND reference = ANY (%(references)s::uuid[])
    AND state <> 'removed'
ORDER BY line;

-- name: find_roster_line
-- sentence: one line of a roster in one bucket, locked
SELECT bucket, roster_id, line, resident_id, reference, amount_fen, name_differs, state, finding
FROM payouts.roster_line
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND line = %(line)s
FOR UPDATE;

-- name: update_roster_lines
-- sentence: writes what a check found of lines of one bucket
UPDATE payouts.roster_line AS l
SET state = d.state, finding = d.finding, bank_code = d.bank_code, bank_token = d.bank_token
FROM unnest(%(lines)s::int[], %(states)s::text[], %(findings)s::text[], %(bank_codes)s::text[], %(bank_tokens)s::text[])
    AS d (line, state, finding, bank_code, bank_token)
WHERE l.bucket = %(bucket)s AND l.roster_id = %(roster_id)s AND l.line = d.line
    AND l.line BETWEEN %(first_line)s AND %(last_line)s;

-- name: remove_roster_line
-- sentence: takes a line off a roster; returns its line if it was taken off now
UPDATE payouts.roster_line SET state = 'removed', finding = NULL
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND line = %(line)s AND state <> 'removed'
RETURNING line;

-- name: claim_paid_once
-- sentence: claims keys for lines of a roster where they are free
INSERT INTO payouts.paid_once (bucket, once_key, resident_id, roster_id, line)
SELECT %(bucket)s, d.once_key, d.resident_id, %(roster_id)s, d.line
FROM unnest(%(once_keys)s::uuid[], %(resident_ids)s::uuid[], %(lines)s::int[]) AS d (once_key, resident_id, line)
-- In the order of the keys, so that two rosters that claim the same people never wait for each other in a circle.
ORDER BY d.once_key, d.line
ON CONFLICT (bucket, once_key) DO NOTHING;

-- name: list_paid_once
-- sentence: which line holds each of some keys
SELECT once_key, roster_id, line
FROM payouts.paid_once
WHERE bucket = %(bucket)s AND once_key = ANY (%(once_keys)s::uuid[]);

-- name: release_paid_once
-- sentence: gives back what some lines of a roster claimed
DELETE FROM payouts.paid_once
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND line = ANY (%(lines)s::int[]);

-- name: release_all_paid_once
-- sentence: gives back whatever a roster claimed in one bucket
DELETE FROM payouts.paid_once
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s;

-- name: insert_objection
-- sentence: writes an objection; the same id again is left out
INSERT INTO payouts.objection
    (bucket, roster_id, id, line, resident_id, ground, state, made_at, made_by, decided_at, decided_by)
VALUES
    (%(bucket)s, %(roster_id)s, %(id)s, %(line)s, %(resident_id)s, %(ground)s, 'open', %(made_at)s, %(made_by)s, NULL, NULL)
ON CONFLICT (bucket, roster_id, id) DO NOTHING;

-- name: list_objections
-- sentence: objections against a roster in one bucket, in the order they were made
SELECT bucket, roster_id, id, line, resident_id, ground, state, made_at, made_by, decided_at, decided_by
FROM payouts.objection
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s
ORDER BY id;

-- name: lock_objection
-- sentence: one objection in one bucket, locked
SELECT bucket, roster_id, id, line, resident_id, ground, state, made_at, made_by, decided_at, decided_by
FROM payouts.objection
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND id = %(id)s
FOR UPDATE;

-- name: decide_objection
-- sentence: decides an open objection
UPDATE payouts.objection SET state = %(state)s, decided_at = %(now)s, decided_by = %(by)s
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND id = %(id)s AND state = 'open';

-- name: count_open_objections
-- sentence: how many objections against a roster are open in one bucket
SELECT count(*) FROM payouts.objection
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND state = 'open';
