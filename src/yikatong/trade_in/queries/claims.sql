-- name: insert_claim
-- sentence: writes a new claim; a claim that is there is left as it is
INSERT INTO trade_in.claim (
    bucket, claim_id, resident_id, version, place, sheet, count_key, budget, places, facts, mode, needs, old_code,
    old_battery, new_code, state, old_state, plate_state, new_state, received_on, collected_on, dismantled_on,
    cancelled_on, bought_on, registered_on, returned_on, reserved_fen, held_fen, paid_fen, owed_back_fen,
    released_fen, reclaimed_fen, to_release_fen, sent_fen, amount_fen, price_fen, valid_until, public_until,
    old_store_id, recycler_id, store_id, proof, was_resumed, made_at, changed_at
) VALUES (
    %(bucket)s, %(claim_id)s, %(resident_id)s, %(version)s, %(place)s, %(sheet)s, %(count_key)s, %(budget)s, %(places)s,
    %(facts)s, %(mode)s, %(needs)s, %(old_code)s, %(old_battery)s, %(new_code)s, %(state)s, %(old_state)s,
    %(plate_state)s, %(new_state)s, %(received_on)s, %(collected_on)s, %(dismantled_on)s, %(cancelled_on)s,
    %(bought_on)s, %(registered_on)s, %(returned_on)s, %(reserved_fen)s, %(held_fen)s, %(paid_fen)s,
    %(owed_back_fen)s, %(released_fen)s, %(reclaimed_fen)s, %(to_release_fen)s, %(sent_fen)s, %(amount_fen)s,
    %(price_fen)s, %(valid_until)s, %(public_until)s, %(old_store_id)s, %(recycler_id)s, %(store_id)s, %(proof)s,
    %(was_resumed)s, %(made_at)s, %(changed_at)s
) ON CONFLICT (bucket, claim_id) DO NOTHING;

-- name: find_claim
-- sentence: one claim; locks nothing
SELECT bucket, claim_id, resident_id, version, place, sheet, count_key, budget, places, facts, mode, needs, old_code,
    old_battery, new_code, state, old_state, plate_state, new_state, received_on, collected_on, dismantled_on,
    cancelled_on, bought_on, registered_on, returned_on, reserved_fen, held_fen, paid_fen, owed_back_fen,
    released_fen, reclaimed_fen, to_release_fen, sent_fen, amount_fen, price_fen, valid_until, public_until,
    old_store_id, recycler_id, store_id, proof, was_resumed, made_at, changed_at
FROM trade_in.claim
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s;

-- name: find_claimant
-- sentence: whose a claim is; locks nothing
SELECT resident_id
FROM trade_in.claim
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s;

-- name: lock_claim
-- sentence: one claim, locked; after its resident's gate
SELECT bucket, claim_id, resident_id, version, place, sheet, count_key, budget, places, facts, mode, needs, old_code,
    old_battery, new_code, state, old_state, plate_state, new_state, received_on, collected_on, dismantled_on,
    cancelled_on, bought_on, registered_on, returned_on, reserved_fen, held_fen, paid_fen, owed_back_fen,
    released_fen, reclaimed_fen, to_release_fen, sent_fen, amount_fen, price_fen, valid_until, public_until,
    old_store_id, recycler_id, store_id, proof, was_resumed, made_at, changed_at
FROM trade_in.claim
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s
FOR UPDATE;

-- name: list_claims_of
-- sentence: the claims of one resident, the newest first
SELECT bucket, claim_id, resident_id, version, place, sheet, count_key, budget, places, facts, mode, needs, old_code,
    old_battery, new_code, state, old_state, plate_state, new_state, received_on, collected_on, dismantled_on,
    cancelled_on, bought_on, registered_on, returned_on, reserved_fen, held_fen, paid_fen, owed_back_fen,
    released_fen, reclaimed_fen, to_release_fen, sent_fen, amount_fen, price_fen, valid_until, public_until,
    old_store_id, recycler_id, store_id, proof, was_resumed, made_at, changed_at
FROM trade_in.claim
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s
ORDER BY made_at DESC, claim_id;

-- name: list_claims_by_ids
-- sentence: claims by their ids, in one bucket
SELECT bucket, claim_id, resident_id, version, place, sheet, count_key, budget, places, facts, mode, needs, old_code,
    old_battery, new_code, state, old_state, plate_state, new_state, received_on, collected_on, dismantled_on,
    cancelled_on, bought_on, registered_on, returned_on, reserved_fen, held_fen, paid_fen, owed_back_fen,
    released_fen, reclaimed_fen, to_release_fen, sent_fen, amount_fen, price_fen, valid_until, public_until,
    old_store_id, recycler_id, store_id, proof, was_resumed, made_at, changed_at
FROM trade_in.claim
WHERE bucket = %(bucket)s AND claim_id = ANY (%(claim_ids)s::uuid[])
ORDER BY claim_id;

-- name: list_claims_at
-- sentence: claims of one bucket and place in one state after one id, in the order of their ids
SELECT claim_id, mode, state, old_state, new_state, bought_on, amount_fen
FROM trade_in.claim
WHERE bucket = %(bucket)s AND place = %(place)s AND state = %(state)s AND claim_id > %(after)s
ORDER BY claim_id
LIMIT %(limit)s;

-- name: list_claims_without_plate
-- sentence: claims of one bucket and place whose new bike was sold before a day and is not registered, the oldest first
SELECT claim_id, mode, state, old_state, new_state, bought_on, amount_fen
FROM trade_in.claim
WHERE bucket = %(bucket)s AND place = %(place)s AND new_state = 'sold' AND bought_on < %(before)s
ORDER BY bought_on, claim_id
LIMIT %(limit)s;

-- name: list_claims_that_ended
-- sentence: claims of one bucket whose qualification has ended on a day, the oldest first, but for those whose coupon a
-- bank took after another day
SELECT c.claim_id
FROM trade_in.claim AS c
WHERE c.bucket = %(bucket)s AND c.state IN ('qualified', 'rejected') AND c.valid_until <= %(today)s
    AND NOT EXISTS (
        SELECT FROM trade_in.coupon_use AS u
        WHERE u.bucket = %(bucket)s AND u.claim_id = c.claim_id AND u.used_on > %(used_before)s
    )
ORDER BY c.valid_until, c.claim_id
LIMIT %(limit)s;

-- name: list_claims_to_release
-- sentence: claims of one bucket in whose account money lies that was released
SELECT claim_id
FROM trade_in.claim
WHERE bucket = %(bucket)s AND to_release_fen > 0
ORDER BY changed_at, claim_id
LIMIT %(limit)s;

-- name: update_claim
-- sentence: writes how a locked claim stands now, if it has the version that was read; returns its id if so
UPDATE trade_in.claim
SET version = %(version)s,
    sheet = %(sheet)s, facts = %(facts)s, mode = %(mode)s, needs = %(needs)s, old_battery = %(old_battery)s,
    new_code = %(new_code)s, state = %(state)s, old_state = %(old_state)s, plate_state = %(plate_state)s,
    new_state = %(new_state)s, received_on = %(received_on)s, collected_on = %(collected_on)s,
    dismantled_on = %(dismantled_on)s, cancelled_on = %(cancelled_on)s, bought_on = %(bought_on)s,
    registered_on = %(registered_on)s, returned_on = %(returned_on)s, reserved_fen = %(reserved_fen)s,
    held_fen = %(held_fen)s, paid_fen = %(paid_fen)s, owed_back_fen = %(owed_back_fen)s,
    released_fen = %(released_fen)s, reclaimed_fen = %(reclaimed_fen)s, to_release_fen = %(to_release_fen)s,
    sent_fen = %(sent_fen)s, amount_fen = %(amount_fen)s, price_fen = %(price_fen)s, valid_until = %(valid_until)s,
    public_until = %(public_until)s, old_store_id = %(old_store_id)s, recycler_id = %(recycler_id)s,
    store_id = %(store_id)s, proof = %(proof)s, was_resumed = %(was_resumed)s, changed_at = %(changed_at)s
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND version = %(version_before)s
RETURNING claim_id;

-- name: mark_claim_released
-- sentence: says that what was released of a locked claim has left its account
UPDATE trade_in.claim SET to_release_fen = 0
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND to_release_fen = %(fen)s
RETURNING claim_id;

-- name: mark_claim_resumed
-- sentence: says that a later claim of the same person has the goods of one; returns it if none had them before
UPDATE trade_in.claim SET was_resumed = true
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND NOT was_resumed
RETURNING claim_id;

-- name: mark_claim_sent
-- sentence: says how much of a locked claim lies with payouts
UPDATE trade_in.claim SET sent_fen = %(sent_fen)s
WHERE bucket = %(bucket)s AND claim_id = %(claim_id)s AND sent_fen = %(sent_before_fen)s
RETURNING claim_id;

-- name: find_count
-- sentence: how many claims of a scheme count for a person, and how many may; the person's gate orders it
SELECT used, allowed
FROM trade_in.person_count
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND count_key = %(count_key)s;

-- name: list_counts
-- sentence: how many claims of some schemes count for some people; their gates order it
SELECT resident_id, count_key, used
FROM trade_in.person_count
WHERE bucket = %(bucket)s AND resident_id = ANY (%(resident_ids)s::uuid[]);

-- name: use_chance
-- sentence: counts one claim more for a person, under the limit of now
INSERT INTO trade_in.person_count (bucket, resident_id, count_key, used, allowed)
VALUES (%(bucket)s, %(resident_id)s, %(count_key)s, 1, %(allowed)s)
ON CONFLICT (bucket, resident_id, count_key)
DO UPDATE SET used = person_count.used + 1, allowed = excluded.allowed;

-- name: give_chance_back
-- sentence: counts one claim less for a person; returns the person if one was counted
UPDATE trade_in.person_count SET used = used - 1
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND count_key = %(count_key)s AND used > 0
RETURNING resident_id;

-- name: audit_counts
-- sentence: audit, over all buckets: counts that are not the number of claims that use a chance
SELECT coalesce(p.bucket, c.bucket), coalesce(p.resident_id, c.resident_id), coalesce(p.count_key, c.count_key),
    coalesce(c.used, 0), coalesce(p.used, 0)
FROM trade_in.person_count AS p
FULL JOIN (
    SELECT bucket, resident_id, count_key, count(*)::int AS used
    FROM trade_in.claim
    WHERE state NOT IN ('draft', 'expired', 'withdrawn')
    GROUP BY bucket, resident_id, count_key
) AS c ON c.bucket = p.bucket AND c.resident_id = p.resident_id AND c.count_key = p.count_key
WHERE coalesce(p.used, 0) <> coalesce(c.used, 0)
ORDER BY 1, 2, 3;

-- name: page_claims
-- sentence: audit, over all buckets: claims after one, in the order of their keys
SELECT bucket, claim_id, resident_id, version, place, sheet, count_key, budget, places, facts, mode, needs, old_code,
    old_battery, new_code, state, old_state, plate_state, new_state, received_on, collected_on, dismantled_on,
    cancelled_on, bought_on, registered_on, returned_on, reserved_fen, held_fen, paid_fen, owed_back_fen,
    released_fen, reclaimed_fen, to_release_fen, sent_fen, amount_fen, price_fen, valid_until, public_until,
    old_store_id, recycler_id, store_id, proof, was_resumed, made_at, changed_at
FROM trade_in.claim
WHERE (bucket, claim_id) > (%(bucket)s, %(claim_id)s)
ORDER BY bucket, claim_id
LIMIT %(limit)s;
