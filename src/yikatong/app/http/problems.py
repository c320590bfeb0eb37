"""Problem details (RFC 9457): how a refusal is said over HTTP, in both languages, with its reason and its remedy."""

from typing import Annotated

import msgspec
import psycopg
from msgspec import Meta
from starlette.responses import Response

from yikatong.access.model import Reason as AccessReason
from yikatong.app.http.reasons import Reason
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.cluster_faults import named
from yikatong.plumbing.pipeline import BatchMustRerun

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:yikatong:reason:"
_RETRY_AFTER_SECONDS = {429: 60, 503: 1}


class Said(msgspec.Struct, frozen=True):
    """The same sentence in Chinese and in English."""

    zh: str
    en: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal: a stable name, what happened, and what to do next."""

    type: Annotated[str, Meta(pattern="^urn:yikatong:reason:[A-Z_]+$", description="the reason as a name of its own")]
    title: Annotated[str, Meta(description="what happened, the same for every occurrence")]
    status: Annotated[int, Meta(ge=400, le=599, description="the HTTP status")]
    detail: Annotated[str, Meta(description="what happened this time")]
    reason: Annotated[str, Meta(pattern="^[A-Z_]+$", description="the refusal's name: a sentence in capitals")]
    says: Annotated[Said, Meta(description="what happened, for people")]
    remedy: Annotated[Said, Meta(description="what was kept and what to do next, for people")]
    instance: Annotated[str, Meta(description="the id of this request, also in the header X-Request-Id")]
    field: Annotated[str | None, Meta(description="where in the input, as a JSON path or a parameter's name")] = None
    about: Annotated[dict[str, str | int], Meta(description="facts of this refusal")] = {}


def problem_of(refused: Refused, *, request_id: str) -> Problem:
    """A refusal as problem details; `field` and `fault` of what it is about say what is wrong with the input."""
    text = refused.reason.text
    about = dict(refused.about)
    field, fault = about.pop("field", None), about.pop("fault", None)
    place = "" if field is None else f" ({field})"
    return Problem(
        type=TYPE_PREFIX + refused.reason.name,
        title=text.en,
        status=text.status,
        detail=text.en if fault is None else f"{text.en} {fault}{place}.",
        reason=refused.reason.name,
        says=Said(zh=text.zh, en=text.en),
        remedy=Said(zh=text.remedy_zh, en=text.remedy_en),
        instance=request_id,
        field=None if field is None else str(field),
        about=about,
    )


def problem_response(refused: Refused, *, request_id: str) -> Response:
    """The answer that carries a refusal, with the headers its status asks for."""
    content = msgspec.json.encode(problem_of(refused, request_id=request_id))
    return Response(content, status_code=refused.reason.text.status, headers=headers_of(refused), media_type=MEDIA_TYPE)


def headers_of(refused: Refused) -> dict[str, str]:
    """The headers that a refusal's status asks for."""
    status = refused.reason.text.status
    headers = {}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="yikatong"'
    if status in _RETRY_AFTER_SECONDS:
        headers["retry-after"] = str(_RETRY_AFTER_SECONDS[status])
    if status == 405:
        headers["allow"] = str(refused.about["allow"])
    return headers


_REASON_OF_FAULT: tuple[tuple[type[BaseException], outcomes.Reason], ...] = (
    (TimeoutError, Reason.TIME_RAN_OUT),
    (psycopg.DataError, Reason.VALUE_CANNOT_BE_STORED),
    (psycopg.errors.UniqueViolation, Reason.ANOTHER_COMMAND_CAME_FIRST),
    (BatchMustRerun, Reason.ANOTHER_COMMAND_CAME_FIRST),
    (psycopg.errors.DiskFull, Reason.DATABASE_HAS_NO_ROOM),
    (psycopg.OperationalError, Reason.DATABASE_IS_BUSY),
)
"""What is nobody's mistake here: a value too large for its column, two commands that met, a database that is away."""


def refusal_of(fault: BaseException) -> Refused | None:
    """The refusal that something raised on the way amounts to; None for a fault of ours."""
    if isinstance(fault, Refused):
        return fault
    fault = named(fault)
    for kind, reason in _REASON_OF_FAULT:
        if isinstance(fault, kind):
            return Refused(reason)
    return None


DOOR_REASONS = (
    AccessReason.KEY_IS_MISSING,
    AccessReason.KEY_IS_UNKNOWN,
    AccessReason.KEY_IS_REVOKED,
    AccessReason.KEY_HAS_EXPIRED,
    AccessReason.SESSION_HAS_ENDED,
)
"""How the door of every route that is not open to anyone may refuse, in order."""
