"""Why a trade-in is refused, in the order in which the first reason is told."""

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import ReasonText


class Reason(AnyReason):
    """Why a trade-in gets nothing."""

    RULE_NOT_PUBLISHED = ReasonText(
        422,
        "Nobody published the amount for this place and these batteries, or it is not known here.",
        "该地区、该电池类型的补贴金额未公布或本平台尚未获知。",
        "Nothing was paid. Ask the place's commerce department for its notice; no amount is invented here.",
        "未付款。请向当地商务部门索取通知；本平台不自行设定金额。",
    )
    PURCHASE_IS_OUTSIDE_THE_WINDOW = ReasonText(
        422,
        "The new bike's invoice is dated before or after the days of the programme.",
        "新车发票日期不在活动期内。",
        "Nothing was paid. Check the date on the invoice; the days are named.",
        "未付款。请核对发票日期；活动日期已注明。",
    )
    HAND_IN_IS_OUTSIDE_THE_WINDOW = ReasonText(
        422,
        "The old bike was handed in before or after the days of the programme.",
        "旧车交售日期不在活动期内。",
        "Nothing was paid. Check the date on the recovery proof; the days are named.",
        "未付款。请核对回收证明日期；活动日期已注明。",
    )
    OLD_REGISTRATION_IS_OUTSIDE_THE_WINDOW = ReasonText(
        422,
        "The old bike was registered too late to count.",
        "旧车登记上牌日期不符合要求。",
        "Nothing was paid. Check the old licence; the last day is named.",
        "未付款。请核对旧车行驶证；截止日期已注明。",
    )
    CANCELLATION_IS_OUTSIDE_THE_WINDOW = ReasonText(
        422,
        "The old plate was cancelled before or after the days that count.",
        "旧车注销日期不符合要求。",
        "Nothing was paid. Check the cancellation proof of the police; the days are named.",
        "未付款。请核对公安交管部门的注销证明；日期已注明。",
    )
    NEW_REGISTRATION_IS_OUTSIDE_THE_WINDOW = ReasonText(
        422,
        "The new bike was registered before or after the days that count.",
        "新车登记上牌日期不符合要求。",
        "Nothing was paid. Check the new licence; the days are named.",
        "未付款。请核对新车行驶证；日期已注明。",
    )
    CLAIM_IS_OUTSIDE_THE_WINDOW = ReasonText(
        422,
        "The claim came before the claims opened or after the last permitted time.",
        "申领时间早于开始时间或晚于最后期限。",
        "Nothing was paid. The permitted time is named.",
        "未付款。允许申领的时间已注明。",
    )
    APPLICANT_IS_TOO_YOUNG = ReasonText(
        422,
        "The applicant is younger than the programme asks.",
        "申领人未达到规定年龄。",
        "Nothing was paid. An adult who owns the old bike may claim in their own name.",
        "未付款。旧车所有人为成年人的，可由其本人申领。",
    )
    OLD_BIKE_IS_OF_ANOTHER_PERSON = ReasonText(
        422,
        "The old bike is not the applicant's own.",
        "旧车不在申领人本人名下。",
        "Nothing was paid. The owner of the old bike claims, and buys the new one in the same name.",
        "未付款。请由旧车所有人申领，并以本人名义购买新车。",
    )
    NEW_BIKE_IS_OF_ANOTHER_PERSON = ReasonText(
        422,
        "The new bike is registered in another person's name.",
        "新车登记在他人名下。",
        "Nothing was paid. Old owner, new owner and applicant must be one person.",
        "未付款。旧车所有人、新车所有人与申领人须为同一人。",
    )
    INVOICE_IS_OF_ANOTHER_PERSON = ReasonText(
        422,
        "The invoice names another person than the applicant.",
        "发票抬头不是申领人本人。",
        "Nothing was paid. Ask the store for an invoice in the applicant's own name.",
        "未付款。请让门店开具申领人本人抬头的发票。",
    )
    OLD_AND_NEW_ARE_ONE_VEHICLE = ReasonText(
        422,
        "Old and new bike have the same whole-vehicle code.",
        "旧车与新车的整车编码相同。",
        "Nothing was paid. Read both codes again from frame and certificate.",
        "未付款。请重新核对车架和合格证上的两个编码。",
    )
    OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP = ReasonText(
        422,
        "The old bike has neither the plate nor the pledge that this place asks for.",
        "旧车既无号牌，也无当地认可的合法来源承诺。",
        "Nothing was paid. Bring the old licence or, where the place allows it, a pledge of lawful origin.",
        "未付款。请提供旧车行驶证；当地允许的，可提交合法来源承诺书。",
    )
    OLD_BIKE_HAS_NO_BATTERY = ReasonText(
        422,
        "The old bike was handed in without its battery.",
        "旧车交售时未带电池。",
        "Nothing was paid. Hand in the bike with its battery.",
        "未付款。请连同电池一并交售旧车。",
    )
    NEW_BIKE_IS_NOT_CERTIFIED = ReasonText(
        422,
        "The new bike has no valid certificate of conformity.",
        "新车没有有效的强制性产品认证。",
        "Nothing was paid. Only certified bikes count; ask the store for the certificate.",
        "未付款。仅经认证的新车可享受补贴；请向门店索取证书。",
    )
    RECYCLER_IS_NOT_LISTED = ReasonText(
        422,
        "The recycler was not on the list on that day.",
        "回收企业当日不在公布名单内。",
        "Nothing was paid. Hand the old bike in at a listed recycler.",
        "未付款。请把旧车交给名单内的回收企业。",
    )
    STORE_IS_NOT_LISTED = ReasonText(
        422,
        "The store was not on the list on that day.",
        "销售门店当日不在公布名单内。",
        "Nothing was paid. Only purchases from listed stores count.",
        "未付款。仅在名单内门店购买的新车可享受补贴。",
    )
    HAND_IN_IS_IN_THE_WRONG_ORDER = ReasonText(
        422,
        "Old bike and new bike came in another order than the place asks.",
        "交旧与购新的先后顺序不符合当地规定。",
        "Nothing was paid. The order is named; some places do not allow it to be reversed.",
        "未付款。规定的先后顺序已注明；部分地区不得颠倒。",
    )
    CANCELLATION_IS_IN_THE_WRONG_ORDER = ReasonText(
        422,
        "The old plate was cancelled after the new bike was bought.",
        "旧车注销晚于新车购买。",
        "Nothing was paid. This place asks for scrapping and cancellation before the purchase.",
        "未付款。当地要求先报废注销，再购买新车。",
    )
    CLAIM_IS_BEFORE_THE_PURCHASE = ReasonText(
        422,
        "The claim was made before the new bike was bought.",
        "申领早于购买新车。",
        "Nothing was paid. This place asks to buy first and to claim afterwards.",
        "未付款。当地要求先购车、后申领。",
    )
    COUPON_HAS_ENDED = ReasonText(
        422,
        "The coupon was used after its last day, or before it was taken.",
        "资格券已过期，或在领取之前使用。",
        "Nothing was paid. Take a new coupon if the place allows a second one.",
        "未付款。当地允许再次领取的，请重新领取。",
    )
    PRICE_IS_BELOW_THE_MINIMUM = ReasonText(
        422,
        "The new bike costs less than the smallest price that counts.",
        "新车价格低于补贴的最低价格。",
        "Nothing was paid. The smallest price is named; it counts after every discount and before the subsidy.",
        "未付款。最低价格已注明，按优惠后、补贴前的价格计算。",
    )
    PRICE_IS_OVER_THE_PLEDGE = ReasonText(
        422,
        "The price is above the one that the store pledged not to exceed.",
        "售价高于门店承诺的价格。",
        "Nothing was paid. Ask the store for the pledged price; the department looks into it.",
        "未付款。请要求门店按承诺价格销售；主管部门将核查。",
    )
    CLAIMS_ARE_USED_UP = ReasonText(
        409,
        "This person has used every claim that the place allows.",
        "该申领人的补贴次数已用完。",
        "Nothing was paid; earlier claims stay as they are. A returned purchase still counts as used.",
        "未付款；此前的申领保持不变。已退货的也计入次数。",
    )
    EVIDENCE_IS_MISSING = ReasonText(
        422,
        "A paper that the place asks for is missing.",
        "缺少当地要求的材料。",
        "Nothing was paid. Add what is named, and the claim is decided again.",
        "未付款。请补齐注明的材料，之后重新核定。",
    )
    BUDGET_IS_USED_UP = ReasonText(
        409,
        "The programme's money for this place is used up.",
        "该地区的补贴资金已用完。",
        "Nothing was paid, and the claim was not counted. Some places open more money later.",
        "未付款，也未计入次数。部分地区之后会追加资金。",
    )
