-- name: write_series
-- sentence: a series with its first batch, in a tap batch
INSERT INTO sealing.series (series, certificate, began_at, touched_at, appended, is_closed)
VALUES ($1, $2, $3, $3, 0, false)

-- name: write_batch
-- sentence: a batch's leaves and its signed root, in a tap batch; a number twice is a unique violation
INSERT INTO sealing.batch (series, number, made_at, kinds, ids, hashes, signed) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: leave
-- sentence: leaves for the sealer, in a tap batch or beside a row
INSERT INTO sealing.loose (id, kind, hash, mark, left_at)
SELECT id, kind, hash, mark, $5
FROM unnest($1::uuid[], $2::smallint[], $3::bytea[], $4::bytea[]) AS new (id, kind, hash, mark)

-- name: try_sealer_lock
-- sentence: true when this transaction is the only sealer until it ends
SELECT pg_try_advisory_xact_lock(%(key)s);

-- name: list_loose
-- sentence: the leaves that wait, oldest first
SELECT id, kind, hash, mark, left_at FROM sealing.loose ORDER BY left_at, id, kind LIMIT %(limit)s;

-- name: take_loose
-- sentence: removes leaves that stand in a batch now, or were set aside
DELETE FROM sealing.loose USING unnest(%(ids)s::uuid[], %(kinds)s::smallint[]) AS taken (id, kind)
WHERE loose.id = taken.id AND loose.kind = taken.kind;

-- name: set_aside
-- sentence: keeps leaves that are not the platform's; one that was put in again is kept once
INSERT INTO sealing.set_aside (id, kind, hash, mark, found_at)
SELECT id, kind, hash, mark, %(found_at)s
FROM unnest(%(ids)s::uuid[], %(kinds)s::smallint[], %(hashes)s::bytea[], %(marks)s::bytea[]) AS new (id, kind, hash, mark)
ON CONFLICT (id, kind) DO NOTHING;

-- name: list_open_series
-- sentence: series to which batches may have been added, oldest first
SELECT series, certificate, began_at, touched_at, appended FROM sealing.series
WHERE NOT is_closed ORDER BY began_at, series;

-- name: close_series
-- sentence: looks at a series no more
UPDATE sealing.series SET is_closed = true WHERE series = %(series)s;

-- name: find_series
-- sentence: one series
SELECT series, certificate, began_at, touched_at, appended FROM sealing.series WHERE series = %(series)s;

-- name: list_new_batches
-- sentence: the next batches of one series, in order
SELECT series, number, made_at, kinds, ids, hashes, signed FROM sealing.batch
WHERE series = %(series)s AND number > %(after)s ORDER BY number LIMIT %(limit)s;

-- name: touch_series
-- sentence: writes how many batches of a series the log holds
UPDATE sealing.series SET appended = %(appended)s, touched_at = %(now)s WHERE series = %(series)s;

-- name: append_entries
-- sentence: writes the log's next entries
INSERT INTO sealing.entry (position, series, number)
SELECT position, series, number
FROM unnest(%(positions)s::bigint[], %(series)s::uuid[], %(numbers)s::bigint[]) AS new (position, series, number);

-- name: write_nodes
-- sentence: writes subtrees that became whole
INSERT INTO sealing.node (level, position, hash)
SELECT level, position, hash
FROM unnest(%(levels)s::smallint[], %(positions)s::bigint[], %(hashes)s::bytea[]) AS new (level, position, hash);

-- name: write_head
-- sentence: writes the log's head at a new length
INSERT INTO sealing.head (size, root, made_at, signed, edge)
VALUES (%(size)s, %(root)s, %(made_at)s, %(signed)s, %(edge)s);

-- name: find_latest_head
-- sentence: the longest head with its edge
SELECT size, root, made_at, signed, edge FROM sealing.head ORDER BY size DESC LIMIT 1;

-- name: find_position
-- sentence: where a batch stands in the log
SELECT position FROM sealing.entry WHERE series = %(series)s AND number = %(number)s;

-- name: list_batches_at
-- sentence: batches made at an instant, by which a row's batch is found
SELECT series, number, made_at, kinds, ids, hashes, signed FROM sealing.batch WHERE made_at = %(made_at)s;

-- name: find_nodes
-- sentence: the hashes of subtrees
SELECT node.level, node.position, node.hash
FROM sealing.node
JOIN unnest(%(levels)s::smallint[], %(positions)s::bigint[]) AS asked (level, position)
  ON node.level = asked.level AND node.position = asked.position;

-- name: write_cosignature
-- sentence: keeps a witness's word on a head; a second one for a length changes nothing
INSERT INTO sealing.cosignature (size, root, signed, seen_at)
VALUES (%(size)s, %(root)s, %(signed)s, %(seen_at)s) ON CONFLICT (size) DO NOTHING;

-- name: find_latest_cosignature
-- sentence: the longest head that a witness signed
SELECT size, root, signed FROM sealing.cosignature ORDER BY size DESC LIMIT 1;

-- name: audit_all_series
-- sentence: every series
SELECT series, certificate, began_at, touched_at, appended FROM sealing.series ORDER BY series;

-- name: audit_entries
-- sentence: the log's entries from a position on, each with its batch as far as there is one
SELECT entry.position, entry.series, entry.number, batch.signed
FROM sealing.entry LEFT JOIN sealing.batch USING (series, number)
WHERE entry.position >= %(from_position)s ORDER BY entry.position LIMIT %(limit)s;

-- name: audit_batches
-- sentence: batches after one, in the order of their keys
SELECT series, number, made_at, kinds, ids, hashes, signed FROM sealing.batch
WHERE (series, number) > (%(series)s, %(number)s) ORDER BY series, number LIMIT %(limit)s;

-- name: audit_heads
-- sentence: every head after a length, in order
SELECT size, root, made_at, signed FROM sealing.head WHERE size > %(size)s ORDER BY size LIMIT %(limit)s;

-- name: audit_nodes
-- sentence: how many subtrees are kept
SELECT count(*) FROM sealing.node;

-- name: audit_loose
-- sentence: the leaves that wait, after one
SELECT id, kind, hash, mark, left_at FROM sealing.loose
WHERE (id, kind) > (%(id)s, %(kind)s) ORDER BY id, kind LIMIT %(limit)s;

-- name: audit_loose_latest
-- sentence: when the youngest of the leaves that wait was left, nothing when none waits
SELECT max(left_at) AS latest_at FROM sealing.loose;

-- name: audit_set_aside
-- sentence: the leaves that were set aside, the first of them
SELECT id, kind FROM sealing.set_aside ORDER BY id, kind LIMIT %(limit)s;

-- name: audit_make_tables
-- sentence: what the log says stands, for the time of an audit
CREATE TEMPORARY TABLE audit_said (kind smallint, id uuid, hash bytea, made_at timestamptz) ON COMMIT DROP;

-- name: audit_make_found
-- sentence: what stands, for the time of an audit
CREATE TEMPORARY TABLE audit_found (kind smallint, id uuid, hash bytea) ON COMMIT DROP;

-- name: audit_compare
-- sentence: where what the log says and what stands differ: edited, gone before its term, or never said
SELECT coalesce(said.kind, found.kind) AS kind, coalesce(said.id, found.id) AS id,
       said.hash IS NULL AS is_unsaid, found.hash IS NULL AS is_gone
FROM audit_said AS said
FULL JOIN audit_found AS found ON said.kind = found.kind AND said.id = found.id
LEFT JOIN unnest(%(kinds)s::smallint[], %(since)s::timestamptz[]) AS kept (kind, since) ON kept.kind = said.kind
WHERE said.hash IS DISTINCT FROM found.hash
  AND (found.hash IS NOT NULL OR said.made_at IS NULL OR said.made_at >= kept.since)
ORDER BY kind, id LIMIT %(limit)s;

-- name: audit_forgotten
-- sentence: how many rows that the log says are gone since the end of their term
SELECT count(*)
FROM audit_said AS said
JOIN unnest(%(kinds)s::smallint[], %(since)s::timestamptz[]) AS kept (kind, since) ON kept.kind = said.kind
WHERE said.made_at < kept.since
  AND NOT EXISTS (SELECT FROM audit_found AS found WHERE found.kind = said.kind AND found.id = said.id);

-- name: audit_twice
-- sentence: rows that the log says more than once
SELECT kind, id FROM audit_said GROUP BY kind, id HAVING count(*) > 1 ORDER BY kind, id LIMIT %(limit)s;
