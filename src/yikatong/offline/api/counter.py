"""Offline allowances at a counter, for residents who have a plastic card and no wallet."""

from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Resident, Terms, Vault
from yikatong.cards.service import LOOK, SCOPE
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Reason as CatalogueReason
from yikatong.codes.model import SceneGroup
from yikatong.kernel.ids import TerminalIdText, read_id
from yikatong.offline import service
from yikatong.offline.api.shown import NOT_GRANTED, AllowanceAnswer, AllowancesAnswer, show_allowance
from yikatong.offline.model import Reason
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind, read_or_refuse

_ALL = "/v1/residents/{resident_id}/allowances"
_PERMISSION = "desk.allowances"


class CounterGrantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the resident, who stands at the counter, lets a terminal or all of its place take without a network.

    `chip_without_password` lets the card's chip take from it without its password, as on a bus.
    """

    terminal: TerminalIdText
    whole_place: bool = False
    scene_group: SceneGroup
    amount_fen: Annotated[int, Meta(ge=1, le=1_000_000, examples=[5000])]
    days: Annotated[int, Meta(ge=1, le=366, examples=[7])]
    chip_without_password: bool = False


class CounterAllowances:
    """Handlers of the counter's routes of allowances."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    async def grant(self, call: Call, body: CounterGrantBody, query: None) -> AllowanceAnswer:
        """Grant one."""
        resident = await self._resident_of(call)
        terminal = await catalogue.get_terminal(
            call.conn, region=resident.region, terminal_id=read_id("terminal", body.terminal)
        )
        granted = await service.grant_allowance(
            call.conn,
            bucket=resident.bucket,
            resident_id=resident.id,
            terminal=terminal,
            whole_place=body.whole_place,
            scene_group=body.scene_group,
            amount_fen=body.amount_fen,
            days=body.days,
            with_e_card=False,
            without_pin=body.chip_without_password,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        return await show_allowance(call, granted)

    async def list_all(self, call: Call, body: None, query: None) -> AllowancesAnswer:
        """List a resident's."""
        resident = await cards.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self._vault,
            terms=self._terms,
            now=call.now,
        )
        call.concerns(resident.id)
        found = await service.list_allowances(call.conn, bucket=resident.bucket, resident_id=resident.id, now=call.now)
        return AllowancesAnswer(allowances=tuple([await show_allowance(call, one) for one in found]))

    async def end(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """End one."""
        resident = await self._resident_of(call)
        allowance_id = read_or_refuse("allowance", call.path["allowance"], reason=Reason.ALLOWANCE_IS_UNKNOWN)
        change = await service.end_allowance(
            call.conn, bucket=resident.bucket, resident_id=resident.id, allowance_id=allowance_id, now=call.now
        )
        return ChangeAnswer(change=change)

    async def _resident_of(self, call: Call) -> Resident:
        resident = await cards.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=self._terms
        )
        call.concerns(resident.id)
        return resident


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The counter's routes of allowances."""
    it = CounterAllowances(terms=terms, vault=vault)
    return (
        Route(
            method="POST",
            path=_ALL,
            name="grant_allowance_at_counter",
            tag="desk",
            summary_en="Let a terminal, or the terminals of its place, take from a resident's card without a network",
            summary_zh="在窗口开通离线额度：允许某终端或某场所的终端断网时从居民卡扣款",
            kind=RouteKind.COMMAND,
            callers=(CallerKind.OPERATOR,),
            permission=_PERMISSION,
            handle=it.grant,
            body=CounterGrantBody,
            answer=AllowanceAnswer,
            reasons=(
                *SCOPE,
                CatalogueReason.TERMINAL_IS_UNKNOWN,
                *cards.LIVING,
                *cards.NOT_IN_ORDER,
                *NOT_GRANTED,
            ),
        ),
        Route(
            method="GET",
            path=_ALL,
            name="list_allowances_at_counter",
            tag="desk",
            summary_en="Show a resident's offline allowances",
            summary_zh="查看居民的离线额度",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            permission=_PERMISSION,
            handle=it.list_all,
            answer=AllowancesAnswer,
            looks=True,
            reasons=LOOK,
        ),
        Route(
            method="DELETE",
            path=_ALL + "/{allowance}",
            name="end_allowance_at_counter",
            tag="desk",
            summary_en="End a resident's offline allowance; what it set aside is free after the upload term",
            summary_zh="在窗口终止离线额度；冻结金额在上传期限后释放",
            kind=RouteKind.COMMAND,
            callers=(CallerKind.OPERATOR,),
            permission=_PERMISSION,
            handle=it.end,
            answer=ChangeAnswer,
            reasons=(*SCOPE, Reason.ALLOWANCE_IS_UNKNOWN),
        ),
    )
