"""Why an allowance is not granted, or an uploaded tap not posted: the closed list of this room's reasons."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

_NOT_GRANTED = ("Nothing was set aside, other allowances stand.", "未冻结任何金额，其他离线额度不变。")
_NOT_POSTED = (
    "Nothing was charged; the signed code is kept. Look at the answer of this tap, and go on with the next.",
    "未扣款，签名卡码已留存。请核对本笔结果，继续上传下一笔。",
)
_DISPUTED = (
    "Nothing was charged; it stands as a dispute at the provider's risk, with its signed code.",
    "未扣款，已转为争议（风险由服务机构承担），签名卡码已留存。",
)
_SEND_IN_ORDER = (
    "Nothing was taken in. Send the taps of this memory in order, each as the same bytes.",
    "未受理，已受理的不变。请按顺序、以相同内容上传。",
)


class Reason(outcomes.Reason):
    """Refusals about allowances and uploads."""

    MINORS_HAVE_NO_ALLOWANCES = ReasonText(
        403, "Offline allowances are for adults.", "离线额度仅限成年人开通。", *_NOT_GRANTED
    )
    PLACE_OF_THE_ALLOWANCE_IS_UNKNOWN = ReasonText(
        404, "The terminal for this allowance is not known or was revoked.", "该终端未登记或已被撤销。", *_NOT_GRANTED
    )
    ALLOWANCE_IS_TOO_LARGE = ReasonText(
        422, "An allowance holds 200 yuan at most.", "单个离线额度最高为200元。", *_NOT_GRANTED
    )
    ALLOWANCE_IS_TOO_LONG = ReasonText(
        422, "An allowance is accepted for 30 days at most.", "离线额度有效期最长为30天。", *_NOT_GRANTED
    )
    ALLOWANCES_ARE_TOO_MANY = ReasonText(
        409, "Five allowances are the most at one time.", "同时最多可开通5个离线额度。", *_NOT_GRANTED
    )
    ALLOWANCE_IS_UNKNOWN = ReasonText(
        404, "No such allowance of this holder is kept here.", "未找到该离线额度。",
        "Nothing was changed. Look at the list of allowances.", "未作任何变更。请查看离线额度列表。",
    )  # fmt: skip
    DISPUTE_IS_UNKNOWN = ReasonText(
        404, "No such dispute is kept here.", "未找到该争议。",
        "Nothing was changed. Look at the list of disputes.", "未作任何变更。请查看争议列表。",
    )  # fmt: skip
    DISPUTE_IS_DECIDED = ReasonText(
        409, "The dispute has been decided.", "该争议已作出处理决定。",
        "Nothing was changed, the decision stands.", "未作任何变更，原决定有效。",
    )  # fmt: skip
    UPLOAD_IS_OUT_OF_ORDER = ReasonText(
        409, "An earlier tap of this memory has not come yet.", "该终端较早的离线用卡尚未上传。", *_SEND_IN_ORDER
    )
    UPLOAD_WAS_ANOTHER_TAP = ReasonText(
        409, "Under this number another tap was uploaded.", "该序号已上传过另一笔离线用卡。", *_SEND_IN_ORDER
    )
    UPLOAD_IS_FROM_THE_FUTURE = ReasonText(
        422, "The tap says it was made later than now.", "该笔离线用卡的时间晚于当前时间。", *_NOT_POSTED
    )
    REQUEST_CAME_BEFORE_ITS_UPLOAD = ReasonText(
        409, "The terminal used this request id for another tap.", "该请求编号已用于其他用卡。", *_NOT_POSTED
    )
    OFFLINE_CERTIFICATE_WAS_STOPPED = ReasonText(
        422,
        "The certificate was stopped so long before that the terminal could have known.",
        "证书停用时间较早，终端当时应已获知。",
        *_NOT_POSTED,
    )
    OFFLINE_CERTIFICATE_HAD_EXPIRED = ReasonText(
        422, "The certificate had expired when the code was made.", "卡码生成时证书已过期。", *_NOT_POSTED
    )
    ITEM_IS_NOT_FOR_OFFLINE = ReasonText(
        403, "This terminal may not serve this item without a network.", "该终端不可离线办理该事项。", *_NOT_POSTED
    )
    CODE_ANSWERED_NOTHING = ReasonText(
        422, "The code was only shown, and this needed an answer.", "该卡码仅为亮码，未扫码应答。", *_NOT_POSTED
    )
    CHIP_WAS_NOT_CERTIFIED = ReasonText(
        422, "The card's chip had no certificate when it signed.", "签名时该卡芯片没有有效证书。", *_NOT_POSTED
    )
    CHIP_WAS_WITHOUT_ITS_PASSWORD = ReasonText(
        422,
        "The chip had not verified its password, and this needed it.",
        "该卡芯片未验证密码，而办理该事项需要验证。",
        *_NOT_POSTED,
    )
    ALLOWANCE_IS_NOT_FOR_THIS = ReasonText(
        409, "No allowance of this card covers this tap.", "没有可用于该笔用卡的离线额度。", *_DISPUTED
    )
    ALLOWANCE_WAS_OVER = ReasonText(
        409, "The code was signed outside the allowance's time.", "卡码签名时间不在离线额度有效期内。", *_DISPUTED
    )
    UPLOAD_CAME_TOO_LATE = ReasonText(
        409, "The tap came after the allowance's upload term.", "该笔离线用卡超过上传期限。", *_DISPUTED
    )
    ALLOWANCE_WAS_SPENT = ReasonText(
        409,
        "Less is left of the allowance's hold than the amount: it was spent elsewhere before.",
        "离线额度剩余金额不足，额度已在别处使用。",
        *_DISPUTED,
    )
