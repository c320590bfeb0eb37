"""Ending taps that wait: the resident answered, the bank answered, or the deadline passed."""

from uuid import UUID

from msgspec.structs import replace

from yikatong.cards import service as cards
from yikatong.codes.model import Confirmation, Form, Strength
from yikatong.kernel.ids import HoldId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import TransferDraft, TransferKind
from yikatong.lines.model import Reason as LineReason
from yikatong.lines.model import WaitsFor
from yikatong.lines.rules import UNSAFE_POSTURES, part_of
from yikatong.taps.counter.originals import BANK_TERM, Ended, tell_paid, transfer_id_of
from yikatong.taps.counter.sources import pay_from_sources, payment_of_parts
from yikatong.taps.counter.state import BatchState
from yikatong.taps.counter.works import BankWork, ConfirmWork, ExpireWork
from yikatong.taps.model import Reason, TapFacts, TapRow, WaitingRow, WaitingWork
from yikatong.taps.receipts import FORM_NUMBER, decode_work, encode_facts, encode_work
from yikatong.taps.rules import legs_of


def take_confirmation(state: BatchState, work: ConfirmWork) -> Ended | Refused:
    """Carry out the resident's yes or no. A tap that ended, or waits for the bank already, is answered as it stands.

    Refuses, in this order, while the tap waits on:
        TAP_IS_UNKNOWN                     no such waiting or ended tap of this resident
        CONFIRMATION_IS_FOR_ANOTHER_TAP    the signed amount, payee or item is not the waiting tap's
        POSTURE_IS_NOT_SAFE                confirmed on a screen that is captured or controlled
    Ends the tap refused, in this order: CONFIRMATION_DID_NOT_COME, RESIDENT_DECLINED, cards' reasons.
    """
    row = state.facts.waiting.get(work.tap_id.int)
    if row is None:
        return _ended(state, work.tap_id, work.resident_id)
    if row.waits_for != WaitsFor.CONFIRMATION or row.resident_id != work.resident_id:
        return row if row.resident_id == work.resident_id else Refused(Reason.TAP_IS_UNKNOWN)
    kept = decode_work(row.work)
    if not _fits(state, kept, work.confirmation):
        return Refused(Reason.CONFIRMATION_IS_FOR_ANOTHER_TAP)
    if work.confirmation.agreed and work.confirmation.posture in UNSAFE_POSTURES:
        return Refused(LineReason.POSTURE_IS_NOT_SAFE)
    reason = _refuse_confirmation(state, row, work.confirmation, kept)
    if reason is not None:
        return end_refused(state, row, kept, reason)
    confirmed = replace(kept, presented=replace(kept.presented, strength=Strength.CONFIRMED))
    if kept.bank_fen > 0:
        return _wait_for_bank(state, row, confirmed)
    return _end_admitted(state, row, confirmed)


def take_bank_answer(state: BatchState, work: BankWork) -> Ended | Refused:
    """Carry out the bank's answer. A debit for a tap that has ended otherwise is asked back."""
    row = state.facts.waiting.get(work.tap_id.int)
    if row is None or row.waits_for != WaitsFor.BANK:
        ended = state.facts.taps.get(work.tap_id.int)
        if work.debited and (ended is None or ended.transfer_id is None):
            state.ask_bank_back(work.tap_id)
        return row if row is not None else _ended(state, work.tap_id, work.resident_id)
    kept = decode_work(row.work)
    if not work.debited:
        return end_refused(state, row, kept, Reason.BANK_REFUSED_THE_DEBIT)
    ended_row = _end_admitted(state, row, kept)
    if ended_row.transfer_id is None:
        state.ask_bank_back(work.tap_id)
    return ended_row


def take_deadline(state: BatchState, work: ExpireWork) -> Ended | Refused:
    """End a waiting tap whose deadline passed; one that ended meanwhile is answered as it stands."""
    row = state.facts.waiting.get(work.tap_id.int)
    if row is None:
        return _ended(state, work.tap_id, work.resident_id)
    if row.deadline_at > state.now:
        return row
    if row.waits_for == WaitsFor.BANK:
        state.ask_bank_back(work.tap_id)
        return end_refused(state, row, decode_work(row.work), Reason.BANK_DID_NOT_ANSWER)
    return end_refused(state, row, decode_work(row.work), Reason.CONFIRMATION_DID_NOT_COME)


def _ended(state: BatchState, tap_id: UUID, resident_id: UUID) -> Ended | Refused:
    row = state.ended(tap_id)
    return row if row is not None and row.resident_id == resident_id else Refused(Reason.TAP_IS_UNKNOWN)


def _fits(state: BatchState, kept: WaitingWork, confirmation: Confirmation) -> bool:
    terminal = state.snapshot.find_terminal(kept.terminal_id)
    item = None if terminal is None else state.snapshot.find_item(terminal.region, kept.body.item, state.today)
    return (
        item is not None
        and confirmation.amount_fen == (kept.body.amount_fen or 0)
        and confirmation.payee_id == kept.provider_id
        and confirmation.item_number == item.number
    )


def _refuse_confirmation(
    state: BatchState, row: WaitingRow, confirmation: Confirmation, kept: WaitingWork
) -> BaseReason | None:
    if row.deadline_at <= state.now:
        return Reason.CONFIRMATION_DID_NOT_COME
    if not confirmation.agreed:
        return Reason.RESIDENT_DECLINED
    holder, gate = state.facts.holders.get(row.resident_id.int), state.facts.gates.get(row.resident_id.int)
    if holder is None or gate is None:
        return Reason.CARD_IS_UNKNOWN
    by_code = kept.presented.form is Form.E_CARD_CODE
    return cards.decide_holder(holder, with_e_card=by_code, card_id=kept.presented.card_id) or cards.decide_freeze(gate)


def _wait_for_bank(state: BatchState, row: WaitingRow, kept: WaitingWork) -> WaitingRow:
    later = replace(
        row, waits_for=WaitsFor.BANK.value, work=encode_work(kept), deadline_at=state.now + BANK_TERM, made_at=state.now
    )
    state.let_wait(later)
    state.ask_bank(later, kept)
    return later


def _end_admitted(state: BatchState, row: WaitingRow, kept: WaitingWork) -> TapRow:
    """Post what was held and what the bank gave in one transfer; a fault of ledger or line refuses the tap."""
    parts = [part_of(row.resident_id, source, amount_fen) for source, amount_fen in kept.parts]
    draft = TransferDraft(
        id=transfer_id_of(row.tap_id),
        kind=TransferKind.PAYMENT,
        reference=row.tap_id,
        legs=legs_of(parts, provider_id=kept.provider_id, bank_code=kept.bank_code),
    )
    before = state.book.savepoint()
    payment = payment_of_parts(
        state, parts, tap_id=row.tap_id, resident_id=row.resident_id, provider_id=kept.provider_id
    )
    fault = state.book.post_holds([HoldId(hold_id) for hold_id in row.hold_ids], draft) or pay_from_sources(
        state, payment
    )
    if fault is not None:
        state.book.rollback_to(before)
        return end_refused(state, row, kept, fault)
    ended = _row(state, row, kept, reason=None)
    state.end_wait(row.tap_id)
    state.end_tap(ended)
    tell_paid(state, ended)
    return ended


def end_refused(state: BatchState, row: WaitingRow, kept: WaitingWork, reason: BaseReason) -> TapRow:
    """End a waiting tap without a payment and free what it held; a hold past its end is free already."""
    for hold_id in row.hold_ids:
        state.book.void_hold(HoldId(hold_id))
    if row.waits_for == WaitsFor.BANK and kept.presented.strength < Strength.ANSWERED:
        state.unspend_shown(row.resident_id, kept.body.amount_fen or 0, on=day_of(row.made_at))
    state.end_wait(row.tap_id)
    ended = _row(state, row, kept, reason=reason)
    state.end_tap(ended)
    return ended


def _row(state: BatchState, row: WaitingRow, kept: WaitingWork, *, reason: BaseReason | None) -> TapRow:
    holder, gate = state.facts.holders.get(row.resident_id.int), state.facts.gates.get(row.resident_id.int)
    terminal = state.snapshot.find_terminal(kept.terminal_id)
    item = None if terminal is None else state.snapshot.find_item(terminal.region, kept.body.item, state.today)
    facts = TapFacts(
        rule="" if item is None else item.clause,
        posture=int(kept.presented.posture),
        shown_limit_fen=0 if gate is None else gate.shown_limit_fen,
        bank_code=kept.bank_code,
        parts=kept.parts if reason is None else (),
        steps=kept.steps,
    )
    return TapRow(
        bucket=row.bucket,
        id=row.tap_id,
        resident_id=row.resident_id,
        card_id=None if holder is None else holder.card_id,
        terminal_id=kept.terminal_id,
        provider_id=kept.provider_id,
        request_id=kept.body.request_id,
        item=kept.body.item,
        form=FORM_NUMBER[kept.presented.form],
        strength=int(kept.presented.strength),
        amount_fen=kept.body.amount_fen,
        reason=None if reason is None else reason.name,
        code_at=kept.presented.signed_at,
        nonce=kept.presented.nonce,
        spends_nonce=True,
        transfer_id=transfer_id_of(row.tap_id) if reason is None else None,
        learned=list(kept.body.learn) if reason is None else [],
        decided_at=state.now,
        facts=encode_facts(facts),
        evidence=kept.presented.evidence,
    )
