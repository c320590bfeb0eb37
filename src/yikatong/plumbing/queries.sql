-- name: find_migration_table
-- sentence: the table of applied migrations, NULL on a fresh database
SELECT to_regclass('plumbing.migration');

-- name: read_migrations
-- sentence: all applied migrations with the digests of their texts
SELECT name, digest FROM plumbing.migration ORDER BY name;

-- name: write_migration
-- sentence: records a migration that this transaction applied
INSERT INTO plumbing.migration (name, digest, applied_at) VALUES (%(name)s, %(digest)s, %(now)s);

-- name: bump_version
-- sentence: moves a subject's number on by one and returns it; locks the subject's row
INSERT INTO plumbing.version AS known (subject, version) VALUES (%(subject)s, 1)
ON CONFLICT (subject) DO UPDATE SET version = known.version + 1
RETURNING version;

-- name: read_versions
-- sentence: every subject's number
SELECT subject, version FROM plumbing.version;

-- name: write_event
-- sentence: one event for the relay
INSERT INTO plumbing.outbox (id, topic, payload, made_at)
VALUES (%(id)s, %(topic)s, %(payload)s::jsonb, %(now)s);

-- name: write_event_pipelined
-- sentence: one event for the relay, in a tap batch
INSERT INTO plumbing.outbox (id, topic, payload, made_at) VALUES ($1, $2, $3, $4);

-- name: try_relay_lock
-- sentence: true when this transaction is the only relay until it ends
SELECT pg_try_advisory_xact_lock(%(key)s);

-- name: lock_events
-- sentence: the oldest events of some topics that are due, locked
SELECT id, topic, payload, made_at, tries_count FROM plumbing.outbox
WHERE topic = ANY(%(topics)s) AND parked_at IS NULL AND (next_try_at IS NULL OR next_try_at <= %(now)s)
ORDER BY id LIMIT %(count_max)s
FOR UPDATE;

-- name: delete_events
-- sentence: removes events that every subscriber has had
DELETE FROM plumbing.outbox WHERE id = ANY(%(ids)s);

-- name: postpone_event
-- sentence: keeps an event whose subscriber failed, for a later try or parked
UPDATE plumbing.outbox
SET tries_count = %(tries_count)s, last_error = %(error)s, next_try_at = %(next_try_at)s, parked_at = %(parked_at)s
WHERE id = %(id)s;

-- name: read_parked_events
-- sentence: events that no subscriber's failure may hold up any longer, oldest first
SELECT id, topic, made_at, tries_count, last_error, parked_at FROM plumbing.outbox
WHERE parked_at IS NOT NULL ORDER BY id LIMIT %(count_max)s;

-- name: count_parked_events
-- sentence: how many events wait for a person
SELECT count(*) FROM plumbing.outbox WHERE parked_at IS NOT NULL;

-- name: unpark_event
-- sentence: gives a parked event to the relay once more; returns it when it was parked
UPDATE plumbing.outbox SET tries_count = 0, next_try_at = NULL, parked_at = NULL
WHERE id = %(id)s AND parked_at IS NOT NULL
RETURNING id;

-- name: unpark_topic
-- sentence: gives every parked event of a topic to the relay once more
UPDATE plumbing.outbox SET tries_count = 0, next_try_at = NULL, parked_at = NULL
WHERE topic = %(topic)s AND parked_at IS NOT NULL;

-- name: purge_events
-- sentence: removes events made before an instant, whatever holds them up
DELETE FROM plumbing.outbox WHERE made_at < %(made_before)s;

-- name: enter_job
-- sentence: makes a job known; one that is known keeps its row
INSERT INTO plumbing.job (name, next_at) VALUES (%(name)s, %(next_at)s) ON CONFLICT (name) DO NOTHING;

-- name: list_due_jobs
-- sentence: jobs that are due and that nobody has
SELECT name FROM plumbing.job WHERE next_at <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s);

-- name: lease_job
-- sentence: leases a job that is due and that nobody has; returns its failures so far
UPDATE plumbing.job SET lease_until = %(lease_until)s, lease_id = %(lease_id)s
WHERE name = %(name)s AND next_at <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s)
RETURNING failures_count;

-- name: renew_job
-- sentence: keeps a lease that is still ours
UPDATE plumbing.job SET lease_until = %(lease_until)s WHERE name = %(name)s AND lease_id = %(lease_id)s
RETURNING name;

-- name: finish_job
-- sentence: ends a lease that is still ours and says when the job is due again
UPDATE plumbing.job
SET next_at = %(next_at)s, lease_until = NULL, lease_id = NULL, failures_count = %(failures_count)s,
    last_error = %(error)s, last_finished_at = %(now)s
WHERE name = %(name)s AND lease_id = %(lease_id)s
RETURNING name;

-- name: read_jobs
-- sentence: every job with its state
SELECT name, next_at, lease_until, failures_count, last_error, last_finished_at FROM plumbing.job ORDER BY name;

-- name: claim_bucket_count
-- sentence: writes over how many buckets rows are spread, where that is not known yet
INSERT INTO plumbing.bucketing (is_one, bucket_count) VALUES (true, %(bucket_count)s) ON CONFLICT (is_one) DO NOTHING;

-- name: find_bucket_count
-- sentence: over how many buckets rows are spread
SELECT bucket_count FROM plumbing.bucketing;

-- name: set_bucket_count
-- sentence: writes over how many buckets rows are spread now
INSERT INTO plumbing.bucketing (is_one, bucket_count) VALUES (true, %(bucket_count)s)
ON CONFLICT (is_one) DO UPDATE SET bucket_count = excluded.bucket_count;
