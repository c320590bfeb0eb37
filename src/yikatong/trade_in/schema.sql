CREATE SCHEMA trade_in;

-- distributed by bucket
-- A claim as it stands: where its four tracks are, its days, amounts and parties, and under which sheet it runs. The
-- last 16 bits of its id are its resident's. `places` counts the bikes that the place pays for, empty where no number
-- was published. `to_release_fen` was released and still lies in the claim's account;
-- `sent_fen` is held and lies with payouts.
CREATE TABLE trade_in.claim (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 0),
    place text NOT NULL CHECK (place ~ '^[0-9]{6}$'),
    sheet text NOT NULL,
    count_key text NOT NULL,
    budget text NOT NULL CHECK (length(budget) BETWEEN 1 AND 64),
    places text NOT NULL CHECK (places = '' OR places LIKE budget || ':%'),
    facts text NOT NULL CHECK (length(facts) <= 4000),
    mode text NOT NULL CHECK (mode IN ('deduct_at_sale', 'claim_later')),
    needs text[] NOT NULL CHECK (
        needs <@ ARRAY['hand_in', 'dismantling', 'plate_cancellation', 'purchase', 'new_registration']
    ),
    old_code text NOT NULL CHECK (old_code ~ '^[0-9]{15}$'),
    old_battery text NOT NULL CHECK (old_battery IN ('lithium', 'lead_acid', 'other')),
    new_code text NOT NULL CHECK (new_code ~ '^([0-9]{15})?$' AND new_code <> old_code),
    state text NOT NULL CHECK (
        state IN (
            'draft', 'qualified', 'submitted', 'checked', 'published', 'approved', 'paid', 'rejected', 'expired',
            'withdrawn', 'refunded', 'reclaimed'
        )
    ),
    old_state text NOT NULL CHECK (old_state IN ('owned', 'in_store', 'at_recycler', 'dismantled')),
    plate_state text NOT NULL CHECK (plate_state IN ('none', 'registered', 'cancelled')),
    new_state text NOT NULL CHECK (new_state IN ('not_bought', 'sold', 'registered', 'returned')),
    received_on date,
    collected_on date,
    dismantled_on date,
    cancelled_on date,
    bought_on date,
    registered_on date,
    returned_on date,
    reserved_fen bigint NOT NULL,
    held_fen bigint NOT NULL,
    paid_fen bigint NOT NULL,
    owed_back_fen bigint NOT NULL,
    released_fen bigint NOT NULL,
    reclaimed_fen bigint NOT NULL,
    to_release_fen bigint NOT NULL,
    sent_fen bigint NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    price_fen bigint NOT NULL CHECK (price_fen >= 0),
    valid_until date,
    public_until date,
    old_store_id uuid,
    recycler_id uuid,
    store_id uuid,
    proof bytea CHECK (length(proof) = 32),
    was_resumed boolean NOT NULL,
    made_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id),
    CONSTRAINT no_part_is_negative CHECK (
        least(held_fen, paid_fen, owed_back_fen, released_fen, reclaimed_fen, to_release_fen, sent_fen) >= 0
    ),
    CONSTRAINT money_is_conserved CHECK (
        reserved_fen = held_fen + paid_fen + owed_back_fen + released_fen + reclaimed_fen
    ),
    CONSTRAINT what_waits_was_released CHECK (to_release_fen <= released_fen),
    CONSTRAINT what_was_sent_is_held CHECK (sent_fen <= held_fen),
    CONSTRAINT an_end_holds_nothing CHECK (
        held_fen = 0 OR state NOT IN ('draft', 'paid', 'expired', 'withdrawn', 'refunded', 'reclaimed')
    ),
    CONSTRAINT only_what_is_paid_was_paid CHECK ((state = 'paid') = (paid_fen > 0)),
    CONSTRAINT a_sale_has_its_bike CHECK (
        (new_state = 'not_bought') = (new_code = '') AND (new_state = 'not_bought') = (price_fen = 0)
        AND (new_state = 'not_bought') = (bought_on IS NULL) AND (new_state = 'not_bought') = (store_id IS NULL)
    ),
    CONSTRAINT handed_in_has_a_day CHECK ((old_state = 'owned') = (received_on IS NULL)),
    CONSTRAINT dismantled_has_a_day CHECK ((old_state = 'dismantled') = (dismantled_on IS NOT NULL)),
    CONSTRAINT cancelled_has_a_day CHECK ((plate_state = 'cancelled') = (cancelled_on IS NOT NULL))
);

CREATE INDEX claim_by_resident ON trade_in.claim (bucket, resident_id);
CREATE INDEX claim_by_place ON trade_in.claim (bucket, place, state);
CREATE INDEX claim_to_release ON trade_in.claim (bucket, changed_at) WHERE to_release_fen > 0;
CREATE INDEX claim_that_ends ON trade_in.claim (bucket, valid_until) WHERE state IN ('qualified', 'rejected');
CREATE INDEX claim_without_plate ON trade_in.claim (bucket, place, bought_on) WHERE new_state = 'sold';

-- distributed by bucket
-- written once
-- What was done to a claim: by whom, on which day, on whose request, from which states to which. The digest is of all
-- that was asked, so that the same request again is known, and another under its id.
CREATE TABLE trade_in.deed (
    bucket smallint NOT NULL,
    request_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    act text NOT NULL,
    actor text NOT NULL CHECK (
        actor IN ('resident', 'store', 'recycler', 'police', 'commerce', 'finance', 'platform')
    ),
    by_id uuid NOT NULL,
    done_on date NOT NULL,
    fen bigint NOT NULL,
    price_fen bigint NOT NULL,
    new_code text NOT NULL,
    until_on date,
    states_before text[] NOT NULL CHECK (cardinality(states_before) = 4),
    states_after text[] NOT NULL CHECK (cardinality(states_after) = 4),
    decision_id uuid,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id, request_id)
);

CREATE UNIQUE INDEX deed_in_order ON trade_in.deed (bucket, claim_id, number);

-- distributed by bucket
-- written once
-- A decision of the formula, also one that refused: amount, reasons, steps with their clauses, digests of formula,
-- sheet and inputs. All of it once more, with every input, is sealed with the resident's key. `assumed` names facts
-- that nobody knew yet and that were taken at their best.
CREATE TABLE trade_in.decision (
    bucket smallint NOT NULL,
    decision_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    request_id uuid NOT NULL,
    act text NOT NULL,
    asking text NOT NULL CHECK (asking IN ('estimate', 'claim')),
    place text NOT NULL,
    effective_on date NOT NULL,
    known_on date NOT NULL,
    decided_on date NOT NULL,
    formula text NOT NULL,
    formula_digest bytea NOT NULL CHECK (length(formula_digest) = 32),
    sheet text NOT NULL,
    sheet_digest bytea NOT NULL CHECK (length(sheet_digest) = 32),
    inputs_digest bytea NOT NULL CHECK (length(inputs_digest) = 32),
    assumed text[] NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    reason text,
    failed text[] NOT NULL,
    steps text NOT NULL,
    sealed bytea NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, decision_id),
    CONSTRAINT a_reason_leaves_nothing CHECK (
        (reason IS NULL) = (cardinality(failed) = 0) AND (reason IS NULL OR amount_fen = 0)
    )
);

CREATE INDEX decision_by_claim ON trade_in.decision (bucket, claim_id, decided_at);

-- distributed by bucket
-- The roster of payouts on which a claim stands, from when it is taken onto it until it leaves it unpaid.
CREATE TABLE trade_in.rostered (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    roster_id uuid NOT NULL,
    rostered_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id)
);

CREATE INDEX rostered_by_roster ON trade_in.rostered (bucket, roster_id, claim_id);

-- distributed by bucket
-- written once
-- What payouts told of a claim and the claim could not follow, with the chain's reason: for a person to look at.
CREATE TABLE trade_in.payment_at_odds (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    roster_id uuid NOT NULL,
    told text NOT NULL CHECK (told IN ('published', 'final', 'withdrawn', 'objected', 'paid', 'returned')),
    about uuid NOT NULL,
    reason text NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id, told, about)
);

-- distributed by bucket
-- written once
-- What the bank that took a claim's coupon says: the day, the price that was paid, its own number. It moves no claim,
-- and keeps it from being given up while its sale may be entered; whoever checks it holds it against what the store said.
CREATE TABLE trade_in.coupon_use (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    bank_id uuid NOT NULL,
    used_on date NOT NULL,
    price_fen bigint NOT NULL CHECK (price_fen > 0),
    reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 64),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, claim_id)
);

-- distributed by bucket
-- How many claims count for a person under one scheme, and how many may; no limit where none was published.
CREATE TABLE trade_in.person_count (
    bucket smallint NOT NULL,
    resident_id uuid NOT NULL,
    count_key text NOT NULL,
    used integer NOT NULL,
    allowed integer,
    PRIMARY KEY (bucket, resident_id, count_key),
    CONSTRAINT chances_are_not_passed CHECK (used >= 0 AND (allowed IS NULL OR used <= allowed))
);

-- distributed by bucket
-- A sale that a store has entered: the tap that pays it takes the subsidy off. `tap_id` is null while it waits to be
-- paid; what was paid stays until the goods come back.
CREATE TABLE trade_in.prepared_sale (
    bucket smallint NOT NULL,
    claim_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    request_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    price_fen bigint NOT NULL CHECK (price_fen > 0),
    subsidy_fen bigint NOT NULL CHECK (subsidy_fen BETWEEN 1 AND price_fen),
    new_code text NOT NULL CHECK (new_code ~ '^[0-9]{15}$'),
    model text NOT NULL,
    clause text NOT NULL,
    bought_on date NOT NULL,
    prepared_at timestamptz NOT NULL,
    tap_id uuid,
    PRIMARY KEY (bucket, claim_id)
);

CREATE INDEX prepared_sale_by_resident ON trade_in.prepared_sale (bucket, resident_id);

-- distributed by code
-- A vehicle and the claim and role for which it counts: the only place where a code is unique, whatever region or
-- bucket. `held_until` is the term of a code that was claimed and that no claim counts yet; null once one does.
CREATE TABLE trade_in.vehicle (
    code text NOT NULL CHECK (code ~ '^[0-9]{15}$'),
    claim_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('old', 'new')),
    held_until timestamptz,
    PRIMARY KEY (code)
);

CREATE INDEX vehicle_not_counted ON trade_in.vehicle (held_until) WHERE held_until IS NOT NULL;

-- distributed by store_id
-- An old lithium bike in a store, from its hand-in until it is collected: it must not stay overnight.
CREATE TABLE trade_in.overnight (
    store_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    place text NOT NULL,
    old_code text NOT NULL,
    received_on date NOT NULL,
    PRIMARY KEY (store_id, claim_id)
);

-- distributed by place
-- How many applications of a day were refused for a reason, counted by each writer for itself.
CREATE TABLE trade_in.refusal (
    place text NOT NULL,
    refused_on date NOT NULL,
    reason text NOT NULL,
    writer smallint NOT NULL,
    refused integer NOT NULL CHECK (refused > 0),
    PRIMARY KEY (place, refused_on, reason, writer)
);

-- reference
-- A store or recycler on a place's list, by its credit code, with the days on which it is listed.
CREATE TABLE trade_in.listed_party (
    place text NOT NULL CHECK (place ~ '^[0-9]{6}$'),
    kind text NOT NULL CHECK (kind IN ('store', 'recycler')),
    credit_code text NOT NULL CHECK (length(credit_code) = 18),
    listed_from date NOT NULL,
    listed_until date CHECK (listed_until > listed_from),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    PRIMARY KEY (place, kind, credit_code, listed_from)
);

-- reference
-- The price that a store may not exceed for a model, on which rule, and on which days.
CREATE TABLE trade_in.price_pledge (
    place text NOT NULL CHECK (place ~ '^[0-9]{6}$'),
    credit_code text NOT NULL CHECK (length(credit_code) = 18),
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 60),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    rule text NOT NULL CHECK (
        rule IN ('lowest_month_before_policy', 'average_month_before_joining', 'filed_price')
    ),
    price_fen bigint NOT NULL CHECK (price_fen > 0),
    PRIMARY KEY (place, credit_code, model, valid_from)
);

GRANT USAGE ON SCHEMA trade_in TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.claim TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.deed TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.decision TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON trade_in.rostered TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.payment_at_odds TO yikatong_serving;
GRANT SELECT, INSERT ON trade_in.coupon_use TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.person_count TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON trade_in.prepared_sale TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON trade_in.vehicle TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON trade_in.overnight TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.refusal TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.listed_party TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON trade_in.price_pledge TO yikatong_serving;
