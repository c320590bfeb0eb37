"""Why a terminal without a network refuses: the closed list of this package's reasons."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

_GO_ONLINE = (
    "Nothing was charged. Connect the terminal to the network so that it fetches what it needs, then try again.",
    "未扣款。请让终端联网更新后重试。",
)
_SERVE_ONLINE = (
    "Nothing was charged. Serve this with a network, or take payment another way.",
    "未扣款。请联网后办理，或改用其他付款方式。",
)

_KEEP_AND_TELL = (
    "Taps go on, nothing was changed. Keep receipt and terminal memory as they are and tell an auditor.",
    "用卡照常，未作任何变更。请原样保存凭条和终端记录，并告知审计人员。",
)


class Reason(outcomes.Reason):
    """Refusals without a network."""

    SHEET_IS_NOT_READABLE = ReasonText(
        422,
        "What came as the terminal's offline sheet is not one, or it is damaged.",
        "收到的不是离线授权单，或内容已损坏。",
        "Nothing was changed, the sheet held before stands. Fetch it again.",
        "未作任何变更，原有离线授权单仍有效。请重新获取。",
    )
    SHEET_IS_NOT_THE_TERMINALS = ReasonText(
        422,
        "The offline sheet is of another terminal or another region.",
        "离线授权单属于其他终端或其他地区。",
        "Nothing was changed, the sheet held before stands. Fetch it with this terminal's own key.",
        "未作任何变更，原有离线授权单仍有效。请使用本终端密钥获取。",
    )
    SHEET_IS_ROLLED_BACK = ReasonText(
        409,
        "The offline sheet is older than the one that is held.",
        "该离线授权单早于现有授权单。",
        "Nothing was changed, the sheet held before stands. Fetch the newest.",
        "未作任何变更，原有离线授权单仍有效。请获取最新授权单。",
    )
    SHEET_IS_NOT_HELD = ReasonText(
        403, "The terminal has no offline sheet yet.", "终端尚未获取离线授权单。", *_GO_ONLINE
    )
    SHEET_IS_TOO_OLD = ReasonText(
        403, "The terminal's offline sheet has expired.", "终端的离线授权单已过期。", *_GO_ONLINE
    )
    TERMINAL_CLOCK_IS_BEHIND = ReasonText(
        403,
        "The terminal's clock is behind what the terminal has already seen, so it cannot tell how old anything is.",
        "终端时钟早于其已见过的时间，无法判断时效。",
        "Nothing was charged. Set the terminal's clock, then try again.",
        "未扣款。请校准终端时钟后重试。",
    )
    OFFLINE_TRUST_LIST_IS_NOT_HELD = ReasonText(
        403, "The terminal has no list of trusted regions yet.", "终端尚未获取可信地区名单。", *_GO_ONLINE
    )
    ITEM_IS_NOT_SERVED_OFFLINE = ReasonText(
        403, "This item is not served without a network.", "该事项不支持离线办理。", *_SERVE_ONLINE
    )
    OFFLINE_AMOUNT_IS_MISSING = ReasonText(
        422, "This item needs an amount, also without a network.", "该事项离线办理也须填写金额。",
        "Nothing was charged. Ask again with an amount in fen.", "未扣款。请填写金额（分）后重新发起。",
    )  # fmt: skip
    OFFLINE_AMOUNT_IS_NOT_TAKEN = ReasonText(
        422, "This item takes no amount, also without a network.", "该事项离线办理也不收取金额。",
        "Nothing was charged. Ask again without an amount.", "未扣款。请去掉金额后重新发起。",
    )  # fmt: skip
    OFFLINE_AMOUNT_IS_TOO_LARGE = ReasonText(
        422,
        "The amount is above what this item takes without a network.",
        "金额超过该事项的离线上限。",
        *_SERVE_ONLINE,
    )
    CODE_WAS_SEEN_BEFORE = ReasonText(
        409,
        "This terminal, or another that shares its memory, has taken this code before.",
        "该卡码已在本终端或共享记录的终端使用过。",
        "Nothing was charged a second time; the first use stands. Show a fresh code.",
        "未重复扣款，首次使用有效。请重新亮码。",
    )
    CODE_MUST_ANSWER_THE_TERMINAL = ReasonText(
        403,
        "Without a network this needs an answer to the terminal's code, not a code that is only shown.",
        "离线办理该事项须扫描终端出示的码，不能仅亮码。",
        "Nothing was charged. Have the resident scan the terminal's code with the wallet.",
        "未扣款。请持卡人用电子卡扫描终端出示的码。",
    )
    CHIP_MUST_VERIFY_ITS_PASSWORD = ReasonText(
        403,
        "Without a network this needs the card's password typed into its chip.",
        "离线办理该事项须在芯片上验证卡密码。",
        "Nothing was charged. Ask the resident to type the card's password, or serve this with a network.",
        "未扣款。请持卡人输入卡密码，或联网办理。",
    )
    ATTESTED_IS_NOT_SERVED_OFFLINE = ReasonText(
        403,
        "Without a network nobody can vouch for a resident: who the operator is and whose document it is stand in the "
        "register alone.",
        "离线时不能由经办人代为证明：经办人身份与证件对应的居民须联网核对。",
        "Nothing was charged. Ask for the plastic card or the phone, or serve this with a network.",
        "未扣款。请出示实体卡或手机，或联网办理。",
    )
    ALLOWANCE_IS_NOT_HELD = ReasonText(
        403,
        "No offline allowance of this card for this terminal is known here.",
        "本终端没有该卡的离线额度。",
        *_SERVE_ONLINE,
    )
    ALLOWANCE_HAS_ENDED = ReasonText(
        403,
        "The card's offline allowance for this terminal has ended.",
        "该卡在本终端的离线额度已到期。",
        *_SERVE_ONLINE,
    )
    ALLOWANCE_IS_USED_UP = ReasonText(
        402,
        "What is left of the card's offline allowance is less than the amount.",
        "该卡剩余的离线额度不足。",
        *_SERVE_ONLINE,
    )
    RECEIPT_HAS_NO_SEAL = ReasonText(
        409,
        "The receipt has no seal yet.",
        "凭条尚无封印。",
        "Nothing was changed, the receipt stands. Ask for the same tap again in a minute: it comes with its seal.",
        "未作任何变更，凭条有效。请一分钟后重新查询该笔用卡，届时附有封印。",
    )
    RECEIPT_IS_NOT_WHAT_WAS_SEALED = ReasonText(
        422,
        "The receipt is not what the platform sealed, or its seal is not the platform's.",
        "凭条与平台封存的内容不符，或其封印并非平台所签。",
        *_KEEP_AND_TELL,
    )
    RECEIPT_IS_NOT_IN_THE_LOG = ReasonText(
        409,
        "The platform sealed this receipt and its log does not hold it.",
        "平台已封存该凭条，但其日志中没有。",
        *_KEEP_AND_TELL,
    )
    LOG_HEAD_IS_NOT_GENUINE = ReasonText(
        422,
        "What came as the head of the platform's log is not signed by a key that was pinned here.",
        "收到的日志头并非由本终端所信任的日志密钥签名。",
        "Nothing was changed, the head held before stands. If the platform changed its key, have it installed here.",
        "未作任何变更，原有日志头仍有效。如平台更换了日志密钥，请在本终端安装新密钥。",
    )
    LOG_WAS_CUT_BACK = ReasonText(
        409,
        "The platform's log is shorter than what it signed before.",
        "平台日志比其此前签名的长度短。",
        *_KEEP_AND_TELL,
    )
    LOG_WAS_FORKED = ReasonText(
        409,
        "The platform's log does not go on from the head that this terminal saw before.",
        "平台日志与本终端此前所见的日志头不相衔接。",
        *_KEEP_AND_TELL,
    )
    WITNESS_SAW_ANOTHER_LOG = ReasonText(
        409,
        "The witness signed another log than the one that is shown here.",
        "见证方签名的日志与此处所示的不是同一份。",
        *_KEEP_AND_TELL,
    )
