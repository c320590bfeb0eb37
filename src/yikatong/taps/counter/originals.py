"""Deciding the taps of a batch, one by one, against its state."""

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec

from yikatong.cards import service as cards
from yikatong.catalogue.model import Item, Provider, Terminal
from yikatong.codes import service as codes
from yikatong.codes.model import Form, Presented
from yikatong.kernel.ids import HoldId, TapId, TransferId, uuid_of
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import HoldDraft, TransferDraft, TransferKind, digest_id
from yikatong.lines.model import Admit, Decision, Part, Refuse, Wait, WaitsFor
from yikatong.notices.model import Template
from yikatong.taps.counter.sources import find_waiting_source, pay_from_sources, payment_of_parts
from yikatong.taps.counter.state import BatchState
from yikatong.taps.counter.works import TapWork
from yikatong.taps.model import Reason, Request, TapFacts, TapRow, WaitingRow, WaitingWork
from yikatong.taps.receipts import FORM_NUMBER, encode_facts, encode_work
from yikatong.taps.rules import Case, decide_repeat, decide_tap, legs_of

BANK_TERM = timedelta(seconds=60)
HOLD_GRACE = timedelta(minutes=10)
"""A hold outlives its tap's deadline, so that an answer on its way at the deadline still finds it."""

Ended = TapRow | WaitingRow


def take_tap(state: BatchState, work: TapWork) -> Ended | Refused:
    """Decide one tap: the row it ends in, the row it waits in, or a refusal that leaves no tap.

    A presentation that is not genuine leaves no tap: its card is not known to have been there.
    """
    earlier = state.facts.requests.get((work.terminal_id.int, work.body.request_id))
    if earlier is not None:
        return _repeat(state, earlier, work)
    presented = _present(state, work)
    if not isinstance(presented, Presented):
        return Refused(presented)
    case = _case(state, work, presented)
    before = state.book.savepoint()
    decision = _carry_out(state, case, _decide(state, case), work)
    if isinstance(decision, Refuse):
        state.book.rollback_to(before)
        return _refuse(state, work, case, decision)
    if isinstance(decision, Wait):
        return _wait(state, work, case, decision)
    return _admit(state, work, case, decision)


def _repeat(state: BatchState, earlier: Request, work: TapWork) -> Ended | Refused:
    tap_id = decide_repeat(earlier, body_digest=work.body_digest)
    if isinstance(tap_id, Reason):
        return Refused(tap_id)
    ended = state.ended(tap_id) or state.facts.waiting.get(tap_id.int)
    return ended if ended is not None else Refused(Reason.COUNTER_IS_BUSY)


def _present(state: BatchState, work: TapWork) -> Presented | BaseReason:
    if isinstance(work.read, Presented):
        return work.read
    assert work.read.serial is not None
    stored = state.facts.certificates.get((work.resident_id.int, work.read.serial))
    return codes.decide_presented(work.read, stored, now=state.now, expected=work.asked)


def _case(state: BatchState, work: TapWork, presented: Presented) -> Case:
    terminal = state.snapshot.find_terminal(work.terminal_id)
    provider = None if terminal is None else state.snapshot.find_provider(terminal.provider_id)
    item = None if terminal is None else state.snapshot.find_item(terminal.region, work.body.item, state.today)
    holder = state.facts.holders.get(work.resident_id.int)
    holder_reason = None
    if holder is not None:
        holder_reason = cards.decide_holder(
            holder, with_e_card=presented.form is Form.E_CARD_CODE, card_id=presented.card_id
        )
    return Case(
        tap_id=work.tap_id,
        body=work.body,
        now=state.now,
        terminal=terminal,
        provider=provider,
        item=item,
        line=None if item is None or item.line is None else state.lines.get(item.line),
        presented=presented,
        age_reason=work.age_reason,
        holder=holder,
        holder_reason=holder_reason,
        gate=state.facts.gates.get(work.resident_id.int),
        is_recognised=_is_recognised(state, terminal, item, presented),
        is_reversed=work.tap_id.int in state.facts.reversed,
        used_in=state.facts.used.get((work.resident_id.int, work.signed_at, work.nonce)),
    )


def _is_recognised(state: BatchState, terminal: Terminal | None, item: Item | None, presented: Presented) -> bool:
    if terminal is None or item is None or presented.region == terminal.region:
        return True
    found = state.snapshot.find_recognition(
        from_region=presented.region, to_region=terminal.region, item=item, on=state.today
    )
    return found is not None


def _decide(state: BatchState, case: Case) -> Decision:
    line_facts = state.facts.line_facts.get(case.line.name, []) if case.line is not None else []
    return decide_tap(case, line_facts=line_facts, balances=state.book)


def _carry_out(state: BatchState, case: Case, decision: Decision, work: TapWork) -> Decision:
    """Move or hold the money of a decision in the book; a refusal of the ledger becomes the tap's."""
    if isinstance(decision, Refuse) or not decision.parts:
        return decision
    assert case.provider is not None
    parts, tap_id = decision.parts, work.tap_id
    fault = find_waiting_source(state, parts, resident_id=work.resident_id)
    if fault is None and isinstance(decision, Wait):
        fault = hold_parts(state, parts, tap_id=tap_id, until=deadline_of(decision, state) + HOLD_GRACE)
    elif fault is None:
        payment = payment_of_parts(
            state, parts, tap_id=tap_id, resident_id=work.resident_id, provider_id=case.provider.id
        )
        fault = post_parts(state, parts, tap_id=tap_id, provider=case.provider, bank_code=None) or pay_from_sources(
            state, payment
        )
    return decision if fault is None else Refuse(fault)


def deadline_of(wait: Wait, state: BatchState) -> datetime:
    """Until when a tap waits."""
    return state.now + (state.confirmation_term if wait.waits_for is WaitsFor.CONFIRMATION else BANK_TERM)


def transfer_id_of(tap_id: UUID) -> TransferId:
    """The transfer of a tap's payment, derived, so that no retry can post it twice."""
    return _transfer_of(tap_id.int)


@lru_cache(maxsize=256)
def _transfer_of(tap: int) -> TransferId:
    """The same by the id's number; kept, because each tap asks two times."""
    return TransferId(digest_id(b"tap", tap.to_bytes(16), time_of=uuid_of(tap)))


def hold_ids_of(tap_id: UUID, count: int) -> list[UUID]:
    """The holds of a waiting tap, one for each account that would pay."""
    return [digest_id(b"hold", tap_id.bytes, bytes((index,)), time_of=tap_id) for index in range(count)]


def hold_parts(state: BatchState, parts: tuple[Part, ...], *, tap_id: TapId, until: datetime) -> BaseReason | None:
    """Set aside what each account would pay; the bank's part cannot be held."""
    accounts = [part for part in parts if part.account is not None]
    for part, hold_id in zip(accounts, hold_ids_of(tap_id, len(accounts)), strict=True):
        assert part.account is not None
        draft = HoldDraft(
            id=HoldId(hold_id), account=part.account, amount_fen=part.amount_fen, expires_at=until, reference=tap_id
        )
        fault = state.book.hold(draft)
        if fault is not None:
            return fault
    return None


def post_parts(
    state: BatchState, parts: tuple[Part, ...], *, tap_id: TapId, provider: Provider, bank_code: str | None
) -> BaseReason | None:
    """Post a payment: from its sources to what is owed to the provider."""
    draft = TransferDraft(
        id=transfer_id_of(tap_id),
        kind=TransferKind.PAYMENT,
        reference=tap_id,
        legs=legs_of(parts, provider_id=provider.id, bank_code=bank_code),
    )
    return state.book.post(draft)


def _admit(state: BatchState, work: TapWork, case: Case, decision: Admit) -> TapRow:
    row = _row(work, case, state, decision, reason=None)
    if decision.counts_as_shown:
        state.spend_shown(work.resident_id, work.body.amount_fen or 0)
    state.claim_request(request_of(work))
    state.end_tap(row)
    if row.transfer_id is not None:
        tell_paid(state, row)
    return row


def _refuse(state: BatchState, work: TapWork, case: Case, decision: Refuse) -> TapRow:
    row = _row(work, case, state, decision, reason=decision.reason)
    state.claim_request(request_of(work))
    state.end_tap(row)
    if case.used_in is not None:
        state.second_uses.append((row.id, case.used_in, row.evidence))
        state.tell_resident(Template.CODE_USED_TWICE, resident_id=row.resident_id, provider_id=row.provider_id)
    return row


def _wait(state: BatchState, work: TapWork, case: Case, decision: Wait) -> WaitingRow:
    assert case.provider is not None
    assert case.holder is not None
    needs_bank = any(part.account is None for part in decision.parts)
    body = msgspec.structs.replace(work.body, attested=None, code=None, chip=None, answers=None)
    kept = WaitingWork(
        body=body,
        body_digest=work.body_digest,
        terminal_id=work.terminal_id,
        provider_id=case.provider.id,
        presented=case.presented,
        parts=tuple((part.source, part.amount_fen) for part in decision.parts),
        steps=tuple((step.name, step.value) for step in decision.steps),
        bank_code=case.holder.bank_code if needs_bank else None,
        bank_token=case.holder.bank_token if needs_bank else None,
    )
    accounts = sum(part.account is not None for part in decision.parts)
    row = WaitingRow(
        bucket=state.bucket,
        tap_id=work.tap_id,
        resident_id=work.resident_id,
        waits_for=decision.waits_for.value,
        work=encode_work(kept),
        hold_ids=hold_ids_of(work.tap_id, accounts),
        deadline_at=deadline_of(decision, state),
        made_at=state.now,
    )
    if decision.counts_as_shown:
        state.spend_shown(work.resident_id, work.body.amount_fen or 0)
    state.claim_request(request_of(work))
    state.let_wait(row)
    state.facts.used[(row.resident_id.int, case.presented.signed_at, case.presented.nonce)] = row.tap_id
    if decision.waits_for is WaitsFor.BANK:
        state.ask_bank(row, kept)
    if decision.waits_for is WaitsFor.CONFIRMATION:
        tell_waiting(state, row, kept)
    return row


def tell_paid(state: BatchState, row: TapRow) -> None:
    """Let the resident know of a payment."""
    state.tell_resident(
        Template.TAP_PAID,
        resident_id=row.resident_id,
        provider_id=row.provider_id,
        item=row.item,
        amount_fen=row.amount_fen,
    )


def tell_waiting(state: BatchState, row: WaitingRow, kept: WaitingWork) -> None:
    """Let the resident know of a tap that waits for a yes or no."""
    state.tell_resident(
        Template.TAP_WAITS,
        resident_id=row.resident_id,
        provider_id=kept.provider_id,
        item=kept.body.item,
        amount_fen=kept.body.amount_fen,
        deadline_at=row.deadline_at,
    )


def request_of(work: TapWork) -> Request:
    """The claim of a work's request id."""
    return Request(
        terminal_id=work.terminal_id,
        request_id=work.body.request_id,
        tap_id=work.tap_id,
        bucket=work.bucket,
        body_digest=work.body_digest,
    )


def _row(
    work: TapWork, case: Case, state: BatchState, decision: Admit | Refuse, *, reason: BaseReason | None
) -> TapRow:
    moved = isinstance(decision, Admit) and bool(decision.parts)
    spends = case.used_in is None and not case.is_reversed
    return TapRow(
        bucket=work.bucket,
        id=work.tap_id,
        resident_id=work.resident_id,
        card_id=case.holder.card_id if case.holder is not None else None,
        terminal_id=work.terminal_id,
        provider_id=work.provider_id,
        request_id=work.body.request_id,
        item=work.body.item,
        form=FORM_NUMBER[case.presented.form],
        strength=int(case.presented.strength),
        amount_fen=work.body.amount_fen,
        reason=None if reason is None else reason.name,
        code_at=work.signed_at,
        nonce=work.nonce,
        spends_nonce=spends,
        transfer_id=transfer_id_of(work.tap_id) if moved else None,
        learned=list(work.body.learn) if reason is None else [],
        decided_at=state.now,
        facts=encode_facts(facts_of(case, decision)),
        evidence=case.presented.evidence,
    )


def facts_of(case: Case, decision: Admit | Refuse) -> TapFacts:
    """The inputs and steps that a receipt shows and an audit replays."""
    gate = case.gate
    is_admitted = isinstance(decision, Admit)
    return TapFacts(
        rule=case.item.clause if case.item is not None else "",
        posture=int(case.presented.posture),
        shown_limit_fen=gate.shown_limit_fen if gate is not None else 0,
        shown_day_limit_fen=gate.shown_day_limit_fen if gate is not None else 0,
        shown_spent_fen=gate.shown_spent_fen if gate is not None else 0,
        parts=tuple((part.source, part.amount_fen) for part in decision.parts) if isinstance(decision, Admit) else (),
        steps=tuple((step.name, step.value) for step in decision.steps) if isinstance(decision, Admit) else (),
        about={} if is_admitted else dict(decision.about) if isinstance(decision, Refuse) else {},
    )
