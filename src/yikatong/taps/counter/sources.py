"""Money that a line keeps under a funding word of its own: its line is told of each payment and of what undoes it."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from yikatong.kernel.ids import ResidentId, TapId
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.lines.model import Facts, OwnSource, Part, Payment, Reason, Returned
from yikatong.taps.counter.state import BatchState
from yikatong.taps.receipts import decode_work


class Undone(NamedTuple):
    """A line's facts without a payment, and where its own part goes when it does not go back where it came from."""

    line_name: str
    facts: Facts
    returned: Returned | None


def payment_of_parts(
    state: BatchState, parts: Sequence[Part], *, tap_id: TapId, resident_id: ResidentId, provider_id: UUID
) -> Payment:
    """What a source is told of a tap's payment."""
    return Payment(tap_id=tap_id, resident_id=resident_id, provider_id=provider_id, parts=tuple(parts), now=state.now)


def pay_from_sources(state: BatchState, payment: Payment) -> BaseReason | None:
    """Tell the sources of a payment that it is made, or give the reason why it may not be; the money has moved."""
    for name, source in _sources_of(state, payment.parts):
        facts = source.pay(state.facts.line_facts[name], payment)
        if isinstance(facts, BaseReason):
            return facts
        state.change_facts(name, facts)
    return None


def undo_in_source(
    state: BatchState, payment: Payment, *, refund_id: UUID | None, amount_fen: int
) -> Undone | BaseReason | None:
    """Ask the source of a payment whether it may be undone: reversed, or under a refund's id given back.

    None when the resident's own funding paid it all. The caller changes the line's facts once the money has moved.
    """
    for name, source in _sources_of(state, payment.parts):
        facts = state.facts.line_facts[name]
        if refund_id is None:
            before = source.reverse(facts, payment)
            return before if isinstance(before, BaseReason) else Undone(name, before, None)
        returned = source.give_back(facts, payment, refund_id=refund_id, amount_fen=amount_fen)
        return returned if isinstance(returned, BaseReason) else Undone(name, returned.facts, returned)
    return None


def find_waiting_source(state: BatchState, parts: Sequence[Part], *, resident_id: ResidentId) -> BaseReason | None:
    """SOURCE_WAITS_IN_ANOTHER_TAP when a part would be paid by what another waiting tap of the resident set aside."""
    own = {part.source for part in parts if _word_of(part) in state.sources}
    if not own:
        return None
    for row in state.facts.waiting.values():
        if row.resident_id == resident_id and own & {source for source, _ in decode_work(row.work).parts}:
            return Reason.SOURCE_WAITS_IN_ANOTHER_TAP
    return None


def is_own(state: BatchState, part: Part) -> bool:
    """Whether a part was paid by a line's own source."""
    return _word_of(part) in state.sources


def _sources_of(state: BatchState, parts: Sequence[Part]) -> list[tuple[str, OwnSource]]:
    """The lines whose own sources paid parts, each once; for most payments none."""
    words = dict.fromkeys(_word_of(part) for part in parts)
    return [state.sources[word] for word in words if word in state.sources]


def _word_of(part: Part) -> str:
    return part.source.partition(":")[0]
