"""The item list that comes with the platform is whole, and its versions follow each other."""

from datetime import date

import msgspec
import pytest

from tests.support.builders.catalogue import a_code, a_credit_code, an_item
from tests.support.builders.places import a_region
from tests.support.world import SeededIds, a_region_code
from yikatong.catalogue import service
from yikatong.catalogue.model import Form, FormBasis, Item, ItemClass, Scene, SceneGroup, scene_group
from yikatong.catalogue.rules import forms_of_class, plan_list, verify_terms
from yikatong.catalogue.seeds import ItemList, read_item_list
from yikatong.desk.rules import LINE
from yikatong.kernel.identifiers.credit_code import read_credit_code
from yikatong.places.seeds import seed_divisions
from yikatong.plumbing.database import Database
from yikatong.presence.service import PresenceLine
from yikatong.retail.service import RetailLine
from yikatong.subsidised.service import SubsidisedLine

pytestmark = pytest.mark.anyio

ITEMS = read_item_list().items
STORY = (
    "community-meal",
    "shop-purchase",
    "pharmacy-purchase",
    "library-entry",
    "library-borrow",
    "utility-bill",
    "hall-entry",
    "hall-queue",
    "hall-acceptance",
    "hall-pickup",
)


def find(code: str, region: str = "000000") -> Item:
    return next(item for item in ITEMS if item.item_key() == (region, code))


def test_the_list_has_more_than_two_hundred_items() -> None:
    assert len({item.code for item in ITEMS}) > 200


def test_every_entry_has_its_four_legal_columns_and_a_source() -> None:
    for item in ITEMS:
        assert item.name_zh, item.code
        assert item.scenario_zh, item.code
        assert item.place_zh, item.code
        assert item.forms, item.code
        assert item.source, item.code
        assert "://" not in item.source, item.code
        assert item.list_version.startswith("named-items "), item.code


def test_the_terms_of_every_entry_fit_together() -> None:
    for item in ITEMS:
        assert item == verify_terms(item)


def test_every_region_of_the_list_is_a_known_division() -> None:
    known = {division.code for division in seed_divisions()} | {"000000"}

    assert set() == {item.region for item in ITEMS} - known


def test_a_number_stands_for_one_code() -> None:
    pairs = {(item.number, item.code) for item in ITEMS}

    assert len(pairs) == len({number for number, _ in pairs}) == len({code for _, code in pairs})
    assert max(number for number, _ in pairs) < 10_000


def test_no_region_has_two_entries_of_one_item() -> None:
    assert len(ITEMS) == len({item.item_key() for item in ITEMS})


def test_the_fifty_five_subsidies_carry_their_budget_items() -> None:
    with_budget = [item for item in ITEMS if item.clause.startswith("budget item ")]

    assert 55 == len(with_budget)
    assert "budget item 2080502" == find("old-age-allowance").clause


def test_benefits_come_by_the_account_of_the_card_alone() -> None:
    benefits = [item for item in ITEMS if item.item_class is ItemClass.BENEFIT]

    assert len(benefits) > 80
    assert {(Form.ACCOUNT,)} == {item.forms for item in benefits}


def test_forms_follow_the_class_where_the_source_states_none() -> None:
    appraisal = find("skill-appraisal")

    assert FormBasis.CLASS_RULE is appraisal.form_basis
    assert forms_of_class(ItemClass.IDENTITY) == appraisal.forms


def test_the_story_items_are_served_by_a_line() -> None:
    served = {item.code: item.line for item in ITEMS if item.code in STORY}

    assert set(STORY) == set(served)
    assert {"retail", "presence"} == set(served.values())


def test_every_line_of_the_list_is_one_that_serves_and_the_desk_serves_what_no_terminal_taps() -> None:
    lines = {line.name for line in (RetailLine(), PresenceLine(), SubsidisedLine())}

    assert {None, LINE, *lines} == {item.line for item in ITEMS}
    assert ["purse-topup"] == [item.code for item in ITEMS if item.line == LINE]


def test_a_community_meal_is_paid_by_the_meal_benefit_first() -> None:
    assert ("benefit:elder-meal", "purse", "bank") == find("community-meal").funding


def test_the_guangzhou_hall_has_its_four_items() -> None:
    hall = [item.code for item in ITEMS if item.region == "440100" and item.code.startswith("hall-")]

    assert ["hall-entry", "hall-queue", "hall-acceptance", "hall-pickup"] == hall


def test_every_scene_has_a_show_key_group() -> None:
    groups = {scene: scene_group(scene) for scene in Scene}

    assert set(SceneGroup) == set(groups.values())
    assert SceneGroup.RETAIL is groups[Scene.COMMUNITY]
    assert SceneGroup.PLACES is groups[Scene.GOVERNMENT]


def test_made_up_credit_codes_read() -> None:
    code = a_credit_code(SeededIds(1))

    assert code == read_credit_code(code)


async def test_loading_the_list_twice_changes_nothing(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_items(conn)
        again = await service.seed_items(conn)

    assert (0, 0) == (again.added_count, again.ended_count)
    assert again.unchanged_count > 0


def a_list(*items: Item, version: str, valid_from: date) -> ItemList:
    """A list of its own name, so that tests do not meet; entries begin with its version."""
    name = "list-" + items[0].region
    entries = tuple(
        msgspec.structs.replace(item, list_version=f"{name} {version}", valid_from=valid_from) for item in items
    )
    return ItemList(name=name, version=version, valid_from=valid_from, items=entries)


async def test_a_new_version_ends_what_changed_or_went_and_keeps_the_rest(db: Database) -> None:
    ids, first_day, next_day = SeededIds(), date(2026, 11, 1), date(2027, 3, 1)
    async with db.transaction() as conn:
        region = await a_region(conn)
        kept, changed, gone = (
            an_item(region=region, code=a_code(ids), number=number) for number in (61_000, 61_001, 61_002)
        )
        await service.seed_items(conn, item_list=a_list(kept, changed, gone, version="1", valid_from=first_day))
        cheaper = msgspec.structs.replace(changed, amount_fen_max=15_000)

        seeded = await service.seed_items(conn, item_list=a_list(kept, cheaper, version="2", valid_from=next_day))

        assert (1, 2, 1) == (seeded.added_count, seeded.ended_count, seeded.unchanged_count)
        old = await service.get_item(conn, region=region, code=changed.code, on=date(2027, 2, 28))
        new = await service.get_item(conn, region=region, code=changed.code, on=next_day)
        assert (20_000, 15_000) == (old.amount_fen_max, new.amount_fen_max)
        assert old.number == new.number
        assert await service.find_item(conn, region=region, code=gone.code, on=next_day) is None
        still = await service.get_item(conn, region=region, code=kept.code, on=next_day)
        assert still.list_version.endswith(" 1")


def test_an_entry_that_the_installation_published_itself_stands() -> None:
    own = an_item(list_version="own 1")
    wanted = an_item(list_version="named-items 2", amount_fen_max=15_000)

    plan = plan_list([own], [wanted], list_name="named-items")

    assert ((), ()) == (plan.to_end, plan.to_add)


def test_an_entry_that_the_installation_ended_stays_ended() -> None:
    ended = an_item(list_version="named-items 1", valid_until=date(2026, 12, 1))
    wanted = an_item(list_version="named-items 1")

    plan = plan_list([ended], [wanted], list_name="named-items")

    assert ((), ()) == (plan.to_end, plan.to_add)


def test_a_code_keeps_the_number_it_already_has() -> None:
    region, other = a_region_code(), a_region_code()
    own = an_item(region=region, number=10_007)
    wanted = an_item(region=other, number=12)

    plan = plan_list([own], [wanted], list_name="tests")

    assert [10_007] == [item.number for item in plan.to_add]
