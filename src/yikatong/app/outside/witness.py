"""A witness over HTTP, behind `sealing.outside.Witness`."""

from collections.abc import Sequence

import httpx
import msgspec

from yikatong.app.outside.reading import read_answer
from yikatong.kernel.outcomes import Refused
from yikatong.sealing.model import Head, Reason, WitnessedHead
from yikatong.sealing.outside import WitnessIsSilent
from yikatong.sealing.service import verify_witnessed
from yikatong.trust.model import VerifyingKey
from yikatong.witness.http import Answered, Asked


class HttpWitness:
    """Asks a witness within the client's time limit, and believes what is signed by the key named in the settings."""

    def __init__(self, client: httpx.AsyncClient, *, key: VerifyingKey) -> None:
        self._client = client
        self._key = key

    @property
    def key(self) -> VerifyingKey:
        """The witness's key."""
        return self._key

    async def find_last(self) -> WitnessedHead | None:
        """The longest head that it signed."""
        try:
            response = await self._client.get("/last")
        except httpx.HTTPError as error:
            raise WitnessIsSilent(type(error).__name__) from None
        return self._read(response)

    async def co_sign(self, head: Head, *, old: int, path: Sequence[bytes]) -> WitnessedHead:
        """Have a head signed; status 409 is its refusal."""
        asked = msgspec.json.encode(Asked(head=head.signed, old=old, path=tuple(path)))
        try:
            response = await self._client.post("/heads", content=asked)
        except httpx.HTTPError as error:
            raise WitnessIsSilent(type(error).__name__) from None
        if response.status_code == httpx.codes.CONFLICT:
            raise Refused(Reason.SEAL_DOES_NOT_MATCH)
        witnessed = self._read(response)
        if witnessed is None:
            raise WitnessIsSilent("it signed nothing")
        return witnessed

    def _read(self, response: httpx.Response) -> WitnessedHead | None:
        if response.status_code != httpx.codes.OK:
            raise WitnessIsSilent(f"status {response.status_code}")
        try:
            said = read_answer(response.content, Answered)
        except ValueError:
            raise WitnessIsSilent("an answer that cannot be read") from None
        return None if said.witnessed is None else verify_witnessed(said.witnessed, key=self._key)
