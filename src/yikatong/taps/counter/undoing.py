"""Taking taps back: reversals, which may overtake their original, and refunds."""

from collections.abc import Sequence
from uuid import UUID

from yikatong.kernel.ids import TransferId
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import Leg, TransferDraft, TransferKind, bank_clearing, digest_id
from yikatong.lines.model import Part, Payment
from yikatong.lines.rules import BANK, CLAIM, part_of
from yikatong.notices.model import Template
from yikatong.taps.counter.endings import end_refused
from yikatong.taps.counter.sources import is_own, payment_of_parts, undo_in_source
from yikatong.taps.counter.state import BatchState
from yikatong.taps.counter.works import Refunded, RefundWork, Reversed, ReverseWork
from yikatong.taps.model import Paid, Reason, TapRow
from yikatong.taps.receipts import decode_facts, decode_work
from yikatong.taps.rules import decide_refund, provider_account, provider_debt, split_refund
from yikatong.taps.store import RefundRow, ReversalRow


def take_reversal(state: BatchState, work: ReverseWork) -> Reversed | Refused:
    """Take a tap back. The tombstone comes first, so an original that arrives late is refused.

    A tap that waits ends refused (TAP_WAS_REVERSED), and its code stays spent.
    Money already refunded is not given back a second time. Refuses as the line does whose own source paid, then as the
    ledger, when the payment cannot be undone; then no tombstone stays.
    """
    met_before = state.facts.reversed.get(work.tap_id.int)
    if met_before is not None:
        return Reversed(work.tap_id, met_before, already=True)
    waiting, row = state.facts.waiting.get(work.tap_id.int), state.facts.taps.get(work.tap_id.int)
    found, transfer_id = "nothing", None
    if waiting is not None:
        found = "waiting"
        kept = decode_work(waiting.work)
        if kept.bank_fen > 0:
            state.ask_bank_back(work.tap_id)
        end_refused(state, waiting, kept, Reason.TAP_WAS_REVERSED)
    elif row is not None:
        found = "admitted" if row.reason is None else "refused"
        left_fen = (row.amount_fen or 0) - state.facts.refunded_fen(row.id)
        if row.transfer_id is not None and left_fen > 0:
            transfer_id = TransferId(digest_id(b"reversal", row.id.bytes, time_of=row.id))
            fault = _reverse(state, row, left_fen, transfer_id=transfer_id)
            if fault is not None:
                return Refused(fault)
    state.facts.reversed[work.tap_id.int] = found
    state.reversals.append(ReversalRow(work.tap_id, work.resident_id, work.terminal_id, transfer_id, found))
    if transfer_id is not None and row is not None:
        _tell(state, Template.TAP_REVERSED, row, amount_fen=row.amount_fen)
    return Reversed(work.tap_id, found, already=False)


def take_refund(state: BatchState, work: RefundWork) -> Refunded | Refused:
    """Give money back for an admitted tap, once per refund id.

    What a line's own source paid goes where the line says, and not to the resident: the provider owes it in any case,
    out of its receivable down to its limit, and beyond that as a debt.

    Refuses REQUEST_ID_IS_USED_FOR_ANOTHER_BODY for another amount under the same id, then as `rules.decide_refund` (the
    limit for the resident's own money), then as the line whose own source paid, then as the ledger.
    """
    row = state.facts.taps.get(work.tap_id.int)
    earlier_fen = state.facts.refunds.get(work.tap_id, {}).get(work.refund_id)
    if earlier_fen is not None and row is not None:
        if earlier_fen != work.amount_fen:
            return Refused(Reason.REQUEST_ID_IS_USED_FOR_ANOTHER_BODY)
        return _refunded(state, row, work.refund_id, earlier_fen)
    limit_fen = _limit_of(state, work.provider_id)
    own_source_fen = 0 if row is None else _own_fen(state, row, work.amount_fen)
    receivable_fen = state.book.open_total(provider_account(work.provider_id).id)
    reason = decide_refund(
        None if row is None else _paid(state, row),
        provider_id=work.provider_id,
        amount_fen=work.amount_fen,
        own_source_fen=own_source_fen,
        receivable_fen=receivable_fen,
        receivable_limit_fen=limit_fen,
    )
    if reason is not None:
        return Refused(reason)
    assert row is not None
    transfer_id = TransferId(digest_id(b"refund", work.refund_id.bytes, time_of=work.refund_id))
    fault = _refund(state, row, work, transfer_id=transfer_id, room_fen=receivable_fen + limit_fen)
    if fault is not None:
        return Refused(fault)
    state.refunds.append(
        RefundRow(row.id, work.refund_id, row.resident_id, work.terminal_id, work.amount_fen, transfer_id)
    )
    state.facts.refunds.setdefault(row.id, {})[work.refund_id] = work.amount_fen
    _tell(state, Template.TAP_REFUNDED, row, amount_fen=work.amount_fen - own_source_fen)
    return _refunded(state, row, work.refund_id, work.amount_fen)


def _limit_of(state: BatchState, provider_id: UUID) -> int:
    provider = state.snapshot.find_provider(provider_id)
    return 0 if provider is None else provider.receivable_limit_fen


def _tell(state: BatchState, template: Template, row: TapRow, *, amount_fen: int | None) -> None:
    state.tell_resident(template, resident_id=row.resident_id, provider_id=row.provider_id, amount_fen=amount_fen)


def _refunded(state: BatchState, row: TapRow, refund_id: UUID, amount_fen: int) -> Refunded:
    return Refunded(row.id, refund_id, amount_fen, (row.amount_fen or 0) - state.facts.refunded_fen(row.id))


def _paid(state: BatchState, row: TapRow) -> Paid:
    return Paid(
        provider_id=row.provider_id,
        amount_fen=row.amount_fen,
        transfer_id=row.transfer_id,
        refunded_fen=state.facts.refunded_fen(row.id),
        is_reversed=row.id.int in state.facts.reversed,
    )


def _parts_of(row: TapRow) -> list[Part]:
    return [part_of(row.resident_id, source, fen) for source, fen in decode_facts(row.facts).parts]


def _given_of(state: BatchState, row: TapRow, amount_fen: int) -> tuple[Part, ...]:
    """Which parts of a payment an amount gives back, after what was given back before."""
    return split_refund(_parts_of(row), refunded_fen=state.facts.refunded_fen(row.id), amount_fen=amount_fen)


def _own_fen(state: BatchState, row: TapRow, amount_fen: int) -> int:
    """How much of what an amount gives back a line's own source had paid."""
    return sum(part.amount_fen for part in _given_of(state, row, amount_fen) if is_own(state, part))


def _payment(state: BatchState, row: TapRow) -> Payment:
    return payment_of_parts(
        state, _parts_of(row), tap_id=row.id, resident_id=row.resident_id, provider_id=row.provider_id
    )


def _reverse(state: BatchState, row: TapRow, amount_fen: int, *, transfer_id: TransferId) -> BaseReason | None:
    """Take a payment back to all of its sources as if it had not been."""
    undone = undo_in_source(state, _payment(state, row), refund_id=None, amount_fen=amount_fen)
    if isinstance(undone, BaseReason):
        return undone
    given = _given_of(state, row, amount_fen)
    sides = [Leg(provider_account(row.provider_id), -amount_fen)]
    fault = _give_back(state, row, given, sides, transfer_id=transfer_id, kind=TransferKind.REVERSAL)
    if fault is None and undone is not None:
        state.change_facts(undone.line_name, undone.facts)
    return fault


def _refund(
    state: BatchState, row: TapRow, work: RefundWork, *, transfer_id: TransferId, room_fen: int
) -> BaseReason | None:
    """Give an amount back; `room_fen` is how far the provider's receivable may still fall."""
    amount_fen, debt_fen = work.amount_fen, 0
    given = _given_of(state, row, amount_fen)
    undone = undo_in_source(state, _payment(state, row), refund_id=work.refund_id, amount_fen=amount_fen)
    if isinstance(undone, BaseReason):
        return undone
    if undone is not None and undone.returned is not None:
        returned = undone.returned
        own = [part for part in given if not is_own(state, part)]
        given = (*own, Part(returned.to, returned.amount_fen, CLAIM)) if returned.amount_fen else tuple(own)
        debt_fen = min(returned.amount_fen, max(0, amount_fen - room_fen))
    sides = [
        Leg(provider_account(row.provider_id), debt_fen - amount_fen),
        Leg(provider_debt(row.provider_id), -debt_fen),
    ]
    sides = [side for side in sides if side.amount_fen]
    fault = _give_back(state, row, given, sides, transfer_id=transfer_id, kind=TransferKind.REFUND)
    if fault is None and undone is not None:
        state.change_facts(undone.line_name, undone.facts)
    return fault


def _give_back(
    state: BatchState,
    row: TapRow,
    given: Sequence[Part],
    sides: Sequence[Leg],
    *,
    transfer_id: TransferId,
    kind: TransferKind,
) -> BaseReason | None:
    """Post money from a provider's sides back to what paid; the bank's part is asked to be credited by the bank."""
    bank_code = decode_facts(row.facts).bank_code or ""
    legs = [
        Leg(part.account if part.account is not None else bank_clearing(bank_code), part.amount_fen) for part in given
    ]
    fault = state.book.post(TransferDraft(id=transfer_id, kind=kind, reference=row.id, legs=(*legs, *sides)))
    if fault is not None:
        return fault
    for part in given:
        if part.source == BANK:
            state.ask_bank_credit(row, refund_id=_credit_id(transfer_id), amount_fen=part.amount_fen)
    return None


def _credit_id(transfer_id: UUID) -> UUID:
    return digest_id(b"credit", transfer_id.bytes, time_of=transfer_id)
