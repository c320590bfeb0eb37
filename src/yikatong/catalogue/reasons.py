"""Why the catalogue refuses, in both languages."""

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import ReasonText


class Reason(AnyReason):
    """Why the catalogue refuses."""

    ITEM_IS_NOT_ON_THE_LIST = ReasonText(
        404,
        "The item is not on the application item list in force here.",
        "该事项不在本地现行的应用项目清单中。",
        "Nothing was done. Look up the items of this region under /v1/items.",
        "未作任何办理。请查询本地区的应用项目清单。",
    )
    ITEM_PERIODS_OVERLAP = ReasonText(
        409,
        "Another entry of this item counts on some of these days.",
        "该事项在此期间已有另一条有效记录。",
        "Nothing was changed. End the entry in force first, or choose a later day.",
        "未作任何改动。请先终止现行记录，或改为更晚的日期。",
    )
    ITEM_TERMS_DO_NOT_FIT = ReasonText(
        422,
        "The terms of the item contradict each other.",
        "该事项的条款互相矛盾。",
        "Nothing was changed. `about` names the term that does not fit.",
        "未作任何改动。请按提示更正条款。",
    )
    ITEM_ENDS_BEFORE_IT_BEGINS = ReasonText(
        422,
        "The last day lies before the first, or in the past.",
        "终止日期早于起始日期或已经过去。",
        "Nothing was changed. Give a day after the entry's first day, today at the earliest.",
        "未作任何改动。请填写晚于起始日且不早于今天的日期。",
    )
    ITEM_NUMBERS_ARE_USED_UP = ReasonText(
        409,
        "Every item number has been given out.",
        "事项编号已用完。",
        "Nothing was changed. Reuse the code of an item that ended.",
        "未作任何改动。请沿用已终止事项的代码。",
    )
    PROVIDER_IS_UNKNOWN = ReasonText(
        404,
        "No provider with this id is known in the region.",
        "本地区没有该服务机构。",
        "Nothing was changed. Check the id, or register the provider first.",
        "未作任何改动。请核对编号，或先登记服务机构。",
    )
    PROVIDER_IS_REGISTERED_DIFFERENTLY = ReasonText(
        409,
        "A provider with this credit code is registered with other particulars.",
        "该统一社会信用代码已登记，但信息不一致。",
        "Nothing was changed. Compare with the registered provider.",
        "未作任何改动。请与已登记信息核对。",
    )
    PLACE_IS_UNKNOWN = ReasonText(
        404,
        "The provider has no place with this id.",
        "该服务机构没有此服务场所。",
        "Nothing was changed. Check the id, or register the place first.",
        "未作任何改动。请核对编号，或先登记服务场所。",
    )
    PLACE_IS_REGISTERED_DIFFERENTLY = ReasonText(
        409,
        "The provider has a place of this name in another division.",
        "该服务机构已有同名场所，但行政区划不同。",
        "Nothing was changed. Give the place another name.",
        "未作任何改动。请更换场所名称。",
    )
    TERMINAL_IS_UNKNOWN = ReasonText(
        404,
        "No terminal with this id is known in the region.",
        "本地区没有该终端。",
        "Nothing was changed. Check the id, or register the terminal first.",
        "未作任何改动。请核对编号，或先登记终端。",
    )
    TERMINAL_IS_REVOKED = ReasonText(
        403,
        "This terminal has been revoked.",
        "该终端已被停用。",
        "Nothing was done. Ask the provider; a revoked terminal is registered anew with a new key.",
        "未作任何办理。请联系服务机构；停用的终端须用新密钥重新登记。",
    )
    TERMINAL_KEY_IS_REGISTERED = ReasonText(
        409,
        "Another terminal has this public key, or had it once.",
        "该公钥已被其他终端使用。",
        "Nothing was changed. Make a fresh key on the device.",
        "未作任何改动。请在设备上生成新密钥。",
    )
    PURPOSES_DO_NOT_COVER_THE_ITEM = ReasonText(
        422,
        "The terminal shall serve an item that belongs to none of its purposes.",
        "终端拟办理的事项不属于其任何用途。",
        "Nothing was changed. Add the purpose, or leave the item out.",
        "未作任何改动。请增加相应用途或去掉该事项。",
    )
    PURPOSES_DO_NOT_COVER_THE_DATA = ReasonText(
        422,
        "The terminal shall learn data that no item of its purposes tells.",
        "终端拟获取的信息超出其用途所涉事项的范围。",
        "Nothing was changed. Ask only for what the items of its purposes name.",
        "未作任何改动。请仅申请其用途所涉事项列明的信息。",
    )
    RECOGNITION_PERIODS_OVERLAP = ReasonText(
        409,
        "The regions already recognise each other for this on some of these days.",
        "两地在此期间已有同一事项的互认记录。",
        "Nothing was changed. End the recognition in force first.",
        "未作任何改动。请先终止现行互认。",
    )
    RECOGNITION_IS_UNKNOWN = ReasonText(
        404,
        "No such recognition is in force.",
        "没有此项现行互认。",
        "Nothing was changed. Look up the recognitions of the region.",
        "未作任何改动。请查询本地区的互认记录。",
    )
    RECOGNITION_NEEDS_TWO_REGIONS = ReasonText(
        422,
        "A region cannot recognise itself.",
        "地区不能与自身互认。",
        "Nothing was changed. Cards of a region always count in it.",
        "未作任何改动。本地卡在本地始终有效。",
    )
