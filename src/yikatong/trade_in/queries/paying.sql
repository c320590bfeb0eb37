-- name: list_rosterable
-- sentence: claims of one bucket and place that wait to be paid later and stand on no roster, after one id: claim,
-- resident, amount
SELECT c.claim_id, c.resident_id, c.amount_fen
FROM trade_in.claim AS c
WHERE c.bucket = %(bucket)s AND c.place = %(place)s AND c.state IN ('checked', 'published') AND c.mode = 'claim_later'
    AND c.claim_id > %(after)s
    AND NOT EXISTS (
        SELECT FROM trade_in.rostered AS r WHERE r.bucket = %(bucket)s AND r.claim_id = c.claim_id
    )
ORDER BY c.claim_id
LIMIT %(limit)s;

-- name: insert_rostered
-- sentence: takes claims of one bucket onto a roster, leaving out those that stand on one; returns those taken now
INSERT INTO trade_in.rostered (bucket, claim_id, resident_id, roster_id, rostered_at)
SELECT %(bucket)s, d.claim_id, d.resident_id, %(roster_id)s, %(now)s
FROM unnest(%(claim_ids)s::uuid[], %(resident_ids)s::uuid[]) AS d (claim_id, resident_id)
ON CONFLICT (bucket, claim_id) DO NOTHING
RETURNING claim_id;

-- name: list_rostered
-- sentence: claims of one bucket that stand on a roster, after one id
SELECT claim_id, resident_id
FROM trade_in.rostered
WHERE bucket = %(bucket)s AND roster_id = %(roster_id)s AND claim_id > %(after)s
ORDER BY claim_id
LIMIT %(limit)s;

-- name: find_rostered
-- sentence: the roster on which a claim stands
SELECT roster_id FROM trade_in.rostered
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s;

-- name: delete_rostered
-- sentence: lets a claim leave a roster; returns it if it stood there
DELETE FROM trade_in.rostered
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND roster_id = %(roster_id)s
RETURNING claim_id;

-- name: insert_payment_at_odds
-- sentence: keeps what payouts told of a claim that cannot follow, once
INSERT INTO trade_in.payment_at_odds (bucket, claim_id, resident_id, roster_id, told, about, reason, found_at)
VALUES (
    %(bucket)s, %(claim_id)s, %(resident_id)s, %(roster_id)s, %(told)s, %(about)s, %(reason)s, %(now)s
)
ON CONFLICT (bucket, claim_id, told, about) DO NOTHING;

-- name: list_payments_at_odds
-- sentence: what payouts told of claims of one bucket at places of one prefix that could not follow, found before an
-- instant, the newest first, and with the last one all that were found with it
SELECT o.bucket, o.claim_id, o.resident_id, o.roster_id, o.told, o.about, o.reason, o.found_at
FROM trade_in.payment_at_odds AS o
JOIN trade_in.claim AS c ON c.bucket = o.bucket AND c.claim_id = o.claim_id
WHERE o.bucket = %(bucket)s AND starts_with(c.place, %(under)s) AND o.found_at < %(until)s
ORDER BY o.found_at DESC
FETCH FIRST %(limit)s ROWS WITH TIES;

-- name: audit_rostered
-- sentence: audit, over all buckets: by roster, what of its claims has ever been handed to payouts and not come back
SELECT r.roster_id, sum(c.sent_fen + c.paid_fen + c.owed_back_fen + c.reclaimed_fen)::bigint
FROM trade_in.rostered AS r
JOIN trade_in.claim AS c ON c.bucket = r.bucket AND c.claim_id = r.claim_id
GROUP BY r.roster_id
ORDER BY r.roster_id;
