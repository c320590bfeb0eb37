-- name: list_known_marks
-- Those of some marks that are already claimed.
SELECT mark FROM cards.id_mark WHERE mark = ANY (%(marks)b);

-- name: copy_id_marks
-- Claims many marks at once; fails when one is already claimed.
COPY cards.id_mark (mark, resident_id, made_at) FROM STDIN (FORMAT binary);

-- name: copy_residents
-- Adds many residents at once.
COPY cards.resident (bucket, id, region, division, status, made_at, status_at) FROM STDIN (FORMAT binary);

-- name: copy_persons
-- Keeps the sealed personal fields of many residents.
COPY cards.person (bucket, resident_id, wrapped_key, name, id_number, id_type, sex, birth, nation, phone, address)
FROM STDIN (FORMAT binary);

-- name: copy_gates
-- Adds many gates, with no small payments.
COPY cards.gate (bucket, resident_id, version, shown_limit_fen, shown_day_limit_fen, shown_spent_fen,
    unknown_posture_allowed)
FROM STDIN (FORMAT binary);

-- name: copy_guardians
-- Records the guardians of many wards.
COPY cards.guardian (bucket, resident_id, guardian_id, relation, made_at) FROM STDIN (FORMAT binary);
