-- name: list_runs
-- sentence: the open lines of a batch in one bucket, cut by bank and into parts of so many lines, in their order
SELECT bank_code, min(line), max(line), count(*), sum(amount_fen)::bigint
FROM (
    SELECT bank_code, line, amount_fen, (row_number() OVER (PARTITION BY bank_code ORDER BY line) - 1)
        / %(lines_in_part)s AS chunk
    FROM payouts.batch_line
    WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND state = 'issued'
) AS open
GROUP BY bank_code, chunk
ORDER BY min(line);

-- name: insert_parts
-- sentence: plans the parts of a batch
INSERT INTO payouts.batch_part
    (batch_id, part, line_bucket, bank_code, format, first_line, last_line, line_count, amount_fen, state, digest,
    drafted_at, sent_at)
SELECT %(batch_id)s, d.part, d.line_bucket, d.bank_code, d.format, d.first_line, d.last_line, d.line_count, d.amount_fen,
    'planned', NULL, NULL, NULL
FROM unnest(
    %(parts)s::smallint[], %(buckets)s::smallint[], %(bank_codes)s::text[], %(formats)s::text[], %(first_lines)s::int[],
    %(last_lines)s::int[], %(line_counts)s::int[], %(amount_fens)s::bigint[]
) AS d (part, line_bucket, bank_code, format, first_line, last_line, line_count, amount_fen);

-- name: list_parts
-- sentence: the parts of a batch in their order
SELECT batch_id, part, line_bucket AS bucket, bank_code, format, first_line, last_line, line_count, amount_fen, state, digest,
    drafted_at, sent_at
FROM payouts.batch_part
WHERE batch_id = %(batch_id)s
ORDER BY part;

-- name: lock_part
-- sentence: one part of a batch, locked
SELECT batch_id, part, line_bucket AS bucket, bank_code, format, first_line, last_line, line_count, amount_fen, state, digest,
    drafted_at, sent_at
FROM payouts.batch_part
WHERE batch_id = %(batch_id)s AND part = %(part)s
FOR UPDATE;

-- name: draft_part
-- sentence: journals the file of a part that was not sent, before the bank can see it
UPDATE payouts.batch_part
SET state = 'drafted', digest = %(digest)s, line_count = %(line_count)s, amount_fen = %(amount_fen)s,
    drafted_at = %(now)s
WHERE batch_id = %(batch_id)s AND part = %(part)s AND state <> 'sent';

-- name: send_part
-- sentence: marks a drafted part as sent
UPDATE payouts.batch_part SET state = 'sent', sent_at = %(now)s
WHERE batch_id = %(batch_id)s AND part = %(part)s AND state = 'drafted';

-- name: delete_part
-- sentence: drops a part of which every line was stopped before it was sent
DELETE FROM payouts.batch_part
WHERE batch_id = %(batch_id)s AND part = %(part)s AND state <> 'sent';

-- name: list_lines_of_part
-- sentence: the open lines of a part: line, person, reference, amount, bank and token
SELECT line, resident_id, reference, amount_fen, bank_code, bank_token
FROM payouts.batch_line
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND line BETWEEN %(first_line)s AND %(last_line)s
    AND state = 'issued'
ORDER BY line;

-- name: count_open_lines
-- sentence: how many lines of some parts are open in one bucket, and their sum, by part
SELECT d.part, count(*), sum(l.amount_fen)::bigint
FROM unnest(%(parts)s::smallint[], %(first_lines)s::int[], %(last_lines)s::int[]) AS d (part, first_line, last_line)
JOIN payouts.batch_line AS l
    ON l.bucket = %(bucket)s AND l.batch_id = %(batch_id)s AND l.line BETWEEN d.first_line AND d.last_line
WHERE l.bucket = %(bucket)s AND l.batch_id = %(batch_id)s AND l.state = 'issued'
GROUP BY d.part
ORDER BY d.part;

-- name: pay_lines
-- sentence: marks open lines as paid where the amount is ours or the bank names none; returns how many and their sum
-- (the range says again where the lines are, so that no plan reads the whole batch for a few of them)
WITH paid AS (
    UPDATE payouts.batch_line AS l
    SET state = 'paid', paid_by = %(transfer_id)s, booked_on = d.booked_on, ended_at = %(now)s
    FROM unnest(%(lines)s::int[], %(amount_fens)s::bigint[], %(days)s::date[]) AS d (line, amount_fen, booked_on)
    WHERE l.bucket = %(bucket)s AND l.batch_id = %(batch_id)s AND l.line = d.line
        AND l.line BETWEEN %(first_line)s AND %(last_line)s AND l.state = 'issued'
        AND (d.amount_fen < 0 OR d.amount_fen = l.amount_fen)
    RETURNING l.amount_fen
)
SELECT count(*), coalesce(sum(amount_fen), 0)::bigint FROM paid;

-- name: return_lines
-- sentence: marks lines that stand in one state as returned; returns how many and their sum
WITH returned AS (
    UPDATE payouts.batch_line AS l
    SET state = 'returned', reason = d.reason, back_by = %(transfer_id)s, ended_at = %(now)s
    FROM unnest(%(lines)s::int[], %(amount_fens)s::bigint[], %(reasons)s::text[]) AS d (line, amount_fen, reason)
    WHERE l.bucket = %(bucket)s AND l.batch_id = %(batch_id)s AND l.line = d.line
        AND l.line BETWEEN %(first_line)s AND %(last_line)s AND l.state = %(state)s
        AND (d.amount_fen < 0 OR d.amount_fen = l.amount_fen)
    RETURNING l.amount_fen
)
SELECT count(*), coalesce(sum(amount_fen), 0)::bigint FROM returned;

-- name: list_standing_lines
-- sentence: how some lines of a batch in one bucket stand: line, state, amount, whether the bank ever paid it, and when
SELECT line, state, amount_fen, paid_by IS NOT NULL, booked_on
FROM payouts.batch_line
WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s AND line = ANY (%(lines)s::int[]);

-- name: book_lines
-- sentence: notes the day on which a statement says that paid lines were booked
UPDATE payouts.batch_line AS l SET booked_on = d.booked_on
FROM unnest(%(lines)s::int[], %(days)s::date[]) AS d (line, booked_on)
WHERE l.bucket = %(bucket)s AND l.batch_id = %(batch_id)s AND l.line = d.line
    AND l.line BETWEEN %(first_line)s AND %(last_line)s AND l.state = 'paid' AND l.booked_on IS NULL;

-- name: insert_return_file
-- sentence: writes what became of a bank's file, unless the same bytes were dealt with
INSERT INTO payouts.return_file
    (bank_code, digest, name, kind, state, fault, fault_line, report_count, paid_count, paid_fen, returned_count,
    returned_fen, already_count, difference_count, received_at)
VALUES
    (%(bank_code)s, %(digest)s, %(name)s, %(kind)s, %(state)s, %(fault)s, %(fault_line)s, %(report_count)s,
    %(paid_count)s, %(paid_fen)s, %(returned_count)s, %(returned_fen)s, %(already_count)s, %(difference_count)s,
    %(received_at)s)
ON CONFLICT (bank_code, digest, state) DO NOTHING;

-- name: find_return_file
-- sentence: a bank's file that was applied
SELECT bank_code, digest, name, kind, state, fault, fault_line, report_count, paid_count, paid_fen, returned_count,
    returned_fen, already_count, difference_count, received_at
FROM payouts.return_file
WHERE bank_code = %(bank_code)s AND digest = %(digest)s AND state = 'applied';

-- name: list_return_files
-- sentence: a bank's files, the newest first
SELECT bank_code, digest, name, kind, state, fault, fault_line, report_count, paid_count, paid_fen, returned_count,
    returned_fen, already_count, difference_count, received_at
FROM payouts.return_file
WHERE bank_code = %(bank_code)s
ORDER BY received_at DESC, digest
LIMIT %(limit)s;

-- name: insert_differences
-- sentence: keeps payments of a batch on which a bank and we do not agree
INSERT INTO payouts.payment_difference (batch_id, line, file_digest, kind, our_fen, bank_fen, found_at)
SELECT %(batch_id)s, d.line, %(file_digest)s, d.kind, d.our_fen, d.bank_fen, %(now)s
FROM unnest(%(lines)s::int[], %(kinds)s::text[], %(our_fens)s::bigint[], %(bank_fens)s::bigint[])
    AS d (line, kind, our_fen, bank_fen)
ON CONFLICT (batch_id, line, file_digest, kind) DO NOTHING;

-- name: list_differences
-- sentence: payments of a batch on which a bank and we do not agree
SELECT batch_id, line, kind, our_fen, bank_fen
FROM payouts.payment_difference
WHERE batch_id = %(batch_id)s
ORDER BY line, kind;
