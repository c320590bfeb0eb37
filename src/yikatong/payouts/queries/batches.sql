-- name: insert_batch
-- sentence: writes a new batch whose lines are counted later in the same transaction
INSERT INTO payouts.batch
    (id, roster_id, source_batch_id, round, region, division, title, budget_owner_id, budget_label, state, pay_on,
    issued_count, issued_fen, open_count, open_fen, paid_count, paid_fen, returned_count, returned_fen, stopped_count,
    stopped_fen, made_at, made_by, ended_at)
VALUES
    (%(id)s, %(roster_id)s, %(source_batch_id)s, %(round)s, %(region)s, %(division)s, %(title)s, %(budget_owner_id)s,
    %(budget_label)s, %(state)s, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, %(made_at)s, %(made_by)s, NULL);

-- name: find_batch
-- sentence: one batch
SELECT id, roster_id, source_batch_id, round, region, division, title, budget_owner_id, budget_label, state, pay_on,
    issued_count, issued_fen, open_count, open_fen, paid_count, paid_fen, returned_count, returned_fen, stopped_count,
    stopped_fen, made_at, made_by, ended_at
FROM payouts.batch
WHERE id = %(id)s;

-- name: try_to_hold_batch
-- sentence: true when this session is the only one that sends a batch, until it ends
SELECT pg_try_advisory_lock(%(key)s);

-- name: let_go_of_batches
-- sentence: lets others send what this session kept for itself
SELECT pg_advisory_unlock_all();

-- name: lock_batch
-- sentence: one batch, locked; its application is locked before it
SELECT id, roster_id, source_batch_id, round, region, division, title, budget_owner_id, budget_label, state, pay_on,
    issued_count, issued_fen, open_count, open_fen, paid_count, paid_fen, returned_count, returned_fen, stopped_count,
    stopped_fen, made_at, made_by, ended_at
FROM payouts.batch
WHERE id = %(id)s
FOR UPDATE;

-- name: list_batches
-- sentence: batches of a region under some places, the newest first
SELECT id, roster_id, source_batch_id, round, region, division, title, budget_owner_id, budget_label, state, pay_on,
    issued_count, issued_fen, open_count, open_fen, paid_count, paid_fen, returned_count, returned_fen, stopped_count,
    stopped_fen, made_at, made_by, ended_at
FROM payouts.batch
WHERE region = %(region)s AND (cardinality(%(prefixes)s::text[]) = 0 OR division LIKE ANY (%(prefixes)s::text[]))
ORDER BY id DESC
LIMIT %(limit)s;

-- name: list_due_batches
-- sentence: batches that were applied for or are half sent and whose day has come, by day
SELECT id
FROM payouts.batch
WHERE state IN ('applied', 'sending') AND pay_on <= %(today)s
ORDER BY pay_on, id
LIMIT %(limit)s;

-- name: audit_batches
-- sentence: audit: every batch
SELECT id, roster_id, source_batch_id, round, region, division, title, budget_owner_id, budget_label, state, pay_on,
    issued_count, issued_fen, open_count, open_fen, paid_count, paid_fen, returned_count, returned_fen, stopped_count,
    stopped_fen, made_at, made_by, ended_at
FROM payouts.batch
ORDER BY id;

-- name: update_batch
-- sentence: writes how a locked batch stands, if it still stands as it was read
UPDATE payouts.batch
SET state = %(state)s, pay_on = %(pay_on)s, issued_count = %(issued_count)s, issued_fen = %(issued_fen)s,
    open_count = %(open_count)s, open_fen = %(open_fen)s, paid_count = %(paid_count)s, paid_fen = %(paid_fen)s,
    returned_count = %(returned_count)s, returned_fen = %(returned_fen)s, stopped_count = %(stopped_count)s,
    stopped_fen = %(stopped_fen)s, ended_at = %(ended_at)s
WHERE id = %(id)s AND state = %(state_before)s;

-- name: insert_application
-- sentence: submits an application to pay a batch, unless one is in force
INSERT INTO payouts.application (batch_id, id, amount_fen, state, submitted_at, submitted_by, ended_at)
VALUES (%(batch_id)s, %(id)s, %(amount_fen)s, 'submitted', %(submitted_at)s, %(submitted_by)s, NULL)
ON CONFLICT (batch_id) WHERE state <> 'revoked' DO NOTHING;

-- name: lock_application
-- sentence: the application of a batch that is in force, locked
SELECT batch_id, id, amount_fen, state, submitted_at, submitted_by, ended_at
FROM payouts.application
WHERE batch_id = %(batch_id)s AND state <> 'revoked'
FOR UPDATE;

-- name: list_applications
-- sentence: every application of a batch, in the order of their submission
SELECT batch_id, id, amount_fen, state, submitted_at, submitted_by, ended_at
FROM payouts.application
WHERE batch_id = %(batch_id)s
ORDER BY submitted_at, id;

-- name: end_application
-- sentence: ends a submitted application
UPDATE payouts.application SET state = %(state)s, ended_at = %(now)s
WHERE batch_id = %(batch_id)s AND id = %(id)s AND state = 'submitted';

-- name: issue_lines
-- sentence: writes the next lines of a batch from the clear lines of its roster in one bucket, by bank and line;
-- returns how many, their sum, and the last bank and line that were taken
WITH clear AS (
    SELECT resident_id, reference, amount_fen, bank_code, bank_token, line
    FROM payouts.roster_line
    WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND state = 'clear'
        AND (bank_code, line) > (%(after_bank)s, %(after_line)s)
    ORDER BY bank_code, line
    LIMIT %(limit)s
),
issued AS (
    INSERT INTO payouts.batch_line
        (bucket, batch_id, line, resident_id, reference, amount_fen, bank_code, bank_token, state, reason, source_line,
        source_fen, corrected_by, paid_by, back_by, booked_on, ended_at)
    SELECT %(bucket)s, %(batch_id)s, %(offset)s + row_number() OVER (ORDER BY bank_code, line), resident_id, reference,
        amount_fen, bank_code, bank_token, 'issued', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM clear
    RETURNING amount_fen
)
SELECT (SELECT count(*) FROM issued), (SELECT coalesce(sum(amount_fen), 0)::bigint FROM issued),
    (SELECT max(bank_code) FROM clear),
    (SELECT max(line) FROM clear WHERE bank_code = (SELECT max(bank_code) FROM clear));

-- name: insert_corrections
-- sentence: writes lines of a correction in one bucket
INSERT INTO payouts.batch_line
    (bucket, batch_id, line, resident_id, reference, amount_fen, bank_code, bank_token, state, reason, source_line,
    source_fen, corrected_by, paid_by, back_by, booked_on, ended_at)
SELECT %(bucket)s, %(batch_id)s, d.line, d.resident_id, d.reference, d.amount_fen, d.bank_code, d.bank_token, 'issued',
    NULL, d.source_line, d.source_fen, NULL, NULL, NULL, NULL, NULL
FROM unnest(
    %(lines)s::int[], %(resident_ids)s::uuid[], %(references)s::uuid[], %(amount_fens)s::bigint[],
    %(bank_codes)s::text[], %(bank_tokens)s::text[], %(source_lines)s::int[], %(source_fens)s::bigint[]
) AS d (line, resident_id, reference, amount_fen, bank_code, bank_token, source_line, source_fen);

-- name: list_batch_lines
-- sentence: lines of a batch in one bucket after one, in their order
SELECT bucket, batch_id, line, resident_id, reference, amount_fen, bank_code, bank_token, state, reason, source_line,
    source_fen, corrected_by, paid_by, back_by, booked_on, ended_at
FROM payouts.batch_line
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND line > %(after)s
ORDER BY line
LIMIT %(limit)s;

-- name: list_lines_of_resident
-- sentence: what one person was to be paid, the newest batch first
SELECT bucket, batch_id, line, resident_id, reference, amount_fen, bank_code, bank_token, state, reason, source_line,
    source_fen, corrected_by, paid_by, back_by, booked_on, ended_at
FROM payouts.batch_line
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s
ORDER BY batch_id DESC, line
LIMIT %(limit)s;

-- name: list_correctable
-- sentence: lines of a batch in one bucket that came back or were stopped and were not corrected, locked
SELECT bucket, batch_id, line, resident_id, reference, amount_fen, bank_code, bank_token, state, reason, source_line,
    source_fen, corrected_by, paid_by, back_by, booked_on, ended_at
FROM payouts.batch_line
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND corrected_by IS NULL AND given_up_at IS NULL
    AND (state = 'returned' OR (state = 'stopped' AND reason <> 'batch_was_deleted'))
ORDER BY line
FOR UPDATE;

-- name: mark_corrected
-- sentence: marks lines that came back as corrected by a batch; returns how many were not marked before
UPDATE payouts.batch_line SET corrected_by = %(by_batch_id)s
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND line = ANY (%(lines)s::int[])
    AND state IN ('returned', 'stopped') AND corrected_by IS NULL AND given_up_at IS NULL;

-- name: give_line_up
-- sentence: sees to it that a line that came back or was stopped is never paid again
UPDATE payouts.batch_line SET given_up_at = %(now)s
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND line = %(line)s
    AND state IN ('returned', 'stopped') AND corrected_by IS NULL AND given_up_at IS NULL;

-- name: unmark_corrected
-- sentence: lets lines be corrected again whose correction was deleted; one that was given up there stays given up
UPDATE payouts.batch_line AS source SET corrected_by = NULL, given_up_at = again.given_up_at
FROM payouts.batch_line AS again
WHERE source.bucket = %(bucket)s AND source.batch_id = %(batch_id)s AND source.corrected_by = %(by_batch_id)s
    AND again.bucket = source.bucket AND again.batch_id = source.corrected_by AND again.source_line = source.line;

-- name: stop_lines
-- sentence: stops issued lines of one bucket; returns how many and their sum
WITH stopped AS (
    UPDATE payouts.batch_line AS l
    SET state = 'stopped', reason = d.reason, ended_at = %(now)s, back_by = %(transfer_id)s
    FROM unnest(%(lines)s::int[], %(reasons)s::text[]) AS d (line, reason)
    WHERE l.bucket = %(bucket)s AND l.batch_id = %(batch_id)s AND l.line = d.line
        AND l.line BETWEEN %(first_line)s AND %(last_line)s AND l.state = 'issued'
    RETURNING l.amount_fen
)
SELECT count(*), coalesce(sum(amount_fen), 0)::bigint FROM stopped;

-- name: stop_all_lines
-- sentence: stops every issued line of a batch in one bucket; returns how many and their sum
WITH stopped AS (
    UPDATE payouts.batch_line
    SET state = 'stopped', reason = %(reason)s, ended_at = %(now)s
    WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND state = 'issued'
    RETURNING amount_fen
)
SELECT count(*), coalesce(sum(amount_fen), 0)::bigint FROM stopped;

-- name: find_batch_line
-- sentence: one line of a batch in one bucket
SELECT bucket, batch_id, line, resident_id, reference, amount_fen, bank_code, bank_token, state, reason, source_line,
    source_fen, corrected_by, paid_by, back_by, booked_on, ended_at
FROM payouts.batch_line
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND line = %(line)s;

-- name: list_moved_lines
-- sentence: lines of one bucket between two that a transfer paid, or gave back: line, person, reference, amount, reason,
-- day; without a transfer those that were stopped before there was one
SELECT line, resident_id, reference, amount_fen, reason, booked_on
FROM payouts.batch_line
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND line BETWEEN %(first_line)s AND %(last_line)s
    AND CASE %(state)s::text
        WHEN 'paid' THEN paid_by = %(transfer_id)s::uuid
        WHEN 'stopped' THEN state = 'stopped' AND back_by IS NOT DISTINCT FROM %(transfer_id)s::uuid
        ELSE back_by = %(transfer_id)s::uuid
    END
ORDER BY line;

-- name: audit_line_sums
-- sentence: audit, over all buckets: lines and fen of each batch by state
SELECT batch_id, state, count(*), sum(amount_fen)::bigint
FROM payouts.batch_line
GROUP BY batch_id, state;

-- name: audit_line_transfers
-- sentence: audit, over all buckets: what the lines of each batch say that each transfer moved
SELECT batch_id, moved_by, sum(amount_fen)::bigint
FROM (
    SELECT batch_id, paid_by AS moved_by, amount_fen FROM payouts.batch_line WHERE paid_by IS NOT NULL
    UNION ALL
    SELECT batch_id, back_by, amount_fen FROM payouts.batch_line WHERE back_by IS NOT NULL
) AS moved
GROUP BY batch_id, moved_by;

-- name: audit_batches_of_rosters
-- sentence: audit: by roster, what its batches have set aside or paid
SELECT roster_id, sum(paid_fen + CASE WHEN state IN ('applied', 'sending', 'sent') THEN open_fen ELSE 0 END)::bigint
FROM payouts.batch
WHERE roster_id = ANY (%(roster_ids)s::uuid[])
GROUP BY roster_id;

-- name: audit_corrections
-- sentence: audit, over all buckets: corrected lines whose correction is missing, doubled or above its source
SELECT s.batch_id, s.line, s.amount_fen, sum(c.amount_fen)::bigint
FROM payouts.batch_line AS s
LEFT JOIN payouts.batch_line AS c
    ON c.bucket = s.bucket AND c.batch_id = s.corrected_by AND c.source_line = s.line
WHERE s.corrected_by IS NOT NULL
GROUP BY s.batch_id, s.line, s.amount_fen
HAVING count(c.line) <> 1 OR sum(c.amount_fen) > s.amount_fen
ORDER BY s.batch_id, s.line;

-- name: count_half_sent
-- sentence: how many batches are being sent, and rosters worked on page by page
SELECT (SELECT count(*) FROM payouts.batch WHERE state = 'sending')
    + (SELECT count(*) FROM payouts.roster_work WHERE state = 'open');
