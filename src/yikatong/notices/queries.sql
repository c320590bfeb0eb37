-- name: insert_notices
-- Adds notices of one bucket, due at once; arrays in step.
INSERT INTO notices.notice (bucket, resident_id, notice_id, template, params, made_at, tries_count, next_try_at,
    sent_at, channel, failure)
SELECT $1, resident_id, notice_id, template, params::jsonb, made_at, 0, made_at, NULL, NULL, NULL
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
    AS draft (resident_id, notice_id, template, params, made_at);

-- name: lease_due
-- Leases notices of one bucket that are due, the oldest first, passing over those locked; returns them.
UPDATE notices.notice AS due
SET tries_count = due.tries_count + 1, next_try_at = %(lease_until)s
FROM (
    SELECT resident_id, notice_id FROM notices.notice
    WHERE bucket = %(bucket)s AND next_try_at <= %(now)s
    ORDER BY next_try_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS chosen
WHERE due.bucket = %(bucket)s AND due.resident_id = chosen.resident_id AND due.notice_id = chosen.notice_id
RETURNING due.resident_id, due.notice_id, due.template, due.params, due.made_at, due.tries_count, due.next_try_at,
    due.sent_at, due.channel, due.failure;

-- name: mark_sent
-- Writes that a notice was taken by the gateway.
UPDATE notices.notice SET sent_at = %(sent_at)s, channel = %(channel)s, next_try_at = NULL, failure = NULL
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND notice_id = %(notice_id)s AND sent_at IS NULL;

-- name: mark_failed
-- Writes why a try failed and when the next one is, if any.
UPDATE notices.notice SET next_try_at = %(next_try_at)s, failure = %(failure)s
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND notice_id = %(notice_id)s AND sent_at IS NULL;

-- name: list_notices
-- Returns a resident's notices, the newest first, before one id.
SELECT resident_id, notice_id, template, params, made_at, tries_count, next_try_at, sent_at, channel, failure
FROM notices.notice
WHERE bucket = %(bucket)s AND resident_id = %(resident_id)s AND notice_id < %(before)s
ORDER BY notice_id DESC LIMIT %(limit)s;

-- name: delete_notices
-- Deletes at most so many notices of one bucket made before an instant that are no longer tried; a row for each.
DELETE FROM notices.notice WHERE bucket = %(bucket)s AND (resident_id, notice_id) IN (
    SELECT resident_id, notice_id FROM notices.notice
    WHERE bucket = %(bucket)s AND made_at < %(before)s AND next_try_at IS NULL
    ORDER BY made_at LIMIT %(limit)s)
RETURNING notice_id;

-- name: impossible_notices
-- Returns notices that were sent without a try, or made with a template that is not known.
SELECT notice_id, template FROM notices.notice
WHERE (sent_at IS NOT NULL AND tries_count = 0) OR NOT (template = ANY (%(templates)s))
ORDER BY notice_id;
