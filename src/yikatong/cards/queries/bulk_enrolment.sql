-- name: enrol_many_cards
-- Cards in force for residents without one, made at once; their gates stand at version 0.
INSERT INTO cards.card (bucket, id, resident_id, region, generation, bank_code, card_number, state, state_version,
    state_at, photo_on_file, issued_on, expires_on, made_at)
SELECT bucket, card_id, resident_id, %(region)s, 3, %(bank_code)s, card_number, 'active', 3, %(now)s, true,
    %(issued_on)s, %(expires_on)s, %(now)s
FROM unnest(%(buckets)s::smallint[], %(card_ids)s::uuid[], %(resident_ids)s::uuid[], %(card_numbers)s::text[])
     AS new (bucket, card_id, resident_id, card_number);

-- name: enrol_many_numbers
-- Claims the numbers of those cards.
INSERT INTO cards.card_number (card_number, region, resident_id, card_id)
SELECT card_number, %(region)s, resident_id, card_id
FROM unnest(%(card_numbers)s::text[], %(resident_ids)s::uuid[], %(card_ids)s::uuid[])
     AS new (card_number, resident_id, card_id);

-- name: enrol_many_events
-- The three steps of each of those cards: made, sealed, activated.
INSERT INTO cards.card_event (bucket, card_id, gate_version, resident_id, command, state_before, state_after, reason,
    by_kind, by_id, made_at)
SELECT bucket, card_id, version, resident_id, command, before, after, 'enrolled at once', %(by_kind)s, %(by_id)s, %(now)s
FROM unnest(%(buckets)s::smallint[], %(card_ids)s::uuid[], %(resident_ids)s::uuid[])
     AS new (bucket, card_id, resident_id)
CROSS JOIN (VALUES (1, 'make', NULL, 'making'), (2, 'seal', 'making', 'sealed'), (3, 'activate', 'sealed', 'active'))
     AS step (version, command, before, after);

-- name: enrol_many_gates
-- Moves the gates of those residents to the version of their e-cards.
UPDATE cards.gate AS gate SET version = 4
FROM unnest(%(buckets)s::smallint[], %(resident_ids)s::uuid[]) AS new (bucket, resident_id)
WHERE gate.bucket = new.bucket AND gate.resident_id = new.resident_id AND gate.version = 0;

-- name: enrol_many_e_cards
-- E-cards of level 1 for those cards.
INSERT INTO cards.e_card (bucket, id, resident_id, card_id, level, sign_no, valid_until, associated_version,
    password_hash, password_failures, made_at)
SELECT bucket, e_card_id, resident_id, card_id, 1, sign_no, %(valid_until)s, 4, %(password_hash)s, 0, %(now)s
FROM unnest(%(buckets)s::smallint[], %(e_card_ids)s::uuid[], %(resident_ids)s::uuid[], %(card_ids)s::uuid[],
            %(sign_nos)s::text[]) AS new (bucket, e_card_id, resident_id, card_id, sign_no);

-- name: enrol_many_channels
-- Opens those e-cards in one channel.
INSERT INTO cards.association (bucket, e_card_id, channel, resident_id, linked_at)
SELECT bucket, e_card_id, %(channel)s, resident_id, %(now)s
FROM unnest(%(buckets)s::smallint[], %(e_card_ids)s::uuid[], %(resident_ids)s::uuid[])
     AS new (bucket, e_card_id, resident_id);

-- name: enrol_many_devices
-- Enrols one device for each of those e-cards.
INSERT INTO cards.device (bucket, id, resident_id, e_card_id, channel, platform, shell, algorithm, public_key,
    enrolled_at, session_signed_at)
SELECT bucket, device_id, resident_id, e_card_id, %(channel)s, 'android', 'native', algorithm, public_key, %(now)s, %(now)s
FROM unnest(%(buckets)s::smallint[], %(device_ids)s::uuid[], %(resident_ids)s::uuid[], %(e_card_ids)s::uuid[],
            %(algorithms)s::integer[], %(public_keys)s::bytea[])
     AS new (bucket, device_id, resident_id, e_card_id, algorithm, public_key);

-- name: enrol_many_bindings
-- Bank accounts for residents without one, known by the bank's tokens.
INSERT INTO cards.bank_binding (bucket, id, resident_id, bank_code, token, tail, bound_at, ended_at)
SELECT bucket, id, resident_id, bank_code, token, tail, %(now)s, NULL
FROM unnest(%(buckets)s::smallint[], %(ids)s::uuid[], %(resident_ids)s::uuid[], %(bank_codes)s::text[],
            %(tokens)s::text[], %(tails)s::text[]) AS new (bucket, id, resident_id, bank_code, token, tail);

-- name: enrol_many_levels
-- Raises the e-cards of residents who have a bank account now to level 2.
UPDATE cards.e_card AS e_card SET level = 2
FROM unnest(%(buckets)s::smallint[], %(resident_ids)s::uuid[]) AS new (bucket, resident_id)
WHERE e_card.bucket = new.bucket AND e_card.resident_id = new.resident_id AND e_card.cancelled_at IS NULL;
