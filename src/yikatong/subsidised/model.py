"""Why a subsidised sale is not paid, or not given back."""

from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import ReasonText


class Reason(KernelReason):
    """Why a subsidised sale is refused at the till, in the order in which the first reason is told."""

    PRICE_IS_NOT_THE_ENTERED_ONE = ReasonText(
        409, "The amount is not the full price that the store entered for this sale.",
        "金额与门店录入的全价不一致。",
        "Nothing was charged. Tap for the full price: the subsidy is taken off by the platform.",
        "未扣款。请按录入的全价结算，补贴由平台立减。",
    )  # fmt: skip
    SALE_WAS_ENTERED_ON_ANOTHER_DAY = ReasonText(
        409, "The sale was entered for another day than today.", "该销售录入的日期不是今天。",
        "Nothing was charged. The store takes the entry back and enters the sale anew.",
        "未扣款。请门店撤销后重新录入。",
    )  # fmt: skip
    GOODS_COME_BACK_WHOLE = ReasonText(
        409, "A subsidised sale is given back whole, or not at all.", "享受补贴的销售只能整单退货退款。",
        "Nothing was given back. Refund the full price when the bike has come back; the subsidy goes to the treasury.",
        "未退款。请在车辆退回后按全价退款，补贴部分退回财政。",
    )  # fmt: skip
    SUBSIDY_WAS_CLAWED_BACK = ReasonText(
        409, "The subsidy of this sale was clawed back already, so only what the buyer paid is given back.",
        "该销售的补贴已被追回，只退还居民自付部分。",
        "Nothing was given back. Refund at most the buyer's own share.",
        "未退款。请按居民自付金额退款。",
    )  # fmt: skip
