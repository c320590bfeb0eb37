"""How a report is added up: each act to its line, what is undone taken off, totals that are the sums of lines."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from yikatong.reports import service
from yikatong.reports.model import Line, TradeInReport
from yikatong.reports.rules import SHARES, lines_of, refusals_of
from yikatong.trade_in.model import Act, ActsOfDay, RefusalsOfDay

DAY = date(2026, 11, 26)


def acts(act: Act, *, done: int = 1, fen: int = 0, price_fen: int = 0, amount_fen: int = 0) -> ActsOfDay:
    """What was done on the day at one place."""
    return ActsOfDay(
        place="320100", done_on=DAY, act=act.value, done=done, fen=fen, price_fen=price_fen, amount_fen=amount_fen
    )


def a_report(some: tuple[ActsOfDay, ...], refusals: tuple[RefusalsOfDay, ...] = ()) -> TradeInReport:
    """A report of these sums."""
    return TradeInReport(
        place="320000",
        first_on=DAY,
        until_on=DAY + timedelta(days=2),
        lines=lines_of(some, refusals),
        refusals=refusals_of(refusals),
        budgets=(),
    )


def test_a_sale_at_the_till_counts_the_bike_its_price_and_its_subsidy() -> None:
    (line,) = lines_of([acts(Act.DEDUCT, done=2, fen=90_000, price_fen=500_000, amount_fen=90_000)], [])

    assert (2, 500_000, 2, 90_000) == (line.bikes_out, line.sales_fen, line.paid, line.subsidy_fen)
    assert 45_000 == line.average_fen


def test_a_claim_paid_later_counts_its_bike_when_sold_and_its_subsidy_when_paid() -> None:
    (sold,) = lines_of([acts(Act.SELL, price_fen=200_000, amount_fen=40_000)], [])
    (paid,) = lines_of([acts(Act.PAY, amount_fen=40_000)], [])

    assert (1, 200_000, 0, 0, None) == (
        sold.bikes_out,
        sold.sales_fen,
        sold.paid,
        sold.subsidy_fen,
        sold.average_fen,
    )
    assert (0, 1, 40_000) == (paid.bikes_out, paid.paid, paid.subsidy_fen)


def test_a_sale_that_was_taken_back_leaves_nothing() -> None:
    some = [acts(act, fen=40_000, price_fen=200_000) for act in (Act.DEDUCT, Act.UNDO_DEDUCTION)]
    (line,) = lines_of(some, [])

    assert (0, 0, 0, 0) == (line.bikes_out, line.sales_fen, line.paid, line.subsidy_fen)


def test_what_a_bank_sent_back_is_taken_off() -> None:
    (line,) = lines_of([acts(Act.PAY, done=3, amount_fen=120_000), acts(Act.BANK_RETURNS, amount_fen=40_000)], [])

    assert (2, 80_000) == (line.paid, line.subsidy_fen)


def test_old_bikes_are_counted_on_their_way() -> None:
    some = [acts(Act.RECEIVE_OLD, done=4), acts(Act.COLLECT_OLD, done=3), acts(Act.DISMANTLE, done=2)]
    (line,) = lines_of([*some, acts(Act.CANCEL_PLATE), acts(Act.REGISTER_NEW, done=5)], [])

    assert (4, 3, 2, 1, 5) == (
        line.bikes_in,
        line.collected,
        line.dismantled,
        line.plates_cancelled,
        line.registered,
    )


def test_a_day_with_refusals_alone_has_its_line_and_reasons_are_told_the_most_first() -> None:
    report = a_report(
        (),
        (
            RefusalsOfDay(place="320100", refused_on=DAY, reason="CLAIMS_ARE_USED_UP", refused=2),
            RefusalsOfDay(place="320100", refused_on=DAY, reason="BUDGET_IS_USED_UP", refused=5),
            RefusalsOfDay(place="320600", refused_on=DAY, reason="CLAIMS_ARE_USED_UP", refused=1),
        ),
    )

    assert [("320100", 7), ("320600", 1)] == [(line.place, line.refused) for line in report.lines]
    assert (("BUDGET_IS_USED_UP", 5), ("CLAIMS_ARE_USED_UP", 3)) == service.refusals_by_reason(report)


@given(
    st.lists(
        st.builds(
            ActsOfDay,
            place=st.sampled_from(["320100", "320600", "330100"]),
            done_on=st.sampled_from([DAY, DAY + timedelta(days=1)]),
            act=st.sampled_from([act.value for act in Act]),
            done=st.integers(1, 9),
            fen=st.integers(0, 10**9),
            price_fen=st.integers(0, 10**9),
            amount_fen=st.integers(0, 10**9),
        )
    )
)
def test_totals_are_the_sums_of_lines_by_place_and_by_day(some: list[ActsOfDay]) -> None:
    report = a_report(tuple(some))
    total = service.total_of(report)
    counted = [field for field in Line.__struct_fields__ if field not in ("place", "day")]

    for part in (report.lines, service.by_place(report), service.by_day(report)):
        assert all(getattr(total, name) == sum(getattr(line, name) for line in part) for name in counted)
    assert len(report.lines) == len({(line.place, line.day) for line in report.lines})


def test_a_report_begins_thirty_days_before_its_end_and_never_before_the_calendar() -> None:
    assert date(2026, 10, 27) == service.begin_before(DAY)
    assert date.min == service.begin_before(date.min + timedelta(days=3))


def test_an_act_that_moves_nothing_reported_makes_no_line() -> None:
    silent = [act for act in Act if act not in SHARES]

    assert () == lines_of([acts(act, fen=1, price_fen=1, amount_fen=1) for act in silent], [])
    assert {Act.SUBMIT, Act.CHECK, Act.REJECT, Act.PUBLISH, Act.APPROVE, Act.STOP, Act.RECLAIM} == set(silent)
