-- name: lock_accounts
-- sentence: every floored account of these owners, locked in key order
SELECT owner_id, id, kind, label, floor_fen, posted_fen, held_fen, version, frozen_at, closed_at
FROM ledger.account
WHERE bucket = $1 AND owner_id = ANY ($2::uuid[])
ORDER BY owner_id, id
FOR UPDATE;

-- name: load_pending_holds
-- sentence: every pending hold on the accounts of these owners; locks nothing, the accounts' locks order it
SELECT id, owner_id, account_id, amount_fen, status, reference, made_at, expires_at, ended_at, transfer_id
FROM ledger.hold
WHERE bucket = $1 AND owner_id = ANY ($2::uuid[]) AND status = 'pending';

-- name: load_holds
-- sentence: holds by id, whatever their status; locks nothing
SELECT id, owner_id, account_id, amount_fen, status, reference, made_at, expires_at, ended_at, transfer_id
FROM ledger.hold
WHERE bucket = $1 AND id = ANY ($2::uuid[]);

-- name: load_transfers
-- sentence: transfers by id; locks nothing
SELECT id, kind, reference, accounts, legs, posted_at
FROM ledger.transfer
WHERE bucket = $1 AND id = ANY ($2::uuid[]);

-- name: lock_open_gates
-- sentence: locks the gate row (writer 0) of accounts without a floor, making it where it is missing
INSERT INTO ledger.open_account (bucket, account_id, writer, kind, owner_id, label, posted_fen)
SELECT $1, d.account_id, 0, d.kind, d.owner_id, d.label, 0
FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[]) AS d (account_id, kind, owner_id, label)
ON CONFLICT (bucket, account_id, writer) DO UPDATE SET posted_fen = ledger.open_account.posted_fen;

-- name: load_open_totals
-- sentence: the balance of each account without a floor in this bucket over all writers; locks nothing
SELECT account_id, sum(posted_fen)::bigint
FROM ledger.open_account
WHERE bucket = $1 AND account_id = ANY ($2::uuid[])
GROUP BY account_id;

-- name: insert_transfers
-- sentence: writes transfers; $2 and $3 are the accounts and legs of all of them, first and last say which are whose
INSERT INTO ledger.transfer (bucket, id, kind, reference, accounts, legs, posted_at)
SELECT $1, d.id, d.kind, d.reference, ($2::uuid[])[d.first:d.last], ($3::bigint[])[d.first:d.last], $4
FROM unnest($5::uuid[], $6::text[], $7::uuid[], $8::int[], $9::int[]) AS d (id, kind, reference, first, last);

-- name: insert_entries
-- sentence: writes the entries of the same transfers
INSERT INTO ledger.entry (bucket, posted_on, account_id, transfer_id, ordinal, amount_fen)
SELECT $1, $2, d.account_id, d.transfer_id, d.ordinal, d.amount_fen
FROM unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::bigint[]) AS d (account_id, transfer_id, ordinal, amount_fen);

-- name: update_accounts
-- sentence: sets the balances of accounts; fails unless all of them, $7 in number, still have the version that was read
WITH won AS (
    UPDATE ledger.account AS a
    SET posted_fen = d.posted_fen, held_fen = d.held_fen, version = a.version + 1
    FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS d (owner_id, id, version, posted_fen, held_fen)
    -- The owners are named twice, so that a plan made while the table was empty still goes by the key.
    WHERE a.bucket = $1 AND a.owner_id = ANY ($2::uuid[])
        AND a.owner_id = d.owner_id AND a.id = d.id AND a.version = d.version
    RETURNING 1
)
SELECT 1 / (count(*) = $7::bigint)::int FROM won;

-- name: add_to_open_accounts
-- sentence: adds to this writer's row of accounts without a floor, making it where it is missing
INSERT INTO ledger.open_account (bucket, account_id, writer, kind, owner_id, label, posted_fen)
SELECT $1, d.account_id, $2, d.kind, d.owner_id, d.label, d.amount_fen
FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bigint[])
    AS d (account_id, kind, owner_id, label, amount_fen)
ON CONFLICT (bucket, account_id, writer)
DO UPDATE SET posted_fen = ledger.open_account.posted_fen + excluded.posted_fen;

-- name: lower_slices
-- sentence: lowers slices of budgets; fails unless all of them, $4 in number, hold that much
WITH won AS (
    UPDATE ledger.open_account AS a
    SET posted_fen = a.posted_fen + d.amount_fen
    FROM unnest($2::uuid[], $3::bigint[]) AS d (account_id, amount_fen)
    -- The accounts are named twice, so that a plan made while the table was empty still goes by the key.
    WHERE a.bucket = $1 AND a.account_id = ANY ($2::uuid[]) AND a.account_id = d.account_id AND a.writer = 0
        AND a.posted_fen + d.amount_fen >= 0
    RETURNING 1
)
SELECT 1 / (count(*) = $4::bigint)::int FROM won;

-- name: insert_holds
-- sentence: writes holds that this batch made
INSERT INTO ledger.hold
    (bucket, id, owner_id, account_id, amount_fen, status, reference, made_at, expires_at, ended_at, transfer_id)
SELECT $1, d.id, d.owner_id, d.account_id, d.amount_fen, d.status, d.reference, $2, d.expires_at, d.ended_at,
    d.transfer_id
FROM unnest(
    $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::uuid[], $9::timestamptz[], $10::timestamptz[],
    $11::uuid[]
) AS d (id, owner_id, account_id, amount_fen, status, reference, expires_at, ended_at, transfer_id);

-- name: end_holds
-- sentence: ends holds; fails unless all of them, $6 in number, are still pending
WITH won AS (
    UPDATE ledger.hold AS h
    SET status = d.status, ended_at = $2, transfer_id = d.transfer_id
    FROM unnest($3::uuid[], $4::text[], $5::uuid[]) AS d (id, status, transfer_id)
    -- The ids are named twice and pending by its other sign, so that a plan made on an empty table goes by the key.
    WHERE h.bucket = $1 AND h.id = ANY ($3::uuid[]) AND h.id = d.id AND h.ended_at IS NULL
    RETURNING 1
)
SELECT 1 / (count(*) = $6::bigint)::int FROM won;

-- name: insert_account
-- sentence: opens an account with a floor unless it is open; returns its id if it was opened now
INSERT INTO ledger.account
    (bucket, owner_id, id, kind, label, floor_fen, posted_fen, held_fen, version, opened_at, frozen_at, closed_at)
VALUES
    (%(bucket)s, %(owner_id)s, %(id)s, %(kind)s, %(label)s, %(floor_fen)s, 0, 0, 0, %(now)s, NULL, NULL)
ON CONFLICT (bucket, owner_id, id) DO NOTHING
RETURNING id;

-- name: insert_many_accounts
-- sentence: opens many accounts with a floor of 0, leaving out those that are open; returns how many were opened
WITH opened AS (
    INSERT INTO ledger.account
        (bucket, owner_id, id, kind, label, floor_fen, posted_fen, held_fen, version, opened_at, frozen_at, closed_at)
    SELECT d.bucket, d.owner_id, d.id, d.kind, d.label, 0, 0, 0, 0, %(now)s, NULL, NULL
    FROM unnest(%(buckets)b::smallint[], %(owner_ids)b::uuid[], %(ids)b::uuid[], %(kinds)b::text[], %(labels)b::text[])
        AS d (bucket, owner_id, id, kind, label)
    ON CONFLICT (bucket, owner_id, id) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM opened;

-- name: freeze_account
-- sentence: freezes an account that is not frozen; returns its id if it was frozen now
UPDATE ledger.account SET frozen_at = %(now)s, version = version + 1
WHERE bucket = %(bucket)s AND owner_id = %(owner_id)s AND id = %(id)s AND frozen_at IS NULL
RETURNING id;

-- name: unfreeze_account
-- sentence: lifts the freeze of an account that is frozen; returns its id if it was lifted now
UPDATE ledger.account SET frozen_at = NULL, version = version + 1
WHERE bucket = %(bucket)s AND owner_id = %(owner_id)s AND id = %(id)s AND frozen_at IS NOT NULL
RETURNING id;

-- name: close_account
-- sentence: closes an empty account; returns its id if it was closed now
UPDATE ledger.account SET closed_at = %(now)s, version = version + 1
WHERE bucket = %(bucket)s AND owner_id = %(owner_id)s AND id = %(id)s AND closed_at IS NULL
    AND posted_fen = 0 AND held_fen = 0
RETURNING id;

-- name: list_accounts
-- sentence: the floored accounts of one owner, by kind and label; locks nothing
SELECT owner_id, id, kind, label, floor_fen, posted_fen, held_fen, version, frozen_at, closed_at
FROM ledger.account
WHERE bucket = %(bucket)s AND owner_id = %(owner_id)s
ORDER BY kind, label;

-- name: find_open_balance
-- sentence: the balance of an account without a floor over all buckets and writers
SELECT coalesce(sum(posted_fen), 0)::bigint
FROM ledger.open_account
WHERE bucket = ANY (%(buckets)s::smallint[]) AND account_id = %(account_id)s;

-- name: list_owners_with_due_holds
-- sentence: owners in one bucket who have pending holds past their end, oldest first
SELECT owner_id
FROM ledger.hold
WHERE bucket = %(bucket)s AND status = 'pending' AND expires_at <= %(now)s
GROUP BY owner_id
ORDER BY min(expires_at)
LIMIT %(limit)s;

-- name: list_statement_lines
-- sentence: the entries of one account from a day until another, with their transfers, in order of posting
SELECT t.id, t.kind, t.reference, t.posted_at, e.amount_fen
FROM ledger.entry AS e
JOIN ledger.transfer AS t ON t.bucket = %(bucket)s AND t.id = e.transfer_id
WHERE e.bucket = %(bucket)s AND e.account_id = %(account_id)s
    AND e.posted_on >= %(from_on)s AND e.posted_on < %(until_on)s
ORDER BY t.posted_at, t.id, e.ordinal;

-- name: find_opening_balance
-- sentence: the balance of a floored account as a day began; balance and entries in one statement, so that they agree
SELECT a.posted_fen - coalesce(
    (
        SELECT sum(e.amount_fen) FROM ledger.entry AS e
        WHERE e.bucket = %(bucket)s AND e.account_id = %(id)s AND e.posted_on >= %(from_on)s
    ),
    0
)::bigint
FROM ledger.account AS a
WHERE a.bucket = %(bucket)s AND a.owner_id = %(owner_id)s AND a.id = %(id)s;

-- name: find_balance
-- sentence: posted, held and floor of a floored account; holds past their end are left out of what is held
SELECT a.posted_fen, a.floor_fen, a.held_fen - coalesce(
    (
        SELECT sum(h.amount_fen) FROM ledger.hold AS h
        WHERE h.bucket = %(bucket)s AND h.owner_id = %(owner_id)s AND h.account_id = %(id)s
            AND h.status = 'pending' AND h.expires_at <= %(now)s
    ),
    0
)::bigint
FROM ledger.account AS a
WHERE a.bucket = %(bucket)s AND a.owner_id = %(owner_id)s AND a.id = %(id)s;

-- name: list_day_totals
-- sentence: for accounts of one kind without a floor, in every bucket: balance at a day's end, that day by kind, later settlements
WITH account AS (
    SELECT bucket, account_id, owner_id, label, sum(posted_fen)::bigint AS posted_fen
    FROM ledger.open_account
    WHERE kind = %(kind)s AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
    GROUP BY bucket, account_id, owner_id, label
),
later AS (
    SELECT e.bucket, e.account_id, sum(e.amount_fen)::bigint AS sum_fen,
        coalesce(sum(e.amount_fen) FILTER (WHERE t.kind IN ('settlement', 'debt')), 0)::bigint AS settled_fen
    FROM ledger.entry AS e
    JOIN account AS a ON a.bucket = e.bucket AND a.account_id = e.account_id
    JOIN ledger.transfer AS t ON t.bucket = e.bucket AND t.id = e.transfer_id
    WHERE e.posted_on > %(day)s
    GROUP BY e.bucket, e.account_id
),
of_day AS (
    SELECT e.bucket, e.account_id, t.kind, count(*) AS entry_count, sum(e.amount_fen)::bigint AS sum_fen
    FROM ledger.entry AS e
    JOIN account AS a ON a.bucket = e.bucket AND a.account_id = e.account_id
    JOIN ledger.transfer AS t ON t.bucket = e.bucket AND t.id = e.transfer_id
    WHERE e.posted_on = %(day)s
    GROUP BY e.bucket, e.account_id, t.kind
)
SELECT a.bucket, a.account_id, a.owner_id, a.label, a.posted_fen - coalesce(l.sum_fen, 0) AS closing_fen,
    coalesce(l.settled_fen, 0) AS settled_later_fen, d.kind, d.entry_count, d.sum_fen
FROM account AS a
LEFT JOIN later AS l ON l.bucket = a.bucket AND l.account_id = a.account_id
LEFT JOIN of_day AS d ON d.bucket = a.bucket AND d.account_id = a.account_id
ORDER BY a.owner_id, a.label, a.bucket, d.kind;

-- name: list_day_changes
-- sentence: for every account of one kind without a floor, over all buckets: count and sum of its entries by day and kind
SELECT a.owner_id, a.label, e.posted_on, t.kind, count(*), sum(e.amount_fen)::bigint
FROM (SELECT DISTINCT bucket, account_id, owner_id, label FROM ledger.open_account WHERE kind = %(kind)s) AS a
JOIN ledger.entry AS e ON e.bucket = a.bucket AND e.account_id = a.account_id
JOIN ledger.transfer AS t ON t.bucket = e.bucket AND t.id = e.transfer_id
GROUP BY a.owner_id, a.label, e.posted_on, t.kind
ORDER BY a.owner_id, a.label, e.posted_on, t.kind;

-- name: list_trial_lines
-- sentence: number and sum of accounts by kind over all buckets
SELECT kind, count(*), sum(posted_fen)::bigint
FROM (
    SELECT kind, posted_fen FROM ledger.account
    UNION ALL
    SELECT kind, sum(posted_fen) FROM ledger.open_account GROUP BY kind, account_id
) AS every_account
GROUP BY kind
ORDER BY kind;

-- name: audit_balances
-- sentence: audit, over all buckets: accounts whose balance is not the sum of their entries
SELECT coalesce(b.bucket, e.bucket), coalesce(b.id, e.account_id), e.sum_fen, b.posted_fen
FROM (
    SELECT bucket, id, posted_fen FROM ledger.account
    UNION ALL
    SELECT bucket, account_id, sum(posted_fen)::bigint FROM ledger.open_account GROUP BY bucket, account_id
) AS b
FULL JOIN (
    SELECT bucket, account_id, sum(amount_fen)::bigint AS sum_fen FROM ledger.entry GROUP BY bucket, account_id
) AS e ON e.bucket = b.bucket AND e.account_id = b.id
WHERE coalesce(b.posted_fen, 0) <> coalesce(e.sum_fen, 0)
ORDER BY 1, 2;

-- name: audit_transfers
-- sentence: audit, over all buckets: transfers whose legs do not sum to zero
SELECT t.bucket, t.id, 0::bigint, (SELECT sum(leg) FROM unnest(t.legs) AS leg)::bigint
FROM ledger.transfer AS t
WHERE (SELECT sum(leg) FROM unnest(t.legs) AS leg) IS DISTINCT FROM 0
ORDER BY 1, 2;

-- name: audit_entries
-- sentence: audit, over all buckets: legs without their entry on the day of posting, and entries without their leg
SELECT coalesce(l.bucket, e.bucket), coalesce(l.transfer_id, e.transfer_id), l.amount_fen, e.amount_fen
FROM (
    SELECT t.bucket, t.id AS transfer_id, (t.posted_at AT TIME ZONE interval '8 hours')::date AS posted_on,
        leg.account_id, leg.amount_fen, leg.number - 1 AS ordinal
    FROM ledger.transfer AS t
    CROSS JOIN LATERAL unnest(t.accounts, t.legs) WITH ORDINALITY AS leg (account_id, amount_fen, number)
) AS l
FULL JOIN ledger.entry AS e
    ON e.bucket = l.bucket AND e.posted_on = l.posted_on AND e.account_id = l.account_id
    AND e.transfer_id = l.transfer_id AND e.ordinal = l.ordinal
WHERE l.amount_fen IS DISTINCT FROM e.amount_fen
ORDER BY 1, 2;

-- name: audit_holds
-- sentence: audit, over all buckets: accounts whose held amount is not the sum of their pending holds
SELECT coalesce(a.bucket, h.bucket), coalesce(a.id, h.account_id), h.sum_fen, a.held_fen
FROM ledger.account AS a
FULL JOIN (
    SELECT bucket, owner_id, account_id, sum(amount_fen)::bigint AS sum_fen
    FROM ledger.hold
    WHERE status = 'pending'
    GROUP BY bucket, owner_id, account_id
) AS h ON h.bucket = a.bucket AND h.owner_id = a.owner_id AND h.account_id = a.id
WHERE coalesce(a.held_fen, 0) <> coalesce(h.sum_fen, 0)
ORDER BY 1, 2;

-- name: audit_posted_holds
-- sentence: audit, over all buckets: posted holds whose transfer is missing or took more than was held
SELECT h.bucket, h.id, h.amount_fen,
    (
        SELECT -sum(leg.amount_fen) FROM unnest(t.accounts, t.legs) AS leg (account_id, amount_fen)
        WHERE leg.account_id = h.account_id
    )::bigint AS taken_fen
FROM ledger.hold AS h
LEFT JOIN ledger.transfer AS t ON t.bucket = h.bucket AND t.id = h.transfer_id
WHERE h.status = 'posted' AND NOT coalesce(
    (
        SELECT -sum(leg.amount_fen) FROM unnest(t.accounts, t.legs) AS leg (account_id, amount_fen)
        WHERE leg.account_id = h.account_id
    ) BETWEEN 1 AND h.amount_fen,
    false
)
ORDER BY 1, 2;

-- name: page_transfers
-- sentence: audit, over all buckets: transfers after one, in the order of their keys
SELECT bucket, id, kind, reference, accounts, legs, posted_at FROM ledger.transfer
WHERE (bucket, id) > (%(bucket)s, %(id)s) ORDER BY bucket, id LIMIT %(limit)s;

-- name: page_holds
-- sentence: audit, over all buckets: holds after one, in the order of their keys
SELECT bucket, id, owner_id, account_id, amount_fen, status, reference, made_at, expires_at, ended_at, transfer_id
FROM ledger.hold
WHERE (bucket, id) > (%(bucket)s, %(id)s) ORDER BY bucket, id LIMIT %(limit)s;

-- name: list_account_names
-- sentence: audit, over all buckets: what each account with a floor is called, whose it is, and its id
SELECT bucket, id, owner_id, kind, label FROM ledger.account ORDER BY bucket, id;

-- name: audit_balances_of_kind
-- sentence: audit, over all buckets: what lies in each account of a kind with a floor, empty ones left out
SELECT id, posted_fen FROM ledger.account WHERE kind = %(kind)s AND posted_fen <> 0;

-- name: audit_let_go
-- sentence: audit, over all buckets: holds that were let go although the tap they were for was paid
SELECT h.bucket, h.id, 0::bigint, h.amount_fen
FROM ledger.hold AS h
WHERE h.status IN ('voided', 'expired') AND EXISTS (
    SELECT FROM ledger.transfer AS t WHERE t.bucket = h.bucket AND t.reference = h.reference AND t.kind = 'payment'
)
ORDER BY 1, 2;

-- name: audit_reserve
-- sentence: audit: buckets in which purses and reserve nostro are not equal and opposite
SELECT bucket, NULL::uuid, sum(purse_fen)::bigint, -sum(nostro_fen)::bigint
FROM (
    SELECT bucket, posted_fen AS purse_fen, 0 AS nostro_fen FROM ledger.account WHERE kind = 'purse'
    UNION ALL
    SELECT bucket, 0, posted_fen FROM ledger.open_account WHERE kind = 'reserve_nostro'
) AS both_sides
GROUP BY bucket
HAVING sum(purse_fen) + sum(nostro_fen) <> 0
ORDER BY bucket;

-- name: count_transfers
-- sentence: how many transfers of a kind there are, over all buckets
SELECT count(*) FROM ledger.transfer WHERE kind = %(kind)s;

-- name: rebucket_note_transfers
-- sentence: lists the transfers that have a resident's account among theirs, with the bucket that the resident goes to
INSERT INTO moved_transfer (bucket_before, transfer_id, bucket)
SELECT e.bucket, e.transfer_id,
    min(((get_byte(uuid_send(a.owner_id), 14) << 8) | get_byte(uuid_send(a.owner_id), 15)) %% %(bucket_count)s)
FROM ledger.account AS a
JOIN ledger.entry AS e ON e.bucket = a.bucket AND e.account_id = a.id
GROUP BY e.bucket, e.transfer_id
ON CONFLICT (bucket_before, transfer_id) DO NOTHING;

-- name: rebucket_list_shares
-- sentence: what the entries of each account of a kind without a floor sum to in each bucket
SELECT e.bucket, a.account_id, a.owner_id, a.label, sum(e.amount_fen)::bigint
FROM (SELECT DISTINCT account_id, owner_id, label FROM ledger.open_account WHERE kind = %(kind)s) AS a
JOIN ledger.entry AS e ON e.account_id = a.account_id
GROUP BY e.bucket, a.account_id, a.owner_id, a.label;

-- name: rebucket_list_reserve_gaps
-- sentence: what the reserve lacks in each bucket to be equal and opposite to the purses
SELECT bucket, -sum(fen)::bigint
FROM (
    SELECT bucket, posted_fen AS fen FROM ledger.account WHERE kind = 'purse'
    UNION ALL
    SELECT e.bucket, e.amount_fen
    FROM (SELECT DISTINCT account_id FROM ledger.open_account WHERE kind = 'reserve_nostro') AS a
    JOIN ledger.entry AS e ON e.account_id = a.account_id
) AS both_sides
GROUP BY bucket
HAVING sum(fen) <> 0;

-- name: rebucket_write_transfer
-- sentence: writes one transfer with its entries
WITH written AS (
    INSERT INTO ledger.transfer (bucket, id, kind, reference, accounts, legs, posted_at)
    VALUES (%(bucket)s, %(id)s, %(kind)s, %(reference)s, %(accounts)s::uuid[], %(legs)s::bigint[], %(now)s)
)
INSERT INTO ledger.entry (bucket, posted_on, account_id, transfer_id, ordinal, amount_fen)
SELECT %(bucket)s, %(posted_on)s, leg.account_id, %(id)s, leg.number - 1, leg.fen
FROM unnest(%(accounts)s::uuid[], %(legs)s::bigint[]) WITH ORDINALITY AS leg (account_id, fen, number);

-- name: rebucket_name_open_accounts
-- sentence: makes accounts without a floor known that are named nowhere yet
INSERT INTO ledger.open_account (bucket, account_id, writer, kind, owner_id, label, posted_fen)
SELECT %(bucket)s, d.account_id, 0, d.kind, d.owner_id, d.label, 0
FROM unnest(%(ids)s::uuid[], %(kinds)s::text[], %(owner_ids)s::uuid[], %(labels)s::text[])
    AS d (account_id, kind, owner_id, label)
ON CONFLICT (bucket, account_id, writer) DO NOTHING;

-- name: rebucket_note_open_accounts
-- sentence: keeps what each account without a floor is called, until the transaction ends
CREATE TEMPORARY TABLE known_open_account ON COMMIT DROP AS
SELECT DISTINCT account_id, kind, owner_id, label FROM ledger.open_account;

-- name: rebucket_empty_open_accounts
-- sentence: removes every row of accounts without a floor; their entries stay
DELETE FROM ledger.open_account;

-- name: rebucket_fill_open_accounts
-- sentence: makes one row for each account without a floor and each bucket in which it has entries, with their sum
INSERT INTO ledger.open_account (bucket, account_id, writer, kind, owner_id, label, posted_fen)
SELECT e.bucket, e.account_id, 0, k.kind, k.owner_id, k.label, sum(e.amount_fen)::bigint
FROM known_open_account AS k
JOIN ledger.entry AS e ON e.account_id = k.account_id
GROUP BY e.bucket, e.account_id, k.kind, k.owner_id, k.label;

-- name: audit_moved
-- sentence: audit, over all buckets: what some transfers moved, counted on the side that gained
SELECT t.id, (SELECT sum(leg) FROM unnest(t.legs) AS leg WHERE leg > 0)::bigint
FROM ledger.transfer AS t
WHERE t.id = ANY (%(transfer_ids)s::uuid[]);

-- name: lock_slice
-- sentence: what a slice of a budget holds in one bucket; locks its row
SELECT posted_fen FROM ledger.open_account
WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND writer = 0
FOR UPDATE;

-- name: list_slices
-- sentence: the buckets in which a budget's slice holds something, in order, with how much; locks nothing
SELECT bucket, posted_fen FROM ledger.open_account
WHERE bucket = ANY (%(buckets)s::smallint[]) AND account_id = %(account_id)s AND writer = 0 AND posted_fen > 0
ORDER BY bucket;

-- name: find_budget_left
-- sentence: what a budget's main row and all of its slices hold, in one statement; no row when there is no budget
WITH main AS (
    SELECT a.posted_fen - a.held_fen AS fen
    FROM ledger.account AS a
    WHERE a.bucket = %(bucket)s AND a.owner_id = %(owner_id)s AND a.id = %(id)s
),
slices AS (
    SELECT coalesce(sum(o.posted_fen), 0)::bigint AS fen
    FROM ledger.open_account AS o
    WHERE o.bucket = ANY (%(buckets)s::smallint[]) AND o.account_id = %(slice_id)s AND o.writer = 0
)
SELECT main.fen, slices.fen FROM main CROSS JOIN slices;

-- name: audit_leases
-- sentence: audit, over all buckets: budgets whose leases given out and leases taken up do not cancel
SELECT min(bucket), account_id, 0::bigint, sum(posted_fen)::bigint
FROM ledger.open_account
WHERE kind = 'budget_leases'
GROUP BY account_id
HAVING sum(posted_fen) <> 0
ORDER BY account_id;

-- name: audit_spending
-- sentence: audit, over all buckets: transfers that took from a slice of a budget into anything but claims and leases
SELECT t.bucket, t.id, 0::bigint, sum(leg.amount_fen)::bigint
FROM (SELECT DISTINCT bucket, account_id FROM ledger.open_account WHERE kind = 'budget_slice') AS s
JOIN ledger.entry AS e ON e.bucket = s.bucket AND e.account_id = s.account_id AND e.amount_fen < 0
JOIN ledger.transfer AS t ON t.bucket = e.bucket AND t.id = e.transfer_id
CROSS JOIN LATERAL unnest(t.accounts, t.legs) AS leg (account_id, amount_fen)
WHERE leg.amount_fen > 0
    AND NOT EXISTS (
        SELECT FROM ledger.account AS a
        WHERE a.bucket = t.bucket AND a.id = leg.account_id AND a.kind IN ('claim', 'budget')
    )
    AND NOT EXISTS (
        SELECT FROM ledger.open_account AS o
        WHERE o.bucket = t.bucket AND o.account_id = leg.account_id AND o.kind = 'budget_leases'
    )
GROUP BY t.bucket, t.id
ORDER BY 1, 2;
