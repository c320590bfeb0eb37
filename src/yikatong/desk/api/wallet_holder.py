"""Whose wallet calls."""

from yikatong.cards import service as cards
from yikatong.cards.model import Terms
from yikatong.kernel.ids import ResidentId
from yikatong.plumbing.http import Call


def holder_of(call: Call, *, terms: Terms) -> tuple[int, ResidentId]:
    """The bucket and id of the resident whose wallet calls; the call's record names them."""
    resident_id = call.by().resident_id
    assert resident_id is not None, "a wallet's session is a resident's"
    call.concerns(resident_id)
    return cards.address_of(resident_id, terms=terms)
