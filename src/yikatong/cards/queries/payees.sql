-- name: list_payees
-- How some residents of one bucket stand, with the card that is not cancelled and the bound account; locks nothing.
SELECT r.id, r.status, r.region, r.division, c.state, b.bank_code, b.token
FROM cards.resident AS r
LEFT JOIN cards.card AS c ON c.bucket = %(bucket)s AND c.resident_id = r.id AND c.state <> 'cancelled'
LEFT JOIN cards.bank_binding AS b ON b.bucket = %(bucket)s AND b.resident_id = r.id AND b.ended_at IS NULL
WHERE r.bucket = %(bucket)s AND r.id = ANY (%(resident_ids)s::uuid[]);

-- name: list_sealed_names
-- The sealed names and ID numbers of some residents of one bucket who were not erased.
SELECT resident_id, wrapped_key, name, id_number
FROM cards.person
WHERE bucket = %(bucket)s AND resident_id = ANY (%(resident_ids)s::uuid[]) AND wrapped_key IS NOT NULL;
