"""One day in Tingting community (珞璜镇亭亭社区), and at a service hall in Guangzhou, tap by tap."""

import secrets
from datetime import timedelta

from simulator.stories.community_cast import AWAY
from simulator.stories.community_evening import Evening
from simulator.stories.community_morning import Town, open_the_doors
from simulator.stories.day import Day
from simulator.stories.forger import forge_code
from simulator.stories.stage import Stage
from yikatong.client.receipts import Admitted, Reversal
from yikatong.taps.follow_ups import ReversalBody

SCREENSHOT_AGE = timedelta(minutes=10)
MEAL, PURCHASE, MEDICINE, BILL = "community-meal", "shop-purchase", "pharmacy-purchase", "utility-bill"
MEALS = "benefit"


def play_community_day(stage: Stage) -> Day:
    """Play the whole day; raises StoryFailedError where the platform does something else than the story says."""
    stage.chapter("开门之前", "Before the doors open")
    town = open_the_doors(stage)
    evening = Evening(stage, town)
    day = Day(stage)
    stage.chapter("早晨 · 社区食堂和商店", "Morning: canteen and shop")
    _breakfast(stage, day, town)
    _shopping(day, town)
    stage.chapter("上午 · 图书馆和药店", "Forenoon: library and pharmacy")
    _library(day, town)
    _pharmacy(stage, day, town)
    stage.chapter("午间 · 一笔大额、一张丢失的卡", "Noon: a large payment, and a card that is lost")
    washing_machine = _large_payment(day, town)
    _lost_card(day, town)
    stage.chapter("下午 · 缴费厅和广州市政务服务大厅", "Afternoon: utility desk, and the service hall in Guangzhou")
    _utility(day, town)
    _guangzhou(day, town)
    stage.chapter("傍晚 · 退款与冲正", "Evening: a refund and two reversals")
    _giving_back(stage, day, town, washing_machine)
    evening.close(day)
    return day


def _breakfast(stage: Stage, day: Day, town: Town) -> None:
    canteen, second, people = town.tills["tingting-canteen"], town.second_till, town.people
    wang, li, chen, zhao = people["wang"], people["li"], people["chen"], people["zhao"]
    day.admits(
        "07:10", wang, canteen, MEAL, lambda: canteen.by_card(wang, item=MEAL, amount_fen=800, with_pin=True),
        paid_by={MEALS: 800},
    )  # fmt: skip
    day.admits(
        "07:20", li, canteen, MEAL, lambda: canteen.by_scanning(li, item=MEAL, amount_fen=2_600),
        paid_by={MEALS: 2_000, "bank": 600},
    )  # fmt: skip
    code = chen.phone.show_code(scene=canteen.scene(MEAL))
    day.admits(
        "07:25", chen, canteen, MEAL, lambda: canteen.terminal.tap(item=MEAL, amount_fen=1_200, code=code),
        paid_by={"purse": 1_200},
    )  # fmt: skip
    day.refuses(
        "07:26", chen, second, MEAL, lambda: second.terminal.tap(item=MEAL, amount_fen=1_200, code=code),
        reason="CODE_ALREADY_USED", amount_fen=1_200,
    )  # fmt: skip
    day.notices["chen"]["code_used_twice"] += 1
    counter = town.home.counter
    stage.console.print(
        "        [dim]赵刚忘带卡和手机,经办人核对身份证后代为见证。  "
        "Zhao Gang forgot both; an operator checks his ID card and attests.[/dim]",
        soft_wrap=True,
    )
    day.admits(
        "07:40", zhao, canteen, MEAL,
        lambda: canteen.by_operator(
            zhao, operator=counter, why="忘带卡和手机,已核对身份证", item=MEAL, amount_fen=950
        ),
        paid_by={"purse": 950},
    )  # fmt: skip


def _shopping(day: Day, town: Town) -> None:
    canteen, store = town.tills["tingting-canteen"], town.tills["tingting-store"]
    yiming, he = town.people["yiming"], town.people["he"]
    day.refuses(
        "07:50", yiming, canteen, PURCHASE, lambda: canteen.by_scanning(yiming, item=PURCHASE, amount_fen=1_350),
        reason="TERMINAL_MAY_NOT_OFFER_THIS_ITEM", amount_fen=1_350,
    )  # fmt: skip
    day.admits(
        "07:55", yiming, store, PURCHASE, lambda: store.by_scanning(yiming, item=PURCHASE, amount_fen=1_350),
        paid_by={"purse": 1_350},
    )  # fmt: skip
    day.refuses(
        "07:56", yiming, store, PURCHASE, lambda: store.by_scanning(yiming, item=PURCHASE, amount_fen=600),
        reason="BALANCE_IS_TOO_LOW", amount_fen=600,
    )  # fmt: skip
    day.admits(
        "08:30", he, store, PURCHASE, lambda: store.by_scanning(he, item=PURCHASE, amount_fen=2_580),
        paid_by={"purse": 2_580},
    )  # fmt: skip
    day.refuses(
        "08:31", he, store, PURCHASE,
        lambda: store.by_scanning(he, item=PURCHASE, amount_fen=300, learn=("name",)),
        reason="TERMINAL_MAY_NOT_LEARN_THIS", amount_fen=300,
    )  # fmt: skip


def _library(day: Day, town: Town) -> None:
    library, zhang, yu = town.tills["luohuang-library"], town.people["zhang"], town.people["yu"]
    day.admits("09:10", yu, library, "library-entry", lambda: library.by_card(yu, item="library-entry", with_pin=False))
    day.admits(
        "09:10", zhang, library, "library-entry",
        lambda: library.by_shown_code(zhang, item="library-entry", learn=("age_band",)), learned=("age_band",),
    )  # fmt: skip
    day.refuses(
        "09:40", zhang, library, "library-borrow", lambda: library.by_shown_code(zhang, item="library-borrow"),
        reason="STRENGTH_IS_TOO_LOW",
    )  # fmt: skip
    day.admits(
        "09:41", zhang, library, "library-borrow",
        lambda: library.by_scanning(zhang, item="library-borrow", learn=("name_masked",)), learned=("name_masked",),
    )  # fmt: skip


def _pharmacy(stage: Stage, day: Day, town: Town) -> None:
    pharmacy, li = town.tills["tingting-pharmacy"], town.people["li"]
    old = li.phone.show_code(scene=pharmacy.scene(MEDICINE), at=stage.now() - SCREENSHOT_AGE)
    day.refuses(
        "10:05", li, pharmacy, MEDICINE, lambda: pharmacy.terminal.tap(item=MEDICINE, amount_fen=6_850, code=old),
        reason="CODE_IS_TOO_OLD", amount_fen=6_850,
    )  # fmt: skip
    day.admits(
        "10:06", li, pharmacy, MEDICINE, lambda: pharmacy.by_scanning(li, item=MEDICINE, amount_fen=6_850),
        paid_by={"bank": 6_850},
    )  # fmt: skip
    forged = forge_code(region=AWAY, now=stage.now())
    day.refuses(
        "10:20", None, pharmacy, MEDICINE,
        lambda: pharmacy.terminal.tap(item=MEDICINE, amount_fen=9_900, code=forged),
        reason="ALIAS_IS_FALSE", amount_fen=9_900,
    )  # fmt: skip


def _large_payment(day: Day, town: Town) -> Admitted:
    store, zhang = town.tills["tingting-store"], town.people["zhang"]
    return day.waits_and_confirms(
        "12:10", zhang, store, PURCHASE, lambda: store.by_scanning(zhang, item=PURCHASE, amount_fen=88_000),
        paid_by={"bank": 88_000},
    )  # fmt: skip


def _lost_card(day: Day, town: Town) -> None:
    """The finder of a card tries it, and the thief of a photograph too; both come too late."""
    store, sun = town.tills["tingting-store"], town.people["sun"]
    photographed = sun.phone.show_code(scene=store.scene(PURCHASE))
    sun.phone.report_loss()
    sun_card, lost = "孙建华在手机上临时挂失。", "Sun Jianhua reports his card lost on the phone."
    day.happens("12:30", sun_card, lost)
    day.refuses(
        "12:31", sun, store, PURCHASE,
        lambda: store.by_card(sun, item=PURCHASE, amount_fen=1_500, with_pin=False),
        reason="CARD_IS_TEMPORARILY_REPORTED_LOST", amount_fen=1_500,
    )  # fmt: skip
    day.refuses(
        "12:31", sun, store, PURCHASE,
        lambda: store.terminal.tap(item=PURCHASE, amount_fen=1_500, code=photographed),
        reason="CARD_IS_TEMPORARILY_REPORTED_LOST", amount_fen=1_500,
    )  # fmt: skip
    sun.phone.release_loss()
    sun.phone.associate()
    day.happens("12:50", "卡找到了,刷脸加密码解除挂失。", "The card is found; face and password lift the report.")
    day.admits(
        "12:51", sun, store, PURCHASE, lambda: store.by_scanning(sun, item=PURCHASE, amount_fen=1_500),
        paid_by={"purse": 1_500},
    )  # fmt: skip
    day.notices["sun"].update(card_reported_lost=1, card_released=1)


def _utility(day: Day, town: Town) -> None:
    utility, chen = town.tills["luohuang-utility"], town.people["chen"]
    day.refuses(
        "14:00", chen, utility, BILL, lambda: utility.by_shown_code(chen, item=BILL, amount_fen=2_630),
        reason="STRENGTH_IS_TOO_LOW", amount_fen=2_630,
    )  # fmt: skip
    day.admits(
        "14:01", chen, utility, BILL, lambda: utility.by_scanning(chen, item=BILL, amount_fen=2_630),
        paid_by={"purse": 2_630},
    )  # fmt: skip


def _guangzhou(day: Day, town: Town) -> None:
    hall, liu = town.tills["guangzhou-hall"], town.people["liu"]
    day.admits("15:00", liu, hall, "hall-entry", lambda: hall.by_shown_code(liu, item="hall-entry"))
    day.admits(
        "15:02", liu, hall, "hall-queue",
        lambda: hall.by_shown_code(liu, item="hall-queue", learn=("name_masked", "age_band")),
        learned=("name_masked", "age_band"),
    )  # fmt: skip
    day.admits(
        "15:20", liu, hall, "hall-acceptance",
        lambda: hall.by_scanning(liu, item="hall-acceptance", learn=("name", "id_number")),
        learned=("name", "id_number"),
    )  # fmt: skip
    day.admits(
        "16:10", liu, hall, "hall-pickup",
        lambda: hall.by_card(liu, item="hall-pickup", with_pin=True, learn=("name",)), learned=("name",),
    )  # fmt: skip


def _giving_back(stage: Stage, day: Day, town: Town, washing_machine: Admitted) -> None:
    store, pharmacy = town.tills["tingting-store"], town.tills["tingting-pharmacy"]
    zhang, li = town.people["zhang"], town.people["li"]
    day.refunds("17:00", zhang, store, washing_machine, amount_fen=20_000, bank_fen=20_000)
    paid = day.admits(
        "17:20", li, pharmacy, MEDICINE, lambda: pharmacy.by_scanning(li, item=MEDICINE, amount_fen=3_200),
        paid_by={"bank": 3_200},
    )  # fmt: skip
    day.reverses("17:21", li, pharmacy, paid, bank_fen=3_200)
    shown = pharmacy.terminal.challenge(MEDICINE, 1_500)
    code, request_id = li.phone.scan(shown.text, scene=pharmacy.scene(MEDICINE)), secrets.token_hex(16)
    overtaking = ReversalBody(request_id=request_id, code=code, answers=shown.nonce, item=MEDICINE, amount_fen=1_500)
    met = pharmacy.calls.post("/v1/reversals", Reversal, overtaking)
    stage.expect("nothing", met.found, "what a reversal meets that comes before its original")
    day.refuses(
        "17:25", li, pharmacy, MEDICINE,
        lambda: pharmacy.terminal.tap(
            item=MEDICINE, amount_fen=1_500, code=code, answers=shown.nonce, request_id=request_id
        ),
        reason="TAP_WAS_REVERSED", amount_fen=1_500,
    )  # fmt: skip
