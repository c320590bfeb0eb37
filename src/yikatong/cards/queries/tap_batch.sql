-- name: lock_gates
-- For the tap batch: the gates of residents, locked in the order of their ids.
SELECT resident_id, version, shown_limit_fen, shown_day_limit_fen, shown_on, shown_spent_fen,
    unknown_posture_allowed, payments_frozen_at
FROM cards.gate
WHERE bucket = $1 AND resident_id = ANY($2) ORDER BY resident_id FOR UPDATE;

-- name: load_holders
-- For the tap batch: one row a resident with card, e-card, open channels, bound account and concessions on a day.
SELECT r.id, $3, r.region, r.status,
    c.id, c.state, c.card_number, c.expires_on, c.state_version, c.chip_algorithm, c.chip_public_key,
    e.id, e.card_id, e.level, e.valid_until, e.associated_version,
    ARRAY(SELECT a.channel FROM cards.association a
          WHERE a.bucket = $1 AND a.e_card_id = e.id AND a.unlinked_at IS NULL),
    b.bank_code, b.token,
    ARRAY(SELECT s.class FROM cards.concession s
          WHERE s.bucket = $1 AND s.resident_id = r.id AND s.granted_on <= $3 AND s.valid_until > $3)
FROM cards.resident r
LEFT JOIN LATERAL (
    SELECT k.id, k.state, k.card_number, k.expires_on, k.state_version, k.chip_algorithm, k.chip_public_key
    FROM cards.card k WHERE k.bucket = $1 AND k.resident_id = r.id
    ORDER BY k.state = 'cancelled', k.made_at DESC, k.id DESC LIMIT 1
) c ON true
-- Lateral with a limit, so that a plan made while these tables were empty still goes by the resident.
LEFT JOIN LATERAL (
    SELECT * FROM cards.e_card
    WHERE bucket = $1 AND resident_id = r.id AND cancelled_at IS NULL
    LIMIT 1
) e ON true
LEFT JOIN LATERAL (
    SELECT * FROM cards.bank_binding
    WHERE bucket = $1 AND resident_id = r.id AND ended_at IS NULL
    LIMIT 1
) b ON true
WHERE r.bucket = $1 AND r.id = ANY($2);

-- name: write_gates
-- For the tap batch: what shown codes spent, and one more version for each gate; the caller has locked them.
UPDATE cards.gate g SET version = g.version + 1, shown_on = u.shown_on, shown_spent_fen = u.shown_spent_fen
FROM unnest($2::uuid[], $3::date[], $4::bigint[]) AS u (resident_id, shown_on, shown_spent_fen)
-- The residents are named twice, so that a plan made while the table was empty still goes by the key.
WHERE g.bucket = $1 AND g.resident_id = ANY ($2::uuid[]) AND g.resident_id = u.resident_id
RETURNING g.resident_id, g.version;

-- name: load_devices
-- For a batch of refreshes: devices by their ids, revoked ones too; locks nothing.
SELECT bucket, id, resident_id, e_card_id, channel, platform, shell, algorithm, public_key, enrolled_at, revoked_at
FROM cards.device
WHERE bucket = $1 AND id = ANY ($2::uuid[]);
