-- name: forget_e_cards
-- Deletes at most so many of a bucket's e-cards that were cancelled before an instant; returns each with its resident.
DELETE FROM cards.e_card WHERE bucket = %(bucket)s AND id IN (
    SELECT id FROM cards.e_card
    WHERE bucket = %(bucket)s AND cancelled_at < %(before)s ORDER BY cancelled_at LIMIT %(limit)s)
RETURNING id, resident_id;

-- name: forget_associations
-- Deletes the channels of e-cards that were deleted.
DELETE FROM cards.association WHERE bucket = %(bucket)s AND e_card_id = ANY (%(e_card_ids)s);

-- name: forget_devices
-- Deletes the devices of e-cards that were deleted; found by their residents.
DELETE FROM cards.device
WHERE bucket = %(bucket)s AND resident_id = ANY (%(resident_ids)s) AND e_card_id = ANY (%(e_card_ids)s);

-- name: forget_last_bindings
-- Deletes the bank accounts bound to residents whose last e-card was deleted; until then what comes back later goes there.
DELETE FROM cards.bank_binding AS b
WHERE b.bucket = %(bucket)s AND b.resident_id = ANY (%(resident_ids)s) AND b.ended_at IS NULL
    AND NOT EXISTS (SELECT FROM cards.e_card AS e WHERE e.bucket = %(bucket)s AND e.resident_id = b.resident_id);

-- name: forget_bank_bindings
-- Deletes at most so many of a bucket's bank accounts whose binding ended before an instant; returns their ids.
DELETE FROM cards.bank_binding WHERE bucket = %(bucket)s AND id IN (
    SELECT id FROM cards.bank_binding
    WHERE bucket = %(bucket)s AND ended_at < %(before)s ORDER BY ended_at LIMIT %(limit)s)
RETURNING id;
