"""The plastic card and the operator's word: both give the same `Presented` as a code."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.chip import Chip, ChipIsLocked
from tests.support.builders.codes import asked
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import (
    Asked,
    Attestation,
    DocumentSeen,
    Form,
    Posture,
    Presented,
    Reason,
    StoredChip,
    Strength,
)
from yikatong.kernel.ids import CardId, OperatorId, ResidentId, TerminalId
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

TERMINAL = TerminalId(UUID("01890000-0000-7000-8000-0000000000aa"))


def a_chip() -> Chip:
    """A card in somebody's hand."""
    return Chip(card_number="A12345678", region="990101", pin="739164")


def a_stored_chip(chip: Chip) -> StoredChip:
    """The card as its region keeps it."""
    return StoredChip(card_id=CardId(uuid4()), resident_id=ResidentId(uuid4()), bucket=3, public_key=chip.public_key)


def presented(chip: Chip, *, pin: str | None, expected: Asked | None = None) -> Presented:
    """What a chip presents at a till that asked."""
    read = codes.read_chip(chip.present(asked(), terminal_id=TERMINAL, now=NOON, pin=pin))
    return codes.verify_chip(read, a_stored_chip(chip), terminal_id=TERMINAL, expected=expected or asked())


def test_a_chip_whose_password_was_typed_answers_and_one_without_only_shows() -> None:
    assert Strength.ANSWERED is presented(a_chip(), pin="739164").strength
    assert Strength.SHOWN is presented(a_chip(), pin=None).strength


def test_a_chip_presents_the_card_and_no_wallet() -> None:
    shown = presented(a_chip(), pin=None)

    assert (Form.CHIP, Posture.UNKNOWN) == (shown.form, shown.posture)
    assert (None, None, None) == (shown.e_card_id, shown.device_id, shown.operator_id)
    assert shown.card_id is not None


def test_each_signature_of_a_chip_has_a_serial_of_its_own() -> None:
    chip = a_chip()

    assert [1, 2, 3] == [presented(chip, pin=None).serial for _ in range(3)]


def test_a_chip_refuses_a_wrong_password_and_locks_after_six() -> None:
    chip = a_chip()
    for _ in range(6):
        with pytest.raises(ValueError, match="refuses"):
            chip.present(asked(), terminal_id=TERMINAL, now=NOON, pin="000000")
    with pytest.raises(ChipIsLocked):
        chip.present(asked(), terminal_id=TERMINAL, now=NOON, pin="739164")


def test_a_chip_is_refused_in_its_order() -> None:
    """Everything is wrong at once; each wrong that is put right shows the next."""
    chip, other = a_chip(), a_chip()
    read = codes.read_chip(chip.present(asked(), terminal_id=TERMINAL, now=NOON))
    stored = a_stored_chip(chip)

    def refusal(chip_on_record: StoredChip, terminal_id: UUID, expected: Asked | None) -> object:
        with pytest.raises(Refused) as refused:
            codes.verify_chip(read, chip_on_record, terminal_id=TerminalId(terminal_id), expected=expected)
        return refused.value.reason

    keyless = msgspec.structs.replace(stored, public_key=None)
    weaker = msgspec.structs.replace(stored, public_key=trust.new_signing_key(Algorithm.EDDSA).public_key)
    another = msgspec.structs.replace(stored, public_key=other.public_key)
    assert Reason.CHIP_KEY_IS_UNKNOWN is refusal(keyless, uuid4(), None)
    assert Reason.CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE is refusal(weaker, uuid4(), None)
    assert Reason.CHIP_SIGNATURE_IS_FALSE is refusal(another, uuid4(), None)
    assert Reason.CHIP_ANSWERS_ANOTHER_TERMINAL is refusal(stored, uuid4(), None)
    assert Reason.CODE_ANSWERS_ANOTHER_CHALLENGE is refusal(stored, TERMINAL, None)
    assert Reason.CODE_ANSWERS_ANOTHER_AMOUNT is refusal(stored, TERMINAL, asked(amount_fen=1))
    assert Reason.CODE_ANSWERS_ANOTHER_PAYEE is refusal(stored, TERMINAL, asked(payee_id=uuid4()))
    assert Reason.CODE_ANSWERS_ANOTHER_ITEM is refusal(stored, TERMINAL, asked(item_number=1))


@given(data=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_no_chip(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        codes.read_chip(data)
    assert Reason.CHIP_IS_NOT_READABLE is refused.value.reason


def test_any_flipped_bit_of_a_chip_is_refused() -> None:
    chip = a_chip()
    stored = a_stored_chip(chip)
    data = chip.present(asked(), terminal_id=TERMINAL, now=NOON)
    read = 0
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        try:
            codes.verify_chip(codes.read_chip(bytes(flipped)), stored, terminal_id=TERMINAL, expected=asked())
            read += 1
        except Refused:
            continue

    assert 0 == read


def an_attestation(*, reason: str = "手机与卡都未携带") -> Attestation:
    """An operator's word for a resident."""
    return Attestation(
        operator_id=OperatorId(UUID(int=1)),
        resident_id=ResidentId(UUID(int=2)),
        region="990101",
        terminal_id=TERMINAL,
        document_seen=DocumentSeen.RESIDENT_ID_CARD,
        reason=reason,
        requested_at=NOON,
        asked=asked(),
    )


def decide(attestation: Attestation, *, seconds_later: int = 0) -> Presented | Reason:
    """What the counter makes of an attestation."""
    now = NOON + timedelta(seconds=seconds_later)
    return codes.decide_attested(attestation, bucket=3, card_id=None, now=now)


def test_an_operators_word_is_answered_and_names_the_operator() -> None:
    attested = decide(an_attestation())

    assert isinstance(attested, Presented)
    assert (Form.ATTESTED, Strength.ANSWERED) == (attested.form, attested.strength)
    assert OperatorId(UUID(int=1)) == attested.operator_id


def test_the_same_word_given_twice_is_the_same_and_another_is_not() -> None:
    first, again, other = (
        decide(one) for one in (an_attestation(), an_attestation(), an_attestation(reason="忘带手机"))
    )

    assert isinstance(first, Presented)
    assert isinstance(other, Presented)
    assert first == again
    assert first.nonce != other.nonce


def test_an_attestation_is_refused_in_its_order() -> None:
    assert Reason.ATTESTATION_IS_INCOMPLETE is decide(an_attestation(reason="  无  "), seconds_later=900)
    assert Reason.ATTESTATION_IS_INCOMPLETE is decide(an_attestation(reason="长" * 201))
    assert Reason.ATTESTATION_IS_OUT_OF_TIME is decide(an_attestation(), seconds_later=90)
    assert Reason.ATTESTATION_IS_OUT_OF_TIME is decide(an_attestation(), seconds_later=-31)
    assert isinstance(decide(an_attestation(), seconds_later=89), Presented)


@pytest.mark.parametrize("instant", [datetime.min, datetime.max])
def test_an_attestation_of_the_first_or_the_last_instant_is_out_of_time(instant: datetime) -> None:
    attestation = msgspec.structs.replace(an_attestation(), requested_at=instant.replace(tzinfo=UTC))

    assert Reason.ATTESTATION_IS_OUT_OF_TIME is decide(attestation)
