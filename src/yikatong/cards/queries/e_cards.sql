-- name: insert_e_card
-- Adds an e-card; no row when the resident already has one.
INSERT INTO cards.e_card (bucket, id, resident_id, card_id, level, sign_no, valid_until, associated_version,
    password_hash, password_failures, made_at)
VALUES (%(bucket)s, %(id)s, %(resident_id)s, %(card_id)s, 1, %(sign_no)s, %(valid_until)s, %(associated_version)s,
    %(password_hash)s, 0, %(now)s)
ON CONFLICT DO NOTHING RETURNING id;

-- name: find_e_card
-- A resident's e-card, unless cancelled.
SELECT bucket, id, resident_id, card_id, level, sign_no, valid_until, associated_version, password_hash,
    password_failures, made_at
FROM cards.e_card WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND cancelled_at IS NULL;

-- name: associate_e_card
-- Associates an e-card with a card anew.
UPDATE cards.e_card SET card_id = %(card_id)s, associated_version = %(associated_version)s,
    valid_until = %(valid_until)s, level = %(level)s
WHERE bucket = %(bucket)s AND id = %(e_card_id)s;

-- name: set_e_card_level
-- Signs an e-card at a level.
UPDATE cards.e_card SET level = %(level)s WHERE bucket = %(bucket)s AND id = %(e_card_id)s;

-- name: set_e_card_password
-- Sets an e-card's password and forgets wrong attempts.
UPDATE cards.e_card SET password_hash = %(password_hash)s, password_failures = 0
WHERE bucket = %(bucket)s AND id = %(e_card_id)s;

-- name: set_password_failures
-- Counts wrong attempts in a row.
UPDATE cards.e_card SET password_failures = %(failures)s WHERE bucket = %(bucket)s AND id = %(e_card_id)s;

-- name: cancel_e_card
-- Ends an e-card.
UPDATE cards.e_card SET cancelled_at = %(now)s WHERE bucket = %(bucket)s AND id = %(e_card_id)s;

-- name: link_channel
-- Opens an e-card in a channel; no row when it was open.
INSERT INTO cards.association (bucket, e_card_id, channel, resident_id, linked_at)
VALUES (%(bucket)s, %(e_card_id)s, %(channel)s, %(resident_id)s, %(now)s)
ON CONFLICT (bucket, e_card_id, channel) DO UPDATE SET linked_at = excluded.linked_at, unlinked_at = NULL
    WHERE association.unlinked_at IS NOT NULL
RETURNING channel;

-- name: unlink_channel
-- Closes an e-card in a channel; no row when it was not open.
UPDATE cards.association SET unlinked_at = %(now)s
WHERE bucket = %(bucket)s AND e_card_id = %(e_card_id)s AND channel = %(channel)s AND unlinked_at IS NULL
RETURNING channel;

-- name: list_channels
-- The channels in which an e-card is or was open.
SELECT e_card_id, channel, linked_at, unlinked_at
FROM cards.association WHERE bucket = %(bucket)s AND e_card_id = %(e_card_id)s ORDER BY channel;

-- name: find_bank_binding
-- The bank account bound to a resident's e-card.
SELECT id, resident_id, bank_code, token, tail, bound_at
FROM cards.bank_binding WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND ended_at IS NULL;

-- name: insert_bank_binding
-- Binds a bank account.
INSERT INTO cards.bank_binding (bucket, id, resident_id, bank_code, token, tail, bound_at)
VALUES (%(bucket)s, %(id)s, %(resident_id)s, %(bank_code)s, %(token)s, %(tail)s, %(now)s);

-- name: end_bank_binding
-- Unbinds a resident's bank account; no row when none was bound.
UPDATE cards.bank_binding SET ended_at = %(now)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND ended_at IS NULL
RETURNING id;
