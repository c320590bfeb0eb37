"""Disputes over HTTP: each side lists and says its word, an operator decides with a second person."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Terms
from yikatong.kernel.ids import ProviderIdText, ResidentId, TapIdText, show_id
from yikatong.kernel.outcomes import Change
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.offline import service
from yikatong.offline.model import Dispute, Reason, Side
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind, read_or_refuse
from yikatong.taps import service as taps

DECIDE = "taps.decide_dispute"


class AgreeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the tap was the holder's own."""

    agrees: bool


class StatementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider says happened; no names, no numbers of documents."""

    says: Annotated[str, Meta(min_length=1, max_length=500)]


class DecisionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """For whom the dispute is decided."""

    decided_for: Side


class DisputeAnswer(Struct, frozen=True, kw_only=True):
    """A tap that was signed for and no hold could pay, with what was said and how it was decided."""

    tap: TapIdText
    provider: ProviderIdText
    amount_fen: int
    reason: str
    opened_at: datetime
    provider_says: str | None
    resident_agrees: bool | None
    decided_for: Side | None
    decided_at: datetime | None


class DisputesAnswer(Struct, frozen=True, kw_only=True):
    """Disputes, the newest first."""

    disputes: tuple[DisputeAnswer, ...]


class DecidedAnswer(Struct, frozen=True, kw_only=True):
    """How the dispute stands after the decision."""

    change: Change
    dispute: DisputeAnswer


class Disputes:
    """Handlers of the routes of disputes."""

    def __init__(self, *, terms: Terms, locator_key: bytes) -> None:
        self._terms = terms
        self._locator_key = locator_key

    async def list_own(self, call: Call, body: None, query: None) -> DisputesAnswer:
        """List a resident's."""
        bucket, resident_id = self._whose(call)
        return _list(await service.list_disputes(call.conn, bucket=bucket, resident_id=resident_id))

    async def answer(self, call: Call, body: AgreeBody, query: None) -> ChangeAnswer:
        """Take the resident's word."""
        bucket, resident_id = self._whose(call)
        tap_id, _ = self._dispute(call)
        change = await service.answer_dispute(
            call.conn, bucket=bucket, resident_id=resident_id, tap_id=tap_id, agrees=body.agrees
        )
        return ChangeAnswer(change=change)

    async def list_of_provider(self, call: Call, body: None, query: None) -> DisputesAnswer:
        """List a provider's."""
        provider_id = call.by().provider_id
        assert provider_id is not None
        return _list(await service.list_disputes_of_provider(call.conn, provider_id=provider_id))

    async def state(self, call: Call, body: StatementBody, query: None) -> ChangeAnswer:
        """Take the provider's word."""
        provider_id = call.by().provider_id
        assert provider_id is not None
        tap_id, bucket = self._dispute(call)
        change = await service.state_dispute(
            call.conn, bucket=bucket, provider_id=provider_id, tap_id=tap_id, says=body.says
        )
        return ChangeAnswer(change=change)

    async def decide(self, call: Call, body: DecisionBody, query: None) -> DecidedAnswer:
        """Decide."""
        tap_id, bucket = self._dispute(call)
        change, decided = await service.decide_dispute(
            call.conn,
            bucket=bucket,
            region=call.by().region,
            tap_id=tap_id,
            decided_for=body.decided_for,
            now=call.now,
        )
        call.concerns(decided.resident_id)
        return DecidedAnswer(change=change, dispute=_shown(decided))

    def _whose(self, call: Call) -> tuple[int, ResidentId]:
        resident_id = call.by().resident_id
        assert resident_id is not None, "a wallet's session is a resident's"
        call.concerns(resident_id)
        return cards.address_of(resident_id, terms=self._terms)

    def _dispute(self, call: Call) -> tuple[UUID, int]:
        """The tap that the address names, and the bucket in which it lies."""
        tap_id = read_or_refuse("tap", call.path["dispute"], reason=Reason.DISPUTE_IS_UNKNOWN)
        bucket = taps.bucket_of_tap(tap_id, bucket_count=self._terms.bucket_count, locator_key=self._locator_key)
        return tap_id, bucket


def routes(*, terms: Terms, locator_key: bytes) -> tuple[Route, ...]:
    """The routes of disputes."""
    it = Disputes(terms=terms, locator_key=locator_key)
    decided = (Reason.DISPUTE_IS_UNKNOWN, Reason.DISPUTE_IS_DECIDED)
    return (
        Route(
            method="GET",
            path="/v1/wallet/offline-disputes",
            name="list_own_disputes",
            tag="wallet",
            summary_en="Show the holder's offline taps that no allowance could pay, at the provider's risk",
            summary_zh="查看本人未能由离线额度支付的用卡争议",
            kind=RouteKind.QUERY,
            callers=(CallerKind.WALLET,),
            handle=it.list_own,
            answer=DisputesAnswer,
            looks=True,
        ),
        Route(
            method="POST",
            path="/v1/wallet/offline-disputes/{dispute}/answer",
            name="answer_own_dispute",
            tag="wallet",
            summary_en="Say whether a disputed offline tap was the holder's own",
            summary_zh="确认或否认有争议的离线用卡",
            kind=RouteKind.COMMAND,
            callers=(CallerKind.WALLET,),
            handle=it.answer,
            body=AgreeBody,
            answer=ChangeAnswer,
            reasons=decided,
        ),
        Route(
            method="GET",
            path="/v1/provider/offline-disputes",
            name="list_provider_disputes",
            tag="taps",
            summary_en="Show the provider's offline taps that no allowance could pay",
            summary_zh="查看本机构未能由离线额度支付的用卡争议",
            kind=RouteKind.QUERY,
            callers=(CallerKind.TERMINAL, CallerKind.STAFF),
            handle=it.list_of_provider,
            answer=DisputesAnswer,
        ),
        Route(
            method="POST",
            path="/v1/provider/offline-disputes/{dispute}/statement",
            name="state_provider_dispute",
            tag="taps",
            summary_en="Say what happened at a disputed offline tap",
            summary_zh="就有争议的离线用卡作出说明",
            kind=RouteKind.COMMAND,
            callers=(CallerKind.TERMINAL, CallerKind.STAFF),
            handle=it.state,
            body=StatementBody,
            answer=ChangeAnswer,
            reasons=decided,
        ),
        Route(
            method="POST",
            path="/v1/offline-disputes/{dispute}/decision",
            name="decide_offline_dispute",
            tag="taps",
            summary_en="Decide a disputed offline tap: the provider is paid from the purse, or nobody is charged",
            summary_zh="裁定有争议的离线用卡：由钱包支付给服务机构，或不予扣款",
            kind=RouteKind.COMMAND,
            callers=(CallerKind.OPERATOR,),
            permission=DECIDE,
            second_person=True,
            handle=it.decide,
            body=DecisionBody,
            answer=DecidedAnswer,
            reasons=(
                *decided,
                LedgerReason.ACCOUNT_IS_UNKNOWN,
                LedgerReason.ACCOUNT_IS_CLOSED,
                LedgerReason.ACCOUNT_IS_FROZEN,
                LedgerReason.BALANCE_IS_TOO_LOW,
            ),
        ),
    )


def _list(disputes: tuple[Dispute, ...] | list[Dispute]) -> DisputesAnswer:
    return DisputesAnswer(disputes=tuple(_shown(dispute) for dispute in disputes))


def _shown(dispute: Dispute) -> DisputeAnswer:
    return DisputeAnswer(
        tap=show_id("tap", dispute.tap_id),
        provider=show_id("provider", dispute.provider_id),
        amount_fen=dispute.amount_fen,
        reason=dispute.reason,
        opened_at=dispute.opened_at,
        provider_says=dispute.provider_says,
        resident_agrees=dispute.resident_agrees,
        decided_for=dispute.decided_for,
        decided_at=dispute.decided_at,
    )
