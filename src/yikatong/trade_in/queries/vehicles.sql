-- name: claim_code
-- sentence: claims a vehicle's code for a claim and role where nobody holds it; returns who holds it now
INSERT INTO trade_in.vehicle (code, claim_id, role, held_until)
VALUES (%(code)s, %(claim_id)s, %(role)s, %(held_until)s)
ON CONFLICT (code) DO UPDATE SET code = vehicle.code
RETURNING code, claim_id, role;

-- name: claim_old_codes
-- sentence: claims old vehicles' codes for claims where nobody holds them, in the order of the codes
INSERT INTO trade_in.vehicle (code, claim_id, role, held_until)
SELECT d.code, d.claim_id, 'old', %(held_until)s
FROM unnest(%(codes)s::text[], %(claim_ids)s::uuid[]) AS d (code, claim_id)
ORDER BY d.code
ON CONFLICT (code) DO NOTHING;

-- name: list_codes
-- sentence: which of some codes anybody holds; locks nothing
SELECT code
FROM trade_in.vehicle
WHERE code = ANY (%(codes)s::text[]);

-- name: find_code
-- sentence: who holds a code; locks nothing
SELECT code, claim_id, role
FROM trade_in.vehicle
WHERE code = %(code)s;

-- name: count_code
-- sentence: says of a code that its claim counts it; a cluster locks the whole table for a statement on several shards
UPDATE trade_in.vehicle SET held_until = NULL
WHERE code = %(code)s AND claim_id = %(claim_id)s;

-- name: pass_code_on
-- sentence: lets a code count for another claim than before; returns it if it counted for that one
UPDATE trade_in.vehicle SET claim_id = %(to)s, held_until = NULL
WHERE code = %(code)s AND claim_id = %(claim_id)s
RETURNING code;

-- name: give_code_back
-- sentence: frees a code that its claim does not count any more
DELETE FROM trade_in.vehicle
WHERE code = %(code)s AND claim_id = %(claim_id)s;

-- name: give_held_code_back
-- sentence: frees a code that was claimed for a claim that came to nothing
DELETE FROM trade_in.vehicle
WHERE code = %(code)s AND claim_id = %(claim_id)s AND held_until IS NOT NULL;

-- name: lock_held_code
-- sentence: a code that a claim claimed and does not count, locked; none while somebody else has it locked
SELECT code, claim_id, role
FROM trade_in.vehicle
WHERE code = %(code)s AND claim_id = %(claim_id)s AND held_until IS NOT NULL
FOR UPDATE SKIP LOCKED;

-- name: list_codes_past_their_term
-- sentence: codes whose term is over and that no claim counts as far as they know, the oldest first
SELECT code, claim_id, role
FROM trade_in.vehicle
WHERE held_until <= %(now)s
ORDER BY held_until
LIMIT %(limit)s;

-- name: audit_codes
-- sentence: audit, over all codes: every code that a claim counts, after one
SELECT code, claim_id, role
FROM trade_in.vehicle
WHERE held_until IS NULL AND code > %(after)s
ORDER BY code
LIMIT %(limit)s;

-- name: enter_overnight
-- sentence: notes that an old lithium bike is in a store
INSERT INTO trade_in.overnight (store_id, claim_id, place, old_code, received_on)
VALUES (%(store_id)s, %(claim_id)s, %(place)s, %(old_code)s, %(received_on)s)
ON CONFLICT (store_id, claim_id) DO NOTHING;

-- name: leave_overnight
-- sentence: notes that an old lithium bike has left a store
DELETE FROM trade_in.overnight WHERE store_id = %(store_id)s AND claim_id = %(claim_id)s;

-- name: list_overnight_of
-- sentence: old lithium bikes that are in one store since before a day, the oldest first
SELECT store_id, claim_id, place, old_code, received_on
FROM trade_in.overnight
WHERE store_id = %(store_id)s AND received_on < %(before)s
ORDER BY received_on, claim_id;

-- name: list_overnight_at
-- sentence: old lithium bikes that are in a store of some place since before a day, over all stores, the oldest first
SELECT store_id, claim_id, place, old_code, received_on
FROM trade_in.overnight
WHERE starts_with(place, %(place)s) AND received_on < %(before)s
ORDER BY received_on, claim_id
LIMIT %(limit)s;

-- name: audit_overnight
-- sentence: audit, over all stores: every old lithium bike in a store
SELECT store_id, claim_id, place, old_code, received_on
FROM trade_in.overnight
ORDER BY store_id, claim_id;
