"""The connection of the tap batch, when the server goes away and others come."""

import asyncio
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg
import pytest
import uvloop
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.backends import end_backend
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BEGIN, COMMIT, BatchConnection

pytestmark = pytest.mark.anyio


def is_open(number: int) -> bool:
    """Whether a number is that of an open file or socket."""
    try:
        socket.socket(fileno=number).detach()
    except OSError:
        return False
    return True


async def test_a_session_that_was_ended_is_an_error_and_not_a_wait(db: Database) -> None:
    batch = await BatchConnection.over(await db.connect_serving())
    await end_backend(db, batch.backend_pid)

    with pytest.raises(psycopg.OperationalError):
        await batch.run([BEGIN])
    assert batch.is_broken
    await batch.close()
    await batch.close()


async def test_whoever_gets_the_number_of_a_socket_that_is_gone_is_left_alone(db: Database) -> None:
    conn = await db.connect_serving()
    number = conn.fileno()
    batch = await BatchConnection.over(conn)
    friend, stranger = socket.socketpair()
    await end_backend(db, batch.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        await batch.run([BEGIN])
    assert not is_open(number)

    os.dup2(stranger.fileno(), number)
    stranger.close()
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=number))
    await batch.close()
    friend.sendall(b"heard\n")

    assert b"heard\n" == await reader.readline()
    friend.close()
    writer.close()
    await writer.wait_closed()


def pass_on_until_commit(listening: socket.socket, server: str | tuple[str, int]) -> None:
    """Pass one connection on to the server; at a commit say that the session ends, and end it, the commit unread."""
    near, _ = listening.accept()
    with near, socket.socket(socket.AF_UNIX if isinstance(server, str) else socket.AF_INET) as far:
        far.connect(server)
        while True:
            ready, _, _ = select.select([near, far], [], [])
            if far in ready:
                near.sendall(far.recv(65_536))
            elif b"COMMIT" in near.recv(65_536, socket.MSG_PEEK):
                fields = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
                near.sendall(b"E" + struct.pack("!i", 4 + len(fields)) + fields)
                return
            else:
                far.sendall(near.recv(65_536))


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_session_that_ends_before_it_reads_what_we_said_is_an_error_and_not_a_wait(
    db: Database, tmp_path: Path, run: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    async def commit(conninfo: str) -> None:
        conn = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        batch = await BatchConnection.over(conn)
        try:
            async with asyncio.timeout(30):
                await batch.run([BEGIN])
                await batch.run([COMMIT])
        finally:
            await batch.close()

    parts = conninfo_to_dict(db.address.conninfo)
    host, port = str(parts["host"]), int(str(parts["port"]))
    server = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / f".s.PGSQL.{port}"))
        listening.listen()
        passing = threading.Thread(target=pass_on_until_commit, args=(listening, server))
        passing.start()
        with pytest.raises(psycopg.OperationalError):
            run(commit(make_conninfo(db.address.conninfo, host=str(tmp_path))))
        passing.join()
