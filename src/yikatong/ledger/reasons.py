"""Why the ledger refuses. The words say what happened, what was kept, and what to do next."""

from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import ReasonText


class Reason(KernelReason):
    """Why the ledger refuses. The order of the members is the order of refusals."""

    TRANSFER_DOES_NOT_BALANCE = ReasonText(
        422, "The transfer's sides do not sum to zero.", "该笔转账借贷不平。",
        "Nothing was posted. Send two to eight sides that sum to zero.",
        "未记账。请提交二至八条合计为零的分录。",
    )  # fmt: skip
    AMOUNT_IS_NOT_POSITIVE = ReasonText(
        422, "An amount is zero, negative or too large.", "金额为零、为负或过大。",
        "Nothing was posted. Send an amount from 1 fen to 100 billion yuan.",
        "未记账。请提交一分至一千亿元之间的金额。",
    )  # fmt: skip
    TRANSFER_ID_IS_USED = ReasonText(
        409, "Another transfer already has this id.", "该转账编号已被另一笔转账使用。",
        "The earlier transfer stands. Use a new id for a new transfer.",
        "原转账有效。新转账请使用新编号。",
    )  # fmt: skip
    ACCOUNT_IS_UNKNOWN = ReasonText(
        404, "There is no such account.", "账户不存在。",
        "Nothing was posted. Open the account first.",
        "未记账。请先开立账户。",
    )  # fmt: skip
    ACCOUNT_IS_CLOSED = ReasonText(
        409, "The account is closed.", "账户已注销。",
        "Nothing was posted. Use another account.",
        "未记账。请使用其他账户。",
    )  # fmt: skip
    ACCOUNT_IS_FROZEN = ReasonText(
        409, "The account is frozen.", "账户已冻结。",
        "Nothing was posted, the balance is kept. Ask at a counter why and how to lift it.",
        "未记账，余额不受影响。请到经办窗口查询原因和解除办法。",
    )  # fmt: skip
    HOLD_IS_UNKNOWN = ReasonText(
        404, "There is no such hold.", "预留不存在。",
        "Nothing was posted. Make the hold first.",
        "未记账。请先办理预留。",
    )  # fmt: skip
    HOLD_ID_IS_USED = ReasonText(
        409, "Another hold already has this id.", "该预留编号已被另一笔预留使用。",
        "The earlier hold stands. Use a new id for a new hold.",
        "原预留有效。新预留请使用新编号。",
    )  # fmt: skip
    HOLD_HAS_ENDED = ReasonText(
        409, "The hold was already posted, voided or expired.", "预留已入账、撤销或过期。",
        "Nothing was posted. Make a new hold.",
        "未记账。请重新预留。",
    )  # fmt: skip
    HOLD_HAS_EXPIRED = ReasonText(
        409, "The hold is past its end.", "预留已过期。",
        "Nothing was posted, the amount is free again. Make a new hold.",
        "未记账，金额已释放。请重新预留。",
    )  # fmt: skip
    HOLD_IS_ON_ANOTHER_ACCOUNT = ReasonText(
        422, "The transfer takes nothing from the account of the hold.", "该转账未从预留账户支出。",
        "Nothing was posted, the hold stands. Take the amount from the account of the hold.",
        "未记账，预留仍有效。请从预留账户支出。",
    )  # fmt: skip
    HOLD_IS_SMALLER_THAN_THE_TRANSFER = ReasonText(
        422, "The transfer takes more than was held.", "转账金额大于预留金额。",
        "Nothing was posted, the hold stands. Post at most the amount held.",
        "未记账，预留仍有效。入账金额不得超过预留金额。",
    )  # fmt: skip
    BALANCE_IS_TOO_LOW = ReasonText(
        402, "The balance is too low.", "余额不足。",
        "Nothing was posted. Top up, or pay in another way.",
        "未扣款。请充值或使用其他方式支付。",
    )  # fmt: skip
    ACCOUNT_HAS_HOLDS = ReasonText(
        409, "The account still has amounts on hold.", "账户仍有预留金额。",
        "The account stays open. Wait until the holds end, then close it.",
        "账户未注销。请待预留结束后再办理。",
    )  # fmt: skip
    ACCOUNT_HAS_BALANCE = ReasonText(
        409, "The account still has a balance.", "账户仍有余额。",
        "The account stays open. Say which account is paid the rest.",
        "账户未注销。请指定余额转入账户。",
    )  # fmt: skip
    STATEMENT_RANGE_IS_WRONG = ReasonText(
        422, "The days of the statement are reversed or more than 366.", "对账单起止日期颠倒或超过366天。",
        "Nothing was read. Ask for at most 366 days, the end after the beginning.",
        "未查询。请选择不超过366天的日期范围。",
    )  # fmt: skip
    BUDGET_SLICE_IS_TOO_SMALL = ReasonText(
        409, "This part of the budget is used up; more is being fetched.", "本分片预算暂时不足，正在补充。",
        "Nothing was set aside. Send the request again.",
        "未预留。请重新提交。",
    )  # fmt: skip
    BUDGET_HAS_TOO_LITTLE = ReasonText(
        409, "Less is left in the budget than this claim may need.", "预算余额不足以支付该笔申领。",
        "Nothing was set aside and nothing counted. Ask again when the budget has been raised or money came back.",
        "未预留，也不计入次数。请在预算追加或资金退回后再申请。",
    )  # fmt: skip
