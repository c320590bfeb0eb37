"""The OpenAPI 3.1 document, written from the routes themselves: what a route says is what the document says."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

import yikatong
from yikatong.access.model import Reason as AccessReason
from yikatong.app.http.addresses import path_parameters
from yikatong.app.http.dispatch import PendingAnswer
from yikatong.app.http.openapi_links import Links
from yikatong.app.http.openapi_schemas import Schemas
from yikatong.app.http.plain import PlainRoute
from yikatong.app.http.problems import DOOR_REASONS, MEDIA_TYPE, problem_of
from yikatong.app.http.reasons import Reason
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import CallerKind, Route, RouteKind

_SCHEME_BY_CALLER = {
    CallerKind.OPERATOR: ("operatorSession", "经办人会话", "The session token of an operator, from sign-in"),
    CallerKind.STAFF: ("staffSession", "服务机构人员会话", "The session token of a provider's staff, from sign-in"),
    CallerKind.TERMINAL: ("terminalKey", "终端密钥", "The key issued to a terminal"),
    CallerKind.PARTNER: ("partnerKey", "合作方密钥", "The key issued to a partner's system"),
    CallerKind.WALLET: ("walletSession", "钱包会话", "The session token of an enrolled device"),
}
_ANYTIME = (
    Reason.SERVER_FAULT,
    Reason.SERVER_IS_BUSY,
    Reason.DATABASE_IS_BUSY,
    Reason.DATABASE_HAS_NO_ROOM,
    Reason.TIME_RAN_OUT,
)
_DESCRIPTION = (
    "One card, one code, every public service; every fen accounted for. Amounts are whole fen (`_fen`), instants are "
    "UTC (ISO 8601); every refusal is `application/problem+json` (RFC 9457), whose `reason` is a stable name.\n\n"
    "一张卡、一个码办理各项公共服务，每一分钱都有账可查。金额一律为整数分（`_fen`）；时刻为UTC（ISO 8601）；拒绝一律以 "
    "`application/problem+json`（RFC 9457）返回，`reason`为稳定的原因名。"
)
TAGS = {
    "access": (
        "Operators, provider staff and partners: sign-in, roles, keys, approvals",
        "经办人、机构人员与合作方：登录、角色、密钥、审批",
    ),
    "cards": ("Residents, their cards and families, as operators see them", "经办人查询持卡人、卡与家庭成员"),
    "catalogue": (
        "The application item list, providers, places, terminals, recognition",
        "应用项目清单、服务机构、场所、终端、互认",
    ),
    "desk": ("At the counter: a card from application to cancellation, purses", "柜台办理：卡的申领到注销、钱包"),
    "ledger": ("Accounts, transfers, statements, benefits, freezing", "账户、转账、明细、补贴发放、冻结"),
    "log": ("The sealed log: heads and proofs, open to anyone", "封存日志：日志头与证明，任何人可查"),
    "payouts": (
        "Benefits to people's card accounts: rosters, batches, bank files; providers' statements and settlement",
        "补贴发放到卡：花名册、批次、银行文件；服务机构对账与结算",
    ),
    "places": ("Regions and divisions", "地区与行政区划"),
    "platform": ("Health, measurements, the time", "健康检查、监控指标、时间"),
    "programmes": (
        "A calculator of subsidies, open to anyone; it stores nothing",
        "补贴试算，任何人可用，不保存任何内容",
    ),
    "taps": ("What terminals call: taps, reversals, refunds", "终端调用：用卡、冲正、退款"),
    "trade-in": (
        "E-bike trade-ins: what each party does and sees, lists of stores, price pledges",
        "电动自行车以旧换新：各方办理与查看、门店名单、价格承诺",
    ),
    "trust": ("Trust lists and status lists", "信任清单与状态列表"),
    "wallet": ("What a resident's phone calls", "持卡人手机调用"),
}
"""What the routes of a tag are for, in both languages."""


def write_openapi(routes: Sequence[Route], plain: Sequence[PlainRoute], *, direct: Sequence[Route] = ()) -> bytes:
    """The whole document as JSON; `direct` routes are answered past the edge and take none of its headers."""
    schemas = Schemas.of((*routes, *direct), plain)
    refusals = _Refusals()
    parts = _Parts(schemas, refusals, Links((*routes, *direct), schemas))
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    used: set[outcomes.Reason] = set()
    for route in (*routes, *direct):
        is_direct = route in direct
        reasons = reasons_of(route, is_direct=is_direct)
        used.update(reasons)
        operation = _operation(route, reasons, parts, is_direct=is_direct)
        paths[route.path][route.method.lower()] = operation
    for address in plain:
        paths[address.path]["get"] = _plain_operation(address, schemas, refusals)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Yikatong 一卡通",
            "version": yikatong.__version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [_tag(tag) for tag in sorted({route.tag for route in (*routes, *direct)} | {"platform"})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": refusals.components,
            "securitySchemes": _security_schemes(),
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "examples": {reason.name: _example(reason) for reason in sorted(used, key=lambda each: each.name)},
        },
    }
    return msgspec.json.encode(document)


def _tag(name: str) -> dict[str, str]:
    en, zh = TAGS.get(name, ("", ""))
    return {"name": name, "description": f"{en} · {zh}"} if en else {"name": name}


def reasons_of(route: Route, *, is_direct: bool = False) -> tuple[outcomes.Reason, ...]:
    """Every reason for which a route may refuse: the edge's in the order of refusal, then the room's own."""
    reasons: list[outcomes.Reason] = []
    is_command = route.kind is RouteKind.COMMAND
    if route.body is not None or is_command:
        reasons += [Reason.BODY_IS_TOO_LARGE, Reason.REQUEST_CAME_TOO_SLOWLY]
    if route.body is not None:
        reasons.append(Reason.CONTENT_TYPE_IS_NOT_JSON)
    if route.callers:
        reasons += [*DOOR_REASONS, AccessReason.CALLER_IS_NOT_ADMITTED]
    if route.permission is not None:
        reasons.append(AccessReason.PERMISSION_IS_MISSING)
    reasons += _scope_reasons(route)
    if route.looks:
        reasons.append(AccessReason.PURPOSE_IS_MISSING)
    if route.query is not None:
        reasons.append(Reason.QUERY_IS_NOT_ACCEPTED)
    if route.body is not None:
        reasons.append(Reason.BODY_IS_NOT_JSON)
    if route.body is not None or is_command:
        reasons.append(Reason.BODY_IS_NOT_ACCEPTED)
    reasons.append(Reason.VALUE_CANNOT_BE_STORED)
    if is_command:
        reasons.append(Reason.ANOTHER_COMMAND_CAME_FIRST)
    if is_command and route.callers and not is_direct:
        reasons += [
            AccessReason.IDEMPOTENCY_KEY_IS_MALFORMED,
            AccessReason.IDEMPOTENCY_KEY_IS_TAKEN,
            AccessReason.ANSWER_CANNOT_BE_REPEATED,
        ]
    if route.second_person:
        reasons.append(Reason.ROUTE_IS_UNKNOWN)
    return tuple(dict.fromkeys([*reasons, *route.reasons, *_ANYTIME]))


def _scope_reasons(route: Route) -> list[outcomes.Reason]:
    by_part = {
        "{region}": AccessReason.REGION_IS_OUT_OF_SCOPE,
        "{division}": AccessReason.DIVISION_IS_OUT_OF_SCOPE,
        "{provider_id}": AccessReason.PROVIDER_IS_OUT_OF_SCOPE,
    }
    return [reason for part, reason in by_part.items() if route.callers and part in route.path]


def _operation(route: Route, reasons: Sequence[outcomes.Reason], parts: "_Parts", *, is_direct: bool) -> dict[str, Any]:
    headers = [] if is_direct else _headers_taken(route)
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": f"{route.summary_en} · {route.summary_zh}",
        "description": _describe(route),
        "parameters": [*path_parameters(route.path), *parts.schemas.query_parameters(route), *headers],
        "responses": _responses(route, reasons, parts, is_direct=is_direct),
        "security": [{_SCHEME_BY_CALLER[kind][0]: []} for kind in route.callers],
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": parts.schemas.body(route)}}
    return operation


def _describe(route: Route) -> str:
    said = [f"{route.summary_en.rstrip('.')}.", f"{route.summary_zh.rstrip('。')}。"]
    if route.permission is not None:
        said.append(f"Operators, staff and partners need the permission `{route.permission}`. 需要该权限。")
    if route.looks:
        said.append("Shows a person's data: needs a purpose and leaves a record. 涉及个人信息：须说明用途并留痕。")
    if route.second_person:
        said.append("Takes effect when a second operator approves it. 须由另一名经办人审批后生效。")
    return "\n\n".join(said)


def _headers_taken(route: Route) -> list[dict[str, str]]:
    taken = ["RequestId"]
    if route.kind is RouteKind.COMMAND and route.callers:
        taken.append("IdempotencyKey")
    if route.looks:
        taken.append("PurposeOfOwnData" if CallerKind.WALLET in route.callers else "Purpose")
    return [{"$ref": f"#/components/parameters/{name}"} for name in taken]


def _responses(route: Route, reasons: Sequence[outcomes.Reason], parts: "_Parts", *, is_direct: bool) -> dict[str, Any]:
    answers: dict[int, Any] = {route.status: route.answer, **route.other_answers}
    if route.second_person:
        answers = {202: PendingAnswer, **route.other_answers}
    responses: dict[str, Any] = {
        str(status): _answer(route, status, kind, parts, is_direct=is_direct) for status, kind in answers.items()
    }
    by_status: dict[int, list[outcomes.Reason]] = defaultdict(list)
    for reason in reasons:
        by_status[reason.text.status].append(reason)
    for status in sorted(by_status):
        responses[str(status)] = parts.refusals.refer(status, by_status[status])
    return responses


def _answer(route: Route, status: int, kind: Any, parts: "_Parts", *, is_direct: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done · 成功"}
    if not is_direct:
        answer["headers"] = _RESPONSE_HEADERS
    if status != 204:
        answer["content"] = {"application/json": {"schema": parts.schemas.schema(kind)}}
        if links := parts.links.of(route, kind):
            answer["links"] = links
    if status == 202:
        answer["description"] = "Accepted, not yet done · 已受理"
    return answer


class _Refusals:
    """Refusals of one status for the same reasons, each a component that many routes refer to."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}
        self._name_by_reasons: dict[tuple[str, ...], str] = {}

    def refer(self, status: int, reasons: Sequence[outcomes.Reason]) -> dict[str, str]:
        """A reference to the refusal with this status for these reasons."""
        key = tuple(reason.name for reason in reasons)
        if key not in self._name_by_reasons:
            name = f"Refused{status}For{len(self._name_by_reasons) + 1}"
            self._name_by_reasons[key] = name
            self.components[name] = _refusal(reasons)
        return {"$ref": f"#/components/responses/{self._name_by_reasons[key]}"}


class _Parts(NamedTuple):
    """What every operation of one document is written with."""

    schemas: Schemas
    refusals: _Refusals
    links: Links


def _refusal(reasons: Sequence[outcomes.Reason]) -> dict[str, Any]:
    names = [reason.name for reason in reasons]
    return {
        "description": "\n".join(f"`{reason.name}` {reason.text.en} {reason.text.zh}" for reason in reasons),
        "headers": _RESPONSE_HEADERS,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [{"$ref": "#/components/schemas/Problem"}],
                    "properties": {"reason": {"enum": names}},
                },
                "examples": {name: {"$ref": f"#/components/examples/{name}"} for name in names},
            }
        },
    }


def _plain_operation(address: PlainRoute, schemas: Schemas, refusals: "_Refusals") -> dict[str, Any]:
    content = (
        {"text/plain": {"schema": {"type": "string"}}}
        if address.answer is None
        else {"application/json": {"schema": schemas.schema(address.answer)}}
    )
    return {
        "operationId": address.name,
        "tags": ["platform"],
        "summary": f"{address.summary_en} · {address.summary_zh}",
        "responses": {
            **{str(status): {"description": address.summary_en, "content": content} for status in address.statuses},
            "500": refusals.refer(500, [Reason.SERVER_FAULT]),
        },
        "security": [],
    }


def _example(reason: outcomes.Reason) -> dict[str, Any]:
    problem = problem_of(Refused(reason), request_id="01932c5e0f6a7c3e9b1c2d3e4f5a6b7c")
    return {"summary": reason.text.en, "value": msgspec.to_builtins(problem)}


def _security_schemes() -> dict[str, Any]:
    return {
        name: {"type": "http", "scheme": "bearer", "description": f"{zh}。{en}."}
        for name, zh, en in _SCHEME_BY_CALLER.values()
    }


_PARAMETERS: Mapping[str, Any] = {
    "RequestId": {
        "name": "X-Request-Id",
        "in": "header",
        "required": False,
        "description": "An id of your own for this request; another form is replaced. 请求编号，可自带。",
        "schema": {"type": "string"},
        "example": "01932c5e0f6a7c3e9b1c2d3e4f5a6b7c",
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key with the same command is answered, not done again. 幂等键：相同请求只执行一次。",
        "schema": {"type": "string", "pattern": "^[!-~]{1,128}$", "minLength": 1, "maxLength": 128},
        "example": "0f8fad5b-d9cb-469f-a165-70867728950e",
    },
    "Purpose": {
        "name": "Purpose",
        "in": "header",
        "required": True,
        "description": "Why a person's data is looked at; percent-encoded unless ASCII. 查询用途（非ASCII须编码）。",
        "schema": {"type": "string", "pattern": "^[!-~][ -~]{0,598}[!-~]$", "minLength": 2, "maxLength": 600},
        "example": "loss report at the counter",
    },
    "PurposeOfOwnData": {
        "name": "Purpose",
        "in": "header",
        "required": False,
        "description": "As for other looks; a wallet looking at its own resident may leave it out. 本人查询可不填。",
        "schema": {"type": "string", "pattern": "^[!-~][ -~]{0,598}[!-~]$", "minLength": 2, "maxLength": 600},
        "example": "my own data",
    },
}
_HEADERS: Mapping[str, Any] = {
    "RequestId": {"description": "The id of this request. 请求编号。", "schema": {"type": "string"}},
    "KeyExpiresAt": {
        "description": "When the key of this call expires; said from 30 days before. 密钥到期时间，到期前30天起提示。",
        "schema": {"type": "string", "format": "date-time"},
    },
}
_RESPONSE_HEADERS = {
    "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
    "Key-Expires-At": {"$ref": "#/components/headers/KeyExpiresAt"},
}
