-- name: insert_allowance
-- sentence: writes an allowance
INSERT INTO offline.allowance (bucket, resident_id, id, scene_group, provider_id, place_id, terminal_id, amount_fen,
    spent_fen, hold_number, granted_at, accept_until, upload_until, ended_at, without_pin)
VALUES (%(bucket)s, %(resident_id)s, %(id)s, %(scene_group)s, %(provider_id)s, %(place_id)s, %(terminal_id)s,
    %(amount_fen)s, %(spent_fen)s, %(hold_number)s, %(granted_at)s, %(accept_until)s, %(upload_until)s, %(ended_at)s,
    %(without_pin)s);

-- name: insert_allowance_of_place
-- sentence: writes where an allowance may be taken
INSERT INTO offline.allowance_of_place (place_id, allowance_id, bucket, resident_id, granted_at, accept_until)
VALUES (%(place_id)s, %(allowance_id)s, %(bucket)s, %(resident_id)s, %(granted_at)s, %(accept_until)s);

-- name: list_allowances
-- sentence: a resident's allowances that are not past their upload term, oldest first; locks nothing
SELECT bucket, resident_id, id, scene_group, provider_id, place_id, terminal_id, amount_fen, spent_fen, hold_number,
    granted_at, accept_until, upload_until, ended_at, without_pin
FROM offline.allowance
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND upload_until > %(now)s
ORDER BY granted_at, id;

-- name: find_allowance
-- sentence: one allowance of a resident; locks nothing, the gate is held by whoever changes it
SELECT bucket, resident_id, id, scene_group, provider_id, place_id, terminal_id, amount_fen, spent_fen, hold_number,
    granted_at, accept_until, upload_until, ended_at, without_pin
FROM offline.allowance
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND id = %(id)s;

-- name: end_allowance
-- sentence: ends an allowance that has not ended
UPDATE offline.allowance SET ended_at = %(now)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND id = %(id)s AND ended_at IS NULL;

-- name: spend_allowance
-- sentence: counts what was posted out of the present hold, and the hold that carries the rest
UPDATE offline.allowance SET spent_fen = spent_fen + %(amount_fen)s, hold_number = hold_number + 1
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND id = %(id)s AND hold_number = %(hold_number)s;

-- name: list_of_place
-- sentence: where the allowances of a place lie that are accepted now, oldest first; locks nothing
SELECT bucket, resident_id, allowance_id
FROM offline.allowance_of_place
WHERE place_id = %(place_id)s AND accept_until > %(now)s
ORDER BY allowance_id LIMIT %(count_max)s;

-- name: list_of_bucket
-- sentence: these allowances of one bucket that have not ended; locks nothing
SELECT bucket, resident_id, id, scene_group, provider_id, place_id, terminal_id, amount_fen, spent_fen, hold_number,
    granted_at, accept_until, upload_until, ended_at, without_pin
FROM offline.allowance
WHERE bucket = %(bucket)s AND resident_id = ANY (%(resident_ids)s::uuid[]) AND id = ANY (%(ids)s::uuid[])
    AND ended_at IS NULL
ORDER BY id;

-- name: lock_line
-- sentence: the next number of a memory, made where it is missing; locks it
INSERT INTO offline.line (terminal_id, memory, next_sequence, forgotten)
VALUES (%(terminal_id)s, %(memory)s, 1, 0)
ON CONFLICT (terminal_id, memory) DO UPDATE SET next_sequence = offline.line.next_sequence
RETURNING next_sequence;

-- name: advance_line
-- sentence: one number of a memory was taken in
UPDATE offline.line SET next_sequence = next_sequence + 1
WHERE terminal_id = %(terminal_id)s AND memory = %(memory)s AND next_sequence = %(sequence)s;

-- name: list_lines
-- sentence: up to which number the memories of some terminals have uploaded; locks nothing
SELECT terminal_id, memory, next_sequence - 1 AS sequence
FROM offline.line
WHERE terminal_id = ANY (%(terminal_ids)s::uuid[]) AND next_sequence > 1
ORDER BY terminal_id, memory LIMIT %(count_max)s;

-- name: find_upload
-- sentence: one uploaded tap with its answer; locks nothing
SELECT terminal_id, memory, sequence, body, outcome, reason, bucket, tap_id, allowance_id, amount_fen, decided_at
FROM offline.upload
WHERE terminal_id = %(terminal_id)s AND memory = %(memory)s AND sequence = %(sequence)s;

-- name: insert_upload
-- sentence: writes an uploaded tap with its answer
INSERT INTO offline.upload (terminal_id, memory, sequence, body, outcome, reason, bucket, tap_id, allowance_id,
    amount_fen, decided_at)
VALUES (%(terminal_id)s, %(memory)s, %(sequence)s, %(body)s, %(outcome)s, %(reason)s, %(bucket)s, %(tap_id)s,
    %(allowance_id)s, %(amount_fen)s, %(decided_at)s);

-- name: insert_dispute
-- sentence: opens a dispute
INSERT INTO offline.dispute (bucket, tap_id, resident_id, provider_id, terminal_id, allowance_id, amount_fen, reason,
    opened_at, provider_says, resident_agrees, decided_for, decided_at, transfer_id)
VALUES (%(bucket)s, %(tap_id)s, %(resident_id)s, %(provider_id)s, %(terminal_id)s, %(allowance_id)s, %(amount_fen)s,
    %(reason)s, %(opened_at)s, %(provider_says)s, %(resident_agrees)s, %(decided_for)s, %(decided_at)s,
    %(transfer_id)s);

-- name: insert_dispute_of_provider
-- sentence: writes in which bucket a provider's dispute lies
INSERT INTO offline.dispute_of_provider (provider_id, tap_id, bucket, opened_at)
VALUES (%(provider_id)s, %(tap_id)s, %(bucket)s, %(opened_at)s);

-- name: lock_dispute
-- sentence: one dispute; locks it
SELECT bucket, tap_id, resident_id, provider_id, terminal_id, allowance_id, amount_fen, reason, opened_at, provider_says,
    resident_agrees, decided_for, decided_at, transfer_id
FROM offline.dispute WHERE bucket = %(bucket)s AND tap_id = %(tap_id)s
FOR UPDATE;

-- name: set_dispute
-- sentence: what the sides say of a dispute, and how it was decided
UPDATE offline.dispute SET provider_says = %(provider_says)s, resident_agrees = %(resident_agrees)s,
    decided_for = %(decided_for)s, decided_at = %(decided_at)s, transfer_id = %(transfer_id)s
WHERE bucket = %(bucket)s AND tap_id = %(tap_id)s AND decided_for IS NULL;

-- name: list_of_provider
-- sentence: bucket and tap of a provider's latest disputes, the newest tap first; locks nothing
SELECT bucket, tap_id FROM offline.dispute_of_provider
WHERE provider_id = %(provider_id)s ORDER BY tap_id DESC LIMIT 200;

-- name: list_disputes_of_bucket
-- sentence: these disputes of one bucket; locks nothing
SELECT bucket, tap_id, resident_id, provider_id, terminal_id, allowance_id, amount_fen, reason, opened_at, provider_says,
    resident_agrees, decided_for, decided_at, transfer_id
FROM offline.dispute WHERE bucket = %(bucket)s AND tap_id = ANY (%(tap_ids)s::uuid[]);

-- name: list_disputes
-- sentence: a resident's disputes, the newest first; locks nothing
SELECT bucket, tap_id, resident_id, provider_id, terminal_id, allowance_id, amount_fen, reason, opened_at, provider_says,
    resident_agrees, decided_for, decided_at, transfer_id
FROM offline.dispute
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s
ORDER BY opened_at DESC, tap_id LIMIT 200;

-- name: audit_allowances
-- sentence: audit, over all buckets: every allowance
SELECT bucket, resident_id, id, scene_group, provider_id, place_id, terminal_id, amount_fen, spent_fen, hold_number,
    granted_at, accept_until, upload_until, ended_at, without_pin
FROM offline.allowance ORDER BY bucket, id;

-- name: audit_uploads
-- sentence: audit: every upload that left a tap
SELECT terminal_id, memory, sequence, body, outcome, reason, bucket, tap_id, allowance_id, amount_fen, decided_at
FROM offline.upload WHERE tap_id IS NOT NULL ORDER BY bucket, tap_id;

-- name: audit_spent
-- sentence: audit: allowances of which more or less is counted as spent than was uploaded and posted
SELECT a.id, a.spent_fen, coalesce(u.posted_fen, 0)
FROM offline.allowance AS a
LEFT JOIN (
    SELECT allowance_id, sum(amount_fen)::bigint AS posted_fen
    FROM offline.upload WHERE outcome = 'posted' GROUP BY allowance_id
) AS u ON u.allowance_id = a.id
WHERE a.spent_fen <> coalesce(u.posted_fen, 0);

-- name: audit_disputes
-- sentence: audit: disputed uploads without a dispute, and disputes that nobody uploaded
SELECT coalesce(d.tap_id, u.tap_id)
FROM (SELECT tap_id, amount_fen FROM offline.upload WHERE outcome = 'disputed') AS u
FULL JOIN offline.dispute AS d ON d.tap_id = u.tap_id
WHERE d.tap_id IS NULL OR u.tap_id IS NULL OR d.amount_fen <> u.amount_fen;

-- name: audit_decided
-- sentence: audit, over all buckets: disputes that were decided for the provider
SELECT bucket, tap_id, resident_id, provider_id, terminal_id, allowance_id, amount_fen, reason, opened_at, provider_says,
    resident_agrees, decided_for, decided_at, transfer_id
FROM offline.dispute WHERE decided_for = 'provider' ORDER BY bucket, tap_id;

-- name: audit_lines
-- sentence: audit: memories whose uploads, with those forgotten, are not as many as were numbered
SELECT l.terminal_id, l.next_sequence - 1 - l.forgotten, count(u.sequence)
FROM offline.line AS l
LEFT JOIN offline.upload AS u ON u.terminal_id = l.terminal_id AND u.memory = l.memory
GROUP BY l.terminal_id, l.memory, l.next_sequence, l.forgotten
HAVING count(u.sequence) <> l.next_sequence - 1 - l.forgotten OR coalesce(max(u.sequence), 0) >= l.next_sequence;

-- name: forget_allowances
-- sentence: deletes at most so many of a bucket's allowances whose upload term was over before an instant; says where from
DELETE FROM offline.allowance WHERE bucket = %(bucket)s AND id IN (
    SELECT id FROM offline.allowance
    WHERE bucket = %(bucket)s AND upload_until < %(before)s ORDER BY upload_until, id LIMIT %(limit)s)
RETURNING place_id, id;

-- name: forget_allowances_of_place
-- sentence: deletes where allowances of a place lay that were deleted
DELETE FROM offline.allowance_of_place
WHERE place_id = %(place_id)s AND allowance_id = ANY (%(ids)s::uuid[]) AND granted_at < %(before)s;

-- name: forget_disputes
-- sentence: deletes at most so many of a bucket's disputes opened before an instant that moved no money; says whose
DELETE FROM offline.dispute WHERE bucket = %(bucket)s AND tap_id IN (
    SELECT tap_id FROM offline.dispute
    WHERE bucket = %(bucket)s AND opened_at < %(before)s AND transfer_id IS NULL
    ORDER BY opened_at, tap_id LIMIT %(limit)s)
RETURNING terminal_id, provider_id, tap_id;

-- name: forget_disputes_of_provider
-- sentence: deletes in which bucket a provider's disputes lay that were deleted
DELETE FROM offline.dispute_of_provider
WHERE provider_id = %(provider_id)s AND tap_id = ANY (%(tap_ids)s::uuid[]) AND opened_at < %(before)s;

-- name: forget_disputed_uploads
-- sentence: deletes the uploads of a terminal's disputes that were deleted; returns each one's memory
DELETE FROM offline.upload
WHERE terminal_id = %(terminal_id)s AND outcome = 'disputed' AND tap_id = ANY (%(tap_ids)s::uuid[])
    AND decided_at < %(before)s
RETURNING memory;

-- name: find_old_uploads
-- sentence: terminals with uploads decided before an instant that were no dispute, in no order
SELECT DISTINCT terminal_id FROM offline.upload
WHERE outcome <> 'disputed' AND decided_at < %(before)s LIMIT %(limit)s;

-- name: forget_uploads
-- sentence: deletes at most so many of a terminal's uploads decided before an instant that were no dispute; each's memory
DELETE FROM offline.upload WHERE terminal_id = %(terminal_id)s AND (memory, sequence) IN (
    SELECT memory, sequence FROM offline.upload
    WHERE terminal_id = %(terminal_id)s AND outcome <> 'disputed' AND decided_at < %(before)s LIMIT %(limit)s)
RETURNING memory;

-- name: count_forgotten
-- sentence: counts how many uploads of a memory were deleted
UPDATE offline.line SET forgotten = forgotten + %(count)s
WHERE terminal_id = %(terminal_id)s AND memory = %(memory)s;
