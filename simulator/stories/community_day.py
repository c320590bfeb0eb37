"""One day in Tingting community (珞璜镇亭亭社区), and at a service hall in Guangzhou, tap by tap."""

import secrets
from datetime import timedelta

from simulator.stories.community_cast import AWAY, ITEM_WORDS
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
    day = Day(stage, item_words=ITEM_WORDS)
    stage.chapter("早晨 · 社区食堂和商店", "Morning: canteen and shop")
    _breakfast(day, town)
    _shopping(day, town)
    stage.chapter("上午 · 图书馆和药店", "Forenoon: library and pharmacy")
    _library(day, town)
    _pharmacy(stage, day, town)
    stage.chapter("午间 · 一笔大额、一张丢失的卡", "Noon: a large payment, and a card that is lost")
    washing_machine = _large_payment(day, town)
    _lost_card(day, town)
    stage.chapter("下午 · 缴费厅和广州市政务服务大厅", "Afternoon: utility desk; a hall in Guangzhou")
    _utility(day, town)
    _guangzhou(day, town)
    stage.chapter("傍晚 · 退款与冲正", "Evening: a refund and two reversals")
    _giving_back(stage, day, town, washing_machine)
    evening.close(day)
    return day


def _breakfast(day: Day, town: Town) -> None:
    canteen, second, people = town.tills["tingting-canteen"], town.second_till, town.people
    wang, li, chen, zhao = people["wang"], people["li"], people["chen"], people["zhao"]
    day.because("王奶奶插入实体卡，输入密码。", "Grandmother Wang inserts her plastic card and types its password.")
    day.admits(
        "07:10", wang, canteen, MEAL, lambda: canteen.by_card(wang, item=MEAL, amount_fen=800, with_pin=True),
        paid_by={MEALS: 800},
    )  # fmt: skip
    day.because(
        "李国强扫收款码并签名；补贴先付，其余由银行卡付。",
        "Li Guoqiang scans and signs; his benefit pays first, his bank the rest.",
    )
    day.admits(
        "07:20", li, canteen, MEAL, lambda: canteen.by_scanning(li, item=MEAL, amount_fen=2_600),
        paid_by={MEALS: 2_000, "bank": 600},
    )  # fmt: skip
    day.because(
        "陈桂兰只亮码：她为自己开通了小额免确认。",
        "Chen Guilan only shows her code: she has allowed herself small payments.",
    )
    code = chen.phone.show_code(scene=canteen.scene(MEAL))
    day.admits(
        "07:25", chen, canteen, MEAL, lambda: canteen.terminal.tap(item=MEAL, amount_fen=1_200, code=code),
        paid_by={"purse": 1_200},
    )  # fmt: skip
    day.because("同一个码又出现在另一台终端上。", "The same code turns up at another till.")
    day.refuses(
        "07:26", chen, second, MEAL, lambda: second.terminal.tap(item=MEAL, amount_fen=1_200, code=code),
        reason="CODE_ALREADY_USED", amount_fen=1_200,
    )  # fmt: skip
    day.hears("07:26", chen, "code_used_twice")
    counter = town.home.counter
    day.because(
        "赵刚忘带卡和手机；经办人核对身份证后见证。",
        "Zhao Gang forgot both; an operator checks his ID card and attests.",
    )
    day.admits(
        "07:40", zhao, canteen, MEAL,
        lambda: canteen.by_operator(
            zhao, operator=counter, why="忘带卡和手机，已核对身份证", item=MEAL, amount_fen=950
        ),
        paid_by={"purse": 950},
    )  # fmt: skip


def _shopping(day: Day, town: Town) -> None:
    canteen, store = town.tills["tingting-canteen"], town.tills["tingting-store"]
    yiming, he = town.people["yiming"], town.people["he"]
    day.because("食堂的终端没有登记卖货。", "The canteen's till is not registered for selling goods.")
    day.refuses(
        "07:50", yiming, canteen, PURCHASE, lambda: canteen.by_scanning(yiming, item=PURCHASE, amount_fen=1_350),
        reason="TERMINAL_MAY_NOT_OFFER_THIS_ITEM", amount_fen=1_350,
    )  # fmt: skip
    day.admits(
        "07:55", yiming, store, PURCHASE, lambda: store.by_scanning(yiming, item=PURCHASE, amount_fen=1_350),
        paid_by={"purse": 1_350},
    )  # fmt: skip
    day.because("他的钱包里只剩1.50元。", "His purse has 1.50 yuan left.")
    day.refuses(
        "07:56", yiming, store, PURCHASE, lambda: store.by_scanning(yiming, item=PURCHASE, amount_fen=600),
        reason="BALANCE_IS_TOO_LOW", amount_fen=600,
    )  # fmt: skip
    day.because("何俊持广州的卡；两地互认，照常付款。", "He Jun's card is Guangzhou's; it is recognised here and pays.")
    day.admits(
        "08:30", he, store, PURCHASE, lambda: store.by_scanning(he, item=PURCHASE, amount_fen=2_580),
        paid_by={"purse": 2_580},
    )  # fmt: skip
    day.because("商店这次还想知道他的姓名。", "This time the shop also wants to know his name.")
    day.refuses(
        "08:31", he, store, PURCHASE,
        lambda: store.by_scanning(he, item=PURCHASE, amount_fen=300, learn=("name",)),
        reason="TERMINAL_MAY_NOT_LEARN_THIS", amount_fen=300,
    )  # fmt: skip


def _library(day: Day, town: Town) -> None:
    library, zhang, yu = town.tills["luohuang-library"], town.people["zhang"], town.people["yu"]
    day.because(
        "小雨刷实体卡进门，书屋只知道来了一位读者。",
        "Xiaoyu taps her card; the library learns only that a reader came.",
    )
    day.admits("09:10", yu, library, "library-entry", lambda: library.by_card(yu, item="library-entry", with_pin=False))
    day.admits(
        "09:10", zhang, library, "library-entry",
        lambda: library.by_shown_code(zhang, item="library-entry", learn=("age_band",)), learned=("age_band",),
    )  # fmt: skip
    day.because(
        "借书须本人手机签名，只亮码不够。", "Borrowing takes a signature of her phone; a bare code is not enough."
    )
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
    day.because("李国强出示十分钟前的截图。", "Li Guoqiang shows a screenshot that is ten minutes old.")
    old = li.phone.show_code(scene=pharmacy.scene(MEDICINE), at=stage.now() - SCREENSHOT_AGE)
    day.refuses(
        "10:05", li, pharmacy, MEDICINE, lambda: pharmacy.terminal.tap(item=MEDICINE, amount_fen=6_850, code=old),
        reason="CODE_IS_TOO_OLD", amount_fen=6_850,
    )  # fmt: skip
    day.admits(
        "10:06", li, pharmacy, MEDICINE, lambda: pharmacy.by_scanning(li, item=MEDICINE, amount_fen=6_850),
        paid_by={"bank": 6_850},
    )  # fmt: skip
    day.because(
        "有人自造密钥，冒充广州签发的卡码。", "Somebody forges a code in Guangzhou's name, with keys of his own."
    )
    forged = forge_code(region=AWAY, now=stage.now())
    day.refuses(
        "10:20", None, pharmacy, MEDICINE,
        lambda: pharmacy.terminal.tap(item=MEDICINE, amount_fen=9_900, code=forged),
        reason="ALIAS_IS_FALSE", amount_fen=9_900,
    )  # fmt: skip


def _large_payment(day: Day, town: Town) -> Admitted:
    store, zhang = town.tills["tingting-store"], town.people["zhang"]
    day.because(
        "大额消费，张丽须在手机上核对收款方和金额并确认。",
        "A large sum: Zhang Li reads payee and amount on her phone, and confirms.",
    )
    return day.waits_and_confirms(
        "12:10", zhang, store, PURCHASE, lambda: store.by_scanning(zhang, item=PURCHASE, amount_fen=88_000),
        paid_by={"bank": 88_000},
    )  # fmt: skip


def _lost_card(day: Day, town: Town) -> None:
    """The finder of a card tries it, and the thief of a photograph too; both come too late."""
    store, sun = town.tills["tingting-store"], town.people["sun"]
    photographed = sun.phone.show_code(scene=store.scene(PURCHASE))
    sun.phone.report_loss()
    day.happens("12:30", "孙建华在手机上临时挂失。", "Sun Jianhua reports his card lost on the phone.")
    day.hears("12:30", sun, "card_reported_lost")
    day.because(
        "捡到卡的人来刷卡，拍下卡码的人来亮码。",
        "The finder tries the card; whoever photographed the code tries that.",
    )
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
    day.happens("12:50", "卡找到了，刷脸加密码解除挂失。", "The card is found; face and password lift the report.")
    day.hears("12:50", sun, "card_released")
    day.admits(
        "12:51", sun, store, PURCHASE, lambda: store.by_scanning(sun, item=PURCHASE, amount_fen=1_500),
        paid_by={"purse": 1_500},
    )  # fmt: skip


def _utility(day: Day, town: Town) -> None:
    utility, chen = town.tills["luohuang-utility"], town.people["chen"]
    day.because("水电费不能只凭亮码支付。", "A utility bill is not paid by a bare code.")
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
    day.because(
        "刘洋持江津的卡到广州办事；到了窗口，才告知姓名和证号。",
        "Liu Yang's card is Jiangjin's; only the counter there learns who she is.",
    )
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
    day.because("洗衣机有划痕，商店退还200元。", "The washing machine has a scratch; the shop gives 200 yuan back.")
    day.refunds("17:00", zhang, store, washing_machine, amount_fen=20_000, bank_fen=20_000)
    paid = day.admits(
        "17:20", li, pharmacy, MEDICINE, lambda: pharmacy.by_scanning(li, item=MEDICINE, amount_fen=3_200),
        paid_by={"bank": 3_200},
    )  # fmt: skip
    day.because("终端没有收到答复，于是把整笔付款冲正。", "The till got no answer, so it takes the whole payment back.")
    day.reverses("17:21", li, pharmacy, paid, bank_fen=3_200)
    day.because(
        "冲正先到，原请求后到：迟到的请求不再扣款。", "A reversal overtakes its tap: the late tap charges nobody."
    )
    shown = pharmacy.terminal.challenge(MEDICINE, 1_500)
    code, request_id = li.phone.scan(shown.text, scene=pharmacy.scene(MEDICINE)), secrets.token_hex(16)
    overtaking = ReversalBody(request_id=request_id, code=code, answers=shown.nonce, item=MEDICINE, amount_fen=1_500)
    met = pharmacy.calls.post("/v1/reversals", Reversal, overtaking)
    stage.expect("nothing", met.found, "what a reversal meets that comes before its original")
    day.reversals += 1
    day.refuses(
        "17:25", li, pharmacy, MEDICINE,
        lambda: pharmacy.terminal.tap(
            item=MEDICINE, amount_fen=1_500, code=code, answers=shown.nonce, request_id=request_id
        ),
        reason="TAP_WAS_REVERSED", amount_fen=1_500,
    )  # fmt: skip
