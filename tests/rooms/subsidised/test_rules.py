"""Which sale a tap means, who pays it, and what becomes of its claim, decided without a database."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.builders.catalogue import an_item
from tests.support.builders.subsidised import a_sale_at_till
from tests.support.builders.taps import PROVIDER, RESIDENT, TAP, FixedBalances, a_gate, a_holder, a_presentation, a_tap
from tests.support.world import NOON
from yikatong.codes.model import Strength
from yikatong.kernel.ids import AccountId, TapId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.ledger.model import AccountKind, name_account
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.lines.model import Admit, Decision, Facts, Payment, Refuse, Returned, TapInHand, Wait, WaitsFor
from yikatong.lines.model import Reason as LineReason
from yikatong.subsidised.model import Reason
from yikatong.subsidised.rules import ClaimSource, decide_sale
from yikatong.trade_in.model import ClaimState, NewState, SaleAtTill
from yikatong.trade_in.model import Reason as ChainReason
from yikatong.trade_in.rules import verify_conserved

ITEM = an_item(
    line="subsidised", least_strength=2, funding=("purse", "bank"), amount_fen_max=1_000_000, confirm_above_fen=300_000
)
PURSE = name_account(RESIDENT, AccountKind.PURSE).id
SALE = a_sale_at_till()
SOURCE = ClaimSource()


def a_sale_tap(**changes: object) -> TapInHand:
    return a_tap(**({"item": ITEM, "amount_fen": 200_000} | changes))


def rich(one: SaleAtTill = SALE, *, purse_fen: int = 1_000_000) -> FixedBalances:
    balances: dict[AccountId, int] = {PURSE: purse_fen, one.account.id: one.kept.claim.money.held_fen}
    return FixedBalances(balances)


def reason_of(decision: Decision) -> KernelReason | None:
    return decision.reason if isinstance(decision, Refuse) else None


def test_the_claim_pays_the_subsidy_and_the_purse_the_rest() -> None:
    decision = decide_sale(a_sale_tap(), [SALE], rich())

    assert isinstance(decision, Admit)
    assert [(SALE.account, 50_000), (name_account(RESIDENT, AccountKind.PURSE), 150_000)] == [
        (part.account, part.amount_fen) for part in decision.parts
    ]
    assert {"price_fen": "200000", "subsidy_fen": "50000", "own_share_fen": "150000", "subsidy_clause": "notice"}.items(
    ) <= {step.name: step.value for step in decision.steps}.items()  # fmt: skip


def test_the_bank_pays_what_the_purse_does_not_have() -> None:
    decision = decide_sale(a_sale_tap(), [SALE], rich(purse_fen=10_000))

    assert isinstance(decision, Wait)
    assert WaitsFor.BANK is decision.waits_for
    assert [50_000, 10_000, 140_000] == [part.amount_fen for part in decision.parts]


def test_a_dear_bike_waits_for_its_buyer_before_anything_else() -> None:
    sale = a_sale_at_till(price_fen=400_000)
    decision = decide_sale(a_sale_tap(amount_fen=400_000), [sale], rich(sale))

    assert isinstance(decision, Wait)
    assert WaitsFor.CONFIRMATION is decision.waits_for


def test_a_bike_that_the_subsidy_pays_whole_asks_nothing_of_its_buyer() -> None:
    sale = a_sale_at_till(price_fen=50_000)
    decision = decide_sale(a_sale_tap(amount_fen=50_000), [sale], rich(sale, purse_fen=0))

    assert isinstance(decision, Admit)
    assert [50_000] == [part.amount_fen for part in decision.parts]


WRONG: dict[str, tuple[KernelReason, dict[str, object], SaleAtTill]] = {
    "no amount": (LineReason.AMOUNT_IS_MISSING, {"amount_fen": None}, SALE),
    "above the item": (LineReason.AMOUNT_IS_OVER_THE_ITEM_MAXIMUM, {"amount_fen": 1_000_001}, SALE),
    "a bare code": (
        LineReason.STRENGTH_IS_TOO_LOW,
        {"presented": a_presentation(strength=Strength.SHOWN), "gate": a_gate(shown_limit_fen=500_000)},
        SALE,
    ),
    "another resident's": (ChainReason.SALE_IS_NOT_PREPARED, {}, a_sale_at_till(resident_id=UUID(int=99))),
    "another store's": (ChainReason.SALE_IS_NOT_PREPARED, {}, a_sale_at_till(provider_id=UUID(int=98))),
    "paid already": (ChainReason.SALE_IS_NOT_PREPARED, {}, a_sale_at_till(tap_id=UUID(int=97))),
    "another price": (Reason.PRICE_IS_NOT_THE_ENTERED_ONE, {"amount_fen": 150_000}, SALE),
    "of yesterday": (
        Reason.SALE_WAS_ENTERED_ON_ANOTHER_DAY,
        {},
        a_sale_at_till(bought_on=day_of(NOON) - timedelta(days=1)),
    ),
    "a claim that ended": (ChainReason.QUALIFICATION_HAS_ENDED, {}, a_sale_at_till(valid_until=day_of(NOON))),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_tap_that_is_wrong_in_one_thing_is_refused_for_it(wrong: str) -> None:
    reason, changes, sale = WRONG[wrong]

    assert reason is reason_of(decide_sale(a_sale_tap(**changes), [sale], rich(sale)))


def test_of_two_faults_the_first_in_the_written_order_is_told() -> None:
    faults: list[tuple[KernelReason, dict[str, object]]] = [
        (LineReason.STRENGTH_IS_TOO_LOW, {"presented": a_presentation(strength=Strength.SHOWN)}),
        (Reason.PRICE_IS_NOT_THE_ENTERED_ONE, {"amount_fen": 150_000}),
    ]
    both = faults[0][1] | faults[1][1]
    late = a_sale_at_till(bought_on=day_of(NOON) - timedelta(days=1), valid_until=day_of(NOON))

    assert faults[0][0] is reason_of(decide_sale(a_sale_tap(**both), [SALE], rich()))
    assert faults[1][0] is reason_of(decide_sale(a_sale_tap(**faults[1][1]), [late], rich(late)))
    assert Reason.SALE_WAS_ENTERED_ON_ANOTHER_DAY is reason_of(decide_sale(a_sale_tap(), [late], rich(late)))


@given(purse_fen=st.integers(0, 400_000), has_bank=st.booleans(), price_fen=st.integers(50_000, 300_000))
def test_the_parts_sum_to_the_price_or_nobody_pays(purse_fen: int, has_bank: bool, price_fen: int) -> None:
    sale = a_sale_at_till(price_fen=price_fen)
    holder = a_holder() if has_bank else a_holder(bank_token=None, bank_code=None)
    decision = decide_sale(a_sale_tap(amount_fen=price_fen, holder=holder), [sale], rich(sale, purse_fen=purse_fen))

    covered = has_bank or purse_fen >= price_fen - 50_000
    if not covered:
        assert LedgerReason.BALANCE_IS_TOO_LOW is reason_of(decision)
        return
    assert not isinstance(decision, Refuse)
    assert price_fen == sum(part.amount_fen for part in decision.parts)
    assert (SALE.account, 50_000) == (decision.parts[0].account, decision.parts[0].amount_fen)


def paid(one: SaleAtTill = SALE) -> tuple[list[SaleAtTill], Payment]:
    """The facts after a tap paid a sale, and what it paid."""
    decision = decide_sale(a_sale_tap(), [one], rich(one))
    assert isinstance(decision, Admit)
    payment = Payment(tap_id=TAP, resident_id=RESIDENT, provider_id=PROVIDER, parts=decision.parts, now=NOON)
    facts = SOURCE.pay(([one],), payment)
    assert not isinstance(facts, KernelReason)
    return list(facts[0]), payment


def test_what_was_paid_is_sold_and_the_rest_of_the_reserve_is_to_be_released() -> None:
    (one,), _ = paid(a_sale_at_till(reserved_fen=80_000))

    claim = one.kept.claim
    assert (ClaimState.PAID, NewState.SOLD, TAP) == (claim.state, claim.new, one.sale.tap_id)
    assert (50_000, 0, 30_000, 30_000) == (
        claim.money.paid_fen, claim.money.held_fen, claim.money.released_fen, one.kept.to_release_fen,
    )  # fmt: skip
    assert [("deduct", one.version_read + 1)] == [(deed.act, deed.number) for deed in one.deeds]


def test_a_second_tap_of_the_same_batch_finds_no_sale() -> None:
    sales, payment = paid()

    assert ChainReason.SALE_IS_NOT_PREPARED is reason_of(decide_sale(a_sale_tap(), sales, rich()))
    assert ChainReason.CLAIM_IS_IN_ANOTHER_STATE is SOURCE.pay((sales,), payment)


def test_what_is_reversed_waits_again_and_can_be_paid_again() -> None:
    sales, payment = paid()
    facts = SOURCE.reverse((sales,), payment)

    assert not isinstance(facts, KernelReason)
    assert isinstance(decide_sale(a_sale_tap(), facts[0], rich()), Admit)
    assert ["deduct", "undo_deduction"] == [deed.act for deed in facts[0][0].deeds]


def test_what_has_its_plate_is_not_reversed_any_more() -> None:
    (one,), payment = paid()
    registered = replace(one, kept=replace(one.kept, claim=replace(one.kept.claim, new=NewState.REGISTERED)))

    assert ChainReason.NEW_BIKE_IS_IN_ANOTHER_STATE is SOURCE.reverse(([registered],), payment)


def test_goods_come_back_whole_and_their_subsidy_to_the_treasury() -> None:
    sales, payment = paid()
    given_back = SOURCE.give_back((sales,), payment, refund_id=UUID(int=5), amount_fen=200_000)

    assert Reason.GOODS_COME_BACK_WHOLE is SOURCE.give_back(
        (sales,), payment, refund_id=UUID(int=5), amount_fen=199_999
    )
    assert isinstance(given_back, Returned)
    assert (AccountKind.RECLAIMED, 50_000) == (given_back.to.kind, given_back.amount_fen)
    (one,) = given_back.facts[0]
    assert (ClaimState.REFUNDED, True) == (one.kept.claim.state, one.is_over)
    assert ["deduct", "return_goods", "pay_back"] == [deed.act for deed in one.deeds]


@given(st.lists(st.sampled_from(["pay", "reverse", "return"]), max_size=12), st.integers(50_000, 90_000))
def test_whatever_comes_a_sale_is_paid_by_one_tap_at_most_and_its_money_is_conserved(
    acts: list[str], reserved_fen: int
) -> None:
    one = a_sale_at_till(reserved_fen=reserved_fen)
    decision = decide_sale(a_sale_tap(), [one], rich(one))
    assert isinstance(decision, Admit)
    facts: Facts = ([one],)
    paid_by: TapId | None = None
    is_over = False
    for number, act in enumerate(acts):
        tap_id = paid_by if paid_by is not None and act != "pay" else TapId(UUID(int=1_000 + number))
        payment = Payment(tap_id=tap_id, resident_id=RESIDENT, provider_id=PROVIDER, parts=decision.parts, now=NOON)
        if act == "return":
            came_back = SOURCE.give_back(facts, payment, refund_id=tap_id, amount_fen=200_000)
            done = isinstance(came_back, Returned)
            facts = came_back.facts if isinstance(came_back, Returned) else facts
        else:
            changed = SOURCE.pay(facts, payment) if act == "pay" else SOURCE.reverse(facts, payment)
            done = not isinstance(changed, KernelReason)
            facts = facts if isinstance(changed, KernelReason) else changed
        assert done is (not is_over and (paid_by is None) is (act == "pay"))
        if done:
            paid_by, is_over = (tap_id if act == "pay" else None), act == "return"
        (now,) = facts[0]
        money = now.kept.claim.money
        verify_conserved(money)
        assert (paid_by if not is_over else now.sale.tap_id) == now.sale.tap_id
        assert (50_000 if paid_by else 0) == money.paid_fen
        assert len(now.deeds) == now.kept.version - now.version_read
