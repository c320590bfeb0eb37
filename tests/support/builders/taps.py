"""Taps in hand and cases at the counter, in no database."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from tests.support.builders.catalogue import a_terminal_value, an_item
from tests.support.world import NOON
from yikatong.cards.model import CardState, Gate, Holder, ResidentStatus
from yikatong.catalogue.model import DataKind, Provider, ProviderKind
from yikatong.codes.model import CodeKind, Form, Posture, Presented, Strength
from yikatong.kernel.ids import AccountId, CardId, DeviceId, ECardId, ProviderId, ResidentId, TapId
from yikatong.lines.model import TapInHand
from yikatong.retail.service import RetailLine
from yikatong.taps.model import TapBody
from yikatong.taps.rules import Case

RESIDENT = ResidentId(UUID(int=7))
PROVIDER = ProviderId(UUID(int=2))
TAP = TapId(UUID(int=9))


class FixedBalances:
    """Balances as a test names them."""

    def __init__(self, by_account: Mapping[AccountId, int] | None = None) -> None:
        self._by_account = by_account or {}

    def available(self, account_id: AccountId) -> int:
        """What the test said, or nothing."""
        return self._by_account.get(account_id, 0)


def a_gate(**changes: Any) -> Gate:
    """A gate without any small-payment limit, as every resident begins."""
    gate = Gate(RESIDENT, 1, 0, 0, None, 0, False, None)
    return gate._replace(**changes)


def a_holder(**changes: Any) -> Holder:
    """Someone alive with an active card, an e-card of level 2 and a bound bank account."""
    holder = Holder(
        resident_id=RESIDENT,
        on=date(2026, 11, 25),
        region="990101",
        status=ResidentStatus.ALIVE,
        card_id=CardId(UUID(int=11)),
        card_state=CardState.ACTIVE,
        card_number="A00000001",
        card_expires_on=date(2036, 1, 1),
        card_state_version=1,
        chip_algorithm=None,
        chip_public_key=None,
        e_card_id=ECardId(UUID(int=12)),
        e_card_card_id=CardId(UUID(int=11)),
        e_card_level=2,
        e_card_valid_until=date(2036, 1, 1),
        e_card_associated_version=1,
        channels=("app",),
        bank_code="102",
        bank_token="token-of-the-bank",
        concessions=(),
    )
    return holder._replace(**changes)


def a_presentation(**changes: Any) -> Presented:
    """An answered code of the resident's own wallet, on a clear screen."""
    presented = Presented(
        form=Form.E_CARD_CODE,
        strength=Strength.ANSWERED,
        kind=CodeKind.PAYMENT,
        region="990101",
        resident_id=RESIDENT,
        bucket=0,
        card_id=None,
        e_card_id=ECardId(UUID(int=12)),
        device_id=DeviceId(UUID(int=13)),
        operator_id=None,
        serial=1,
        nonce=b"12345678",
        signed_at=NOON,
        posture=Posture.CLEAR,
        evidence=b"code",
    )
    return replace(presented, **changes)


def a_provider_value(**changes: Any) -> Provider:
    """A canteen, in no database."""
    provider = Provider(
        id=PROVIDER,
        region="990101",
        credit_code="91350100M000100Y43",
        name_zh="亭亭社区食堂",
        name_en="Tingting community canteen",
        kind=ProviderKind.CANTEEN,
        receivable_limit_fen=10_000,
        bank_reference=None,
        registered_at=NOON,
    )
    return replace(provider, **changes)


def a_tap(**changes: Any) -> TapInHand:
    """A meal of 12 yuan, answered by the wallet."""
    tap = TapInHand(
        tap_id=TAP,
        item=an_item(),
        terminal=a_terminal_value(),
        provider=a_provider_value(),
        presented=a_presentation(),
        amount_fen=1_200,
        holder=a_holder(),
        gate=a_gate(),
        now=NOON,
    )
    return replace(tap, **changes)


def a_body(**changes: Any) -> TapBody:
    """The same as a terminal sends it."""
    body = TapBody(request_id="request-1", item="test-meal", amount_fen=1_200, code="YK1:")
    return replace(body, **changes)


def a_case(**changes: Any) -> Case:
    """A case whose gates are all open."""
    case = Case(
        tap_id=TAP,
        body=a_body(),
        now=NOON,
        terminal=a_terminal_value(learns=(DataKind.PRESENCE_ONLY,)),
        provider=a_provider_value(),
        item=an_item(),
        line=RetailLine(),
        presented=a_presentation(),
        age_reason=None,
        holder=a_holder(),
        holder_reason=None,
        gate=a_gate(),
        is_recognised=True,
        is_reversed=False,
        used_in=None,
    )
    return replace(case, **changes)
