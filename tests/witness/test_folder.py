"""A witness's folder: what it signed it knows after any crash, and it signs nothing else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from yikatong.kernel.outcomes import Refused
from yikatong.sealing.model import Head, Node, Reason
from yikatong.sealing.rules.statements import sign_head
from yikatong.sealing.rules.trees import Edge, consistency_path, hash_leaf
from yikatong.sealing.service import verify_witnessed
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, HeldSigner
from yikatong.witness.folder import FolderIsTaken, open_witness, read_witness_key

NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)


class ALog:
    """A log in memory, with a key of its own."""

    def __init__(self, *, leaves: str = "") -> None:
        key = trust.new_signing_key(Algorithm.ES256)
        self.signer = HeldSigner(key_id=trust.key_id_of(key.public_key), key=key)
        self._edge = Edge()
        self._nodes: dict[tuple[int, int], bytes] = {}
        for one in leaves:
            self.append(one)

    def append(self, text: str) -> Head:
        """Add a leaf; gives the head."""
        made: list[Node] = self._edge.append(hash_leaf(text.encode()))
        self._nodes |= {(node.level, node.position): node.hash for node in made}
        return self.head()

    def head(self) -> Head:
        """The head as it is."""
        return sign_head(size=self._edge.size, root=self._edge.root, made_at=NOON, signer=self.signer)

    def path(self, old: int) -> list[bytes]:
        """What proves that the log begins with that of a length."""
        return consistency_path(old, self._edge.size, lambda level, position: self._nodes[level, position])


def test_a_witness_signs_a_log_as_it_grows_and_knows_its_last_head_when_it_is_opened_again(tmp_path: Path) -> None:
    log = ALog(leaves="abc")
    witness = open_witness(tmp_path)
    witness.believe(log.signer.key.public_key)
    first = witness.sign(log.head().signed, path=[])
    log.append("d")
    second = witness.sign(log.head().signed, path=log.path(3))
    witness.close()

    again = open_witness(tmp_path)

    assert (3, 4) == (first.size, second.size)
    assert second == again.last
    assert second == verify_witnessed(second.signed, key=trust.verifying_key(again.public_key))


@pytest.mark.parametrize("leaves", ["abX", "abXd", "ab", "a"])
def test_a_witness_signs_no_log_that_does_not_begin_with_its_last_head(tmp_path: Path, leaves: str) -> None:
    log, other = ALog(leaves="abc"), ALog(leaves=leaves)
    other.signer = log.signer
    witness = open_witness(tmp_path)
    witness.believe(log.signer.key.public_key)
    signed = witness.sign(log.head().signed, path=[])

    with pytest.raises(Refused) as refused:
        witness.sign(other.head().signed, path=other.path(min(3, len(leaves))))

    assert refused.value.reason is Reason.SEAL_DOES_NOT_MATCH
    assert signed == witness.last


def test_a_witness_believes_only_the_keys_it_was_given(tmp_path: Path) -> None:
    log = ALog(leaves="abc")
    witness = open_witness(tmp_path)

    with pytest.raises(Refused):
        witness.sign(log.head().signed, path=[])

    witness.believe(ALog().signer.key.public_key)
    witness.believe(log.signer.key.public_key)
    assert 3 == witness.sign(log.head().signed, path=[]).size


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_head_that_was_half_written_was_never_given_out(tmp_path: Path, cut: int) -> None:
    log = ALog(leaves="abc")
    witness = open_witness(tmp_path)
    witness.believe(log.signer.key.public_key)
    first = witness.sign(log.head().signed, path=[])
    log.append("d")
    witness.sign(log.head().signed, path=log.path(3))
    witness.close()
    heads = tmp_path / "heads"
    heads.write_bytes(heads.read_bytes()[:-cut])

    again = open_witness(tmp_path)

    assert first == again.last
    assert 4 == again.sign(log.head().signed, path=log.path(3)).size


@pytest.mark.parametrize("half", [b"a", b"d28443a10126", b"\xff" * 300])
def test_what_a_full_disk_left_of_a_head_spoils_no_later_one(tmp_path: Path, half: bytes) -> None:
    log = ALog(leaves="abc")
    witness = open_witness(tmp_path)
    witness.believe(log.signer.key.public_key)
    witness.sign(log.head().signed, path=[])
    with (tmp_path / "heads").open("ab") as heads:
        heads.write(half)
    with (tmp_path / "log.keys").open("ab") as keys:
        keys.write(half)
    log.append("d")
    last = witness.sign(log.head().signed, path=log.path(3))
    witness.believe(ALog().signer.key.public_key)
    witness.close()

    assert last == open_witness(tmp_path).last


def test_a_head_that_is_shown_again_is_written_once(tmp_path: Path) -> None:
    log = ALog(leaves="abc")
    witness = open_witness(tmp_path)
    witness.believe(log.signer.key.public_key)
    first = witness.sign(log.head().signed, path=[])
    written = (tmp_path / "heads").read_bytes()

    assert first == witness.sign(log.head().signed, path=[])
    assert written == (tmp_path / "heads").read_bytes()


def test_the_first_head_half_written_leaves_a_witness_that_signed_nothing(tmp_path: Path) -> None:
    log = ALog(leaves="abc")
    open_witness(tmp_path).close()
    (tmp_path / "heads").write_bytes(log.head().signed.hex().encode())

    assert open_witness(tmp_path).last is None


def test_one_folder_has_one_witness_at_a_time_and_its_key_is_closed_to_others(tmp_path: Path) -> None:
    witness = open_witness(tmp_path / "witness")

    with pytest.raises(FolderIsTaken):
        open_witness(tmp_path / "witness")

    assert 0o600 == (tmp_path / "witness" / "witness.key").stat().st_mode & 0o777
    witness.close()
    open_witness(tmp_path / "witness").close()


def test_a_witness_s_key_is_shown_also_while_it_is_at_work(tmp_path: Path) -> None:
    shown_first = read_witness_key(tmp_path / "witness")
    witness = open_witness(tmp_path / "witness")

    assert shown_first == witness.public_key == read_witness_key(tmp_path / "witness")
