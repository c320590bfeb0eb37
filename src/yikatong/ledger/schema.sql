CREATE SCHEMA ledger;

-- distributed by bucket
-- An account with a floor: one row in its owner's bucket. Positive is what we owe the owner.
CREATE TABLE ledger.account (
    bucket smallint NOT NULL,
    owner_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    label text NOT NULL,
    floor_fen bigint NOT NULL,
    posted_fen bigint NOT NULL,
    held_fen bigint NOT NULL,
    version bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    frozen_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (bucket, owner_id, id),
    CONSTRAINT kind_has_a_floor CHECK (kind IN ('purse', 'benefit', 'allowance', 'budget', 'claim')),
    CONSTRAINT held_is_not_negative CHECK (held_fen >= 0),
    CONSTRAINT floor_holds CHECK (posted_fen - held_fen >= floor_fen),
    CONSTRAINT closed_is_empty CHECK (closed_at IS NULL OR (posted_fen = 0 AND held_fen = 0))
);

-- distributed by bucket
-- An account without a floor: one row per bucket and writer, so that no payee is a place where payers queue.
-- Writer 0 is the account's gate: whoever lowers an account that has a limit locks that row first.
-- A slice of a budget has that row alone, and is not lowered below zero.
CREATE TABLE ledger.open_account (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    writer smallint NOT NULL,
    kind text NOT NULL,
    owner_id uuid NOT NULL,
    label text NOT NULL,
    posted_fen bigint NOT NULL,
    PRIMARY KEY (bucket, account_id, writer),
    CONSTRAINT kind_has_no_floor CHECK (
        kind IN (
            'provider_receivable', 'provider_debt', 'bank_clearing', 'payout_clearing', 'region_clearing',
            'reserve_nostro', 'reserve_clearing', 'escheat', 'funding', 'budget_slice', 'budget_leases', 'reclaimed'
        )
    ),
    CONSTRAINT slice_is_one_row_and_not_negative CHECK (kind <> 'budget_slice' OR (writer = 0 AND posted_fen >= 0))
);

-- distributed by bucket
-- written once
-- A transfer, whole: the accounts and, at the same places, what each gained. Its sides sum to zero.
CREATE TABLE ledger.transfer (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    reference uuid NOT NULL,
    accounts uuid[] NOT NULL,
    legs bigint[] NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CONSTRAINT kind_is_known CHECK (
        kind IN (
            'payment', 'refund', 'reversal', 'top_up', 'grant', 'settlement', 'payout', 'return', 'debt',
            'closing', 'correction', 'reserve', 'lease', 'set_aside', 'release', 'reclaim'
        )
    ),
    CONSTRAINT legs_are_two_to_eight CHECK (
        cardinality(legs) BETWEEN 2 AND 8 AND cardinality(accounts) = cardinality(legs)
        AND array_lower(legs, 1) = 1 AND array_lower(accounts, 1) = 1
    ),
    CONSTRAINT legs_sum_to_zero CHECK (
        legs[1] + legs[2] + coalesce(legs[3], 0) + coalesce(legs[4], 0) + coalesce(legs[5], 0)
        + coalesce(legs[6], 0) + coalesce(legs[7], 0) + coalesce(legs[8], 0) = 0
    ),
    CONSTRAINT legs_are_not_zero CHECK (0 <> ALL (legs) AND array_position(legs, NULL) IS NULL)
);

-- distributed by bucket
-- written once
-- One side of a transfer under its account. The day comes first, so that what is written today stays together in the
-- index and an account's days are found without reading other days.
CREATE TABLE ledger.entry (
    bucket smallint NOT NULL,
    posted_on date NOT NULL,
    account_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    ordinal smallint NOT NULL,
    amount_fen bigint NOT NULL,
    PRIMARY KEY (bucket, posted_on, account_id, transfer_id, ordinal),
    CONSTRAINT amount_is_not_zero CHECK (amount_fen <> 0)
);

-- distributed by bucket
-- An amount set aside on an account with a floor: pending, then posted, voided or expired, once.
CREATE TABLE ledger.hold (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_fen bigint NOT NULL,
    status text NOT NULL,
    reference uuid NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    transfer_id uuid,
    PRIMARY KEY (bucket, id),
    CONSTRAINT amount_is_positive CHECK (amount_fen > 0),
    CONSTRAINT status_is_known CHECK (status IN ('pending', 'posted', 'voided', 'expired')),
    CONSTRAINT pending_has_not_ended CHECK ((status = 'pending') = (ended_at IS NULL)),
    CONSTRAINT posted_has_a_transfer CHECK ((status = 'posted') = (transfer_id IS NOT NULL))
);

CREATE INDEX hold_pending ON ledger.hold (bucket, owner_id) WHERE status = 'pending';

GRANT USAGE ON SCHEMA ledger TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON ledger.account TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON ledger.open_account TO yikatong_serving;
GRANT SELECT, INSERT ON ledger.transfer TO yikatong_serving;
GRANT SELECT, INSERT ON ledger.entry TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON ledger.hold TO yikatong_serving;
