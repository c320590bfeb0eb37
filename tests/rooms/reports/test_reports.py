"""A report is read from what the rooms keep: claims that moved, applications that were refused, budgets."""

from datetime import timedelta

import pytest

from tests.support.builders.chain import Place
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.reports import service
from yikatong.reports.model import Line, Reason, TradeInReport
from yikatong.trade_in.model import Act, Qualified

pytestmark = pytest.mark.anyio

ONE = 50_000


async def report_of(place: Place, *, days: int = 1) -> TradeInReport:
    """A report of a place from the day on which it stands."""
    first_on = day_of(place.now)
    async with place.db.transaction() as conn:
        return await service.report_trade_in(
            conn,
            shelf=place.chain.shelf,
            place=place.code,
            first_on=first_on,
            until_on=first_on + timedelta(days=days),
            bucket_count=place.chain.bucket_count,
        )


async def line_of(place: Place) -> Line:
    """The one line of a place; codes within it belong to other tests."""
    (line,) = (line for line in (await report_of(place)).lines if line.place == place.code)
    return line


async def test_what_was_done_refused_and_left_stands_in_the_report(db: Database) -> None:
    place = await Place(db).funded(3 * ONE)
    kept = await place.qualified()
    await place.qualified()
    refused = await place.admit(place.an_application(await place.a_resident(), age_years="5"))
    await place.done(kept, Act.RECEIVE_OLD, Act.COLLECT_OLD, Act.DISMANTLE, Act.CANCEL_PLATE)

    report, line = await report_of(place), await line_of(place)

    assert isinstance(refused, Refused)
    assert (2, 1) == (line.qualified, line.refused)
    assert (1, 1, 1, 1) == (line.bikes_in, line.collected, line.dismantled, line.plates_cancelled)
    assert [refused.reason.name] == [one.reason for one in report.refusals if one.place == place.code]
    (budget,) = (one for one in report.budgets if f":{place.code}:" in one.budget)
    assert (3 * ONE, ONE) == (budget.funded_fen, budget.left_fen)


async def test_a_withdrawn_claim_is_told_and_its_money_is_left_again(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.qualified()
    await place.done(kept, Act.WITHDRAW)

    line = await line_of(place)

    assert (1, 1, 0) == (line.qualified, line.given_up, line.subsidy_fen)


async def test_another_day_has_nothing_of_it(db: Database) -> None:
    place = await Place(db).funded(ONE)
    await place.qualified()
    place.now += timedelta(days=1)

    assert [] == [line for line in (await report_of(place)).lines if line.place == place.code]


async def test_who_comes_when_the_money_is_used_up_is_counted(db: Database) -> None:
    place = await Place(db).funded(ONE)
    first = await place.admit(place.an_application(await place.a_resident()))
    for _ in range(2):
        await place.admit(place.an_application(await place.a_resident()))

    assert isinstance(first, Qualified)
    report = await report_of(place)
    assert [("BUDGET_IS_USED_UP", 2)] == [
        (one.reason, one.refused) for one in report.refusals if one.place == place.code
    ]


@pytest.mark.parametrize(
    ("days", "reason"), [(0, Reason.REPORT_SPANS_NO_DAY), (401, Reason.REPORT_SPANS_TOO_MANY_DAYS)]
)
async def test_days_that_cannot_be_reported_are_refused(db: Database, days: int, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        await report_of(Place(db), days=days)

    assert reason is refused.value.reason
