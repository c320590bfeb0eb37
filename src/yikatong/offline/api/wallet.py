"""What a resident sees and decides of offline allowances in the wallet."""

from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardReason
from yikatong.cards.model import Terms, Vault
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Reason as CatalogueReason
from yikatong.codes.model import SceneGroup
from yikatong.kernel.ids import ResidentId, TerminalIdText, read_id
from yikatong.kernel.outcomes import Refused
from yikatong.offline import service
from yikatong.offline.api.shown import NOT_GRANTED, AllowanceAnswer, AllowancesAnswer, show_allowance
from yikatong.offline.model import Reason
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Refusal, Route, RouteKind, read_or_refuse


class GrantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be taken without a network, at which terminal or at all of its place, in which scenes, how long.

    `chip_without_password` lets the chip of the holder's plastic card take from it without its password.
    """

    region: Annotated[str, Meta(pattern="^[0-9]{6}$", examples=["990101"])]
    terminal: TerminalIdText
    whole_place: bool = False
    scene_group: SceneGroup
    amount_fen: Annotated[int, Meta(ge=1, le=1_000_000, examples=[5000])]
    days: Annotated[int, Meta(ge=1, le=366, examples=[7])]
    chip_without_password: bool = False
    password: Annotated[str, Meta(min_length=1, max_length=16, examples=["274813"])]


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """A wallet's routes."""
    return (_grant(terms, vault), _list(terms), _end(terms))


def _whose(call: Call, terms: Terms) -> tuple[int, ResidentId]:
    resident_id = call.by().resident_id
    assert resident_id is not None, "a wallet's session is a resident's"
    call.concerns(resident_id)
    return cards.address_of(resident_id, terms=terms)


def _grant(terms: Terms, vault: Vault) -> Route:
    async def handle(call: Call, body: GrantBody, query: None) -> AllowanceAnswer | Refusal:
        bucket, resident_id = _whose(call, terms)
        proved = await cards.prove_password(
            call.conn, bucket=bucket, resident_id=resident_id, password=body.password, vault=vault, now=call.now,
            ids=call.ids,
        )  # fmt: skip
        if isinstance(proved, Refused):
            return Refusal(proved)
        terminal = await catalogue.get_terminal(
            call.conn, region=body.region, terminal_id=read_id("terminal", body.terminal)
        )
        granted = await service.grant_allowance(
            call.conn,
            bucket=bucket,
            resident_id=resident_id,
            terminal=terminal,
            whole_place=body.whole_place,
            scene_group=body.scene_group,
            amount_fen=body.amount_fen,
            days=body.days,
            with_e_card=True,
            without_pin=body.chip_without_password,
            vault=vault,
            now=call.now,
            ids=call.ids,
        )
        return await show_allowance(call, granted)

    return Route(
        method="POST",
        path="/v1/wallet/allowances",
        name="grant_allowance",
        tag="wallet",
        summary_en="Let a terminal, or the terminals of its place, take up to an amount without a network",
        summary_zh="开通离线额度：允许某终端或某场所的终端在断网时扣款",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.WALLET,),
        handle=handle,
        body=GrantBody,
        answer=AllowanceAnswer,
        reasons=(
            CardReason.PASSWORD_IS_LOCKED,
            CardReason.PASSWORD_IS_WRONG,
            CatalogueReason.TERMINAL_IS_UNKNOWN,
            CardReason.RESIDENT_IS_NOT_KNOWN,
            *cards.LIVING,
            *cards.NOT_IN_ORDER,
            *cards.E_CARD_NOT_IN_ORDER,
            *NOT_GRANTED,
        ),
    )


def _list(terms: Terms) -> Route:
    async def handle(call: Call, body: None, query: None) -> AllowancesAnswer:
        bucket, resident_id = _whose(call, terms)
        found = await service.list_allowances(call.conn, bucket=bucket, resident_id=resident_id, now=call.now)
        return AllowancesAnswer(allowances=tuple([await show_allowance(call, one) for one in found]))

    return Route(
        method="GET",
        path="/v1/wallet/allowances",
        name="list_allowances",
        tag="wallet",
        summary_en="Show the holder's offline allowances: what each set aside, took, and until when",
        summary_zh="查看本人的离线额度：冻结、已用与期限",
        kind=RouteKind.QUERY,
        callers=(CallerKind.WALLET,),
        handle=handle,
        answer=AllowancesAnswer,
        looks=True,
    )


def _end(terms: Terms) -> Route:
    async def handle(call: Call, body: None, query: None) -> ChangeAnswer:
        bucket, resident_id = _whose(call, terms)
        allowance_id = read_or_refuse("allowance", call.path["allowance"], reason=Reason.ALLOWANCE_IS_UNKNOWN)
        change = await service.end_allowance(
            call.conn, bucket=bucket, resident_id=resident_id, allowance_id=allowance_id, now=call.now
        )
        return ChangeAnswer(change=change)

    return Route(
        method="DELETE",
        path="/v1/wallet/allowances/{allowance}",
        name="end_allowance",
        tag="wallet",
        summary_en="End an offline allowance; what it set aside is free after the upload term",
        summary_zh="终止离线额度；冻结金额在上传期限后释放",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.WALLET,),
        handle=handle,
        answer=ChangeAnswer,
        reasons=(CardReason.RESIDENT_IS_NOT_KNOWN, Reason.ALLOWANCE_IS_UNKNOWN),
    )
