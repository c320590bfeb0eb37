"""The catalogue on the database: items, providers, terminals, recognition, and the view that taps use."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.catalogue import (
    FIRST_DAY,
    a_code,
    a_credit_code,
    a_place,
    a_provider,
    a_recognition,
    a_terminal,
    item_terms,
)
from tests.support.builders.places import DIVISION, a_region
from tests.support.world import NOON, SeededIds
from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.catalogue import rules, service
from yikatong.catalogue.audit import audit
from yikatong.catalogue.model import (
    DataKind,
    ItemTerms,
    Provider,
    ProviderKind,
    Reason,
    RecognitionScope,
    RegisteredTerminal,
    Scene,
)
from yikatong.kernel.identifiers.reasons import Reason as IdentifierReason
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places.model import Reason as PlacesReason
from yikatong.plumbing import versions
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm
from yikatong.trust.model import Reason as TrustReason

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
        entries = await service.list_item_entries(conn, **where)

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
    assert [found] == listed


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

        assert [] == await service.list_items(conn, region="000000", on=TODAY, search="%")


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


async def test_a_provider_registers_once(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        region, code = await a_region(conn), a_credit_code(ids)

        async def register(**changes: Any) -> Any:
            particulars: dict[str, Any] = {
                "credit_code": code,
                "name_zh": "亭亭社区食堂",
                "name_en": "Tingting community canteen",
                "kind": ProviderKind.CANTEEN,
                "receivable_limit_fen": 100,
                "bank_reference": None,
            }
            return await service.register_provider(conn, region=region, now=NOON, ids=ids, **{**particulars, **changes})

        first, second = await register(), await register(credit_code=code.lower())
        with pytest.raises(Refused) as refused:
            await register(receivable_limit_fen=200)

    assert (Change.DONE, Change.ALREADY_SO) == (first.change, second.change)
    assert first.provider == second.provider
    assert Reason.PROVIDER_IS_REGISTERED_DIFFERENTLY is refused.value.reason


async def test_a_credit_code_that_does_not_read_is_refused_before_the_region(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        with pytest.raises(Refused) as refused:
            await service.register_provider(
                conn,
                region="999999",
                credit_code="91350100M000100Y44",
                name_zh="服务机构",
                name_en="",
                kind=ProviderKind.SHOP,
                receivable_limit_fen=0,
                bank_reference=None,
                now=NOON,
                ids=ids,
            )

    assert IdentifierReason.CREDIT_CODE_CHECK_CHARACTER_IS_WRONG is refused.value.reason


async def test_an_account_number_is_no_bank_reference(db: Database) -> None:
    ids = SeededIds()
    with pytest.raises(psycopg.errors.CheckViolation):
        async with db.transaction() as conn:
            await service.register_provider(
                conn,
                region=await a_region(conn),
                credit_code=a_credit_code(ids),
                name_zh="服务机构",
                name_en="",
                kind=ProviderKind.SHOP,
                receivable_limit_fen=0,
                bank_reference="6222021234567890",
                now=NOON,
                ids=ids,
            )


async def test_a_place_needs_its_provider_and_a_known_division(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        provider = await a_provider(conn, ids, region=await a_region(conn))

        async def register(**changes: Any) -> Any:
            particulars: dict[str, Any] = {
                "region": provider.region,
                "provider_id": provider.id,
                "division": DIVISION,
                "name_zh": "一号店",
                "name_en": "",
            }
            return await service.register_place(conn, now=NOON, ids=ids, **{**particulars, **changes})

        first, second = await register(), await register()
        refusals = []
        for changes in ({"provider_id": ids.new(), "division": "690000"}, {"division": "690000"}, {"name_en": "Other"}):
            with pytest.raises(Refused) as refused:
                await register(**changes)
            refusals.append(refused.value.reason)

    assert (Change.DONE, Change.ALREADY_SO) == (first.change, second.change)
    assert [
        Reason.PROVIDER_IS_UNKNOWN,
        PlacesReason.DIVISION_IS_UNKNOWN,
        Reason.PLACE_IS_REGISTERED_DIFFERENTLY,
    ] == refusals


async def test_a_terminal_calls_with_the_key_it_was_given_until_it_is_revoked(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        provider = await a_provider(conn, ids, region=await a_region(conn))
        terminal, _, token = await a_terminal(conn, ids, provider=provider)
        caller = await access.authenticate(conn, token=token, now=NOON)
        where: dict[str, Any] = {"region": provider.region, "terminal_id": terminal.id, "now": NOON}
        first, second = await service.revoke_terminal(conn, **where), await service.revoke_terminal(conn, **where)
        with pytest.raises(Refused) as refused:
            await access.authenticate(conn, token=token, now=NOON)
        snapshot = await service.load_snapshot(conn)
        with pytest.raises(Refused) as in_snapshot:
            snapshot.get_terminal(terminal.id)

    assert (CallerKind.TERMINAL, terminal.id) == (caller.kind, caller.id)
    assert (provider.id, terminal.place_id) == (caller.provider_id, caller.place_id)
    assert (Change.DONE, Change.ALREADY_SO) == (first, second)
    assert AccessReason.KEY_IS_REVOKED is refused.value.reason
    assert Reason.TERMINAL_IS_REVOKED is in_snapshot.value.reason


async def register_with(
    conn: Conn, ids: SeededIds, provider: Provider, public_key: bytes, **changes: Any
) -> RegisteredTerminal:
    particulars: dict[str, Any] = {
        "region": provider.region,
        "provider_id": provider.id,
        "label": "收银台",
        "purposes": (Scene.COMMUNITY,),
        "learns": (DataKind.PRESENCE_ONLY,),
        "items": None,
    }
    return await service.register_terminal(conn, public_key=public_key, now=NOON, ids=ids, **{**particulars, **changes})


async def test_a_public_key_belongs_to_one_terminal(db: Database) -> None:
    ids = SeededIds()
    key = trust.encode_cose_key(trust.new_signing_key(Algorithm.EDDSA).public_key)
    async with db.transaction() as conn:
        await service.seed_items(conn)
        provider = await a_provider(conn, ids, region=await a_region(conn))
        place = await a_place(conn, ids, provider=provider)
        first = await register_with(conn, ids, provider, key, place_id=place.id)
        second = await register_with(conn, ids, provider, key, place_id=place.id)
        with pytest.raises(Refused) as other_label:
            await register_with(conn, ids, provider, key, place_id=place.id, label="另一台")
        await service.revoke_terminal(conn, region=provider.region, terminal_id=first.terminal.id, now=NOON)
        with pytest.raises(Refused) as after_revocation:
            await register_with(conn, ids, provider, key, place_id=place.id)

    assert (Change.DONE, "EDDSA") == (first.change, first.terminal.algorithm)
    assert (Change.ALREADY_SO, None) == (second.change, second.token)
    assert first.terminal == second.terminal
    assert Reason.TERMINAL_KEY_IS_REGISTERED is other_label.value.reason
    assert Reason.TERMINAL_KEY_IS_REGISTERED is after_revocation.value.reason


async def test_a_terminal_is_refused_for_its_key_then_provider_then_place_then_purposes(db: Database) -> None:
    ids = SeededIds()
    key = trust.encode_cose_key(trust.new_signing_key(Algorithm.ES256).public_key)
    async with db.transaction() as conn:
        await service.seed_items(conn)
        region = await a_region(conn)
        provider, other = await a_provider(conn, ids, region=region), await a_provider(conn, ids, region=region)
        place, others_place = await a_place(conn, ids, provider=provider), await a_place(conn, ids, provider=other)
        refusals = []
        for public_key, changes in (
            (b"no key", {"provider_id": ids.new(), "place_id": place.id}),
            (key, {"provider_id": ids.new(), "place_id": place.id}),
            (key, {"place_id": others_place.id, "items": ("no-such-item",)}),
            (key, {"place_id": place.id, "items": ("no-such-item",)}),
            (key, {"place_id": place.id, "items": ("library-entry",)}),
            (key, {"place_id": place.id, "learns": (DataKind.ID_NUMBER,)}),
        ):
            with pytest.raises(Refused) as refused:
                await register_with(conn, ids, provider, public_key, **changes)
            refusals.append(refused.value.reason)

    assert [
        TrustReason.KEY_IS_MALFORMED,
        Reason.PROVIDER_IS_UNKNOWN,
        Reason.PLACE_IS_UNKNOWN,
        Reason.ITEM_IS_NOT_ON_THE_LIST,
        Reason.PURPOSES_DO_NOT_COVER_THE_ITEM,
        Reason.PURPOSES_DO_NOT_COVER_THE_DATA,
    ] == refusals


async def test_a_change_of_purposes_counts_from_the_next_snapshot_on(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        provider = await a_provider(conn, ids, region=await a_region(conn))
        terminal, _, _ = await a_terminal(conn, ids, provider=provider, purposes=(Scene.COMMUNITY,))
        before = await service.load_snapshot(conn)
        wanted: dict[str, Any] = {
            "region": provider.region,
            "terminal_id": terminal.id,
            "purposes": (Scene.CULTURE,),
            "learns": (DataKind.AGE_BAND,),
            "items": ("library-entry",),
            "now": NOON,
        }
        first, second = await service.allow_purposes(conn, **wanted), await service.allow_purposes(conn, **wanted)
        after = await service.load_snapshot(conn)

    changed = after.get_terminal(terminal.id)
    assert (Change.DONE, Change.ALREADY_SO) == (first, second)
    assert after.version > before.version
    assert (Scene.COMMUNITY,) == before.get_terminal(terminal.id).purposes
    assert ((Scene.CULTURE,), (DataKind.AGE_BAND,)) == (changed.purposes, changed.learns)
    assert ("library-entry",) == changed.items


async def test_a_revoked_terminal_gets_no_new_purposes(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        provider = await a_provider(conn, ids, region=await a_region(conn))
        terminal, _, _ = await a_terminal(conn, ids, provider=provider)
        where: dict[str, Any] = {"region": provider.region, "terminal_id": terminal.id, "now": NOON}
        await service.revoke_terminal(conn, **where)
        with pytest.raises(Refused) as refused:
            await service.allow_purposes(conn, **where, purposes=(Scene.CULTURE,), learns=(), items=None)

    assert Reason.TERMINAL_IS_REVOKED is refused.value.reason


async def test_another_regions_terminal_is_unknown(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        provider = await a_provider(conn, ids, region=await a_region(conn))
        terminal, _, _ = await a_terminal(conn, ids, provider=provider)
        with pytest.raises(Refused) as refused:
            await service.revoke_terminal(conn, region=await a_region(conn), terminal_id=terminal.id, now=NOON)

    assert Reason.TERMINAL_IS_UNKNOWN is refused.value.reason


async def test_a_snapshot_holds_what_taps_ask_for(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        provider = await a_provider(conn, ids, region=await a_region(conn))
        terminal, _, _ = await a_terminal(conn, ids, provider=provider)
        snapshot = await service.load_snapshot(conn)

    meal = snapshot.get_item(provider.region, "community-meal", TODAY)
    assert meal == snapshot.find_item_by_number(provider.region, meal.number, TODAY)
    assert terminal == snapshot.get_terminal(terminal.id)
    assert provider == snapshot.get_provider(provider.id)
    assert DIVISION == snapshot.places[terminal.place_id].division
    assert snapshot.find_terminal(UUID(int=0)) is None


async def test_a_snapshot_that_is_brought_up_to_date_is_the_same_as_a_fresh_one(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        region, peer = await a_region(conn), await a_region(conn)
        provider = await a_provider(conn, ids, region=region)
        revoked, _, _ = await a_terminal(conn, ids, provider=provider)
        changed, _, _ = await a_terminal(conn, ids, provider=provider)
        ended, kept = (item_terms(region, code=a_code(ids)) for _ in range(2))
        for terms in (ended, kept):
            await service.publish_item(conn, terms=terms)
        known = await service.load_snapshot(conn)

        await service.revoke_terminal(conn, region=region, terminal_id=revoked.id, now=NOON)
        await service.allow_purposes(
            conn,
            region=region,
            terminal_id=changed.id,
            purposes=(Scene.RETAIL,),
            learns=(),
            items=None,
            now=NOON,
        )
        await service.end_item(conn, region=region, code=ended.code, until=NEXT_YEAR, now=NOON)
        await service.publish_item(conn, terms=msgspec.structs.replace(ended, valid_from=NEXT_YEAR))
        await a_terminal(conn, ids, provider=await a_provider(conn, ids, region=region))
        await service.set_recognition(conn, recognition=a_recognition(from_region=peer, to_region=region))

        assert await service.load_snapshot(conn) == await service.load_snapshot(conn, known=known)


async def test_recognition_counts_until_the_day_it_ends(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_items(conn)
        home, away = await a_region(conn), await a_region(conn)
        recognition = a_recognition(
            from_region=home, to_region=away, scope=RecognitionScope.ITEM, subject="library-entry"
        )
        first = await service.set_recognition(conn, recognition=recognition)
        second = await service.set_recognition(conn, recognition=recognition)
        ending: dict[str, Any] = {
            "from_region": home,
            "to_region": away,
            "scope": RecognitionScope.ITEM,
            "subject": "library-entry",
            "until": NEXT_YEAR,
            "now": NOON,
        }
        ended, again = await service.end_recognition(conn, **ending), await service.end_recognition(conn, **ending)
        snapshot = await service.load_snapshot(conn)

    assert (Change.DONE, Change.ALREADY_SO) == (first, second)
    assert (Change.DONE, Change.ALREADY_SO) == (ended, again)
    entry = snapshot.get_item(away, "library-entry", TODAY)
    regions = {"from_region": home, "to_region": away}
    assert snapshot.find_recognition(**regions, item=entry, on=date(2026, 12, 31)) is not None
    assert snapshot.find_recognition(**regions, item=entry, on=NEXT_YEAR) is None


async def test_recognition_is_refused_in_a_fixed_order(db: Database) -> None:
    async with db.transaction() as conn:
        home, away = await a_region(conn), await a_region(conn)
        await service.set_recognition(conn, recognition=a_recognition(from_region=home, to_region=away))
        refusals = []
        for recognition in (
            a_recognition(from_region="999999", to_region="999999", subject="no-such"),
            a_recognition(from_region="999999", to_region=away, subject="no-such"),
            a_recognition(from_region=home, to_region=away, subject="no-such"),
            a_recognition(from_region=home, to_region=away, valid_from=NEXT_YEAR),
        ):
            with pytest.raises(Refused) as refused:
                await service.set_recognition(conn, recognition=recognition)
            refusals.append(refused.value.reason)

    assert [
        Reason.RECOGNITION_NEEDS_TWO_REGIONS,
        PlacesReason.REGION_IS_UNKNOWN,
        Reason.ITEM_IS_NOT_ON_THE_LIST,
        Reason.RECOGNITION_PERIODS_OVERLAP,
    ] == refusals


async def test_the_audit_finds_no_difference_and_names_one_that_is_made(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        region = await a_region(conn)
        provider = await a_provider(conn, ids, region=region)
        await a_terminal(conn, ids, provider=provider)
        terms = item_terms(region, code=a_code(ids), valid_until=NEXT_YEAR)
        await service.publish_item(conn, terms=terms)
        sound = [line for line in await audit(conn) if region in line or terms.code in line]
        await conn.execute(
            "UPDATE catalogue.item SET number = 65535 WHERE region = %s AND code = %s", [region, terms.code]
        )
        broken = [line for line in await audit(conn) if terms.code in line]

        assert [] == sound
        assert [f"catalogue: number 65535 does not stand for item {terms.code}"] == broken
        raise psycopg.Rollback


days = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 3, 1))
periods = st.tuples(days, days | st.none()).filter(lambda period: period[1] is None or period[0] < period[1])


@given(st.lists(periods, max_size=12))
def test_whatever_is_asked_for_no_day_ever_has_two_entries(asked: list[tuple[date, date | None]]) -> None:
    accepted: list[ItemTerms] = []
    calendar = [date(2026, 1, 1) + timedelta(days=offset) for offset in range(70)]
    for valid_from, valid_until in asked:
        terms = item_terms("990101", valid_from=valid_from, valid_until=valid_until)
        is_free = not any(
            terms.is_in_force(day) and any(entry.is_in_force(day) for entry in accepted) for day in calendar
        )
        try:
            accepted.append(rules.verify_no_overlap(accepted, terms))
            assert is_free
        except Refused:
            assert not is_free
