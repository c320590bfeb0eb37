"""The trade-in as its parties ask it: counters, stores, recyclers, traffic police, commerce and finance.

Each step has a request id of its own, made here; a journalled step is sent again as the same bytes.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from yikatong.client.answers import Changed
from yikatong.client.calls import Calls
from yikatong.client.trade_in_answers import (
    ClaimLines,
    ClaimsOfResident,
    ClaimStep,
    CommerceClaim,
    FinanceClaim,
    Funded,
    ImportedList,
    ListedPage,
    OpenedClaim,
    OvernightBikes,
    PledgesPage,
    PoliceClaim,
    Prepared,
    RecyclerClaim,
    Rostered,
    StoreClaim,
    TradeInBudget,
    WholeClaim,
)
from yikatong.client.trade_in_told import ClaimDecisions, PaymentsAtOdds, ReportWithTotal

T = TypeVar("T")
NO_FACTS: Mapping[str, str] = {}


class _Party:
    """What every party's client does: steps on claims, under one role's addresses."""

    role = ""

    def __init__(self, calls: Calls) -> None:
        """Made by `Staff`, `Partner` or `Operator`."""
        self._calls = calls

    def _address(self, rest: str = "") -> str:
        return f"/v1/trade-in/{self.role}{rest}"

    def _step(self, claim_id: str, step: str, answer: type[T], **body: Any) -> T:
        return self._calls.step(self._address(f"/claims/{claim_id}/{step}"), answer, **body)


class Counter:
    """What a clerk asks for a resident without a phone, who stands at the counter with a document.

    `document` is its kind, as `resident_id_card`; `document_number` what is printed on it.
    """

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def qualify(
        self,
        resident_id: str,
        *,
        document: str,
        document_number: str,
        place: str,
        old_code: str,
        facts: Mapping[str, str],
    ) -> OpenedClaim:
        """Ask for a resident to be qualified; the claim's money is reserved."""
        said = {"place": place, "old_code": old_code, "facts": facts}
        return self._step(resident_id, "", OpenedClaim, _present(document, document_number), **said)

    def list(self, resident_id: str, *, purpose: str) -> ClaimsOfResident:
        """The claims of a resident, the newest first."""
        return self._calls.ask(self._address(resident_id), ClaimsOfResident, purpose=purpose)

    def view(self, resident_id: str, claim_id: str, *, purpose: str) -> WholeClaim:
        """One claim of a resident."""
        return self._calls.ask(self._address(resident_id, f"/{claim_id}"), WholeClaim, purpose=purpose)

    def list_decisions(self, resident_id: str, claim_id: str, *, purpose: str) -> ClaimDecisions:
        """Why a claim of a resident got what it got."""
        return self._calls.ask(self._address(resident_id, f"/{claim_id}/decisions"), ClaimDecisions, purpose=purpose)

    def submit(
        self,
        resident_id: str,
        claim_id: str,
        *,
        document: str,
        document_number: str,
        facts: Mapping[str, str] = NO_FACTS,
    ) -> ClaimStep:
        """Submit a claim, or one that was mended, with the papers that were brought."""
        present = _present(document, document_number)
        return self._step(resident_id, f"/{claim_id}/submit", ClaimStep, present, facts=facts)

    def withdraw(self, resident_id: str, claim_id: str, *, document: str, document_number: str) -> ClaimStep:
        """Give a claim up."""
        return self._step(resident_id, f"/{claim_id}/withdraw", ClaimStep, _present(document, document_number))

    def _address(self, resident_id: str, rest: str = "") -> str:
        return f"/v1/residents/{resident_id}/trade-in/claims{rest}"

    def _step(self, resident_id: str, rest: str, answer: type[T], present: Mapping[str, str], **body: Any) -> T:
        return self._calls.step(self._address(resident_id, rest), answer, present=present, **body)


def _present(document: str, document_number: str) -> Mapping[str, str]:
    return {"document": document, "document_number": document_number}


class Stores(_Party):
    """What a store asks."""

    role = "store"

    def view(self, claim_id: str, *, purpose: str) -> StoreClaim:
        """A claim that a resident shows."""
        return self._calls.ask(self._address(f"/claims/{claim_id}"), StoreClaim, purpose=purpose)

    def find(self, code: str, *, purpose: str) -> StoreClaim:
        """The claim of a bike at hand."""
        return self._calls.ask(self._address("/claims"), StoreClaim, purpose=purpose, code=code)

    def receive(self, claim_id: str, *, on: date, old_code: str, facts: Mapping[str, str] = NO_FACTS) -> ClaimStep:
        """Receive the old bike."""
        return self._step(claim_id, "receive", ClaimStep, on=on, old_code=old_code, facts=facts)

    def sell(
        self,
        claim_id: str,
        *,
        on: date,
        price_fen: int,
        new_code: str,
        model: str = "",
        facts: Mapping[str, str] = NO_FACTS,
    ) -> ClaimStep:
        """Sell the new bike; its subsidy is claimed later."""
        return self._step(
            claim_id, "sale", ClaimStep, on=on, price_fen=price_fen, new_code=new_code, model=model, facts=facts
        )

    def prepare_sale(
        self,
        claim_id: str,
        *,
        on: date,
        price_fen: int,
        new_code: str,
        model: str = "",
        facts: Mapping[str, str] = NO_FACTS,
    ) -> Prepared:
        """Enter a sale whose subsidy is taken off when the resident taps its price."""
        return self._step(
            claim_id, "prepared-sale", Prepared, on=on, price_fen=price_fen, new_code=new_code, model=model, facts=facts
        )

    def cancel_sale(self, claim_id: str) -> Changed:
        """Take back a sale that is not paid."""
        return self._step(claim_id, "prepared-sale/cancel", Changed)

    def return_goods(self, claim_id: str, *, on: date) -> ClaimStep:
        """Take the new bike back."""
        return self._step(claim_id, "return", ClaimStep, on=on)

    def list_overnight(self) -> OvernightBikes:
        """Lithium bikes that stayed in the store."""
        return self._calls.ask(self._address("/overnight"), OvernightBikes)


class Recyclers(_Party):
    """What a recycler asks."""

    role = "recycler"

    def view(self, claim_id: str, *, purpose: str) -> RecyclerClaim:
        """A claim that a resident or store shows."""
        return self._calls.ask(self._address(f"/claims/{claim_id}"), RecyclerClaim, purpose=purpose)

    def find(self, code: str, *, purpose: str) -> RecyclerClaim:
        """The claim of a bike at hand."""
        return self._calls.ask(self._address("/claims"), RecyclerClaim, purpose=purpose, code=code)

    def receive(self, claim_id: str, *, on: date, old_code: str, facts: Mapping[str, str] = NO_FACTS) -> ClaimStep:
        """Receive the old bike from its owner."""
        return self._step(claim_id, "receive", ClaimStep, on=on, old_code=old_code, facts=facts)

    def collect(self, claim_id: str, *, on: date, old_code: str) -> ClaimStep:
        """Collect the old bike from a store."""
        return self._step(claim_id, "collect", ClaimStep, on=on, old_code=old_code)

    def dismantle(self, claim_id: str, *, on: date, proof: str) -> ClaimStep:
        """Say that the old bike was dismantled; `proof` is the SHA-256 of its proof in hexadecimal."""
        return self._step(claim_id, "dismantle", ClaimStep, on=on, proof=proof)


class Police(_Party):
    """What the system of traffic police asks."""

    role = "police"

    def find(self, code: str, *, purpose: str) -> PoliceClaim:
        """The claim of a bike, old or new."""
        return self._calls.ask(self._address("/claims"), PoliceClaim, purpose=purpose, code=code)

    def cancel_plate(self, claim_id: str, *, on: date, old_code: str) -> ClaimStep:
        """Say that the old bike's plate was cancelled."""
        return self._step(claim_id, "cancel-plate", ClaimStep, on=on, old_code=old_code)

    def register(self, claim_id: str, *, on: date, new_code: str, facts: Mapping[str, str] = NO_FACTS) -> ClaimStep:
        """Say that the new bike got its plate."""
        return self._step(claim_id, "register", ClaimStep, on=on, new_code=new_code, facts=facts)


class Commerce(_Party):
    """What the commerce department asks."""

    role = "commerce"

    def list(self, *, place: str, state: str, after: str | None = None, limit: int = 100) -> ClaimLines:
        """Claims of a place in one state."""
        return self._calls.ask(self._address("/claims"), ClaimLines, place=place, state=state, after=after, limit=limit)

    def view(self, claim_id: str, *, purpose: str) -> CommerceClaim:
        """A claim whole."""
        return self._calls.ask(self._address(f"/claims/{claim_id}"), CommerceClaim, purpose=purpose)

    def list_decisions(self, claim_id: str, *, purpose: str) -> ClaimDecisions:
        """Why a claim, or an application that opened none, got what it got, and whether it still would."""
        return self._calls.ask(self._address(f"/claims/{claim_id}/decisions"), ClaimDecisions, purpose=purpose)

    def report(self, place: str, *, first_on: date | None = None, until_on: date | None = None) -> ReportWithTotal:
        """Add up a place's trade-ins by day; `until_on` is the first day that does not count, else tomorrow."""
        path, days = f"/v1/trade-in/places/{place}/report", {"from": first_on, "until": until_on}
        return self._calls.connection.ask(path, ReportWithTotal, query=days)

    def check(self, claim_id: str, *, facts: Mapping[str, str] = NO_FACTS) -> ClaimStep:
        """Check a claim; the formula decides its amount."""
        return self._step(claim_id, "check", ClaimStep, facts=facts)

    def reject(self, claim_id: str, *, until: date | None = None) -> ClaimStep:
        """Send a claim back to be mended before a day, or within the usual term."""
        return self._step(claim_id, "reject", ClaimStep, until=until)

    def reclaim(self, claim_id: str) -> ClaimStep:
        """Take a claim back that should not have been."""
        return self._step(claim_id, "reclaim", ClaimStep)

    def roster_claims(self, *, place: str, title: str) -> Rostered:
        """Put the checked claims of a place onto a roster, which is reviewed and paid as any other."""
        return self._calls.command("POST", self._address("/rosters"), Rostered, body={"place": place, "title": title})

    def list_overnight(self, *, place: str, limit: int = 100) -> OvernightBikes:
        """Lithium bikes that stayed in stores of a place."""
        return self._calls.ask(self._address("/overnight"), OvernightBikes, place=place, limit=limit)

    def list_without_plate(self, *, place: str, days: int = 15, limit: int = 100) -> ClaimLines:
        """Claims whose new bike was sold so many days ago and has no plate yet."""
        return self._calls.ask(self._address("/without-plate"), ClaimLines, place=place, days=days, limit=limit)

    def import_parties(self, place: str, file: bytes) -> ImportedList:
        """Take in a list of stores and recyclers, CSV or XLSX, whole or not at all."""
        body = {"file": b64encode(file).decode()}
        return self._calls.command("POST", f"/v1/trade-in/places/{place}/parties", ImportedList, body=body)

    def import_prices(self, place: str, file: bytes, *, past_sales: bool = False) -> ImportedList:
        """Take in pledged prices, or work them out from past sales; whole or not at all."""
        body = {"file": b64encode(file).decode(), "past_sales": past_sales}
        return self._calls.command("POST", f"/v1/trade-in/places/{place}/prices", ImportedList, body=body)

    def list_parties(
        self, place: str, *, kind: str = "store", on: date | None = None, after: str = "", limit: int = 100
    ) -> ListedPage:
        """Who is on a place's list on a day, today unless another is said."""
        path = f"/v1/trade-in/places/{place}/parties"
        return self._calls.ask(path, ListedPage, kind=kind, on=on, after=after, limit=limit)

    def list_prices(
        self, place: str, *, credit_code: str, on: date | None = None, after: str = "", limit: int = 100
    ) -> PledgesPage:
        """What a store pledged not to exceed."""
        path = f"/v1/trade-in/places/{place}/prices"
        return self._calls.ask(path, PledgesPage, credit_code=credit_code, on=on, after=after, limit=limit)


class Finance(_Party):
    """What the finance department asks."""

    role = "finance"

    def list(self, *, place: str, state: str, after: str | None = None, limit: int = 100) -> ClaimLines:
        """Claims of a place in one state."""
        return self._calls.ask(self._address("/claims"), ClaimLines, place=place, state=state, after=after, limit=limit)

    def view(self, claim_id: str, *, purpose: str) -> FinanceClaim:
        """A claim's money."""
        return self._calls.ask(self._address(f"/claims/{claim_id}"), FinanceClaim, purpose=purpose)

    def claw_back(self, claim_id: str, *, fen: int) -> ClaimStep:
        """Take what a store owes of a claim out of what it is owed."""
        return self._step(claim_id, "claw-back", ClaimStep, fen=fen)

    def stop(self, claim_id: str, *, until: date | None = None) -> ClaimStep:
        """Stop an approved claim before the bank has it."""
        return self._step(claim_id, "stop", ClaimStep, until=until)

    def fund(self, *, place: str, year: int, amount_fen: int, reference: str) -> Funded:
        """Put money into a place's budget of a year; `reference` is the id of the paper by which it was given."""
        return self._calls.step(
            self._address("/budgets"), Funded, place=place, year=year, amount_fen=amount_fen, reference=reference
        )

    def get_budget(self, *, place: str, year: int) -> TradeInBudget:
        """How a place's budget of a year stands."""
        return self._calls.ask(self._address("/budgets"), TradeInBudget, place=place, year=year)

    def list_payments_at_odds(self, *, place: str, until: datetime | None = None, limit: int = 100) -> PaymentsAtOdds:
        """What payouts told of a place's claims that they could not follow; `until` is what the page before named."""
        return self._calls.ask(
            self._address("/payments-at-odds"), PaymentsAtOdds, place=place, until=until, limit=limit
        )
