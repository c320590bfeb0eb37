"""Routes of the counter: a resident's card from application to its end."""

from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import (
    BalanceGoes,
    CancellationReason,
    CardStep,
    Reason,
    ReplacementReason,
    Resident,
    Terms,
    Vault,
)
from yikatong.cards.service import LIVING, LOOK, SCOPE
from yikatong.desk import service
from yikatong.desk.api.cards_shown import show_card
from yikatong.desk.api.shapes import (
    BankCodeText,
    CardAnswer,
    actor_of,
    command,
)
from yikatong.kernel.ids import ResidentIdText, show_id
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind


class ApplicationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An application; `guardian_id` names who applies for a child under 16."""

    bank_code: BankCodeText
    has_photo: Annotated[bool, Meta(examples=[True])]
    guardian_id: ResidentIdText | None = None


class AppliedAnswer(Struct, frozen=True, kw_only=True):
    """The card that will be made."""

    card_id: str


class LossBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A formal report may be final in the region; a temporary one can always be released."""

    formal: Annotated[bool, Meta(examples=[False])]


class WhyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, in the operator's words; nothing personal."""

    reason: Annotated[str, Meta(min_length=2, max_length=200, examples=["三次错误密码"])]


class ReplacementBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a card is replaced (1 damaged, 5 other, 6 expired, 7 face data changed); perhaps by another bank's."""

    why: ReplacementReason
    has_photo: Annotated[bool, Meta(examples=[False])] = False
    bank_code: BankCodeText | None = None


class ReplacedAnswer(Struct, frozen=True, kw_only=True):
    """The card that ended and the one that will be made."""

    old_card_id: str
    new_card_id: str


class CancellationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a card ends without a successor."""

    why: CancellationReason


class CancelledAnswer(Struct, frozen=True, kw_only=True):
    """The card that ended, where its holder's purse goes, and how much was moved."""

    change: Change
    card_id: str
    balance: BalanceGoes
    moved_fen: int


class Counter:
    """Handlers of the routes of the counter."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    async def _named(self, call: Call, shown_id: str) -> Resident:
        return await cards.get_resident_for(call.conn, caller=call.by(), shown_id=shown_id, terms=self._terms)

    async def _resident(self, call: Call) -> Resident:
        return await self._named(call, call.path["resident_id"])

    async def _step(self, call: Call) -> CardStep:
        """The step that the operator takes with the card of the resident in the address."""
        it = await self._resident(call)
        return CardStep(bucket=it.bucket, resident_id=it.id, by=actor_of(call), now=call.now, ids=call.ids)

    async def card(self, call: Call, body: None, query: None) -> CardAnswer:
        """Show the card."""
        resident = await cards.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self._vault,
            terms=self._terms,
            now=call.now,
        )
        return await show_card(call, bucket=resident.bucket, resident_id=resident.id)

    async def apply(self, call: Call, body: ApplicationBody, query: None) -> AppliedAnswer:
        """Apply for a card."""
        step = await self._step(call)
        guardian = None if body.guardian_id is None else await self._named(call, body.guardian_id)
        card_id = await cards.apply_for_card(
            call.conn,
            bank_code=body.bank_code,
            has_photo=body.has_photo,
            guardian_id=None if guardian is None else guardian.id,
            vault=self._vault,
            **step,
        )
        return AppliedAnswer(card_id=show_id("card", card_id))

    async def activate(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Hand out and activate."""
        return ChangeAnswer(change=await service.hand_out_and_activate(call.conn, **await self._step(call)))

    async def report_loss(self, call: Call, body: LossBody, query: None) -> ChangeAnswer:
        """Report loss."""
        change = await service.report_loss(call.conn, formal=body.formal, **await self._step(call))
        return ChangeAnswer(change=change)

    async def release(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Release a loss report."""
        return ChangeAnswer(change=await service.release(call.conn, **await self._step(call)))

    async def lock(self, call: Call, body: WhyBody, query: None) -> ChangeAnswer:
        """Lock."""
        return ChangeAnswer(change=await service.lock(call.conn, reason=body.reason, **await self._step(call)))

    async def unlock(self, call: Call, body: WhyBody, query: None) -> ChangeAnswer:
        """Unlock."""
        return ChangeAnswer(change=await service.unlock(call.conn, reason=body.reason, **await self._step(call)))

    async def replace(self, call: Call, body: ReplacementBody, query: None) -> ReplacedAnswer:
        """Replace."""
        replaced = await service.replace(
            call.conn, why=body.why, has_photo=body.has_photo, bank_code=body.bank_code, **await self._step(call)
        )
        return ReplacedAnswer(
            old_card_id=show_id("card", replaced.old_card_id), new_card_id=show_id("card", replaced.new_card_id)
        )

    async def cancel(self, call: Call, body: CancellationBody, query: None) -> CancelledAnswer:
        """Cancel."""
        ended = await service.cancel(call.conn, why=body.why, **await self._step(call))
        return CancelledAnswer(
            change=ended.change,
            card_id=show_id("card", ended.card_id),
            balance=ended.balance,
            moved_fen=ended.moved_fen,
        )


_LIFE = (
    *SCOPE,
    Reason.RESIDENT_HAS_NO_CARD,
    Reason.CARD_IS_BEING_MADE,
    Reason.CARD_IS_NOT_ACTIVE,
    Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    Reason.CARD_IS_REPORTED_LOST,
    Reason.CARD_IS_LOCKED,
    Reason.CARD_IS_CANCELLED,
)


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of the counter."""
    handlers = Counter(terms=terms, vault=vault)
    return (*_card_routes(handlers), *_loss_routes(handlers))


_ONE = "/v1/residents/{resident_id}/card"


def _card_routes(it: Counter) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path=_ONE,
            name="view_card",
            tag="desk",
            summary_en="Show a resident's card and e-card",
            summary_zh="查看社会保障卡与电子社保卡",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            handle=it.card,
            answer=CardAnswer,
            permission="cards.read",
            looks=True,
            reasons=(*LOOK, Reason.RESIDENT_HAS_NO_CARD),
        ),
        command(
            "POST",
            _ONE + "/application",
            "apply_for_card",
            "Apply for a card",
            "申领社会保障卡",
            handle=it.apply,
            body=ApplicationBody,
            answer=AppliedAnswer,
            permission="desk.apply",
            reasons=(
                *SCOPE,
                *LIVING,
                Reason.PERSON_IS_ERASED,
                Reason.RESIDENT_ALREADY_HOLDS_A_CARD,
                Reason.GUARDIAN_MUST_APPLY,
                Reason.PHOTO_IS_REQUIRED,
            ),
        ),
        command(
            "POST",
            _ONE + "/activation",
            "activate_card",
            "Hand a card out and activate it",
            "发放并启用社会保障卡",
            handle=it.activate,
            permission="desk.hand_out",
            reasons=_LIFE,
        ),
        command(
            "POST",
            _ONE + "/replacement",
            "replace_card",
            "Replace a card",
            "补换社会保障卡",
            handle=it.replace,
            body=ReplacementBody,
            answer=ReplacedAnswer,
            permission="desk.replace",
            reasons=(*_LIFE, *LIVING, Reason.REPLACEMENT_IS_TOO_SOON, Reason.CARD_IS_NOT_NEAR_EXPIRY),
        ),
        command(
            "POST",
            _ONE + "/cancellation",
            "cancel_card",
            "End a card without a successor",
            "注销社会保障卡",
            handle=it.cancel,
            body=CancellationBody,
            answer=CancelledAnswer,
            permission="desk.cancel",
            second_person=True,
            reasons=(*SCOPE, Reason.RESIDENT_HAS_NO_CARD),
        ),
    )


def _loss_routes(it: Counter) -> tuple[Route, ...]:
    return (
        command(
            "POST",
            _ONE + "/loss",
            "report_loss",
            "Report a card lost; its codes stop at once",
            "挂失（卡码立即停用）",
            handle=it.report_loss,
            body=LossBody,
            permission="desk.loss",
            reasons=_LIFE,
        ),
        command(
            "POST",
            _ONE + "/release",
            "release_loss",
            "Release a loss report",
            "解除挂失",
            handle=it.release,
            permission="desk.loss",
            reasons=(*_LIFE, Reason.FORMAL_LOSS_CANNOT_BE_UNDONE),
        ),
        command(
            "POST",
            _ONE + "/lock",
            "lock_card",
            "Lock a card",
            "应用锁定",
            handle=it.lock,
            body=WhyBody,
            permission="desk.lock",
            reasons=_LIFE,
        ),
        command(
            "POST",
            _ONE + "/unlock",
            "unlock_card",
            "Unlock a card",
            "应用解锁",
            handle=it.unlock,
            body=WhyBody,
            permission="desk.lock",
            reasons=_LIFE,
        ),
    )
