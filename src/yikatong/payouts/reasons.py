"""Why payouts refuses. The words say what happened, what was kept, and what to do next."""

from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import ReasonText


class Reason(KernelReason):
    """Refusals of the room payouts."""

    BANK_REQUEST_ID_IS_USED = ReasonText(
        409, "A bank was asked something else under this id.", "该银行请求编号已用于其他请求。",
        "The earlier request stands as it was. Use a new id for a new request.",
        "原请求不变。新请求请使用新编号。",
    )  # fmt: skip
    BANK_REQUEST_IS_UNKNOWN = ReasonText(
        404, "No bank was asked anything under this id.", "没有该编号的银行请求。",
        "Nothing was changed. Check the id.",
        "未作任何变更。请核对编号。",
    )  # fmt: skip
    STATEMENT_DAY_IS_NOT_A_DAY = ReasonText(
        404, "The day of the statement is not a day of the calendar.", "对账单日期不是有效日期。",
        "Nothing was read. Write the day as 2026-11-25.",
        "未查询。请按2026-11-25的格式填写日期。",
    )  # fmt: skip
    STATEMENT_DAY_HAS_NOT_BEGUN = ReasonText(
        404, "The day of the statement has not begun.", "对账单日期尚未开始。",
        "Nothing was read. Ask for today or a day before.",
        "未查询。请选择今天或以前的日期。",
    )  # fmt: skip
    STATEMENT_DAY_HAS_NOT_ENDED = ReasonText(
        409, "The day is not over, so its statements cannot be made yet.", "当日尚未结束，不能出具对账单。",
        "Nothing was written. Make them five minutes after midnight in Shanghai or later.",
        "未出具。请在北京时间零点五分之后再办理。",
    )  # fmt: skip
    STATEMENT_PROVIDER_IS_UNKNOWN = ReasonText(
        404, "There is no such provider in this region.", "本地区没有该服务机构。",
        "Nothing was read. Check the provider's id.",
        "未查询。请核对服务机构编号。",
    )  # fmt: skip
