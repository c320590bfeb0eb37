-- name: report_deeds
-- sentence: over all buckets: by place, day and act what was done under a place in some days, and the fen of its claims
SELECT c.place, d.done_on, d.act, count(*)::bigint AS done, sum(d.fen)::bigint AS fen,
    sum(d.price_fen)::bigint AS price_fen, sum(c.amount_fen)::bigint AS amount_fen
FROM trade_in.deed AS d
JOIN trade_in.claim AS c ON c.bucket = d.bucket AND c.claim_id = d.claim_id
WHERE starts_with(c.place, %(under)s) AND d.done_on >= %(first_on)s AND d.done_on < %(until_on)s
GROUP BY c.place, d.done_on, d.act
ORDER BY c.place, d.done_on, d.act;

-- name: report_refusals
-- sentence: over all places: by place, day and reason how many applications under a place were refused in some days
SELECT place, refused_on, reason, sum(refused)::bigint AS refused
FROM trade_in.refusal
WHERE starts_with(place, %(under)s) AND refused_on >= %(first_on)s AND refused_on < %(until_on)s
GROUP BY place, refused_on, reason
ORDER BY place, refused_on, reason;
