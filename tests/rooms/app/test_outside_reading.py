"""What organisations outside answer is a value of its shape, or nothing: whatever the bytes."""

import msgspec
import pytest

from yikatong.app.outside.face import FaceSaid
from yikatong.app.outside.reading import read_answer
from yikatong.cards.outside import FaceAnswer
from yikatong.payouts.outside import DayLine


def test_an_answer_is_read_as_its_shape() -> None:
    assert FaceSaid(FaceAnswer.MATCHED) == read_answer(b'{"answer":"matched","more":1}', FaceSaid)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"answer":"perhaps"}',
        b'{"answer":"\xff"}',
        b'{"answer":"matched","more":"\\u0000"}',
        b'{"answer":"matched","more":' + b"[" * 100_000,
        b'{"answer":"matched"}' + b" " * 16_000_000,
    ],
    ids=lambda content: content[:40],
)
def test_what_cannot_be_read_or_kept_is_no_answer(content: bytes) -> None:
    with pytest.raises(ValueError, match="an answer that"):
        read_answer(content, FaceSaid)


@pytest.mark.parametrize("amount_fen", [-1, 10_000_000_000_001, 2**64])
def test_a_bank_lists_no_amount_that_nobody_could_have_asked_for(amount_fen: int) -> None:
    line = {"id": "01890000-0000-7000-8000-000000000001", "kind": "debit", "amount_fen": amount_fen}

    with pytest.raises(ValueError, match="an answer that"):
        read_answer(msgspec.json.encode([line]), list[DayLine])
