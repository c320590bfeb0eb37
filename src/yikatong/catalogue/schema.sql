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
