"""Jiangsu beside the town: offices, a store, a recycler, police and bank, two residents with claims on their way."""

from typing import Any, NamedTuple

import msgspec

from simulator.stories.neighbour import Neighbour
from simulator.stories.stage import Stage
from simulator.stories.trade_in_cast import (
    JIANGSU,
    NEW_CODES,
    OLD_CODES,
    PRICE_FEN,
    PROVINCES,
    RECYCLERS,
    STORES,
)
from simulator.stories.trade_in_morning import Town, a_request_id, open_province
from tests.fuzz.api.callers import SPARE, a_member_of_staff, a_partners_key, an_operator, wallet_token
from tests.fuzz.api.keys import CALLERS_OF_JIANGSU, Keys

BUDGET_FEN = 100_000_000
SOLD = {"new_battery": "lead_acid", "new_is_certified": "yes", "invoice_names_applicant": "yes"}


class Jiangsu(NamedTuple):
    """Who calls, and ids of what there is, as for the town."""

    callers: dict[str, Keys]
    known: dict[str, list[str]]


def open_jiangsu(stage: Stage) -> Jiangsu:
    """Open the province with a full budget; of its two claims one waits at the till, the other is only qualified."""
    town = open_province(stage, PROVINCES[JIANGSU]._replace(budget_fen=BUDGET_FEN))
    claims = [_qualified(town, who) for who in town.people.values()]
    _entered_at_the_till(town, claims[0], "zhou", stage=stage)
    return Jiangsu(_callers(stage, town), _known(town, claims))


def _qualified(town: Town, who: Neighbour) -> str:
    body = {"place": JIANGSU, "old_code": OLD_CODES[who.part.key], "facts": {"old_battery": "lithium"}}
    asked = {"request_id": str(a_request_id()), **body}
    return str(who.phone.calls.post("/v1/wallet/trade-in/claims", dict[str, Any], asked)["claim"]["claim_id"])


def _entered_at_the_till(town: Town, claim: str, key: str, *, stage: Stage) -> None:
    """The old bike is with the store, the sale waits to be paid."""
    today = stage.today.isoformat()
    received = {"on": today, "old_code": OLD_CODES[key]}
    sale = {"on": today, "price_fen": PRICE_FEN, "new_code": NEW_CODES[key], "facts": SOLD}
    for step, body in (("receive", received), ("prepared-sale", sale)):
        asked = {"request_id": str(a_request_id()), **body}
        town.store.calls.post(f"/v1/trade-in/store/claims/{claim}/{step}", msgspec.Raw, asked)


def _callers(stage: Stage, town: Town) -> dict[str, Keys]:
    steward, second = town.office.steward.calls, town.posts["second"].calls
    provider = _provider_of(town)
    operators = tuple(an_operator(steward, f"fuzzed-{number}", region=JIANGSU) for number in range(SPARE))
    staff = tuple(a_member_of_staff(second, provider, f"seller-{number}", region=JIANGSU) for number in range(SPARE))
    wallets = [wallet_token(stage.platform, who, now=stage.now()) for _ in range(SPARE) for who in town.people.values()]
    keys = {
        "partner": Keys(tokens=tuple(a_partners_key(second) for _ in range(SPARE))),
        "wallet": Keys(tokens=tuple(wallets)),
        "staff": Keys(sign_ins=staff),
        "operator": Keys(sign_ins=operators),
    }
    return {CALLERS_OF_JIANGSU.format(kind): key for kind, key in keys.items()}


def _provider_of(town: Town) -> str:
    assert town.till is not None
    return town.till.registered.provider


def _known(town: Town, claims: list[str]) -> dict[str, list[str]]:
    residents = [who.resident_id for who in town.people.values()]
    codes = [OLD_CODES["zhou"], OLD_CODES["wu"], NEW_CODES["zhou"]]
    store, recycler = STORES[JIANGSU].credit_code, RECYCLERS[JIANGSU].credit_code
    return {
        "path.claim_id": claims,
        "path.programme": ["trade_in", "allowance"],
        "path.division": [JIANGSU],
        "path.resident_id": residents,
        "body.place": [JIANGSU],
        "body.old_code": codes,
        "body.new_code": codes,
        "body.on": ["2024-10-20", "2024-10-21"],
        "query.place": [JIANGSU],
        "query.code": codes,
        "query.credit_code": [store, recycler],
        "query.provider": [_provider_of(town)],
    }
