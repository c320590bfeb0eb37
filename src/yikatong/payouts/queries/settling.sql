-- name: insert_statements
-- sentence: writes the statements of one day, leaving out those that were made; returns whose were written
INSERT INTO payouts.provider_statement
    (provider_id, day_on, opening_fen, sales_count, sales_fen, refunds_count, refunds_fen, reversals_count,
    reversals_fen, settled_fen, netted_fen, other_fen, closing_fen, digest, made_at)
SELECT d.provider_id, %(day)s, d.opening_fen, d.sales_count, d.sales_fen, d.refunds_count, d.refunds_fen,
    d.reversals_count, d.reversals_fen, d.settled_fen, d.netted_fen, d.other_fen, d.closing_fen, d.digest, %(now)s
FROM unnest(
    %(provider_ids)s::uuid[], %(opening_fens)s::bigint[], %(sales_counts)s::int[], %(sales_fens)s::bigint[],
    %(refunds_counts)s::int[], %(refunds_fens)s::bigint[], %(reversals_counts)s::int[],
    %(reversals_fens)s::bigint[], %(settled_fens)s::bigint[], %(netted_fens)s::bigint[], %(other_fens)s::bigint[],
    %(closing_fens)s::bigint[], %(digests)s::bytea[]
) AS d (
    provider_id, opening_fen, sales_count, sales_fen, refunds_count, refunds_fen, reversals_count, reversals_fen,
    settled_fen, netted_fen, other_fen, closing_fen, digest
)
ON CONFLICT (provider_id, day_on) DO NOTHING
RETURNING provider_id;

-- name: find_statement
-- sentence: one provider's statement of one day
SELECT provider_id, day_on, opening_fen, sales_count, sales_fen, refunds_count, refunds_fen, reversals_count,
    reversals_fen, settled_fen, netted_fen, other_fen, closing_fen
FROM payouts.provider_statement
WHERE provider_id = %(provider_id)s AND day_on = %(day)s;

-- name: list_statements
-- sentence: audit: every statement, with its digest and instant, by provider and day
SELECT provider_id, day_on, opening_fen, sales_count, sales_fen, refunds_count, refunds_fen, reversals_count,
    reversals_fen, settled_fen, netted_fen, other_fen, closing_fen, digest, made_at
FROM payouts.provider_statement
ORDER BY provider_id, day_on;

-- name: list_last_closings
-- sentence: the closing balances of a provider's last days until a day, newest first
SELECT closing_fen
FROM payouts.provider_statement
WHERE provider_id = %(provider_id)s AND day_on <= %(day)s AND day_on > %(after)s
ORDER BY day_on DESC;

-- name: find_last_day
-- sentence: the last day of which any statement was made
SELECT max(day_on) FROM payouts.provider_statement;

-- name: list_providers_of_day
-- sentence: providers whose statement of a day closes above or below zero
SELECT provider_id
FROM payouts.provider_statement
WHERE day_on = %(day)s AND closing_fen <> 0
ORDER BY provider_id;

-- name: insert_settlement
-- sentence: prepares a settlement unless the day was settled; returns its provider if it was prepared now
INSERT INTO payouts.settlement
    (provider_id, day_on, request_id, amount_fen, status, prepared_at, sent_at, ended_at)
VALUES (%(provider_id)s, %(day)s, %(request_id)s, %(amount_fen)s, 'prepared', %(now)s, NULL, NULL)
ON CONFLICT (provider_id, day_on) DO NOTHING
RETURNING provider_id;

-- name: find_settlement
-- sentence: one settlement
SELECT provider_id, day_on, request_id, amount_fen, status, prepared_at, sent_at, ended_at
FROM payouts.settlement
WHERE provider_id = %(provider_id)s AND day_on = %(day)s;

-- name: list_settlements_under_way
-- sentence: settlements that are prepared or sent, oldest first
SELECT provider_id, day_on, request_id, amount_fen, status, prepared_at, sent_at, ended_at
FROM payouts.settlement
WHERE status IN ('prepared', 'sent')
ORDER BY prepared_at, provider_id
LIMIT %(limit)s;

-- name: list_unpaid_sums
-- sentence: audit: what is prepared or sent, by provider
SELECT provider_id, sum(amount_fen)::bigint
FROM payouts.settlement
WHERE status IN ('prepared', 'sent')
GROUP BY provider_id;

-- name: send_settlement
-- sentence: marks a prepared settlement as sent; returns its provider if it was marked now
UPDATE payouts.settlement SET status = 'sent', sent_at = %(now)s
WHERE provider_id = %(provider_id)s AND day_on = %(day)s AND status = 'prepared'
RETURNING provider_id;

-- name: end_settlement
-- sentence: ends a sent settlement; returns its provider if it was ended now
UPDATE payouts.settlement SET status = %(status)s, ended_at = %(now)s
WHERE provider_id = %(provider_id)s AND day_on = %(day)s AND status = 'sent'
RETURNING provider_id;

-- name: insert_request
-- sentence: journals a request, or a reversal that overtook one, unless the id is known; returns the id if it was new
INSERT INTO payouts.bank_request
    (id, kind, bank_code, bank_token, amount_fen, payee, memo, state, refusal, bank_reference, booked_on, reversed_on,
    asked_at, changed_at)
VALUES
    (%(id)s, %(kind)s, %(bank_code)s, %(bank_token)s, %(amount_fen)s, %(payee)s, %(memo)s, %(state)s, NULL, NULL, NULL,
    NULL, %(now)s, %(now)s)
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: find_request
-- sentence: one request
SELECT id, kind, bank_code, bank_token, amount_fen, payee, memo, state, refusal, bank_reference, booked_on, reversed_on,
    asked_at, changed_at
FROM payouts.bank_request
WHERE id = %(id)s;

-- name: lock_request
-- sentence: one request, locked
SELECT id, kind, bank_code, bank_token, amount_fen, payee, memo, state, refusal, bank_reference, booked_on, reversed_on,
    asked_at, changed_at
FROM payouts.bank_request
WHERE id = %(id)s
FOR UPDATE;

-- name: update_request
-- sentence: writes how a locked request stands now
UPDATE payouts.bank_request
SET state = %(state)s, refusal = %(refusal)s, bank_reference = %(bank_reference)s, booked_on = %(booked_on)s,
    reversed_on = %(reversed_on)s, changed_at = %(changed_at)s
WHERE id = %(id)s;

-- name: list_unresolved
-- sentence: requests that have to be found out or undone and have not changed since an instant, oldest first
SELECT id, kind, bank_code, bank_token, amount_fen, payee, memo, state, refusal, bank_reference, booked_on, reversed_on,
    asked_at, changed_at
FROM payouts.bank_request
WHERE state IN ('asked', 'unknown', 'reversing') AND changed_at <= %(before)s
ORDER BY changed_at, id
LIMIT %(limit)s;

-- name: list_requests_of_day
-- sentence: requests that one bank booked or reversed on a day, as far as we know
SELECT id, kind, bank_code, bank_token, amount_fen, payee, memo, state, refusal, bank_reference, booked_on, reversed_on,
    asked_at, changed_at
FROM payouts.bank_request
WHERE bank_code = %(bank_code)s AND (booked_on = %(day)s OR reversed_on = %(day)s)
ORDER BY id;

-- name: insert_balance_payout
-- sentence: prepares a payout of a balance unless its id is known; returns the id if it was prepared now
INSERT INTO payouts.balance_payout
    (bucket, request_id, resident_id, bank_code, amount_fen, status, prepared_at, ended_at)
VALUES (%(bucket)s, %(request_id)s, %(resident_id)s, %(bank_code)s, %(amount_fen)s, 'prepared', %(now)s, NULL)
ON CONFLICT (bucket, request_id) DO NOTHING
RETURNING request_id;

-- name: list_balances_under_way
-- sentence: payouts of balances in a bucket that have not ended, oldest first
SELECT bucket, request_id, resident_id, bank_code, amount_fen, status, prepared_at, ended_at
FROM payouts.balance_payout
WHERE bucket = %(bucket)s AND status = 'prepared'
ORDER BY prepared_at, request_id
LIMIT %(limit)s;

-- name: end_balance_payout
-- sentence: ends a prepared payout of a balance; returns its id if it was ended now
UPDATE payouts.balance_payout SET status = %(status)s, ended_at = %(now)s
WHERE bucket = %(bucket)s AND request_id = %(request_id)s AND status = 'prepared'
RETURNING request_id;

-- name: list_balances
-- sentence: audit: every payout of a balance, by bucket and id
SELECT bucket, request_id, resident_id, bank_code, amount_fen, status, prepared_at, ended_at
FROM payouts.balance_payout
ORDER BY bucket, request_id;

-- name: list_requests
-- sentence: audit: requests by their ids
SELECT id, kind, bank_code, bank_token, amount_fen, payee, memo, state, refusal, bank_reference, booked_on, reversed_on,
    asked_at, changed_at
FROM payouts.bank_request
WHERE id = ANY(%(ids)s);
