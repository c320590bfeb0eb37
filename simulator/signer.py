"""Plays the cryptographic module (密码机): keys behind a Unix socket, by the protocol of docs/formats/key-module.

`python -m simulator.signer SOCKET FOLDER REGION` serves the keys of a folder, made at the first start; the key that
encrypts them stands in YIKATONG_SIGNER_KEY, 64 hex digits.
"""

import os
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from yikatong.app.keys import WANTED_BESIDE
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.ids import SystemIds
from yikatong.trust.keys_at_rest.external_holder import (
    VERSION,
    held_key_row,
    receive_message,
    send_message,
)
from yikatong.trust.model import KeyHolder
from yikatong.trust.service import decode_strict, encode, open_key_folder, wanted_keys

_ARGUMENTS: dict[str, tuple[type, ...]] = {
    "held_keys": (),
    "sign": (bytes, bytes),
    "wrap": (bytes, bytes),
    "unwrap": (bytes, bytes),
    "mark": (str, bytes),
    "secrets": (str,),
}


def answer(holder: KeyHolder, message: bytes) -> bytes:
    """Answer one question; what is no question gets the answer [1, "QUESTION_IS_MALFORMED"]."""
    try:
        version, question, *arguments = decode_strict(message)
        wanted = _ARGUMENTS[question]
    except (ValueError, TypeError, KeyError):
        return encode([1, "QUESTION_IS_MALFORMED"])
    if version != VERSION or tuple(type(argument) for argument in arguments) != wanted:
        return encode([1, "QUESTION_IS_MALFORMED"])
    try:
        return encode([0, _value(holder, question, arguments)])
    except Refused as refused:
        return encode([1, refused.reason.name])


def _value(holder: KeyHolder, question: str, arguments: list[Any]) -> object:
    if question == "held_keys":
        return [held_key_row(about) for about in holder.held_keys()]
    if question == "secrets":
        return list(holder.secrets(arguments[0]))
    value: bytes = getattr(holder, question)(*arguments)
    return value


class Signer(socketserver.ThreadingUnixStreamServer):
    """The module as a server: one thread for each connection."""

    daemon_threads = True

    def __init__(self, socket_path: str, holder: KeyHolder) -> None:
        """Listen at a path that only this account may open."""
        self.holder = holder
        self._connections: set[socket.socket] = set()
        former = os.umask(0o177)
        try:
            super().__init__(socket_path, _Connection)
        finally:
            os.umask(former)

    def answer_all(self, connection: socket.socket) -> None:
        """Answer until the other side closes, sends what is no message, or the module ends."""
        self._connections.add(connection)
        try:
            while True:
                send_message(connection, answer(self.holder, receive_message(connection)))
        except (EOFError, ValueError, OSError):
            return
        finally:
            self._connections.discard(connection)

    def end(self) -> None:
        """Stop listening and cut every connection."""
        self.shutdown()
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.BaseRequestHandler):
    """One connection: question after question until the other side closes or sends what is no message."""

    request: socket.socket
    server: Signer

    def handle(self) -> None:
        """Answer until the connection ends."""
        self.server.answer_all(self.request)


@contextmanager
def serving(socket_path: Path, holder: KeyHolder) -> Iterator[Signer]:
    """Serve a holder's keys while the block runs."""
    with Signer(str(socket_path), holder) as signer:
        thread = threading.Thread(target=signer.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield signer
        finally:
            signer.end()
            thread.join()
            socket_path.unlink(missing_ok=True)


def main(arguments: list[str]) -> None:
    """Serve until the process is ended."""
    socket_path, folder, region = arguments
    holder = open_key_folder(
        Path(folder),
        key_encryption_key=bytes.fromhex(os.environ["YIKATONG_SIGNER_KEY"]),
        wanted=(*wanted_keys(region), *WANTED_BESIDE),
        now=SystemClock().now(),
        ids=SystemIds(),
    )
    Path(socket_path).unlink(missing_ok=True)
    with Signer(socket_path, holder) as signer:
        signer.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
