"""Why an allowance is refused, in the order in which the first reason is told."""

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import ReasonText


class Reason(AnyReason):
    """Why an allowance gets nothing."""

    ALLOWANCE_NOT_PUBLISHED = ReasonText(
        422,
        "Nobody published the allowance for this place, or it is not known here.",
        "该地区的津贴标准未公布或本平台尚未获知。",
        "Nothing was paid. Ask the place's civil affairs department; no amount is invented here.",
        "未付款。请向当地民政部门查询；本平台不自行设定标准。",
    )
    RESIDENT_IS_REGISTERED_ELSEWHERE = ReasonText(
        422,
        "The resident is not registered in this place.",
        "该居民的户籍不在本地。",
        "Nothing was paid. The place of registration pays the allowance.",
        "未付款。请向户籍所在地申领。",
    )
    NEITHER_AGE_NOR_DISABILITY_COUNTS = ReasonText(
        422,
        "The resident has neither the age nor the level of disability that the place asks for.",
        "该居民的年龄和残疾等级均未达到规定。",
        "Nothing was paid. The ages and levels are named; the allowance begins in the month of the birthday.",
        "未付款。规定的年龄和等级已注明；自生日当月起发放。",
    )
    MONTHS_ARE_MORE_THAN_MAY_BE_PAID_BACK = ReasonText(
        422,
        "More months are claimed at once than the place pays back.",
        "一次补发的月数超过规定。",
        "Nothing was paid. Claim the months that the place allows; the number is named.",
        "未付款。请按规定的月数申领；上限已注明。",
    )
