CREATE SCHEMA payouts;

-- distributed by provider_id
-- written once
-- What one Shanghai day did to one provider's receivable, over all buckets.
CREATE TABLE payouts.provider_statement (
    provider_id uuid NOT NULL,
    day_on date NOT NULL,
    opening_fen bigint NOT NULL,
    sales_count integer NOT NULL CHECK (sales_count >= 0),
    sales_fen bigint NOT NULL CHECK (sales_fen >= 0),
    refunds_count integer NOT NULL CHECK (refunds_count >= 0),
    refunds_fen bigint NOT NULL CHECK (refunds_fen >= 0),
    reversals_count integer NOT NULL CHECK (reversals_count >= 0),
    reversals_fen bigint NOT NULL CHECK (reversals_fen >= 0),
    settled_fen bigint NOT NULL,
    other_fen bigint NOT NULL,
    closing_fen bigint NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, day_on),
    CONSTRAINT statement_adds_up CHECK (
        opening_fen + sales_fen - refunds_fen - reversals_fen - settled_fen + other_fen = closing_fen
    )
);

-- distributed by provider_id
-- One payment to one provider for the days until `day_on`: prepared, sent to the bank, then paid or returned.
CREATE TABLE payouts.settlement (
    provider_id uuid NOT NULL,
    day_on date NOT NULL,
    request_id uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    status text NOT NULL CHECK (status IN ('prepared', 'sent', 'paid', 'returned')),
    prepared_at timestamptz NOT NULL,
    sent_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (provider_id, day_on),
    CONSTRAINT ended_has_an_instant CHECK ((status IN ('paid', 'returned')) = (ended_at IS NOT NULL)),
    CONSTRAINT sent_before_ended CHECK (status = 'prepared' OR sent_at IS NOT NULL)
);

CREATE INDEX settlement_under_way ON payouts.settlement (prepared_at) WHERE status IN ('prepared', 'sent');

-- distributed by id
-- What a bank was asked, written before the call. The id makes the bank do it once; `bank_token` is the bank's own
-- handle of an account. A row without an amount is a reversal that came before its request: the request is not made.
CREATE TABLE payouts.bank_request (
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('debit', 'credit', 'pay_out')),
    bank_code text,
    bank_token text,
    amount_fen bigint CHECK (amount_fen > 0),
    payee text,
    memo text,
    state text NOT NULL CHECK (state IN ('asked', 'unknown', 'reversing', 'done', 'refused', 'reversed')),
    refusal text,
    bank_reference text,
    booked_on date,
    reversed_on date,
    asked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT only_a_reversal_lacks_an_amount CHECK (
        amount_fen IS NOT NULL OR state = 'reversed'
    ),
    CONSTRAINT done_has_a_reference CHECK (state <> 'done' OR (bank_reference IS NOT NULL AND booked_on IS NOT NULL)),
    CONSTRAINT refused_has_a_refusal CHECK (state <> 'refused' OR refusal IS NOT NULL)
);

CREATE INDEX bank_request_unresolved ON payouts.bank_request (changed_at)
WHERE state IN ('asked', 'unknown', 'reversing');

CREATE INDEX bank_request_booked ON payouts.bank_request (booked_on) WHERE booked_on IS NOT NULL;

CREATE INDEX bank_request_reversed ON payouts.bank_request (reversed_on) WHERE reversed_on IS NOT NULL;

-- distributed by bucket
-- What was in the purse of a card that ended, on its way to the bank account that was bound: prepared, then paid, or
-- kept for whoever claims it. Its request to the bank has the same id.
CREATE TABLE payouts.balance_payout (
    bucket smallint NOT NULL,
    request_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    bank_code text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    status text NOT NULL CHECK (status IN ('prepared', 'paid', 'kept')),
    prepared_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (bucket, request_id),
    CONSTRAINT ended_balance_has_an_instant CHECK ((status = 'prepared') = (ended_at IS NULL))
);

CREATE INDEX balance_payout_under_way ON payouts.balance_payout (bucket, prepared_at) WHERE status = 'prepared';

GRANT USAGE ON SCHEMA payouts TO yikatong_serving;
GRANT SELECT, INSERT ON payouts.provider_statement TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.settlement TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.bank_request TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.balance_payout TO yikatong_serving;
