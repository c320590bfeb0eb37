"""The route of the counter for purses: cash is paid in."""

from msgspec import Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Terms
from yikatong.cards.service import SCOPE
from yikatong.desk import service
from yikatong.desk.api.shapes import NOT_IN_ORDER, command
from yikatong.desk.model import Reason
from yikatong.kernel.ids import show_id
from yikatong.kernel.money import AmountFen
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.plumbing.http import Call, Route


class TopUpBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cash that was counted at the counter."""

    amount_fen: AmountFen


class ToppedUpAnswer(Struct, frozen=True, kw_only=True):
    """The transfer, and what the purse can pay now."""

    transfer: str
    available_fen: int


class Purses:
    """Handlers of the routes of purses."""

    def __init__(self, *, terms: Terms) -> None:
        self._terms = terms

    async def top_up(self, call: Call, body: TopUpBody, query: None) -> ToppedUpAnswer:
        """Pay cash in."""
        resident = await cards.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=self._terms
        )
        done = await service.top_up_purse(
            call.conn,
            bucket=resident.bucket,
            resident_id=resident.id,
            amount_fen=body.amount_fen,
            now=call.now,
            ids=call.ids,
        )
        return ToppedUpAnswer(transfer=show_id("transfer", done.transfer_id), available_fen=done.available_fen)


def routes(*, terms: Terms) -> tuple[Route, ...]:
    """The routes of purses."""
    return (
        command(
            "POST",
            "/v1/residents/{resident_id}/purse/top-ups",
            "top_up_purse",
            "Pay cash into a purse at the counter of the card's bank",
            "柜台现金充值钱包",
            handle=Purses(terms=terms).top_up,
            body=TopUpBody,
            answer=ToppedUpAnswer,
            permission="desk.top_up",
            reasons=(
                *SCOPE,
                *NOT_IN_ORDER,
                Reason.PURSE_WOULD_HOLD_TOO_MUCH,
                LedgerReason.ACCOUNT_IS_UNKNOWN,
                LedgerReason.ACCOUNT_IS_CLOSED,
                LedgerReason.ACCOUNT_IS_FROZEN,
            ),
        ),
    )
