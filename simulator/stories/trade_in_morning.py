"""Before the first bike: offices, stores, recyclers and police in four provinces; cards, plates and budgets."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from simulator.calls import Calls
from simulator.stories.enrolling import give_cards, open_wallet
from simulator.stories.neighbour import Neighbour, Part
from simulator.stories.office import Office, Operator, Post
from simulator.stories.stage import Stage
from simulator.stories.till import Till, register_shop
from simulator.stories.trade_in_cast import (
    JIANGSU,
    OFF_THE_LIST,
    OLD_CODES,
    PEOPLE,
    PROVINCES,
    RECYCLERS,
    REGIONS,
    STORES,
    Province,
)
from simulator.vehicles import Plate

PLATED_ON = date(2021, 5, 1)
LISTED_FROM = date(2024, 9, 1)
YEAR = 2024
POSTS = (
    Post("second", "复核", ("access_keeper", "approver", "roster_reviewer", "settler")),
    Post("counter", "窗口", ("counter",)),
    Post("commerce", "商务", ("commerce",)),
    Post("finance", "财政", ("finance",)),
)
PAYING_POSTS = (Post("clerk", "录入", ("roster_clerk",)), Post("payer", "支付", ("settler",)))
"""Who is there besides where claims are paid later."""
AT_ONCE = 2
"""So many provinces open side by side: passwords are slow to hash."""


class Cast(NamedTuple):
    """Who is there: provinces with their budgets, the people of each, by their keys the codes of their old bikes."""

    provinces: Mapping[str, Province] = PROVINCES
    people: Mapping[str, tuple[Part, ...]] = PEOPLE
    old_codes: Mapping[str, str] = OLD_CODES


OF_THE_STORY = Cast()


class Town(msgspec.Struct, kw_only=True):
    """A province once everything is there: its office and posts, those outside, and its people."""

    province: Province
    office: Office
    posts: dict[str, Operator]
    store: Operator
    recycler: Operator
    providers: dict[str, str]
    police: Calls
    off_the_list: Operator | None
    till: Till | None
    people: dict[str, Neighbour]


def open_four_provinces(stage: Stage, cast: Cast = OF_THE_STORY) -> dict[str, Town]:
    """Set everything up, the four provinces side by side."""
    with stage.work("四省的经办人、门店、回收企业、交管 four provinces open"):
        with ThreadPoolExecutor(max_workers=AT_ONCE) as hands:
            opened = [hands.submit(open_province, stage, cast.provinces[region], cast=cast) for region in REGIONS]
        return {region: each.result() for region, each in zip(REGIONS, opened, strict=True)}


def open_province(stage: Stage, province: Province, *, cast: Cast = OF_THE_STORY) -> Town:
    """Set one province up: offices, store, recycler, police, residents with cards and plated bikes, a budget."""
    region = province.region
    office = Office(stage, region=region)
    posts = office.hire(*POSTS, *(() if STORES[region].items else PAYING_POSTS))
    office.second, office.counter = posts["second"], posts["counter"]
    shops = {"store": STORES[region], "recycler": RECYCLERS[region]}
    registered = {role: register_shop(stage, shop=shop, office=office) for role, shop in shops.items()}
    staff = {
        role: office.hire_staff(
            provider=registered[role].provider, name=shops[role].name_zh, permission=f"trade_in.{role}"
        )
        for role in shops
    }
    sells = bool(shops["store"].items)
    town = Town(
        province=province,
        office=office,
        posts=posts,
        store=staff["store"],
        recycler=staff["recycler"],
        providers={role: one.provider for role, one in registered.items()},
        police=_police(stage, office),
        off_the_list=_off_the_list(stage, office) if region == JIANGSU else None,
        till=Till(stage, shop=shops["store"], office=office, registered=registered["store"], label="1号终端")
        if sells
        else None,
        people=give_cards(stage, office=office, parts=cast.people[region]),
    )
    for neighbour in town.people.values():
        open_wallet(stage, neighbour)
        _register_plate(stage, neighbour, code=cast.old_codes[neighbour.part.key])
    _list_parties(town)
    _fund(town)
    return town


def _police(stage: Stage, office: Office) -> Calls:
    names = {"name_zh": "公安交管", "name_en": "Traffic police"}
    partner = office.second.calls.post("/v1/partners", dict[str, Any], names)["partner_id"]
    key = {"label": "vehicle registration", "permissions": ["trade_in.police"]}
    token = office.second.calls.post(f"/v1/partners/{partner}/keys", dict[str, Any], key)["token"]
    return stage.platform.as_caller(token)


def _off_the_list(stage: Stage, office: Office) -> Operator:
    registered = register_shop(stage, shop=OFF_THE_LIST, office=office)
    return office.hire_staff(provider=registered.provider, name=OFF_THE_LIST.name_zh, permission="trade_in.store")


def _register_plate(stage: Stage, neighbour: Neighbour, *, code: str) -> None:
    """The old bike has had a plate in its owner's name for years."""
    plate = Plate(
        code=code,
        name=neighbour.part.name_zh,
        id_number=neighbour.id_number,
        registered_on=PLATED_ON,
    )
    stage.outside.post("/vehicles/simulator/plates", type(None), plate)


def _list_parties(town: Town) -> None:
    """Commerce publishes the stores and recyclers that take part."""
    region = town.province.region
    rows = [("统一社会信用代码", "名称", "类别", "列入日期", "移出日期")]
    for kind, shop in (("门店", STORES[region]), ("回收企业", RECYCLERS[region])):
        rows.append((shop.credit_code, shop.name_zh, kind, LISTED_FROM.isoformat(), ""))
    file = b64encode("".join(",".join(row) + "\r\n" for row in rows).encode()).decode()
    town.posts["commerce"].calls.post(
        f"/v1/trade-in/places/{town.province.region}/parties", msgspec.Raw, {"file": file}
    )


def _fund(town: Town) -> None:
    town.posts["finance"].calls.post(
        "/v1/trade-in/finance/budgets",
        msgspec.Raw,
        {
            "request_id": str(a_request_id()),
            "place": town.province.region,
            "year": YEAR,
            "amount_fen": town.province.budget_fen,
            "reference": str(a_request_id()),
        },
    )


def a_request_id() -> UUID:
    """The id of a request that is made once."""
    return UUID(bytes=secrets.token_bytes(16), version=4)
