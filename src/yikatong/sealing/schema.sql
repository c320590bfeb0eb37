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
