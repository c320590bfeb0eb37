-- name: write_restoration
-- sentence: records that the database was taken back; a second writing of the same changes nothing
INSERT INTO plumbing.restoration (restored_at, target_at, backup, timeline)
VALUES (%(restored_at)s, %(target_at)s, %(backup)s, %(timeline)s)
ON CONFLICT (restored_at) DO NOTHING;

-- name: move_versions_ahead
-- sentence: moves the number of every subject past what was given out and forgotten; locks all rows
UPDATE plumbing.version SET version = version + %(step)s;

-- name: rest_jobs
-- sentence: has some jobs rest until an instant, whoever has them
UPDATE plumbing.job SET next_at = greatest(next_at, %(until)s), lease_until = NULL, lease_id = NULL
WHERE name = ANY(%(names)s);

-- name: resume_jobs
-- sentence: makes those of some jobs due that rest beyond an instant, and returns their names
UPDATE plumbing.job SET next_at = %(now)s WHERE name = ANY(%(names)s) AND next_at > %(after)s
RETURNING name;

-- name: read_archiving
-- sentence: whether the last try to archive failed, since when the oldest finished piece of the log waits, the last success
SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false),
    (SELECT min(modification) FROM pg_ls_archive_statusdir() WHERE name LIKE '%%.ready'),
    last_archived_time
FROM pg_stat_archiver;

-- name: read_last_restoration
-- sentence: the last time this database was taken back
SELECT restored_at, target_at, backup, timeline FROM plumbing.restoration ORDER BY restored_at DESC LIMIT 1;
