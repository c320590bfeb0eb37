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
