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
