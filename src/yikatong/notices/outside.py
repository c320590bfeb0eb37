"""What an outside organisation must answer: a gateway for messages to residents (push, SMS)."""

from typing import Protocol
from uuid import UUID

from msgspec import Struct

from yikatong.notices.model import TemplateWords


class Message(Struct, frozen=True, kw_only=True):
    """A message to a resident, who is known outside by an opaque id; the gateway knows device and number.

    `message_id` is the same at every try: a gateway that has taken it answers as before and sends nothing again.
    """

    message_id: UUID
    resident_id: UUID
    template: str
    words: TemplateWords


class MessageNotTakenError(Exception):
    """The gateway did not take a message; it may be tried again. The text is kept and holds nothing personal."""


class MessageGateway(Protocol):
    """Takes messages to residents."""

    async def deliver(self, message: Message) -> str:
        """Take a message and say by which channel it goes (`push`, `sms`); raises MessageNotTakenError."""
        ...
