"""Providers and operators read a day's statement; nobody reads another's."""

from uuid import UUID

import pytest

from tests.support.builders.cards import TERMS, VAULT
from tests.support.builders.payouts import a_past_day, a_provider_id, a_registered_provider, sell
from tests.support.world import NOON, SeededIds
from yikatong.catalogue import service as catalogue
from yikatong.kernel.ids import ProviderId, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.api import CsvAnswer, DayStatementAnswer, routes
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.http import Call, Caller, CallerKind

pytestmark = pytest.mark.anyio

ROUTES = {route.name: route for route in routes(terms=TERMS, vault=VAULT)}
IDS = SeededIds()


def a_call(
    conn: Connection,
    path: dict[str, str],
    *,
    kind: CallerKind,
    region: str = "990101",
    provider_id: UUID | None = None,
) -> Call:
    caller = Caller(kind=kind, id=IDS.new(), region=region, provider_id=provider_id)
    return Call(conn=conn, caller=caller, now=NOON, ids=IDS, request_id="test", purpose=None, path=path)


async def own_statement(conn: Connection, provider_id: ProviderId, day: str) -> DayStatementAnswer:
    call = a_call(conn, {"day": day}, kind=CallerKind.TERMINAL, provider_id=provider_id)
    answer = await ROUTES["payouts.get_own_statement"].handle(call, None, None)
    assert isinstance(answer, DayStatementAnswer)
    return answer


async def test_a_terminal_reads_its_providers_day(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    async with db.transaction() as conn:
        await sell(conn, provider, day, [300, 45])
        answer = await own_statement(conn, provider, day.isoformat())
    assert (show_id("provider", provider), 2, 345, False) == (
        answer.provider,
        answer.sales_count,
        answer.sales_fen,
        answer.final,
    )


async def test_the_csv_holds_the_same_day(db: Database) -> None:
    provider = a_provider_id()
    async with db.transaction() as conn:
        call = a_call(conn, {"day": "2026-11-24"}, kind=CallerKind.STAFF, provider_id=provider)
        answer = await ROUTES["payouts.get_own_statement_csv"].handle(call, None, None)
    assert isinstance(answer, CsvAnswer)
    assert "statement-2026-11-24.csv" == answer.file_name
    assert f"{provider},2026-11-24,0.00" in answer.text


@pytest.mark.parametrize(
    ("reason", "day"),
    [
        ("STATEMENT_DAY_IS_NOT_A_DAY", "yesterday"),
        ("STATEMENT_DAY_IS_NOT_A_DAY", "2026-02-30"),
        ("STATEMENT_DAY_IS_NOT_A_DAY", "20261124"),
        ("STATEMENT_DAY_IS_NOT_A_DAY", "2026-W48-2"),
        ("STATEMENT_DAY_IS_NOT_A_DAY", "0001-01-01"),
        ("STATEMENT_DAY_HAS_NOT_BEGUN", "2026-11-26"),
        ("STATEMENT_DAY_HAS_NOT_BEGUN", "9999-12-31"),
    ],
)
async def test_a_day_that_cannot_be_stated_is_refused(db: Database, reason: str, day: str) -> None:
    async with db.transaction() as conn:
        with pytest.raises(Refused, match=reason):
            await own_statement(conn, a_provider_id(), day)


async def test_an_operator_reads_providers_of_the_own_region_alone(db: Database) -> None:
    route = ROUTES["payouts.get_statement"]
    day = NOON.date().isoformat()
    async with db.transaction() as conn:
        provider_id = await a_registered_provider(conn, bank_reference=None)
        provider = await catalogue.find_provider(conn, provider_id=provider_id)
        assert provider is not None
        path = {"provider": show_id("provider", provider_id), "day": day}
        call = a_call(conn, path, kind=CallerKind.OPERATOR, region=provider.region)
        assert path["provider"] == (await route.handle(call, None, None)).provider
        for region, shown in (("110000", path["provider"]), (provider.region, "prv_x"),
                              (provider.region, show_id("provider", IDS.new()))):  # fmt: skip
            call = a_call(conn, {"provider": shown, "day": day}, kind=CallerKind.OPERATOR, region=region)
            with pytest.raises(Refused, match="STATEMENT_PROVIDER_IS_UNKNOWN"):
                await route.handle(call, None, None)


async def test_the_day_of_the_call_itself_can_be_read(db: Database) -> None:
    async with db.transaction() as conn:
        answer = await own_statement(conn, a_provider_id(), NOON.date().isoformat())
    assert not answer.final
