"""Where a place pays for a number of bikes, exactly so many claims are admitted, by a sheet that only tests know."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from msgspec import structs

from tests.support.builders.chain import Place, a_code
from tests.support.builders.ledger import IDS, a_transfer
from tests.support.builders.programmes import a_sheet, a_sheet_text_3, a_shelf
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, TransferKind, name_budget, name_of_budget
from yikatong.plumbing.database import Database
from yikatong.trade_in.audit import audit
from yikatong.trade_in.model import Act, KeptClaim, Qualified, Reason
from yikatong.trade_in.rules.sheets import verify_hours
from yikatong.trade_in.service.placing import place_of

pytestmark = pytest.mark.anyio

ONE = 50_000
ENOUGH = 100 * ONE
COUPON = (
    "{kind: coupon, then: deduct_at_sale, life: same_day, days: 0, takes: 0, paid_by: unknown,"
    ' hours: {from: "09:00", until: "22:00"}, clause: notice}'
)


class Fair(Place):
    """A place that pays for so many bikes."""

    def pays_for(self, bikes: int) -> "Fair":
        """The number of its sheet."""
        text = a_sheet_text_3(
            {"per_person": "{count: 1, per: scheme, clause: notice}"},
            quota=f"{{bikes: {bikes}, per: calendar_year, clause: notice}}",
            place=self.code, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01",
        )  # fmt: skip
        self.chain = structs.replace(self.chain, shelf=a_shelf(a_sheet(text, name=f"{self.code}-2026-01-01")))
        return self

    @property
    def places(self) -> str:
        """The code under which the places of this year are counted."""
        return f"{self.budget.label}:bikes"

    async def places_left(self) -> int:
        """How many places nobody has taken."""
        async with self.db.transaction() as conn:
            left = await ledger.find_budget_left(
                conn, budget=name_budget(self.places), bucket_count=self.chain.bucket_count
            )
        return left or 0

    async def applied(self) -> Qualified | Refused:
        """What a new resident's application comes to."""
        return await self.admit(self.an_application(await self.a_resident()))

    async def faults(self, claims: Sequence[KeptClaim]) -> list[str]:
        """What the audit says of some claims."""
        names = {show_id("claim", one.claim.claim_id) for one in claims}
        async with self.db.transaction() as conn:
            return [line for line in await audit(conn) if any(name in line for name in names)]


def reasons(ends: Sequence[Qualified | Refused]) -> list[str]:
    return sorted("won" if isinstance(end, Qualified) else end.reason.name for end in ends)


async def test_of_a_crowd_exactly_as_many_win_as_there_are_places_and_nobody_else_has_money_reserved(
    db: Database,
) -> None:
    place = await Fair(db).pays_for(5).funded(ENOUGH)
    applications = [place.an_application(await place.a_resident()) for _ in range(14)]

    ends = await asyncio.gather(*(place.admit(one) for one in applications))

    won = [end.kept for end in ends if isinstance(end, Qualified)]
    assert 9 * ["PLACES_ARE_USED_UP"] + 5 * ["won"] == reasons(ends)
    assert (0, ENOUGH - 5 * ONE) == (await place.places_left(), await place.left())
    assert {place.places} == {kept.places for kept in won}
    assert [] == await place.faults(won)


async def test_who_finds_no_money_takes_no_place(db: Database) -> None:
    place = await Fair(db).pays_for(5).funded(2 * ONE)
    applications = [place.an_application(await place.a_resident()) for _ in range(6)]

    ends = await asyncio.gather(*(place.admit(one) for one in applications))

    assert 4 * ["BUDGET_IS_USED_UP"] + 2 * ["won"] == reasons(ends)
    assert 3 == await place.places_left()


async def test_who_has_no_chance_left_takes_no_place(db: Database) -> None:
    place = await Fair(db).pays_for(5).funded(ENOUGH)
    resident = await place.a_resident()

    ends = [await place.admit(place.an_application(resident)) for _ in range(2)]

    assert ["CLAIMS_ARE_USED_UP", "won"] == reasons(ends)
    assert 4 == await place.places_left()


async def test_a_claim_that_is_given_up_leaves_its_place_to_whoever_comes_next(db: Database) -> None:
    place = await Fair(db).pays_for(1).funded(ENOUGH)
    first = await place.applied()
    assert isinstance(first, Qualified)
    late = await place.applied()

    ended = await place.done(first.kept, Act.WITHDRAW)
    order = place.an_order(first.kept, Act.WITHDRAW)
    next_one = await place.applied()

    assert isinstance(late, Refused)
    assert (Reason.PLACES_ARE_USED_UP, place.places) == (late.reason, late.about["places"])
    assert isinstance(next_one, Qualified)
    assert 0 == await place.places_left()
    assert [] == await place.faults([ended, next_one.kept])
    with pytest.raises(Refused, match="CLAIM_IS_IN_ANOTHER_STATE"):
        await place.act(order)


async def test_a_claim_that_is_clawed_back_keeps_its_place(db: Database) -> None:
    place = await Fair(db).pays_for(1).funded(ENOUGH)
    won = await place.applied()
    assert isinstance(won, Qualified)

    clawed_back = await place.done(won.kept, Act.RECLAIM)

    assert 0 == await place.places_left()
    assert "PLACES_ARE_USED_UP" in reasons([await place.applied()])
    assert [] == await place.faults([clawed_back])


async def test_a_place_that_pays_for_more_bikes_later_opens_the_difference(db: Database) -> None:
    place = await Fair(db).pays_for(1).funded(ENOUGH)
    before = [await place.applied() for _ in range(2)]
    after = [await place.pays_for(3).applied() for _ in range(3)]

    assert ["PLACES_ARE_USED_UP", "won"] == reasons(before)
    assert ["PLACES_ARE_USED_UP", "won", "won"] == reasons(after)


async def test_the_same_application_again_takes_one_place(db: Database) -> None:
    place = await Fair(db).pays_for(3).funded(ENOUGH)
    application = place.an_application(await place.a_resident(), old_code=a_code(), request_id=IDS.new())

    ends = [await place.admit(application) for _ in range(2)]

    assert ["won", "won"] == reasons(ends)
    assert 2 == await place.places_left()


async def test_the_audit_names_a_claim_without_its_place(db: Database) -> None:
    place = await Fair(db).pays_for(1).funded(ENOUGH)
    won = await place.applied()
    assert isinstance(won, Qualified)
    kept = won.kept
    slice_of = name_of_budget(name_budget(place.places), AccountKind.BUDGET_SLICE)
    taken = a_transfer(place_of(kept.claim.resident_id, kept.claim.claim_id), slice_of, 1, kind=TransferKind.RELEASE)
    back = a_transfer(slice_of, place_of(kept.claim.resident_id, kept.claim.claim_id), 1, kind=TransferKind.SET_ASIDE)
    async with db.transaction() as conn:
        await ledger.post(conn, bucket=kept.bucket, writer=0, draft=taken, now=place.now)
    found = await place.faults([kept])
    async with db.transaction() as conn:
        await ledger.post(conn, bucket=kept.bucket, writer=0, draft=back, now=place.now)

    assert [f"trade_in: {show_id('claim', kept.claim.claim_id)} should have 1 places, 0 are taken for it"] == found
    assert [] == await place.faults([kept])


async def test_a_place_without_a_number_counts_no_places(db: Database) -> None:
    place = await Place(db).funded(ENOUGH)

    assert "" == (await place.qualified()).places


@pytest.mark.parametrize(
    ("hour", "minute", "second", "is_open"),
    [(8, 59, 59, False), (9, 0, 0, True), (21, 59, 59, True), (22, 0, 0, False), (0, 0, 0, False)],
)
def test_a_coupon_is_given_out_in_its_hours_of_shanghai_alone(
    hour: int, minute: int, second: int, is_open: bool
) -> None:
    sheet = a_sheet(a_sheet_text_3({"mode": COUPON}))
    now = datetime(2026, 11, 25, (hour - 8) % 24, minute, second, tzinfo=UTC)

    if is_open:
        assert sheet is verify_hours(sheet, now=now)
        return
    with pytest.raises(Refused) as refused:
        verify_hours(sheet, now=now)
    assert Reason.COUPON_IS_NOT_GIVEN_OUT_NOW is refused.value.reason
    assert ("09:00", "22:00") == (refused.value.about["from"], refused.value.about["until"])


async def test_an_application_at_night_is_refused_with_the_hours_and_leaves_the_old_bike_free(db: Database) -> None:
    night, morning = datetime(2026, 11, 24, 15, tzinfo=UTC), datetime(2026, 11, 25, 2, tzinfo=UTC)
    place = await Place(db).funded(ENOUGH)
    text = a_sheet_text_3(
        {"mode": COUPON}, place=place.code, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01"
    )
    place.chain = structs.replace(place.chain, shelf=a_shelf(a_sheet(text, name=f"{place.code}-2026-01-01")))
    resident, code = await place.a_resident(), a_code()
    ends = []
    for place.now in (night, morning):
        ends.append(await place.admit(place.an_application(resident, old_code=code)))

    assert ["COUPON_IS_NOT_GIVEN_OUT_NOW", "won"] == reasons(ends)
