"""Keys held by a cryptographic module (密码机), asked over a Unix socket in CBOR (docs/formats/key-module).

message  = length (4 bytes, big-endian) ‖ CBOR
question = [version, name of the question, arguments…]
answer   = [0, value] | [1, name of a reason]

One connection for each thread. A question is asked once more on a new connection when the old one was closed in
between; every wait ends with the time limit. A local socket answers in tens of microseconds, so calls are plain calls.
"""

import socket
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from yikatong.kernel.outcomes import Refused
from yikatong.trust.algorithms import algorithm_of
from yikatong.trust.keys_at_rest.signing import HolderSigningKey
from yikatong.trust.model import HeldKey, HeldSigner, KeyKind, PublicKey, Reason
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode

VERSION = 1
MESSAGE_BYTES_MAX = 1024 * 1024
_SECONDS_MAX = 2**32 - 1
_REASONS = {reason.name: reason for reason in (Reason.KEY_IS_NOT_HELD, Reason.SEAL_DOES_NOT_OPEN)}


class ExternalKeyHolder:
    """A KeyHolder that asks a module; refuses any call with KEY_HOLDER_DOES_NOT_ANSWER when it is away or slow."""

    def __init__(self, socket_path: str, *, timeout_seconds: float = 2.0) -> None:
        """Remember where the module listens; nothing is asked before the first call."""
        self._socket_path = socket_path
        self._timeout_seconds = timeout_seconds
        self._local = threading.local()

    def held_keys(self) -> tuple[HeldKey, ...]:
        """Every key of the module, oldest first."""
        rows = self._ask("held_keys")
        if type(rows) is not list:
            raise Refused(Reason.KEY_HOLDER_DOES_NOT_ANSWER)
        try:
            return tuple(read_held_key(row) for row in rows)
        except ValueError:
            raise Refused(Reason.KEY_HOLDER_DOES_NOT_ANSWER) from None

    def signer(self, name: str) -> HeldSigner:
        """The present signing key of a name, as a key that asks the module; refuses with KEY_IS_NOT_HELD."""
        for about in reversed(self.held_keys()):
            if about.name == name and about.public_key is not None:
                key = HolderSigningKey(self, about.key_id, about.public_key)
                return HeldSigner(key_id=about.key_id, key=key)
        raise Refused(Reason.KEY_IS_NOT_HELD, name=name)

    def sign(self, key_id: bytes, message: bytes) -> bytes:
        """Sign with a key by its id; refuses with KEY_IS_NOT_HELD."""
        return self._ask_bytes("sign", key_id, message)

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """Wrap a data key with the module's present master key."""
        return self._ask_bytes("wrap", plain, context)

    def wrap_many(self, parts: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap several data keys, each by a question of its own."""
        return [self.wrap(plain, context) for plain, context in parts]

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap a data key; refuses with SEAL_DOES_NOT_OPEN."""
        return self._ask_bytes("unwrap", wrapped, context)

    def unwrap_many(self, parts: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Unwrap several data keys, each by a question of its own; refuses with SEAL_DOES_NOT_OPEN."""
        return [self.unwrap(wrapped, context) for wrapped, context in parts]

    def mark(self, name: str, text: bytes) -> bytes:
        """The mark of a text; refuses with KEY_IS_NOT_HELD."""
        return self._ask_bytes("mark", name, text)

    def mark_many(self, name: str, texts: Iterable[bytes]) -> list[bytes]:
        """The marks of several texts, each by a question of its own; refuses with KEY_IS_NOT_HELD."""
        return [self.mark(name, text) for text in texts]

    def secrets(self, name: str) -> tuple[bytes, ...]:
        """The secrets that the module lends to this process, the present one first; refuses with KEY_IS_NOT_HELD."""
        lent = self._ask("secrets", name)
        if type(lent) is not list or not all(type(secret) is bytes for secret in lent):
            raise Refused(Reason.KEY_HOLDER_DOES_NOT_ANSWER)
        return tuple(lent)

    def reload(self) -> None:
        """Nothing to do: the module is asked each time."""

    def close(self) -> None:
        """Close this thread's connection."""
        connection: socket.socket | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _ask_bytes(self, question: str, *arguments: str | bytes) -> bytes:
        value = self._ask(question, *arguments)
        if type(value) is not bytes:
            raise Refused(Reason.KEY_HOLDER_DOES_NOT_ANSWER)
        return value

    def _ask(self, question: str, *arguments: str | bytes) -> Any:
        message = encode([VERSION, question, *arguments])
        reused = getattr(self._local, "connection", None) is not None
        try:
            answer = self._exchange(message)
        except (ConnectionError, EOFError):
            answer = self._exchange_again(message) if reused else None
        except (OSError, ValueError):
            answer = None
        if type(answer) is list and len(answer) == 2 and type(answer[0]) is int:
            kind, value = answer
            if kind == 0:
                return value
            if kind == 1 and type(value) is str and value in _REASONS:
                raise Refused(_REASONS[value])
        self.close()
        raise Refused(Reason.KEY_HOLDER_DOES_NOT_ANSWER)

    def _exchange_again(self, message: bytes) -> Any:
        self.close()
        try:
            return self._exchange(message)
        except (OSError, EOFError, ValueError):
            return None

    def _exchange(self, message: bytes) -> Any:
        connection: socket.socket | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self._timeout_seconds)
            self._local.connection = connection
            connection.connect(self._socket_path)
        send_message(connection, message)
        return decode_strict(receive_message(connection))


def send_message(connection: socket.socket, message: bytes) -> None:
    """Send one message with its length before it."""
    connection.sendall(len(message).to_bytes(4) + message)


def receive_message(connection: socket.socket) -> bytes:
    """Receive one message; raises EOFError when the other side closed, ValueError when it is too long."""
    size = int.from_bytes(_receive(connection, 4))
    if size > MESSAGE_BYTES_MAX:
        raise ValueError("the message is too long")
    return _receive(connection, size)


def _receive(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise EOFError("the other side closed")
        received += piece
    return bytes(received)


def held_key_row(about: HeldKey) -> list[object]:
    """A held key as the protocol writes it: name, kind, key id, time made, algorithm, public key."""
    public_key = about.public_key
    public: list[object] = [None, None] if public_key is None else [int(public_key.algorithm), public_key.data]
    return [about.name, about.kind.value, about.key_id, int(about.made_at.timestamp()), *public]


def read_held_key(row: Any) -> HeldKey:
    """Read what `held_key_row` wrote; raises ValueError for anything else."""
    if type(row) is not list or len(row) != 6:
        raise ValueError("not a held key")
    name, kind, key_id, made_at, algorithm, data = row
    if type(name) is not str or type(key_id) is not bytes or type(made_at) is not int:
        raise ValueError("not a held key")
    if not 0 <= made_at <= _SECONDS_MAX:
        raise ValueError("not a time")
    public_key = None
    if algorithm is not None:
        if type(algorithm) is not int or type(data) is not bytes:
            raise ValueError("not a public key")
        public_key = PublicKey(algorithm=algorithm_of(algorithm), data=data)
    return HeldKey(
        name=name,
        kind=KeyKind(kind),
        key_id=key_id,
        made_at=datetime.fromtimestamp(made_at, UTC),
        public_key=public_key,
    )
