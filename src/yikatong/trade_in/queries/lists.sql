-- name: list_parties_of_place
-- sentence: every entry of a place's lists, whatever its days
SELECT place, kind, credit_code, listed_from, listed_until, name
FROM trade_in.listed_party
WHERE place = %(place)s
ORDER BY kind, credit_code, listed_from;

-- name: list_listed_parties
-- sentence: a page of the parties of one kind that a place lists on a day, in order of credit code
SELECT place, kind, credit_code, listed_from, listed_until, name
FROM trade_in.listed_party
WHERE place = %(place)s AND kind = %(kind)s AND credit_code > %(after)s AND listed_from <= %(on)s
    AND (listed_until IS NULL OR listed_until > %(on)s)
ORDER BY credit_code
LIMIT %(limit)s;

-- name: find_listed_party
-- sentence: a party that one of several places lists on a day; the place that is named first counts first
SELECT place, kind, credit_code, listed_from, listed_until, name
FROM trade_in.listed_party
WHERE place = ANY(%(places)s::text[]) AND kind = %(kind)s AND credit_code = %(credit_code)s
    AND listed_from <= %(on)s AND (listed_until IS NULL OR listed_until > %(on)s)
ORDER BY array_position(%(places)s::text[], place)
LIMIT 1;

-- name: put_parties
-- sentence: adds entries of lists; one from the same day is replaced
INSERT INTO trade_in.listed_party (place, kind, credit_code, listed_from, listed_until, name)
SELECT %(place)s, d.kind, d.credit_code, d.listed_from, d.listed_until, d.name
FROM unnest(%(kinds)s::text[], %(credit_codes)s::text[], %(listed_froms)s::date[], %(listed_untils)s::date[],
    %(names)s::text[]) AS d (kind, credit_code, listed_from, listed_until, name)
ON CONFLICT (place, kind, credit_code, listed_from) DO UPDATE
SET listed_until = excluded.listed_until, name = excluded.name;

-- name: list_pledges_of_place
-- sentence: every pledge of a place, whatever its days
SELECT place, credit_code, model, valid_from, valid_until, rule, price_fen
FROM trade_in.price_pledge
WHERE place = %(place)s
ORDER BY credit_code, model, valid_from;

-- name: list_pledges_of_store
-- sentence: a page of the pledges of one store in a place that count on a day, in order of model
SELECT place, credit_code, model, valid_from, valid_until, rule, price_fen
FROM trade_in.price_pledge
WHERE place = %(place)s AND credit_code = %(credit_code)s AND model > %(after)s AND valid_from <= %(on)s
    AND (valid_until IS NULL OR valid_until > %(on)s)
ORDER BY model
LIMIT %(limit)s;

-- name: find_pledge
-- sentence: what a store pledged for a model in one of several places on a day; the place that is named first counts
SELECT place, credit_code, model, valid_from, valid_until, rule, price_fen
FROM trade_in.price_pledge
WHERE place = ANY(%(places)s::text[]) AND credit_code = %(credit_code)s AND model = %(model)s
    AND valid_from <= %(on)s AND (valid_until IS NULL OR valid_until > %(on)s)
ORDER BY array_position(%(places)s::text[], place)
LIMIT 1;

-- name: put_pledges
-- sentence: adds pledges; one from the same day is replaced
INSERT INTO trade_in.price_pledge (place, credit_code, model, valid_from, valid_until, rule, price_fen)
SELECT %(place)s, d.credit_code, d.model, d.valid_from, d.valid_until, d.rule, d.price_fen
FROM unnest(%(credit_codes)s::text[], %(models)s::text[], %(valid_froms)s::date[], %(valid_untils)s::date[],
    %(rules)s::text[], %(price_fens)s::bigint[]) AS d (credit_code, model, valid_from, valid_until, rule, price_fen)
ON CONFLICT (place, credit_code, model, valid_from) DO UPDATE
SET valid_until = excluded.valid_until, rule = excluded.rule, price_fen = excluded.price_fen;
