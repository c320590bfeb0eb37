-- name: find_certificates
-- sentence: The certificates of a batch by resident and serial, in no order; locks nothing (the residents' gates are held).
SELECT stored.resident_id, stored.serial, stored.e_card_id, stored.device_id, stored.region, stored.algorithm,
       stored.show_key, stored.state, stored.made_at
FROM unnest($2::uuid[], $3::bigint[]) AS asked (resident_id, serial)
JOIN codes.certificate AS stored
  ON stored.bucket = $1 AND stored.resident_id = asked.resident_id AND stored.serial = asked.serial
-- Said twice, so that a plan made while the table was empty still goes by the key.
WHERE stored.resident_id = ANY ($2::uuid[]);

-- name: find_certificate_at
-- sentence: One certificate with its times, or nothing; locks nothing (the resident's gate is held).
SELECT resident_id, serial, e_card_id, device_id, region, algorithm, show_key, state, made_at, expires_at, state_at
FROM codes.certificate
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND serial = %(serial)s;

-- name: list_show_keys
-- sentence: Resident, scene group and show key of the newest active certificates of some residents, so many of each group.
SELECT resident_id, scene_group, show_key
FROM (
    SELECT resident_id, scene_group, show_key, serial,
        row_number() OVER (PARTITION BY resident_id, scene_group ORDER BY serial DESC) AS place
    FROM codes.certificate
    WHERE bucket = %(bucket)s AND resident_id = ANY (%(resident_ids)s::uuid[]) AND state = 'active'
        AND expires_at > %(now)s
) AS held
WHERE place <= %(count_max)s
ORDER BY resident_id, serial;

-- name: lock_serial
-- sentence: A resident's serial row, made if there is none yet; locked until the end.
INSERT INTO codes.serial (bucket, resident_id, next_serial) VALUES (%(bucket)s, %(resident_id)s, 0)
ON CONFLICT (bucket, resident_id) DO UPDATE SET next_serial = codes.serial.next_serial;

-- name: open_serials
-- sentence: For a batch of refreshes: makes the serial rows that are not there yet, in the order given.
INSERT INTO codes.serial (bucket, resident_id, next_serial)
SELECT $1, asked.resident_id, 0 FROM unnest($2::uuid[]) AS asked (resident_id)
ON CONFLICT (bucket, resident_id) DO NOTHING;

-- name: lock_serials
-- sentence: For a batch of refreshes: residents and their next serials, locked in the order of the residents' ids.
SELECT resident_id, next_serial FROM codes.serial
WHERE bucket = $1 AND resident_id = ANY ($2::uuid[]) ORDER BY resident_id FOR UPDATE;

-- name: advance_serials
-- sentence: For a batch of refreshes: counts the serials that were given; fails unless all rows, $4 in number, are there.
WITH won AS (
    UPDATE codes.serial AS serial SET next_serial = given.next_serial
    FROM unnest($2::uuid[], $3::bigint[]) AS given (resident_id, next_serial)
    -- The residents are named twice, so that a plan made while the table was empty still goes by the key.
    WHERE serial.bucket = $1 AND serial.resident_id = ANY ($2::uuid[]) AND serial.resident_id = given.resident_id
    RETURNING 1
)
SELECT 1 / (count(*) = $4::bigint)::int FROM won;

-- name: take_status_positions
-- sentence: An open block of a kind ($4) nobody else holds, and the first of some positions ($2) now taken in it; locks that block.
UPDATE codes.status_block AS block
SET next_position = block.next_position + $2,
    is_open = block.next_position + 2 * $2 <= 65536,
    live_until = greatest(block.live_until, $3)
FROM (
    SELECT number FROM codes.status_block
    WHERE region = $1 AND kind = $4 AND is_open AND next_position + $2 <= 65536
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
) AS free
WHERE block.region = $1 AND block.number = free.number
RETURNING block.number, block.seed, block.next_position - $2;

-- name: open_status_block
-- sentence: Adds a block, unless another writer opened that block at the same moment.
INSERT INTO codes.status_block (region, number, kind, seed, next_position, is_open, live_until)
SELECT $1, coalesce(max(number) + 1, 0), $4, $2, 0, true, $3
FROM codes.status_block WHERE region = $1
ON CONFLICT (region, number) DO NOTHING;

-- name: reuse_status_block
-- sentence: Opens a full block anew, with another seed, when the last of its certificates expired long ago; locks it.
UPDATE codes.status_block AS block
SET kind = $5, seed = $2, next_position = 0, is_open = true, live_until = $4
FROM (
    SELECT number FROM codes.status_block
    WHERE region = $1 AND NOT is_open AND live_until < $3
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
) AS dead
WHERE block.region = $1 AND block.number = dead.number;

-- name: insert_certificates
-- sentence: Writes the certificates of a batch of refreshes.
INSERT INTO codes.certificate (
    bucket, resident_id, serial, e_card_id, device_id, region, scene_group, algorithm, show_key, status_index,
    made_at, expires_at, state, state_at
)
SELECT $1, made.resident_id, made.serial, made.e_card_id, made.device_id, made.region, made.scene_group,
       made.algorithm, made.show_key, made.status_index, $2, $3, 'active', $2
FROM unnest(
    $4::uuid[], $5::bigint[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::integer[], $11::bytea[], $12::bigint[]
) AS made (
    resident_id, serial, e_card_id, device_id, region, scene_group, algorithm, show_key, status_index
);

-- name: change_states
-- sentence: Moves a resident's certificates (of one device, if given) to another state; returns how many were moved.
WITH moved AS (
    UPDATE codes.certificate
    SET state = %(state)s, state_at = %(now)s
    WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND state = ANY(%(states_before)s)
      AND (%(device_id)s::uuid IS NULL OR device_id = %(device_id)s)
    RETURNING serial
)
SELECT count(*) FROM moved;

-- name: insert_chip_certificate
-- sentence: Writes the certificate of a chip.
INSERT INTO codes.chip_certificate (
    bucket, resident_id, status_index, card_id, region, made_at, expires_at, state, state_at
)
VALUES (%(bucket)s, %(resident_id)s, %(status_index)s, %(card_id)s, %(region)s, %(now)s, %(expires_at)s, 'active', %(now)s);

-- name: find_chip_certificate_at
-- sentence: The latest certificate of a card's chip that counted at an instant and was made before another, or nothing.
SELECT card_id, status_index, made_at, expires_at, state, state_at FROM codes.chip_certificate
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND card_id = %(card_id)s
  AND made_at <= %(made_by)s AND expires_at > %(at)s
ORDER BY made_at DESC, status_index LIMIT 1;

-- name: change_chip_states
-- sentence: Moves the certificates of a resident's chips to another state; returns how many were moved.
WITH moved AS (
    UPDATE codes.chip_certificate
    SET state = %(state)s, state_at = %(now)s
    WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND state = ANY(%(states_before)s)
    RETURNING status_index
)
SELECT count(*) FROM moved;

-- name: find_not_active
-- sentence: Status index and state of a bucket's certificates that have not expired and are not active, by index.
SELECT status_index, state FROM codes.certificate
WHERE bucket = %(bucket)s AND region = %(region)s AND state <> 'active' AND expires_at > %(now)s
UNION ALL
SELECT status_index, state FROM codes.chip_certificate
WHERE bucket = %(bucket)s AND region = %(region)s AND state <> 'active' AND expires_at > %(now)s
ORDER BY status_index;

-- name: find_live_blocks
-- sentence: The numbers of a region's blocks in which a certificate has not expired, in order.
SELECT number FROM codes.status_block WHERE region = %(region)s AND live_until > %(now)s ORDER BY number;

-- name: put_status_list
-- sentence: Publishes a block's list unless a later one stands already; returns the block's number when it was taken.
INSERT INTO codes.status_list (region, number, made_at, good_until, token)
VALUES (%(region)s, %(number)s, %(made_at)s, %(good_until)s, %(token)s)
ON CONFLICT (region, number) DO UPDATE
SET made_at = EXCLUDED.made_at, good_until = EXCLUDED.good_until, token = EXCLUDED.token
WHERE codes.status_list.made_at < EXCLUDED.made_at
RETURNING number;

-- name: delete_dead_lists
-- sentence: Withdraws the lists of blocks whose certificates have all expired.
DELETE FROM codes.status_list AS list
WHERE list.region = %(region)s AND NOT EXISTS (
    SELECT FROM codes.status_block AS block
    WHERE block.region = %(region)s AND block.number = list.number AND block.live_until > %(now)s
);

-- name: find_status_lists
-- sentence: The published lists of a region, by block number.
SELECT number, made_at, good_until, token FROM codes.status_list WHERE region = %(region)s ORDER BY number;

-- name: find_edition
-- sentence: When a region's lists were made and until when they are good; nothing when there are none, or of several instants.
SELECT min(made_at), min(good_until) FROM codes.status_list WHERE region = %(region)s
HAVING min(made_at) = max(made_at);

-- name: insert_status_step
-- sentence: Keeps what a publication changed, unless one is kept for that instant.
INSERT INTO codes.status_step (region, made_at, base_at, changes, digest)
VALUES (%(region)s, %(made_at)s, %(base_at)s, %(changes)s, %(digest)s)
ON CONFLICT (region, made_at) DO NOTHING;

-- name: find_status_steps
-- sentence: What every publication of a region after an instant changed, in order.
SELECT made_at, base_at, changes, digest FROM codes.status_step
WHERE region = %(region)s AND made_at > %(since)s ORDER BY made_at;

-- name: delete_old_steps
-- sentence: Forgets what publications of a region before an instant changed.
DELETE FROM codes.status_step WHERE region = %(region)s AND made_at < %(before)s;

-- name: audit_steps
-- sentence: For yikatong audit: the step that led to the published lists of each region, where one is kept.
SELECT step.region, step.digest
FROM (SELECT region, max(made_at) AS made_at FROM codes.status_list GROUP BY region
      HAVING min(made_at) = max(made_at)) AS edition
JOIN codes.status_step AS step ON step.region = edition.region AND step.made_at = edition.made_at
ORDER BY step.region;

-- name: forget_certificates
-- sentence: Deletes at most so many of a bucket's wallet certificates made before an instant; returns their serials.
DELETE FROM codes.certificate WHERE bucket = %(bucket)s AND (resident_id, serial) IN (
    SELECT resident_id, serial FROM codes.certificate
    WHERE bucket = %(bucket)s AND made_at < %(made_before)s AND expires_at < %(ended_before)s LIMIT %(limit)s)
RETURNING serial;

-- name: forget_chip_certificates
-- sentence: Deletes at most so many of a bucket's chip certificates that expired before an instant; returns their indexes.
DELETE FROM codes.chip_certificate WHERE bucket = %(bucket)s AND (resident_id, status_index, made_at) IN (
    SELECT resident_id, status_index, made_at FROM codes.chip_certificate
    WHERE bucket = %(bucket)s AND expires_at < %(ended_before)s LIMIT %(limit)s)
RETURNING status_index;

-- name: audit_serials
-- sentence: For yikatong audit: residents whose next serial is not beyond every serial given.
SELECT given.resident_id, given.last_serial, serial.next_serial
FROM (
    SELECT bucket, resident_id, max(serial) AS last_serial FROM codes.certificate GROUP BY bucket, resident_id
) AS given
LEFT JOIN codes.serial AS serial ON serial.bucket = given.bucket AND serial.resident_id = given.resident_id
WHERE serial.next_serial IS NULL OR serial.next_serial <= given.last_serial
ORDER BY given.resident_id;

-- name: audit_indexes
-- sentence: For yikatong audit: status indexes that two certificates of a region had at one time.
SELECT region, status_index
FROM (
    SELECT region, status_index, made_at,
           lag(expires_at) OVER (PARTITION BY region, status_index ORDER BY made_at) AS held_until
    FROM (
        SELECT region, status_index, made_at, expires_at FROM codes.certificate
        UNION ALL
        SELECT region, status_index, made_at, expires_at FROM codes.chip_certificate
    ) AS every
) AS given
WHERE held_until > made_at
ORDER BY region, status_index;

-- name: audit_blocks
-- sentence: For yikatong audit: unexpired certificates whose block is missing or believed dead, by region and index.
WITH block AS MATERIALIZED (SELECT region, number, live_until FROM codes.status_block)
SELECT given.region, given.status_index
FROM (
    SELECT region, status_index, expires_at FROM codes.certificate
    UNION ALL
    SELECT region, status_index, expires_at FROM codes.chip_certificate
) AS given
LEFT JOIN block
  ON block.region = given.region AND block.number = given.status_index / 65536
WHERE block.number IS NULL OR block.live_until < given.expires_at
ORDER BY given.region, given.status_index;

-- name: audit_published
-- sentence: For yikatong audit: every published list.
SELECT region, number, made_at, token FROM codes.status_list ORDER BY region, number;

-- name: audit_states_settled
-- sentence: For yikatong audit: index and state of a block's certificates that lived when its list was made, settled before.
SELECT status_index, state FROM codes.certificate
WHERE region = %(region)s AND status_index >= %(first_index)s AND status_index < %(first_index)s + 65536
  AND expires_at > %(made_at)s AND state_at <= %(settled_at)s
UNION ALL
SELECT status_index, state FROM codes.chip_certificate
WHERE region = %(region)s AND status_index >= %(first_index)s AND status_index < %(first_index)s + 65536
  AND expires_at > %(made_at)s AND state_at <= %(settled_at)s
ORDER BY status_index;

-- name: audit_active_residents
-- sentence: For yikatong audit: residents with an active certificate, by bucket.
SELECT bucket, resident_id FROM codes.certificate WHERE state = 'active'
UNION
SELECT bucket, resident_id FROM codes.chip_certificate WHERE state = 'active'
ORDER BY bucket, resident_id;
