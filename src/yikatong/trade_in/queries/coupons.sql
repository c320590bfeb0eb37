-- name: insert_coupon_use
-- sentence: keeps what a bank says of a coupon's use, once for a claim; returns the claim if it was not said before
INSERT INTO trade_in.coupon_use (
    bucket, claim_id, resident_id, bank_id, used_on, price_fen, reference, made_at
) VALUES (
    %(bucket)s, %(claim_id)s, %(resident_id)s, %(bank_id)s, %(used_on)s, %(price_fen)s, %(reference)s, %(made_at)s
)
ON CONFLICT (bucket, claim_id) DO NOTHING
RETURNING claim_id;

-- name: find_coupon_use
-- sentence: what a bank said of the use of a claim's coupon; locks nothing
SELECT bucket, claim_id, resident_id, bank_id, used_on, price_fen, reference, made_at
FROM trade_in.coupon_use
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s;

-- name: list_coupons
-- sentence: qualified claims of one bucket and place under some sheets whose coupon no bank has taken, after one id
SELECT c.claim_id, c.sheet, c.held_fen, c.facts
FROM trade_in.claim AS c
WHERE c.bucket = %(bucket)s AND c.place = %(place)s AND c.state = 'qualified' AND c.sheet = ANY (%(sheets)s::text[])
    AND c.claim_id > %(after)s
    AND NOT EXISTS (SELECT FROM trade_in.coupon_use AS u WHERE u.bucket = %(bucket)s AND u.claim_id = c.claim_id)
ORDER BY c.claim_id
LIMIT %(limit)s;

-- name: page_coupon_uses
-- sentence: audit, over all buckets: uses of coupons after one, in the order of their keys
SELECT bucket, claim_id, resident_id, bank_id, used_on, price_fen, reference, made_at
FROM trade_in.coupon_use
WHERE (bucket, claim_id) > (%(bucket)s, %(claim_id)s)
ORDER BY bucket, claim_id
LIMIT %(limit)s;

-- name: audit_coupon_uses
-- sentence: audit, over all buckets: uses of coupons of claims that there are not, or that are another resident's
SELECT u.claim_id
FROM trade_in.coupon_use AS u
LEFT JOIN trade_in.claim AS c
    ON c.bucket = u.bucket AND c.claim_id = u.claim_id AND c.resident_id = u.resident_id
WHERE c.claim_id IS NULL
ORDER BY u.claim_id;
