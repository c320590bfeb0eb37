-- name: insert_work
-- sentence: begins work on a roster, unless some is open; returns its id if it began now
INSERT INTO payouts.roster_work
    (roster_id, id, kind, state, by_id, last_line, line_count, next_bucket, after_bank, after_line, done_count,
    clear_count, clear_fen, found, asked_at, ended_at)
VALUES
    (%(roster_id)s, %(id)s, %(kind)s, 'open', %(by_id)s, %(last_line)s, %(line_count)s, 0, '', 0, 0, 0, 0, '{}',
    %(asked_at)s, NULL)
ON CONFLICT (roster_id) WHERE state = 'open' DO NOTHING
RETURNING id;

-- name: find_last_work
-- sentence: the last work on a roster
SELECT roster_id, id, kind, state, by_id, last_line, line_count, next_bucket, after_bank, after_line, done_count,
    clear_count, clear_fen, found, asked_at, ended_at
FROM payouts.roster_work
WHERE roster_id = %(roster_id)s
ORDER BY asked_at DESC, id DESC
LIMIT 1;

-- name: list_open_works
-- sentence: rosters on which there is work, the oldest first
SELECT roster_id FROM payouts.roster_work
WHERE state = 'open'
ORDER BY asked_at, roster_id
LIMIT %(limit)s;

-- name: lock_open_work
-- sentence: the open work on a roster, locked; the roster is locked before it
SELECT roster_id, id, kind, state, by_id, last_line, line_count, next_bucket, after_bank, after_line, done_count,
    clear_count, clear_fen, found, asked_at, ended_at
FROM payouts.roster_work
WHERE roster_id = %(roster_id)s AND state = 'open'
FOR UPDATE;

-- name: update_work
-- sentence: writes how far locked work is
UPDATE payouts.roster_work
SET state = %(state)s, next_bucket = %(next_bucket)s, after_bank = %(after_bank)s, after_line = %(after_line)s,
    done_count = %(done_count)s, clear_count = %(clear_count)s, clear_fen = %(clear_fen)s, found = %(found)s,
    ended_at = %(ended_at)s
WHERE roster_id = %(roster_id)s AND id = %(id)s AND state = 'open';
