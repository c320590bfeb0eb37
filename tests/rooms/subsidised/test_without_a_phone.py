"""A resident without a phone buys with the plastic card, or with a clerk who saw their document, as others do."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from simulator.chip import Chip
from simulator.wallet import Wallet
from tests.support.builders.counter import Phone
from tests.support.builders.follow_ups import id_of, refunded
from tests.support.builders.plastic import PIN, a_card_holder
from tests.support.builders.subsidised import CONFIRM_ABOVE_FEN, OWN_FEN, PRICE_FEN, SUBSIDY_FEN, BikeStore, Buyer
from yikatong.access.model import Reason as AccessReason
from yikatong.codes.model import Asked, Form
from yikatong.kernel.base64url import write_base64url
from yikatong.kernel.ids import ProviderId, TerminalId
from yikatong.kernel.outcomes import Refused
from yikatong.lines.model import Reason as LineReason
from yikatong.taps.model import Outcome, TapBody
from yikatong.trade_in.model import ClaimState

pytestmark = pytest.mark.anyio

DEAR_FEN = CONFIRM_ABOVE_FEN + 100_000


class Grandmother(msgspec.Struct):
    """A buyer with a card in her hand and no phone."""

    buyer: Buyer
    chip: Chip


async def a_grandmother(store: BikeStore, *, purse_fen: int) -> Grandmother:
    """A resident with an active plastic card, money in the purse, and a claim that was qualified at a counter."""
    resident, chip = await a_card_holder(store.world, purse_fen=purse_fen)
    nobody_s = Phone(resident=resident, wallet=Wallet())
    claim_id: UUID = (await store.qualified(nobody_s)).claim.claim_id
    return Grandmother(Buyer(phone=nobody_s, claim_id=claim_id), chip)


def inserted(store: BikeStore, she: Grandmother, *, price_fen: int = PRICE_FEN, pin: str | None = PIN) -> TapBody:
    """The tap of a card that is put into the store's till."""
    world = store.world
    nonce = world.ids.random_bytes(8)
    asked = Asked(
        nonce=nonce, amount_fen=price_fen, payee_id=ProviderId(world.provider.id), item_number=store.item.number
    )
    signed = she.chip.present(asked, terminal_id=TerminalId(world.till.terminal.id), now=world.clock.now(), pin=pin)
    return TapBody(
        request_id=world.ids.new().hex,
        item=store.item.code,
        amount_fen=price_fen,
        chip=write_base64url(signed),
        answers=nonce.hex(),
    )


async def test_the_plastic_card_with_its_password_pays_the_own_share_and_the_programme_the_rest(
    store: BikeStore,
) -> None:
    she = await a_grandmother(store, purse_fen=OWN_FEN)
    await store.enters(she.buyer)

    receipt = await store.world.tap(inserted(store, she))

    assert (Outcome.ADMITTED, Form.CHIP.value) == (receipt.outcome, receipt.form)
    assert [("claim", SUBSIDY_FEN), ("purse", OWN_FEN)] == [(part.source, part.amount_fen) for part in receipt.paid_by]
    assert PRICE_FEN == await store.world.owed()
    assert ClaimState.PAID is (await store.claim(she.buyer)).claim.state


async def test_a_dear_bike_waits_for_no_phone_that_its_buyer_does_not_have(store: BikeStore) -> None:
    she = await a_grandmother(store, purse_fen=DEAR_FEN)
    await store.enters(she.buyer, price_fen=DEAR_FEN)

    receipt = await store.world.tap(inserted(store, she, price_fen=DEAR_FEN))

    assert Outcome.ADMITTED is receipt.outcome
    assert DEAR_FEN == await store.world.owed()


async def test_a_card_that_was_found_moves_no_subsidy_without_its_password(store: BikeStore) -> None:
    she = await a_grandmother(store, purse_fen=OWN_FEN)
    await store.enters(she.buyer)

    receipt = await store.world.tap(inserted(store, she, pin=None))

    assert LineReason.STRENGTH_IS_TOO_LOW.name == receipt.reason
    assert (OWN_FEN, SUBSIDY_FEN) == (await store.world.balance(she.buyer.phone), await store.in_claim(she.buyer))


async def test_goods_that_come_back_bring_the_own_money_back_into_the_purse_of_the_card(store: BikeStore) -> None:
    she = await a_grandmother(store, purse_fen=OWN_FEN)
    await store.enters(she.buyer)
    receipt = await store.world.tap(inserted(store, she))

    await refunded(store.world, id_of(receipt), PRICE_FEN, request_id="return-1")

    assert (OWN_FEN, SUBSIDY_FEN) == (await store.world.balance(she.buyer.phone), await store.reclaimed())


async def test_a_clerk_who_saw_the_document_attests_a_sale_within_the_clerks_own_limits(store: BikeStore) -> None:
    she = await a_grandmother(store, purse_fen=OWN_FEN)
    await store.enters(she.buyer)
    may, may_not = [await store.world.an_operator(day_max_fen=fen) for fen in (PRICE_FEN, PRICE_FEN - 1)]
    tap: dict[str, Any] = {"item": store.item, "amount_fen": PRICE_FEN}

    with pytest.raises(Refused) as refused:
        await store.world.tap(await store.world.attested(she.buyer.phone, by=may_not, **tap))
    receipt = await store.world.tap(await store.world.attested(she.buyer.phone, by=may, **tap))

    assert AccessReason.OPERATOR_TAP_LIMIT_EXCEEDED is refused.value.reason
    assert (Outcome.ADMITTED, Form.ATTESTED.value) == (receipt.outcome, receipt.form)
    assert ClaimState.PAID is (await store.claim(she.buyer)).claim.state
