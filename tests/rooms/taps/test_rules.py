"""The counter's own decisions, without a database."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.catalogue import a_terminal_value, an_item
from tests.support.builders.taps import PROVIDER, RESIDENT, FixedBalances, a_body, a_case
from tests.support.world import NOON
from yikatong.cards.model import Reason as CardsReason
from yikatong.catalogue.model import Scene
from yikatong.codes.model import Reason as CodesReason
from yikatong.kernel.ids import TapId, TransferId
from yikatong.lines.model import Admit, Part, Refuse
from yikatong.lines.rules import account_of_source
from yikatong.taps.model import Paid, Reason, Request
from yikatong.taps.rules import (
    bucket_of_tap,
    decide_refund,
    decide_repeat,
    decide_tap,
    derive_tap_id,
    legs_of,
    split_refund,
)

PURSE = account_of_source(RESIDENT, "purse")
RICH = FixedBalances({PURSE.id: 100_000})
KEY = b"k" * 32


def the_id(**changes: object) -> UUID:
    """A tap's id, with one thing changed."""
    given_ = {
        "signed_at": NOON,
        "terminal_id": UUID(int=1),
        "request_id": "request-1",
        "nonce": b"12345678",
        "resident_id": RESIDENT,
        "locator_key": KEY,
        **changes,
    }
    return derive_tap_id(**given_)  # type: ignore[arg-type]


def test_the_same_code_terminal_and_request_give_the_same_tap_so_a_reversal_finds_it() -> None:
    assert the_id() == the_id()


@pytest.mark.parametrize("change", [{"terminal_id": UUID(int=5)}, {"request_id": "request-2"}, {"nonce": b"87654321"}])
def test_another_terminal_request_or_nonce_is_another_tap(change: dict[str, object]) -> None:
    assert the_id() != the_id(**change)


def test_a_taps_id_is_a_uuid_of_version_8_that_begins_with_the_signed_time() -> None:
    tap_id = the_id()

    assert 8 == tap_id.version
    assert int(NOON.timestamp() * 1000) == tap_id.int >> 80


@given(resident=st.uuids(), nonce=st.binary(min_size=8, max_size=8), buckets=st.integers(1, 32_767))
def test_a_tap_is_found_by_its_id_alone(resident: UUID, nonce: bytes, buckets: int) -> None:
    tap_id = the_id(resident_id=resident, nonce=nonce)

    assert (resident.int & 0xFFFF) % buckets == bucket_of_tap(tap_id, bucket_count=buckets, locator_key=KEY)


def test_without_the_locator_key_two_taps_of_a_resident_end_differently() -> None:
    """The last bits say whose a tap is, but only to us."""
    ends = {the_id(nonce=bytes([number] * 8)).int & 0xFFFF for number in range(20)}

    assert len(ends) > 15


IN_ORDER: list[tuple[dict[str, object], object]] = [
    ({"terminal": None}, Reason.TERMINAL_IS_NOT_REGISTERED),
    ({"is_reversed": True}, Reason.TAP_WAS_REVERSED),
    ({"used_in": UUID(int=1)}, Reason.CODE_ALREADY_USED),
    ({"age_reason": CodesReason.CODE_IS_TOO_OLD}, CodesReason.CODE_IS_TOO_OLD),
    ({"item": None}, Reason.ITEM_IS_UNKNOWN),
    ({"line": None}, Reason.ITEM_HAS_NO_LINE),
    ({"terminal": a_terminal_value(purposes=(Scene.TRANSIT,))}, Reason.TERMINAL_MAY_NOT_OFFER_THIS_ITEM),
    ({"body": a_body(learn=("id_number",))}, Reason.TERMINAL_MAY_NOT_LEARN_THIS),
    ({"holder": None}, Reason.CARD_IS_UNKNOWN),
    ({"holder_reason": CardsReason.CARD_IS_REPORTED_LOST}, CardsReason.CARD_IS_REPORTED_LOST),
    ({"is_recognised": False}, Reason.REGION_DOES_NOT_RECOGNISE_THE_CARD),
]


@pytest.mark.parametrize("position", range(len(IN_ORDER)))
def test_a_tap_is_refused_for_the_first_reason_in_the_written_order(position: int) -> None:
    """Everything from this gate on is wrong; only this gate's reason is given."""
    wrong: dict[str, object] = {}
    for changes, _ in reversed(IN_ORDER[position:]):
        wrong |= changes

    decision = decide_tap(a_case(**wrong), line_facts=[], balances=RICH)

    assert isinstance(decision, Refuse)
    assert IN_ORDER[position][1] is decision.reason


def test_a_case_with_all_gates_open_is_the_lines_to_decide() -> None:
    assert isinstance(decide_tap(a_case(), line_facts=[], balances=RICH), Admit)


def test_a_terminal_limited_to_named_items_offers_no_other() -> None:
    case = a_case(terminal=a_terminal_value(items=("other-item",)), item=an_item())

    decision = decide_tap(case, line_facts=[], balances=RICH)

    assert isinstance(decision, Refuse)
    assert Reason.TERMINAL_MAY_NOT_OFFER_THIS_ITEM is decision.reason


def test_a_request_id_with_another_body_is_refused_and_with_the_same_body_is_the_same_tap() -> None:
    tap_id = the_id()
    earlier = Request(
        terminal_id=UUID(int=1), request_id="request-1", tap_id=TapId(tap_id), bucket=0, body_digest=b"a" * 16
    )

    assert tap_id == decide_repeat(earlier, body_digest=b"a" * 16)
    assert Reason.REQUEST_ID_IS_USED_FOR_ANOTHER_BODY is decide_repeat(earlier, body_digest=b"b" * 16)


PAID = Paid(
    provider_id=PROVIDER, amount_fen=1_000, transfer_id=TransferId(UUID(int=4)), refunded_fen=400, is_reversed=False
)


@pytest.mark.parametrize(
    ("paid", "amount_fen", "receivable_fen", "reason"),
    [
        (None, 100, 0, Reason.TAP_IS_UNKNOWN),
        (Paid(UUID(int=99), 1_000, UUID(int=4), 0, False), 100, 0, Reason.TAP_IS_UNKNOWN),
        (Paid(PROVIDER, None, None, 0, False), 100, 0, Reason.TAP_MOVED_NO_MONEY),
        (Paid(PROVIDER, 1_000, UUID(int=4), 0, True), 100, 0, Reason.TAP_MOVED_NO_MONEY),
        (PAID, 601, 10_000, Reason.REFUND_IS_MORE_THAN_PAID),
        (PAID, 600, 99, Reason.RECEIVABLE_LIMIT_EXCEEDED),
        (PAID, 600, 100, None),
    ],
)
def test_a_refund_is_refused_for_the_first_reason_in_order(
    paid: Paid | None, amount_fen: int, receivable_fen: int, reason: Reason | None
) -> None:
    decided = decide_refund(
        paid,
        provider_id=PROVIDER,
        amount_fen=amount_fen,
        receivable_fen=receivable_fen,
        receivable_limit_fen=500,
    )

    assert reason is decided


AMOUNTS = st.lists(st.integers(1, 1_000), min_size=1, max_size=3)


@given(amounts=AMOUNTS, data=st.data())
def test_refunds_together_give_each_source_no_more_than_it_paid(amounts: list[int], data: st.DataObject) -> None:
    parts = [Part(None, amount, f"source-{index}") for index, amount in enumerate(amounts)]
    given_back: dict[str, int] = {}
    refunded_fen = 0
    while refunded_fen < sum(amounts):
        amount_fen = data.draw(st.integers(1, sum(amounts) - refunded_fen))
        split = split_refund(parts, refunded_fen=refunded_fen, amount_fen=amount_fen)
        assert amount_fen == sum(part.amount_fen for part in split)
        for part in split:
            given_back[part.source] = given_back.get(part.source, 0) + part.amount_fen
        refunded_fen += amount_fen

    assert {part.source: part.amount_fen for part in parts} == given_back


@given(amounts=AMOUNTS)
def test_the_sides_of_a_payment_sum_to_zero(amounts: list[int]) -> None:
    parts = [Part(PURSE if index else None, amount, "x") for index, amount in enumerate(amounts)]

    assert 0 == sum(leg.amount_fen for leg in legs_of(parts, provider_id=PROVIDER, bank_code="102"))
