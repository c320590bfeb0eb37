"""Items, providers, places and terminals for tests."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from tests.support.builders.places import DIVISION
from tests.support.world import NOON
from yikatong.catalogue import service
from yikatong.catalogue.model import (
    DataKind,
    Form,
    Item,
    ItemClass,
    ItemTerms,
    Place,
    Provider,
    ProviderKind,
    Recognition,
    RecognitionScope,
    Scene,
    Terminal,
)
from yikatong.kernel.identifiers.credit_code import make_credit_code
from yikatong.kernel.ids import PlaceId, ProviderId, TerminalId
from yikatong.plumbing.ids import Ids
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

FIRST_DAY = date(2026, 11, 1)


def a_credit_code(ids: Ids) -> str:
    """A credit code that no other test has; its check character fits."""
    digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    subject = "".join(digits[byte % len(digits)] for byte in ids.random_bytes(9))
    return make_credit_code("92" + DIVISION + subject)


def a_code(ids: Ids) -> str:
    """An item code that no other test has."""
    return "item-" + ids.random_bytes(8).hex()


def item_terms(region: str, **changes: Any) -> ItemTerms:
    """A meal that retail serves, unless changed."""
    terms = ItemTerms(
        code="test-meal",
        region=region,
        list_version="tests 1",
        source="a test",
        name_zh="测试用餐",
        name_en="Test meal",
        scenario_zh="测试场景",
        place_zh="测试场所",
        forms=(Form.CARD, Form.QR),
        item_class=ItemClass.PAYMENT,
        scene=Scene.COMMUNITY,
        line="retail",
        least_strength=1,
        assurance_level=2,
        learns=(DataKind.PRESENCE_ONLY, DataKind.NAME_MASKED),
        funding=("benefit:elder-meal", "purse", "bank"),
        amount_required=True,
        amount_fen_max=20_000,
        confirm_above_fen=10_000,
        valid_from=FIRST_DAY,
    )
    return msgspec.structs.replace(terms, **changes)


def an_item(**changes: Any) -> Item:
    """The same as an entry with a number, in no database."""
    number = changes.pop("number", 20_000)
    return Item(**msgspec.structs.asdict(item_terms(changes.pop("region", "990101"), **changes)), number=number)


def a_terminal_value(**changes: Any) -> Terminal:
    """A terminal for community meals, in no database."""
    terminal = Terminal(
        id=TerminalId(UUID(int=1)),
        provider_id=ProviderId(UUID(int=2)),
        place_id=PlaceId(UUID(int=3)),
        region="990101",
        label="test",
        purposes=(Scene.COMMUNITY,),
        learns=(DataKind.PRESENCE_ONLY,),
        items=None,
        algorithm="ES256",
        public_key=b"\x00" * 40,
        registered_at=NOON,
    )
    return msgspec.structs.replace(terminal, **changes)


def a_recognition(*, from_region: str, to_region: str, **changes: Any) -> Recognition:
    """Payments with another region's cards, unless changed."""
    recognition = Recognition(
        from_region=from_region,
        to_region=to_region,
        scope=RecognitionScope.CLASS,
        subject=ItemClass.PAYMENT.value,
        valid_from=FIRST_DAY,
    )
    return msgspec.structs.replace(recognition, **changes)


async def a_provider(
    conn: AsyncConnection[Any],
    ids: Ids,
    *,
    region: str,
    kind: ProviderKind = ProviderKind.CANTEEN,
    receivable_limit_fen: int = 100_000,
    now: datetime = NOON,
) -> Provider:
    """Register a provider in a region that is open."""
    registered = await service.register_provider(
        conn,
        region=region,
        credit_code=a_credit_code(ids),
        name_zh="测试服务机构",
        name_en="Test provider",
        kind=kind,
        receivable_limit_fen=receivable_limit_fen,
        bank_reference="settle-test",
        now=now,
        ids=ids,
    )
    return registered.provider


async def a_place(conn: AsyncConnection[Any], ids: Ids, *, provider: Provider, now: datetime = NOON) -> Place:
    """Register a place of a provider."""
    registered = await service.register_place(
        conn,
        region=provider.region,
        provider_id=provider.id,
        division=DIVISION,
        name_zh="测试场所" + ids.random_bytes(4).hex(),
        name_en="Test place",
        now=now,
        ids=ids,
    )
    return registered.place


class TerminalWithKeys(NamedTuple):
    """A registered terminal, the private half that signs its challenges, and the secret key it calls with."""

    terminal: Terminal
    signing_key: SigningKey
    token: str


async def a_terminal(
    conn: AsyncConnection[Any],
    ids: Ids,
    *,
    provider: Provider,
    place: Place | None = None,
    purposes: tuple[Scene, ...] = (Scene.COMMUNITY, Scene.RETAIL),
    learns: tuple[DataKind, ...] = (DataKind.PRESENCE_ONLY, DataKind.NAME_MASKED),
    items: tuple[str, ...] | None = None,
    now: datetime = NOON,
) -> TerminalWithKeys:
    """Register a terminal, at a place of its own unless one is given; the platform's items are loaded first."""
    await service.seed_items(conn)
    place = place or await a_place(conn, ids, provider=provider, now=now)
    signing_key = trust.new_signing_key(Algorithm.ES256)
    registered = await service.register_terminal(
        conn,
        region=provider.region,
        provider_id=provider.id,
        place_id=place.id,
        label="测试终端",
        purposes=purposes,
        learns=learns,
        items=items,
        public_key=trust.encode_cose_key(signing_key.public_key),
        now=now,
        ids=ids,
    )
    assert registered.token is not None
    return TerminalWithKeys(registered.terminal, signing_key, registered.token)
