"""A town that is served: offices, shops, residents with cards and phones, as a day of the demo begins with them."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from rich.console import Console

from simulator.calls import Calls
from simulator.stories.community_cast import HOME
from simulator.stories.community_day import MEAL
from simulator.stories.community_morning import Town, open_the_doors
from simulator.stories.crew import Crew
from simulator.stories.neighbour import Neighbour
from simulator.stories.stage import Stage
from tests.fuzz.api.keys import Keys
from tests.support.database import folder_of_our_own
from yikatong.access.api.keys import IssuedKeyAnswer
from yikatong.access.service.starting_roles import STARTING_ROLES
from yikatong.app import demo
from yikatong.cards import service as cards
from yikatong.client.answers import Session
from yikatong.client.people import NewAccount
from yikatong.client.receipts import Admitted
from yikatong.desk.api.shapes import WalletAnswer
from yikatong.kernel.ids import show_id
from yikatong.kernel.instants import epoch_ms, from_epoch_ms
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.settings import Settings

TAPS = 5
SPARE = 3
"""A caller may end its own session, or be suspended by its own call; then the next of its kind takes over."""


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
    said = Console(file=StringIO())
    folder = folder_of_our_own()
    with demo.outside_world(said, folder=folder) as outside:
        settings = replace(demo.demo_settings(Settings(), folder=folder, outside=outside), port=0)
        with demo.running(settings, address, outside=outside, console=said) as platform:
            stage = Stage(
                base_url=platform.base_url,
                outside_url=outside.outside_url,
                first_operators=platform.operators,
                console=said,
                folder=folder,
                crew=Crew(None),
                began=0.0,
            )
            with stage:
                town = open_the_doors(stage)
                yield ServedTown(
                    base_url=platform.base_url,
                    log=folder / demo.LOG_FILE,
                    callers=_callers_of(stage, town),
                    known=_known(stage, town),
                )


def _callers_of(stage: Stage, town: Town) -> dict[str, Keys]:
    steward = town.home.steward.calls
    till, second_till = town.tills["tingting-canteen"], town.second_till
    operators = tuple(_an_operator(steward, f"fuzzed-{number}") for number in range(SPARE))
    staff = tuple(_a_member_of_staff(steward, till.registered.provider, f"clerk-{number}") for number in range(SPARE))
    wallets = [_wallet_token(stage.platform, town.people[name]) for name in ("chen", "zhang", "li") * SPARE]
    return {
        "nobody": Keys(),
        "partner": Keys(tokens=tuple(_a_partners_key(steward) for _ in range(SPARE))),
        "terminal": Keys(tokens=(till.calls.token, second_till.calls.token)),
        "wallet": Keys(tokens=tuple(wallets)),
        "staff": Keys(sign_ins=staff),
        "operator": Keys(sign_ins=operators),
    }


def _known(stage: Stage, town: Town) -> dict[str, list[str]]:
    tills = [town.second_till, *town.tills.values()]
    canteen, wang = town.tills["tingting-canteen"], town.people["wang"]
    taps = [canteen.by_card(wang, item=MEAL, amount_fen=100, with_pin=True) for _ in range(TAPS)]
    residents = [person.resident_id for person in town.people.values()]
    providers = [till.registered.provider for till in tills]
    return {
        "path.resident_id": residents,
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


def _an_operator(steward: Calls, login_name: str) -> dict[str, Any]:
    """An operator with every role there is."""
    made = steward.post("/v1/operators", NewAccount, {"login_name": login_name, "display_name": "万能经办人"})
    for role in STARTING_ROLES:
        steward.post(f"/v1/operators/{made.id}/roles", msgspec.Raw, {"role": role.name})
    return _with_own_password("operator", made, steward)


def _a_member_of_staff(steward: Calls, provider: str, login_name: str) -> dict[str, Any]:
    body = {
        "provider_id": provider,
        "login_name": login_name,
        "display_name": "店员",
        "permissions": ["access.staff", "payouts.read", "taps.refund", "trade_in.store", "trade_in.recycler"],
    }
    return _with_own_password("staff", steward.post("/v1/staff", NewAccount, body), steward)


def _with_own_password(kind: str, made: NewAccount, calls: Calls) -> dict[str, Any]:
    """Change the first password, and give the body by which to sign in from now on."""
    who = {"kind": kind, "region": HOME, "login_name": made.login_name}
    password = secrets.token_urlsafe(15)
    first = {**who, "password": made.first_password, "new_password": password}
    calls.post("/v1/sessions", Session, first)
    return {**who, "password": password}


def _a_partners_key(steward: Calls) -> str:
    made = steward.post("/v1/partners", dict[str, str], {"name_zh": "市图书馆", "name_en": "City Library"})
    body = {"label": "borrowing desk", "permissions": ["trade_in.police"]}
    return steward.post(f"/v1/partners/{made['partner_id']}/keys", IssuedKeyAnswer, body).token


def _wallet_token(anyone: Calls, neighbour: Neighbour) -> str:
    """One more session of a resident's phone."""
    wallet, resident_id = neighbour.phone.wallet, neighbour.phone.resident_id
    assert wallet.device_id is not None
    assert resident_id is not None
    made_at = from_epoch_ms(epoch_ms(datetime.now(UTC)))
    message = cards.session_message(resident_id=resident_id, device_id=wallet.device_id, made_at=made_at)
    body = {
        "resident_id": show_id("resident", resident_id),
        "device_id": show_id("device", wallet.device_id),
        "made_at_ms": epoch_ms(made_at),
        "signature": urlsafe_b64encode(wallet.enrolment_key.sign(message)).rstrip(b"=").decode(),
    }
    return anyone.post("/v1/wallet/sessions", WalletAnswer, body).token
