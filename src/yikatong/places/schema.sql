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
