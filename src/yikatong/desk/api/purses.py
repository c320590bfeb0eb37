"""Routes of the counter for purses: cash is paid in, and what was kept of a cancelled card's is handed out."""

from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardsReason
from yikatong.cards.model import Terms
from yikatong.cards.service import NOT_IN_ORDER, SCOPE
from yikatong.desk import service
from yikatong.desk.api.shapes import command
from yikatong.desk.model import Claimant, Reason
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


class ClaimBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who claims; the operator has seen the document, and of an heir the certificate of inheritance."""

    claimant: Annotated[Claimant, Meta(examples=["holder"])]


class ClaimedAnswer(Struct, frozen=True, kw_only=True):
    """The transfer, and how much cash is handed out."""

    transfer: str
    claimant: Claimant
    amount_fen: int


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

    async def claim(self, call: Call, body: ClaimBody, query: None) -> ClaimedAnswer:
        """Hand out what was kept."""
        resident = await cards.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=self._terms
        )
        paid = await service.pay_kept_balance(
            call.conn,
            resident=resident,
            claimant=body.claimant,
            operator_id=OperatorId(call.by().id),
            now=call.now,
            ids=call.ids,
        )
        return ClaimedAnswer(
            transfer=show_id("transfer", paid.transfer_id), claimant=paid.claimant, amount_fen=paid.amount_fen
        )


def routes(*, terms: Terms) -> tuple[Route, ...]:
    """The routes of purses."""
    it = Purses(terms=terms)
    return (
        command(
            "POST",
            "/v1/residents/{resident_id}/purse/top-ups",
            "top_up_purse",
            "Pay cash into a purse at the counter of the card's bank",
            "柜台现金充值钱包",
            handle=it.top_up,
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
        command(
            "POST",
            "/v1/residents/{resident_id}/kept-balance/claims",
            "claim_kept_balance",
            "Hand out what was kept of a cancelled card's balance, to the holder or an heir",
            "领取注销卡保留的余额（本人或继承人）",
            handle=it.claim,
            body=ClaimBody,
            answer=ClaimedAnswer,
            permission="desk.cancel",
            second_person=True,
            reasons=(*SCOPE, CardsReason.RESIDENT_HAS_NO_CARD, Reason.NOTHING_IS_KEPT, Reason.CLAIMANT_DOES_NOT_FIT),
        ),
    )
