"""Who and what is in the story of Tingting community: residents, providers, regions. Every name is invented."""

from simulator.stories.neighbour import Part
from simulator.stories.telling import Both
from simulator.stories.till import Shop
from yikatong.kernel.identifiers.credit_code import make_credit_code

HOME = "500116"
"""Jiangjin district of Chongqing, where Luohuang town and its Tingting community are."""
AWAY = "440100"
"""Guangzhou."""

WANG = Part(
    key="wang", name_zh="王秀英", name_en="Wang Xiuying", age=74, is_woman=True, has_phone=False,
    role_zh="只用实体卡的奶奶", role_en="a grandmother; has the plastic card only", meals_fen=3_000, purse_fen=5_000,
)  # fmt: skip
LI = Part(
    key="li", name_zh="李国强", name_en="Li Guoqiang", age=68, is_woman=False,
    role_zh="退休职工", role_en="retired", meals_fen=2_000, bank_balance_fen=200_000,
)  # fmt: skip
CHEN = Part(
    key="chen", name_zh="陈桂兰", name_en="Chen Guilan", age=66, is_woman=True,
    role_zh="李国强的老伴", role_en="his wife", purse_fen=10_000, limits_fen=(3_000, 10_000),
)  # fmt: skip
ZHANG = Part(
    key="zhang", name_zh="张丽", name_en="Zhang Li", age=38, is_woman=True,
    role_zh="上班的妈妈", role_en="a working mother", bank_balance_fen=500_000,
)  # fmt: skip
YU = Part(
    key="yu", name_zh="张小雨", name_en="Zhang Xiaoyu", age=5, is_woman=True, has_phone=False,
    role_zh="张丽的女儿", role_en="her daughter", guardian="zhang", relation="32",
)  # fmt: skip
ZHAO = Part(
    key="zhao", name_zh="赵刚", name_en="Zhao Gang", age=45, is_woman=False, has_phone=False,
    role_zh="卡和手机都忘带了", role_en="forgot card and phone today", purse_fen=6_000,
)  # fmt: skip
YIMING = Part(
    key="yiming", name_zh="赵一鸣", name_en="Zhao Yiming", age=16, is_woman=False,
    role_zh="赵刚的儿子，高中生", role_en="his son, at school", purse_fen=1_500, guardian="zhao", relation="21",
)  # fmt: skip
SUN = Part(
    key="sun", name_zh="孙建华", name_en="Sun Jianhua", age=57, is_woman=False,
    role_zh="丢了卡又找到", role_en="loses the card and finds it", purse_fen=4_000,
)  # fmt: skip
LIU = Part(
    key="liu", name_zh="刘洋", name_en="Liu Yang", age=33, is_woman=True,
    role_zh="在广州办事", role_en="has something to do in Guangzhou",
)  # fmt: skip
HE = Part(
    key="he", name_zh="何俊", name_en="He Jun", age=29, is_woman=False,
    role_zh="新来的邻居，持广州卡", role_en="a newcomer with Guangzhou's card", purse_fen=8_000,
)  # fmt: skip

AT_HOME = (WANG, LI, CHEN, ZHANG, YU, ZHAO, YIMING, SUN, LIU)
FROM_AWAY = (HE,)

CANTEEN = Shop(
    key="tingting-canteen", short=Both("食堂", "canteen"), credit_code=make_credit_code("91500116MA5TT0001"),
    name_zh="亭亭社区食堂", name_en="Tingting community canteen", kind="canteen", division=HOME,
    purposes=("community",), learns=("presence_only",), items=("community-meal",),
)  # fmt: skip
STORE = Shop(
    key="tingting-store", short=Both("商店", "shop"), credit_code=make_credit_code("91500116MA5TT0002"),
    name_zh="亭亭便民商店", name_en="Tingting corner shop", kind="shop", division=HOME,
    purposes=("retail",), learns=("presence_only",), items=("shop-purchase",), receivable_limit_fen=100_000,
)  # fmt: skip
PHARMACY = Shop(
    key="tingting-pharmacy", short=Both("药店", "pharmacy"), credit_code=make_credit_code("91500116MA5TT0003"),
    name_zh="亭亭大药房", name_en="Tingting pharmacy", kind="pharmacy", division=HOME,
    purposes=("health",), learns=("presence_only",), items=("pharmacy-purchase",),
)  # fmt: skip
LIBRARY = Shop(
    key="luohuang-library", short=Both("书屋", "library"), credit_code=make_credit_code("12500116MA5TT0004"),
    name_zh="珞璜镇图书馆亭亭分馆", name_en="Luohuang library, Tingting branch", kind="library", division=HOME,
    purposes=("culture",), learns=("presence_only", "age_band", "name_masked"),
    items=("library-entry", "library-borrow"),
)  # fmt: skip
UTILITY = Shop(
    key="luohuang-utility", short=Both("水电", "utility"), credit_code=make_credit_code("91500116MA5TT0005"),
    name_zh="珞璜水电气缴费厅", name_en="Luohuang utility desk", kind="utility", division=HOME,
    purposes=("utilities",), learns=("presence_only",), items=("utility-bill",),
)  # fmt: skip
HALL = Shop(
    key="guangzhou-hall", short=Both("大厅", "hall"), credit_code=make_credit_code("11440100MA5TT0006"),
    name_zh="广州市政务服务大厅", name_en="Guangzhou government service hall", kind="government", division=AWAY,
    purposes=("government",), learns=("presence_only", "age_band", "name_masked", "name", "id_number"),
    items=("hall-entry", "hall-queue", "hall-acceptance", "hall-pickup"),
)  # fmt: skip

SHOPS_AT_HOME = (CANTEEN, STORE, PHARMACY, LIBRARY, UTILITY)

ITEM_WORDS = {
    "community-meal": Both("用餐", "meal"),
    "shop-purchase": Both("购物", "goods"),
    "pharmacy-purchase": Both("购药", "drugs"),
    "library-entry": Both("入馆", "entry"),
    "library-borrow": Both("借书", "borrow"),
    "utility-bill": Both("缴费", "bill"),
    "hall-entry": Both("进门", "entry"),
    "hall-queue": Both("取号", "ticket"),
    "hall-acceptance": Both("受理", "apply"),
    "hall-pickup": Both("领件", "pickup"),
}
"""The items of the story, each in a word, for a terminal in which the names of the list have no place."""
