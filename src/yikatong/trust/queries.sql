-- name: lock_trust_lists
-- sentence: takes the lock under which one list after another is accepted, until the transaction ends.
SELECT pg_advisory_xact_lock(%(key)s);

-- name: list_trust_lists_after
-- sentence: returns the envelopes of a line's lists after a sequence, oldest first.
SELECT envelope FROM trust.trust_list
WHERE line = %(line)s AND sequence > %(sequence)s
ORDER BY sequence
LIMIT %(count_max)s;

-- name: insert_trust_list
-- sentence: keeps an accepted list and returns its sequence, or nothing when that sequence is taken.
INSERT INTO trust.trust_list (line, sequence, issued_at, expires_at, accepted_at, envelope)
VALUES (%(line)s, %(sequence)s, %(issued_at)s, %(expires_at)s, %(accepted_at)s, %(envelope)s)
ON CONFLICT (line, sequence) DO NOTHING
RETURNING sequence;

-- name: find_status_list_snapshot
-- sentence: returns the list held of a subject, locks nothing.
SELECT envelope FROM trust.status_list_snapshot WHERE subject = %(subject)s;

-- name: put_status_list_snapshot
-- sentence: holds a list in place of one that was issued no later, and returns its subject; else nothing.
INSERT INTO trust.status_list_snapshot AS held (subject, issued_at, fetched_at, envelope)
VALUES (%(subject)s, %(issued_at)s, %(fetched_at)s, %(envelope)s)
ON CONFLICT (subject) DO UPDATE
SET issued_at = EXCLUDED.issued_at, fetched_at = EXCLUDED.fetched_at, envelope = EXCLUDED.envelope
WHERE held.issued_at <= EXCLUDED.issued_at
RETURNING subject;
