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
