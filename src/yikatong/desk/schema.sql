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

GRANT USAGE ON SCHEMA desk TO yikatong_serving;
GRANT SELECT, INSERT ON desk.top_up TO yikatong_serving;
