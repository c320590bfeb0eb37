"""HTTP routes of the catalogue."""

from functools import partial
from typing import Any

from yikatong.catalogue.api import handlers, shapes
from yikatong.catalogue.model import Item, Reason
from yikatong.kernel.identifiers.reasons import Reason as IdentifierReason
from yikatong.places.model import Reason as PlacesReason
from yikatong.plumbing.http import CallerKind, ChangeAnswer, Route, RouteKind
from yikatong.trust.model import Reason as TrustReason

PUBLISH = "catalogue.publish"
PROVIDERS = "catalogue.providers"
TERMINALS = "catalogue.terminals"

_TERMS_REASONS = (
    Reason.ITEM_IS_NOT_ON_THE_LIST,
    Reason.PURPOSES_DO_NOT_COVER_THE_ITEM,
    Reason.PURPOSES_DO_NOT_COVER_THE_DATA,
)


def _route(path: str, handle: Any, answer: Any, summary_en: str, summary_zh: str, **parts: Any) -> Route:
    """A route of the catalogue, named as its handler."""
    return Route(
        path=path,
        name=handle.__name__,
        tag="catalogue",
        summary_en=summary_en,
        summary_zh=summary_zh,
        handle=handle,
        answer=answer,
        **parts,
    )


_query = partial(_route, method="GET", kind=RouteKind.QUERY, callers=())
_command = partial(_route, method="POST", kind=RouteKind.COMMAND, callers=(CallerKind.OPERATOR,))
"""A look-up is open to anyone unless it says otherwise; commands are the operators'."""


def routes() -> tuple[Route, ...]:
    """The routes of the catalogue."""
    return (*_item_routes(), *_provider_routes(), *_terminal_routes(), *_recognition_routes())


def _item_routes() -> tuple[Route, ...]:
    return (
        _query(
            "/v1/items",
            handlers.list_items,
            shapes.ItemsAnswer,
            "List the application items that count in a region",
            "列出某地区现行的应用事项",
            query=shapes.ItemsQuery,
        ),
        _query(
            "/v1/items/{code}",
            handlers.get_item,
            Item,
            "Show one application item",
            "查询一个应用事项",
            query=shapes.ItemQuery,
            reasons=(Reason.ITEM_IS_NOT_ON_THE_LIST,),
        ),
        _command(
            "/v1/items",
            handlers.publish_item,
            shapes.PublishedItemAnswer,
            "Put an entry on the region's application item list",
            "发布本地区应用事项",
            body=shapes.PublishItemBody,
            permission=PUBLISH,
            reasons=(
                Reason.ITEM_TERMS_DO_NOT_FIT,
                Reason.ITEM_ENDS_BEFORE_IT_BEGINS,
                PlacesReason.REGION_IS_UNKNOWN,
                PlacesReason.REGION_IS_NOT_HOSTED,
                Reason.ITEM_PERIODS_OVERLAP,
                Reason.ITEM_NUMBERS_ARE_USED_UP,
            ),
        ),
        _command(
            "/v1/items/{code}/end",
            handlers.end_item,
            shapes.PublishedItemAnswer,
            "End an entry of the region's application item list",
            "终止本地区应用事项",
            body=shapes.EndItemBody,
            permission=PUBLISH,
            reasons=(Reason.ITEM_IS_NOT_ON_THE_LIST, Reason.ITEM_ENDS_BEFORE_IT_BEGINS),
        ),
    )


def _provider_routes() -> tuple[Route, ...]:
    return (
        _command(
            "/v1/providers",
            handlers.register_provider,
            shapes.ProviderAnswer,
            "Register a provider; a second person approves it",
            "登记服务机构（须复核）",
            body=shapes.ProviderBody,
            permission=PROVIDERS,
            second_person=True,
            reasons=(
                IdentifierReason.CREDIT_CODE_IS_MALFORMED,
                IdentifierReason.CREDIT_CODE_CHECK_CHARACTER_IS_WRONG,
                PlacesReason.REGION_IS_UNKNOWN,
                PlacesReason.REGION_IS_NOT_HOSTED,
                Reason.PROVIDER_IS_REGISTERED_DIFFERENTLY,
            ),
        ),
        _query(
            "/v1/providers/{id}",
            handlers.get_provider,
            shapes.ProviderView,
            "Show a provider",
            "查询服务机构",
            callers=(CallerKind.OPERATOR, CallerKind.STAFF),
            reasons=(Reason.PROVIDER_IS_UNKNOWN,),
        ),
        _query(
            "/v1/providers/{id}/terminals",
            handlers.list_terminals,
            shapes.TerminalsAnswer,
            "List a provider's terminals",
            "列出服务机构的终端",
            callers=(CallerKind.OPERATOR, CallerKind.STAFF),
            reasons=(Reason.PROVIDER_IS_UNKNOWN,),
        ),
        _command(
            "/v1/places",
            handlers.register_place,
            shapes.PlaceAnswer,
            "Register a place of a provider",
            "登记服务场所",
            body=shapes.PlaceBody,
            permission=PROVIDERS,
            reasons=(
                Reason.PROVIDER_IS_UNKNOWN,
                PlacesReason.DIVISION_IS_UNKNOWN,
                Reason.PLACE_IS_REGISTERED_DIFFERENTLY,
            ),
        ),
    )


def _terminal_routes() -> tuple[Route, ...]:
    return (
        _command(
            "/v1/terminals",
            handlers.register_terminal,
            shapes.TerminalAnswer,
            "Register a terminal and show its secret key once",
            "登记终端（密钥仅显示一次）",
            body=shapes.TerminalBody,
            permission=TERMINALS,
            reasons=(
                TrustReason.KEY_IS_MALFORMED,
                Reason.PROVIDER_IS_UNKNOWN,
                Reason.PLACE_IS_UNKNOWN,
                *_TERMS_REASONS,
                Reason.TERMINAL_KEY_IS_REGISTERED,
            ),
        ),
        _query(
            "/v1/terminals/{id}",
            handlers.get_terminal,
            shapes.TerminalView,
            "Show a terminal",
            "查询终端",
            callers=(CallerKind.OPERATOR, CallerKind.STAFF, CallerKind.TERMINAL),
            reasons=(Reason.TERMINAL_IS_UNKNOWN,),
        ),
        _command(
            "/v1/terminals/{id}/purposes",
            handlers.allow_purposes,
            ChangeAnswer,
            "Set what a terminal is for and what it may learn",
            "设定终端用途和可获取信息",
            body=shapes.PurposesBody,
            permission=TERMINALS,
            reasons=(Reason.TERMINAL_IS_UNKNOWN, Reason.TERMINAL_IS_REVOKED, *_TERMS_REASONS),
        ),
        _command(
            "/v1/terminals/{id}/revoke",
            handlers.revoke_terminal,
            ChangeAnswer,
            "Take a terminal out of service for good; a second person approves it",
            "停用终端（须复核）",
            permission=TERMINALS,
            second_person=True,
            reasons=(Reason.TERMINAL_IS_UNKNOWN,),
        ),
    )


def _recognition_routes() -> tuple[Route, ...]:
    return (
        _query(
            "/v1/recognitions",
            handlers.list_recognitions,
            shapes.RecognitionsAnswer,
            "List which regions recognise whose cards for what",
            "列出地区间互认",
            query=shapes.RecognitionsQuery,
        ),
        _command(
            "/v1/recognitions",
            handlers.set_recognition,
            ChangeAnswer,
            "Let another region's cards count in this region",
            "认可外地卡在本地使用",
            body=shapes.RecognitionBody,
            permission=PUBLISH,
            reasons=(
                Reason.RECOGNITION_NEEDS_TWO_REGIONS,
                PlacesReason.REGION_IS_UNKNOWN,
                Reason.ITEM_IS_NOT_ON_THE_LIST,
                Reason.RECOGNITION_PERIODS_OVERLAP,
            ),
        ),
        _command(
            "/v1/recognitions/end",
            handlers.end_recognition,
            ChangeAnswer,
            "Stop accepting another region's cards in this region",
            "终止认可外地卡",
            body=shapes.EndRecognitionBody,
            permission=PUBLISH,
            reasons=(Reason.RECOGNITION_IS_UNKNOWN,),
        ),
    )
