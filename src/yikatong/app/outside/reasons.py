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
    FACE_CHECK_DID_NOT_ANSWER = ReasonText(
        503,
        "The real-person check did not answer.",
        "实人认证服务未答复。",
        "Nothing was changed. Try again in a minute, or go to a counter with your ID card.",
        "未作任何变更。请稍后重试，或持身份证到柜台办理。",
    )
    OUTSIDE_IS_NOT_CONNECTED = ReasonText(
        503,
        "This installation is not connected to the organisation this needs.",
        "本平台尚未接入办理所需的外部机构。",
        "Nothing was changed. Whoever runs the platform names its address in the settings.",
        "未作任何变更。请联系运维人员在设置中配置地址。",
    )
