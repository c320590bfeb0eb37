"""Providers, places and terminals: each registers once, and a terminal may do and learn no more than its terms."""

from datetime import date
from typing import Any

import psycopg
import pytest

from tests.support.builders.catalogue import (
    a_credit_code,
    a_place,
    a_provider,
    a_terminal,
)
from tests.support.builders.places import DIVISION, a_region
from tests.support.world import NOON, SeededIds
from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.catalogue import service
from yikatong.catalogue.model import (
    DataKind,
    Provider,
    ProviderKind,
    Reason,
    RegisteredTerminal,
    Scene,
)
from yikatong.kernel.identifiers.reasons import Reason as IdentifierReason
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places.model import Reason as PlacesReason
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm
from yikatong.trust.model import Reason as TrustReason

pytestmark = pytest.mark.anyio

Conn = psycopg.AsyncConnection[Any]
TODAY = date(2026, 11, 25)
NEXT_YEAR = date(2027, 1, 1)


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
