"""A town that is served: offices, shops, residents with cards and phones, as a day of the demo begins with them.

Its day lies in October 2024, so that beside it a province trades e-bikes in by the sheet of its day.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from simulator.calls import Calls
from simulator.stories.community_cast import AWAY, HOME
from simulator.stories.community_day import MEAL
from simulator.stories.community_morning import Town, open_the_doors
from simulator.stories.stage import Stage
from simulator.stories.trade_in_cast import JIANGSU
from tests.fuzz.api.callers import SPARE, a_member_of_staff, a_partners_key, an_operator, wallet_token
from tests.fuzz.api.jiangsu import open_jiangsu
from tests.fuzz.api.keys import Keys
from tests.support.served_stage import a_served_stage
from yikatong.access.service.starting_roles import STARTING_ROLES
from yikatong.app import demo
from yikatong.client.receipts import Admitted
from yikatong.plumbing.address import ServerAddress

TAPS = 5


class ServedTown(msgspec.Struct, frozen=True, kw_only=True):
    """Where the platform answers, its log, the keys of every kind of caller, and ids of what there is.

    `known` names parameters as schemathesis does (`path.resident_id`): a call in three takes one of their values.
    """

    base_url: str
    log: Path
    callers: dict[str, Keys]
    known: dict[str, list[str]]


@contextmanager
def a_served_town(address: ServerAddress) -> Iterator[ServedTown]:
    """Serve an empty database in processes of their own, with the outside world beside it, and move a town in."""
    with a_served_stage(address, regions=(AWAY, JIANGSU)) as stage:
        town = open_the_doors(stage)
        jiangsu = open_jiangsu(stage)
        yield ServedTown(
            base_url=stage.platform.address,
            log=stage.folder / demo.LOG_FILE,
            callers=_callers_of(stage, town) | jiangsu.callers,
            known=_together(_known(stage, town), jiangsu.known),
        )


def _callers_of(stage: Stage, town: Town) -> dict[str, Keys]:
    steward = town.home.steward.calls
    till, second_till = town.tills["tingting-canteen"], town.second_till
    operators = tuple(an_operator(steward, f"fuzzed-{number}", region=HOME) for number in range(SPARE))
    staff = tuple(
        a_member_of_staff(steward, till.registered.provider, f"clerk-{number}", region=HOME) for number in range(SPARE)
    )
    wallets = [
        wallet_token(stage.platform, town.people[name], now=stage.now()) for name in ("chen", "zhang", "li") * SPARE
    ]
    return {
        "nobody": Keys(),
        "partner": Keys(tokens=tuple(a_partners_key(steward) for _ in range(SPARE))),
        "terminal": Keys(tokens=(till.calls.token, second_till.calls.token)),
        "wallet": Keys(tokens=tuple(wallets)),
        "staff": Keys(sign_ins=staff),
        "operator": Keys(sign_ins=operators),
    }


def _together(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    """What there is in two places, by parameter."""
    return {name: [*one.get(name, []), *other.get(name, [])] for name in (*one, *other)}


def _known(stage: Stage, town: Town) -> dict[str, list[str]]:
    tills = [town.second_till, *town.tills.values()]
    canteen, wang = town.tills["tingting-canteen"], town.people["wang"]
    taps = [canteen.by_card(wang, item=MEAL, amount_fen=100, with_pin=True) for _ in range(TAPS)]
    residents = [person.resident_id for person in town.people.values()]
    providers = [till.registered.provider for till in tills]
    return {
        "path.resident_id": residents,
        "path.roster_id": _rosters(town.home.second.calls, residents),
        "path.guardian_id": residents,
        "path.id": [*providers, *(till.id for till in tills)],
        "path.provider": providers,
        "path.tap": [tap.receipt.tap for tap in taps if isinstance(tap, Admitted)],
        "path.region": [HOME],
        "path.code": [HOME, MEAL, *canteen.shop.items],
        "path.day": [stage.today.isoformat()],
        "path.role": [role.name for role in STARTING_ROLES],
        "path.channel": ["wallet"],
        "body.resident_id": residents,
        "body.provider_id": providers,
        "body.item": [MEAL],
    }


def _rosters(payer: Calls, residents: list[str]) -> list[str]:
    """Two rosters of some residents, one of them checked, so that whoever reviews may make it public."""
    made = []
    lines = [{"resident_id": who, "reference": str(uuid4()), "amount_fen": 10_000} for who in residents]
    for period in ("2024-10", "2024-11"):
        asked = {
            "division": HOME,
            "scheme": "elder-allowance",
            "period": period,
            "title": "高龄津贴",
            "budget": "elders",
        }
        roster = str(payer.post("/v1/rosters", dict[str, Any], asked)["roster_id"])
        payer.post(f"/v1/rosters/{roster}/lines", msgspec.Raw, {"lines": lines})
        made.append(roster)
    payer.post(f"/v1/rosters/{made[-1]}/check", msgspec.Raw)
    return made
