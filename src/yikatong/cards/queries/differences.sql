-- name: audit_card_states
-- audit, over all buckets: cards whose state or its version is not that of their last event
SELECT c.id, c.state || ' since version ' || c.state_version, e.state_after || ' since ' || e.gate_version
FROM cards.card c
LEFT JOIN LATERAL (
    SELECT v.state_after, v.gate_version FROM cards.card_event v
    WHERE v.bucket = c.bucket AND v.card_id = c.id ORDER BY v.gate_version DESC LIMIT 1
) e ON true
WHERE e.state_after IS DISTINCT FROM c.state OR e.gate_version IS DISTINCT FROM c.state_version
ORDER BY c.bucket, c.id;

-- name: audit_card_events
-- audit, over all buckets: events that do not begin where the one before them ended
SELECT card_id, gate_version, ended, state_before FROM (
    SELECT bucket, card_id, gate_version, state_before,
        lag(state_after) OVER (PARTITION BY bucket, card_id ORDER BY gate_version) AS ended
    FROM cards.card_event
) v
WHERE ended IS DISTINCT FROM state_before
ORDER BY bucket, card_id, gate_version;

-- name: audit_steps
-- audit, over all buckets: every kind of step that was ever made, with one card that made it
SELECT command, state_before, state_after, (array_agg(card_id ORDER BY card_id))[1] FROM cards.card_event
GROUP BY command, state_before, state_after ORDER BY command, state_before, state_after;

-- name: audit_two_cards
-- audit, over all buckets: residents with more than one card or e-card in force
SELECT resident_id, 'card' FROM cards.card WHERE state <> 'cancelled'
GROUP BY bucket, resident_id HAVING count(*) > 1
UNION ALL
SELECT resident_id, 'e-card' FROM cards.e_card WHERE cancelled_at IS NULL
GROUP BY bucket, resident_id HAVING count(*) > 1
ORDER BY 1, 2;

-- name: audit_e_cards
-- audit, over all buckets: e-cards of no card or of another person's, or of a level that their bank account is not
SELECT e.id, e.level, c.resident_id IS NOT DISTINCT FROM e.resident_id AS of_own_card, b.id IS NOT NULL AS has_account
FROM cards.e_card e
LEFT JOIN cards.card c ON c.bucket = e.bucket AND c.id = e.card_id
LEFT JOIN cards.bank_binding b ON b.bucket = e.bucket AND b.resident_id = e.resident_id AND b.ended_at IS NULL
WHERE e.cancelled_at IS NULL
    AND (c.resident_id IS DISTINCT FROM e.resident_id OR (e.level = 2) <> (b.id IS NOT NULL))
ORDER BY e.bucket, e.id;

-- name: audit_residents
-- audit, over all buckets: residents without gate or personal row, or whose marks are not one (none when erased)
WITH m AS MATERIALIZED (SELECT resident_id, mark FROM cards.id_mark)
SELECT r.id, g.resident_id IS NOT NULL AS has_gate, p.resident_id IS NOT NULL AS has_person,
    p.erased_at IS NOT NULL AS erased, count(m.mark) AS marks
FROM cards.resident r
LEFT JOIN cards.gate g ON g.bucket = r.bucket AND g.resident_id = r.id
LEFT JOIN cards.person p ON p.bucket = r.bucket AND p.resident_id = r.id
LEFT JOIN m ON m.resident_id = r.id
GROUP BY r.bucket, r.id, g.resident_id, p.resident_id, p.erased_at
HAVING g.resident_id IS NULL OR p.resident_id IS NULL
    OR count(m.mark) <> CASE WHEN p.erased_at IS NULL THEN 1 ELSE 0 END
ORDER BY r.bucket, r.id;

-- name: audit_marks
-- audit, over all buckets: marks of no resident
WITH r AS MATERIALIZED (SELECT id FROM cards.resident)
SELECT m.resident_id FROM cards.id_mark m
WHERE NOT EXISTS (SELECT FROM r WHERE r.id = m.resident_id) ORDER BY 1;

-- name: audit_card_numbers
-- audit, over all buckets: cards whose number is not theirs
WITH n AS MATERIALIZED (SELECT card_number, region, card_id FROM cards.card_number)
SELECT c.id, n.card_id FROM cards.card c
LEFT JOIN n ON n.card_number = c.card_number AND n.region = c.region
WHERE c.card_number IS NOT NULL AND n.card_id IS DISTINCT FROM c.id
ORDER BY c.bucket, c.id;
