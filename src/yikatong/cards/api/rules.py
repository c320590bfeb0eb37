"""Routes of what a region has decided for itself about cards."""

from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service
from yikatong.cards.api.shapes import command
from yikatong.cards.model import FamilyListName, RegionRule
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind


class RegionRuleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a region decides: release of a formal loss, months before a replacement, which family list."""

    formal_loss_can_be_released: Annotated[bool, Meta(examples=[False])]
    replacement_wait_months: Annotated[int, Meta(ge=0, le=120, examples=[6])]
    family_list: FamilyListName


async def _get_rule(call: Call, body: None, query: None) -> RegionRule:
    return await service.get_region_rule(call.conn, region=call.path["region"])


async def _put_rule(call: Call, body: RegionRuleBody, query: None) -> ChangeAnswer:
    rule = RegionRule(
        formal_loss_can_be_released=body.formal_loss_can_be_released,
        replacement_wait_months=body.replacement_wait_months,
        family_list=body.family_list,
    )
    return ChangeAnswer(change=await service.put_region_rule(call.conn, region=call.path["region"], rule=rule))


def routes() -> tuple[Route, ...]:
    """The routes of a region's rule."""
    path = "/v1/regions/{region}/card-rule"
    return (
        Route(
            method="GET",
            path=path,
            name="get_card_rule",
            tag="cards",
            summary_en="Show what a region has decided about cards",
            summary_zh="查看地区社保卡规则",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            handle=_get_rule,
            answer=RegionRule,
            permission="cards.read",
        ),
        command(
            "PUT",
            path,
            "put_card_rule",
            "Decide for a region about cards",
            "设置地区社保卡规则",
            handle=_put_rule,
            body=RegionRuleBody,
            permission="cards.rules",
            second_person=True,
        ),
    )
