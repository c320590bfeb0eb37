-- name: insert_device
-- Enrols a device; no row when its key was enrolled before.
INSERT INTO cards.device (bucket, id, resident_id, e_card_id, channel, platform, shell, algorithm, public_key,
    enrolled_at, session_signed_at)
VALUES (%(bucket)s, %(id)s, %(resident_id)s, %(e_card_id)s, %(channel)s, %(platform)s, %(shell)s, %(algorithm)s,
    %(public_key)s, %(now)s, %(signed_at)s)
ON CONFLICT (bucket, resident_id, public_key) DO NOTHING RETURNING id;

-- name: find_device
-- One device of a resident.
SELECT bucket, id, resident_id, e_card_id, channel, platform, shell, algorithm, public_key, enrolled_at, revoked_at
FROM cards.device
WHERE bucket = %(bucket)s AND id = %(device_id)s AND resident_id = %(resident_id)s;

-- name: list_devices
-- A resident's devices, the latest first.
SELECT bucket, id, resident_id, e_card_id, channel, platform, shell, algorithm, public_key, enrolled_at, revoked_at
FROM cards.device
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s ORDER BY enrolled_at DESC, id DESC;

-- name: revoke_device
-- Revokes a device; no row when it was revoked.
UPDATE cards.device SET revoked_at = %(now)s
WHERE bucket = %(bucket)s AND id = %(device_id)s AND resident_id = %(resident_id)s AND revoked_at IS NULL
RETURNING id;

-- name: revoke_devices
-- Revokes a resident's devices, in one channel or (NULL) in all; gives those it revoked.
UPDATE cards.device SET revoked_at = %(now)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND revoked_at IS NULL
    AND (%(channel)s::text IS NULL OR channel = %(channel)s)
RETURNING id;

-- name: advance_session_signed
-- Notes that a device signed for a session at an instant; no row when it signed at that instant or later before.
UPDATE cards.device SET session_signed_at = %(signed_at)s
WHERE bucket = %(bucket)s AND id = %(device_id)s AND resident_id = %(resident_id)s
    AND session_signed_at < %(signed_at)s
RETURNING id;
