"""Frozen receipts: what was decided once comes out the same for ever, from its own words and the published rules."""

from datetime import date

import msgspec
import pytest

from tests.vectors.programmes.freeze import read_receipts
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service
from yikatong.programmes.model import Decision, Reason

RECEIPTS = read_receipts()


@pytest.mark.parametrize("receipt", RECEIPTS, ids=lambda one: f"{one.sheet} {one.reason or one.amount_fen}")
def test_a_frozen_receipt_replays(receipt: Decision) -> None:
    assert receipt == service.replay(service.read_shelf(), receipt)


def test_the_corpus_has_payments_and_refusals_of_every_programme() -> None:
    kinds = {(receipt.programme, receipt.reason is None) for receipt in RECEIPTS}

    assert {(name, paid) for name in service.read_shelf().programmes() for paid in (True, False)} == kinds


def test_every_sheet_has_a_receipt() -> None:
    shelf = service.read_shelf()
    sheets = {sheet.name for programme in shelf.programmes() for sheet in shelf.sheets_of(programme)}

    assert sheets == {receipt.sheet for receipt in RECEIPTS}


def test_a_receipt_with_one_fen_more_does_not_replay() -> None:
    paid = next(receipt for receipt in RECEIPTS if receipt.amount_fen)
    forged = msgspec.structs.replace(paid, amount_fen=paid.amount_fen + 1)

    with pytest.raises(Refused) as refused:
        service.replay(service.read_shelf(), forged)
    assert Reason.DECISION_DOES_NOT_REPLAY is refused.value.reason


def test_a_receipt_keeps_two_dates() -> None:
    assert all(receipt.on < receipt.known_on for receipt in RECEIPTS)
    assert {date(2026, 11, 26)} == {receipt.known_on for receipt in RECEIPTS}
