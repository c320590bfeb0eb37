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

-- name: insert_card
-- Adds a card that is to be made.
INSERT INTO cards.card (bucket, id, resident_id, region, generation, bank_code, state, state_version, state_at,
    photo_on_file, replaces_card_id, made_at)
VALUES (%(bucket)s, %(id)s, %(resident_id)s, %(region)s, %(generation)s, %(bank_code)s, 'making', %(state_version)s,
    %(now)s, %(photo_on_file)s, %(replaces_card_id)s, %(now)s);

-- name: find_card
-- One card.
SELECT bucket, id, resident_id, region, generation, bank_code, batch_id, card_number, state, state_version, state_at,
    chip_algorithm, chip_public_key, issued_on, expires_on, photo_on_file, replaces_card_id, made_at
FROM cards.card WHERE bucket = %(bucket)s AND id = %(card_id)s;

-- name: list_cards
-- A resident's cards, the one in force first, then the latest.
SELECT bucket, id, resident_id, region, generation, bank_code, batch_id, card_number, state, state_version, state_at,
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
SELECT bucket, id, resident_id, region, generation, bank_code, batch_id, card_number, state, state_version, state_at,
    chip_algorithm, chip_public_key, issued_on, expires_on, photo_on_file, replaces_card_id, made_at
FROM cards.card
WHERE bucket = %(bucket)s AND region = %(region)s AND state = 'making' AND batch_id IS NULL
ORDER BY made_at, id LIMIT %(limit)s;

-- name: list_batch_cards
-- The cards of a batch in one bucket.
SELECT bucket, id, resident_id, region, generation, bank_code, batch_id, card_number, state, state_version, state_at,
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
    password_failures, made_at, cancelled_at
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

-- name: list_known_marks
-- Those of some marks that are already claimed.
SELECT mark FROM cards.id_mark WHERE mark = ANY (%(marks)s);

-- name: copy_id_marks
-- Claims many marks at once; fails when one is already claimed.
COPY cards.id_mark (mark, resident_id, made_at) FROM STDIN (FORMAT binary);

-- name: copy_residents
-- Adds many residents at once.
COPY cards.resident (bucket, id, region, division, status, made_at, status_at) FROM STDIN (FORMAT binary);

-- name: copy_persons
-- Keeps the sealed personal fields of many residents.
COPY cards.person (bucket, resident_id, wrapped_key, name, id_number, id_type, sex, birth, nation, phone, address)
FROM STDIN (FORMAT binary);

-- name: copy_gates
-- Adds many gates, with no small payments.
COPY cards.gate (bucket, resident_id, version, shown_limit_fen, shown_day_limit_fen, shown_spent_fen,
    unknown_posture_allowed)
FROM STDIN (FORMAT binary);

-- name: copy_guardians
-- Records the guardians of many wards.
COPY cards.guardian (bucket, resident_id, guardian_id, relation, made_at) FROM STDIN (FORMAT binary);

-- name: audit_card_states
-- audit, over all buckets: cards whose state or its version is not that of their last event
SELECT c.id, c.state || ' since version ' || c.state_version, e.state_after || ' since ' || e.gate_version
FROM cards.card c
LEFT JOIN LATERAL (
    SELECT v.state_after, v.gate_version FROM cards.card_event v
    WHERE v.bucket = c.bucket AND v.card_id = c.id ORDER BY v.gate_version DESC LIMIT 1
) e ON true
WHERE e.state_after IS DISTINCT FROM c.state OR e.gate_version IS DISTINCT FROM c.state_version
ORDER BY c.bucket, c.id;

-- name: audit_card_events
-- audit, over all buckets: events that do not begin where the one before them ended
SELECT card_id, gate_version, ended, state_before FROM (
    SELECT bucket, card_id, gate_version, state_before,
        lag(state_after) OVER (PARTITION BY bucket, card_id ORDER BY gate_version) AS ended
    FROM cards.card_event
) v
WHERE ended IS DISTINCT FROM state_before
ORDER BY bucket, card_id, gate_version;

-- name: audit_steps
-- audit, over all buckets: every kind of step that was ever made, with one card that made it
SELECT command, state_before, state_after, (array_agg(card_id ORDER BY card_id))[1] FROM cards.card_event
GROUP BY command, state_before, state_after ORDER BY command, state_before, state_after;

-- name: audit_two_cards
-- audit, over all buckets: residents with more than one card or e-card in force
SELECT resident_id, 'card' FROM cards.card WHERE state <> 'cancelled'
GROUP BY bucket, resident_id HAVING count(*) > 1
UNION ALL
SELECT resident_id, 'e-card' FROM cards.e_card WHERE cancelled_at IS NULL
GROUP BY bucket, resident_id HAVING count(*) > 1
ORDER BY 1, 2;

-- name: audit_e_cards
-- audit, over all buckets: e-cards of no card or of another person's, or of a level that their bank account is not
SELECT e.id, e.level, c.resident_id IS NOT DISTINCT FROM e.resident_id AS of_own_card, b.id IS NOT NULL AS has_account
FROM cards.e_card e
LEFT JOIN cards.card c ON c.bucket = e.bucket AND c.id = e.card_id
LEFT JOIN cards.bank_binding b ON b.bucket = e.bucket AND b.resident_id = e.resident_id AND b.ended_at IS NULL
WHERE e.cancelled_at IS NULL
    AND (c.resident_id IS DISTINCT FROM e.resident_id OR (e.level = 2) <> (b.id IS NOT NULL))
ORDER BY e.bucket, e.id;

-- name: audit_residents
-- audit, over all buckets: residents without gate or personal row, or whose marks are not one (none when erased)
SELECT r.id, g.resident_id IS NOT NULL AS has_gate, p.resident_id IS NOT NULL AS has_person,
    p.erased_at IS NOT NULL AS erased, count(m.mark) AS marks
FROM cards.resident r
LEFT JOIN cards.gate g ON g.bucket = r.bucket AND g.resident_id = r.id
LEFT JOIN cards.person p ON p.bucket = r.bucket AND p.resident_id = r.id
LEFT JOIN cards.id_mark m ON m.resident_id = r.id
GROUP BY r.bucket, r.id, g.resident_id, p.resident_id, p.erased_at
HAVING g.resident_id IS NULL OR p.resident_id IS NULL
    OR count(m.mark) <> CASE WHEN p.erased_at IS NULL THEN 1 ELSE 0 END
ORDER BY r.bucket, r.id;

-- name: audit_marks
-- audit, over all buckets: marks of no resident
SELECT m.resident_id FROM cards.id_mark m
WHERE NOT EXISTS (SELECT FROM cards.resident r WHERE r.id = m.resident_id) ORDER BY 1;

-- name: audit_card_numbers
-- audit, over all buckets: cards whose number is not theirs
SELECT c.id, n.card_id FROM cards.card c
LEFT JOIN cards.card_number n ON n.card_number = c.card_number AND n.region = c.region
WHERE c.card_number IS NOT NULL AND n.card_id IS DISTINCT FROM c.id
ORDER BY c.bucket, c.id;

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
SELECT bucket, e_card_id, resident_id, card_id, 1, sign_no, %(expires_on)s, 4, %(password_hash)s, 0, %(now)s
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
