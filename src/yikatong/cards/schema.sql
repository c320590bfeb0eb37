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
