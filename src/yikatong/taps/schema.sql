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
