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
