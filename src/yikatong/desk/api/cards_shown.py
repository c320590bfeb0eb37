"""How a resident's card is shown."""

from yikatong.cards import service as cards
from yikatong.cards.model import OFFICIAL_CODE
from yikatong.desk.api.shapes import CardAnswer, LimitsAnswer
from yikatong.kernel.ids import ResidentId, show_id
from yikatong.plumbing.http import Call


async def show_card(call: Call, *, bucket: int, resident_id: ResidentId) -> CardAnswer:
    """A resident's card, e-card, channels, bound account and limits; refuses RESIDENT_HAS_NO_CARD."""
    card = await cards.get_card(call.conn, bucket=bucket, resident_id=resident_id)
    e_card = await cards.find_e_card(call.conn, bucket=bucket, resident_id=resident_id)
    channels = await cards.list_channels(call.conn, bucket=bucket, resident_id=resident_id)
    binding = await cards.find_bank_binding(call.conn, bucket=bucket, resident_id=resident_id)
    return CardAnswer(
        card_id=show_id("card", card.id),
        card_number=card.card_number,
        state=card.state,
        official_code=OFFICIAL_CODE[card.state],
        bank_code=card.bank_code,
        issued_on=card.issued_on,
        expires_on=card.expires_on,
        e_card_id=None if e_card is None else show_id("e_card", e_card.id),
        e_card_state=cards.state_of(e_card, card),
        level=None if e_card is None else e_card.level,
        valid_until=None if e_card is None else e_card.valid_until,
        channels=tuple(channel.channel for channel in channels if channel.unlinked_at is None),
        bank_card_tail=None if binding is None else binding.tail,
        limits=await show_limits(call, bucket=bucket, resident_id=resident_id),
    )


async def show_limits(call: Call, *, bucket: int, resident_id: ResidentId) -> LimitsAnswer:
    """A resident's small-payment limits."""
    gate = await cards.get_gate(call.conn, bucket=bucket, resident_id=resident_id)
    return LimitsAnswer(
        tap_limit_fen=gate.shown_limit_fen,
        day_limit_fen=gate.shown_day_limit_fen,
        unknown_posture_allowed=gate.unknown_posture_allowed,
        payments_are_frozen=gate.payments_frozen_at is not None,
    )
