"""Why an organisation outside keeps a call from going on."""

from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import ReasonText


class Reason(KernelReason):
    """Refusals of the adapters."""

    ACCOUNT_CHECK_DID_NOT_ANSWER = ReasonText(
        504, "The bank did not answer the check of the account.", "银行未及时答复账户核验。",
        "Nothing was bound. Try again in a few minutes.",
        "未绑定。请几分钟后重试。",
    )  # fmt: skip
