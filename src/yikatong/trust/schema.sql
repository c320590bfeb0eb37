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
