"""Why a crop subsidy is refused, in the order in which the first reason is told."""

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import ReasonText


class Reason(AnyReason):
    """Why a crop subsidy gets nothing."""

    CROP_RATE_NOT_PUBLISHED = ReasonText(
        422,
        "Nobody published a rate for this crop in this place, or it is not known here.",
        "该地区该作物的补贴标准未公布或本平台尚未获知。",
        "Nothing was paid. Ask the place's agriculture department; no rate is invented here.",
        "未付款。请向当地农业农村部门查询；本平台不自行设定标准。",
    )
    SOWING_IS_OUTSIDE_THE_WINDOW = ReasonText(
        422,
        "The field was sown before or after the days that count.",
        "播种日期不在规定期间内。",
        "Nothing was paid. The days are named.",
        "未付款。规定的期间已注明。",
    )
    LAND_IS_ABANDONED = ReasonText(
        422,
        "The land lies fallow or is used for something else.",
        "该地块撂荒或已改作他用。",
        "Nothing was paid. Land counts again from the season in which it is tilled.",
        "未付款。恢复耕种后从当季起可申领。",
    )
    AREA_IS_BELOW_THE_MINIMUM = ReasonText(
        422,
        "The area is smaller than the smallest that counts.",
        "面积低于补贴的最小面积。",
        "Nothing was paid. The smallest area is named; fields of one household count together.",
        "未付款。最小面积已注明；同一农户的地块合并计算。",
    )
    AREA_IS_OVER_THE_CONTRACTED = ReasonText(
        422,
        "The area sown is larger than the area contracted.",
        "播种面积大于承包面积。",
        "Nothing was paid. Have the village measure the field, and claim what was contracted.",
        "未付款。请由村里复核面积，并按承包面积申领。",
    )
