"""Regions open once; a division code means what it meant on the day asked about."""

from datetime import date, timedelta

import msgspec
import psycopg
import pytest

from tests.support.builders.places import a_region, region_named
from tests.support.world import a_region_code
from yikatong.kernel.identifiers.division import PROVINCES
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places import seeds, service, store
from yikatong.places.audit import audit
from yikatong.places.model import Division, Level, Reason, RegionName, enclosing_codes
from yikatong.places.rules import list_successors, name_region
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 25)


def test_a_county_stands_in_its_city_its_province_and_the_country() -> None:
    assert ("500116", "500100", "500000", "000000") == enclosing_codes("500116")


def test_a_province_stands_in_the_country_only() -> None:
    assert ("500000", "000000") == enclosing_codes("500000")


def test_the_seed_lists_every_province_by_its_name_in_the_standard() -> None:
    provinces = {row.code[:2]: row.name_zh for row in seeds.seed_divisions() if row.level is Level.PROVINCE}

    assert {digits: names[1] for digits, names in PROVINCES.items()} == provinces


@pytest.mark.parametrize(
    "code",
    ["500116", "440100", "310112", "310115", "310117", "310151", "130629", "130632", "130638", "133199", "990101"],
)
def test_the_seed_knows_the_divisions_that_stories_and_items_name(code: str) -> None:
    assert code in {row.code for row in seeds.seed_divisions() if row.valid_until is None}


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        ("310225", date(1990, 1, 1), ("310225",)),  # Nanhui County
        ("310225", date(2005, 1, 1), ("310119",)),  # Nanhui District
        ("310225", TODAY, ("310115",)),  # Pudong
        ("500381", TODAY, ("500116",)),  # Jiangjin
        ("310115", TODAY, ("310115",)),
        ("690000", TODAY, ()),
    ],
)
def test_an_old_code_leads_to_the_one_that_stands_for_it_on_the_day(
    code: str, on: date, expected: tuple[str, ...]
) -> None:
    assert expected == list_successors(seeds.seed_divisions(), code=code, on=on)


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("500116", "重庆市江津区", "Jiangjin, Chongqing"),
        ("440100", "广东省广州市", "Guangzhou, Guangdong"),
        ("130629", "河北省保定市容城县", "Rongcheng, Baoding, Hebei"),
        ("310000", "上海市", "Shanghai"),
        ("990100", "江亭市（演示）", "Jiangting (demonstration)"),
        ("510700", "四川省510700", "Sichuan 510700"),
        ("690000", "地区690000", "Region 690000"),
    ],
)
def test_a_region_is_named_by_its_division_and_what_that_lies_in(code: str, zh: str, en: str) -> None:
    in_force = [division for division in seeds.seed_divisions() if division.valid_until is None]

    assert RegionName(zh=zh, en=en) == name_region(in_force, code=code)


async def test_a_region_served_here_is_opened_by_that_name_and_once(db: Database) -> None:
    code = a_region_code()
    async with db.transaction() as conn:
        await service.seed_divisions(conn)
        opened = [await service.open_own_region(conn, code=code, on=TODAY) for _ in range(2)]
        region = await service.get_hosted_region(conn, code=code)

    assert [Change.DONE, Change.ALREADY_SO] == opened
    assert (f"地区{code}", f"Region {code}", TODAY) == (region.name_zh, region.name_en, region.opened_on)


async def test_opening_a_region_twice_is_already_so(db: Database) -> None:
    region = region_named(a_region_code())
    async with db.transaction() as conn:
        first = await service.open_region(conn, region=region)
        second = await service.open_region(conn, region=region)

        assert (Change.DONE, Change.ALREADY_SO) == (first, second)
        assert region == await service.get_region(conn, code=region.code)


async def test_a_region_can_be_renamed_but_keeps_its_opening_day(db: Database) -> None:
    region = region_named(a_region_code())
    async with db.transaction() as conn:
        await service.open_region(conn, region=region)
        renamed = msgspec.structs.replace(region, name_en="Another name", opened_on=date(2030, 1, 1))

        assert Change.DONE is await service.open_region(conn, region=renamed)
        expected = msgspec.structs.replace(region, name_en="Another name")
        assert expected == await service.get_region(conn, code=region.code)


async def test_the_whole_country_is_no_region(db: Database) -> None:
    async with db.transaction() as conn:
        with pytest.raises(Refused) as refused:
            await service.open_region(conn, region=region_named("000000"))

    assert Reason.REGION_IS_THE_WHOLE_COUNTRY is refused.value.reason


async def test_a_region_that_nobody_opened_is_unknown_before_it_is_not_hosted(db: Database) -> None:
    async with db.transaction() as conn:
        with pytest.raises(Refused) as unknown:
            await service.get_hosted_region(conn, code=a_region_code())
        peer = await a_region(conn, hosted=False)
        with pytest.raises(Refused) as not_hosted:
            await service.get_hosted_region(conn, code=peer)

    assert Reason.REGION_IS_UNKNOWN is unknown.value.reason
    assert Reason.REGION_IS_NOT_HOSTED is not_hosted.value.reason


async def test_regions_are_listed_by_whether_they_are_hosted(db: Database) -> None:
    async with db.transaction() as conn:
        own, peer = await a_region(conn), await a_region(conn, hosted=False)
        hosted = {region.code for region in await service.list_regions(conn, hosted=True)}
        peers = {region.code for region in await service.list_regions(conn, hosted=False)}

    assert own in hosted
    assert peer not in hosted
    assert peer in peers


async def test_loading_the_divisions_again_adds_nothing(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_divisions(conn)

        assert 0 == await service.seed_divisions(conn)


async def test_a_division_is_found_on_days_it_stood_and_only_then(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_divisions(conn)
        before = await service.find_division(conn, code="310119", on=date(2009, 4, 23))
        after = await service.find_division(conn, code="310119", on=date(2009, 4, 24))
        with pytest.raises(Refused) as refused:
            await service.get_division(conn, code="310119", on=TODAY)

    assert before is not None
    assert "南汇区" == before.name_zh
    assert after is None
    assert Reason.DIVISION_IS_UNKNOWN is refused.value.reason


async def test_divisions_are_listed_under_a_prefix_page_by_page(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_divisions(conn)
        everything = await service.list_divisions(conn, on=TODAY, under="310")
        first = await service.list_divisions(conn, on=TODAY, under="310", limit=2)
        rest = await service.list_divisions(conn, on=TODAY, under="310", after=first[-1].code)

    assert ["310000", "310100", "310112", "310115", "310117", "310151"] == [row.code for row in everything]
    assert everything == first + rest


async def test_the_history_of_a_code_is_shown_and_an_unlisted_code_is_refused(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_divisions(conn)
        history = await service.list_history(conn, code="500381")
        with pytest.raises(Refused) as refused:
            await service.list_history(conn, code="690000")

    assert [("江津市", ("500116",))] == [(row.name_zh, row.successors) for row in history]
    assert Reason.DIVISION_IS_UNKNOWN is refused.value.reason


async def test_the_audit_finds_no_difference_in_the_seed_and_names_two_meanings_that_overlap(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_divisions(conn)

        assert [] == await audit(conn)
        # Pudong took in Nanhui in 2009, after which the old code means nothing.
        await store.insert_divisions(conn, divisions=[a_second_meaning_of("310119")])
        assert ["places: two meanings of division 310119 overlap"] == await audit(conn)
        raise psycopg.Rollback


def a_second_meaning_of(code: str) -> Division:
    """A row that begins while the seed's meaning of a code still counts."""
    seeded = next(row for row in seeds.seed_divisions() if row.code == code)
    return msgspec.structs.replace(seeded, valid_from=seeded.valid_from + timedelta(days=1))
