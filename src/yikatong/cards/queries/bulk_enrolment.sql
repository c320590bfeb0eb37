-- name: enrol_many_cards
-- Cards in force for residents without one, made at once; their gates stand at version 0.
INSERT INTO cards.card (bucket, id, resident_id, region, generation, bank_code, card_number, state, state_version,
    state_at, photo_on_file, issued_on, expires_on, made_at)
SELECT bucket, card_id, resident_id, %(region)s, 3, %(bank_code)s, card_number, 'active', 3, %(now)s, true,
    %(issued_on)s, %(expires_on)s, %(now)s
FROM unnest(%(buckets)b::smallint[], %(card_ids)b::uuid[], %(resident_ids)b::uuid[], %(card_numbers)b::text[])
     AS new (bucket, card_id, resident_id, card_number);

-- name: enrol_many_numbers
-- Claims the numbers of those cards.
INSERT INTO cards.card_number (card_number, region, resident_id, card_id)
SELECT card_number, %(region)s, resident_id, card_id
FROM unnest(%(card_numbers)b::text[], %(resident_ids)b::uuid[], %(card_ids)b::uuid[])
     AS new (card_number, resident_id, card_id);

-- name: enrol_many_events
-- The three steps of each of those cards: made, sealed, activated.
INSERT INTO cards.card_event (bucket, card_id, gate_version, resident_id, command, state_before, state_after, reason,
    by_kind, by_id, made_at)
SELECT bucket, card_id, version, resident_id, command, before, after, 'enrolled at once', %(by_kind)s, %(by_id)s, %(now)s
FROM unnest(%(buckets)b::smallint[], %(card_ids)b::uuid[], %(resident_ids)b::uuid[])
     AS new (bucket, card_id, resident_id)
CROSS JOIN (VALUES (1, 'make', NULL, 'making'), (2, 'seal', 'making', 'sealed'), (3, 'activate', 'sealed', 'active'))
     AS step (version, command, before, after);

-- name: enrol_many_gates
-- Moves those gates to the version of their e-cards that nothing moved yet. In a condition, a planner that knows how few
-- still stand at 0 would begin with them, and go through all of them for each resident.
UPDATE cards.gate AS gate SET version = CASE WHEN gate.version = 0 THEN 4 ELSE gate.version END
FROM unnest(%(buckets)b::smallint[], %(resident_ids)b::uuid[]) AS new (bucket, resident_id)
WHERE gate.bucket = new.bucket AND gate.resident_id = new.resident_id;

-- name: enrol_many_e_cards
-- E-cards of level 1 for those cards.
INSERT INTO cards.e_card (bucket, id, resident_id, card_id, level, sign_no, valid_until, associated_version,
    password_hash, password_failures, made_at)
SELECT bucket, e_card_id, resident_id, card_id, 1, sign_no, %(valid_until)s, 4, %(password_hash)s, 0, %(now)s
FROM unnest(%(buckets)b::smallint[], %(e_card_ids)b::uuid[], %(resident_ids)b::uuid[], %(card_ids)b::uuid[],
            %(sign_nos)b::text[]) AS new (bucket, e_card_id, resident_id, card_id, sign_no);

-- name: enrol_many_channels
-- Opens those e-cards in one channel.
INSERT INTO cards.association (bucket, e_card_id, channel, resident_id, linked_at)
SELECT bucket, e_card_id, %(channel)s, resident_id, %(now)s
FROM unnest(%(buckets)b::smallint[], %(e_card_ids)b::uuid[], %(resident_ids)b::uuid[])
     AS new (bucket, e_card_id, resident_id);

-- name: enrol_many_devices
-- Enrols one device for each of those e-cards.
INSERT INTO cards.device (bucket, id, resident_id, e_card_id, channel, platform, shell, algorithm, public_key,
    enrolled_at, session_signed_at)
SELECT bucket, device_id, resident_id, e_card_id, %(channel)s, 'android', 'native', algorithm, public_key, %(now)s, %(now)s
FROM unnest(%(buckets)b::smallint[], %(device_ids)b::uuid[], %(resident_ids)b::uuid[], %(e_card_ids)b::uuid[],
            %(algorithms)b::integer[], %(public_keys)b::bytea[])
     AS new (bucket, device_id, resident_id, e_card_id, algorithm, public_key);

-- name: enrol_many_bindings
-- Bank accounts for residents without one, known by the bank's tokens.
INSERT INTO cards.bank_binding (bucket, id, resident_id, bank_code, token, tail, bound_at, ended_at)
SELECT bucket, id, resident_id, bank_code, token, tail, %(now)s, NULL
FROM unnest(%(buckets)b::smallint[], %(ids)b::uuid[], %(resident_ids)b::uuid[], %(bank_codes)b::text[],
            %(tokens)b::text[], %(tails)b::text[]) AS new (bucket, id, resident_id, bank_code, token, tail);

-- name: enrol_many_levels
-- Raises the e-cards of residents who have a bank account now to level 2.
UPDATE cards.e_card AS e_card SET level = 2
FROM unnest(%(buckets)b::smallint[], %(resident_ids)b::uuid[]) AS new (bucket, resident_id)
WHERE e_card.bucket = new.bucket AND e_card.resident_id = new.resident_id AND e_card.cancelled_at IS NULL;
