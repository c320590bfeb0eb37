"""The connection of the tap batch, when the server goes away and others come."""

import asyncio
import os
import socket

import psycopg
import pytest

from tests.support.backends import end_backend
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BEGIN, BatchConnection

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
