"""Whose wallet calls, and that it is the holder who calls."""

from typing import TypedDict

from yikatong.cards import service as cards
from yikatong.cards.model import Terms, Vault
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, Refusal


class Whose(TypedDict):
    """The resident of a wallet, as use cases name one."""

    bucket: int
    resident_id: ResidentId


def holder_of(call: Call, *, terms: Terms) -> Whose:
    """The resident whose wallet calls; the call's record names them."""
    resident_id = call.by().resident_id
    assert resident_id is not None, "a wallet's session is a resident's"
    call.concerns(resident_id)
    bucket, known_id = cards.address_of(resident_id, terms=terms)
    return Whose(bucket=bucket, resident_id=known_id)


async def prove_password(call: Call, *, whose: Whose, password: str, vault: Vault) -> Refusal | None:
    """Prove the holder's password on the enrolled device; a counted attempt is kept."""
    proved = await cards.prove_password(call.conn, **whose, password=password, vault=vault, now=call.now, ids=call.ids)
    return Refusal(proved) if isinstance(proved, Refused) else None
