"""The gateway for push and SMS over HTTP, behind `notices.outside.MessageGateway`."""

import httpx
import msgspec

from yikatong.app.outside.reading import read_answer
from yikatong.notices.outside import Message, MessageNotTakenError


class Taken(msgspec.Struct, frozen=True):
    """By which channel a message goes."""

    channel: str


class HttpMessageGateway:
    """Hands messages over within the client's time limit; the same message id is sent on once."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def deliver(self, message: Message) -> str:
        """Hand a message over; raises MessageNotTakenError, after which it is tried again."""
        try:
            response = await self._client.post("/messages", content=msgspec.json.encode(message))
            if response.status_code != httpx.codes.OK:
                raise MessageNotTakenError(f"status {response.status_code}")
            return read_answer(response.content, Taken).channel
        except (httpx.HTTPError, ValueError) as error:
            raise MessageNotTakenError(type(error).__name__) from None
