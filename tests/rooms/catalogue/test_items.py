"""Entries of the application item list: published, ended, found; a region's own before the country's."""

from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from tests.support.builders.catalogue import (
    FIRST_DAY,
    a_code,
    item_terms,
)
from tests.support.builders.places import a_region
from tests.support.world import NOON, SeededIds
from yikatong.catalogue import service, store
from yikatong.catalogue.model import (
    Reason,
    Scene,
)
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places.model import Reason as PlacesReason
from yikatong.plumbing import versions
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

Conn = psycopg.AsyncConnection[Any]
TODAY = date(2026, 11, 25)
NEXT_YEAR = date(2027, 1, 1)


async def version(conn: Conn) -> int:
    return (await versions.read_all(conn)).get(service.SUBJECT, 0)


async def test_publishing_an_item_again_is_already_so(db: Database) -> None:
    async with db.transaction() as conn:
        terms = item_terms(await a_region(conn), code=a_code(SeededIds()))
        before = await version(conn)
        first = await service.publish_item(conn, terms=terms)
        after = await version(conn)
        second = await service.publish_item(conn, terms=terms)

    assert (Change.DONE, Change.ALREADY_SO) == (first.change, second.change)
    assert first.item == second.item
    assert after > before


async def test_an_installations_items_are_numbered_from_ten_thousand_and_a_code_keeps_its_number(db: Database) -> None:
    async with db.transaction() as conn:
        code = a_code(SeededIds())
        here = await service.publish_item(conn, terms=item_terms(await a_region(conn), code=code))
        there = await service.publish_item(conn, terms=item_terms(await a_region(conn), code=code))
        other = await service.publish_item(conn, terms=item_terms(await a_region(conn), code=a_code(SeededIds())))

    assert 10_000 <= here.item.number == there.item.number
    assert here.item.number < other.item.number


async def test_an_entry_that_overlaps_is_refused(db: Database) -> None:
    async with db.transaction() as conn:
        terms = item_terms(await a_region(conn), code=a_code(SeededIds()))
        await service.publish_item(conn, terms=terms)
        with pytest.raises(Refused) as refused:
            await service.publish_item(conn, terms=msgspec.structs.replace(terms, valid_from=NEXT_YEAR))

    assert Reason.ITEM_PERIODS_OVERLAP is refused.value.reason


async def test_a_new_entry_follows_one_that_ended(db: Database) -> None:
    async with db.transaction() as conn:
        terms = item_terms(await a_region(conn), code=a_code(SeededIds()))
        await service.publish_item(conn, terms=terms)
        where = {"region": terms.region, "code": terms.code}
        ended = await service.end_item(conn, **where, until=NEXT_YEAR, now=NOON)
        again = await service.end_item(conn, **where, until=NEXT_YEAR, now=NOON)
        dearer = msgspec.structs.replace(terms, valid_from=NEXT_YEAR, amount_fen_max=30_000)
        await service.publish_item(conn, terms=dearer)
        last_day = await service.get_item(conn, **where, on=date(2026, 12, 31))
        first_day = await service.get_item(conn, **where, on=NEXT_YEAR)
        entries = await store.list_entries_of(conn, **where)

    assert (Change.DONE, Change.ALREADY_SO) == (ended.change, again.change)
    assert (20_000, 30_000) == (last_day.amount_fen_max, first_day.amount_fen_max)
    assert [NEXT_YEAR, None] == [entry.valid_until for entry in entries]


@pytest.mark.parametrize("until", [FIRST_DAY, TODAY - timedelta(days=1)])
async def test_an_entry_cannot_end_in_the_past_or_before_it_begins(db: Database, until: date) -> None:
    async with db.transaction() as conn:
        terms = item_terms(await a_region(conn), code=a_code(SeededIds()))
        await service.publish_item(conn, terms=terms)
        with pytest.raises(Refused) as refused:
            await service.end_item(conn, region=terms.region, code=terms.code, until=until, now=NOON)

    assert Reason.ITEM_ENDS_BEFORE_IT_BEGINS is refused.value.reason


async def test_publishing_refuses_terms_before_an_unknown_region_before_a_peer(db: Database) -> None:
    async with db.transaction() as conn:
        peer = await a_region(conn, hosted=False)
        refusals = []
        for terms in (
            item_terms("999999", least_strength=7),
            item_terms("999999", list_version="named-items 9"),
            item_terms("999999"),
            item_terms(peer),
        ):
            with pytest.raises(Refused) as refused:
                await service.publish_item(conn, terms=terms)
            refusals.append(refused.value.reason)

    assert [
        Reason.ITEM_TERMS_DO_NOT_FIT,
        Reason.ITEM_TERMS_DO_NOT_FIT,
        PlacesReason.REGION_IS_UNKNOWN,
        PlacesReason.REGION_IS_NOT_HOSTED,
    ] == refusals


async def test_a_region_sees_the_countrys_items_and_its_own_entry_of_them(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_items(conn)
        region = await a_region(conn)
        country = await service.get_item(conn, region=region, code="shop-purchase", on=TODAY)
        own = item_terms(region, code="shop-purchase", scene=Scene.RETAIL, amount_fen_max=1_000, confirm_above_fen=None)
        published = await service.publish_item(conn, terms=own)
        found = await service.get_item(conn, region=region, code="shop-purchase", on=TODAY)
        listed = await service.list_items(conn, region=region, on=TODAY, search="shop-purchase")

    assert "000000" == country.region
    assert published.item == found
    assert country.number == found.number
    assert (found,) == listed


async def test_items_are_found_by_alias_scene_class_form_and_line(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_items(conn)

        async def codes(**wanted: Any) -> set[str]:
            found = await service.list_items(conn, region="500116", on=TODAY, limit=500, **wanted)
            return {item.code for item in found}

        assert {"community-meal"} == await codes(search=" 老年助餐 ")
        assert "library-borrow" in await codes(search="BORROWING")
        assert "utility-bill" in await codes(scene=Scene.UTILITIES)
        served = await codes(served=True)
        unserved = await codes(served=False)
    assert {"community-meal", "shop-purchase", "pharmacy-purchase", "utility-bill"} <= served
    assert "pension" in unserved
    assert set() == served & unserved


async def test_a_search_takes_its_signs_literally(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_items(conn)

        assert () == await service.list_items(conn, region="000000", on=TODAY, search="%")


async def test_pages_of_the_list_join_to_the_whole(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_items(conn)
        whole = await service.list_items(conn, region="440100", on=TODAY, limit=500)
        pages: list[str] = []
        while page := await service.list_items(
            conn, region="440100", on=TODAY, limit=70, after=pages[-1] if pages else ""
        ):
            pages += [item.code for item in page]

    assert [item.code for item in whole] == pages
    assert "hall-queue" in pages
