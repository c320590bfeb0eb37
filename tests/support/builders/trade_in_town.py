"""A place with its trade-in served: a store and a recycler on the list, police, offices, residents with wallets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from simulator.vehicles import Plate
from tests.support.builders.access import Known, a_partner, a_staff_member, a_terminal, a_wallet, an_operator
from tests.support.builders.catalogue import a_provider
from tests.support.builders.chain import Place
from tests.support.builders.http import a_house, bearer
from tests.support.builders.places import a_region
from tests.support.builders.store_lists import a_text_table
from tests.support.world import FixedClock
from yikatong.app.http.application import build_app
from yikatong.app.outside.vehicles import NoVehicleRegister
from yikatong.app.wallets.apply_route import route_of_applications
from yikatong.app.wallets.door import WalletDoor
from yikatong.app.wallets.qualifying import Qualifying
from yikatong.cards import service as cards
from yikatong.cards.model import Registered
from yikatong.catalogue.model import Provider
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.trade_in.api import OWN, Desk, routes
from yikatong.trade_in.model import Application, Qualified
from yikatong.trade_in.outside import VehicleRegister
from yikatong.trade_in.service.lists import import_parties

WHY = {"Purpose": "trade-in"}
SOLD = {"new_battery": "lead_acid", "new_is_certified": "yes", "invoice_names_applicant": "yes"}
"""What a store states of a sale that nothing stands in the way of."""
BUCKETS = 1
"""As many as the served house has."""


class TradeInTown:
    """A place whose trade-in is served over HTTP, and who calls."""

    def __init__(self, place: Place, client: httpx.AsyncClient, clock: FixedClock) -> None:
        self.place = place
        self.clock = clock
        self.client = client
        self.callers: dict[str, Known] = {}
        self.providers: dict[str, Provider] = {}

    async def call(self, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """A call of somebody by name; looks say why."""
        return await self.client.request(method, path, json=body, headers=bearer(self.callers[who].token, **WHY))

    async def done(self, who: str, path: str, **body: Any) -> dict[str, Any]:
        """What a step answers that must be done."""
        answer = await self.call(who, "POST", path, {"request_id": str(self.place.ids.new()), **body})
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def seen(self, who: str, path: str) -> dict[str, Any]:
        """What a look shows that must be shown."""
        answer = await self.call(who, "GET", path)
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def refused(self, who: str, path: str, **body: Any) -> str:
        """Why a step is refused that must be."""
        answer = await self.call(who, "POST", path, {"request_id": str(self.place.ids.new()), **body})
        assert not answer.is_success, answer.text
        return str(answer.json()["reason"])

    async def a_resident(self, name: str = "resident", **more: Any) -> Registered:
        """A resident whose wallet calls by a name."""
        resident = await self.place.a_resident(**more)
        async with self.place.db.transaction() as conn:
            self.callers[name] = await a_wallet(
                conn, region=self.place.code, resident_id=resident.resident_id, now=self.place.now
            )
        return resident

    @property
    def resident_id(self) -> ResidentId:
        """Whose wallet calls as the resident."""
        resident_id = self.callers["resident"].caller.resident_id
        assert resident_id is not None
        return ResidentId(resident_id)

    async def a_plate(self, code: str) -> Plate:
        """A plate that the resident has had for years, as the register of vehicles knows it."""
        async with self.place.db.transaction() as conn:
            person = await cards.view_person(conn, bucket=0, resident_id=self.resident_id, vault=self.place.vault)
        given = day_of(self.place.now).replace(year=2023)
        return Plate(code=code, name=person.name, id_number=person.id_number, registered_on=given)

    @property
    def today(self) -> str:
        """The day, as it is sent."""
        return day_of(self.place.now).isoformat()

    async def qualified(self, code: str, **facts: str) -> str:
        """The id of a new claim of the resident."""
        answer = await self.done("resident", OWN, **self.an_application(code, **facts))
        return str(answer["claim"]["claim_id"])

    def an_application(self, code: str, **facts: str) -> dict[str, Any]:
        """What a wallet sends to be qualified."""
        stated = {"old_battery": "lithium", "old_is_plated": "yes", "old_owner_is_applicant": "yes"} | facts
        return {"place": self.place.code, "old_code": code, "facts": stated}


@asynccontextmanager
async def a_trade_in_town(
    db: Database,
    *,
    fund_fen: int = 1_000_000,
    terms: Mapping[str, str] | None = None,
    vehicles: VehicleRegister | None = None,
) -> AsyncIterator[TradeInTown]:
    """Serve a fresh place's trade-in: two stores and a recycler on the list, commerce, finance, police, a bank.

    Without `vehicles` no register of vehicles is connected.
    """
    place = await Place(db, terms=terms, bucket_count=BUCKETS).funded(fund_fen)
    clock = FixedClock(place.now)
    house = a_house(db, clock)
    desk = a_desk(place, vehicles=vehicles or NoVehicleRegister())
    qualifying = Qualifying(place.own_commit, chain=place.chain, vault=place.vault, clock=house.clock, ids=house.ids)
    applications = route_of_applications(lambda: qualifying, desk=desk, door=WalletDoor(house), house=house)
    app = build_app(house, routes(desk), direct_routes={OWN: applications})
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        town = TradeInTown(place, client, clock)
        await _people(town)
        yield town


def a_desk(place: Place, *, vehicles: VehicleRegister) -> Desk:
    """What the routes of a place's trade-in work with."""

    async def admit(application: Application) -> Qualified | Refused:
        return await place.admit(application)

    return Desk(chain=place.chain, vault=place.vault, vehicles=vehicles, own_commit=place.own_commit, admit=admit)


async def _people(town: TradeInTown) -> None:
    place, now = town.place, town.place.now
    async with place.db.transaction() as conn:
        region = await a_region(conn, place.code)
        rows = []
        for role, kind in (("store", "门店"), ("other_store", "门店"), ("recycler", "回收企业")):
            provider = await a_provider(conn, place.ids, region=region)
            town.providers[role] = provider
            rows.append([provider.credit_code, f"亭亭{role}", kind, "2026-01-01", ""])
            permission = f"trade_in.{role.removeprefix('other_')}"
            town.callers[role] = await a_staff_member(
                conn, region=region, provider_id=provider.id, permissions=[permission], now=now
            )
        await import_parties(conn, place=place.code, data=a_text_table(rows))
        town.callers |= {
            "police": await a_partner(conn, region=region, permissions=["trade_in.police"], now=now),
            "bank": await a_partner(conn, region=region, permissions=["trade_in.bank"], now=now),
            "commerce": await an_operator(conn, region=region, permissions=["trade_in.commerce"], now=now),
            "clerk": await an_operator(conn, region=place.world.region, permissions=["trade_in.counter"], now=now),
            "finance": await an_operator(conn, region=region, permissions=["trade_in.finance"], now=now),
            "counter": await an_operator(conn, region=region, permissions=["desk.*", "cards.*"], now=now),
            "terminal": await a_terminal(conn, region=region),
        }
    await town.a_resident()
