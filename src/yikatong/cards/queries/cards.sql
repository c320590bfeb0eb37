-- name: insert_card
-- Adds a card that is to be made.
INSERT INTO cards.card (bucket, id, resident_id, region, generation, bank_code, state, state_version, state_at,
    photo_on_file, replaces_card_id, made_at)
VALUES (%(bucket)s, %(id)s, %(resident_id)s, %(region)s, 3, %(bank_code)s, 'making', %(state_version)s,
    %(now)s, %(photo_on_file)s, %(replaces_card_id)s, %(now)s);

-- name: find_card
-- One card.
SELECT bucket, id, resident_id, region, bank_code, batch_id, card_number, state, state_version, state_at,
    chip_algorithm, chip_public_key, issued_on, expires_on, photo_on_file, replaces_card_id, made_at
FROM cards.card WHERE bucket = %(bucket)s AND id = %(card_id)s;

-- name: list_cards
-- A resident's cards, the one in force first, then the latest.
SELECT bucket, id, resident_id, region, bank_code, batch_id, card_number, state, state_version, state_at,
    chip_algorithm, chip_public_key, issued_on, expires_on, photo_on_file, replaces_card_id, made_at
FROM cards.card WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s
ORDER BY state = 'cancelled', made_at DESC, id DESC;

-- name: set_card_state
-- Moves a card to a state.
UPDATE cards.card SET state = %(state)s, state_version = %(state_version)s, state_at = %(now)s
WHERE bucket = %(bucket)s AND id = %(card_id)s;

-- name: insert_card_event
-- Writes down one change of a card's state.
INSERT INTO cards.card_event (bucket, card_id, gate_version, resident_id, command, state_before, state_after, reason,
    by_kind, by_id, made_at)
VALUES (%(bucket)s, %(card_id)s, %(gate_version)s, %(resident_id)s, %(command)s, %(state_before)s, %(state_after)s,
    %(reason)s, %(by_kind)s, %(by_id)s, %(now)s);

-- name: list_card_events
-- Every change of state of a resident's cards, in the order of the gate's versions.
SELECT card_id, gate_version, resident_id, command, state_before, state_after, reason, by_kind, by_id, made_at
FROM cards.card_event
WHERE bucket = %(bucket)s AND card_id = ANY(%(card_ids)s) ORDER BY gate_version, card_id;

-- name: list_cards_to_make
-- Cards of a region that wait to be put into a batch, the longest waiting first.
SELECT bucket, id, resident_id, region, bank_code, batch_id, card_number, state, state_version, state_at,
    chip_algorithm, chip_public_key, issued_on, expires_on, photo_on_file, replaces_card_id, made_at
FROM cards.card
WHERE bucket = %(bucket)s AND region = %(region)s AND state = 'making' AND batch_id IS NULL
ORDER BY made_at, id LIMIT %(limit)s;

-- name: list_batch_cards
-- The cards of a batch in one bucket.
SELECT bucket, id, resident_id, region, bank_code, batch_id, card_number, state, state_version, state_at,
    chip_algorithm, chip_public_key, issued_on, expires_on, photo_on_file, replaces_card_id, made_at
FROM cards.card WHERE bucket = %(bucket)s AND batch_id = %(batch_id)s ORDER BY resident_id;

-- name: claim_card_number
-- Gives a number to a card; no row when the number is taken in the region.
INSERT INTO cards.card_number (card_number, region, resident_id, card_id)
VALUES (%(card_number)s, %(region)s, %(resident_id)s, %(card_id)s)
ON CONFLICT (card_number, region) DO NOTHING RETURNING card_number;

-- name: find_card_by_number
-- Whose card bears a number in a region.
SELECT resident_id, card_id FROM cards.card_number WHERE card_number = %(card_number)s AND region = %(region)s;

-- name: put_card_in_batch
-- Puts a waiting card into a batch under its number; no row when it no longer waits.
UPDATE cards.card SET batch_id = %(batch_id)s, card_number = %(card_number)s
WHERE bucket = %(bucket)s AND id = %(card_id)s AND state = 'making' AND batch_id IS NULL
RETURNING id;

-- name: take_card_from_batch
-- Lets a card whose making failed wait for the next batch.
UPDATE cards.card SET batch_id = NULL WHERE bucket = %(bucket)s AND id = %(card_id)s;

-- name: set_card_made
-- Records what the maker put on a card.
UPDATE cards.card SET chip_algorithm = %(chip_algorithm)s, chip_public_key = %(chip_public_key)s,
    issued_on = %(issued_on)s, expires_on = %(expires_on)s
WHERE bucket = %(bucket)s AND id = %(card_id)s;

-- name: insert_batch
-- Opens a production batch.
INSERT INTO cards.production_batch (id, region, batch_number, card_count, state, made_at)
VALUES (%(id)s, %(region)s, %(batch_number)s, %(card_count)s, 'out', %(now)s);

-- name: find_batch
-- One production batch.
SELECT id, region, batch_number, card_count, state, made_count, made_at, returned_at
FROM cards.production_batch WHERE id = %(batch_id)s;

-- name: lock_batch
-- One production batch, locked against a second return.
SELECT id, region, batch_number, card_count, state, made_count, made_at, returned_at
FROM cards.production_batch WHERE id = %(batch_id)s FOR UPDATE;

-- name: set_batch_returned
-- Closes a batch.
UPDATE cards.production_batch SET state = 'returned', made_count = %(made_count)s, returned_at = %(now)s
WHERE id = %(batch_id)s;

-- name: list_chip_keys
-- The chip keys of some residents' cards that are active.
SELECT resident_id, chip_public_key FROM cards.card
WHERE bucket = %(bucket)s AND resident_id = ANY (%(resident_ids)s::uuid[]) AND state = 'active'
  AND chip_public_key IS NOT NULL
ORDER BY resident_id, id;
