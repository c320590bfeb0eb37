"""Receipts: what a tap's row says to a terminal, now and at every repetition."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from yikatong.codes.model import Form, Strength
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.taps.model import (
    Outcome,
    Reason,
    Receipt,
    ReceiptPart,
    ReceiptStep,
    Says,
    SealedTapRow,
    TapFacts,
    TapRow,
    WaitingRow,
    WaitingWork,
)

FORM_NUMBER = {Form.E_CARD_CODE: 1, Form.CHIP: 2, Form.ATTESTED: 3}
_FORM_WORDS = {number: form.value for form, number in FORM_NUMBER.items()}
_STRENGTH_WORDS = {int(strength): strength.name.lower() for strength in Strength}

_FACTS = msgspec.msgpack.Decoder(TapFacts)
_WORK = msgspec.msgpack.Decoder(WaitingWork)
_ENCODER = msgspec.msgpack.Encoder()


def encode_facts(facts: TapFacts) -> bytes:
    """Freeze a decision's inputs."""
    return _ENCODER.encode(facts)


def decode_facts(data: bytes) -> TapFacts:
    """Read frozen inputs back."""
    return _FACTS.decode(data)


def encode_work(work: WaitingWork) -> bytes:
    """Keep what a waiting tap needs to end."""
    return _ENCODER.encode(work)


def decode_work(data: bytes) -> WaitingWork:
    """Read back what a waiting tap needs to end."""
    return _WORK.decode(data)


def as_it_stands(row: TapRow, *, is_reversed: bool) -> TapRow:
    """A tap as it is told from now on: one that was admitted and then taken back is refused, and tells nothing.

    A till that sends its original once more must not hand over goods whose money went back.
    """
    if not is_reversed or row.reason is not None:
        return row
    return replace(row, reason=Reason.TAP_WAS_REVERSED.name, learned=[])


def receipt_of(row: TapRow, *, reasons: Mapping[str, AnyReason]) -> Receipt:
    """Say how a tap ended; `reasons` are all reasons of the house by name."""
    facts = decode_facts(row.facts)
    reason = None if row.reason is None else reasons[row.reason]
    return Receipt(
        tap=show_id("tap", row.id),
        request_id=row.request_id,
        outcome=Outcome.ADMITTED if reason is None else Outcome.REFUSED,
        item=row.item,
        form=_FORM_WORDS[row.form],
        strength=_STRENGTH_WORDS[row.strength],
        decided_at=row.decided_at,
        amount_fen=row.amount_fen,
        reason=None if reason is None else reason.name,
        says=None if reason is None else Says(zh=reason.text.zh, en=reason.text.en),
        remedy=None if reason is None else Says(zh=reason.text.remedy_zh, en=reason.text.remedy_en),
        paid_by=() if reason is not None else tuple(ReceiptPart(_told(source), fen) for source, fen in facts.parts),
        steps=tuple(ReceiptStep(_told(name), value) for name, value in facts.steps),
        rule=facts.rule or None,
        about=facts.about,
        seal=row.seal if isinstance(row, SealedTapRow) else None,
    )


def receipt_of_waiting(row: WaitingRow) -> Receipt:
    """Say what a tap still waits for, until when, and where to ask again."""
    work = decode_work(row.work)
    tap = show_id("tap", row.tap_id)
    return Receipt(
        tap=tap,
        request_id=work.body.request_id,
        outcome=Outcome.WAITING,
        item=work.body.item,
        form=work.presented.form.value,
        strength=work.presented.strength.name.lower(),
        decided_at=row.made_at,
        amount_fen=work.body.amount_fen,
        steps=tuple(ReceiptStep(_told(name), value) for name, value in work.steps),
        waits_for=row.waits_for,
        deadline_at=row.deadline_at,
        poll=f"/v1/taps/{tap}",
    )


def _told(source: str) -> str:
    """A funding word as a terminal is told it: that a benefit paid, never which, since that says who somebody is."""
    return source.partition(":")[0]
