"""A real-person check (实人认证): a phone's camera makes a capture, and the platform asks once whose face it is."""

import secrets

import msgspec

from simulator.trouble import Troubles
from yikatong.cards.outside import FaceAnswer


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """Who stood before a camera, and whether it was a living face or a picture of one."""

    name: str
    id_number: str
    is_live: bool = True


class SimulatedFaceCheck:
    """Answers `cards.outside.FaceCheck`; a capture is good for one question."""

    def __init__(self) -> None:
        """Begin with no captures and no trouble."""
        self.troubles = Troubles()
        self._captures: dict[str, Capture] = {}

    def capture(self, capture: Capture) -> str:
        """A person looks into a phone's camera; gives the reference that the phone sends on."""
        face = "liveness-" + secrets.token_hex(12)
        self._captures[face] = capture
        return face

    async def compare_face(self, *, name: str, id_number: str, face: str) -> FaceAnswer:
        """Compare a capture with the register's picture of a person."""
        trouble = self.troubles.take()
        answer = self._compare(name=name, id_number=id_number, face=face)
        await self.troubles.live_through(trouble)
        return answer

    def _compare(self, *, name: str, id_number: str, face: str) -> FaceAnswer:
        capture = self._captures.pop(face, None)
        if capture is None or not capture.is_live:
            return FaceAnswer.NOT_LIVE
        if capture.id_number != id_number:
            return FaceAnswer.ANOTHER_PERSON
        return FaceAnswer.MATCHED if capture.name == name else FaceAnswer.NAME_DOES_NOT_MATCH
