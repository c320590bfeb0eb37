"""What the formula of the trade-in asks of a case, version 1."""

from yikatong.programmes.formulas.trade_in.terms_1 import EvidenceKind, NewBattery, OldBattery
from yikatong.programmes.model.facts import (
    choice_fact,
    choices_fact,
    count_fact,
    day_fact,
    digits_fact,
    flag_fact,
    moment_fact,
    yuan_fact,
)

CHANNELS = ("store", "online")

FACTS = (
    yuan_fact(
        "price", zh="新车价格（优惠后、补贴前）", en="price after discounts, before subsidy", required=True, least=1
    ),
    choice_fact(
        "old_battery", tuple(OldBattery), zh="旧车电池", en="the old bike's battery", required=True, option="old"
    ),
    choice_fact(
        "new_battery", tuple(NewBattery), zh="新车电池", en="the new bike's battery", required=True, option="new"
    ),
    day_fact("bought_on", zh="新车发票日期", en="date of the new bike's invoice"),
    choice_fact("channel", CHANNELS, zh="购买渠道", en="where it was bought"),
    day_fact("handed_in_on", zh="旧车交售日期", en="day of handing the old bike in"),
    day_fact("old_registered_on", zh="旧车登记日期", en="day of the old bike's registration"),
    day_fact("old_cancelled_on", zh="旧车注销日期", en="day on which the old plate was cancelled"),
    day_fact("new_registered_on", zh="新车登记日期", en="day of the new bike's registration"),
    moment_fact("claimed_at", zh="申领时间", en="moment of the claim"),
    day_fact("coupon_taken_on", zh="领券日期", en="day on which the coupon was taken"),
    count_fact("age_years", zh="申领人周岁年龄", en="the applicant's age in years", most=150),
    count_fact("earlier_claims", zh="此前已用次数", en="claims used before", most=1_000),
    yuan_fact("reference_price", zh="承诺参考价", en="the price that the store pledged not to exceed"),
    yuan_fact("budget_left", zh="剩余资金", en="money left"),
    flag_fact("old_owner_is_applicant", zh="旧车所有人为申领人", en="the old bike is the applicant's"),
    flag_fact("new_owner_is_applicant", zh="新车所有人为申领人", en="the new bike is the applicant's"),
    flag_fact("invoice_names_applicant", zh="发票抬头为申领人", en="the invoice names the applicant"),
    flag_fact("old_is_plated", zh="旧车有号牌", en="the old bike has a plate"),
    flag_fact("pledge_is_given", zh="已交合法来源承诺", en="a pledge of lawful origin is given"),
    flag_fact("new_is_certified", zh="新车经认证", en="the new bike is certified"),
    flag_fact("store_is_listed", zh="门店在名单内", en="the store is on the list"),
    flag_fact("recycler_is_listed", zh="回收企业在名单内", en="the recycler is on the list"),
    flag_fact("battery_is_checked", zh="旧车做过电池健康评估", en="the old battery was checked"),
    digits_fact("old_code", places=15, zh="旧车整车编码", en="the old bike's whole-vehicle code"),
    digits_fact("new_code", places=15, zh="新车整车编码", en="the new bike's whole-vehicle code"),
    choices_fact("evidence", tuple(EvidenceKind), zh="已交材料", en="papers given"),
)
