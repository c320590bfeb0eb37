-- name: find_region_rule
-- What a region has decided for itself, or no row.
SELECT formal_loss_can_be_released, replacement_wait_months, family_list
FROM cards.region_rule WHERE region = %(region)s;

-- name: put_region_rule
-- Sets what a region decides for itself.
INSERT INTO cards.region_rule (region, formal_loss_can_be_released, replacement_wait_months, family_list)
VALUES (%(region)s, %(formal_loss_can_be_released)s, %(replacement_wait_months)s, %(family_list)s)
ON CONFLICT (region) DO UPDATE SET
    formal_loss_can_be_released = excluded.formal_loss_can_be_released,
    replacement_wait_months = excluded.replacement_wait_months,
    family_list = excluded.family_list;

-- name: claim_id_mark
-- Claims an ID number's mark for a resident; no row when it is already claimed.
INSERT INTO cards.id_mark (mark, resident_id, made_at) VALUES (%(mark)s, %(resident_id)s, %(now)s)
ON CONFLICT (mark) DO NOTHING RETURNING resident_id;

-- name: find_resident_id_by_mark
-- The resident to whom an ID number's mark belongs.
SELECT resident_id FROM cards.id_mark WHERE mark = %(mark)s;

-- name: delete_id_mark
-- Forgets whose an ID number was; part of erasure.
DELETE FROM cards.id_mark WHERE mark = %(mark)s AND resident_id = %(resident_id)s;

-- name: insert_resident
-- Adds a resident.
INSERT INTO cards.resident (bucket, id, region, division, status, made_at, status_at)
VALUES (%(bucket)s, %(id)s, %(region)s, %(division)s, %(status)s, %(made_at)s, %(status_at)s);

-- name: find_resident
-- One resident.
SELECT bucket, id, region, division, status, made_at, status_at
FROM cards.resident WHERE bucket = %(bucket)s AND id = %(resident_id)s;

-- name: set_resident_status
-- Records that a resident lives, left or died.
UPDATE cards.resident SET status = %(status)s, status_at = %(now)s
WHERE bucket = %(bucket)s AND id = %(resident_id)s;

-- name: insert_person
-- Keeps the sealed personal fields of a resident.
INSERT INTO cards.person
    (bucket, resident_id, wrapped_key, name, id_number, id_type, sex, birth, nation, phone, address)
VALUES (%(bucket)s, %(resident_id)s, %(wrapped_key)s, %(name)s, %(id_number)s, %(id_type)s, %(sex)s, %(birth)s,
        %(nation)s, %(phone)s, %(address)s);

-- name: find_sealed_person
-- The sealed personal fields of a resident.
SELECT wrapped_key, name, id_number, id_type, sex, birth, nation, phone, address
FROM cards.person WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s;

-- name: set_contact
-- Replaces the sealed phone and address of a person who was not erased.
UPDATE cards.person SET phone = %(phone)s, address = %(address)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND erased_at IS NULL;

-- name: erase_person
-- Destroys the data key and every sealed field.
UPDATE cards.person SET wrapped_key = NULL, name = NULL, id_number = NULL, id_type = NULL, sex = NULL, birth = NULL,
    nation = NULL, phone = NULL, address = NULL, erased_at = %(now)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND erased_at IS NULL;

-- name: insert_gate
-- Adds a resident's gate, with no small payments.
INSERT INTO cards.gate (bucket, resident_id, version, shown_limit_fen, shown_day_limit_fen, shown_spent_fen,
    unknown_posture_allowed)
VALUES (%(bucket)s, %(resident_id)s, 0, 0, 0, 0, false);

-- name: pass_gate
-- Locks a resident's gate and adds one to its version; gives the gate as it now is.
UPDATE cards.gate SET version = version + 1
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s
RETURNING resident_id, version, shown_limit_fen, shown_day_limit_fen, shown_on, shown_spent_fen,
    unknown_posture_allowed, payments_frozen_at;

-- name: lock_gate
-- Locks a resident's gate and changes nothing.
SELECT resident_id, version, shown_limit_fen, shown_day_limit_fen, shown_on, shown_spent_fen,
    unknown_posture_allowed, payments_frozen_at
FROM cards.gate WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s FOR UPDATE;

-- name: find_gate
-- A resident's gate, not locked.
SELECT resident_id, version, shown_limit_fen, shown_day_limit_fen, shown_on, shown_spent_fen,
    unknown_posture_allowed, payments_frozen_at
FROM cards.gate WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s;

-- name: set_shown_limits
-- Sets the small-payment limits of a gate the caller has locked.
UPDATE cards.gate SET shown_limit_fen = %(limit_fen)s, shown_day_limit_fen = %(day_limit_fen)s,
    unknown_posture_allowed = %(unknown_posture_allowed)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s;

-- name: set_payments_frozen
-- Freezes payments from an instant, or lifts the freeze with NULL, on a gate the caller has locked.
UPDATE cards.gate SET payments_frozen_at = %(frozen_at)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s;
