"""The route of the counter for purses: cash is paid in."""

from msgspec import Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Terms
from yikatong.cards.service import SCOPE
from yikatong.desk import service
from yikatong.desk.api.shapes import NOT_IN_ORDER, command
from yikatong.desk.model import Reason
from yikatong.kernel.ids import OperatorId, show_id
from yikatong.kernel.money import AmountFen
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.plumbing.http import Call, Route


class TopUpBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cash that was counted at the counter."""

    amount_fen: AmountFen


class ToppedUpAnswer(Struct, frozen=True, kw_only=True):
    """The transfer, by which entry of the item list and which rule, and what the purse can pay now."""

    transfer: str
    item: str
    list_version: str
    rule: str
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
            resident=resident,
            amount_fen=body.amount_fen,
            operator_id=OperatorId(call.by().id),
            now=call.now,
            ids=call.ids,
        )
        return ToppedUpAnswer(
            transfer=show_id("transfer", done.top_up.transfer_id),
            item=done.top_up.item,
            list_version=done.top_up.list_version,
            rule=done.top_up.rule,
            available_fen=done.available_fen,
        )


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
                Reason.TOP_UP_IS_NOT_OFFERED,
                Reason.TOP_UP_IS_OVER_THE_ITEM_MAXIMUM,
                *NOT_IN_ORDER,
                Reason.PURSE_WOULD_HOLD_TOO_MUCH,
                LedgerReason.ACCOUNT_IS_UNKNOWN,
                LedgerReason.ACCOUNT_IS_CLOSED,
                LedgerReason.ACCOUNT_IS_FROZEN,
            ),
        ),
    )
