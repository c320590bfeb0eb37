-- name: find_requests
-- What terminals asked under these request ids before; locks nothing.
SELECT r.terminal_id, r.request_id, r.tap_id, r.bucket, r.body_digest
FROM unnest($1::uuid[], $2::text[]) AS asked (terminal_id, request_id)
-- Lateral with a limit, so that a plan made while the table was empty still goes by the key.
CROSS JOIN LATERAL (
    SELECT * FROM taps.request
    WHERE terminal_id = asked.terminal_id AND request_id = asked.request_id
    LIMIT 1
) AS r

-- name: find_requests_on_cluster
-- The same on a cluster, which asks the shards of these terminals alone and plans anew each time; locks nothing.
SELECT r.terminal_id, r.request_id, r.tap_id, r.bucket, r.body_digest
FROM taps.request AS r
JOIN unnest($1::uuid[], $2::text[]) AS asked (terminal_id, request_id)
    ON asked.terminal_id = r.terminal_id AND asked.request_id = r.request_id
WHERE r.terminal_id = ANY ($1::uuid[])

-- name: find_used_codes
-- Codes that were spent before, with the tap that spent them; locks nothing, the gates are locked already.
SELECT t.id, t.resident_id, t.code_at, t.nonce
FROM unnest($2::timestamptz[], $3::uuid[], $4::bytea[]) AS shown (code_at, resident_id, nonce)
-- Lateral with a limit: by the whole key, however many codes were made in the same second.
CROSS JOIN LATERAL (
    SELECT * FROM taps.tap
    WHERE bucket = $1 AND code_at = shown.code_at AND resident_id = shown.resident_id AND nonce = shown.nonce
        AND spends_nonce
    LIMIT 1
) AS t

-- name: find_reversals
-- Which of these taps were reversed, and what each reversal met; locks nothing.
SELECT tap_id, found FROM taps.reversal WHERE bucket = $1 AND tap_id = ANY ($2::uuid[])

-- name: find_reversal
-- Whether a tap was reversed: what its reversal met; locks nothing.
SELECT found FROM taps.reversal WHERE bucket = %(bucket)s AND tap_id = %(tap_id)s;

-- name: find_waiting
-- Taps of these residents that wait; locks nothing, the gates are locked already.
SELECT bucket, tap_id, resident_id, waits_for, work, hold_ids, deadline_at, made_at
FROM taps.waiting WHERE bucket = $1 AND resident_id = ANY ($2::uuid[])

-- name: find_taps
-- These taps as they ended; locks nothing.
SELECT bucket, id, resident_id, card_id, terminal_id, provider_id, request_id, item, form, strength, amount_fen,
       reason, code_at, nonce, spends_nonce, transfer_id, learned, decided_at, facts, evidence
FROM taps.tap WHERE bucket = $1 AND id = ANY ($2::uuid[])

-- name: find_refunds
-- What was given back of these taps, refund by refund; locks nothing, the gates are locked already.
SELECT tap_id, id, amount_fen FROM taps.refund WHERE bucket = $1 AND tap_id = ANY ($2::uuid[])

-- name: write_taps
-- Writes taps that ended; a code or id written before is a unique violation, which reruns the batch.
INSERT INTO taps.tap (bucket, id, resident_id, card_id, terminal_id, provider_id, request_id, item, form, strength,
                      amount_fen, reason, code_at, nonce, spends_nonce, transfer_id, learned, decided_at, facts, evidence)
SELECT $1, id, resident_id, card_id, terminal_id, provider_id, request_id, item, form, strength, amount_fen, reason,
       code_at, nonce, spends_nonce, transfer_id, string_to_array(learned, ','), decided_at, facts, evidence
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::smallint[],
            $10::smallint[], $11::bigint[], $12::text[], $13::timestamptz[], $14::bytea[], $15::boolean[], $16::uuid[],
            $17::text[], $18::timestamptz[], $19::bytea[], $20::bytea[])
     AS new (id, resident_id, card_id, terminal_id, provider_id, request_id, item, form, strength, amount_fen, reason,
             code_at, nonce, spends_nonce, transfer_id, learned, decided_at, facts, evidence)

-- name: write_requests
-- Claims request ids; one that was claimed meanwhile is a unique violation, which reruns the batch.
INSERT INTO taps.request (terminal_id, request_id, tap_id, bucket, body_digest, made_at)
SELECT terminal_id, request_id, tap_id, $1, body_digest, $6
FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::bytea[]) AS new (terminal_id, request_id, tap_id, body_digest)

-- name: write_waiting
-- Writes taps that now wait, or wait for something else than before.
INSERT INTO taps.waiting (bucket, tap_id, resident_id, waits_for, work, hold_ids, deadline_at, made_at)
SELECT $1, tap_id, resident_id, waits_for, work, string_to_array(hold_ids, ',')::uuid[], deadline_at, made_at
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::text[], $7::timestamptz[], $8::timestamptz[])
     AS new (tap_id, resident_id, waits_for, work, hold_ids, deadline_at, made_at)
ON CONFLICT (bucket, tap_id) DO UPDATE SET waits_for = excluded.waits_for, work = excluded.work,
    hold_ids = excluded.hold_ids, deadline_at = excluded.deadline_at

-- name: end_waiting
-- Takes taps that ended out of those that wait.
DELETE FROM taps.waiting WHERE bucket = $1 AND tap_id = ANY ($2::uuid[])

-- name: write_reversals
-- Writes tombstones of reversed taps; a second one for a tap is a unique violation, which reruns the batch.
INSERT INTO taps.reversal (bucket, tap_id, resident_id, terminal_id, transfer_id, found, made_at)
SELECT $1, tap_id, resident_id, terminal_id, transfer_id, found, $7
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[])
     AS new (tap_id, resident_id, terminal_id, transfer_id, found)

-- name: write_refunds
-- Writes refunds of admitted taps.
INSERT INTO taps.refund (bucket, tap_id, id, resident_id, terminal_id, amount_fen, transfer_id, made_at)
SELECT $1, tap_id, id, resident_id, terminal_id, amount_fen, transfer_id, $8
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::uuid[])
     AS new (tap_id, id, resident_id, terminal_id, amount_fen, transfer_id)

-- name: write_second_uses
-- Keeps both codes of a second use: the first stands in its own tap's row.
INSERT INTO taps.second_use (bucket, tap_id, first_tap_id, second_code, seen_at)
SELECT $1, tap_id, first_tap_id, second_code, $5
FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS new (tap_id, first_tap_id, second_code)

-- name: find_request
-- What a terminal asked under one request id before.
SELECT terminal_id, request_id, tap_id, bucket, body_digest FROM taps.request
WHERE terminal_id = %(terminal_id)s AND request_id = %(request_id)s

-- name: write_unread
-- Keeps a refusal before a card was known, as the terminal's next of the day; nothing once the quota is used up.
INSERT INTO taps.unread (terminal_id, day, number, reason, request_id, seen_at)
SELECT %(terminal_id)s, %(day)s, coalesce(max(number), 0) + 1, %(reason)s, %(request_id)s, %(seen_at)s
FROM taps.unread WHERE terminal_id = %(terminal_id)s AND day = %(day)s
HAVING coalesce(max(number), 0) < %(quota)s
ON CONFLICT (terminal_id, day, number) DO NOTHING

-- name: list_waiting_of_resident
-- A resident's waiting taps, oldest first.
SELECT bucket, tap_id, resident_id, waits_for, work, hold_ids, deadline_at, made_at
FROM taps.waiting WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s ORDER BY made_at LIMIT 50

-- name: list_overdue
-- Waiting taps past their deadline, and those that wait for a bank since before a while, oldest first.
SELECT bucket, tap_id, resident_id, waits_for, work, hold_ids, deadline_at, made_at
FROM taps.waiting
WHERE deadline_at <= %(now)s OR (waits_for = 'bank' AND made_at <= %(bank_before)s)
ORDER BY deadline_at LIMIT %(count_max)s

-- name: find_tap
-- One tap as it ended.
SELECT bucket, id, resident_id, card_id, terminal_id, provider_id, request_id, item, form, strength, amount_fen,
       reason, code_at, nonce, spends_nonce, transfer_id, learned, decided_at, facts, evidence
FROM taps.tap WHERE bucket = %(bucket)s AND id = %(tap_id)s

-- name: find_waiting_tap
-- One tap that waits.
SELECT bucket, tap_id, resident_id, waits_for, work, hold_ids, deadline_at, made_at
FROM taps.waiting WHERE bucket = %(bucket)s AND tap_id = %(tap_id)s

-- name: page_taps
-- Taps after one, in the order of their keys.
SELECT bucket, id, resident_id, card_id, terminal_id, provider_id, request_id, item, form, strength, amount_fen,
       reason, code_at, nonce, spends_nonce, transfer_id, learned, decided_at, facts, evidence
FROM taps.tap WHERE (bucket, id) > (%(bucket)s, %(tap_id)s) ORDER BY bucket, id LIMIT %(count_max)s

-- name: page_given_back
-- Refunds and reversals that moved money, after one, in the order of their transfers' keys.
SELECT bucket, tap_id, transfer_id, amount_fen FROM (
    SELECT bucket, tap_id, transfer_id, amount_fen FROM taps.refund
    UNION ALL SELECT bucket, tap_id, transfer_id, NULL::bigint FROM taps.reversal WHERE transfer_id IS NOT NULL
) AS given WHERE (bucket, transfer_id) > (%(bucket)s, %(transfer_id)s) ORDER BY bucket, transfer_id LIMIT %(count_max)s

-- name: page_refunds
-- Refunds after one, in the order of their keys.
SELECT bucket, tap_id, id, resident_id, terminal_id, amount_fen, transfer_id, made_at FROM taps.refund
WHERE (bucket, tap_id, id) > (%(bucket)s, %(tap_id)s, %(id)s) ORDER BY bucket, tap_id, id LIMIT %(count_max)s

-- name: page_reversals
-- Reversals after one, in the order of their keys.
SELECT bucket, tap_id, resident_id, terminal_id, transfer_id, found, made_at FROM taps.reversal
WHERE (bucket, tap_id) > (%(bucket)s, %(tap_id)s) ORDER BY bucket, tap_id LIMIT %(count_max)s

-- name: audit_counts
-- How many taps moved money, how many refunds and reversals did.
SELECT (SELECT count(*) FROM taps.tap WHERE transfer_id IS NOT NULL), (SELECT count(*) FROM taps.refund),
       (SELECT count(*) FROM taps.reversal WHERE transfer_id IS NOT NULL)

-- name: audit_requests
-- Taps, ended or waiting, whose request is not kept as theirs, and requests whose tap is nowhere.
WITH r AS MATERIALIZED (SELECT terminal_id, request_id, tap_id, bucket FROM taps.request),
here AS MATERIALIZED (SELECT bucket, id FROM taps.tap UNION ALL SELECT bucket, tap_id FROM taps.waiting)
SELECT t.id, t.request_id FROM taps.tap AS t
LEFT JOIN r ON r.terminal_id = t.terminal_id AND r.request_id = t.request_id AND r.tap_id = t.id
WHERE r.tap_id IS NULL
UNION ALL
SELECT r.tap_id, r.request_id FROM r
WHERE NOT EXISTS (SELECT FROM here WHERE here.bucket = r.bucket AND here.id = r.tap_id)

-- name: audit_refunds
-- Taps of which more was given back than was paid, with both sums.
SELECT t.id, t.amount_fen, sum(f.amount_fen)::bigint FROM taps.refund AS f
JOIN taps.tap AS t ON t.bucket = f.bucket AND t.id = f.tap_id
GROUP BY t.id, t.amount_fen HAVING sum(f.amount_fen) > t.amount_fen

-- name: audit_both
-- Taps that wait and have ended.
SELECT w.tap_id FROM taps.waiting AS w JOIN taps.tap AS t ON t.bucket = w.bucket AND t.id = w.tap_id

-- name: audit_second_uses
-- Second uses whose first tap is nowhere.
SELECT s.tap_id FROM taps.second_use AS s
WHERE NOT EXISTS (SELECT FROM taps.tap AS t WHERE t.bucket = s.bucket AND t.id = s.first_tap_id)
  AND NOT EXISTS (SELECT FROM taps.waiting AS w WHERE w.bucket = s.bucket AND w.tap_id = s.first_tap_id)

-- name: list_second_uses
-- Codes that came again at some providers, before an instant, and a tap at it, the newest first; with the first tap.
SELECT s.tap_id, s.first_tap_id, s.seen_at, t.resident_id, t.provider_id, t.terminal_id, t.item, t.amount_fen, t.reason,
       t.code_at, t.decided_at, f.provider_id AS first_provider_id, f.decided_at AS first_decided_at
FROM taps.second_use AS s
JOIN taps.tap AS t ON t.bucket = s.bucket AND t.id = s.tap_id
LEFT JOIN taps.tap AS f ON f.bucket = s.bucket AND f.id = s.first_tap_id
WHERE t.provider_id = ANY(%(provider_ids)s) AND (s.seen_at, s.tap_id) < (%(until)s, %(before)s)
ORDER BY s.seen_at DESC, s.tap_id DESC LIMIT %(count_max)s

-- name: count_unread
-- What some terminals sent on a day and nobody could read, by terminal and why.
SELECT terminal_id, reason, count(*), min(seen_at) AS first_at, max(seen_at) AS last_at
FROM taps.unread WHERE terminal_id = ANY(%(terminal_ids)s) AND day = %(day)s
GROUP BY terminal_id, reason ORDER BY terminal_id, reason

-- name: list_taps_that_told
-- A resident's latest taps at which a terminal learned something, newest first.
SELECT bucket, id, resident_id, card_id, terminal_id, provider_id, request_id, item, form, strength, amount_fen,
       reason, code_at, nonce, spends_nonce, transfer_id, learned, decided_at, facts, evidence
FROM taps.tap WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND learned <> '{}'
ORDER BY id DESC LIMIT %(count_max)s

-- name: forget_taps
-- Deletes at most so many taps after one that moved no money and ended before an instant, in the order of their ids,
-- but none that a second use still names; returns what their requests are found by.
DELETE FROM taps.tap WHERE bucket = %(bucket)s AND id IN (
    SELECT t.id FROM taps.tap AS t
    WHERE t.bucket = %(bucket)s AND t.id > %(after)s AND t.id < %(bound)s AND t.transfer_id IS NULL
        AND t.decided_at < %(before)s
        AND NOT EXISTS (SELECT FROM taps.second_use AS s WHERE s.bucket = %(bucket)s AND s.first_tap_id = t.id)
        AND NOT EXISTS (SELECT FROM taps.second_use AS s WHERE s.bucket = %(bucket)s AND s.tap_id = t.id)
    ORDER BY t.id LIMIT %(limit)s)
RETURNING id, terminal_id, request_id

-- name: forget_requests
-- Deletes the requests, from before an instant, of taps that were deleted.
DELETE FROM taps.request
USING unnest(%(terminal_ids)s::uuid[], %(request_ids)s::text[]) AS gone (terminal_id, request_id)
WHERE request.terminal_id = gone.terminal_id AND request.request_id = gone.request_id AND request.made_at < %(before)s

-- name: forget_reversals
-- Deletes at most so many reversals that undid no payment and came before an instant; returns their taps.
DELETE FROM taps.reversal WHERE bucket = %(bucket)s AND tap_id IN (
    SELECT tap_id FROM taps.reversal
    WHERE bucket = %(bucket)s AND tap_id < %(bound)s AND transfer_id IS NULL AND made_at < %(before)s
    ORDER BY tap_id LIMIT %(limit)s)
RETURNING tap_id

-- name: forget_second_uses
-- Deletes at most so many second uses that were seen before an instant; returns their taps.
DELETE FROM taps.second_use WHERE bucket = %(bucket)s AND tap_id IN (
    SELECT tap_id FROM taps.second_use
    WHERE bucket = %(bucket)s AND seen_at < %(before)s ORDER BY seen_at LIMIT %(limit)s)
RETURNING tap_id

-- name: forget_unread
-- Deletes at most so many refusals before a card was known, of days before a day; returns their terminals.
DELETE FROM taps.unread WHERE (terminal_id, day, number) IN (
    SELECT terminal_id, day, number FROM taps.unread WHERE day < %(before)s ORDER BY day LIMIT %(limit)s)
RETURNING terminal_id
