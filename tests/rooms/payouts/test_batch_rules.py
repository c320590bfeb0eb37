"""What moves rosters and batches, in which order they are refused, and that no fen is lost in a sum."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from yikatong.cards.model import CardState, Payee, ResidentStatus
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    NO_AMOUNT,
    Batch,
    BatchCommand,
    BatchState,
    Finding,
    OncePer,
    Outcome,
    PaymentState,
    Roster,
    RosterCommand,
    RosterState,
    Run,
    StopReason,
    Sums,
)
from yikatong.payouts.rules import batches, rosters
from yikatong.payouts.rules.returns import Answer, judge_report

A, B = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
WELL = Payee(
    resident_id=ResidentId(A),
    status=ResidentStatus.ALIVE,
    region="990100",
    division="990101",
    card_state=CardState.ACTIVE,
    bank_code="102",
    bank_token="act_1",
)


def a_roster(state: RosterState, *, has_batch: bool = False) -> Roster:
    return Roster(
        id=A, region="990100", division="990100", scheme="s", period="p", title="t", once_per=OncePer.PERSON,
        budget_owner_id=B, budget_label="l", state=state, last_line=1, line_count=1, amount_fen=1, clear_count=1,
        clear_fen=1, batch_id=B if has_batch else None, opened_at=NOON, opened_by=A, checked_at=None, public_from=None,
        public_until=None, final_at=None,
    )  # fmt: skip


def a_batch(state: BatchState, sums: Sums | None = None) -> Batch:
    return Batch(
        id=A, roster_id=B, source_batch_id=None, round=0, region="990100", division="990100", title="t",
        budget_owner_id=B, budget_label="l", state=state, pay_on=None,
        sums=sums or Sums(issued_count=1, issued_fen=100, open_count=1, open_fen=100), made_at=NOON, made_by=A,
        ended_at=None,
    )  # fmt: skip


@pytest.mark.parametrize("state", RosterState)
@pytest.mark.parametrize("command", RosterCommand)
def test_a_roster_takes_a_command_in_its_states_and_in_no_other(command: RosterCommand, state: RosterState) -> None:
    if state in rosters.NEEDS[command]:
        assert state is rosters.verify_command(a_roster(state), command, by=B).state
    else:
        with pytest.raises(Refused, match="ROSTER_IS_IN_ANOTHER_STATE"):
            rosters.verify_command(a_roster(state), command, by=B)


def test_what_stands_in_another_state_is_refused_before_who_asks_is_looked_at() -> None:
    with pytest.raises(Refused, match="ROSTER_IS_IN_ANOTHER_STATE"):
        rosters.verify_command(a_roster(RosterState.OPEN), RosterCommand.PUBLISH, by=A)
    with pytest.raises(Refused, match="ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON"):
        rosters.verify_command(a_roster(RosterState.CHECKED), RosterCommand.PUBLISH, by=A)
    with pytest.raises(Refused, match="ROSTER_IS_IN_ANOTHER_STATE"):
        rosters.verify_command(a_roster(RosterState.FINAL, has_batch=True), RosterCommand.WITHDRAW, by=B)


IN_ORDER: list[tuple[Finding, dict[str, object]]] = [
    (Finding.PERSON_IS_DECEASED, {"status": ResidentStatus.DEAD}),
    (Finding.PERSON_HAS_LEFT, {"status": ResidentStatus.LEFT}),
    (Finding.PERSON_IS_OF_ANOTHER_DIVISION, {"division": "990201"}),
    (Finding.CARD_IS_NOT_NORMAL, {"card_state": CardState.LOST}),
    (Finding.ACCOUNT_IS_NOT_BOUND, {"bank_code": None, "bank_token": None}),
]


def test_of_several_findings_the_first_counts() -> None:
    payee = WELL
    for finding, change in reversed(IN_ORDER):
        payee = structs.replace(payee, **change)
        found = rosters.find_finding(
            payee, region="990100", divisions_under="9901", name_differs=False, is_duplicate=False
        )
        assert finding is found
    everything = {"region": "990100", "divisions_under": "9901"}
    bare = structs.replace(WELL, card_state=None)
    assert Finding.PERSON_IS_UNKNOWN is rosters.find_finding(None, **everything, name_differs=True, is_duplicate=True)
    assert Finding.NAME_DIFFERS is rosters.find_finding(bare, **everything, name_differs=True, is_duplicate=True)
    assert Finding.IS_DUPLICATE is rosters.find_finding(bare, **everything, name_differs=False, is_duplicate=True)
    assert None is rosters.find_finding(WELL, **everything, name_differs=False, is_duplicate=False)


@pytest.mark.parametrize(
    ("division", "prefix"),
    [
        ("990000", "99"),
        ("990100", "9901"),
        ("990101", "990101"),
        ("990101001000", "990101001"),
        ("990101001007", "990101001007"),
        ("990101000000", "990101"),
    ],
)
def test_a_place_holds_the_places_whose_digits_begin_with_its_own(division: str, prefix: str) -> None:
    assert prefix == rosters.divisions_under(division)


def test_saturdays_and_sundays_do_not_count_to_a_public_term() -> None:
    wednesday, saturday = date(2026, 11, 25), date(2026, 11, 28)

    assert date(2026, 12, 4) == rosters.public_until(wednesday, working_days=7)
    assert date(2026, 12, 9) == rosters.public_until(saturday, working_days=7)


@pytest.mark.parametrize("state", BatchState)
@pytest.mark.parametrize("command", BatchCommand)
def test_a_batch_takes_a_command_in_its_states_and_in_no_other(command: BatchCommand, state: BatchState) -> None:
    if state in batches.NEEDS[command]:
        assert state is batches.verify_command(a_batch(state), command).state
        return
    is_paid = command is BatchCommand.DELETE and state not in (BatchState.DELETED, BatchState.ISSUING)
    reason = "PAID_BATCH_CANNOT_BE_DELETED" if is_paid else "PAYOUT_BATCH_IS_IN_ANOTHER_STATE"
    with pytest.raises(Refused, match=reason):
        batches.verify_command(a_batch(state), command)


def test_a_batch_without_an_amount_is_refused_before_its_day_is_looked_at() -> None:
    empty = Sums(issued_count=1, issued_fen=5, open_count=0, open_fen=0, stopped_count=1, stopped_fen=5)
    today, yesterday = date(2026, 11, 25), date(2026, 11, 24)
    with pytest.raises(Refused, match="PAYOUT_BATCH_HAS_NOTHING_TO_PAY"):
        batches.verify_payable(a_batch(BatchState.NEW, empty), pay_on=yesterday, today=today)
    with pytest.raises(Refused, match="PAYOUT_DAY_HAS_PASSED"):
        batches.verify_payable(a_batch(BatchState.NEW), pay_on=yesterday, today=today)


moves = st.lists(
    st.tuples(
        st.sampled_from(
            [
                (PaymentState.ISSUED, PaymentState.PAID),
                (PaymentState.ISSUED, PaymentState.RETURNED),
                (PaymentState.ISSUED, PaymentState.STOPPED),
                (PaymentState.PAID, PaymentState.RETURNED),
            ]
        ),
        st.integers(0, 40),
    ),
    max_size=20,
)


@given(moves)
def test_no_move_of_lines_loses_a_fen_or_takes_more_than_there_is(
    steps: list[tuple[tuple[PaymentState, PaymentState], int]],
) -> None:
    sums = Sums(issued_count=100, issued_fen=10_000, open_count=100, open_fen=10_000)
    for (before, after), count in steps:
        try:
            sums = batches.move_sums(sums, before=before, after=after, count=count, fen=100 * count)
        except ValueError:
            continue
        assert sums == batches.verify_conserved(sums)
    assert 10_000 == sums.open_fen + sums.paid_fen + sums.returned_fen + sums.stopped_fen


def test_a_lost_fen_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="not conserved"):
        batches.verify_conserved(Sums(issued_count=1, issued_fen=100, open_count=1, open_fen=99))
    with pytest.raises(ValueError, match="not conserved"):
        batches.verify_conserved(
            Sums(issued_count=1, issued_fen=100, open_count=2, open_fen=200, paid_count=-1, paid_fen=-100)
        )


@pytest.mark.parametrize(
    ("stop", "payee"),
    [
        (None, WELL),
        (StopReason.PERSON_IS_UNKNOWN, None),
        (StopReason.PERSON_IS_DECEASED, structs.replace(WELL, status=ResidentStatus.DEAD, card_state=None)),
        (StopReason.PERSON_HAS_LEFT, structs.replace(WELL, status=ResidentStatus.LEFT, card_state=None)),
        (StopReason.CARD_IS_NOT_NORMAL, structs.replace(WELL, card_state=CardState.LOST, bank_token=None)),
        (StopReason.ACCOUNT_IS_NOT_BOUND, structs.replace(WELL, bank_token=None)),
        (StopReason.ACCOUNT_HAS_CHANGED, structs.replace(WELL, bank_token="act_2")),
        (StopReason.ACCOUNT_HAS_CHANGED, structs.replace(WELL, bank_code="105")),
    ],
)
def test_who_cannot_be_paid_on_the_day_is_stopped(stop: StopReason | None, payee: Payee | None) -> None:
    assert stop is batches.decide_stop(payee, bank_code="102", bank_token="act_1")


def test_a_correction_is_refused_in_the_order_of_its_page() -> None:
    with pytest.raises(Refused, match="NO_LINE_CAN_BE_CORRECTED"):
        batches.verify_correction({}, {7: 999}, only=None)
    with pytest.raises(Refused, match="PAYOUT_LINE_IS_UNKNOWN"):
        batches.verify_correction({1: 100}, {1: 101}, only=[7])
    with pytest.raises(Refused, match="CORRECTION_IS_ABOVE_ITS_SOURCE"):
        batches.verify_correction({1: 100}, {1: 101}, only=None)
    assert {1: 90, 2: 50} == batches.verify_correction({1: 100, 2: 50}, {1: 90}, only=None)
    assert {2: 50} == batches.verify_correction({1: 100, 2: 50}, {}, only=[2])


def test_parts_are_numbered_over_all_runs_that_have_an_open_line() -> None:
    runs = [Run(0, "102", 1, 3, 3, 30), Run(0, "105", 4, 4, 0, 0), Run(1, "102", 5, 9, 4, 40)]
    parts = batches.plan_parts(A, runs, formats={})

    assert [(1, 0, 1, 3), (2, 1, 5, 9)] == [(one.part, one.bucket, one.first_line, one.last_line) for one in parts]


@pytest.mark.parametrize(
    ("answer", "outcome", "state", "bank_fen", "was_paid"),
    [
        (Answer.UNKNOWN, Outcome.PAID, None, 100, False),
        (Answer.STOPPED, Outcome.PAID, PaymentState.STOPPED, 999, False),
        (Answer.OTHER_AMOUNT, Outcome.PAID, PaymentState.PAID, 999, True),
        (Answer.OTHER_AMOUNT, Outcome.RETURNED, PaymentState.ISSUED, 999, False),
        (Answer.PAID_AFTER_RETURN, Outcome.PAID, PaymentState.RETURNED, 100, False),
        (Answer.SO, Outcome.PAID, PaymentState.RETURNED, 100, True),
        (Answer.SO, Outcome.PAID, PaymentState.PAID, NO_AMOUNT, True),
        (Answer.OTHER_AMOUNT, Outcome.PAID, PaymentState.PAID, 0, True),
        (Answer.SO, Outcome.RETURNED, PaymentState.RETURNED, 100, False),
    ],
)
def test_what_a_bank_says_of_a_payment_that_did_not_move(
    answer: Answer, outcome: Outcome, state: PaymentState | None, bank_fen: int, was_paid: bool
) -> None:
    assert answer is judge_report(outcome, bank_fen=bank_fen, state=state, our_fen=100, was_paid=was_paid)
