-- name: insert_operator
-- Adds an operator; returns the id, or nothing when the login name is taken in the region.
INSERT INTO access.operator (operator_id, region, login_name, display_name, password_hash, password_is_first,
    failed_count, locked_until, attested_tap_max_fen, attested_day_max_fen, made_at, suspended_at)
VALUES (%(operator_id)s, %(region)s, %(login_name)s, %(display_name)s, %(password_hash)s, %(password_is_first)s,
    0, NULL, %(attested_tap_max_fen)s, %(attested_day_max_fen)s, %(made_at)s, NULL)
ON CONFLICT (region, login_name) DO NOTHING
RETURNING operator_id;

-- name: find_operator
-- Returns an operator by id; locks nothing.
SELECT * FROM access.operator WHERE operator_id = %(operator_id)s;

-- name: lock_operator_by_login
-- Returns an operator by region and login name, locked, so that failed sign-ins are counted one after another.
SELECT * FROM access.operator WHERE region = %(region)s AND login_name = %(login_name)s FOR UPDATE;

-- name: list_operators
-- Returns the operators of a region after one login name, in order of login name.
SELECT * FROM access.operator WHERE region = %(region)s AND login_name > %(after)s
ORDER BY login_name LIMIT %(limit)s;

-- name: any_operator
-- Returns one row when the region has an operator.
SELECT operator_id FROM access.operator WHERE region = %(region)s LIMIT 1;

-- name: set_operator_lockout
-- Writes what a sign-in leaves in the count of failures.
UPDATE access.operator SET failed_count = %(failed_count)s, locked_until = %(locked_until)s
WHERE operator_id = %(subject_id)s;

-- name: set_operator_password
-- Replaces an operator's password.
UPDATE access.operator SET password_hash = %(password_hash)s, password_is_first = %(password_is_first)s
WHERE operator_id = %(subject_id)s;

-- name: set_operator_suspension
-- Suspends an operator or takes the suspension back; returns the id when that changed something.
UPDATE access.operator SET suspended_at = %(suspended_at)s
WHERE operator_id = %(subject_id)s AND region = %(region)s
    AND (suspended_at IS NULL) <> (%(suspended_at)s::timestamptz IS NULL)
RETURNING operator_id;

-- name: set_attestation_limits
-- Replaces what an operator may attest; returns the id, or nothing when there is no such operator in the region.
UPDATE access.operator SET attested_tap_max_fen = %(tap_max_fen)s, attested_day_max_fen = %(day_max_fen)s
WHERE operator_id = %(operator_id)s AND region = %(region)s
RETURNING operator_id;

-- name: find_attestation_limits
-- Returns the limits of an operator who is not suspended.
SELECT attested_tap_max_fen AS tap_max_fen, attested_day_max_fen AS day_max_fen
FROM access.operator WHERE operator_id = %(operator_id)s AND suspended_at IS NULL;

-- name: put_role
-- Adds a role or replaces its permissions and labels.
INSERT INTO access.role (region, name, label_zh, label_en, permissions)
VALUES (%(region)s, %(name)s, %(label_zh)s, %(label_en)s, %(permissions)s)
ON CONFLICT (region, name) DO UPDATE
SET label_zh = EXCLUDED.label_zh, label_en = EXCLUDED.label_en, permissions = EXCLUDED.permissions;

-- name: find_role
-- Returns a role of a region by name.
SELECT * FROM access.role WHERE region = %(region)s AND name = %(name)s;

-- name: list_roles
-- Returns the roles of a region in order of name.
SELECT * FROM access.role WHERE region = %(region)s ORDER BY name;

-- name: put_granted_role
-- Gives an operator a role, or moves the bounds of one held; returns whether anything changed.
INSERT INTO access.granted_role (operator_id, region, name, divisions, granted_by, granted_at)
VALUES (%(operator_id)s, %(region)s, %(name)s, %(divisions)s, %(granted_by)s, %(granted_at)s)
ON CONFLICT (operator_id, name) DO UPDATE
SET divisions = EXCLUDED.divisions, granted_by = EXCLUDED.granted_by, granted_at = EXCLUDED.granted_at
WHERE access.granted_role.divisions IS DISTINCT FROM EXCLUDED.divisions
RETURNING name;

-- name: delete_granted_role
-- Takes a role from an operator; returns its name when it was held.
DELETE FROM access.granted_role
WHERE operator_id = %(operator_id)s AND region = %(region)s AND name = %(name)s
RETURNING name;

-- name: list_granted_roles
-- Returns what an operator who is not suspended holds, in order of name; nothing for a suspended one.
SELECT held.name, held.divisions, kind.permissions
FROM access.granted_role AS held
JOIN access.role AS kind ON kind.region = held.region AND kind.name = held.name
JOIN access.operator AS holder ON holder.operator_id = held.operator_id AND holder.suspended_at IS NULL
WHERE held.operator_id = %(operator_id)s
ORDER BY held.name;

-- name: insert_staff_member
-- Adds a member of staff; returns the id, or nothing when the login name is taken in the region.
INSERT INTO access.provider_staff (staff_id, region, provider_id, place_id, login_name, display_name, permissions,
    password_hash, password_is_first, failed_count, locked_until, made_at, suspended_at)
VALUES (%(staff_id)s, %(region)s, %(provider_id)s, %(place_id)s, %(login_name)s, %(display_name)s, %(permissions)s,
    %(password_hash)s, %(password_is_first)s, 0, NULL, %(made_at)s, NULL)
ON CONFLICT (region, login_name) DO NOTHING
RETURNING staff_id;

-- name: find_staff_member
-- Returns a member of staff by id.
SELECT * FROM access.provider_staff WHERE staff_id = %(staff_id)s;

-- name: lock_staff_by_login
-- Returns a member of staff by region and login name, locked.
SELECT * FROM access.provider_staff WHERE region = %(region)s AND login_name = %(login_name)s FOR UPDATE;

-- name: set_staff_lockout
-- Writes what a sign-in leaves in the count of failures.
UPDATE access.provider_staff SET failed_count = %(failed_count)s, locked_until = %(locked_until)s
WHERE staff_id = %(subject_id)s;

-- name: set_staff_password
-- Replaces the password of a member of staff.
UPDATE access.provider_staff SET password_hash = %(password_hash)s, password_is_first = %(password_is_first)s
WHERE staff_id = %(subject_id)s;

-- name: set_staff_suspension
-- Suspends a member of staff or takes the suspension back; returns the id when that changed something.
UPDATE access.provider_staff SET suspended_at = %(suspended_at)s
WHERE staff_id = %(subject_id)s AND region = %(region)s
    AND (suspended_at IS NULL) <> (%(suspended_at)s::timestamptz IS NULL)
RETURNING staff_id;

-- name: insert_partner
-- Adds a partner.
INSERT INTO access.partner (partner_id, region, name_zh, name_en, made_at, suspended_at)
VALUES (%(partner_id)s, %(region)s, %(name_zh)s, %(name_en)s, %(made_at)s, NULL);

-- name: find_partner
-- Returns a partner of a region by id.
SELECT * FROM access.partner WHERE partner_id = %(partner_id)s AND region = %(region)s;

-- name: insert_credential
-- Adds a key.
INSERT INTO access.credential (key_id, secret_digest, kind, subject_id, region, provider_id, place_id, permissions,
    label, issued_at, expires_at, revoked_at)
VALUES (%(key_id)s, %(secret_digest)s, %(kind)s, %(subject_id)s, %(region)s, %(provider_id)s, %(place_id)s,
    %(permissions)s, %(label)s, %(issued_at)s, %(expires_at)s, NULL);

-- name: find_credential
-- Returns a key by its id; locks nothing.
SELECT * FROM access.credential WHERE key_id = %(key_id)s;

-- name: list_credentials
-- Returns the keys of a region after one key id, in order of making, perhaps only those of one subject.
SELECT * FROM access.credential
WHERE region = %(region)s AND key_id > %(after)s
    AND (%(subject_id)s::uuid IS NULL OR subject_id = %(subject_id)s)
ORDER BY key_id LIMIT %(limit)s;

-- name: list_credentials_that_end
-- Returns the keys of a region, or of all, that expire in a time and are not revoked, after one id, in order of making.
SELECT * FROM access.credential
WHERE expires_at > %(now)s AND expires_at <= %(until)s AND revoked_at IS NULL AND key_id > %(after)s
    AND (%(region)s::text IS NULL OR region = %(region)s)
ORDER BY key_id LIMIT %(limit)s;

-- name: revoke_credential
-- Revokes a key of a region; returns its id when it was not revoked before.
UPDATE access.credential SET revoked_at = %(revoked_at)s
WHERE key_id = %(key_id)s AND region = %(region)s AND revoked_at IS NULL
RETURNING key_id;

-- name: revoke_credentials_of
-- Revokes every key of a subject that was not revoked before; returns their ids.
UPDATE access.credential SET revoked_at = %(revoked_at)s
WHERE subject_id = %(subject_id)s AND revoked_at IS NULL
RETURNING key_id;

-- name: insert_session
-- Adds a session.
INSERT INTO access.session (token_digest, session_id, kind, subject_id, region, provider_id, place_id, resident_id,
    device_id, permissions, opened_at, used_at, ends_at, ended_at)
VALUES (%(token_digest)s, %(session_id)s, %(kind)s, %(subject_id)s, %(region)s, %(provider_id)s, %(place_id)s,
    %(resident_id)s, %(device_id)s, %(permissions)s, %(opened_at)s, %(used_at)s, %(ends_at)s, NULL);

-- name: find_session
-- Returns a session by the digest of its token; locks nothing.
SELECT * FROM access.session WHERE token_digest = %(token_digest)s;

-- name: load_sessions
-- Returns sessions by the digests of their tokens, for several calls at once; locks nothing.
SELECT token_digest, session_id, kind, subject_id, region, provider_id, place_id, resident_id, device_id, permissions,
    opened_at, used_at, ends_at, ended_at
FROM access.session WHERE token_digest = ANY ($1::bytea[]);

-- name: touch_sessions
-- Writes when sessions were last used.
UPDATE access.session SET used_at = $2 WHERE token_digest = ANY ($1::bytea[]) AND used_at < $2;

-- name: touch_session
-- Writes when a session was last used.
UPDATE access.session SET used_at = %(used_at)s WHERE token_digest = %(token_digest)s AND used_at < %(used_at)s;

-- name: end_session
-- Ends one session; returns its id when it had not ended.
UPDATE access.session SET ended_at = %(ended_at)s
WHERE session_id = %(session_id)s AND subject_id = %(subject_id)s AND ended_at IS NULL
RETURNING session_id;

-- name: end_sessions_of
-- Ends every open session of a subject (an operator, a member of staff, a device); returns their ids.
UPDATE access.session SET ended_at = %(ended_at)s
WHERE subject_id = %(subject_id)s AND ended_at IS NULL
RETURNING session_id;

-- name: delete_sessions
-- Deletes at most so many sessions whose whole time was over before an instant; returns one row for each.
DELETE FROM access.session WHERE token_digest IN (
    SELECT token_digest FROM access.session WHERE ends_at < %(before)s ORDER BY ends_at LIMIT %(limit)s)
RETURNING session_id;

-- name: insert_approval
-- Adds a command that waits for a second person.
INSERT INTO access.approval (approval_id, region, what, path, query, body, purpose, request_id, asked_by, asked_at,
    expires_at, state, decided_by, decided_at)
VALUES (%(approval_id)s, %(region)s, %(what)s, %(path)s, %(query)s, %(body)s, %(purpose)s, %(request_id)s,
    %(asked_by)s, %(asked_at)s, %(expires_at)s, 'pending', NULL, NULL);

-- name: lock_approval
-- Returns a request for approval, locked, so that it is decided once.
SELECT * FROM access.approval WHERE approval_id = %(approval_id)s FOR UPDATE;

-- name: decide_approval
-- Writes the decision on a pending request; returns its id when it was still pending.
UPDATE access.approval SET state = %(state)s, decided_by = %(decided_by)s, decided_at = %(decided_at)s
WHERE approval_id = %(approval_id)s AND state = 'pending'
RETURNING approval_id;

-- name: list_approvals
-- Returns the requests of a region in one state, the newest first, before one id.
SELECT * FROM access.approval
WHERE region = %(region)s AND state = %(state)s AND approval_id < %(before)s
ORDER BY approval_id DESC LIMIT %(limit)s;

-- name: insert_record
-- Appends one line to the record.
INSERT INTO access.record (bucket, record_id, recorded_at, kind, what, by_kind, by_id, region, resident_ids, subjects,
    request_id, request_digest, outcome, purpose, approval_id)
VALUES (%(bucket)s, %(record_id)s, %(recorded_at)s, %(kind)s, %(what)s, %(by_kind)s, %(by_id)s, %(region)s,
    %(resident_ids)s, %(subjects)s, %(request_id)s, %(request_digest)s, %(outcome)s, %(purpose)s, %(approval_id)s);

-- name: insert_concern
-- Appends the same line under one resident.
INSERT INTO access.concern (bucket, resident_id, record_id, recorded_at, kind, what, by_kind, by_id, purpose)
VALUES (%(bucket)s, %(resident_id)s, %(record_id)s, %(recorded_at)s, %(kind)s, %(what)s, %(by_kind)s, %(by_id)s,
    %(purpose)s);

-- name: insert_own_records
-- For a batch: appends lines of commands that each concern one resident, under a bucket; subjects come as one text.
INSERT INTO access.record (bucket, record_id, recorded_at, kind, what, by_kind, by_id, region, resident_ids, subjects,
    request_id, request_digest, outcome, purpose, approval_id)
SELECT $1, line.record_id, line.recorded_at, line.kind, line.what, line.by_kind, line.by_id, line.region,
    ARRAY[line.resident_id], string_to_array(line.subjects, ','), line.request_id, line.request_digest, line.outcome,
    line.purpose, NULL
FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::uuid[],
    $10::text[], $11::text[], $12::bytea[], $13::text[], $14::text[])
AS line (record_id, recorded_at, kind, what, by_kind, by_id, region, resident_id, subjects, request_id, request_digest,
    outcome, purpose);

-- name: insert_own_concerns
-- For a batch: appends the same lines once more under their residents.
INSERT INTO access.concern (bucket, resident_id, record_id, recorded_at, kind, what, by_kind, by_id, purpose)
SELECT $1, line.resident_id, line.record_id, line.recorded_at, line.kind, line.what, line.by_kind, line.by_id,
    line.purpose
FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::text[])
AS line (record_id, recorded_at, kind, what, by_kind, by_id, resident_id, purpose);

-- name: insert_concerns
-- Appends one line under each of many residents of one bucket.
INSERT INTO access.concern (bucket, resident_id, record_id, recorded_at, kind, what, by_kind, by_id, purpose)
SELECT %(bucket)s, d.resident_id, %(record_id)s, %(recorded_at)s, %(kind)s, %(what)s, %(by_kind)s, %(by_id)s,
    %(purpose)s
FROM unnest(%(resident_ids)s::uuid[]) AS d (resident_id);

-- name: page_records
-- Returns records after one, in the order of their keys, with their buckets.
SELECT bucket, record_id, recorded_at, kind, what, by_kind, by_id, region, resident_ids, subjects, request_id,
       request_digest, outcome, purpose, approval_id
FROM access.record WHERE (bucket, record_id) > (%(bucket)s, %(record_id)s)
ORDER BY bucket, record_id LIMIT %(limit)s;

-- name: list_records
-- Returns records of a region, the newest first, before one id.
SELECT record_id, recorded_at, kind, what, by_kind, by_id, region, resident_ids, subjects, request_id, request_digest,
    outcome, purpose, approval_id
FROM access.record
WHERE region = %(region)s
    AND (%(before)s::uuid IS NULL OR record_id < %(before)s)
    AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR recorded_at < %(until)s)
    AND (%(kind)s::text IS NULL OR kind = %(kind)s)
    AND (%(what)s::text IS NULL OR what = %(what)s)
    AND (%(by_id)s::uuid IS NULL OR by_id = %(by_id)s)
ORDER BY record_id DESC LIMIT %(limit)s;

-- name: list_concerns
-- Returns what concerns a resident, the newest first, before one record id.
SELECT record_id, recorded_at, kind, what, by_kind, by_id, purpose
FROM access.concern
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND record_id < %(before)s
ORDER BY record_id DESC LIMIT %(limit)s;

-- name: claim_idempotency
-- Claims a key for a command, waiting for a command that claimed it and has not ended; returns it when it was free.
INSERT INTO access.idempotency (caller_id, key_digest, request_digest, made_at, status, sealed_answer, record_id)
VALUES (%(caller_id)s, %(key_digest)s, %(request_digest)s, %(made_at)s, NULL, NULL, NULL)
ON CONFLICT (caller_id, key_digest) DO NOTHING
RETURNING key_digest;

-- name: find_kept_answer
-- Returns what the command that claimed a key was answered.
SELECT request_digest, status, sealed_answer FROM access.idempotency
WHERE caller_id = %(caller_id)s AND key_digest = %(key_digest)s;

-- name: load_kept_answers
-- For a batch: what commands with some keys were answered, with their callers and keys; locks nothing.
SELECT kept.caller_id, kept.key_digest, kept.request_digest, kept.status, kept.sealed_answer
FROM unnest($1::uuid[], $2::bytea[]) AS asked (caller_id, key_digest)
JOIN access.idempotency AS kept ON kept.caller_id = asked.caller_id AND kept.key_digest = asked.key_digest
-- Said twice, so that a plan made while the table was empty still goes by the key.
WHERE kept.caller_id = ANY ($1::uuid[]);

-- name: keep_answers
-- For a batch: claims keys for commands together with their answers; waits for whoever claimed one and has not ended,
-- and is a unique violation where one was claimed.
INSERT INTO access.idempotency (caller_id, key_digest, request_digest, made_at, status, sealed_answer, record_id)
SELECT new.caller_id, new.key_digest, new.request_digest, $7, new.status, new.sealed_answer, new.record_id
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bytea[], $6::uuid[])
AS new (caller_id, key_digest, request_digest, status, sealed_answer, record_id);

-- name: keep_answer
-- Writes what the command that claimed a key was answered, and the record it left.
UPDATE access.idempotency
SET status = %(status)s, sealed_answer = %(sealed_answer)s, record_id = %(record_id)s
WHERE caller_id = %(caller_id)s AND key_digest = %(key_digest)s;

-- name: delete_kept_answers
-- Deletes at most so many kept answers made before an instant; returns one row for each.
DELETE FROM access.idempotency WHERE (caller_id, key_digest) IN (
    SELECT caller_id, key_digest FROM access.idempotency WHERE made_at < %(before)s
    ORDER BY made_at LIMIT %(limit)s)
RETURNING caller_id;

-- name: claim_attestation
-- Claims one tap for an operator, again when it had been released; returns it when it was free.
INSERT INTO access.attestation AS kept (operator_id, tap_request, on_day, amount_fen, claimed_at, released_at)
VALUES (%(operator_id)s, %(tap_request)s, %(on_day)s, %(amount_fen)s, %(claimed_at)s, NULL)
ON CONFLICT (operator_id, tap_request) DO UPDATE
SET on_day = EXCLUDED.on_day, amount_fen = EXCLUDED.amount_fen, claimed_at = EXCLUDED.claimed_at, released_at = NULL
WHERE kept.released_at IS NOT NULL
RETURNING tap_request;

-- name: find_attestation
-- Returns what an operator attested for a tap.
SELECT on_day, amount_fen, released_at FROM access.attestation
WHERE operator_id = %(operator_id)s AND tap_request = %(tap_request)s;

-- name: release_attestation
-- Releases a claim that counts; returns its day and amount.
UPDATE access.attestation SET released_at = %(released_at)s
WHERE operator_id = %(operator_id)s AND tap_request = %(tap_request)s AND released_at IS NULL
RETURNING on_day, amount_fen, released_at;

-- name: add_to_attestation_day
-- Adds an amount that is within the limit by itself to an operator's day if that stays within it too; locks the day's
-- row, returns its sum, or nothing when above.
INSERT INTO access.attestation_day AS so_far (operator_id, on_day, attested_fen)
VALUES (%(operator_id)s, %(on_day)s, %(amount_fen)s)
ON CONFLICT (operator_id, on_day) DO UPDATE
SET attested_fen = so_far.attested_fen + EXCLUDED.attested_fen
WHERE so_far.attested_fen + EXCLUDED.attested_fen <= %(day_max_fen)s
RETURNING attested_fen;

-- name: take_from_attestation_day
-- Takes a released amount out of an operator's day; locks the day's row.
UPDATE access.attestation_day SET attested_fen = attested_fen - %(amount_fen)s
WHERE operator_id = %(operator_id)s AND on_day = %(on_day)s;

-- name: insert_minor_look
-- Lets an operator look at a minor until an instant.
INSERT INTO access.minor_look (bucket, resident_id, operator_id, purpose, agreed_at, ends_at)
VALUES (%(bucket)s, %(resident_id)s, %(operator_id)s, %(purpose)s, %(agreed_at)s, %(ends_at)s);

-- name: find_minor_look
-- Returns until when an operator may look at a minor, if now.
SELECT ends_at FROM access.minor_look
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND operator_id = %(operator_id)s
    AND agreed_at <= %(now)s AND ends_at > %(now)s
ORDER BY ends_at DESC LIMIT 1;

-- name: forget_approvals
-- Deletes at most so many requests for approval that were decided, or ran out, before an instant; returns their ids.
DELETE FROM access.approval WHERE approval_id IN (
    SELECT approval_id FROM access.approval
    WHERE approval_id < %(bound)s AND coalesce(decided_at, expires_at) < %(before)s
    ORDER BY approval_id LIMIT %(limit)s)
RETURNING approval_id;

-- name: forget_records
-- Deletes at most so many lines of a bucket's record from before an instant; returns each with the residents it names.
DELETE FROM access.record WHERE bucket = %(bucket)s AND record_id IN (
    SELECT record_id FROM access.record
    WHERE bucket = %(bucket)s AND record_id < %(bound)s AND recorded_at < %(before)s
    ORDER BY record_id LIMIT %(limit)s)
RETURNING record_id, resident_ids;

-- name: forget_concerns
-- Deletes the lines of a bucket's residents, from before an instant, whose records were deleted.
DELETE FROM access.concern
USING unnest(%(resident_ids)s::uuid[], %(record_ids)s::uuid[]) AS gone (resident_id, record_id)
WHERE concern.bucket = %(bucket)s AND concern.resident_id = gone.resident_id AND concern.record_id = gone.record_id
    AND concern.recorded_at < %(before)s;

-- name: forget_minor_looks
-- Deletes at most so many agreements on looks at a bucket's minors that ended before an instant; one row for each.
DELETE FROM access.minor_look WHERE bucket = %(bucket)s AND (resident_id, operator_id, agreed_at) IN (
    SELECT resident_id, operator_id, agreed_at FROM access.minor_look
    WHERE bucket = %(bucket)s AND ends_at < %(before)s ORDER BY ends_at LIMIT %(limit)s)
RETURNING resident_id;

-- name: forget_attestation_days
-- Deletes at most so many sums of operators' days before a day; returns which.
DELETE FROM access.attestation_day WHERE (operator_id, on_day) IN (
    SELECT operator_id, on_day FROM access.attestation_day
    WHERE on_day < %(before)s ORDER BY on_day LIMIT %(limit)s)
RETURNING operator_id, on_day;

-- name: forget_attestations
-- Deletes what operators attested on days before a day whose sums were deleted.
DELETE FROM access.attestation
USING unnest(%(operator_ids)s::uuid[], %(days)s::date[]) AS gone (operator_id, on_day)
WHERE attestation.operator_id = gone.operator_id AND attestation.on_day = gone.on_day
    AND attestation.on_day < %(before)s;

-- name: approvals_without_record
-- Returns approved requests whose command does not have exactly one record that was done by it.
WITH line AS MATERIALIZED (
    SELECT record_id, approval_id, what FROM access.record WHERE approval_id IS NOT NULL AND outcome <> 'waits'
)
SELECT asked.approval_id, count(line.record_id) AS record_count
FROM access.approval AS asked
LEFT JOIN line ON line.approval_id = asked.approval_id AND line.what = asked.what
WHERE asked.state = 'approved'
GROUP BY asked.approval_id HAVING count(line.record_id) <> 1
ORDER BY asked.approval_id;

-- name: concerns_against_records
-- Returns records whose lines under residents are not exactly one for each resident they name.
WITH seen AS MATERIALIZED (SELECT record_id, resident_id FROM access.concern)
SELECT line.record_id, cardinality(line.resident_ids) AS named_count, count(seen.resident_id) AS concern_count
FROM access.record AS line
LEFT JOIN seen ON seen.record_id = line.record_id AND seen.resident_id = ANY (line.resident_ids)
GROUP BY line.bucket, line.record_id, line.resident_ids
HAVING count(seen.resident_id) <> cardinality(line.resident_ids)
ORDER BY line.record_id;

-- name: answers_without_record
-- Returns kept answers that were committed unfinished, or whose record is not there.
WITH kept AS MATERIALIZED (SELECT caller_id, record_id, status FROM access.idempotency),
line AS MATERIALIZED (SELECT record_id FROM access.record WHERE record_id IN (SELECT record_id FROM kept))
SELECT kept.caller_id, kept.record_id
FROM kept
LEFT JOIN line ON line.record_id = kept.record_id
WHERE kept.status IS NULL OR line.record_id IS NULL
ORDER BY kept.caller_id;

-- name: attestations_against_days
-- Returns the days of operators whose sum is not that of the claims that count.
SELECT day.operator_id, day.on_day, day.attested_fen, coalesce(sum(claim.amount_fen), 0)::bigint AS claimed_fen
FROM access.attestation_day AS day
LEFT JOIN access.attestation AS claim
    ON claim.operator_id = day.operator_id AND claim.on_day = day.on_day AND claim.released_at IS NULL
GROUP BY day.operator_id, day.on_day, day.attested_fen
HAVING day.attested_fen <> coalesce(sum(claim.amount_fen), 0)
ORDER BY day.operator_id, day.on_day;
