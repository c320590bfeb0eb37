-- plumbing

CREATE SCHEMA plumbing;

-- local
-- One row per applied migration file, with the digest of its text.
CREATE TABLE plumbing.migration (
    name text NOT NULL PRIMARY KEY,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    applied_at timestamptz NOT NULL
);

-- reference
-- A number per subject (terminals, items, keys) that grows with each change; caches in workers are valid for it.
CREATE TABLE plumbing.version (
    subject text NOT NULL PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0)
);

-- local
-- What happened, waiting for its subscribers; a row goes when all have run, or is parked with its error.
CREATE TABLE plumbing.outbox (
    id uuid NOT NULL PRIMARY KEY,
    topic text NOT NULL,
    payload jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    tries_count integer NOT NULL DEFAULT 0 CHECK (tries_count >= 0),
    last_error text,
    next_try_at timestamptz,
    parked_at timestamptz
);

-- local
-- Work that runs by itself: when it is next due, and who has it until when.
CREATE TABLE plumbing.job (
    name text NOT NULL PRIMARY KEY,
    next_at timestamptz NOT NULL,
    lease_until timestamptz,
    lease_id uuid,
    failures_count integer NOT NULL DEFAULT 0 CHECK (failures_count >= 0),
    last_error text,
    last_finished_at timestamptz,
    CHECK ((lease_until IS NULL) = (lease_id IS NULL))
);

-- local
-- written once
-- Every time this database was taken back: when, to which moment (NULL is the end of its log), from which backup.
CREATE TABLE plumbing.restoration (
    restored_at timestamptz NOT NULL PRIMARY KEY,
    target_at timestamptz,
    backup text NOT NULL,
    timeline bigint NOT NULL CHECK (timeline > 0)
);

-- local
-- One row: over how many buckets residents' rows are spread; a process with another setting does not serve.
CREATE TABLE plumbing.bucketing (
    is_one boolean NOT NULL PRIMARY KEY CHECK (is_one),
    bucket_count integer NOT NULL CHECK (bucket_count BETWEEN 1 AND 32767)
);

GRANT USAGE ON SCHEMA plumbing TO yikatong_serving;
GRANT SELECT ON plumbing.migration TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON plumbing.version TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON plumbing.outbox TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON plumbing.job TO yikatong_serving;
GRANT SELECT, INSERT ON plumbing.restoration TO yikatong_serving;
GRANT SELECT, INSERT ON plumbing.bucketing TO yikatong_serving;

-- trust

CREATE SCHEMA trust;

-- reference
-- Every list of trusted regions that was accepted, as it was signed, so that who missed one can follow the roots;
-- a line of lists is known by the key id of the root it begins with.
CREATE TABLE trust.trust_list (
    line bytea NOT NULL CHECK (octet_length(line) = 8),
    sequence bigint NOT NULL CHECK (sequence >= 1),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    envelope bytea NOT NULL CHECK (octet_length(envelope) <= 1048576),
    PRIMARY KEY (line, sequence),
    CHECK (issued_at < expires_at)
);

-- reference
-- The newest status list held of each subject of another region, as it was signed.
CREATE TABLE trust.status_list_snapshot (
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 512),
    issued_at timestamptz NOT NULL,
    fetched_at timestamptz NOT NULL,
    envelope bytea NOT NULL CHECK (octet_length(envelope) <= 2097152),
    PRIMARY KEY (subject)
);

GRANT USAGE ON SCHEMA trust TO yikatong_serving;
GRANT SELECT, INSERT ON trust.trust_list TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trust.status_list_snapshot TO yikatong_serving;

-- sealing

CREATE SCHEMA sealing;

-- local
-- A writer's run of batches, numbered without gaps and signed by a key of its own; how many of them the log holds. A
-- closed one gets no more.
CREATE TABLE sealing.series (
    series uuid PRIMARY KEY,
    certificate bytea NOT NULL,
    began_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    appended bigint NOT NULL CHECK (appended >= 0),
    is_closed boolean NOT NULL
);
CREATE INDEX series_open ON sealing.series (began_at) WHERE NOT is_closed;

-- distributed by series
-- written once
-- The leaves of one batch in order, written with the rows they stand for, and the signed root of their tree.
CREATE TABLE sealing.batch (
    series uuid NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    made_at timestamptz NOT NULL,
    kinds bytea NOT NULL,
    ids uuid[] NOT NULL,
    hashes bytea NOT NULL,
    signed bytea NOT NULL,
    PRIMARY KEY (series, number),
    CHECK (length(kinds) = cardinality(ids) AND length(hashes) = 32 * cardinality(ids))
);
CREATE INDEX batch_by_instant ON sealing.batch (made_at);

-- distributed by id
-- Leaves of rows that are written outside the counter, until the sealer takes them into a batch of its own; by its mark
-- it knows that the platform left one.
CREATE TABLE sealing.loose (
    id uuid NOT NULL,
    kind smallint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    left_at timestamptz NOT NULL,
    mark bytea NOT NULL,
    PRIMARY KEY (id, kind)
);

-- distributed by id
-- written once
-- Leaves that waited under no mark of the platform: never sealed, kept as they were found.
CREATE TABLE sealing.set_aside (
    id uuid NOT NULL,
    kind smallint NOT NULL,
    hash bytea NOT NULL,
    mark bytea NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (id, kind)
);

-- local
-- written once
-- The log itself: batches in the order in which the sealer appended them.
CREATE TABLE sealing.entry (
    position bigint PRIMARY KEY CHECK (position >= 0),
    series uuid NOT NULL,
    number bigint NOT NULL,
    UNIQUE (series, number)
);

-- local
-- written once
-- Hashes of the log's whole subtrees; level 0 are the batches' own.
CREATE TABLE sealing.node (
    level smallint NOT NULL,
    position bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, position)
);

-- local
-- written once
-- The log at a length, signed; the hashes of its right edge let it grow.
CREATE TABLE sealing.head (
    size bigint PRIMARY KEY CHECK (size > 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    made_at timestamptz NOT NULL,
    signed bytea NOT NULL,
    edge bytea NOT NULL
);

-- local
-- written once
-- A witness's word on a head.
CREATE TABLE sealing.cosignature (
    size bigint PRIMARY KEY,
    root bytea NOT NULL CHECK (length(root) = 32),
    signed bytea NOT NULL,
    seen_at timestamptz NOT NULL
);

GRANT USAGE ON SCHEMA sealing TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON sealing.series TO yikatong_serving;
GRANT SELECT, INSERT ON sealing.batch TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON sealing.loose TO yikatong_serving;
GRANT SELECT, INSERT ON sealing.set_aside TO yikatong_serving;
GRANT SELECT, INSERT ON sealing.entry TO yikatong_serving;
GRANT SELECT, INSERT ON sealing.node TO yikatong_serving;
GRANT SELECT, INSERT ON sealing.head TO yikatong_serving;
GRANT SELECT, INSERT ON sealing.cosignature TO yikatong_serving;

-- places

CREATE SCHEMA places;

-- reference
-- A region: an area with one issuing authority, hosted by this installation or known as a peer.
CREATE TABLE places.region (
    code text PRIMARY KEY CHECK (code ~ '^[0-9]{6}$' AND code <> '000000'),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 60),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    hosted boolean NOT NULL,
    opened_on date NOT NULL
);

-- reference
-- What a division code meant between two days; a renamed division has a row for each meaning.
CREATE TABLE places.division (
    code text NOT NULL CHECK (code ~ '^[0-9]{6}$'),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 60),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    level text NOT NULL CHECK (level IN ('province', 'city', 'county', 'special', 'unassigned')),
    successors text[] NOT NULL CHECK (successors = '{}' OR valid_until IS NOT NULL),
    note text NOT NULL,
    PRIMARY KEY (code, valid_from)
);
CREATE UNIQUE INDEX division_in_force ON places.division (code) WHERE valid_until IS NULL;

GRANT USAGE ON SCHEMA places TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON places.region TO yikatong_serving;
GRANT SELECT, INSERT ON places.division TO yikatong_serving;

-- access

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

-- notices

CREATE SCHEMA notices;

-- distributed by bucket
-- What a resident is told: a template and its parameters, none of them personal, and how its delivery stands.
CREATE TABLE notices.notice (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    notice_id uuid NOT NULL,
    template text NOT NULL,
    params jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    tries_count integer NOT NULL CHECK (tries_count >= 0),
    next_try_at timestamptz,
    sent_at timestamptz,
    channel text,
    failure text CHECK (length(failure) <= 200),
    PRIMARY KEY (bucket, resident_id, notice_id),
    CHECK ((sent_at IS NULL) = (channel IS NULL)),
    CHECK (sent_at IS NULL OR next_try_at IS NULL)
);
CREATE INDEX notice_due ON notices.notice (bucket, next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX notice_by_age ON notices.notice (bucket, made_at);

GRANT USAGE ON SCHEMA notices TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON notices.notice TO yikatong_serving;

-- catalogue

CREATE SCHEMA catalogue;

-- `changed_version` is the catalogue's version as of a row's last change, so that a worker reads only what is new.

-- reference
-- Which small number stands for which item code inside a card code's answer; a number never changes its code.
CREATE TABLE catalogue.item_number (
    number integer PRIMARY KEY CHECK (number BETWEEN 1 AND 65535),
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(code) <= 24)
);

-- reference
-- Entries of the application item list, each with its four legal columns and its terms, from a day until another.
CREATE TABLE catalogue.item (
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    code text NOT NULL,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    number integer NOT NULL,
    list_version text NOT NULL CHECK (length(list_version) BETWEEN 1 AND 60),
    source text NOT NULL CHECK (length(source) BETWEEN 1 AND 300),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 120),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 200),
    aliases text[] NOT NULL,
    scenario_zh text NOT NULL CHECK (length(scenario_zh) BETWEEN 1 AND 400),
    place_zh text NOT NULL CHECK (length(place_zh) BETWEEN 1 AND 200),
    forms text[] NOT NULL CHECK (
        cardinality(forms) > 0 AND forms <@ ARRAY['card', 'qr', 'face', 'online', 'account', 'document']
    ),
    form_basis text NOT NULL CHECK (form_basis IN ('stated', 'class_rule')),
    item_class text NOT NULL CHECK (
        item_class IN ('identity', 'query', 'payment', 'benefit', 'settlement', 'record')
    ),
    scene text NOT NULL,
    line text CHECK (line ~ '^[a-z][a-z_]{0,31}$'),
    least_strength smallint NOT NULL CHECK (least_strength BETWEEN 1 AND 3),
    assurance_level smallint NOT NULL CHECK (assurance_level BETWEEN 0 AND 4),
    learns text[] NOT NULL,
    funding text[] NOT NULL,
    amount_required boolean NOT NULL,
    amount_fen_max bigint NOT NULL CHECK (amount_fen_max BETWEEN 0 AND 10000000000000),
    confirm_above_fen bigint CHECK (confirm_above_fen BETWEEN 0 AND amount_fen_max),
    clause text NOT NULL CHECK (length(clause) <= 400),
    search_text text NOT NULL,
    changed_version bigint NOT NULL CHECK (changed_version > 0),
    PRIMARY KEY (region, code, valid_from),
    CHECK (amount_required = (amount_fen_max > 0)),
    CHECK (NOT amount_required OR line IS NULL OR cardinality(funding) > 0)
);
CREATE UNIQUE INDEX item_in_force ON catalogue.item (region, code) WHERE valid_until IS NULL;
CREATE INDEX item_changed ON catalogue.item (changed_version);

-- reference
-- Organisations that serve residents; the bank reference is the bank's own handle, never an account number.
CREATE TABLE catalogue.provider (
    id uuid PRIMARY KEY,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    credit_code text NOT NULL CHECK (length(credit_code) = 18),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 120),
    name_en text NOT NULL CHECK (length(name_en) <= 200),
    kind text NOT NULL,
    receivable_limit_fen bigint NOT NULL CHECK (receivable_limit_fen BETWEEN 0 AND 10000000000000),
    bank_reference text CHECK (bank_reference ~ '^[A-Za-z][A-Za-z0-9._:-]{2,63}$'),
    registered_at timestamptz NOT NULL,
    changed_version bigint NOT NULL CHECK (changed_version > 0),
    UNIQUE (region, credit_code)
);
CREATE INDEX provider_changed ON catalogue.provider (changed_version);

-- reference
-- Where a provider serves.
CREATE TABLE catalogue.place (
    id uuid PRIMARY KEY,
    provider_id uuid NOT NULL REFERENCES catalogue.provider (id),
    division text NOT NULL CHECK (division ~ '^[0-9]{6}$'),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 120),
    name_en text NOT NULL CHECK (length(name_en) <= 200),
    registered_at timestamptz NOT NULL,
    changed_version bigint NOT NULL CHECK (changed_version > 0),
    UNIQUE (provider_id, name_zh)
);
CREATE INDEX place_changed ON catalogue.place (changed_version);

-- reference
-- Devices that taps are made at, with the purposes they are allowed and the public key that signs their challenges.
CREATE TABLE catalogue.terminal (
    id uuid PRIMARY KEY,
    provider_id uuid NOT NULL REFERENCES catalogue.provider (id),
    place_id uuid NOT NULL REFERENCES catalogue.place (id),
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    label text NOT NULL CHECK (length(label) BETWEEN 1 AND 120),
    purposes text[] NOT NULL CHECK (cardinality(purposes) > 0),
    learns text[] NOT NULL,
    items text[] CHECK (cardinality(items) > 0),
    algorithm text NOT NULL,
    public_key bytea NOT NULL UNIQUE CHECK (octet_length(public_key) BETWEEN 32 AND 512),
    registered_at timestamptz NOT NULL,
    revoked_at timestamptz,
    changed_version bigint NOT NULL CHECK (changed_version > 0)
);
CREATE INDEX terminal_of_provider ON catalogue.terminal (provider_id);
CREATE INDEX terminal_changed ON catalogue.terminal (changed_version);

-- reference
-- Which region's cards are recognised in another region, for a class of items or for one item.
CREATE TABLE catalogue.recognition (
    from_region text NOT NULL CHECK (from_region ~ '^[0-9]{6}$'),
    to_region text NOT NULL CHECK (to_region ~ '^[0-9]{6}$' AND to_region <> from_region),
    scope text NOT NULL CHECK (scope IN ('class', 'item')),
    subject text NOT NULL,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    PRIMARY KEY (from_region, to_region, scope, subject, valid_from)
);
CREATE UNIQUE INDEX recognition_in_force ON catalogue.recognition (from_region, to_region, scope, subject)
    WHERE valid_until IS NULL;

GRANT USAGE ON SCHEMA catalogue TO yikatong_serving;
GRANT SELECT, INSERT ON catalogue.item_number TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON catalogue.item TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON catalogue.provider TO yikatong_serving;
GRANT SELECT, INSERT ON catalogue.place TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON catalogue.terminal TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON catalogue.recognition TO yikatong_serving;

-- cards

CREATE SCHEMA cards;

-- reference
-- What a region has decided for itself about cards; a region without a row follows the defaults of rules.
CREATE TABLE cards.region_rule (
    region text PRIMARY KEY,
    formal_loss_can_be_released boolean NOT NULL,
    replacement_wait_months smallint NOT NULL CHECK (replacement_wait_months BETWEEN 0 AND 120),
    family_list text NOT NULL CHECK (family_list IN ('ten_places', 'eight_relatives'))
);

-- distributed by bucket
-- People served: where they belong and whether they live; nothing personal.
CREATE TABLE cards.resident (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    region text NOT NULL,
    division text NOT NULL CHECK (division ~ '^[0-9]{6,12}$'),
    status text NOT NULL CHECK (status IN ('alive', 'left', 'dead')),
    made_at timestamptz NOT NULL,
    status_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id)
);

-- distributed by bucket
-- The only personal fields of the platform, each sealed with the resident's data key; erasure empties the row.
CREATE TABLE cards.person (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    wrapped_key bytea,
    name bytea,
    id_number bytea,
    id_type bytea,
    sex bytea,
    birth bytea,
    nation bytea,
    phone bytea,
    address bytea,
    erased_at timestamptz,
    PRIMARY KEY (bucket, resident_id),
    CHECK ((erased_at IS NULL) = (wrapped_key IS NOT NULL)),
    CHECK (erased_at IS NULL OR num_nonnulls(name, id_number, id_type, sex, birth, nation, phone, address) = 0)
);

-- distributed by mark
-- Which resident an ID number belongs to, by its keyed mark; a number is claimed once.
CREATE TABLE cards.id_mark (
    mark bytea PRIMARY KEY CHECK (octet_length(mark) = 32),
    resident_id uuid NOT NULL,
    made_at timestamptz NOT NULL
);

-- distributed by bucket
-- One row a resident, locked first by every decision and command; carries the small-payment limits and what was spent.
CREATE TABLE cards.gate (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version >= 0),
    shown_limit_fen bigint NOT NULL CHECK (shown_limit_fen >= 0),
    shown_day_limit_fen bigint NOT NULL CHECK (shown_day_limit_fen >= shown_limit_fen),
    shown_on date,
    shown_spent_fen bigint NOT NULL CHECK (shown_spent_fen >= 0),
    unknown_posture_allowed boolean NOT NULL,
    payments_frozen_at timestamptz,
    PRIMARY KEY (bucket, resident_id),
    CHECK (shown_spent_fen = 0 OR shown_on IS NOT NULL)
);

-- distributed by bucket
-- Physical cards; state_version is the gate's version when the state last changed; algorithms are COSE numbers.
CREATE TABLE cards.card (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    region text NOT NULL,
    generation smallint NOT NULL CHECK (generation BETWEEN 0 AND 3),
    bank_code text NOT NULL CHECK (bank_code ~ '^[0-9]{3}$'),
    batch_id uuid,
    card_number text CHECK (card_number ~ '^[A-Z][0-9]{8}$'),
    state text NOT NULL CHECK (
        state IN ('making', 'sealed', 'active', 'temporarily_lost', 'lost', 'locked', 'cancelled')
    ),
    state_version bigint NOT NULL CHECK (state_version > 0),
    state_at timestamptz NOT NULL,
    chip_algorithm integer CHECK (chip_algorithm IN (-7, -8, -65918)),
    chip_public_key bytea,
    issued_on date,
    expires_on date,
    photo_on_file boolean NOT NULL,
    replaces_card_id uuid,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CHECK (state IN ('making', 'cancelled') OR num_nulls(card_number, issued_on, expires_on) = 0),
    CHECK (num_nulls(chip_algorithm, chip_public_key) IN (0, 2)),
    CHECK (num_nulls(issued_on, expires_on) IN (0, 2)),
    CHECK (issued_on < expires_on)
);
CREATE UNIQUE INDEX card_one_a_person ON cards.card (bucket, resident_id) WHERE state <> 'cancelled';
CREATE INDEX card_by_resident ON cards.card (bucket, resident_id);
CREATE INDEX card_to_be_made ON cards.card (bucket, region, made_at) WHERE state = 'making' AND batch_id IS NULL;
CREATE INDEX card_by_batch ON cards.card (bucket, batch_id) WHERE batch_id IS NOT NULL;

-- distributed by card_number
-- Which card bears a number; a number is given once in an issuing region.
CREATE TABLE cards.card_number (
    card_number text NOT NULL CHECK (card_number ~ '^[A-Z][0-9]{8}$'),
    region text NOT NULL,
    resident_id uuid NOT NULL,
    card_id uuid NOT NULL,
    PRIMARY KEY (card_number, region)
);

-- distributed by bucket
-- Written once: every change of a card's state, in the order of the gate's versions.
CREATE TABLE cards.card_event (
    bucket smallint NOT NULL,
    card_id uuid NOT NULL,
    gate_version bigint NOT NULL CHECK (gate_version > 0),
    resident_id uuid NOT NULL,
    command text NOT NULL,
    state_before text,
    state_after text NOT NULL,
    reason text NOT NULL,
    by_kind text NOT NULL,
    by_id uuid NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, card_id, gate_version)
);

-- distributed by id
-- Batches of cards sent to be made, and what came back.
CREATE TABLE cards.production_batch (
    id uuid PRIMARY KEY,
    region text NOT NULL,
    batch_number text NOT NULL CHECK (batch_number ~ '^[0-9A-Z]{8,32}$'),
    card_count integer NOT NULL CHECK (card_count BETWEEN 1 AND 5000),
    state text NOT NULL CHECK (state IN ('out', 'returned')),
    made_count integer CHECK (made_count BETWEEN 0 AND card_count),
    made_at timestamptz NOT NULL,
    returned_at timestamptz,
    CHECK ((state = 'returned') = (returned_at IS NOT NULL)),
    CHECK ((made_count IS NULL) = (returned_at IS NULL))
);

-- distributed by bucket
-- E-cards: the sign level, the password, and the gate's version at which the e-card was last associated with its card.
CREATE TABLE cards.e_card (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    card_id uuid NOT NULL,
    level smallint NOT NULL CHECK (level IN (1, 2)),
    sign_no text NOT NULL CHECK (sign_no ~ '^[0-9A-F]{32}$'),
    valid_until date NOT NULL,
    associated_version bigint NOT NULL CHECK (associated_version > 0),
    password_hash text NOT NULL,
    password_failures smallint NOT NULL CHECK (password_failures BETWEEN 0 AND 6),
    made_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX e_card_one_a_person ON cards.e_card (bucket, resident_id) WHERE cancelled_at IS NULL;
CREATE INDEX e_card_by_end ON cards.e_card (bucket, cancelled_at) WHERE cancelled_at IS NOT NULL;

-- distributed by bucket
-- Channels in which an e-card was opened: the wallet app, a bank's app, a mini-program.
CREATE TABLE cards.association (
    bucket smallint NOT NULL,
    e_card_id uuid NOT NULL,
    channel text NOT NULL CHECK (channel ~ '^[a-z][a-z0-9_]{1,31}$'),
    resident_id uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    unlinked_at timestamptz,
    PRIMARY KEY (bucket, e_card_id, channel)
);
CREATE INDEX association_by_resident ON cards.association (bucket, resident_id);

-- distributed by bucket
-- Devices a resident has enrolled, each by the public half of its enrolment key; when each last signed for a session.
CREATE TABLE cards.device (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    e_card_id uuid NOT NULL,
    channel text NOT NULL,
    platform text NOT NULL CHECK (platform ~ '^[a-z][a-z0-9_.-]{1,31}$'),
    shell text NOT NULL CHECK (shell IN ('native', 'web')),
    algorithm integer NOT NULL CHECK (algorithm IN (-7, -8, -65918)),
    public_key bytea NOT NULL,
    enrolled_at timestamptz NOT NULL,
    session_signed_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX device_key_once ON cards.device (bucket, resident_id, public_key);

-- distributed by bucket
-- The bank account bound to a resident's e-card: an opaque token of the bank and the last four digits.
CREATE TABLE cards.bank_binding (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    bank_code text NOT NULL CHECK (bank_code ~ '^[0-9]{3}$'),
    token text NOT NULL CHECK (octet_length(token) BETWEEN 8 AND 128),
    tail text NOT NULL CHECK (tail ~ '^[0-9]{4}$'),
    bound_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX bank_binding_one_a_person ON cards.bank_binding (bucket, resident_id) WHERE ended_at IS NULL;
CREATE INDEX bank_binding_by_end ON cards.bank_binding (bucket, ended_at) WHERE ended_at IS NOT NULL;

-- distributed by bucket
-- Guardians, kept in the ward's bucket.
CREATE TABLE cards.guardian (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    guardian_id uuid NOT NULL,
    relation text NOT NULL CHECK (relation IN ('21', '22', '31', '32', '0')),
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (bucket, resident_id, guardian_id),
    CHECK (resident_id <> guardian_id)
);

-- distributed by bucket
-- Relatives whose e-cards a holder may show, kept in the holder's bucket.
CREATE TABLE cards.family_member (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    member_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('elderly', 'child', 'spouse', 'other')),
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (bucket, resident_id, member_id),
    CHECK (resident_id <> member_id)
);

-- distributed by bucket
-- Concessions a resident holds; terminals learn that one is valid, never why.
CREATE TABLE cards.concession (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    class text NOT NULL CHECK (class ~ '^[a-z][a-z0-9_]{1,31}$'),
    granted_on date NOT NULL,
    valid_until date NOT NULL,
    PRIMARY KEY (bucket, resident_id, class),
    CHECK (granted_on <= valid_until)
);

GRANT USAGE ON SCHEMA cards TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.region_rule TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.resident TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.person TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON cards.id_mark TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.gate TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.card TO yikatong_serving;
GRANT SELECT, INSERT ON cards.card_number TO yikatong_serving;
GRANT SELECT, INSERT ON cards.card_event TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.production_batch TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.e_card TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.association TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.device TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.bank_binding TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.guardian TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.family_member TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON cards.concession TO yikatong_serving;

-- ledger

CREATE SCHEMA ledger;

-- distributed by bucket
-- An account with a floor: one row in its owner's bucket. Positive is what we owe the owner.
CREATE TABLE ledger.account (
    bucket smallint NOT NULL,
    owner_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    label text NOT NULL,
    floor_fen bigint NOT NULL,
    posted_fen bigint NOT NULL,
    held_fen bigint NOT NULL,
    version bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    frozen_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (bucket, owner_id, id),
    CONSTRAINT kind_has_a_floor CHECK (kind IN ('purse', 'benefit', 'allowance', 'budget', 'claim')),
    CONSTRAINT held_is_not_negative CHECK (held_fen >= 0),
    CONSTRAINT floor_holds CHECK (posted_fen - held_fen >= floor_fen),
    CONSTRAINT closed_is_empty CHECK (closed_at IS NULL OR (posted_fen = 0 AND held_fen = 0))
);

-- distributed by bucket
-- An account without a floor: one row per bucket and writer, so that no payee is a place where payers queue.
-- Writer 0 is the account's gate: whoever lowers an account that has a limit locks that row first.
-- A slice of a budget has that row alone, and is not lowered below zero.
CREATE TABLE ledger.open_account (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    writer smallint NOT NULL,
    kind text NOT NULL,
    owner_id uuid NOT NULL,
    label text NOT NULL,
    posted_fen bigint NOT NULL,
    PRIMARY KEY (bucket, account_id, writer),
    CONSTRAINT kind_has_no_floor CHECK (
        kind IN (
            'provider_receivable', 'provider_debt', 'bank_clearing', 'payout_clearing', 'region_clearing',
            'reserve_nostro', 'reserve_clearing', 'escheat', 'funding', 'budget_slice', 'budget_leases', 'reclaimed'
        )
    ),
    CONSTRAINT slice_is_one_row_and_not_negative CHECK (kind <> 'budget_slice' OR (writer = 0 AND posted_fen >= 0))
);

-- distributed by bucket
-- written once
-- A transfer, whole: the accounts and, at the same places, what each gained. Its sides sum to zero.
CREATE TABLE ledger.transfer (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    reference uuid NOT NULL,
    accounts uuid[] NOT NULL,
    legs bigint[] NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CONSTRAINT kind_is_known CHECK (
        kind IN (
            'payment', 'refund', 'reversal', 'top_up', 'grant', 'settlement', 'payout', 'return', 'debt',
            'closing', 'correction', 'reserve', 'lease', 'set_aside', 'release', 'reclaim'
        )
    ),
    CONSTRAINT legs_are_two_to_eight CHECK (
        cardinality(legs) BETWEEN 2 AND 8 AND cardinality(accounts) = cardinality(legs)
        AND array_lower(legs, 1) = 1 AND array_lower(accounts, 1) = 1
    ),
    CONSTRAINT legs_sum_to_zero CHECK (
        legs[1] + legs[2] + coalesce(legs[3], 0) + coalesce(legs[4], 0) + coalesce(legs[5], 0)
        + coalesce(legs[6], 0) + coalesce(legs[7], 0) + coalesce(legs[8], 0) = 0
    ),
    CONSTRAINT legs_are_not_zero CHECK (0 <> ALL (legs) AND array_position(legs, NULL) IS NULL)
);

-- distributed by bucket
-- written once
-- One side of a transfer under its account. The day comes first, so that what is written today stays together in the
-- index and an account's days are found without reading other days.
CREATE TABLE ledger.entry (
    bucket smallint NOT NULL,
    posted_on date NOT NULL,
    account_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    ordinal smallint NOT NULL,
    amount_fen bigint NOT NULL,
    PRIMARY KEY (bucket, posted_on, account_id, transfer_id, ordinal),
    CONSTRAINT amount_is_not_zero CHECK (amount_fen <> 0)
);

-- distributed by bucket
-- An amount set aside on an account with a floor: pending, then posted, voided or expired, once.
CREATE TABLE ledger.hold (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_fen bigint NOT NULL,
    status text NOT NULL,
    reference uuid NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    transfer_id uuid,
    PRIMARY KEY (bucket, id),
    CONSTRAINT amount_is_positive CHECK (amount_fen > 0),
    CONSTRAINT status_is_known CHECK (status IN ('pending', 'posted', 'voided', 'expired')),
    CONSTRAINT pending_has_not_ended CHECK ((status = 'pending') = (ended_at IS NULL)),
    CONSTRAINT posted_has_a_transfer CHECK ((status = 'posted') = (transfer_id IS NOT NULL))
);

CREATE INDEX hold_pending ON ledger.hold (bucket, owner_id) WHERE status = 'pending';

GRANT USAGE ON SCHEMA ledger TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON ledger.account TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON ledger.open_account TO yikatong_serving;
GRANT SELECT, INSERT ON ledger.transfer TO yikatong_serving;
GRANT SELECT, INSERT ON ledger.entry TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON ledger.hold TO yikatong_serving;

-- codes

CREATE SCHEMA codes;

-- distributed by bucket
-- Certificates given to wallets; a serial counts the certificates of a resident and is sealed in the alias.
CREATE TABLE codes.certificate (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    serial bigint NOT NULL CHECK (serial >= 0 AND serial < 281474976710656),
    e_card_id uuid NOT NULL,
    device_id uuid NOT NULL,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    scene_group text NOT NULL CHECK (scene_group IN ('transit', 'health', 'retail', 'places')),
    algorithm integer NOT NULL CHECK (algorithm IN (-7, -8, -65918)),
    show_key bytea NOT NULL CHECK (octet_length(show_key) IN (32, 33)),
    status_index bigint NOT NULL CHECK (status_index >= 0),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'revoked')),
    state_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, resident_id, serial),
    CHECK (made_at < expires_at),
    CHECK (made_at <= state_at)
);
CREATE INDEX certificate_made ON codes.certificate USING brin (made_at);
CREATE INDEX certificate_not_active ON codes.certificate (bucket, region, status_index) WHERE state <> 'active';

-- distributed by bucket
-- Certificates of the chips of plastic cards, for terminals without a network; a card may have several, one after another.
CREATE TABLE codes.chip_certificate (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    status_index bigint NOT NULL CHECK (status_index >= 0),
    card_id uuid NOT NULL,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'revoked')),
    state_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, resident_id, status_index, made_at),
    CHECK (made_at < expires_at),
    CHECK (made_at <= state_at)
);
CREATE INDEX chip_certificate_not_active ON codes.chip_certificate (bucket, region, status_index)
    WHERE state <> 'active';

-- distributed by bucket
-- The next serial of each resident; the row is locked by whoever gives or stops certificates, so that none slips through.
CREATE TABLE codes.serial (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    next_serial bigint NOT NULL CHECK (next_serial >= 0),
    PRIMARY KEY (bucket, resident_id)
);

-- distributed by region
-- Blocks of 65536 status indexes; positions are given in the order of a permutation made from the seed; a block whose
-- certificates all expired 30 days ago is opened anew. Wallets and chips have blocks of their own: a chip's live for years.
CREATE TABLE codes.status_block (
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    number integer NOT NULL CHECK (number BETWEEN 0 AND 65535),
    kind text NOT NULL CHECK (kind IN ('wallet', 'chip')),
    seed bytea NOT NULL CHECK (octet_length(seed) = 16),
    next_position integer NOT NULL CHECK (next_position BETWEEN 0 AND 65536),
    is_open boolean NOT NULL,
    live_until timestamptz NOT NULL,
    PRIMARY KEY (region, number)
);
CREATE INDEX status_block_open ON codes.status_block (region, number) WHERE is_open;

-- distributed by region
-- The status list last published for each block that still has an unexpired certificate; a newer one replaces it.
CREATE TABLE codes.status_list (
    region text NOT NULL,
    number integer NOT NULL,
    made_at timestamptz NOT NULL,
    good_until timestamptz NOT NULL,
    token bytea NOT NULL,
    PRIMARY KEY (region, number),
    CHECK (made_at < good_until)
);

-- distributed by region
-- What each publication of status lists changed against the one before, and a digest of what came out; kept for some days.
CREATE TABLE codes.status_step (
    region text NOT NULL,
    made_at timestamptz NOT NULL,
    base_at timestamptz NOT NULL,
    changes bytea NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 16),
    PRIMARY KEY (region, made_at),
    CHECK (base_at < made_at)
);

GRANT USAGE ON SCHEMA codes TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON codes.certificate TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON codes.chip_certificate TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON codes.serial TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON codes.status_block TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON codes.status_list TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON codes.status_step TO yikatong_serving;

-- payouts

CREATE SCHEMA payouts;

-- distributed by provider_id
-- written once
-- What one Shanghai day did to one provider's receivable, over all buckets.
CREATE TABLE payouts.provider_statement (
    provider_id uuid NOT NULL,
    day_on date NOT NULL,
    opening_fen bigint NOT NULL,
    sales_count integer NOT NULL CHECK (sales_count >= 0),
    sales_fen bigint NOT NULL CHECK (sales_fen >= 0),
    refunds_count integer NOT NULL CHECK (refunds_count >= 0),
    refunds_fen bigint NOT NULL CHECK (refunds_fen >= 0),
    reversals_count integer NOT NULL CHECK (reversals_count >= 0),
    reversals_fen bigint NOT NULL CHECK (reversals_fen >= 0),
    settled_fen bigint NOT NULL,
    netted_fen bigint NOT NULL,
    other_fen bigint NOT NULL,
    closing_fen bigint NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, day_on),
    CONSTRAINT statement_adds_up CHECK (
        opening_fen + sales_fen - refunds_fen - reversals_fen - settled_fen - netted_fen + other_fen = closing_fen
    )
);

-- distributed by provider_id
-- One payment to one provider for the days until `day_on`: prepared, sent to the bank, then paid or returned.
CREATE TABLE payouts.settlement (
    provider_id uuid NOT NULL,
    day_on date NOT NULL,
    request_id uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    status text NOT NULL CHECK (status IN ('prepared', 'sent', 'paid', 'returned')),
    prepared_at timestamptz NOT NULL,
    sent_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (provider_id, day_on),
    CONSTRAINT ended_has_an_instant CHECK ((status IN ('paid', 'returned')) = (ended_at IS NOT NULL)),
    CONSTRAINT sent_before_ended CHECK (status = 'prepared' OR sent_at IS NOT NULL)
);

CREATE INDEX settlement_under_way ON payouts.settlement (prepared_at) WHERE status IN ('prepared', 'sent');

-- distributed by id
-- What a bank was asked, written before the call. The id makes the bank do it once; `bank_token` is the bank's own
-- handle of an account. A row without an amount is a reversal that came before its request: the request is not made.
CREATE TABLE payouts.bank_request (
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('debit', 'credit', 'pay_out')),
    bank_code text,
    bank_token text,
    amount_fen bigint CHECK (amount_fen > 0),
    payee text,
    memo text,
    state text NOT NULL CHECK (state IN ('asked', 'unknown', 'reversing', 'done', 'refused', 'reversed')),
    refusal text,
    bank_reference text,
    booked_on date,
    reversed_on date,
    asked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT only_a_reversal_lacks_an_amount CHECK (
        amount_fen IS NOT NULL OR state = 'reversed'
    ),
    CONSTRAINT done_has_a_reference CHECK (state <> 'done' OR (bank_reference IS NOT NULL AND booked_on IS NOT NULL)),
    CONSTRAINT refused_has_a_refusal CHECK (state <> 'refused' OR refusal IS NOT NULL)
);

CREATE INDEX bank_request_unresolved ON payouts.bank_request (changed_at)
WHERE state IN ('asked', 'unknown', 'reversing');

CREATE INDEX bank_request_booked ON payouts.bank_request (booked_on) WHERE booked_on IS NOT NULL;

CREATE INDEX bank_request_reversed ON payouts.bank_request (reversed_on) WHERE reversed_on IS NOT NULL;

-- distributed by bucket
-- What was in the purse of a card that ended, on its way to the bank account that was bound: prepared, then paid, or
-- kept for whoever claims it. Its request to the bank has the same id.
CREATE TABLE payouts.balance_payout (
    bucket smallint NOT NULL,
    request_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    bank_code text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    status text NOT NULL CHECK (status IN ('prepared', 'paid', 'kept')),
    prepared_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (bucket, request_id),
    CONSTRAINT ended_balance_has_an_instant CHECK ((status = 'prepared') = (ended_at IS NULL))
);

CREATE INDEX balance_payout_under_way ON payouts.balance_payout (bucket, prepared_at) WHERE status = 'prepared';

-- distributed by id
-- A list of people to be paid, from its opening until its batch. `once_per` says what is paid once; no name is kept.
CREATE TABLE payouts.roster (
    id uuid NOT NULL,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    division text NOT NULL CHECK (division ~ '^[0-9]{6,12}$'),
    scheme text NOT NULL CHECK (length(scheme) BETWEEN 1 AND 64),
    period text NOT NULL CHECK (length(period) BETWEEN 1 AND 32),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    once_per text NOT NULL CHECK (once_per IN ('person', 'reference')),
    budget_owner_id uuid NOT NULL,
    budget_label text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'checked', 'published', 'final', 'withdrawn')),
    last_line integer NOT NULL CHECK (last_line >= 0),
    line_count integer NOT NULL CHECK (line_count BETWEEN 0 AND last_line),
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    clear_count integer NOT NULL CHECK (clear_count BETWEEN 0 AND line_count),
    clear_fen bigint NOT NULL CHECK (clear_fen BETWEEN 0 AND amount_fen),
    batch_id uuid,
    opened_at timestamptz NOT NULL,
    opened_by uuid NOT NULL,
    checked_at timestamptz,
    public_from date,
    public_until date,
    final_at timestamptz,
    PRIMARY KEY (id),
    CONSTRAINT public_for_a_time CHECK (num_nulls(public_from, public_until) IN (0, 2) AND public_from < public_until),
    CONSTRAINT published_says_for_how_long CHECK (state NOT IN ('published', 'final') OR public_until IS NOT NULL),
    CONSTRAINT final_has_an_instant CHECK ((state = 'final') <= (final_at IS NOT NULL)),
    CONSTRAINT batch_comes_from_a_final_roster CHECK (batch_id IS NULL OR state = 'final')
);

CREATE INDEX roster_by_place ON payouts.roster (region, division, opened_at);

-- distributed by bucket
-- One person of a roster: how much, for what (an opaque reference), and what was found against paying it.
CREATE TABLE payouts.roster_line (
    bucket smallint NOT NULL,
    roster_id uuid NOT NULL,
    line integer NOT NULL CHECK (line > 0),
    resident_id uuid NOT NULL,
    reference uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    name_differs boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('entered', 'clear', 'held', 'removed')),
    finding text,
    bank_code text,
    bank_token text,
    PRIMARY KEY (bucket, roster_id, line),
    CONSTRAINT held_has_a_finding CHECK ((state = 'held') = (finding IS NOT NULL)),
    CONSTRAINT clear_has_an_account CHECK (state <> 'clear' OR num_nulls(bank_code, bank_token) = 0)
);

CREATE UNIQUE INDEX roster_line_once ON payouts.roster_line (bucket, roster_id, reference) WHERE state <> 'removed';

-- distributed by bucket
-- What was promised to one person for one scheme and period, or for one reference: claimed by the line that pays it.
CREATE TABLE payouts.paid_once (
    bucket smallint NOT NULL,
    once_key uuid NOT NULL,
    resident_id uuid NOT NULL,
    roster_id uuid NOT NULL,
    line integer NOT NULL,
    PRIMARY KEY (bucket, once_key)
);

CREATE INDEX paid_once_by_roster ON payouts.paid_once (bucket, roster_id, line);

-- distributed by bucket
-- What was said against a line while its roster was public: a ground from a closed list, and how it was decided.
CREATE TABLE payouts.objection (
    bucket smallint NOT NULL,
    roster_id uuid NOT NULL,
    id uuid NOT NULL,
    line integer NOT NULL,
    resident_id uuid NOT NULL,
    ground text NOT NULL CHECK (ground IN ('not_entitled', 'deceased', 'amount_is_wrong', 'listed_twice', 'other')),
    state text NOT NULL CHECK (state IN ('open', 'upheld', 'dismissed')),
    made_at timestamptz NOT NULL,
    made_by uuid NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    PRIMARY KEY (bucket, roster_id, id),
    CONSTRAINT decided_by_somebody CHECK (
        (state = 'open') = (decided_at IS NULL) AND num_nulls(decided_at, decided_by) IN (0, 2)
    )
);

-- distributed by id
-- A batch of payments from one budget. What was issued is paid, returned, stopped or still open, at every commit.
CREATE TABLE payouts.batch (
    id uuid NOT NULL,
    roster_id uuid NOT NULL,
    source_batch_id uuid,
    round smallint NOT NULL CHECK (round >= 0),
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    division text NOT NULL CHECK (division ~ '^[0-9]{6,12}$'),
    title text NOT NULL,
    budget_owner_id uuid NOT NULL,
    budget_label text NOT NULL,
    state text NOT NULL CHECK (state IN ('issuing', 'new', 'applied', 'sending', 'sent', 'closed', 'deleted')),
    pay_on date,
    issued_count integer NOT NULL CHECK (issued_count >= 0),
    issued_fen bigint NOT NULL CHECK (issued_fen >= 0),
    open_count integer NOT NULL CHECK (open_count >= 0),
    open_fen bigint NOT NULL CHECK (open_fen >= open_count),
    paid_count integer NOT NULL CHECK (paid_count >= 0),
    paid_fen bigint NOT NULL CHECK (paid_fen >= paid_count),
    returned_count integer NOT NULL CHECK (returned_count >= 0),
    returned_fen bigint NOT NULL CHECK (returned_fen >= returned_count),
    stopped_count integer NOT NULL CHECK (stopped_count >= 0),
    stopped_fen bigint NOT NULL CHECK (stopped_fen >= stopped_count),
    made_at timestamptz NOT NULL,
    made_by uuid NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (id),
    CONSTRAINT every_fen_is_somewhere CHECK (issued_fen = open_fen + paid_fen + returned_fen + stopped_fen),
    CONSTRAINT every_line_is_somewhere CHECK (issued_count = open_count + paid_count + returned_count + stopped_count),
    CONSTRAINT ended_has_nothing_open CHECK (state NOT IN ('closed', 'deleted') OR open_count = 0),
    CONSTRAINT ended_batch_has_an_instant CHECK ((state IN ('closed', 'deleted')) = (ended_at IS NOT NULL)),
    CONSTRAINT nothing_is_paid_before_it_is_sent CHECK (
        state IN ('sending', 'sent', 'closed') OR (paid_count = 0 AND returned_count = 0)
    ),
    CONSTRAINT what_is_applied_for_has_an_amount CHECK (state NOT IN ('applied', 'sending', 'sent') OR pay_on IS NOT NULL),
    CONSTRAINT correction_has_a_source CHECK ((round > 0) = (source_batch_id IS NOT NULL))
);

CREATE INDEX batch_under_way ON payouts.batch (pay_on) WHERE state IN ('applied', 'sending', 'sent');
CREATE INDEX batch_by_place ON payouts.batch (region, division, made_at);

-- distributed by batch_id
-- The application to pay a batch: its money is set aside, then the bank has the files, or it was revoked.
CREATE TABLE payouts.application (
    batch_id uuid NOT NULL,
    id uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN ('submitted', 'paid', 'revoked')),
    submitted_at timestamptz NOT NULL,
    submitted_by uuid NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (batch_id, id),
    CONSTRAINT ended_application_has_an_instant CHECK ((state = 'submitted') = (ended_at IS NULL))
);

CREATE UNIQUE INDEX application_in_force ON payouts.application (batch_id) WHERE state <> 'revoked';

-- distributed by bucket
-- One payment to one person, by the bank's own handle of the account. Room is left in each page, because nearly every
-- line is changed once. A correction has the amount of its source as ceiling; a source is corrected once. What was
-- given up is never paid again.
CREATE TABLE payouts.batch_line (
    bucket smallint NOT NULL,
    batch_id uuid NOT NULL,
    line integer NOT NULL CHECK (line > 0),
    resident_id uuid NOT NULL,
    reference uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    bank_code text NOT NULL,
    bank_token text NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'stopped', 'paid', 'returned')),
    reason text,
    source_line integer,
    source_fen bigint,
    corrected_by uuid,
    paid_by uuid,
    back_by uuid,
    booked_on date,
    ended_at timestamptz,
    given_up_at timestamptz,
    PRIMARY KEY (bucket, batch_id, line),
    CONSTRAINT ended_line_has_an_instant CHECK ((state = 'issued') = (ended_at IS NULL)),
    CONSTRAINT stopped_or_returned_has_a_reason CHECK ((state IN ('stopped', 'returned')) = (reason IS NOT NULL)),
    CONSTRAINT paid_has_a_transfer CHECK (state <> 'paid' OR (paid_by IS NOT NULL AND back_by IS NULL)),
    CONSTRAINT returned_has_a_transfer CHECK (state <> 'returned' OR back_by IS NOT NULL),
    CONSTRAINT correction_is_under_its_source CHECK (
        num_nulls(source_line, source_fen) IN (0, 2) AND amount_fen <= source_fen
    ),
    CONSTRAINT only_what_was_not_paid_is_corrected CHECK (corrected_by IS NULL OR state IN ('stopped', 'returned')),
    CONSTRAINT only_what_is_not_paid_again_is_given_up CHECK (
        given_up_at IS NULL OR (corrected_by IS NULL AND state IN ('stopped', 'returned'))
    )
) WITH (fillfactor = 55);

CREATE INDEX batch_line_by_resident ON payouts.batch_line (bucket, resident_id);

-- distributed by batch_id
-- A part of a batch: consecutive lines of one bucket for one bank, and the file that carries them.
CREATE TABLE payouts.batch_part (
    batch_id uuid NOT NULL,
    part smallint NOT NULL CHECK (part > 0),
    line_bucket smallint NOT NULL,
    bank_code text NOT NULL,
    format text NOT NULL CHECK (format IN ('iso20022', 'csv')),
    first_line integer NOT NULL,
    last_line integer NOT NULL,
    line_count integer NOT NULL CHECK (line_count BETWEEN 0 AND last_line - first_line + 1),
    amount_fen bigint NOT NULL CHECK (amount_fen >= line_count),
    state text NOT NULL CHECK (state IN ('planned', 'drafted', 'sent')),
    digest bytea CHECK (length(digest) = 32),
    drafted_at timestamptz,
    sent_at timestamptz,
    PRIMARY KEY (batch_id, part),
    CONSTRAINT drafted_has_a_digest CHECK ((state = 'planned') = (digest IS NULL)),
    CONSTRAINT drafted_has_an_instant CHECK ((digest IS NULL) = (drafted_at IS NULL)),
    CONSTRAINT sent_part_has_an_instant CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);

-- distributed by digest
-- written once
-- What became of a file that a bank wrote, by the SM3 digest of its bytes: the same file is applied once. One that was
-- refused may come again and be applied.
CREATE TABLE payouts.return_file (
    bank_code text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    kind text CHECK (kind IN ('pain.002', 'camt.054', 'camt.053', 'csv')),
    state text NOT NULL CHECK (state IN ('applied', 'refused')),
    fault text,
    fault_line integer,
    report_count integer NOT NULL CHECK (report_count >= 0),
    paid_count integer NOT NULL CHECK (paid_count >= 0),
    paid_fen bigint NOT NULL CHECK (paid_fen >= 0),
    returned_count integer NOT NULL CHECK (returned_count >= 0),
    returned_fen bigint NOT NULL CHECK (returned_fen >= 0),
    already_count integer NOT NULL CHECK (already_count >= 0),
    difference_count integer NOT NULL CHECK (difference_count >= 0),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (bank_code, digest, state),
    CONSTRAINT refused_has_a_fault CHECK ((state = 'refused') = (fault IS NOT NULL)),
    CONSTRAINT applied_has_a_kind CHECK (state = 'refused' OR kind IS NOT NULL),
    CONSTRAINT refused_changed_nothing CHECK (state = 'applied' OR (paid_count = 0 AND returned_count = 0))
);

-- distributed by batch_id
-- written once
-- A payment of which a bank says what cannot be: it was kept for a person to look at, and nothing was changed for it.
CREATE TABLE payouts.payment_difference (
    batch_id uuid NOT NULL,
    line integer NOT NULL,
    file_digest bytea NOT NULL CHECK (length(file_digest) = 32),
    kind text NOT NULL CHECK (
        kind IN ('line_is_unknown', 'amount_differs', 'paid_after_return', 'stopped_yet_named', 'booked_twice')
    ),
    our_fen bigint,
    bank_fen bigint,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (batch_id, line, file_digest, kind)
);

-- distributed by roster_id
-- Work on a large roster that goes on page by page beside requests: what, how far it is, and what a check found so far.
CREATE TABLE payouts.roster_work (
    roster_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('check', 'issue')),
    state text NOT NULL CHECK (state IN ('open', 'done', 'dropped')),
    by_id uuid NOT NULL,
    last_line integer NOT NULL,
    line_count integer NOT NULL,
    next_bucket smallint NOT NULL CHECK (next_bucket >= 0),
    after_bank text NOT NULL,
    after_line integer NOT NULL,
    done_count integer NOT NULL CHECK (done_count BETWEEN 0 AND line_count),
    clear_count integer NOT NULL CHECK (clear_count BETWEEN 0 AND done_count),
    clear_fen bigint NOT NULL CHECK (clear_fen >= clear_count),
    found jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (roster_id, id),
    CONSTRAINT ended_work_has_an_instant CHECK ((state = 'open') = (ended_at IS NULL)),
    CONSTRAINT done_work_left_nothing_out CHECK (state <> 'done' OR done_count = line_count)
);

CREATE UNIQUE INDEX roster_work_open ON payouts.roster_work (roster_id) WHERE state = 'open';

GRANT USAGE ON SCHEMA payouts TO yikatong_serving;
GRANT SELECT, INSERT ON payouts.provider_statement TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.settlement TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.bank_request TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.balance_payout TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.roster TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.roster_line TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON payouts.paid_once TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.objection TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.batch TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.application TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.batch_line TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON payouts.batch_part TO yikatong_serving;
GRANT SELECT, INSERT ON payouts.return_file TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.roster_work TO yikatong_serving;
GRANT SELECT, INSERT ON payouts.payment_difference TO yikatong_serving;

-- trade_in

CREATE SCHEMA trade_in;

-- distributed by bucket
-- A claim as it stands: where its four tracks are, its days, amounts and parties, and under which sheet it runs. The
-- last 16 bits of its id are its resident's. `places` counts the bikes that the place pays for, empty where no number
-- was published. `to_release_fen` was released and still lies in the claim's account;
-- `sent_fen` is held and lies with payouts.
CREATE TABLE trade_in.claim (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 0),
    place text NOT NULL CHECK (place ~ '^[0-9]{6}$'),
    sheet text NOT NULL,
    count_key text NOT NULL,
    budget text NOT NULL CHECK (length(budget) BETWEEN 1 AND 64),
    places text NOT NULL CHECK (places = '' OR places LIKE budget || ':%'),
    facts text NOT NULL CHECK (length(facts) <= 4000),
    mode text NOT NULL CHECK (mode IN ('deduct_at_sale', 'claim_later')),
    needs text[] NOT NULL CHECK (
        needs <@ ARRAY['hand_in', 'dismantling', 'plate_cancellation', 'purchase', 'new_registration']
    ),
    old_code text NOT NULL CHECK (old_code ~ '^[0-9]{15}$'),
    old_battery text NOT NULL CHECK (old_battery IN ('lithium', 'lead_acid', 'other')),
    new_code text NOT NULL CHECK (new_code ~ '^([0-9]{15})?$' AND new_code <> old_code),
    state text NOT NULL CHECK (
        state IN (
            'draft', 'qualified', 'submitted', 'checked', 'published', 'approved', 'paid', 'rejected', 'expired',
            'withdrawn', 'refunded', 'reclaimed'
        )
    ),
    old_state text NOT NULL CHECK (old_state IN ('owned', 'in_store', 'at_recycler', 'dismantled')),
    plate_state text NOT NULL CHECK (plate_state IN ('none', 'registered', 'cancelled')),
    new_state text NOT NULL CHECK (new_state IN ('not_bought', 'sold', 'registered', 'returned')),
    received_on date,
    collected_on date,
    dismantled_on date,
    cancelled_on date,
    bought_on date,
    registered_on date,
    returned_on date,
    reserved_fen bigint NOT NULL,
    held_fen bigint NOT NULL,
    paid_fen bigint NOT NULL,
    owed_back_fen bigint NOT NULL,
    released_fen bigint NOT NULL,
    reclaimed_fen bigint NOT NULL,
    to_release_fen bigint NOT NULL,
    sent_fen bigint NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    price_fen bigint NOT NULL CHECK (price_fen >= 0),
    valid_until date,
    public_until date,
    old_store_id uuid,
    recycler_id uuid,
    store_id uuid,
    proof bytea CHECK (length(proof) = 32),
    was_resumed boolean NOT NULL,
    made_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id),
    CONSTRAINT no_part_is_negative CHECK (
        least(held_fen, paid_fen, owed_back_fen, released_fen, reclaimed_fen, to_release_fen, sent_fen) >= 0
    ),
    CONSTRAINT money_is_conserved CHECK (
        reserved_fen = held_fen + paid_fen + owed_back_fen + released_fen + reclaimed_fen
    ),
    CONSTRAINT what_waits_was_released CHECK (to_release_fen <= released_fen),
    CONSTRAINT what_was_sent_is_held CHECK (sent_fen <= held_fen),
    CONSTRAINT an_end_holds_nothing CHECK (
        held_fen = 0 OR state NOT IN ('draft', 'paid', 'expired', 'withdrawn', 'refunded', 'reclaimed')
    ),
    CONSTRAINT only_what_is_paid_was_paid CHECK ((state = 'paid') = (paid_fen > 0)),
    CONSTRAINT a_sale_has_its_bike CHECK (
        (new_state = 'not_bought') = (new_code = '') AND (new_state = 'not_bought') = (price_fen = 0)
        AND (new_state = 'not_bought') = (bought_on IS NULL) AND (new_state = 'not_bought') = (store_id IS NULL)
    ),
    CONSTRAINT handed_in_has_a_day CHECK ((old_state = 'owned') = (received_on IS NULL)),
    CONSTRAINT dismantled_has_a_day CHECK ((old_state = 'dismantled') = (dismantled_on IS NOT NULL)),
    CONSTRAINT cancelled_has_a_day CHECK ((plate_state = 'cancelled') = (cancelled_on IS NOT NULL))
);

CREATE INDEX claim_by_resident ON trade_in.claim (bucket, resident_id);
CREATE INDEX claim_by_place ON trade_in.claim (bucket, place, state);
CREATE INDEX claim_to_release ON trade_in.claim (bucket, changed_at) WHERE to_release_fen > 0;
CREATE INDEX claim_that_ends ON trade_in.claim (bucket, valid_until) WHERE state IN ('qualified', 'rejected');
CREATE INDEX claim_without_plate ON trade_in.claim (bucket, place, bought_on) WHERE new_state = 'sold';

-- distributed by bucket
-- written once
-- What was done to a claim: by whom, on which day, on whose request, from which states to which. The digest is of all
-- that was asked, so that the same request again is known, and another under its id.
CREATE TABLE trade_in.deed (
    bucket smallint NOT NULL,
    request_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    act text NOT NULL,
    actor text NOT NULL CHECK (
        actor IN ('resident', 'store', 'recycler', 'police', 'commerce', 'finance', 'platform')
    ),
    by_id uuid NOT NULL,
    done_on date NOT NULL,
    fen bigint NOT NULL,
    price_fen bigint NOT NULL,
    new_code text NOT NULL,
    until_on date,
    states_before text[] NOT NULL CHECK (cardinality(states_before) = 4),
    states_after text[] NOT NULL CHECK (cardinality(states_after) = 4),
    decision_id uuid,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id, request_id)
);

CREATE UNIQUE INDEX deed_in_order ON trade_in.deed (bucket, claim_id, number);

-- distributed by bucket
-- written once
-- A decision of the formula, also one that refused: amount, reasons, steps with their clauses, digests of formula,
-- sheet and inputs. All of it once more, with every input, is sealed with the resident's key. `assumed` names facts
-- that nobody knew yet and that were taken at their best.
CREATE TABLE trade_in.decision (
    bucket smallint NOT NULL,
    decision_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    request_id uuid NOT NULL,
    act text NOT NULL,
    asking text NOT NULL CHECK (asking IN ('estimate', 'claim')),
    place text NOT NULL,
    effective_on date NOT NULL,
    known_on date NOT NULL,
    decided_on date NOT NULL,
    formula text NOT NULL,
    formula_digest bytea NOT NULL CHECK (length(formula_digest) = 32),
    sheet text NOT NULL,
    sheet_digest bytea NOT NULL CHECK (length(sheet_digest) = 32),
    inputs_digest bytea NOT NULL CHECK (length(inputs_digest) = 32),
    assumed text[] NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    reason text,
    failed text[] NOT NULL,
    steps text NOT NULL,
    sealed bytea NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, decision_id),
    CONSTRAINT a_reason_leaves_nothing CHECK (
        (reason IS NULL) = (cardinality(failed) = 0) AND (reason IS NULL OR amount_fen = 0)
    )
);

CREATE INDEX decision_by_claim ON trade_in.decision (bucket, claim_id, decided_at);

-- distributed by bucket
-- The roster of payouts on which a claim stands, from when it is taken onto it until it leaves it unpaid.
CREATE TABLE trade_in.rostered (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    roster_id uuid NOT NULL,
    rostered_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id)
);

CREATE INDEX rostered_by_roster ON trade_in.rostered (bucket, roster_id, claim_id);

-- distributed by bucket
-- written once
-- What payouts told of a claim and the claim could not follow, with the chain's reason: for a person to look at.
CREATE TABLE trade_in.payment_at_odds (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    roster_id uuid NOT NULL,
    told text NOT NULL CHECK (told IN ('published', 'final', 'withdrawn', 'objected', 'paid', 'returned')),
    about uuid NOT NULL,
    reason text NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id, told, about)
);

-- distributed by bucket
-- written once
-- What the bank that took a claim's coupon says: the day, the price that was paid, its own number. It moves no claim,
-- and keeps it from being given up while its sale may be entered; whoever checks it holds it against what the store said.
CREATE TABLE trade_in.coupon_use (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    bank_id uuid NOT NULL,
    used_on date NOT NULL,
    price_fen bigint NOT NULL CHECK (price_fen > 0),
    reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 64),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id)
);

-- distributed by bucket
-- How many claims count for a person under one scheme, and how many may; no limit where none was published.
CREATE TABLE trade_in.person_count (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    count_key text NOT NULL,
    used integer NOT NULL,
    allowed integer,
    PRIMARY KEY (bucket, resident_id, count_key),
    CONSTRAINT chances_are_not_passed CHECK (used >= 0 AND (allowed IS NULL OR used <= allowed))
);

-- distributed by bucket
-- A sale that a store has entered: the tap that pays it takes the subsidy off. `tap_id` is null while it waits to be
-- paid; what was paid stays until the goods come back.
CREATE TABLE trade_in.prepared_sale (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    request_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    price_fen bigint NOT NULL CHECK (price_fen > 0),
    subsidy_fen bigint NOT NULL CHECK (subsidy_fen BETWEEN 1 AND price_fen),
    new_code text NOT NULL CHECK (new_code ~ '^[0-9]{15}$'),
    model text NOT NULL,
    clause text NOT NULL,
    bought_on date NOT NULL,
    prepared_at timestamptz NOT NULL,
    tap_id uuid,
    PRIMARY KEY (bucket, claim_id)
);

CREATE INDEX prepared_sale_by_resident ON trade_in.prepared_sale (bucket, resident_id);

-- distributed by code
-- A vehicle and the claim and role for which it counts: the only place where a code is unique, whatever region or
-- bucket. `held_until` is the term of a code that was claimed and that no claim counts yet; null once one does.
CREATE TABLE trade_in.vehicle (
    code text NOT NULL CHECK (code ~ '^[0-9]{15}$'),
    claim_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('old', 'new')),
    held_until timestamptz,
    PRIMARY KEY (code)
);

CREATE INDEX vehicle_not_counted ON trade_in.vehicle (held_until) WHERE held_until IS NOT NULL;

-- distributed by store_id
-- An old lithium bike in a store, from its hand-in until it is collected: it must not stay overnight.
CREATE TABLE trade_in.overnight (
    store_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    place text NOT NULL,
    old_code text NOT NULL,
    received_on date NOT NULL,
    PRIMARY KEY (store_id, claim_id)
);

-- distributed by place
-- How many applications of a day were refused for a reason, counted by each writer for itself.
CREATE TABLE trade_in.refusal (
    place text NOT NULL,
    refused_on date NOT NULL,
    reason text NOT NULL,
    writer smallint NOT NULL,
    refused integer NOT NULL CHECK (refused > 0),
    PRIMARY KEY (place, refused_on, reason, writer)
);

-- reference
-- A store or recycler on a place's list, by its credit code, with the days on which it is listed.
CREATE TABLE trade_in.listed_party (
    place text NOT NULL CHECK (place ~ '^[0-9]{6}$'),
    kind text NOT NULL CHECK (kind IN ('store', 'recycler')),
    credit_code text NOT NULL CHECK (length(credit_code) = 18),
    listed_from date NOT NULL,
    listed_until date CHECK (listed_until > listed_from),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    PRIMARY KEY (place, kind, credit_code, listed_from)
);

-- reference
-- The price that a store may not exceed for a model, on which rule, and on which days.
CREATE TABLE trade_in.price_pledge (
    place text NOT NULL CHECK (place ~ '^[0-9]{6}$'),
    credit_code text NOT NULL CHECK (length(credit_code) = 18),
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 60),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    rule text NOT NULL CHECK (
        rule IN ('lowest_month_before_policy', 'average_month_before_joining', 'filed_price')
    ),
    price_fen bigint NOT NULL CHECK (price_fen > 0),
    PRIMARY KEY (place, credit_code, model, valid_from)
);

GRANT USAGE ON SCHEMA trade_in TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.claim TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.deed TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.decision TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON trade_in.rostered TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.payment_at_odds TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.coupon_use TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.person_count TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON trade_in.prepared_sale TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON trade_in.vehicle TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON trade_in.overnight TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.refusal TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.listed_party TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.price_pledge TO yikatong_serving;

-- desk

CREATE SCHEMA desk;

-- distributed by bucket
-- written once
-- Cash that was paid into a purse at a counter: under which entry of the item list and by which rule, and who counted it.
CREATE TABLE desk.top_up (
    bucket smallint NOT NULL,
    transfer_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    card_id uuid NOT NULL,
    region text NOT NULL,
    item text NOT NULL,
    list_version text NOT NULL,
    rule text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    operator_id uuid NOT NULL,
    paid_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, transfer_id)
);

-- distributed by bucket
-- written once
-- What was kept of a cancelled card's balance and handed out at a counter: to the holder or an heir, and by whom.
CREATE TABLE desk.kept_payout (
    bucket smallint NOT NULL,
    transfer_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    card_id uuid NOT NULL,
    claimant text NOT NULL CHECK (claimant IN ('holder', 'heir')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    operator_id uuid NOT NULL,
    paid_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, transfer_id)
);

GRANT USAGE ON SCHEMA desk TO yikatong_serving;
GRANT SELECT, INSERT ON desk.top_up TO yikatong_serving;
GRANT SELECT, INSERT ON desk.kept_payout TO yikatong_serving;

-- taps

CREATE SCHEMA taps;

-- distributed by bucket
-- written once
-- Every tap that ended: one row, written when it ends, admitted or refused, with the signed code as it was received.
CREATE TABLE taps.tap (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    card_id uuid,
    terminal_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    request_id text NOT NULL,
    item text NOT NULL,
    form smallint NOT NULL,
    strength smallint NOT NULL,
    amount_fen bigint CHECK (amount_fen > 0),
    reason text,
    code_at timestamptz NOT NULL,
    nonce bytea NOT NULL,
    spends_nonce boolean NOT NULL,
    transfer_id uuid,
    learned text[] NOT NULL,
    decided_at timestamptz NOT NULL,
    facts bytea NOT NULL,
    evidence bytea NOT NULL CHECK (length(evidence) <= 2048),
    PRIMARY KEY (bucket, id),
    CHECK (transfer_id IS NULL OR (reason IS NULL AND amount_fen IS NOT NULL)),
    CHECK (reason IS NULL OR learned = '{}')
);

-- A code is good once: time first, so that a day's taps stay together in the index.
CREATE UNIQUE INDEX tap_code_once ON taps.tap (bucket, code_at, resident_id, nonce) WHERE spends_nonce;

-- What terminals learned of a resident is found by the resident; most taps tell nothing and are not in it.
CREATE INDEX tap_that_told ON taps.tap (bucket, resident_id, id) WHERE learned <> '{}';

-- distributed by terminal_id
-- written once
-- What a terminal asked under a request id, so that the same request gets the same receipt and another body is refused.
CREATE TABLE taps.request (
    terminal_id uuid NOT NULL,
    request_id text NOT NULL CHECK (length(request_id) BETWEEN 8 AND 64),
    tap_id uuid NOT NULL,
    bucket smallint NOT NULL,
    body_digest bytea NOT NULL CHECK (length(body_digest) = 16),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (terminal_id, request_id)
);

-- distributed by bucket
-- Taps that wait for the resident's confirmation or for the bank; a row leaves when its tap ends.
CREATE TABLE taps.waiting (
    bucket smallint NOT NULL,
    tap_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    waits_for text NOT NULL CHECK (waits_for IN ('confirmation', 'bank')),
    work bytea NOT NULL,
    hold_ids uuid[] NOT NULL,
    deadline_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, tap_id)
);

CREATE INDEX waiting_of_resident ON taps.waiting (bucket, resident_id);

-- distributed by bucket
-- written once
-- A reversal came: the original is undone if it is here, and refused if it arrives later.
CREATE TABLE taps.reversal (
    bucket smallint NOT NULL,
    tap_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    terminal_id uuid NOT NULL,
    transfer_id uuid,
    found text NOT NULL CHECK (found IN ('admitted', 'waiting', 'refused', 'nothing')),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, tap_id)
);

-- distributed by bucket
-- written once
-- Money given back for an admitted tap, wholly or in part.
CREATE TABLE taps.refund (
    bucket smallint NOT NULL,
    tap_id uuid NOT NULL,
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    terminal_id uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    transfer_id uuid NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, tap_id, id)
);

-- distributed by bucket
-- written once
-- A used code came again: both codes, as they were received, are kept as evidence.
CREATE TABLE taps.second_use (
    bucket smallint NOT NULL,
    tap_id uuid NOT NULL,
    first_tap_id uuid NOT NULL,
    second_code bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, tap_id)
);

CREATE INDEX second_use_by_instant ON taps.second_use (seen_at, tap_id);

-- distributed by terminal_id
-- written once
-- Refusals before a card is known, kept under the terminal within its daily quota.
CREATE TABLE taps.unread (
    terminal_id uuid NOT NULL,
    day date NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    reason text NOT NULL,
    request_id text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (terminal_id, day, number)
);

GRANT USAGE ON SCHEMA taps TO yikatong_serving;
GRANT SELECT, INSERT ON taps.tap TO yikatong_serving;
GRANT SELECT, INSERT ON taps.request TO yikatong_serving;
GRANT SELECT, INSERT, DELETE, UPDATE ON taps.waiting TO yikatong_serving;
GRANT SELECT, INSERT ON taps.reversal TO yikatong_serving;
GRANT SELECT, INSERT ON taps.refund TO yikatong_serving;
GRANT SELECT, INSERT ON taps.second_use TO yikatong_serving;
GRANT SELECT, INSERT ON taps.unread TO yikatong_serving;

-- offline

CREATE SCHEMA offline;

-- distributed by bucket
-- What a resident lets a terminal, or the terminals of a place, take without a network; a hold of the ledger carries it.
CREATE TABLE offline.allowance (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    id uuid NOT NULL,
    scene_group text NOT NULL CHECK (scene_group IN ('transit', 'health', 'retail', 'places')),
    provider_id uuid NOT NULL,
    place_id uuid NOT NULL,
    terminal_id uuid,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    spent_fen bigint NOT NULL,
    hold_number integer NOT NULL CHECK (hold_number >= 0),
    granted_at timestamptz NOT NULL,
    accept_until timestamptz NOT NULL,
    upload_until timestamptz NOT NULL,
    ended_at timestamptz,
    without_pin boolean NOT NULL,
    PRIMARY KEY (bucket, resident_id, id),
    CONSTRAINT spent_within_the_amount CHECK (spent_fen BETWEEN 0 AND amount_fen),
    CONSTRAINT times_follow CHECK (granted_at < accept_until AND accept_until < upload_until)
);

-- distributed by place_id
-- written once
-- Where an allowance may be taken, so that a terminal finds those of its place in whatever bucket they lie.
CREATE TABLE offline.allowance_of_place (
    place_id uuid NOT NULL,
    allowance_id uuid NOT NULL,
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    granted_at timestamptz NOT NULL,
    accept_until timestamptz NOT NULL,
    PRIMARY KEY (place_id, allowance_id)
);

-- distributed by terminal_id
-- The next number that a memory of a terminal may upload, and how many were forgotten after their term; the row is locked
-- while one is taken in.
CREATE TABLE offline.line (
    terminal_id uuid NOT NULL,
    memory bytea NOT NULL CHECK (octet_length(memory) = 8),
    next_sequence bigint NOT NULL CHECK (next_sequence > 0),
    forgotten bigint NOT NULL CHECK (forgotten >= 0),
    PRIMARY KEY (terminal_id, memory),
    CONSTRAINT forgotten_was_uploaded CHECK (forgotten < next_sequence)
);

-- distributed by terminal_id
-- written once
-- Every tap that was uploaded, as it came with its signed code, and its answer.
CREATE TABLE offline.upload (
    terminal_id uuid NOT NULL,
    memory bytea NOT NULL,
    sequence bigint NOT NULL,
    body bytea NOT NULL CHECK (octet_length(body) <= 4096),
    outcome text NOT NULL CHECK (outcome IN ('posted', 'refused', 'disputed')),
    reason text,
    bucket smallint,
    tap_id uuid,
    allowance_id uuid,
    amount_fen bigint,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (terminal_id, memory, sequence),
    CONSTRAINT posted_has_a_tap CHECK (outcome <> 'posted' OR (tap_id IS NOT NULL AND reason IS NULL)),
    CONSTRAINT others_have_a_reason CHECK (outcome = 'posted' OR reason IS NOT NULL)
);

-- distributed by bucket
-- Taps that residents signed for and no hold could pay, at the provider's risk, with what both sides say and how it was
-- decided; the tap's row has the signed code.
CREATE TABLE offline.dispute (
    bucket smallint NOT NULL,
    tap_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    terminal_id uuid NOT NULL,
    allowance_id uuid,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    reason text NOT NULL,
    opened_at timestamptz NOT NULL,
    provider_says text,
    resident_agrees boolean,
    decided_for text CHECK (decided_for IN ('provider', 'resident')),
    decided_at timestamptz,
    transfer_id uuid,
    PRIMARY KEY (bucket, tap_id),
    CONSTRAINT decided_is_whole CHECK ((decided_for IS NULL) = (decided_at IS NULL)),
    CONSTRAINT provider_is_paid CHECK ((decided_for IS NOT DISTINCT FROM 'provider') = (transfer_id IS NOT NULL))
);

CREATE INDEX dispute_of_resident ON offline.dispute (bucket, resident_id);

-- distributed by provider_id
-- written once
-- In which bucket each dispute of a provider lies.
CREATE TABLE offline.dispute_of_provider (
    provider_id uuid NOT NULL,
    tap_id uuid NOT NULL,
    bucket smallint NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, tap_id)
);

GRANT USAGE ON SCHEMA offline TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON offline.allowance TO yikatong_serving;
GRANT SELECT, INSERT ON offline.allowance_of_place TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON offline.line TO yikatong_serving;
GRANT SELECT, INSERT ON offline.upload TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON offline.dispute TO yikatong_serving;
GRANT SELECT, INSERT ON offline.dispute_of_provider TO yikatong_serving;
