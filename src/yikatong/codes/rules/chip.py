"""The plastic card: its chip signs the terminal's challenge and what it is for (docs/formats/chip.md)."""

import re

from yikatong.codes.model import (
    Asked,
    ChipPresentation,
    CodeKind,
    Form,
    Posture,
    Presented,
    ReadChip,
    StoredChip,
    Strength,
)
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.code import decide_answer, read_asked
from yikatong.codes.rules.envelope import open_envelope, verify_envelope
from yikatong.codes.rules.wire import read_flag, read_number, read_region, read_seconds, read_uuid, seconds_of
from yikatong.kernel.ids import TerminalId
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import PublicKey, SigningKey

CHIP_BYTES_MAX = 256
COUNTER_MAX = 2**32 - 1

_CONTEXT = b"yikatong chip"
_PARTS = 10
_CARD_NUMBER = re.compile(r"[A-Z][0-9]{8}")


def sign_chip(presentation: ChipPresentation, chip_key: SigningKey) -> bytes:
    """What a chip gives to its terminal; played by the simulator."""
    asked = presentation.asked
    parts: list[object] = [
        presentation.card_number,
        presentation.region,
        asked.nonce,
        presentation.terminal_id.bytes,
        asked.amount_fen,
        asked.payee_id.bytes,
        asked.item_number,
        seconds_of(presentation.made_at),
        presentation.counter,
        presentation.pin_verified,
    ]
    return trust.sign_sign1(trust.encode(parts), chip_key, external_aad=_CONTEXT)


def read_chip(data: bytes) -> ReadChip:
    """Read what a chip signed, of any age: `decide_age` says whether it is of now, `verify_chip` whether it is true.

    Refuses with CHIP_IS_NOT_READABLE.
    """
    return ReadChip(_take_apart(data), data)


def verify_chip(read: ReadChip, stored: StoredChip, *, terminal_id: TerminalId, expected: Asked | None) -> Presented:
    """Verify a chip's signature with the stored key and say what it presents; ANSWERED when the chip verified the PIN.

    Refuses in this order: CHIP_KEY_IS_UNKNOWN, CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE, CHIP_SIGNATURE_IS_FALSE,
    CHIP_ANSWERS_ANOTHER_TERMINAL, then those of `decide_answer`: a chip always answers.
    """
    presented = present_chip(read, stored, terminal_id=terminal_id)
    difference = decide_answer(read.presentation.asked, expected)
    if difference is not None:
        raise Refused(difference)
    return presented


def present_chip(read: ReadChip, stored: StoredChip, *, terminal_id: TerminalId) -> Presented:
    """Say what a chip presents whose signature is of the stored key, whatever it answers.

    Refuses in this order: CHIP_KEY_IS_UNKNOWN, CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE, CHIP_SIGNATURE_IS_FALSE,
    CHIP_ANSWERS_ANOTHER_TERMINAL.
    """
    if stored.public_key is None:
        raise Refused(Reason.CHIP_KEY_IS_UNKNOWN)
    verify_chip_signature(read, stored.public_key, terminal_id=terminal_id)
    said = read.presentation
    return Presented(
        form=Form.CHIP,
        strength=Strength.ANSWERED if said.pin_verified else Strength.SHOWN,
        kind=CodeKind.PAYMENT if said.asked.amount_fen else CodeKind.IDENTITY,
        region=said.region,
        resident_id=stored.resident_id,
        bucket=stored.bucket,
        card_id=stored.card_id,
        e_card_id=None,
        device_id=None,
        operator_id=None,
        serial=said.counter,
        nonce=said.asked.nonce,
        signed_at=said.made_at,
        posture=Posture.UNKNOWN,
        evidence=read.evidence,
    )


def read_card_number(value: object) -> str:
    """One letter and eight digits; raises ValueError for what is none."""
    if type(value) is not str or not _CARD_NUMBER.fullmatch(value):
        raise ValueError("not a card number")
    return value


def verify_chip_signature(read: ReadChip, key: PublicKey, *, terminal_id: TerminalId) -> None:
    """Verify that a key signed what a chip said, for this terminal.

    Refuses in this order: CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE, CHIP_SIGNATURE_IS_FALSE, CHIP_ANSWERS_ANOTHER_TERMINAL.
    """
    verify_envelope(
        trust.decode_sign1(read.evidence, CHIP_BYTES_MAX),
        trust.parse_verifying_key(key),
        other_algorithm=Reason.CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE,
        false_signature=Reason.CHIP_SIGNATURE_IS_FALSE,
        context=_CONTEXT,
    )
    if read.presentation.terminal_id != terminal_id:
        raise Refused(Reason.CHIP_ANSWERS_ANOTHER_TERMINAL)


def _take_apart(data: bytes) -> ChipPresentation:
    try:
        _, values = open_envelope(data, CHIP_BYTES_MAX, _PARTS)
        return ChipPresentation(
            card_number=read_card_number(values[0]),
            region=read_region(values[1]),
            asked=read_asked([values[2], values[4], values[5], values[6]]),
            terminal_id=TerminalId(read_uuid(values[3])),
            made_at=read_seconds(values[7]),
            counter=read_number(values[8], COUNTER_MAX),
            pin_verified=read_flag(values[9]),
        )
    except ValueError:
        raise Refused(Reason.CHIP_IS_NOT_READABLE) from None
