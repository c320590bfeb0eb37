-- name: insert_top_up
-- sentence: writes that cash was paid in
INSERT INTO desk.top_up
    (bucket, transfer_id, resident_id, card_id, region, item, list_version, rule, amount_fen, operator_id, paid_at)
VALUES (%(bucket)s, %(transfer_id)s, %(resident_id)s, %(card_id)s, %(region)s, %(item)s, %(list_version)s, %(rule)s,
    %(amount_fen)s, %(operator_id)s, %(paid_at)s);

-- name: list_top_ups
-- sentence: audit: everything that was paid in at counters, by bucket and transfer
SELECT bucket, transfer_id, resident_id, card_id, region, item, list_version, rule, amount_fen, operator_id, paid_at
FROM desk.top_up
ORDER BY bucket, transfer_id;

-- name: insert_kept_payout
-- sentence: writes that what was kept was handed out
INSERT INTO desk.kept_payout (bucket, transfer_id, resident_id, card_id, claimant, amount_fen, operator_id, paid_at)
VALUES (%(bucket)s, %(transfer_id)s, %(resident_id)s, %(card_id)s, %(claimant)s, %(amount_fen)s, %(operator_id)s,
    %(paid_at)s);

-- name: list_kept_payouts
-- sentence: audit: everything kept that was handed out at counters, by bucket and transfer
SELECT bucket, transfer_id, resident_id, card_id, claimant, amount_fen, operator_id, paid_at
FROM desk.kept_payout
ORDER BY bucket, transfer_id;
