-- name: put_guardian
-- Records a guardian; no row when they were recorded with this relation.
INSERT INTO cards.guardian (bucket, resident_id, guardian_id, relation, made_at)
VALUES (%(bucket)s, %(resident_id)s, %(guardian_id)s, %(relation)s, %(now)s)
ON CONFLICT (bucket, resident_id, guardian_id) DO UPDATE
    SET relation = excluded.relation, made_at = excluded.made_at, ended_at = NULL
    WHERE guardian.ended_at IS NOT NULL OR guardian.relation <> excluded.relation
RETURNING guardian_id;

-- name: end_guardian
-- Ends a guardianship; no row when there was none.
UPDATE cards.guardian SET ended_at = %(now)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND guardian_id = %(guardian_id)s AND ended_at IS NULL
RETURNING guardian_id;

-- name: list_guardians
-- A ward's guardians.
SELECT resident_id, guardian_id, relation, made_at
FROM cards.guardian
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND ended_at IS NULL ORDER BY made_at, guardian_id;

-- name: put_family_member
-- Adds a relative to a holder's family service; no row when they were in it.
INSERT INTO cards.family_member (bucket, resident_id, member_id, kind, made_at)
VALUES (%(bucket)s, %(resident_id)s, %(member_id)s, %(kind)s, %(now)s)
ON CONFLICT (bucket, resident_id, member_id) DO UPDATE
    SET kind = excluded.kind, made_at = excluded.made_at, ended_at = NULL
    WHERE family_member.ended_at IS NOT NULL
RETURNING member_id;

-- name: end_family_member
-- Takes a relative out of a holder's family service; no row when they were not in it.
UPDATE cards.family_member SET ended_at = %(now)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND member_id = %(member_id)s AND ended_at IS NULL
RETURNING member_id;

-- name: list_family
-- The relatives in a holder's family service.
SELECT resident_id, member_id, kind, made_at
FROM cards.family_member
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND ended_at IS NULL ORDER BY made_at, member_id;

-- name: put_concession
-- Grants a concession, or changes how long it holds; no row when it was so.
INSERT INTO cards.concession (bucket, resident_id, class, granted_on, valid_until)
VALUES (%(bucket)s, %(resident_id)s, %(class)s, %(granted_on)s, %(valid_until)s)
ON CONFLICT (bucket, resident_id, class) DO UPDATE
    SET granted_on = excluded.granted_on, valid_until = excluded.valid_until
    WHERE concession.valid_until <> excluded.valid_until
RETURNING class;

-- name: end_concession
-- Ends a concession on a day; no row when none held beyond it.
UPDATE cards.concession SET valid_until = greatest(granted_on, %(on)s)
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND class = %(class)s AND valid_until > %(on)s
RETURNING class;

-- name: list_concessions
-- A resident's concessions, past ones too.
SELECT resident_id, class AS class_, granted_on, valid_until
FROM cards.concession WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s ORDER BY class;
