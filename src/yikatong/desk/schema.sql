CREATE SCHEMA desk;

-- distributed by bucket
-- written once
-- Cash that was paid into a purse at a counter: under which entry of the item list and by which rule, and who counted it.
CREATE TABLE desk.top_up (
    bucket smallint NOT NULL,
    transfer_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    card_id uuid NOT NULL,
    region text NOT NULL,
    item text NOT NULL,
    list_version text NOT NULL,
    rule text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    operator_id uuid NOT NULL,
    paid_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, transfer_id)
);

-- distributed by bucket
-- written once
-- What was kept of a cancelled card's balance and handed out at a counter: to the holder or an heir, and by whom.
CREATE TABLE desk.kept_payout (
    bucket smallint NOT NULL,
    transfer_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    card_id uuid NOT NULL,
    claimant text NOT NULL CHECK (claimant IN ('holder', 'heir')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    operator_id uuid NOT NULL,
    paid_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, transfer_id)
);

GRANT USAGE ON SCHEMA desk TO yikatong_serving;
GRANT SELECT, INSERT ON desk.top_up TO yikatong_serving;
GRANT SELECT, INSERT ON desk.kept_payout TO yikatong_serving;
