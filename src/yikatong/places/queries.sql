-- name: insert_region
-- sentence: adds a region and returns its code, or nothing when the code is taken.
INSERT INTO places.region (code, name_zh, name_en, hosted, opened_on)
VALUES (%(code)s, %(name_zh)s, %(name_en)s, %(hosted)s, %(opened_on)s)
ON CONFLICT (code) DO NOTHING
RETURNING code;

-- name: update_region
-- sentence: renames a region or changes whether it is hosted, and returns its code.
UPDATE places.region
SET name_zh = %(name_zh)s, name_en = %(name_en)s, hosted = %(hosted)s
WHERE code = %(code)s
RETURNING code;

-- name: find_region
-- sentence: returns one region, locks nothing.
SELECT code, name_zh, name_en, hosted, opened_on
FROM places.region
WHERE code = %(code)s;

-- name: list_regions
-- sentence: returns the regions in order of code, all or only those hosted or not hosted here.
SELECT code, name_zh, name_en, hosted, opened_on
FROM places.region
WHERE %(hosted)s::boolean IS NULL OR hosted = %(hosted)s
ORDER BY code;

-- name: insert_division
-- sentence: adds one meaning of a code, or does nothing when that row is there.
INSERT INTO places.division (code, valid_from, valid_until, name_zh, name_en, level, successors, note)
VALUES (%(code)s, %(valid_from)s, %(valid_until)s, %(name_zh)s, %(name_en)s, %(level)s, %(successors)s, %(note)s)
ON CONFLICT DO NOTHING;

-- name: count_divisions
-- sentence: returns how many rows of divisions there are.
SELECT count(*) AS row_count FROM places.division;

-- name: find_division
-- sentence: returns what a code means on a day, locks nothing.
SELECT code, valid_from, valid_until, name_zh, name_en, level, successors, note
FROM places.division
WHERE code = %(code)s AND valid_from <= %(on)s AND (valid_until IS NULL OR valid_until > %(on)s);

-- name: list_history
-- sentence: returns every meaning a code ever had, oldest first.
SELECT code, valid_from, valid_until, name_zh, name_en, level, successors, note
FROM places.division
WHERE code = %(code)s
ORDER BY valid_from;

-- name: list_divisions
-- sentence: returns a page of the divisions in force on a day whose code begins with some digits, in order of code.
SELECT code, valid_from, valid_until, name_zh, name_en, level, successors, note
FROM places.division
WHERE starts_with(code, %(under)s) AND code > %(after)s
  AND valid_from <= %(on)s AND (valid_until IS NULL OR valid_until > %(on)s)
ORDER BY code
LIMIT %(limit)s;

-- name: list_all_divisions
-- sentence: returns every row of every division, in order of code and day.
SELECT code, valid_from, valid_until, name_zh, name_en, level, successors, note
FROM places.division
ORDER BY code, valid_from;
