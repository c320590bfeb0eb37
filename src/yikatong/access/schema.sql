CREATE SCHEMA access;

-- reference
-- Staff at a counter, with what each may attest for others; the password is an Argon2id hash.
CREATE TABLE access.operator (
    operator_id uuid PRIMARY KEY,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    login_name text NOT NULL CHECK (length(login_name) BETWEEN 2 AND 64),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 64),
    password_hash text NOT NULL,
    password_is_first boolean NOT NULL,
    failed_count integer NOT NULL CHECK (failed_count >= 0),
    locked_until timestamptz,
    attested_tap_max_fen bigint NOT NULL CHECK (attested_tap_max_fen >= 0),
    attested_day_max_fen bigint NOT NULL CHECK (attested_day_max_fen >= attested_tap_max_fen),
    made_at timestamptz NOT NULL,
    suspended_at timestamptz,
    UNIQUE (region, login_name)
);

-- reference
-- A named set of permissions in a region.
CREATE TABLE access.role (
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{1,39}$'),
    label_zh text NOT NULL,
    label_en text NOT NULL,
    permissions text[] NOT NULL,
    PRIMARY KEY (region, name)
);

-- reference
-- Which operator holds which role, and within which division prefixes; none means the whole region.
CREATE TABLE access.granted_role (
    operator_id uuid NOT NULL REFERENCES access.operator (operator_id),
    region text NOT NULL,
    name text NOT NULL,
    divisions text[] NOT NULL,
    granted_by uuid,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, name),
    FOREIGN KEY (region, name) REFERENCES access.role (region, name)
);

-- reference
-- Someone who works for a provider.
CREATE TABLE access.provider_staff (
    staff_id uuid PRIMARY KEY,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    provider_id uuid NOT NULL,
    place_id uuid,
    login_name text NOT NULL CHECK (length(login_name) BETWEEN 2 AND 64),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 64),
    permissions text[] NOT NULL,
    password_hash text NOT NULL,
    password_is_first boolean NOT NULL,
    failed_count integer NOT NULL CHECK (failed_count >= 0),
    locked_until timestamptz,
    made_at timestamptz NOT NULL,
    suspended_at timestamptz,
    UNIQUE (region, login_name)
);

-- reference
-- An organisation whose system calls ours.
CREATE TABLE access.partner (
    partner_id uuid PRIMARY KEY,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 120),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    made_at timestamptz NOT NULL,
    suspended_at timestamptz
);

-- distributed by key_id
-- A key of a terminal, a partner or another machine; its secret is kept as a digest.
CREATE TABLE access.credential (
    key_id uuid PRIMARY KEY,
    secret_digest bytea NOT NULL CHECK (length(secret_digest) = 32),
    kind text NOT NULL CHECK (kind IN ('operator', 'staff', 'terminal', 'partner', 'wallet')),
    subject_id uuid NOT NULL,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    provider_id uuid,
    place_id uuid,
    permissions text[] NOT NULL,
    label text NOT NULL CHECK (length(label) <= 120),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz CHECK (expires_at > issued_at),
    revoked_at timestamptz
);
CREATE INDEX credential_of_subject ON access.credential (subject_id);

-- distributed by token_digest
-- A signed-in operator, member of staff or wallet; its token is kept as a digest.
CREATE TABLE access.session (
    token_digest bytea PRIMARY KEY CHECK (length(token_digest) = 32),
    session_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('operator', 'staff', 'wallet')),
    subject_id uuid NOT NULL,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    provider_id uuid,
    place_id uuid,
    resident_id uuid,
    device_id uuid,
    permissions text[] NOT NULL,
    opened_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > opened_at),
    ended_at timestamptz,
    CHECK (kind <> 'wallet' OR (resident_id IS NOT NULL AND device_id IS NOT NULL)),
    CHECK (kind <> 'staff' OR provider_id IS NOT NULL)
);
CREATE INDEX session_of_subject ON access.session (subject_id) WHERE ended_at IS NULL;
CREATE INDEX session_of_resident ON access.session (resident_id) WHERE ended_at IS NULL AND resident_id IS NOT NULL;
CREATE INDEX session_by_end ON access.session (ends_at);

-- distributed by approval_id
-- A command that takes effect only after a second person agreed; its body holds no personal field.
CREATE TABLE access.approval (
    approval_id uuid PRIMARY KEY,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    what text NOT NULL,
    path jsonb NOT NULL,
    query bytea NOT NULL,
    body bytea NOT NULL,
    purpose text,
    request_id text NOT NULL,
    asked_by uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > asked_at),
    state text NOT NULL CHECK (state IN ('pending', 'approved', 'declined')),
    decided_by uuid CHECK (decided_by <> asked_by),
    decided_at timestamptz,
    CHECK ((state = 'pending') = (decided_by IS NULL)),
    CHECK ((state = 'pending') = (decided_at IS NULL))
);
CREATE INDEX approval_waiting ON access.approval (region, asked_at) WHERE state = 'pending';

-- distributed by bucket
-- written once
-- One line per acknowledged command and per look at a person, in the bucket of the first resident it concerns.
CREATE TABLE access.record (
    bucket smallint NOT NULL,
    record_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('command', 'look')),
    what text NOT NULL,
    by_kind text NOT NULL CHECK (by_kind IN ('operator', 'staff', 'terminal', 'partner', 'wallet', 'anyone')),
    by_id uuid,
    region text,
    resident_ids uuid[] NOT NULL,
    subjects text[] NOT NULL,
    request_id text NOT NULL,
    request_digest bytea,
    outcome text NOT NULL,
    purpose text,
    approval_id uuid,
    PRIMARY KEY (bucket, record_id),
    CHECK ((by_kind = 'anyone') = (by_id IS NULL)),
    CHECK (kind <> 'look' OR purpose IS NOT NULL)
);
CREATE INDEX record_of_region ON access.record (region, record_id);
CREATE INDEX record_of_approval ON access.record (approval_id) WHERE approval_id IS NOT NULL;

-- distributed by bucket
-- written once
-- The same line once more under each resident whom it concerns, so that residents see who looked.
CREATE TABLE access.concern (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    record_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('command', 'look')),
    what text NOT NULL,
    by_kind text NOT NULL,
    by_id uuid,
    purpose text,
    PRIMARY KEY (bucket, resident_id, record_id)
);

-- distributed by caller_id
-- What a command with an Idempotency-Key was answered, sealed for its caller; deleted after some days.
CREATE TABLE access.idempotency (
    caller_id uuid NOT NULL,
    key_digest bytea NOT NULL CHECK (length(key_digest) = 32),
    request_digest bytea NOT NULL CHECK (length(request_digest) = 32),
    made_at timestamptz NOT NULL,
    status smallint,
    sealed_answer bytea,
    record_id uuid,
    PRIMARY KEY (caller_id, key_digest),
    CHECK ((status IS NULL) = (sealed_answer IS NULL)),
    CHECK ((status IS NULL) = (record_id IS NULL))
);
CREATE INDEX idempotency_by_age ON access.idempotency (made_at);

-- distributed by operator_id
-- What an operator attested for one tap; a released one no longer counts.
CREATE TABLE access.attestation (
    operator_id uuid NOT NULL,
    tap_request uuid NOT NULL,
    on_day date NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    claimed_at timestamptz NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (operator_id, tap_request)
);

-- distributed by operator_id
-- What an operator attested in one Shanghai day, in all.
CREATE TABLE access.attestation_day (
    operator_id uuid NOT NULL,
    on_day date NOT NULL,
    attested_fen bigint NOT NULL CHECK (attested_fen >= 0),
    PRIMARY KEY (operator_id, on_day)
);

-- distributed by bucket
-- written once
-- An operator may look at one minor's data for some hours, because a second person agreed.
CREATE TABLE access.minor_look (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    operator_id uuid NOT NULL,
    purpose text NOT NULL,
    agreed_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > agreed_at),
    PRIMARY KEY (bucket, resident_id, operator_id, agreed_at)
);

GRANT USAGE ON SCHEMA access TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.operator TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.role TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON access.granted_role TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.provider_staff TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.partner TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.credential TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON access.session TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.approval TO yikatong_serving;
GRANT SELECT, INSERT ON access.record TO yikatong_serving;
GRANT SELECT, INSERT ON access.concern TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON access.idempotency TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.attestation TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON access.attestation_day TO yikatong_serving;
GRANT SELECT, INSERT ON access.minor_look TO yikatong_serving;
