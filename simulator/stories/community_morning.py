"""Before the doors open: offices, providers and terminals; then cards, e-cards and money for the residents."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from simulator.calls import ApiRefusal
from simulator.stories.community_cast import AT_HOME, AWAY, FROM_AWAY, HALL, HOME, SHOPS_AT_HOME
from simulator.stories.day import refusal_of
from simulator.stories.enrolling import give_cards, open_wallet
from simulator.stories.neighbour import Neighbour
from simulator.stories.office import Office
from simulator.stories.stage import Stage
from simulator.stories.telling import Both, Column, a_table, set_both, show_table
from simulator.stories.till import Registered, Shop, Till, register_shop
from yikatong.kernel.money import show_yuan
from yikatong.ledger.api import AccountAnswer
from yikatong.plumbing.http import ChangeAnswer

MEALS = "elder-meal"
ITEM_CELLS = 38
"""How wide the items of a provider are told."""


class Town(msgspec.Struct, kw_only=True):
    """Everybody and everything, once the doors are open."""

    home: Office
    away: Office
    tills: dict[str, Till]
    second_till: Till
    people: dict[str, Neighbour]


def open_the_doors(stage: Stage) -> Town:
    """Set everything up, from the two first operators to the last phone."""
    with stage.work("经办人登录，校验密码须费时 operators sign in, hashing takes its time"):
        with ThreadPoolExecutor(max_workers=2) as hands:
            both = (
                hands.submit(_open_office, stage, HOME, second="唐敏", counter="龙静", welfare="冯涛"),
                hands.submit(_open_office, stage, AWAY, second="黄海", counter="梁洁", welfare="罗琪"),
            )
        home, away = (each.result() for each in both)
    with stage.work("两地互认 the two regions recognise each other's cards"):
        _recognise(stage, home=home, away=away)
    with stage.work("服务机构与终端，经复核登记 providers and terminals, with approval"):
        tills, second_till = _open_shops(stage, home=home, away=away)
    _show_tills(stage, list(tills.values()))
    stage.console.print()
    people: dict[str, Neighbour] = {}
    with stage.work("申领、制卡、发卡、启用 cards: applied for, made, handed out, activated"):
        people |= give_cards(stage, office=home, parts=AT_HOME)
        people |= give_cards(stage, office=away, parts=FROM_AWAY)
    town = Town(home=home, away=away, tills=tills, second_till=second_till, people=people)
    with stage.work("电子社保卡签发，一级和二级 e-cards issued, at level 1 and level 2"):
        _give_e_cards(stage, town)
    with stage.work("补贴双人发放，钱包充值 two people grant benefits; purses are filled"):
        _give_money(stage, town)
    _show_people(stage, list(people.values()))
    return town


def _open_office(stage: Stage, region: str, **names: str) -> Office:
    office = Office(stage, region=region)
    office.open_for_the_day(**names)
    return office


def _recognise(stage: Stage, *, home: Office, away: Office) -> None:
    for office, other, subject in ((home, AWAY, "payment"), (away, HOME, "identity")):
        body = {"from_region": other, "scope": "class", "subject": subject, "valid_from": stage.today.isoformat()}
        try:
            office.steward.calls.post("/v1/recognitions", ChangeAnswer, body)
        except ApiRefusal as refusal:
            # On a later day the recognition of the first one still counts.
            stage.expect("RECOGNITION_PERIODS_OVERLAP", refusal.reason, "recognising another region's cards")


def _open_shops(stage: Stage, *, home: Office, away: Office) -> tuple[dict[str, Till], Till]:
    tills: dict[str, Till] = {}
    known: dict[str, Registered] = {}
    for shop, office in (*((shop, home) for shop in SHOPS_AT_HOME), (HALL, away)):
        known[shop.key] = register_shop(stage, shop=shop, office=office)
        tills[shop.key] = Till(stage, shop=shop, office=office, registered=known[shop.key], label="1号终端")
    canteen = SHOPS_AT_HOME[0]
    second = Till(stage, shop=canteen, office=home, registered=known[canteen.key], label="2号终端")
    return tills, second


def _give_e_cards(stage: Stage, town: Town) -> None:
    """Level 1 on the phone; one at the counter first; level 2 with the bank account of the card."""
    li = town.people["li"]
    at_counter = f"/v1/residents/{li.resident_id}/e-card"
    town.home.counter.calls.post(at_counter, msgspec.Raw, {"password": li.password})
    with_phone = [neighbour for neighbour in town.people.values() if neighbour.part.has_phone]
    with ThreadPoolExecutor(max_workers=4) as hands:
        for done in [hands.submit(open_wallet, stage, neighbour) for neighbour in with_phone]:
            done.result()
    town.people["zhang"].phone.add_child(name="张小雨", id_number=town.people["yu"].id_number)
    town.people["zhang"].heard["family_member_added"] += 1
    yiming = town.people["yiming"]
    refused = refusal_of(lambda: yiming.phone.set_limits(tap_limit_fen=1_000, day_limit_fen=1_000))
    stage.expect("MINORS_HAVE_NO_SMALL_PAYMENTS", refused.reason, "a limit for a minor")


def _give_money(stage: Stage, town: Town) -> None:
    for neighbour in town.people.values():
        part = neighbour.part
        office = town.away if part in FROM_AWAY else town.home
        path = f"/v1/residents/{neighbour.resident_id}"
        if part.meals_fen:
            body = {"benefit": MEALS, "amount_fen": part.meals_fen}
            granted = office.approved(office.welfare, path + "/grants", AccountAnswer, body)
            stage.expect(part.meals_fen, granted.available_fen, f"the meal benefit of {part.name_en}")
            neighbour.heard["benefit_arrived"] += 1
        if part.purse_fen:
            office.counter.calls.post(path + "/purse/top-ups", msgspec.Raw, {"amount_fen": part.purse_fen})


def _show_tills(stage: Stage, tills: Sequence[Till]) -> None:
    table = a_table(Column("简称", "short"), Column("服务机构", "provider"), Column("可办事项", "items"))
    for till in tills:
        shop: Shop = till.shop
        items = [Both(till.item(code).name_zh, till.item(code).name_en) for code in shop.items]
        lines = [line for item in items for line in set_both(item, cells=ITEM_CELLS)]
        table.add_row(str(shop.short).replace(" ", "\n"), f"{shop.name_zh}\n{shop.name_en}", "\n".join(lines))
    show_table(stage.console, Both("服务机构和终端", "providers and their terminals"), table)


def _show_people(stage: Stage, people: Sequence[Neighbour]) -> None:
    table = a_table(
        Column("姓名", "name"),
        Column("年龄", "age", "right"),
        Column("其人", "who"),
        Column("卡号", "card"),
        Column("钱包", "purse", "right"),
        Column("补贴", "benefit", "right"),
        Column("银行", "bank", "right"),
    )
    for neighbour in people:
        part = neighbour.part
        table.add_row(
            f"{part.name_zh}\n{part.name_en}",
            str(part.age),
            f"{part.role_zh}\n{part.role_en}",
            neighbour.chip.card_number,
            *(show_yuan(fen) if fen else "" for fen in (part.purse_fen, part.meals_fen, part.bank_balance_fen or 0)),
        )
    show_table(stage.console, Both("居民，金额单位：元", "residents, amounts in yuan"), table)
