"""One connection to the platform: bounded calls, repeated until an answer settles them, and problems as exceptions."""

import ipaddress
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from msgspec import Struct

from yikatong.client.problems import AnswerIsUnknown, Problem, ProblemDetails, ServerIsAway
from yikatong.client.unshown import Unshown
from yikatong.plumbing.ids import Ids, SystemIds

T = TypeVar("T")

_PROBLEM = "application/problem+json"
_JSON = "application/json"


class Patience(Struct, frozen=True, kw_only=True):
    """How long a call may take and how often it is tried.

    A try waits `answer_seconds` for each byte, and takes none that comes later than that after it began: an answer
    that dribbles in ends it within twice the time. Between tries the pause doubles from `first_pause_seconds` to at
    most `pause_seconds_max`, shortened by up to half so that terminals that lost the server together do not come back
    together; what the platform asks in Retry-After counts within the same bound.
    """

    connect_seconds: float = 3.0
    answer_seconds: float = 15.0
    tries: int = 3
    first_pause_seconds: float = 0.25
    pause_seconds_max: float = 5.0
    answer_bytes_max: int = 16_777_216


class Request(Unshown, frozen=True, kw_only=True, omit_defaults=True):
    """A request, whole: sent again it is the same bytes."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"body"})

    method: str
    path: str
    request_id: str
    body: bytes | None = None
    query: Mapping[str, str] = {}
    purpose: str | None = None
    is_kept: bool = False
    """Whether the request id goes along as Idempotency-Key; a tap, its reversal and its refund name it in the body."""


class Heard(Struct, frozen=True):
    """An answer that came whole."""

    status: int
    media_type: str
    content: bytes
    request_id: str
    retry_after_seconds: float
    key_expires_at: datetime | None = None


class Unheard(Struct, frozen=True):
    """No whole answer came; `was_sent` is False when surely nothing arrived."""

    fault: str
    was_sent: bool


Read = Callable[[Heard, bool], T | None]
"""Reads an answer; None when it settles nothing. The second argument says that an earlier try may have arrived."""


class Connection:
    """A connection with one key; close it, or use it in a `with`."""

    def __init__(
        self,
        address: str,
        *,
        token: str | None,
        patience: Patience | None = None,
        plaintext_allowed: bool = False,
        certificates: ssl.SSLContext | None = None,
        ids: Ids | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`address` is `https://host[:port]`. `certificates` replaces the usual authorities.

        Raises ValueError for http to another machine unless `plaintext_allowed`: the key would travel in the clear.
        Proxies of the environment are not used; where a terminal calls is said by its settings alone.
        """
        _verify_address(address, plaintext_allowed=plaintext_allowed)
        self._address = address.rstrip("/")
        self._token = token
        self.patience = patience or Patience()
        self._sleep = sleep
        self.ids = ids or SystemIds()
        self.key_expires_at: datetime | None = None
        """When the key expires; the platform says it in its answers from thirty days before."""
        self._client = httpx.Client(
            base_url=self._address,
            timeout=httpx.Timeout(self.patience.answer_seconds, connect=self.patience.connect_seconds),
            verify=certificates or _authorities(self._address),
            trust_env=False,
            follow_redirects=False,
        )

    def exchange(self, request: Request, read: Read[T], *, may_have_arrived: bool = False) -> T:
        """Send a request, again if need be, until `read` makes something of an answer.

        `may_have_arrived` says that the request may have been sent before. Raises ServerIsAway when no try reached
        the platform, now or before; AnswerIsUnknown when one may have and no answer settled it.
        """
        fault, wait_seconds, is_away = "no try was made", 0.0, True
        for number in range(self.patience.tries):
            if number:
                self._sleep(self._pause(number, wait_seconds))
            heard = self._send(request)
            if isinstance(heard, Unheard):
                fault, wait_seconds = heard.fault, 0.0
                is_away = not heard.was_sent
                may_have_arrived |= heard.was_sent
                continue
            self.key_expires_at = heard.key_expires_at or self.key_expires_at
            found = read(heard, may_have_arrived)
            if found is not None:
                return found
            fault, wait_seconds = f"status {heard.status}", heard.retry_after_seconds
            may_have_arrived, is_away = True, False
        if not may_have_arrived:
            raise ServerIsAway(request_id=request.request_id, fault=fault)
        raise AnswerIsUnknown(request_id=request.request_id, fault=fault, server_is_away=is_away)

    def ask(
        self,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, Any] | None = None,
        purpose: str | None = None,
        method: str = "GET",
        body: Struct | Mapping[str, Any] | None = None,
    ) -> T:
        """Ask something that changes nothing; raises Problem when the platform says no."""
        request = Request(
            method=method,
            path=path,
            request_id=self.ids.new().hex,
            query=_query(query or {}),
            purpose=purpose,
            body=None if body is None else msgspec.json.encode(body),
        )
        return self.settle(request, answer)[0]

    def settle(self, request: Request, answer: type[T], *, may_have_arrived: bool = False) -> tuple[T, bytes]:
        """Send a request whose answer is of one type; gives it with its bytes.

        Raises Problem when the platform says no, and as `exchange` does.
        """

        def read(heard: Heard, arrived_before: bool) -> tuple[T | Problem, bytes] | None:
            details = find_problem(heard)
            if details is None:
                found = find_value(heard, answer) if heard.status < 300 else None
                return None if found is None else (found, heard.content)
            if not says_no(details, request, arrived_before=arrived_before):
                return None
            return problem_of(details, heard, request), heard.content

        found, content = self.exchange(request, read, may_have_arrived=may_have_arrived)
        if isinstance(found, Problem):
            raise found
        return found, content

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    def _pause(self, number: int, wait_seconds: float) -> float:
        pause = self.patience.first_pause_seconds * 2 ** (number - 1)
        shortened = pause * (1 - self.ids.random_bytes(1)[0] / 510)
        return float(min(max(shortened, wait_seconds), self.patience.pause_seconds_max))

    def _send(self, request: Request) -> Heard | Unheard:
        """Try once. Only what httpx raises before a connection stands surely sent nothing."""
        try:
            return self._send_within(request, deadline=time.monotonic() + self.patience.answer_seconds)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as fault:
            return Unheard(type(fault).__name__, was_sent=False)
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as fault:
            return Unheard(type(fault).__name__, was_sent=True)

    def _send_within(self, request: Request, *, deadline: float) -> Heard:
        content = bytearray()
        with self._client.stream(
            request.method,
            quote(request.path, safe="/"),
            content=request.body,
            params=dict(request.query) or None,
            headers=self._headers(request),
        ) as answer:
            for part in answer.iter_bytes():
                content += part
                if time.monotonic() > deadline or len(content) > self.patience.answer_bytes_max:
                    raise TimeoutError("the answer took too long or is too long")
        return Heard(
            status=answer.status_code,
            media_type=answer.headers.get("content-type", "").partition(";")[0].strip().lower(),
            content=bytes(content),
            request_id=answer.headers.get("x-request-id", ""),
            retry_after_seconds=_read_seconds(answer.headers.get("retry-after", "")),
            key_expires_at=_read_instant(answer.headers.get("key-expires-at", "")),
        )

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Accept": f"{_JSON}, {_PROBLEM}", "X-Request-Id": request.request_id}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if request.body is not None:
            headers["Content-Type"] = _JSON
        if request.purpose is not None:
            headers["Purpose"] = quote(request.purpose)
        if request.is_kept:
            headers["Idempotency-Key"] = request.request_id
        return headers


KEY_REASONS = frozenset({"KEY_IS_MISSING", "KEY_IS_UNKNOWN", "KEY_IS_REVOKED", "KEY_HAS_EXPIRED"})
DOOR_REASONS = KEY_REASONS | {
    "SESSION_HAS_ENDED",
    "CALLER_IS_NOT_ADMITTED",
    "PERMISSION_IS_MISSING",
    "ROUTE_IS_UNKNOWN",
    "METHOD_IS_NOT_ALLOWED",
    "REQUEST_CAME_TOO_SLOWLY",
}
"""Said at the door, before the request is looked at: they tell nothing of what became of an earlier try."""

_BUSY = 429


def find_problem(heard: Heard) -> ProblemDetails | None:
    """The problem details in an answer; None for any other answer, such as a proxy's own page."""
    if heard.status < 400 or heard.media_type != _PROBLEM:
        return None
    return find_value(heard, ProblemDetails)


def find_value(heard: Heard, of_type: type[T]) -> T | None:
    """The value in an answer; None when it holds no value of that type."""
    try:
        return msgspec.json.decode(heard.content, type=of_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def says_no(details: ProblemDetails, request: Request, *, arrived_before: bool) -> bool:
    """Whether a refusal without a receipt settles that the request was not done.

    A status of 500 and above never does: the platform does not know either. To a first try, any other does. When an
    earlier try may have arrived, a refusal at the door does not, unless it names the tap: then the platform has read
    the tap and looked for what it answered before, and the door was the attesting operator's. A refused key never
    does, for it may have been revoked while the tap was on its way.
    """
    if details.status >= 500 or details.status == _BUSY:
        return False
    if not arrived_before or details.reason not in DOOR_REASONS:
        return True
    names_the_tap = request.path == TAPS and details.instance == request.request_id
    return names_the_tap and details.reason not in KEY_REASONS


TAPS = "/v1/taps"


def problem_of(details: ProblemDetails, heard: Heard, request: Request) -> Problem:
    """A refusal as an exception."""
    return Problem(details, request_id=details.instance or heard.request_id or request.request_id)


def _query(values: Mapping[str, Any]) -> dict[str, str]:
    """Query parameters as text; None leaves one out."""
    shown: dict[str, str] = {}
    for name, value in values.items():
        if value is not None:
            text = msgspec.to_builtins(value)
            shown[name] = str(text).lower() if isinstance(text, bool) else str(text)
    return shown


def _read_seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _read_instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _verify_address(address: str, *, plaintext_allowed: bool) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError("an address is https://host or https://host:port")
    if parts.scheme == "http" and not plaintext_allowed and not _is_this_machine(parts.hostname):
        raise ValueError("http to another machine would send the key in the clear")


def _authorities(address: str) -> ssl.SSLContext | bool:
    """The usual ones; none where nothing is encrypted, for reading them takes longer than many a call."""
    return True if urlsplit(address).scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
