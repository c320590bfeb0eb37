"""Residents: registered once, sealed, erased; looked at within scope."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

import pytest

from tests.support.builders.cards import CardWorld, an_id_number, key_of
from tests.support.world import a_region_code
from yikatong.cards import service as cards
from yikatong.cards.model import NewPerson, Reason, Registered, Resident
from yikatong.cards.rules.persons import mask_id_number, mask_name, mask_phone, read_person
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Caller, CallerKind

pytestmark = pytest.mark.anyio


async def test_no_personal_field_can_be_read_in_any_table_of_cards(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder(name="欧阳修远")
        await world.enrolled(resident)
        await world.with_bank(resident)
        person = await cards.view_person(conn, **key_of(resident), vault=world.vault)
        secrets = [person.name, person.id_number, person.phone, person.address, person.birth.isoformat()]
        tables = [
            "resident",
            "person",
            "id_mark",
            "gate",
            "card",
            "card_number",
            "card_event",
            "e_card",
            "association",
            "device",
            "bank_binding",
        ]
        for table in tables:
            column = "id" if table == "resident" else "resident_id"
            cursor = await conn.execute(
                f"SELECT t::text FROM cards.{table} t WHERE {column} = %s", [resident.resident_id]
            )
            text = "\n".join(row[0] for row in await cursor.fetchall())
            assert text
            for secret in secrets:
                assert secret not in text
                assert secret.encode().hex() not in text


async def test_the_same_person_again_is_already_so(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        number = an_id_number()
        first = await world.a_resident(id_number=number)
        second = await world.a_resident(id_number=number.lower())

    assert (Change.DONE, Change.ALREADY_SO) == (first.change, second.change)
    assert first.resident_id == second.resident_id


async def test_an_id_number_belongs_to_one_name_in_one_region(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        number = an_id_number()
        await world.a_resident(id_number=number)
        with pytest.raises(Refused, match="ID_NUMBER_IS_ALREADY_REGISTERED"):
            await world.a_resident(id_number=number, name="张三")
        with pytest.raises(Refused, match="ID_NUMBER_IS_ALREADY_REGISTERED"):
            await CardWorld(conn).a_resident(id_number=number)


async def test_two_counters_that_register_one_person_at_once_give_one_resident(db: Database) -> None:
    number, region = an_id_number(), a_region_code()

    async def register() -> UUID:
        async with db.transaction() as conn:
            return (await CardWorld(conn, region=region).a_resident(id_number=number)).resident_id

    first, second = await asyncio.gather(register(), register())

    assert first == second


async def test_erasure_destroys_fields_and_mark_and_leaves_the_card(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        number = an_id_number()
        resident = await world.a_resident(id_number=number)
        await world.applied(resident)
        answers = [
            await cards.erase_person(conn, **key_of(resident), vault=world.vault, now=world.now) for _ in range(2)
        ]

        assert [Change.DONE, Change.ALREADY_SO] == answers
        assert await cards.find_by_id_number(conn, id_number=number, vault=world.vault) is None
        with pytest.raises(Refused, match="PERSON_IS_ERASED"):
            await cards.view_person(conn, **key_of(resident), vault=world.vault)
        assert resident.resident_id == (await world.card_of(resident)).resident_id


async def test_a_number_is_found_with_a_small_x(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        number = next(it for it in iter(an_id_number, "") if it.endswith("X"))
        resident = await world.a_resident(id_number=number)
        found = await cards.find_by_id_number(conn, id_number=number.lower(), vault=world.vault)

    assert resident.resident_id == found


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "王\n"}, "name"),
        ({"name": " 王"}, "name"),
        ({"name": "王" * 61}, "name"),
        ({"id_type": "6"}, "id_type"),
        ({"nation": "57"}, "nation"),
        ({"phone": "138-0000"}, "phone"),
        ({"phone": "１３８００００００００"}, "phone"),
        ({"address": "一栋"}, "address"),
        ({"address": "栋" * 71}, "address"),
    ],
)
def test_a_field_out_of_form_is_named(changes: dict[str, str], field: str) -> None:
    form = {"name": "王小明", "id_number": "99010119550307003X", **changes}
    with pytest.raises(Refused) as refused:
        read_person(NewPerson(**form), on=date(2026, 11, 25), synthetic_allowed=True)

    assert Reason.PERSONAL_FIELD_IS_NOT_VALID is refused.value.reason
    assert field == refused.value.about["field"]


def test_birth_and_sex_are_those_of_the_number() -> None:
    # GB 11643-1999: the well-known sample 440524188001010014 has an odd sequence number, a man born in 1880.
    person = read_person(
        NewPerson(name="甲", id_number="440524188001010014"), on=date(2026, 11, 25), synthetic_allowed=False
    )

    assert (date(1880, 1, 1), "1") == (person.birth, person.sex)
    assert "440524" not in repr(person)


def test_masks_show_little() -> None:
    assert "王**" == mask_name("王小明")
    assert "王*" == mask_name("王")
    assert "990***********003X" == mask_id_number("99010119550307003X")
    assert "138****0000" == mask_phone("13800000000")
    assert "****" == mask_phone("123")


async def test_an_operator_serves_only_region_and_divisions_of_their_own(db: Database) -> None:
    def operator(region: str, *divisions: str) -> Caller:
        return Caller(kind=CallerKind.OPERATOR, id=UUID(int=7), region=region, divisions=divisions)

    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        shown = show_id("resident", resident.resident_id)

        async def serve(caller: Caller, shown_id: str = shown) -> UUID:
            found = await cards.get_resident_for(conn, caller=caller, shown_id=shown_id, terms=world.terms)
            return found.id

        assert resident.resident_id == await serve(operator(world.region))
        assert resident.resident_id == await serve(operator(world.region, world.region[:4]))
        with pytest.raises(Refused, match="DIVISION_IS_OUT_OF_SCOPE"):
            await serve(operator(world.region, "11"))
        with pytest.raises(Refused, match="REGION_IS_OUT_OF_SCOPE"):
            await serve(operator(a_region_code()))
        for unreadable in ("", "res_", "res_" + "0" * 32, shown.upper(), "crd_" + shown[4:]):
            with pytest.raises(Refused, match="RESIDENT_IS_NOT_KNOWN"):
                await serve(operator(world.region), unreadable)


@pytest.mark.parametrize(("born_on", "is_minor"), [(date(2008, 11, 26), True), (date(2008, 11, 25), False)])
async def test_who_turns_eighteen_today_is_looked_at_as_an_adult(db: Database, born_on: date, is_minor: bool) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident(born_on=born_on)
        look = looking(world, resident)
        if is_minor:
            with pytest.raises(Refused, match="MINOR_LOOK_NEEDS_APPROVAL"):
                await look()
        else:
            assert resident.resident_id == (await look()).id


async def test_scope_is_refused_before_a_minor_s_age_is_known(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        child = await world.a_resident(born_on=date(2016, 3, 1))
        with pytest.raises(Refused, match="REGION_IS_OUT_OF_SCOPE"):
            await looking(world, child, region=a_region_code())()


async def test_an_erased_minor_s_card_is_looked_at_as_anybody_s_for_no_age_is_left(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        child = await world.a_resident(born_on=date(2016, 3, 1))
        await cards.erase_person(conn, **key_of(child), vault=world.vault, now=world.now)

        assert child.resident_id == (await looking(world, child)()).id


def looking(world: CardWorld, resident: Registered, *, region: str = "") -> Callable[[], Awaitable[Resident]]:
    """A look of an operator of the world's region, or another, at a resident."""

    async def look() -> Resident:
        return await cards.get_resident_to_look_at(
            world.conn,
            caller=Caller(kind=CallerKind.OPERATOR, id=world.ids.new(), region=region or world.region),
            shown_id=show_id("resident", resident.resident_id),
            vault=world.vault,
            terms=world.terms,
            now=world.now,
        )

    return look
