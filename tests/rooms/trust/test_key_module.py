"""Keys in a cryptographic module: the same answers over a socket, and a clear refusal when it is away or bent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from simulator.signer import answer, serving
from tests.rooms.trust.test_key_files import opened
from tests.support.builders.trust import refuses
from tests.support.world import SeededIds
from yikatong.trust.keys_at_rest.external_holder import MESSAGE_BYTES_MAX, receive_message, send_message
from yikatong.trust.model import KeyHolder, Reason
from yikatong.trust.service import (
    ExternalKeyHolder,
    KeyHolderVault,
    decode_sign1,
    decode_strict,
    encode,
    sign_sign1,
    verify_sign1,
    verifying_key,
)


@contextmanager
def a_module(folder: Path) -> Iterator[tuple[KeyHolder, ExternalKeyHolder]]:
    """A module with keys of its own, and a holder that asks it."""
    inside = opened(folder)
    with serving(folder / "module.sock", inside):
        outside = ExternalKeyHolder(str(folder / "module.sock"))
        yield inside, outside
        outside.close()


def test_the_module_answers_as_its_keys_do(tmp_path: Path) -> None:
    with a_module(tmp_path) as (inside, outside):
        assert inside.held_keys() == outside.held_keys()
        assert inside.mark("pepper", b"135790") == outside.mark("pepper", b"135790")
        assert inside.secrets("alias-990100") == outside.secrets("alias-990100")
        assert inside.mark_many("pepper", [b"135790", b"1"]) == outside.mark_many("pepper", [b"135790", b"1"])
        assert b"data key" == inside.unwrap(outside.wrap(b"data key", b"owner"), b"owner")
        assert b"data key" == outside.unwrap(inside.wrap(b"data key", b"owner"), b"owner")
        one, other = outside.wrap_many([(b"one", b"owner"), (b"other", b"another owner")])
        assert (b"one", b"other") == (inside.unwrap(one, b"owner"), inside.unwrap(other, b"another owner"))
        wrapped = [(one, b"owner"), (other, b"another owner")]
        assert inside.unwrap_many(wrapped) == outside.unwrap_many(wrapped)


def test_the_module_signs_and_keeps_its_key(tmp_path: Path) -> None:
    with a_module(tmp_path) as (_, outside):
        signer = outside.signer("region-990100")
        message = sign_sign1(b"certificate", signer.key, key_id=signer.key_id)

        assert b"certificate" == verify_sign1(decode_sign1(message, 200), verifying_key(signer.key.public_key))
        with refuses(Reason.KEY_STAYS_IN_ITS_MODULE):
            signer.key.private_bytes()


def test_the_modules_refusals_are_ours(tmp_path: Path) -> None:
    with a_module(tmp_path) as (_, outside):
        for ask in (
            lambda: outside.signer("region-990200"),
            lambda: outside.sign(b"none", b"message"),
            lambda: outside.mark("nobody", b"text"),
            lambda: outside.secrets("nobody"),
        ):
            with refuses(Reason.KEY_IS_NOT_HELD):
                ask()
        with refuses(Reason.SEAL_DOES_NOT_OPEN):
            outside.unwrap(b"not wrapped", b"owner")


def test_a_module_that_comes_back_is_asked_again(tmp_path: Path) -> None:
    inside = opened(tmp_path)
    with closing(ExternalKeyHolder(str(tmp_path / "module.sock"))) as outside:
        with serving(tmp_path / "module.sock", inside):
            assert 6 == len(outside.held_keys())
        with serving(tmp_path / "module.sock", inside):
            assert 6 == len(outside.held_keys())
    with refuses(Reason.KEY_HOLDER_DOES_NOT_ANSWER):
        outside.held_keys()


def test_a_module_that_is_away_is_a_refusal(tmp_path: Path) -> None:
    with refuses(Reason.KEY_HOLDER_DOES_NOT_ANSWER):
        ExternalKeyHolder(str(tmp_path / "nobody.sock")).held_keys()


@contextmanager
def a_bent_module(path: Path, reply: bytes) -> Iterator[ExternalKeyHolder]:
    """A module that answers its first question with these bytes, or not at all when there are none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(1)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                receive_message(connection)
                connection.sendall(reply)
                if not reply:
                    connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with closing(ExternalKeyHolder(str(path), timeout_seconds=0.05)) as holder:
            yield holder
        thread.join()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\x00\x00\x01",
        b"\x00\x00\x00\x01\xff",
        (MESSAGE_BYTES_MAX + 1).to_bytes(4),
        b"\x00\x00\x00\x00",
        *(
            len(bent).to_bytes(4) + bent
            for bent in map(
                encode,
                (
                    [],
                    [0],
                    [2, b""],
                    [1, "NO_SUCH_REASON"],
                    [0, "text"],
                    [0, [[1, 2]]],
                    [0, [["root", "x", b"", 1, None, None]]],
                    [0, [["root", "signing", b"", 2**63, None, None]]],
                    [1, ["KEY_IS_NOT_HELD"]],
                    [False, []],
                ),
            )
        ),
    ],
)
def test_an_answer_that_is_none_is_a_refusal(tmp_path: Path, reply: bytes) -> None:
    with a_bent_module(tmp_path / "bent.sock", reply) as holder, refuses(Reason.KEY_HOLDER_DOES_NOT_ANSWER):
        holder.held_keys()


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"\xff",
        encode([]),
        encode([1]),
        encode([2, "held_keys"]),
        encode([1, "held_keys", 1]),
        encode([1, "private_bytes", b"root"]),
        encode([1, "sign", "name", b""]),
        encode([1, ["sign"], b"", b""]),
        encode({1: 2}),
    ],
)
def test_the_module_answers_nothing_to_what_is_no_question(tmp_path: Path, question: bytes) -> None:
    assert [1, "QUESTION_IS_MALFORMED"] == decode_strict(answer(opened(tmp_path), question))


def test_the_socket_is_closed_to_others_and_ends_what_is_too_long(tmp_path: Path) -> None:
    with serving(tmp_path / "module.sock", opened(tmp_path)):
        assert 0o600 == (tmp_path / "module.sock").stat().st_mode & 0o777
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(tmp_path / "module.sock"))
            send_message(connection, encode([1, "held_keys"]))
            assert 0 == decode_strict(receive_message(connection))[0]
            connection.sendall(b"\xff\xff\xff\xff")
            with pytest.raises(EOFError):
                receive_message(connection)


def test_a_vault_works_over_the_module(tmp_path: Path) -> None:
    ids = SeededIds()
    owner = ids.new()
    with a_module(tmp_path) as (inside, outside):
        key = KeyHolderVault(outside, ids).new_data_key(owner=owner)
        sealed = key.seal("张三".encode(), field="name")

        assert (
            "张三"
            == KeyHolderVault(inside, ids).open_data_key(key.wrapped, owner=owner).open(sealed, field="name").decode()
        )
