"""The real-person check over HTTP, behind `cards.outside.FaceCheck`."""

import httpx
import msgspec

from yikatong.app.outside.reading import read_answer
from yikatong.app.outside.reasons import Reason
from yikatong.cards.outside import FaceAnswer
from yikatong.kernel.outcomes import Refused


class FaceQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose face, and the reference of the liveness session that captured it."""

    name: str
    id_number: str
    face: str


class FaceSaid(msgspec.Struct, frozen=True):
    """What the check says."""

    answer: FaceAnswer


class HttpFaceCheck:
    """Asks a face check within the client's time limit."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def compare_face(self, *, name: str, id_number: str, face: str) -> FaceAnswer:
        """Compare a captured face with the register's picture; refuses FACE_CHECK_DID_NOT_ANSWER."""
        question = msgspec.json.encode(FaceQuestion(name=name, id_number=id_number, face=face))
        try:
            response = await self._client.post("/faces/compare", content=question)
            if response.status_code != httpx.codes.OK:
                raise Refused(Reason.FACE_CHECK_DID_NOT_ANSWER)
            return read_answer(response.content, FaceSaid).answer
        except (httpx.HTTPError, ValueError):
            raise Refused(Reason.FACE_CHECK_DID_NOT_ANSWER) from None
