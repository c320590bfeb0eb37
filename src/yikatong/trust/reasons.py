"""Why something is not trusted. The words say what happened, what was kept, and what to do next."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText


class Reason(outcomes.Reason):
    """Refusals of the room trust."""

    ENVELOPE_IS_TOO_LARGE = ReasonText(
        413,
        "The signed message is larger than this place accepts.",
        "签名报文超过此处允许的长度。",
        "Nothing was read. Send a message within the stated size.",
        "报文未被读取，请按规定长度发送。",
    )
    ENVELOPE_IS_MALFORMED = ReasonText(
        400,
        "The signed message is not a well-formed COSE_Sign1.",
        "签名报文不是格式正确的COSE_Sign1。",
        "Nothing was kept. Scan again, or report the sender's software.",
        "未保留任何内容，请重新扫码，或反馈发送方软件问题。",
    )
    CLAIMS_ARE_MALFORMED = ReasonText(
        400,
        "The claims of the certificate cannot be read.",
        "证书声明无法读取。",
        "Nothing was kept. Refresh the certificate.",
        "未保留任何内容，请刷新证书。",
    )
    KEY_IS_MALFORMED = ReasonText(
        400,
        "The key is not a valid key of its algorithm.",
        "密钥不是该算法的有效密钥。",
        "Nothing was kept. Make a new key and try again.",
        "未保留任何内容，请生成新的密钥后重试。",
    )
    ALGORITHM_IS_NOT_KNOWN = ReasonText(
        422,
        "The key or message names an algorithm that is not used here.",
        "密钥或报文所用算法不在本平台支持范围内。",
        "Nothing was kept. Use ES256, EdDSA or SM2.",
        "未保留任何内容，请使用ES256、EdDSA或SM2。",
    )
    ALGORITHM_IS_NOT_THE_PINNED_ONE = ReasonText(
        403,
        "The message names another algorithm than the one its key is pinned to.",
        "报文所用算法与该密钥指定的算法不一致。",
        "Nothing was accepted. A genuine sender uses the pinned algorithm.",
        "未接受该报文，真实发送方只会使用指定算法。",
    )
    SIGNATURE_DOES_NOT_MATCH = ReasonText(
        403,
        "The signature is not this key's signature of this message.",
        "签名与密钥和报文不符。",
        "Nothing was accepted. Show a fresh code.",
        "未接受该报文，请出示新的卡码。",
    )
    SM2_IS_NOT_AVAILABLE_HERE = ReasonText(
        422,
        "This machine's cryptographic library has no SM2.",
        "本机密码库不支持SM2。",
        "Nothing was checked. Install OpenSSL 3 (libcrypto.so.3) with SM2, or use an outside module.",
        "未进行校验，请安装支持SM2的OpenSSL 3（libcrypto.so.3），或使用外部密码机。",
    )
    TEXT_IS_NOT_BASE45 = ReasonText(
        400,
        "The scanned text is not Base45.",
        "扫描到的文本不是Base45编码。",
        "Nothing was kept. Scan again.",
        "未保留任何内容，请重新扫码。",
    )
    ALIAS_DOES_NOT_OPEN = ReasonText(
        403,
        "The certificate names its card by an alias that this region did not seal.",
        "证书中代表卡片的别名不是本地区封装的。",
        "Nothing was accepted. Refresh the certificate; if it happens again, the code is forged.",
        "未接受该证书。请刷新证书；再次出现则卡码系伪造。",
    )

    # Regions

    TRUST_LIST_IS_MALFORMED = ReasonText(
        400,
        "The list of trusted regions cannot be read.",
        "可信地区名单无法读取。",
        "The list held before stays in force. Fetch the list again.",
        "继续使用原有名单，请重新获取。",
    )
    TRUST_LIST_IS_BY_ANOTHER_SIGNER = ReasonText(
        403,
        "The list of trusted regions is not signed by the root key that is held.",
        "可信地区名单不是由现持有的根密钥签发的。",
        "The list held before stays in force. Report where this one came from.",
        "继续使用原有名单，请报告该名单的来源。",
    )
    TRUST_LIST_IS_ROLLED_BACK = ReasonText(
        409,
        "The list of trusted regions is older than the one that is held.",
        "可信地区名单的版本早于现持有的名单。",
        "The list held before stays in force. Fetch the newest list.",
        "继续使用原有名单，请获取最新名单。",
    )
    TRUST_LIST_CONTRADICTS_THE_HELD_ONE = ReasonText(
        409,
        "Two different lists of trusted regions carry the same number.",
        "两份内容不同的可信地区名单使用了同一版本号。",
        "The list held before stays in force. Report this to the root of trust.",
        "继续使用原有名单，请向信任根管理方报告。",
    )
    TRUST_LIST_IS_FROM_THE_FUTURE = ReasonText(
        409,
        "The list of trusted regions is dated later than this machine's clock.",
        "可信地区名单的签发时间晚于本机时钟。",
        "The list held before stays in force. Set the clock right and try again.",
        "继续使用原有名单，请校准时钟后重试。",
    )
    TRUST_LIST_IS_EXPIRED = ReasonText(
        403,
        "The list of trusted regions has expired.",
        "可信地区名单已过有效期。",
        "Nothing was accepted by it. Fetch the newest list.",
        "未据此接受任何内容，请获取最新名单。",
    )
    TRUST_LIST_IS_TOO_OLD = ReasonText(
        403,
        "The list of trusted regions is older than this use allows.",
        "可信地区名单的存放时间超过此用途允许的期限。",
        "Nothing was accepted by it. Connect to the network and fetch the newest list.",
        "未据此接受任何内容，请联网获取最新名单。",
    )
    KEY_CHANGED_UNDER_ITS_ID = ReasonText(
        409,
        "The new list gives a known key id another key or another algorithm.",
        "新名单把已知密钥编号改成了另一密钥或算法。",
        "The list held before stays in force. A new key needs a new id.",
        "继续使用原有名单，新密钥必须使用新的编号。",
    )
    REVOKED_KEY_CAME_BACK = ReasonText(
        409,
        "The new list restores or leaves out a key that was revoked.",
        "新名单恢复或遗漏了已吊销的密钥。",
        "The list held before stays in force. A revoked key stays on the list, revoked.",
        "继续使用原有名单，已吊销的密钥应保留在名单中并标明吊销。",
    )
    REGION_KEY_IS_NOT_TRUSTED = ReasonText(
        403,
        "No trusted region has this key.",
        "没有可信地区持有该密钥。",
        "Nothing was accepted. Update the list of trusted regions, or refuse the code.",
        "未接受该内容，请更新可信地区名单或拒绝该卡码。",
    )
    REGION_KEY_IS_REVOKED = ReasonText(
        403,
        "The region's key has been revoked.",
        "该地区密钥已被吊销。",
        "Nothing was accepted. The resident refreshes the code online.",
        "未接受该内容，请持卡人联网刷新卡码。",
    )
    REGION_KEY_IS_OUT_OF_ITS_TIME = ReasonText(
        403,
        "The region's key is not valid at this time.",
        "该地区密钥不在有效期内。",
        "Nothing was accepted. Update the list of trusted regions.",
        "未接受该内容，请更新可信地区名单。",
    )

    # Status lists

    STATUS_LIST_IS_MALFORMED = ReasonText(
        400,
        "The status list cannot be read.",
        "状态列表无法读取。",
        "The list held before stays in force. Fetch the list again.",
        "继续使用原有列表，请重新获取。",
    )
    STATUS_LIST_IS_OF_ANOTHER_SUBJECT = ReasonText(
        403,
        "The status list is not the one that was asked for.",
        "该状态列表不是所请求的列表。",
        "The list held before stays in force. Fetch the right list.",
        "继续使用原有列表，请获取正确的列表。",
    )
    STATUS_LIST_IS_FROM_THE_FUTURE = ReasonText(
        409,
        "The status list is dated later than this machine's clock.",
        "状态列表的签发时间晚于本机时钟。",
        "The list held before stays in force. Set the clock right and try again.",
        "继续使用原有列表，请校准时钟后重试。",
    )
    STATUS_LIST_IS_ROLLED_BACK = ReasonText(
        409,
        "The status list is older than the one that is held.",
        "状态列表的版本早于现持有的列表。",
        "The list held before stays in force. Fetch the newest list.",
        "继续使用原有列表，请获取最新列表。",
    )
    STATUS_LIST_IS_EXPIRED = ReasonText(
        403,
        "The status list has expired.",
        "状态列表已过有效期。",
        "Nothing was accepted by it. Fetch the newest list.",
        "未据此接受任何内容，请获取最新列表。",
    )
    STATUS_LIST_IS_TOO_OLD = ReasonText(
        403,
        "The status list is older than this use allows.",
        "状态列表的存放时间超过此用途允许的期限。",
        "Nothing was accepted by it. Connect to the network and fetch the newest list.",
        "未据此接受任何内容，请联网获取最新列表。",
    )
    STATUS_INDEX_IS_NOT_ON_THE_LIST = ReasonText(
        403,
        "The status list has no such place.",
        "状态列表中没有该位置。",
        "Nothing was accepted. Refresh the certificate.",
        "未接受该证书，请刷新证书。",
    )

    # Seals, passwords and keys at rest

    SEAL_DOES_NOT_OPEN = ReasonText(
        409,
        "What is kept sealed does not open with its key.",
        "密封数据无法用对应密钥打开。",
        "Nothing was shown. Tell the operator of the platform.",
        "未显示任何内容，请联系平台运维人员。",
    )
    PASSWORD_DOES_NOT_MATCH = ReasonText(
        403,
        "The password is not the one that was set.",
        "密码不正确。",
        "Nothing was done. Try again, or set a new password at a counter.",
        "未执行任何操作，请重试或到经办窗口重置密码。",
    )
    KEY_IS_NOT_HELD = ReasonText(
        404,
        "No such key is held here.",
        "此处未持有该密钥。",
        "Nothing was signed. Use the key id of a key that is held.",
        "未签名，请使用已持有密钥的编号。",
    )
    KEY_STAYS_IN_ITS_MODULE = ReasonText(
        403,
        "The private key never leaves its cryptographic module.",
        "私钥不能离开密码机。",
        "Nothing was given out. Ask the module to sign instead.",
        "未导出任何内容，请改由密码机签名。",
    )
    KEY_HOLDER_DOES_NOT_ANSWER = ReasonText(
        503,
        "The cryptographic module does not answer.",
        "密码机无响应。",
        "Nothing was signed or opened. Try again in a moment.",
        "未签名、未解封，请稍后重试。",
    )
