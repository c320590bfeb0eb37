"""A witness of the sealed log, at hand: its folder behind the interface, without a network."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from yikatong.sealing.model import Head, WitnessedHead
from yikatong.trust import service as trust
from yikatong.trust.model import PublicKey, VerifyingKey
from yikatong.witness.folder import open_witness


class SimulatedWitness:
    """Plays the witness, over a folder that outlives a run."""

    def __init__(self, folder: Path, *, log_keys: Iterable[PublicKey]) -> None:
        """Open its folder and have it believe the log's keys; raises FolderIsTaken."""
        self._folder = open_witness(folder)
        for key in log_keys:
            self._folder.believe(key)

    def close(self) -> None:
        """Let go of the folder."""
        self._folder.close()

    @property
    def key(self) -> VerifyingKey:
        """Its key."""
        return trust.verifying_key(self._folder.public_key)

    async def find_last(self) -> WitnessedHead | None:
        """The longest head that it signed."""
        return self._folder.last

    async def co_sign(self, head: Head, *, old: int, path: Sequence[bytes]) -> WitnessedHead:
        """Sign a head; refuses SEAL_DOES_NOT_MATCH."""
        return self._folder.sign(head.signed, path=path)
