"""Direct routes: addresses called so often that a connection answers them itself, past ASGI.

Parsing, keep-alive, the order of pipelined requests and the graceful end stay the server's own; what is left out is
the message passing between server and application. The same route answers through ASGI too (`app.http.frame`), for
other methods, other HTTP versions and other servers.
"""

import asyncio
import fcntl
import sys
import termios
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol, cast

import msgspec
from starlette.requests import ClientDisconnect
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from yikatong.app.http.arrivals import Arrivals
from yikatong.app.http.bounds import verify_length
from yikatong.app.http.problems import MEDIA_TYPE, headers_of, problem_of
from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused

HEAD_BYTES_MAX = 64 * 1024
"""How long the head of a request may grow, beside the piece of it that came first; and what stands behind a body."""
TAKEN_BYTES_LEAST = 32 * 1024
"""How much of an answer must be taken from one look at it to the next, so that it holds nobody's place."""
RawHeaders = Sequence[tuple[bytes, bytes]]
_ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
JSON_HEADERS: RawHeaders = ((b"content-type", b"application/json"), *_ALWAYS)
PROBLEM_HEADERS: RawHeaders = ((b"content-type", MEDIA_TYPE.encode()), *_ALWAYS)


class Answer(NamedTuple):
    """A whole answer: its status, its headers but for the length, its content."""

    status: int
    headers: RawHeaders
    content: bytes


def answer_of(refused: Refused, *, request_id: str) -> Answer:
    """The answer that carries a refusal."""
    content = msgspec.json.encode(problem_of(refused, request_id=request_id))
    headers = {**headers_of(refused), "x-request-id": request_id}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Answer(refused.reason.text.status, (*raw, *PROBLEM_HEADERS), content)


class DirectRoute(Protocol):
    """A route that answers POST at one address, and brings authentication, record and metrics itself."""

    @property
    def body_bytes_max(self) -> int:
        """How long a body may be."""
        ...

    async def answer(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        """Answer one call; refusals are answers, what is raised is a fault."""
        ...


AnswerDirectly = Callable[[RawHeaders, Callable[[], Awaitable[bytes]]], Awaitable[Answer]]


class HasDirectRoutes(Protocol):
    """The application of a server whose connections answer direct routes."""

    def find_direct(self, address: bytes) -> tuple[AnswerDirectly, int] | None:
        """What answers POST at a raw address directly."""
        ...

    def refuse(self, refused: Refused) -> Answer:
        """The answer to a request that was not heard to its end."""
        ...


class DirectProtocol(HttpToolsProtocol):
    """A connection that answers direct routes itself and hands every other call to the application.

    It says to the server's `Arrivals` when it owes the rest of a request, or after its opening a first one, and when
    whoever asked does not take the answer.
    """

    _is_in_head = False
    _is_in_request = False
    _has_heard_body = False
    _head_bytes = 0
    _untaken_bytes = 0
    _has_heard_whole = False
    _has_begun = False
    _owes = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the server has it
        """A connection opens, and owes a request."""
        super().connection_made(transport)
        self._owes = True
        self._arrivals.receive(self, now=self.loop.time())

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, and owes nothing."""
        self._settle()
        self._arrivals.take(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More was written than was taken."""
        super().pause_writing()
        self._leave()

    def resume_writing(self) -> None:
        """What was written was taken but for a little."""
        super().resume_writing()
        self._arrivals.take(self)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked: it closes once its last answer is taken."""
        super().timeout_keep_alive_handler()
        self._leave()

    def on_response_complete(self) -> None:
        """An answer was written; the last of a connection closes it once it is taken."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._leave()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; this closes once it is taken."""
        super().send_400_response(msg)
        self._leave()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head; one that comes behind a body is nothing that anybody here asks for."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._has_heard_body = True
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Begin a call; a direct one when its method, version and address are those of a direct route."""
        self._is_in_head = False
        direct = self._find_direct()
        if direct is None:
            super().on_headers_complete()
            return
        earlier = self.cycle
        self.cycle = _DirectCall(self, *direct)
        if earlier is None or earlier.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def data_received(self, data: bytes) -> None:
        """Take what came, most often a whole request; what is less is noted."""
        was_in_head = self._is_in_head
        self._has_heard_whole = self._has_heard_body = False
        super().data_received(data)
        if self._is_in_request or not self._has_heard_whole:
            self._note_piece(len(data), was_in_head=was_in_head)
        elif self._owes:
            self._settle()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_in_head = self._is_in_request = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """A request is here whole."""
        self._is_in_request = False
        self._has_heard_whole = True
        super().on_message_complete()

    def end_late(self) -> None:
        """End, for what is owed did not come in time; whoever sent part of a request is told why.

        A call that came before and is still being answered is waited for. Who does not even take the last answer is
        cut off at the next look.
        """
        if self.transport.is_closing():
            self.make_room()
            return
        self._owe()
        call = self.cycle
        is_answering = call is not None and not call.response_complete
        if is_answering and (self.pipeline or self._is_in_head or not self._is_in_request):
            return
        is_told = self._is_in_request and (self._is_in_head or (is_answering and not call.response_started))
        if is_told:
            answer = cast(HasDirectRoutes, self.app).refuse(Refused(Reason.REQUEST_CAME_TOO_SLOWLY))
            self.transport.write(self.raw_answer(answer, closes=True))
        if is_answering:
            call.disconnected = True
            call.message_event.set()
        self.transport.close()

    def make_room(self) -> None:
        """End at once, for somebody else."""
        self._settle()
        self.transport.abort()

    def end_untaken(self) -> None:
        """End, unless enough of what was written was taken since the last look."""
        if self._untaken_bytes - self._count_untaken() < TAKEN_BYTES_LEAST:
            self.make_room()
        else:
            self._leave()

    def raw_answer(self, answer: Answer, *, closes: bool) -> bytes:
        """An answer as it goes over the wire."""
        parts = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers):
            parts += (name, b": ", value, b"\r\n")
        parts += (b"content-length: ", str(len(answer.content)).encode(), b"\r\n")
        if closes:
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", answer.content)
        return b"".join(parts)

    def _note_piece(self, length: int, *, was_in_head: bool) -> None:
        """Note that a request has begun, and how long its head has grown; one without an end ends the connection.

        The same holds for what stands behind a body, or between its chunks.
        """
        if self._has_heard_whole or not self._has_begun:
            self._owe()
            self._has_begun = True
        if self._has_heard_body or self._is_in_head is not was_in_head:
            self._head_bytes = 0
            return
        self._head_bytes += length
        if self._head_bytes <= HEAD_BYTES_MAX or self.transport.is_closing():
            return
        if self._is_in_head:
            self.send_400_response("The head of the request is too large.")
        else:
            self.make_room()

    def _leave(self) -> None:
        self._untaken_bytes = self._count_untaken()
        if self._untaken_bytes:
            self._arrivals.leave(self, now=self.loop.time())

    def _count_untaken(self) -> int:
        """What was written and is not with whoever asked: what waits here, and then what the system has of it too."""
        waiting_bytes = self.transport.get_write_buffer_size()
        if not waiting_bytes:
            return 0
        try:
            sent = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            # The system is done with it already, and says so to us next.
            return waiting_bytes
        return waiting_bytes + int.from_bytes(sent, sys.byteorder)

    def _owe(self) -> None:
        self._owes = True
        self._arrivals.owe(self, now=self.loop.time())

    def _settle(self) -> None:
        self._owes = self._has_begun = False
        self._head_bytes = 0
        self._arrivals.settle(self)

    @property
    def _arrivals(self) -> Arrivals:
        return cast(Arrivals, self.server_state)

    def _unsupported_upgrade_warning(self) -> None:
        """No upgrade is taken here; what follows it is no request of ours, so this answer is the last."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _find_direct(self) -> tuple[AnswerDirectly, int] | None:
        if self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1":
            return None
        if self.expect_100_continue or self.parser.should_upgrade():
            return None
        return cast(HasDirectRoutes, self.app).find_direct(self.url)


class _DirectCall(RequestResponseCycle):
    """One direct call, in the place where the server keeps what it knows of a call on its way."""

    def __init__(self, connection: DirectProtocol, answer: AnswerDirectly, body_bytes_max: int) -> None:
        """The body may still be on its way."""
        self._answer = answer
        self._bytes_max = body_bytes_max
        self._connection = connection
        self._headers = connection.headers
        self.flow = connection.flow
        self.transport = connection.transport
        self.message_event = asyncio.Event()
        self.keep_alive = connection.parser.should_keep_alive()
        self.body = bytearray()
        self.more_body = True
        self.disconnected = False
        self.response_started = False
        self.response_complete = False

    async def run_asgi(self, app: ASGI3Application) -> None:
        """Answer, unless whoever asked went away half-way."""
        try:
            answer = await self._answer(self._headers, self._read_body)
        except ClientDisconnect:
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.disconnected:
            self._write(answer)

    async def _read_body(self) -> bytes:
        """The body, whole; refuses as `bounds.read_body`."""
        for name, value in self._headers:
            if name == b"content-length":
                verify_length(value.decode("latin-1"), bytes_max=self._bytes_max)
        if self.more_body:
            await self._hear_the_rest()
        if self.disconnected:
            raise ClientDisconnect
        if len(self.body) > self._bytes_max:
            raise Refused(Reason.BODY_IS_TOO_LARGE, bytes_max=self._bytes_max)
        return bytes(self.body)

    async def _hear_the_rest(self) -> None:
        while self.more_body and not self.disconnected and len(self.body) <= self._bytes_max:
            self.message_event.clear()
            await self.message_event.wait()

    def _write(self, answer: Answer) -> None:
        self.transport.write(self._connection.raw_answer(answer, closes=not self.keep_alive))
        self.response_complete = True
        if not self.keep_alive:
            self.transport.close()
        self._connection.on_response_complete()
