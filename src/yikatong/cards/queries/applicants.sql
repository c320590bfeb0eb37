-- name: list_sealed_births
-- How some residents of one bucket stand, with the wrapped key and sealed birth date of those not erased; locks nothing.
SELECT r.id, r.status, p.wrapped_key, p.birth
FROM cards.resident AS r
JOIN cards.person AS p ON p.bucket = %(bucket)s AND p.resident_id = r.id
WHERE r.bucket = %(bucket)s AND r.id = ANY (%(resident_ids)s::uuid[]) AND p.wrapped_key IS NOT NULL;
