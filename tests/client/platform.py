"""A small platform on loopback that plays what goes wrong between a client and a server.

It keeps what a real one keeps: taps by request id and body, tombstones, refunds, kept answers of commands; and it
remembers every request it heard.
"""

import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum, auto
from hashlib import sha256
from typing import Any, NamedTuple, Self

import msgspec

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
PROBLEM = "application/problem+json"
SAYS = {"zh": "某事发生。", "en": "Something happened."}
REMEDY = {"zh": "无需处理。", "en": "Do nothing."}


class Play(Enum):
    """What becomes of one request."""

    ANSWER = auto()
    FAULT_BEFORE = auto()
    FAULT_AFTER = auto()
    BUSY = auto()
    CUT_BEFORE = auto()
    CUT_AFTER = auto()
    CUT_HALFWAY = auto()
    LATE = auto()
    PAGE = auto()
    DOOR = auto()


class Heard(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Said(NamedTuple):
    """An answer."""

    status: int
    content: bytes
    media_type: str = "application/json"
    key_expires_at: str = ""


Moment = str
"""`arrived`, `done`, `halfway` or `answered`."""


class Platform:
    """Serves in threads; `plays` say what becomes of the next requests, then all are answered."""

    def __init__(self) -> None:
        self.plays: deque[Play] = deque()
        self.heard: list[Heard] = []
        self.taps: dict[str, tuple[bytes, dict[str, Any]]] = {}
        self.reversed: dict[str, str] = {}
        self.refunds: dict[str, int] = {}
        self.kept: dict[str, Said] = {}
        self.commands: list[Heard] = []
        self.answers: dict[tuple[str, str], Callable[[Heard], Said]] = {}
        self.at_moment: Callable[[Moment], None] = lambda moment: None
        self._state = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        # It never listens: while the platform is dead its port refuses connections, and nobody else gets it.
        self._place = _bound(0)
        self.port: int = self._place.getsockname()[1]

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen."""
        listener = _bound(self.port)
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def kill(self) -> None:
        """End at once: nobody listens, every connection is reset. What was done stays done."""
        with self._state:
            listener, self._listener = self._listener, None
            still_open = list(self._open)
        if listener is not None:
            # A blocked accept keeps a closed socket alive; shutting it down wakes it.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in still_open:
            _reset(connection)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self._place.close()

    def paid(self) -> dict[str, int]:
        """What each admitted tap that was not taken back paid, by request id."""
        return {
            request_id: receipt["amount_fen"]
            for request_id, (_, receipt) in self.taps.items()
            if receipt["outcome"] == "admitted" and receipt["tap"] not in self.reversed
        }

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._state:
                was_killed = self._listener is not listener
                self._open.add(connection)
            if was_killed:
                _reset(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while (heard := _read(connection)) is not None and self._answer(connection, heard):
                pass
        with self._state:
            self._open.discard(connection)
        connection.close()

    def _answer(self, connection: socket.socket, heard: Heard) -> bool:
        """Play one request; whether the connection goes on."""
        with self._state:
            play = self.plays.popleft() if self.plays else Play.ANSWER
            self.heard.append(heard)
        self.at_moment("arrived")
        instead = _INSTEAD.get(play)
        if instead is not None:
            connection.sendall(_written(instead))
            return True
        if play is Play.CUT_BEFORE:
            return False
        with self._state:
            said = self._do(heard)
        self.at_moment("done")
        if play is Play.CUT_AFTER:
            return False
        if play is Play.LATE:
            connection.recv(1)
        data = _written(_FAULT if play is Play.FAULT_AFTER else said)
        half = len(data) - len(said.content) // 2 if play is not Play.FAULT_AFTER else len(data)
        connection.sendall(data[:half])
        self.at_moment("halfway")
        if play is Play.CUT_HALFWAY:
            return False
        connection.sendall(data[half:])
        self.at_moment("answered")
        return True

    def _do(self, heard: Heard) -> Said:
        key = (heard.method, heard.path)
        if key in self.answers:
            return self.answers[key](heard)
        if key == ("POST", "/v1/taps"):
            return self._tap(heard.body)
        if key == ("POST", "/v1/reversals"):
            return self._reverse(msgspec.json.decode(heard.body))
        if heard.path.endswith("/refunds"):
            return self._refund(heard.path.split("/")[3], msgspec.json.decode(heard.body))
        if heard.path.startswith("/v1/taps/"):
            return self._poll(heard.path.split("/")[3])
        if "idempotency-key" in heard.headers:
            return self._command(heard)
        return said_no(404, "ROUTE_IS_UNKNOWN")

    def _tap(self, body: bytes) -> Said:
        asked = msgspec.json.decode(body)
        request_id = asked["request_id"]
        if asked.get("code") == "unreadable":
            return said_no(422, "CODE_IS_NOT_READABLE", instance=request_id)
        if request_id in self.taps:
            earlier, receipt = self.taps[request_id]
            return _shown(receipt) if earlier == body else said_no(409, "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY")
        tap = tap_id_of(request_id)
        outcome, reason = _decide(asked["item"], is_reversed=tap in self.reversed)
        receipt = {
            "tap": tap,
            "request_id": request_id,
            "outcome": outcome,
            "item": asked["item"],
            "form": "e_card_code",
            "strength": "shown",
            "decided_at": NOON,
            "amount_fen": asked.get("amount_fen", 0),
        }
        if reason is not None:
            receipt |= {"reason": reason, "says": SAYS, "remedy": REMEDY}
        if outcome == "waiting":
            receipt |= {"waits_for": "resident", "deadline_at": NOON}
        self.taps[request_id] = (body, receipt)
        return _shown(receipt)

    def admit(self, request_id: str) -> None:
        """The resident of a waiting tap says yes."""
        body, receipt = self.taps[request_id]
        ended = {name: value for name, value in receipt.items() if name not in ("waits_for", "deadline_at")}
        self.taps[request_id] = (body, {**ended, "outcome": "admitted"})

    def _poll(self, tap: str) -> Said:
        for _, receipt in self.taps.values():
            if receipt["tap"] == tap:
                return Said(202 if receipt["outcome"] == "waiting" else 200, msgspec.json.encode(receipt))
        return said_no(404, "TAP_IS_UNKNOWN")

    def _reverse(self, asked: dict[str, Any]) -> Said:
        if asked.get("code") == "unreadable":
            return said_no(422, "CODE_IS_NOT_READABLE")
        if "tap" not in asked and "code" not in asked and "chip" not in asked:
            return said_no(422, "PRESENTATION_IS_MISSING")
        tap = asked.get("tap") or tap_id_of(asked["request_id"])
        already = tap in self.reversed
        found = next((receipt["outcome"] for _, receipt in self.taps.values() if receipt["tap"] == tap), "nothing")
        self.reversed.setdefault(tap, found)
        return Said(200, msgspec.json.encode({"tap": tap, "found": found, "already": already}))

    def _refund(self, tap: str, asked: dict[str, Any]) -> Said:
        paid = next((receipt["amount_fen"] for _, receipt in self.taps.values() if receipt["tap"] == tap), 0)
        given = sum(self.refunds.values())
        request_id, amount_fen = asked["request_id"], asked["amount_fen"]
        if request_id not in self.refunds and given + amount_fen > paid:
            return said_no(409, "REFUND_IS_MORE_THAN_PAID")
        self.refunds.setdefault(request_id, amount_fen)
        left_fen = paid - sum(self.refunds.values())
        answer = {"tap": tap, "refund": "rfd_1", "amount_fen": amount_fen, "left_fen": left_fen}
        return Said(200, msgspec.json.encode(answer))

    def _command(self, heard: Heard) -> Said:
        key = heard.headers["idempotency-key"]
        if key not in self.kept:
            self.commands.append(heard)
            self.kept[key] = Said(200, msgspec.json.encode({"change": "done"}))
        return self.kept[key]


class Everywhere(dict[tuple[str, str], Callable[[Heard], Said]]):
    """One answer at every address."""

    def __init__(self, take: Callable[[Heard], Said]) -> None:
        super().__init__()
        self._take = take

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: tuple[str, str]) -> Callable[[Heard], Said]:
        return self._take


def tap_id_of(request_id: str) -> str:
    """The id that the tap of a request gets."""
    return "tap_" + sha256(request_id.encode()).hexdigest()[:32]


def said_no(status: int, reason: str, *, instance: str = "", **more: Any) -> Said:
    """A refusal as problem details."""
    details = {
        "type": f"urn:yikatong:reason:{reason}",
        "title": SAYS["en"],
        "status": status,
        "detail": SAYS["en"],
        "reason": reason,
        "says": SAYS,
        "remedy": REMEDY,
        "instance": instance,
        **more,
    }
    return Said(status, msgspec.json.encode(details), PROBLEM)


_FAULT = said_no(500, "SERVER_FAULT")
_INSTEAD = {
    Play.FAULT_BEFORE: _FAULT,
    Play.BUSY: said_no(503, "SERVER_IS_BUSY"),
    Play.PAGE: Said(200, b"<html>sign in to the shop's network</html>", "text/html"),
    Play.DOOR: said_no(401, "KEY_IS_REVOKED"),
}


def _decide(item: str, *, is_reversed: bool) -> tuple[str, str | None]:
    if is_reversed:
        return "refused", "TAP_WAS_REVERSED"
    if item == "forbidden":
        return "refused", "TERMINAL_MAY_NOT_OFFER_THIS_ITEM"
    return ("waiting", None) if item == "waits" else ("admitted", None)


def _shown(receipt: dict[str, Any]) -> Said:
    if receipt["outcome"] == "refused":
        return said_no(403, receipt["reason"], instance=receipt["request_id"], receipt=receipt)
    return Said(202 if receipt["outcome"] == "waiting" else 200, msgspec.json.encode(receipt))


def _written(said: Said) -> bytes:
    head = f"HTTP/1.1 {said.status} said\r\ncontent-type: {said.media_type}\r\ncontent-length: {len(said.content)}\r\n"
    if said.key_expires_at:
        head += f"key-expires-at: {said.key_expires_at}\r\n"
    return f"{head}retry-after: 1\r\n\r\n".encode() + said.content


def _read(connection: socket.socket) -> Heard | None:
    """The next request; None when the other side is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65_536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        part = connection.recv(65_536)
        if not part:
            return None
        body += part
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    return Heard(method, path, query, headers, body)


def _bound(port: int) -> socket.socket:
    """A socket at a port of loopback, 0 for any; several may be there while at most one listens."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _reset(connection: socket.socket) -> None:
    """End a connection without a farewell, as a dead process does."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.shutdown(socket.SHUT_RDWR)
