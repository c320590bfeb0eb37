-- name: list_entries
-- sentence: returns every entry of every item, in order of region, code and day.
SELECT i.*
FROM catalogue.item i
ORDER BY i.region, i.code, i.valid_from;

-- name: list_entries_changed
-- sentence: returns every entry of the items that changed after a version, in order of region, code and day.
SELECT i.*
FROM catalogue.item i
WHERE (i.region, i.code) IN (SELECT c.region, c.code FROM catalogue.item c WHERE c.changed_version > %(after_version)s)
ORDER BY i.region, i.code, i.valid_from;

-- name: list_entries_of
-- sentence: returns every entry a region ever had of one item, oldest first.
SELECT i.*
FROM catalogue.item i
WHERE i.region = %(region)s AND i.code = %(code)s
ORDER BY i.valid_from;

-- name: find_item
-- sentence: returns the entry that counts on a day in the first of some areas that has one.
SELECT i.*
FROM catalogue.item i
WHERE i.code = %(code)s AND i.region = ANY(%(areas)s)
  AND i.valid_from <= %(on)s AND (i.valid_until IS NULL OR i.valid_until > %(on)s)
ORDER BY array_position(%(areas)s, i.region)
LIMIT 1;

-- name: list_items
-- sentence: returns a page of the items that count on a day in some areas, the first area's entry before the others'.
SELECT own.*
FROM (
    SELECT DISTINCT ON (i.code) i.*
    FROM catalogue.item i
    WHERE i.region = ANY(%(areas)s) AND i.code > %(after)s
      AND i.valid_from <= %(on)s AND (i.valid_until IS NULL OR i.valid_until > %(on)s)
    ORDER BY i.code, array_position(%(areas)s, i.region)
) own
WHERE (%(search)s = '' OR position(%(search)s IN own.search_text) > 0)
  AND (%(scene)s::text IS NULL OR own.scene = %(scene)s)
  AND (%(item_class)s::text IS NULL OR own.item_class = %(item_class)s)
  AND (%(form)s::text IS NULL OR %(form)s = ANY(own.forms))
  AND (%(served)s::boolean IS NULL OR (own.line IS NOT NULL) = %(served)s)
ORDER BY own.code
LIMIT %(limit)s;

-- name: list_items_in_force
-- sentence: returns every item that counts on a day in some areas, the first area's entry before the others'.
SELECT DISTINCT ON (i.code) i.*
FROM catalogue.item i
WHERE i.region = ANY(%(areas)s)
  AND i.valid_from <= %(on)s AND (i.valid_until IS NULL OR i.valid_until > %(on)s)
ORDER BY i.code, array_position(%(areas)s, i.region);

-- name: find_item_number
-- sentence: returns the number that stands for an item code.
SELECT number FROM catalogue.item_number WHERE code = %(code)s;

-- name: list_item_numbers
-- sentence: returns every item number with its code.
SELECT number, code FROM catalogue.item_number;

-- name: next_item_number
-- sentence: returns the number after the largest one given, at least the first that an installation gives.
SELECT greatest(coalesce(max(number), 0) + 1, %(first)s::integer) AS number FROM catalogue.item_number;

-- name: insert_item_number
-- sentence: lets a number stand for a code, or does nothing when either is taken.
INSERT INTO catalogue.item_number (number, code)
VALUES (%(number)s, %(code)s)
ON CONFLICT DO NOTHING;

-- name: insert_item
-- sentence: adds an entry of an item.
INSERT INTO catalogue.item (
    region, code, valid_from, valid_until, number, list_version, source, name_zh, name_en, aliases, scenario_zh,
    place_zh, forms, form_basis, item_class, scene, line, least_strength, assurance_level, learns, funding,
    amount_required, amount_fen_max, confirm_above_fen, clause, search_text, changed_version
) VALUES (
    %(region)s, %(code)s, %(valid_from)s, %(valid_until)s, %(number)s, %(list_version)s, %(source)s, %(name_zh)s,
    %(name_en)s, %(aliases)s, %(scenario_zh)s, %(place_zh)s, %(forms)s, %(form_basis)s, %(item_class)s, %(scene)s,
    %(line)s, %(least_strength)s, %(assurance_level)s, %(learns)s, %(funding)s, %(amount_required)s,
    %(amount_fen_max)s, %(confirm_above_fen)s, %(clause)s, %(search_text)s,
    %(changed_version)s
);

-- name: end_item
-- sentence: sets the day on which an entry ends.
UPDATE catalogue.item
SET valid_until = %(valid_until)s, changed_version = %(changed_version)s
WHERE region = %(region)s AND code = %(code)s AND valid_from = %(valid_from)s;

-- name: insert_provider
-- sentence: adds a provider and returns its id, or nothing when its region knows the credit code already.
INSERT INTO catalogue.provider (
    id, region, credit_code, name_zh, name_en, kind, receivable_limit_fen, bank_reference, registered_at, changed_version
) VALUES (
    %(id)s, %(region)s, %(credit_code)s, %(name_zh)s, %(name_en)s, %(kind)s, %(receivable_limit_fen)s,
    %(bank_reference)s, %(registered_at)s, %(changed_version)s
)
ON CONFLICT (region, credit_code) DO NOTHING
RETURNING id;

-- name: find_provider
-- sentence: returns one provider, locks nothing.
SELECT * FROM catalogue.provider WHERE id = %(id)s;

-- name: find_provider_by_credit_code
-- sentence: returns the provider of a region with a credit code.
SELECT * FROM catalogue.provider WHERE region = %(region)s AND credit_code = %(credit_code)s;

-- name: list_providers
-- sentence: returns every provider that changed after a version.
SELECT * FROM catalogue.provider WHERE changed_version > %(after_version)s;

-- name: list_provider_ids
-- sentence: returns the ids of a region's providers.
SELECT id FROM catalogue.provider WHERE region = %(region)s;

-- name: insert_place
-- sentence: adds a place and returns its id, or nothing when the provider has one of this name.
INSERT INTO catalogue.place (id, provider_id, division, name_zh, name_en, registered_at, changed_version)
VALUES (
    %(id)s, %(provider_id)s, %(division)s, %(name_zh)s, %(name_en)s, %(registered_at)s, %(changed_version)s
)
ON CONFLICT (provider_id, name_zh) DO NOTHING
RETURNING id;

-- name: find_place
-- sentence: returns one place.
SELECT * FROM catalogue.place WHERE id = %(id)s;

-- name: find_place_by_name
-- sentence: returns the place of a provider with a name.
SELECT * FROM catalogue.place WHERE provider_id = %(provider_id)s AND name_zh = %(name_zh)s;

-- name: list_places
-- sentence: returns every place that changed after a version.
SELECT * FROM catalogue.place WHERE changed_version > %(after_version)s;

-- name: insert_terminal
-- sentence: adds a terminal and returns its id, or nothing when its public key is taken.
INSERT INTO catalogue.terminal (
    id, provider_id, place_id, region, label, purposes, learns, items, algorithm, public_key, registered_at, revoked_at,
    changed_version
) VALUES (
    %(id)s, %(provider_id)s, %(place_id)s, %(region)s, %(label)s, %(purposes)s, %(learns)s, %(items)s, %(algorithm)s,
    %(public_key)s, %(registered_at)s, %(revoked_at)s, %(changed_version)s
)
ON CONFLICT (public_key) DO NOTHING
RETURNING id;

-- name: find_terminal
-- sentence: returns one terminal, locks nothing.
SELECT * FROM catalogue.terminal WHERE id = %(id)s;

-- name: find_terminal_by_key
-- sentence: returns the terminal with a public key.
SELECT * FROM catalogue.terminal WHERE public_key = %(public_key)s;

-- name: list_terminals
-- sentence: returns every terminal that changed after a version.
SELECT * FROM catalogue.terminal WHERE changed_version > %(after_version)s;

-- name: list_terminals_of_provider
-- sentence: returns the terminals of a provider, oldest first.
SELECT * FROM catalogue.terminal WHERE provider_id = %(provider_id)s ORDER BY registered_at, id;

-- name: revoke_terminal
-- sentence: revokes a terminal that is in service and returns its id.
UPDATE catalogue.terminal
SET revoked_at = %(revoked_at)s, changed_version = %(changed_version)s
WHERE id = %(id)s AND revoked_at IS NULL
RETURNING id;

-- name: update_terminal_terms
-- sentence: sets what a terminal is for, what it may learn, and which items it serves.
UPDATE catalogue.terminal
SET purposes = %(purposes)s, learns = %(learns)s, items = %(items)s, changed_version = %(changed_version)s
WHERE id = %(id)s;

-- name: insert_recognition
-- sentence: adds a recognition between two regions.
INSERT INTO catalogue.recognition (from_region, to_region, scope, subject, valid_from, valid_until)
VALUES (%(from_region)s, %(to_region)s, %(scope)s, %(subject)s, %(valid_from)s, %(valid_until)s);

-- name: end_recognition
-- sentence: sets the day on which a recognition ends.
UPDATE catalogue.recognition
SET valid_until = %(valid_until)s
WHERE from_region = %(from_region)s AND to_region = %(to_region)s AND scope = %(scope)s AND subject = %(subject)s
  AND valid_from = %(valid_from)s;

-- name: list_recognitions
-- sentence: returns the recognitions that a region gives or enjoys, or all of them, in order of region and day.
SELECT from_region, to_region, scope, subject, valid_from, valid_until
FROM catalogue.recognition
WHERE %(region)s::text IS NULL OR from_region = %(region)s OR to_region = %(region)s
ORDER BY to_region, from_region, scope, subject, valid_from;
