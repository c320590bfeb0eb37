"""What a load needs of its people: certificates, tills, and how a code answers a till."""

import secrets
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from yikatong.codes import service as codes
from yikatong.codes.model import Asked, CodeKind, Posture
from yikatong.kernel.ids import DeviceId, ProviderId, ResidentId
from yikatong.trust.model import SigningKey


class Certified(NamedTuple):
    """A certificate and the private half of its show key."""

    certificate: bytes
    private_key: bytes


class Refreshing(NamedTuple):
    """Somebody whose wallet can refresh: resident, device, and the private half of the device's enrolment key."""

    resident_id: ResidentId
    device_id: DeviceId
    private_key: bytes


class Till(NamedTuple):
    """A till: its key, and the provider that gets what is paid there."""

    token: str
    provider_id: UUID


class BenchPeople(NamedTuple):
    """What the load generator needs: certificates never shown before, tills, and what they ask.

    The tills of `tokens` are all of one provider, `provider_id`; each of `spread` is of a provider of its own.
    """

    certified: list[Certified]
    tokens: list[str]
    provider_id: UUID
    item: str
    item_number: int
    spread: tuple[Till, ...] = ()
    refreshing: tuple[Refreshing, ...] = ()

    @property
    def at_one_provider(self) -> tuple[Till, ...]:
        """The tills of one provider."""
        return tuple(Till(token, self.provider_id) for token in self.tokens)


def mint_answer(
    people: BenchPeople,
    certificate: bytes,
    show_key: SigningKey,
    *,
    amount_fen: int,
    now: datetime,
    payee_id: UUID | None = None,
) -> tuple[str, str]:
    """A code by which somebody answers a till that asks for an amount: its text, and the challenge's nonce in hex.

    The payee is the provider of `people.tokens` unless another is named.
    """
    nonce = secrets.token_bytes(8)
    code = codes.mint_code(
        certificate=certificate,
        show_key=show_key,
        made_at=now,
        kind=CodeKind.PAYMENT,
        nonce=secrets.token_bytes(8),
        posture=Posture.CLEAR,
        answer=Asked(
            nonce=nonce,
            amount_fen=amount_fen,
            payee_id=ProviderId(payee_id or people.provider_id),
            item_number=people.item_number,
        ),
    )
    return codes.write_code(code), nonce.hex()
