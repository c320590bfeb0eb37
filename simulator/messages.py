"""A gateway for push and SMS that keeps what it delivered, so that a story or a test can read it."""

from uuid import UUID

from simulator.trouble import Troubles
from yikatong.notices.outside import Message

CHANNEL = "push"


class SimulatedGateway:
    """Answers `notices.outside.MessageGateway`; the same message again is delivered once."""

    def __init__(self) -> None:
        """Begin with nothing delivered and no trouble."""
        self.troubles = Troubles()
        self._delivered: dict[UUID, Message] = {}

    async def deliver(self, message: Message) -> str:
        """Deliver a message and say by which channel."""
        trouble = self.troubles.take()
        self._delivered.setdefault(message.message_id, message)
        await self.troubles.live_through(trouble)
        return CHANNEL

    def delivered_to(self, resident_id: UUID) -> list[Message]:
        """What a resident's phone received, in order."""
        return [message for message in self._delivered.values() if message.resident_id == resident_id]
