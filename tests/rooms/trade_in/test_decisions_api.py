"""Why a claim got what it got, over the routes: to its resident and to commerce of its place, and to nobody else."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.builders.chain import Place
from tests.support.builders.ledger import IDS
from tests.support.builders.trade_in_town import a_desk
from yikatong.app.outside.vehicles import NoVehicleRegister
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Call, Caller, CallerKind
from yikatong.trade_in.api.decisions import DecisionsAnswer, decision_routes
from yikatong.trade_in.rules.keeping import claim_id_of

pytestmark = pytest.mark.anyio

ONE = 50_000
OPERATOR = UUID(int=9)


class Refusal:
    """An application that was refused for its age, and who asks about it."""

    def __init__(self, place: Place, claim_id: UUID, resident_id: UUID) -> None:
        self.place = place
        self.claim_id = claim_id
        self.resident_id = resident_id
        self.looked_at: set[UUID] = set()

    async def asked(self, name: str, caller: Caller, *, claim: str = "") -> DecisionsAnswer:
        """What a route answers a caller."""
        place = self.place
        routes = decision_routes(a_desk(place, vehicles=NoVehicleRegister()))
        (route,) = (route for route in routes if route.name == f"trade_in.{name}")
        async with place.db.transaction() as conn:
            call = Call(
                conn=conn,
                caller=caller,
                now=place.now,
                ids=IDS,
                request_id="r",
                purpose="test",
                path={"claim_id": claim or show_id("claim", self.claim_id)},
            )
            answer: DecisionsAnswer = await route.handle(call, None, None)
            self.looked_at = call.concerned
            return answer

    async def told(self, **operator: Any) -> DecisionsAnswer:
        """What commerce is told."""
        fields: dict[str, Any] = {"region": self.place.code} | operator
        return await self.asked("list_decisions", Caller(kind=CallerKind.OPERATOR, id=OPERATOR, **fields))

    async def told_own(self, resident_id: UUID) -> DecisionsAnswer:
        """What a resident is told."""
        caller = Caller(kind=CallerKind.WALLET, id=resident_id, region=self.place.code, resident_id=resident_id)
        return await self.asked("list_own_decisions", caller)


async def a_refusal(db: Database) -> Refusal:
    """Somebody without a plate is refused."""
    place = await Place(db).funded(ONE)
    resident = await place.a_resident()
    application = place.an_application(resident, old_is_plated="no")
    assert isinstance(await place.admit(application), Refused)
    return Refusal(place, claim_id_of(application), resident.resident_id)


async def test_commerce_is_told_what_was_stated_why_and_what_would_have_changed_it(db: Database) -> None:
    refusal = await a_refusal(db)

    (one,) = (await refusal.told()).decisions

    assert ("OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP", "no") == (one.reason, one.stated["old_is_plated"])
    assert ["old_is_plated"] == [change.fact for change in one.single_changes]
    assert () == one.differs_in
    assert {refusal.resident_id} == refusal.looked_at


async def test_a_resident_is_told_their_own_and_another_s_is_as_unknown_as_any(db: Database) -> None:
    refusal = await a_refusal(db)

    own = await refusal.told_own(refusal.resident_id)
    with pytest.raises(Refused) as refused:
        await refusal.told_own(UUID(int=7))

    assert own == await refusal.told()
    assert "CLAIM_IS_UNKNOWN" == refused.value.reason.name


@pytest.mark.parametrize(
    ("operator", "reason"),
    [({"region": "110000"}, "REGION_IS_OUT_OF_SCOPE"), ({"divisions": ("1101",)}, "DIVISION_IS_OUT_OF_SCOPE")],
)
async def test_commerce_of_another_place_is_told_nothing(db: Database, operator: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        await (await a_refusal(db)).told(**operator)

    assert reason == refused.value.reason.name


async def test_a_claim_that_is_none_is_unknown(db: Database) -> None:
    refusal = await a_refusal(db)
    caller = Caller(kind=CallerKind.OPERATOR, id=OPERATOR, region=refusal.place.code)
    for claim in ("clm_1", show_id("claim", IDS.new())):
        with pytest.raises(Refused) as refused:
            await refusal.asked("list_decisions", caller, claim=claim)
        assert "CLAIM_IS_UNKNOWN" == refused.value.reason.name
