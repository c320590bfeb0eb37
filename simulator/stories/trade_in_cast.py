"""Who and what is in the story of the trade-in: four provinces, five residents, stores. Every name is invented."""

from datetime import date
from typing import NamedTuple

from simulator.stories.neighbour import Part
from simulator.stories.telling import Both
from simulator.stories.till import Shop
from yikatong.kernel.identifiers.credit_code import make_credit_code

BEGINS_ON = date(2024, 10, 20)
YUNNAN, GUANGDONG, HEBEI, JIANGSU = "530000", "440000", "130000", "320000"
REGIONS = (YUNNAN, GUANGDONG, HEBEI, JIANGSU)
SALE = "e-bike-trade-in"
PRICE_FEN = 199_999
"""The new bike's price, the same in every province."""
ITEM_WORDS = {SALE: Both("电动车", "bike")}


class Province(NamedTuple):
    """A province as the story has it: the region, which claims name as their place, and what its budget is given."""

    region: str
    budget_fen: int
    name: Both


PROVINCES = {
    YUNNAN: Province(YUNNAN, 1_000_000, Both("云南", "Yunnan")),
    GUANGDONG: Province(GUANGDONG, 1_000_000, Both("广东", "Guangdong")),
    HEBEI: Province(HEBEI, 1_000_000, Both("河北", "Hebei")),
    JIANGSU: Province(JIANGSU, 80_000, Both("江苏", "Jiangsu")),
}


def _part(key: str, name_zh: str, name_en: str, age: int, *, is_woman: bool, role: Both) -> Part:
    return Part(
        key=key, name_zh=name_zh, name_en=name_en, age=age, is_woman=is_woman, role_zh=role.zh, role_en=role.en,
        bank_balance_fen=400_000,
    )  # fmt: skip


YANG = _part("yang", "杨凤英", "Yang Fengying", 52, is_woman=True, role=Both("云南，在店里立减", "Yunnan: at the till"))
CHEN = _part(
    "chen", "陈志强", "Chen Zhiqiang", 41, is_woman=False, role=Both("广东，先报废后申领", "Guangdong: claims later")
)
LIU = _part(
    "liu", "刘淑芬", "Liu Shufen", 47, is_woman=True, role=Both("河北，领券三天有效", "Hebei: a coupon of three days")
)
ZHOU = _part(
    "zhou",
    "周建国",
    "Zhou Jianguo",
    60,
    is_woman=False,
    role=Both("江苏，三档再加一百", "Jiangsu: three tiers, and more"),
)
WU = _part("wu", "吴敏", "Wu Min", 29, is_woman=True, role=Both("江苏，来晚了一步", "Jiangsu: comes too late"))

PEOPLE = {YUNNAN: (YANG,), GUANGDONG: (CHEN,), HEBEI: (LIU,), JIANGSU: (ZHOU, WU)}

OLD_CODES = {
    "yang": "101222000000011",
    "chen": "101222000000028",
    "liu": "101222000000035",
    "zhou": "101222000000042",
    "wu": "101222000000059",
}
NEW_CODES = {
    "yang": "207312400000017",
    "chen": "207312400000024",
    "liu": "207312400000031",
    "zhou": "207312400000048",
}


def _store(region: str, number: int, short: Both, name: Both, *, sells: bool) -> Shop:
    return Shop(
        key=f"bikes-{region}-{number}", short=short, credit_code=make_credit_code(f"91{region}MA5TT1{number:03d}"),
        name_zh=name.zh, name_en=name.en, kind="shop", division=region, purposes=("retail",),
        learns=("presence_only",), items=(SALE,) if sells else (), receivable_limit_fen=100_000,
    )  # fmt: skip


STORES = {
    YUNNAN: _store(YUNNAN, 1, Both("车行", "store"), Both("云岭亭亭电动车行", "Yunling e-bikes"), sells=True),
    GUANGDONG: _store(GUANGDONG, 2, Both("车行", "store"), Both("岭南亭亭电动车行", "Lingnan e-bikes"), sells=False),
    HEBEI: _store(HEBEI, 3, Both("车行", "store"), Both("燕赵亭亭电动车行", "Yanzhao e-bikes"), sells=False),
    JIANGSU: _store(JIANGSU, 4, Both("车行", "store"), Both("江淮亭亭电动车行", "Jianghuai e-bikes"), sells=True),
}
OFF_THE_LIST = _store(JIANGSU, 5, Both("小店", "shop"), Both("路边电动车店", "a roadside e-bike shop"), sells=False)
RECYCLERS = {
    region: _store(
        region, 6 + place, Both("回收", "recycler"), Both("亭亭再生资源回收", "Tingting recycling"), sells=False
    )
    for place, region in enumerate(REGIONS)
}
