CREATE SCHEMA payouts;

-- distributed by provider_id
-- written once
-- What one Shanghai day did to one provider's receivable, over all buckets.
CREATE TABLE payouts.provider_statement (
    provider_id uuid NOT NULL,
    day_on date NOT NULL,
    opening_fen bigint NOT NULL,
    sales_count integer NOT NULL CHECK (sales_count >= 0),
    sales_fen bigint NOT NULL CHECK (sales_fen >= 0),
    refunds_count integer NOT NULL CHECK (refunds_count >= 0),
    refunds_fen bigint NOT NULL CHECK (refunds_fen >= 0),
    reversals_count integer NOT NULL CHECK (reversals_count >= 0),
    reversals_fen bigint NOT NULL CHECK (reversals_fen >= 0),
    settled_fen bigint NOT NULL,
    netted_fen bigint NOT NULL,
    other_fen bigint NOT NULL,
    closing_fen bigint NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, day_on),
    CONSTRAINT statement_adds_up CHECK (
        opening_fen + sales_fen - refunds_fen - reversals_fen - settled_fen - netted_fen + other_fen = closing_fen
    )
);

-- distributed by provider_id
-- One payment to one provider for the days until `day_on`: prepared, sent to the bank, then paid or returned.
CREATE TABLE payouts.settlement (
    provider_id uuid NOT NULL,
    day_on date NOT NULL,
    request_id uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    status text NOT NULL CHECK (status IN ('prepared', 'sent', 'paid', 'returned')),
    prepared_at timestamptz NOT NULL,
    sent_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (provider_id, day_on),
    CONSTRAINT ended_has_an_instant CHECK ((status IN ('paid', 'returned')) = (ended_at IS NOT NULL)),
    CONSTRAINT sent_before_ended CHECK (status = 'prepared' OR sent_at IS NOT NULL)
);

CREATE INDEX settlement_under_way ON payouts.settlement (prepared_at) WHERE status IN ('prepared', 'sent');

-- distributed by id
-- What a bank was asked, written before the call. The id makes the bank do it once; `bank_token` is the bank's own
-- handle of an account. A row without an amount is a reversal that came before its request: the request is not made.
CREATE TABLE payouts.bank_request (
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('debit', 'credit', 'pay_out')),
    bank_code text,
    bank_token text,
    amount_fen bigint CHECK (amount_fen > 0),
    payee text,
    memo text,
    state text NOT NULL CHECK (state IN ('asked', 'unknown', 'reversing', 'done', 'refused', 'reversed')),
    refusal text,
    bank_reference text,
    booked_on date,
    reversed_on date,
    asked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT only_a_reversal_lacks_an_amount CHECK (
        amount_fen IS NOT NULL OR state = 'reversed'
    ),
    CONSTRAINT done_has_a_reference CHECK (state <> 'done' OR (bank_reference IS NOT NULL AND booked_on IS NOT NULL)),
    CONSTRAINT refused_has_a_refusal CHECK (state <> 'refused' OR refusal IS NOT NULL)
);

CREATE INDEX bank_request_unresolved ON payouts.bank_request (changed_at)
WHERE state IN ('asked', 'unknown', 'reversing');

CREATE INDEX bank_request_booked ON payouts.bank_request (booked_on) WHERE booked_on IS NOT NULL;

CREATE INDEX bank_request_reversed ON payouts.bank_request (reversed_on) WHERE reversed_on IS NOT NULL;

-- distributed by bucket
-- What was in the purse of a card that ended, on its way to the bank account that was bound: prepared, then paid, or
-- kept for whoever claims it. Its request to the bank has the same id.
CREATE TABLE payouts.balance_payout (
    bucket smallint NOT NULL,
    request_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    bank_code text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    status text NOT NULL CHECK (status IN ('prepared', 'paid', 'kept')),
    prepared_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (bucket, request_id),
    CONSTRAINT ended_balance_has_an_instant CHECK ((status = 'prepared') = (ended_at IS NULL))
);

CREATE INDEX balance_payout_under_way ON payouts.balance_payout (bucket, prepared_at) WHERE status = 'prepared';

-- distributed by id
-- A list of people to be paid, from its opening until its batch. `once_per` says what is paid once; no name is kept.
CREATE TABLE payouts.roster (
    id uuid NOT NULL,
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    division text NOT NULL CHECK (division ~ '^[0-9]{6,12}$'),
    scheme text NOT NULL CHECK (length(scheme) BETWEEN 1 AND 64),
    period text NOT NULL CHECK (length(period) BETWEEN 1 AND 32),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    once_per text NOT NULL CHECK (once_per IN ('person', 'reference')),
    budget_owner_id uuid NOT NULL,
    budget_label text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'checked', 'published', 'final', 'withdrawn')),
    last_line integer NOT NULL CHECK (last_line >= 0),
    line_count integer NOT NULL CHECK (line_count BETWEEN 0 AND last_line),
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    clear_count integer NOT NULL CHECK (clear_count BETWEEN 0 AND line_count),
    clear_fen bigint NOT NULL CHECK (clear_fen BETWEEN 0 AND amount_fen),
    batch_id uuid,
    opened_at timestamptz NOT NULL,
    opened_by uuid NOT NULL,
    checked_at timestamptz,
    public_from date,
    public_until date,
    final_at timestamptz,
    PRIMARY KEY (id),
    CONSTRAINT public_for_a_time CHECK (num_nulls(public_from, public_until) IN (0, 2) AND public_from < public_until),
    CONSTRAINT published_says_for_how_long CHECK (state NOT IN ('published', 'final') OR public_until IS NOT NULL),
    CONSTRAINT final_has_an_instant CHECK ((state = 'final') <= (final_at IS NOT NULL)),
    CONSTRAINT batch_comes_from_a_final_roster CHECK (batch_id IS NULL OR state = 'final')
);

CREATE INDEX roster_by_place ON payouts.roster (region, division, opened_at);

-- distributed by bucket
-- One person of a roster: how much, for what (an opaque reference), and what was found against paying it.
CREATE TABLE payouts.roster_line (
    bucket smallint NOT NULL,
    roster_id uuid NOT NULL,
    line integer NOT NULL CHECK (line > 0),
    resident_id uuid NOT NULL,
    reference uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    name_differs boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('entered', 'clear', 'held', 'removed')),
    finding text,
    bank_code text,
    bank_token text,
    PRIMARY KEY (bucket, roster_id, line),
    CONSTRAINT held_has_a_finding CHECK ((state = 'held') = (finding IS NOT NULL)),
    CONSTRAINT clear_has_an_account CHECK (state <> 'clear' OR num_nulls(bank_code, bank_token) = 0)
);

CREATE UNIQUE INDEX roster_line_once ON payouts.roster_line (bucket, roster_id, reference) WHERE state <> 'removed';

-- distributed by bucket
-- What was promised to one person for one scheme and period, or for one reference: claimed by the line that pays it.
CREATE TABLE payouts.paid_once (
    bucket smallint NOT NULL,
    once_key uuid NOT NULL,
    resident_id uuid NOT NULL,
    roster_id uuid NOT NULL,
    line integer NOT NULL,
    PRIMARY KEY (bucket, once_key)
);

CREATE INDEX paid_once_by_roster ON payouts.paid_once (bucket, roster_id, line);

-- distributed by bucket
-- What was said against a line while its roster was public: a ground from a closed list, and how it was decided.
CREATE TABLE payouts.objection (
    bucket smallint NOT NULL,
    roster_id uuid NOT NULL,
    id uuid NOT NULL,
    line integer NOT NULL,
    resident_id uuid NOT NULL,
    ground text NOT NULL CHECK (ground IN ('not_entitled', 'deceased', 'amount_is_wrong', 'listed_twice', 'other')),
    state text NOT NULL CHECK (state IN ('open', 'upheld', 'dismissed')),
    made_at timestamptz NOT NULL,
    made_by uuid NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    PRIMARY KEY (bucket, roster_id, id),
    CONSTRAINT decided_by_somebody CHECK (
        (state = 'open') = (decided_at IS NULL) AND num_nulls(decided_at, decided_by) IN (0, 2)
    )
);

-- distributed by id
-- A batch of payments from one budget. What was issued is paid, returned, stopped or still open, at every commit.
CREATE TABLE payouts.batch (
    id uuid NOT NULL,
    roster_id uuid NOT NULL,
    source_batch_id uuid,
    round smallint NOT NULL CHECK (round >= 0),
    region text NOT NULL CHECK (region ~ '^[0-9]{6}$'),
    division text NOT NULL CHECK (division ~ '^[0-9]{6,12}$'),
    title text NOT NULL,
    budget_owner_id uuid NOT NULL,
    budget_label text NOT NULL,
    state text NOT NULL CHECK (state IN ('issuing', 'new', 'applied', 'sending', 'sent', 'closed', 'deleted')),
    pay_on date,
    issued_count integer NOT NULL CHECK (issued_count >= 0),
    issued_fen bigint NOT NULL CHECK (issued_fen >= 0),
    open_count integer NOT NULL CHECK (open_count >= 0),
    open_fen bigint NOT NULL CHECK (open_fen >= open_count),
    paid_count integer NOT NULL CHECK (paid_count >= 0),
    paid_fen bigint NOT NULL CHECK (paid_fen >= paid_count),
    returned_count integer NOT NULL CHECK (returned_count >= 0),
    returned_fen bigint NOT NULL CHECK (returned_fen >= returned_count),
    stopped_count integer NOT NULL CHECK (stopped_count >= 0),
    stopped_fen bigint NOT NULL CHECK (stopped_fen >= stopped_count),
    made_at timestamptz NOT NULL,
    made_by uuid NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (id),
    CONSTRAINT every_fen_is_somewhere CHECK (issued_fen = open_fen + paid_fen + returned_fen + stopped_fen),
    CONSTRAINT every_line_is_somewhere CHECK (issued_count = open_count + paid_count + returned_count + stopped_count),
    CONSTRAINT ended_has_nothing_open CHECK (state NOT IN ('closed', 'deleted') OR open_count = 0),
    CONSTRAINT ended_batch_has_an_instant CHECK ((state IN ('closed', 'deleted')) = (ended_at IS NOT NULL)),
    CONSTRAINT nothing_is_paid_before_it_is_sent CHECK (
        state IN ('sending', 'sent', 'closed') OR (paid_count = 0 AND returned_count = 0)
    ),
    CONSTRAINT what_is_applied_for_has_an_amount CHECK (state NOT IN ('applied', 'sending', 'sent') OR pay_on IS NOT NULL),
    CONSTRAINT correction_has_a_source CHECK ((round > 0) = (source_batch_id IS NOT NULL))
);

CREATE INDEX batch_under_way ON payouts.batch (pay_on) WHERE state IN ('applied', 'sending', 'sent');
CREATE INDEX batch_by_place ON payouts.batch (region, division, made_at);

-- distributed by batch_id
-- The application to pay a batch: its money is set aside, then the bank has the files, or it was revoked.
CREATE TABLE payouts.application (
    batch_id uuid NOT NULL,
    id uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN ('submitted', 'paid', 'revoked')),
    submitted_at timestamptz NOT NULL,
    submitted_by uuid NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (batch_id, id),
    CONSTRAINT ended_application_has_an_instant CHECK ((state = 'submitted') = (ended_at IS NULL))
);

CREATE UNIQUE INDEX application_in_force ON payouts.application (batch_id) WHERE state <> 'revoked';

-- distributed by bucket
-- One payment to one person, by the bank's own handle of the account. Room is left in each page, because nearly every
-- line is changed once. A correction has the amount of its source as ceiling; a source is corrected once. What was
-- given up is never paid again.
CREATE TABLE payouts.batch_line (
    bucket smallint NOT NULL,
    batch_id uuid NOT NULL,
    line integer NOT NULL CHECK (line > 0),
    resident_id uuid NOT NULL,
    reference uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    bank_code text NOT NULL,
    bank_token text NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'stopped', 'paid', 'returned')),
    reason text,
    source_line integer,
    source_fen bigint,
    corrected_by uuid,
    paid_by uuid,
    back_by uuid,
    booked_on date,
    ended_at timestamptz,
    given_up_at timestamptz,
    PRIMARY KEY (bucket, batch_id, line),
    CONSTRAINT ended_line_has_an_instant CHECK ((state = 'issued') = (ended_at IS NULL)),
    CONSTRAINT stopped_or_returned_has_a_reason CHECK ((state IN ('stopped', 'returned')) = (reason IS NOT NULL)),
    CONSTRAINT paid_has_a_transfer CHECK (state <> 'paid' OR (paid_by IS NOT NULL AND back_by IS NULL)),
    CONSTRAINT returned_has_a_transfer CHECK (state <> 'returned' OR back_by IS NOT NULL),
    CONSTRAINT correction_is_under_its_source CHECK (
        num_nulls(source_line, source_fen) IN (0, 2) AND amount_fen <= source_fen
    ),
    CONSTRAINT only_what_was_not_paid_is_corrected CHECK (corrected_by IS NULL OR state IN ('stopped', 'returned')),
    CONSTRAINT only_what_is_not_paid_again_is_given_up CHECK (
        given_up_at IS NULL OR (corrected_by IS NULL AND state IN ('stopped', 'returned'))
    )
) WITH (fillfactor = 55);

CREATE INDEX batch_line_by_resident ON payouts.batch_line (bucket, resident_id);

-- distributed by batch_id
-- A part of a batch: consecutive lines of one bucket for one bank, and the file that carries them.
CREATE TABLE payouts.batch_part (
    batch_id uuid NOT NULL,
    part smallint NOT NULL CHECK (part > 0),
    line_bucket smallint NOT NULL,
    bank_code text NOT NULL,
    format text NOT NULL CHECK (format IN ('iso20022', 'csv')),
    first_line integer NOT NULL,
    last_line integer NOT NULL,
    line_count integer NOT NULL CHECK (line_count BETWEEN 0 AND last_line - first_line + 1),
    amount_fen bigint NOT NULL CHECK (amount_fen >= line_count),
    state text NOT NULL CHECK (state IN ('planned', 'drafted', 'sent')),
    digest bytea CHECK (length(digest) = 32),
    drafted_at timestamptz,
    sent_at timestamptz,
    PRIMARY KEY (batch_id, part),
    CONSTRAINT drafted_has_a_digest CHECK ((state = 'planned') = (digest IS NULL)),
    CONSTRAINT drafted_has_an_instant CHECK ((digest IS NULL) = (drafted_at IS NULL)),
    CONSTRAINT sent_part_has_an_instant CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);

-- distributed by digest
-- written once
-- What became of a file that a bank wrote, by the SM3 digest of its bytes: the same file is applied once. One that was
-- refused may come again and be applied.
CREATE TABLE payouts.return_file (
    bank_code text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    kind text CHECK (kind IN ('pain.002', 'camt.054', 'camt.053', 'csv')),
    state text NOT NULL CHECK (state IN ('applied', 'refused')),
    fault text,
    fault_line integer,
    report_count integer NOT NULL CHECK (report_count >= 0),
    paid_count integer NOT NULL CHECK (paid_count >= 0),
    paid_fen bigint NOT NULL CHECK (paid_fen >= 0),
    returned_count integer NOT NULL CHECK (returned_count >= 0),
    returned_fen bigint NOT NULL CHECK (returned_fen >= 0),
    already_count integer NOT NULL CHECK (already_count >= 0),
    difference_count integer NOT NULL CHECK (difference_count >= 0),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (bank_code, digest, state),
    CONSTRAINT refused_has_a_fault CHECK ((state = 'refused') = (fault IS NOT NULL)),
    CONSTRAINT applied_has_a_kind CHECK (state = 'refused' OR kind IS NOT NULL),
    CONSTRAINT refused_changed_nothing CHECK (state = 'applied' OR (paid_count = 0 AND returned_count = 0))
);

-- distributed by batch_id
-- written once
-- A payment of which a bank says what cannot be: it was kept for a person to look at, and nothing was changed for it.
CREATE TABLE payouts.payment_difference (
    batch_id uuid NOT NULL,
    line integer NOT NULL,
    file_digest bytea NOT NULL CHECK (length(file_digest) = 32),
    kind text NOT NULL CHECK (
        kind IN ('line_is_unknown', 'amount_differs', 'paid_after_return', 'stopped_yet_named', 'booked_twice')
    ),
    our_fen bigint,
    bank_fen bigint,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (batch_id, line, file_digest, kind)
);

-- distributed by roster_id
-- Work on a large roster that goes on page by page beside requests: what, how far it is, and what a check found so far.
CREATE TABLE payouts.roster_work (
    roster_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('check', 'issue')),
    state text NOT NULL CHECK (state IN ('open', 'done', 'dropped')),
    by_id uuid NOT NULL,
    last_line integer NOT NULL,
    line_count integer NOT NULL,
    next_bucket smallint NOT NULL CHECK (next_bucket >= 0),
    after_bank text NOT NULL,
    after_line integer NOT NULL,
    done_count integer NOT NULL CHECK (done_count BETWEEN 0 AND line_count),
    clear_count integer NOT NULL CHECK (clear_count BETWEEN 0 AND done_count),
    clear_fen bigint NOT NULL CHECK (clear_fen >= clear_count),
    found jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (roster_id, id),
    CONSTRAINT ended_work_has_an_instant CHECK ((state = 'open') = (ended_at IS NULL)),
    CONSTRAINT done_work_left_nothing_out CHECK (state <> 'done' OR done_count = line_count)
);

CREATE UNIQUE INDEX roster_work_open ON payouts.roster_work (roster_id) WHERE state = 'open';

GRANT USAGE ON SCHEMA payouts TO yikatong_serving;
GRANT SELECT, INSERT ON payouts.provider_statement TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.settlement TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.bank_request TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.balance_payout TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.roster TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.roster_line TO yikatong_serving;
GRANT SELECT, INSERT, DELETE ON payouts.paid_once TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.objection TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.batch TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.application TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.batch_line TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE, DELETE ON payouts.batch_part TO yikatong_serving;
GRANT SELECT, INSERT ON payouts.return_file TO yikatong_serving;
GRANT SELECT, INSERT, UPDATE ON payouts.roster_work TO yikatong_serving;
GRANT SELECT, INSERT ON payouts.payment_difference TO yikatong_serving;
