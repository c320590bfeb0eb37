"""Why a presentation is refused: the closed list of this room's reasons."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

_SHOW_AGAIN = (
    "Nothing was charged. Have the resident open the wallet and show a fresh code.",
    "未扣款。请持卡人打开电子卡重新亮码。",
)
_SCAN_AGAIN = (
    "Nothing was charged. Ask for a new till code and scan it again.",
    "未扣款。请收银台重新出示收款码后再扫。",
)
_GO_ONLINE = (
    "Nothing was charged. Open the wallet with a network so that it renews itself, or use the card.",
    "未扣款。请联网打开电子卡更新后重试，或使用实体卡。",
)
_ASK_DESK = (
    "Nothing was charged. Use the card or ask at a service counter.",
    "未扣款。请使用实体卡或到服务窗口办理。",
)
_FORGED = (
    "Nothing was charged and no card was touched; the refusal is on record. Accept no code from this phone, ask for "
    "the plastic card or an ID document, and report it to whoever runs the platform.",
    "未扣款，未动用任何卡，本次拒绝已留痕。请勿再接受该手机的卡码，改验实体卡或身份证件，并报告平台运营方。",
)
_ASK_DESK_WITH_CARD = (
    "Nothing was charged. Use the e-card, or take the card to a service counter.",
    "未扣款。请改用电子卡，或持卡到服务窗口办理。",
)
_ENROL_AGAIN = (
    "Nothing was charged or changed. Enrol this phone again, or ask at a service counter.",
    "未扣款，未作任何变更。请在本手机上重新绑定，或到服务窗口办理。",
)
_CONFIRM_AGAIN = (
    "Nothing was charged, the tap still waits. Open it in the wallet again and confirm what is shown there.",
    "未扣款，该笔仍在等待。请在电子卡中重新打开，核对后确认。",
)
_LISTS_STAND = (
    "Nothing was changed, the lists held before stand. Fetch the region's whole status lists.",
    "未作任何变更，原有状态名单仍有效。请获取该地区的完整状态名单。",
)
_TRY_REQUEST_AGAIN = ("Nothing was changed. Update the wallet and try again.", "未作任何变更。请更新电子卡应用后重试。")


class Reason(outcomes.Reason):
    """Refusals of presentations, refreshes and confirmations."""

    # Reading a code.
    CODE_IS_TOO_LONG = ReasonText(
        400,
        "What was scanned is longer than any card code.",
        "扫到的内容过长，不是卡码。",
        *_SHOW_AGAIN,
    )
    CODE_VERSION_IS_UNKNOWN = ReasonText(
        400,
        "The code is of a version this terminal does not know.",
        "卡码的版本无法识别。",
        *_SHOW_AGAIN,
    )
    CODE_IS_NOT_READABLE = ReasonText(
        400,
        "What was scanned is not a card code, or it is damaged.",
        "扫到的不是卡码，或卡码已损坏。",
        *_SHOW_AGAIN,
    )
    ISSUING_REGION_IS_UNKNOWN = ReasonText(
        422,
        "The region that issued the card is not on the list of trusted regions.",
        "发卡地区不在可信地区名单内。",
        *_ASK_DESK,
    )
    ISSUING_KEY_IS_UNKNOWN = ReasonText(
        422,
        "The issuing region has no such key, or has revoked it.",
        "发卡地区没有签发该卡码的密钥，或已吊销该密钥。",
        *_GO_ONLINE,
    )
    CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE = ReasonText(
        422,
        "The code is signed with another algorithm than its key allows.",
        "卡码的签名算法与其密钥不符。",
        *_SHOW_AGAIN,
    )
    CERTIFICATE_SIGNATURE_IS_FALSE = ReasonText(
        422,
        "The code is forged: the region it names did not sign its certificate.",
        "该卡码系伪造：其证书不是所称发卡地区签发的。",
        *_FORGED,
    )
    ALIAS_IS_FALSE = ReasonText(
        422,
        "The code is forged: the card it names was not issued by the region it names.",
        "该卡码系伪造：码中的卡不是所称地区发放的。",
        *_FORGED,
    )
    CODE_SIGNATURE_IS_FALSE = ReasonText(
        422,
        "The code was not signed by the phone it was issued to: it is copied, forged or damaged.",
        "卡码不是由获发证书的手机签名：系拼接、伪造或已损坏。",
        *_SHOW_AGAIN,
    )
    CODE_IS_FROM_THE_FUTURE = ReasonText(
        422,
        "The code was made later than now; the phone's clock is ahead.",
        "卡码时间晚于当前时间，手机时钟偏快。",
        *_GO_ONLINE,
    )
    CODE_IS_TOO_OLD = ReasonText(
        422,
        "The code is older than 90 seconds.",
        "卡码已超过90秒有效期。",
        *_SHOW_AGAIN,
    )

    # Deciding on a code that was read.
    CERTIFICATE_IS_UNKNOWN = ReasonText(
        422,
        "The issuing region has no record of this code's certificate.",
        "发卡地区没有该卡码证书的记录。",
        *_GO_ONLINE,
    )
    SHOW_KEY_IS_NOT_THE_STORED_ONE = ReasonText(
        422,
        "The code carries another key than the one on record; it may be forged.",
        "卡码中的公钥与登记的不一致，可能系伪造。",
        *_ASK_DESK,
    )
    CERTIFICATE_IS_REVOKED = ReasonText(
        409, "The e-card or its device was cancelled.", "电子卡或其设备已注销。", *_ENROL_AGAIN
    )
    CERTIFICATE_IS_SUSPENDED = ReasonText(
        409,
        "The card is reported lost or locked, so its code rests.",
        "卡已挂失或锁定，卡码暂停使用。",
        "Nothing was charged. Lift the loss report or have the card unlocked, then associate the e-card again.",
        "未扣款。请先解除挂失或解锁，再重新关联电子社保卡。",
    )
    CERTIFICATE_IS_TOO_OLD = ReasonText(
        422,
        "The wallet has not been online for more than 180 days.",
        "电子卡超过180天未联网更新。",
        *_GO_ONLINE,
    )
    CERTIFICATE_HAS_EXPIRED = ReasonText(
        422,
        "The certificate of this code, from another region, has expired.",
        "该异地卡码的证书已过期。",
        *_GO_ONLINE,
    )
    STATUS_LIST_IS_MISSING = ReasonText(
        422, "This terminal has no status list of the issuing region.", "终端没有发卡地区的状态名单。", *_ASK_DESK
    )
    CODE_ANSWERS_ANOTHER_CHALLENGE = ReasonText(
        422,
        "The code answers another till code than the one shown here.",
        "卡码应答的不是本收银台出示的收款码。",
        *_SCAN_AGAIN,
    )
    CODE_ANSWERS_ANOTHER_AMOUNT = ReasonText(
        422, "The resident signed another amount.", "持卡人签认的金额不同。", *_SCAN_AGAIN
    )
    CODE_ANSWERS_ANOTHER_PAYEE = ReasonText(
        422, "The resident signed another payee.", "持卡人签认的收款方不同。", *_SCAN_AGAIN
    )
    CODE_ANSWERS_ANOTHER_ITEM = ReasonText(
        422, "The resident signed another item of service.", "持卡人签认的应用事项不同。", *_SCAN_AGAIN
    )

    # The terminal's challenge, read by a wallet.
    CHALLENGE_IS_NOT_READABLE = ReasonText(
        400,
        "What was scanned is not a till code, or it is damaged.",
        "扫到的不是收款码，或收款码已损坏。",
        *_SCAN_AGAIN,
    )
    CHALLENGE_SIGNATURE_IS_FALSE = ReasonText(
        422,
        "The till code was not signed by its terminal.",
        "收款码不是该终端签发的。",
        *_SCAN_AGAIN,
    )
    CHALLENGE_IS_FROM_THE_FUTURE = ReasonText(
        422, "The till code was made later than now.", "收款码时间晚于当前时间。", *_SCAN_AGAIN
    )
    CHALLENGE_HAS_EXPIRED = ReasonText(422, "The till code has expired.", "收款码已过期。", *_SCAN_AGAIN)

    # The chip of the card.
    CHIP_IS_NOT_READABLE = ReasonText(
        400,
        "What the card's chip said is damaged.",
        "芯片数据无法读取。",
        "Nothing was charged. Insert the card again.",
        "未扣款。请重新插卡。",
    )
    CHIP_KEY_IS_UNKNOWN = ReasonText(
        422,
        "The card has no chip key on record.",
        "卡片没有登记的芯片密钥。",
        *_ASK_DESK_WITH_CARD,
    )
    CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE = ReasonText(
        422,
        "The chip signed with another algorithm than its key allows.",
        "芯片签名算法与密钥不符。",
        *_ASK_DESK_WITH_CARD,
    )
    CHIP_SIGNATURE_IS_FALSE = ReasonText(
        422,
        "The card's chip did not sign this: it is copied or damaged.",
        "芯片签名无效：芯片系仿制或已损坏。",
        *_ASK_DESK_WITH_CARD,
    )
    CHIP_ANSWERS_ANOTHER_TERMINAL = ReasonText(
        422,
        "The chip answered another terminal.",
        "芯片应答的不是本终端。",
        "Nothing was charged. Insert the card again.",
        "未扣款。请重新插卡。",
    )
    CHIP_CERTIFICATE_IS_NOT_READABLE = ReasonText(
        422,
        "The chip's certificate is damaged, or the card has none.",
        "芯片证书无法读取或尚未写入。",
        *_ASK_DESK_WITH_CARD,
    )
    CHIP_CERTIFICATE_IS_OF_ANOTHER_CARD = ReasonText(
        422, "The chip's certificate belongs to another card.", "芯片证书属于另一张卡。", *_ASK_DESK_WITH_CARD
    )

    # Attested by an operator.
    ATTESTATION_IS_INCOMPLETE = ReasonText(
        422,
        "An attestation names the document seen and says why.",
        "经办人见证须写明所验证件和原因。",
        "Nothing was charged. Complete the attestation.",
        "未扣款。请补全见证内容。",
    )
    ATTESTATION_IS_OUT_OF_TIME = ReasonText(
        422,
        "The attestation was not made just now.",
        "经办人见证不是当时作出的。",
        "Nothing was charged. Attest again.",
        "未扣款。请重新见证。",
    )

    # Refreshing a wallet's certificates.
    REFRESH_IS_NOT_READABLE = ReasonText(
        400, "The refresh request is damaged or too large.", "更新请求损坏或过大。", *_TRY_REQUEST_AGAIN
    )
    REFRESH_SIGNATURE_IS_FALSE = ReasonText(
        403,
        "The refresh request was not signed by the enrolled device.",
        "更新请求不是由已绑定设备签名的。",
        *_ENROL_AGAIN,
    )
    REFRESH_IS_OUT_OF_TIME = ReasonText(
        422,
        "The refresh request was not made just now.",
        "更新请求的时间与服务器相差过大。",
        "Nothing was changed. Set the clock by the time in this answer and try again.",
        "未作任何变更。请按服务器时间校时后重试。",
    )
    REFRESH_ASKS_TOO_MANY = ReasonText(
        422,
        "The request asks for more certificates than one refresh gives.",
        "申请的证书数量过多。",
        *_TRY_REQUEST_AGAIN,
    )
    SHOW_KEY_IS_NOT_A_KEY = ReasonText(
        422, "One of the show keys is not a public key of its algorithm.", "展码公钥无效。", *_TRY_REQUEST_AGAIN
    )
    SHOW_KEY_STANDS_TWICE = ReasonText(
        422, "A refresh names one show key twice.", "同一展码公钥重复。", *_TRY_REQUEST_AGAIN
    )
    REGION_ISSUES_NO_CODES = ReasonText(
        422, "This installation holds no signing key of that region.", "本平台没有该地区的签发密钥。", *_ASK_DESK
    )

    # Confirming a tap that waits.
    CONFIRMATION_IS_NOT_READABLE = ReasonText(
        400,
        "The confirmation is damaged.",
        "确认信息损坏。",
        *_CONFIRM_AGAIN,
    )
    CONFIRMATION_SIGNATURE_IS_FALSE = ReasonText(
        403,
        "The confirmation was not signed by the enrolled device.",
        "确认信息不是由已绑定设备签名的。",
        *_ENROL_AGAIN,
    )
    CONFIRMATION_IS_OUT_OF_TIME = ReasonText(
        422,
        "The confirmation was not made just now.",
        "确认信息不是当时作出的。",
        *_CONFIRM_AGAIN,
    )
    CONFIRMATION_NAMES_ANOTHER_TAP = ReasonText(
        422,
        "The confirmation names another tap.",
        "确认的不是这笔用卡。",
        *_CONFIRM_AGAIN,
    )
    CONFIRMATION_NAMES_ANOTHER_PAYMENT = ReasonText(
        422,
        "The confirmation names another amount, payee or item.",
        "确认的金额、收款方或事项不同。",
        *_CONFIRM_AGAIN,
    )

    # Status lists.
    STATUS_LIST_IS_NOT_PUBLISHED = ReasonText(
        404,
        "That region has published no status list here.",
        "该地区尚未发布状态名单。",
        "Nothing was changed. A new platform publishes within five minutes; of another region ask its own server.",
        "未作任何变更。新平台五分钟内发布，请稍后再试；其他地区的，请向该地区平台查询。",
    )
    STATUS_DELTA_IS_NOT_KEPT = ReasonText(
        404,
        "No delta leads on from that edition of the status lists.",
        "没有可从该版状态名单继续的增量名单。",
        "Nothing was changed. Fetch the region's whole status lists.",
        "未作任何变更。请获取该地区的完整状态名单。",
    )
    STATUS_DELTA_IS_NOT_READABLE = ReasonText(
        422,
        "What came as a status delta is not one, or it is damaged or too large.",
        "收到的不是增量名单，或内容已损坏、过大。",
        *_LISTS_STAND,
    )
    STATUS_DELTA_IS_OF_ANOTHER_REGION = ReasonText(
        422, "The status delta is of another region.", "该增量名单属于其他地区。", *_LISTS_STAND
    )
    STATUS_DELTA_IS_ROLLED_BACK = ReasonText(
        409, "The status delta is older than the lists that are held.", "该增量名单早于现有状态名单。", *_LISTS_STAND
    )
    STATUS_DELTA_LEAVES_A_GAP = ReasonText(
        409,
        "The status delta builds on another edition than the one that is held.",
        "该增量名单所依据的版本不是现有状态名单。",
        *_LISTS_STAND,
    )
    STATUS_DELTA_DOES_NOT_ADD_UP = ReasonText(
        409,
        "The status delta, applied to the lists that are held, does not lead to what it says.",
        "增量名单与现有状态名单合并后的结果与其声明不符。",
        *_LISTS_STAND,
    )
    TRUST_LIST_IS_NOT_HELD = ReasonText(
        404,
        "This installation holds no list of trusted regions.",
        "本平台未持有可信地区名单。",
        "Nothing was changed. Ask the keeper of the list.",
        "未作任何变更。请向名单管理方索取。",
    )
