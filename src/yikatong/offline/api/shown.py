"""Allowances as wallet and counter are shown them, and why they are granted none."""

from datetime import datetime

from msgspec import Struct

from yikatong.cards.model import Reason as CardReason
from yikatong.catalogue import service as catalogue
from yikatong.codes.model import SceneGroup
from yikatong.kernel.ids import AllowanceIdText, PlaceIdText, ProviderIdText, TerminalIdText, show_id
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.offline.model import Allowance, Reason
from yikatong.plumbing.http import Call

NOT_GRANTED = (
    CardReason.PAYMENTS_ARE_FROZEN,
    CardReason.PERSON_IS_ERASED,
    Reason.PLACE_OF_THE_ALLOWANCE_IS_UNKNOWN,
    Reason.MINORS_HAVE_NO_ALLOWANCES,
    Reason.ALLOWANCE_IS_TOO_LARGE,
    Reason.ALLOWANCE_IS_TOO_LONG,
    Reason.ALLOWANCES_ARE_TOO_MANY,
    LedgerReason.ACCOUNT_IS_UNKNOWN,
    LedgerReason.ACCOUNT_IS_CLOSED,
    LedgerReason.ACCOUNT_IS_FROZEN,
    LedgerReason.BALANCE_IS_TOO_LOW,
)
"""Why an allowance is not granted by a card that is in order, to wallet or counter."""


class AllowanceAnswer(Struct, frozen=True, kw_only=True):
    """An allowance as it stands. What is left stays set aside until `upload_until`, also when it was ended."""

    allowance: AllowanceIdText
    scene_group: SceneGroup
    provider: ProviderIdText
    provider_name_zh: str
    place: PlaceIdText
    terminal: TerminalIdText | None
    amount_fen: int
    spent_fen: int
    chip_without_password: bool
    accept_until: datetime
    upload_until: datetime
    ended_at: datetime | None


class AllowancesAnswer(Struct, frozen=True, kw_only=True):
    """The holder's allowances, oldest first."""

    allowances: tuple[AllowanceAnswer, ...]


async def show_allowance(call: Call, allowance: Allowance) -> AllowanceAnswer:
    """An allowance as it stands."""
    provider = await catalogue.find_provider(call.conn, provider_id=allowance.provider_id)
    terminal = allowance.terminal_id
    return AllowanceAnswer(
        allowance=show_id("allowance", allowance.id),
        scene_group=allowance.scene_group,
        provider=show_id("provider", allowance.provider_id),
        provider_name_zh="" if provider is None else provider.name_zh,
        place=show_id("place", allowance.place_id),
        terminal=None if terminal is None else show_id("terminal", terminal),
        amount_fen=allowance.amount_fen,
        spent_fen=allowance.spent_fen,
        chip_without_password=allowance.without_pin,
        accept_until=allowance.accept_until,
        upload_until=allowance.upload_until,
        ended_at=allowance.ended_at,
    )
