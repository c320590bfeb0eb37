"""Why access refuses a caller, a command or a look."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

_SIGN_IN_EN = "Sign in again; nothing was changed."
_SIGN_IN_ZH = "请重新登录；未作任何改动。"
_ASK_EN = "Ask whoever runs access in your organisation; nothing was changed."
_ASK_ZH = "请联系本单位的权限管理员；未作任何改动。"


class Reason(outcomes.Reason):
    """Refusals of access; a door (401) comes before a right (403), a right before a rule."""

    KEY_IS_MISSING = ReasonText(
        401,
        "This address needs a key or a session, sent as a bearer token.",
        "此接口需要密钥或会话令牌。",
        "Send the header Authorization: Bearer, followed by the token; nothing was changed.",
        "请在Authorization请求头中以Bearer方式提供令牌；未作任何改动。",
    )
    KEY_IS_UNKNOWN = ReasonText(
        401,
        "No key or session with this token is known.",
        "令牌无效。",
        "Check that the whole token was copied; nothing was changed.",
        "请检查令牌是否完整；未作任何改动。",
    )
    KEY_IS_REVOKED = ReasonText(
        401,
        "The key has been revoked.",
        "密钥已被吊销。",
        "Use the key that replaced it, or ask for a new one; nothing was changed.",
        "请使用新密钥，或申请重新签发；未作任何改动。",
    )
    KEY_HAS_EXPIRED = ReasonText(
        401,
        "The key's time is over.",
        "密钥已过期。",
        "Nothing was changed. Ask an operator of the region for a new key; `expired_at` says since when.",
        "未作任何改动。请向本地区经办人申请新密钥；到期时间见`expired_at`。",
    )
    SESSION_HAS_ENDED = ReasonText(401, "The session has ended.", "会话已结束。", _SIGN_IN_EN, _SIGN_IN_ZH)
    CALLER_IS_NOT_ADMITTED = ReasonText(
        403,
        "This address is not for callers of this kind.",
        "该接口不对此类调用方开放。",
        "Call it with a key or session of an admitted kind; nothing was changed.",
        "请使用允许的调用方身份；未作任何改动。",
    )
    PERMISSION_IS_MISSING = ReasonText(
        403, "The caller has no role that permits this.", "调用方没有此项权限。", _ASK_EN, _ASK_ZH
    )
    REGION_IS_OUT_OF_SCOPE = ReasonText(
        403, "The caller works in another region.", "超出调用方所属地区。", _ASK_EN, _ASK_ZH
    )
    DIVISION_IS_OUT_OF_SCOPE = ReasonText(
        403, "The caller may not see this division.", "超出调用方的数据范围。", _ASK_EN, _ASK_ZH
    )
    PROVIDER_IS_OUT_OF_SCOPE = ReasonText(
        403, "The caller belongs to another provider.", "该数据属于其他服务机构。", _ASK_EN, _ASK_ZH
    )
    PURPOSE_IS_MISSING = ReasonText(
        403,
        "Looking at a person's data needs a purpose.",
        "查询个人信息须说明用途。",
        "Nothing was shown. Send the header Purpose with why you look, 2 to 600 characters of ASCII, others "
        "percent-encoded.",
        "未显示任何信息。请在Purpose请求头中说明用途（2至600个ASCII字符，其他字符用百分号编码）。",
    )
    MINOR_LOOK_NEEDS_APPROVAL = ReasonText(
        403,
        "A minor's data are looked at only while an approval is in force.",
        "查看未成年人信息须经审批，目前没有有效的审批。",
        "Nothing was shown. Ask for it under /v1/minor-looks; another operator approves it.",
        "未显示任何信息。请在/v1/minor-looks提交申请，由另一名经办人审批。",
    )
    SIGN_IN_FAILED = ReasonText(
        401,
        "Region, login name and password do not belong together.",
        "地区、登录名或密码不正确。",
        "Nobody was signed in, and the attempt was counted. Try again; after five failures the account is locked for "
        "fifteen minutes.",
        "未登录，已计入失败次数。请重试；连续失败5次将锁定15分钟。",
    )
    SIGN_IN_IS_LOCKED = ReasonText(
        429,
        "Too many sign-ins failed; the account is locked for a while.",
        "登录失败次数过多，账号暂时锁定。",
        "Nobody was signed in. Wait fifteen minutes, then try again.",
        "未登录。请15分钟后重试。",
    )
    PASSWORD_MUST_BE_CHANGED = ReasonText(
        403,
        "A first password serves once: to choose one's own.",
        "初始密码只能用一次，用来设置本人的密码。",
        "Nobody was signed in. Sign in with the first password again, and send your own as new_password.",
        "未登录。请用初始密码再次登录，并在new_password中提交本人的新密码。",
    )
    NEW_PASSWORD_IS_THE_OLD_ONE = ReasonText(
        422,
        "The new password is the one it should replace.",
        "新密码不能与原密码相同。",
        "Choose another; nobody was signed in and nothing was changed.",
        "请更换新密码；未登录，未作任何改动。",
    )
    LOGIN_NAME_IS_TAKEN = ReasonText(
        409,
        "Someone in this region has this login name.",
        "登录名已被使用。",
        "Choose another; nothing was changed.",
        "请更换登录名；未作任何改动。",
    )
    OPERATOR_IS_UNKNOWN = ReasonText(
        404,
        "No such operator in this region.",
        "本地区没有该经办人。",
        "Check the id; nothing was changed.",
        "请核对编号；未作任何改动。",
    )
    OPERATOR_IS_ONESELF = ReasonText(
        409,
        "Nobody suspends themselves.",
        "不能停用本人账号。",
        "Sign out, or let another operator do it; nothing was changed.",
        "请退出登录，或由其他经办人办理；未作任何改动。",
    )
    STAFF_MEMBER_IS_UNKNOWN = ReasonText(
        404,
        "No such member of staff.",
        "没有该工作人员。",
        "Check the id; nothing was changed.",
        "请核对编号；未作任何改动。",
    )
    PARTNER_IS_UNKNOWN = ReasonText(
        404,
        "No such partner in this region.",
        "本地区没有该合作方。",
        "Check the id; nothing was changed.",
        "请核对编号；未作任何改动。",
    )
    ACCESS_KEY_ID_IS_UNKNOWN = ReasonText(
        404,
        "No key with this id in this region.",
        "本地区没有该密钥。",
        "Check the id; nothing was changed.",
        "请核对编号；未作任何改动。",
    )
    RECORD_IS_UNKNOWN = ReasonText(
        404,
        "No such record.",
        "没有该留痕记录。",
        "Nothing was shown. Page with `next_before` of the page before.",
        "未显示任何信息。请使用上一页返回的next_before翻页。",
    )
    EXPIRY_IS_NOT_AHEAD = ReasonText(
        422,
        "A key must end later than it begins.",
        "密钥到期时间须晚于当前时间。",
        "Name an instant ahead, or none; nothing was changed.",
        "请填写将来的时间或不填；未作任何改动。",
    )
    RESIDENT_TO_LOOK_AT_IS_UNREADABLE = ReasonText(
        404,
        "This is not the id of a resident.",
        "持卡人编号无法识别。",
        "Check the id; nothing was shown.",
        "请核对编号；未显示任何信息。",
    )
    ROLE_IS_UNKNOWN = ReasonText(
        404,
        "No such role in this region.",
        "本地区没有该角色。",
        "List the roles under /v1/roles; nothing was changed.",
        "请查询角色列表；未作任何改动。",
    )
    ROLE_NAME_IS_MALFORMED = ReasonText(
        422,
        "A role's name is 2 to 40 small letters, digits and underscores, a letter first.",
        "角色名应为2至40个小写字母、数字或下划线，以字母开头。",
        "Choose another name; nothing was changed.",
        "请更换角色名；未作任何改动。",
    )
    GRANT_EXCEEDS_OWN_RIGHTS = ReasonText(
        403,
        "Nobody gives away more than they hold.",
        "授予的权限超出本人权限。",
        "Ask someone who holds the permissions and divisions; nothing was changed.",
        "请由具有相应权限的人员操作；未作任何改动。",
    )
    APPROVAL_IS_UNKNOWN = ReasonText(
        404,
        "No such request for approval in this region.",
        "没有该审批事项。",
        "Check the id; nothing was changed.",
        "请核对编号；未作任何改动。",
    )
    APPROVER_IS_THE_ASKER = ReasonText(
        403,
        "Whoever asked cannot approve.",
        "申请人不能审批本人的申请。",
        "Let another operator decide; the request waits.",
        "请由其他经办人审批；申请仍在等待。",
    )
    APPROVAL_IS_DECIDED = ReasonText(
        409,
        "The request has been decided already.",
        "该事项已审批。",
        "The decision stands. Look at its outcome under /v1/approvals.",
        "原决定不变。请查看审批结果。",
    )
    APPROVAL_HAS_EXPIRED = ReasonText(
        409, "Nobody decided in time.", "审批已逾期。", "Ask again; nothing was changed.", "请重新申请；未作任何改动。"
    )
    ASKER_IS_NO_LONGER_ADMITTED = ReasonText(
        409,
        "Whoever asked has lost the right to do this.",
        "申请人已不具备该项权限。",
        "Let someone with the right ask; nothing was changed.",
        "请由有权限的人员重新申请；未作任何改动。",
    )
    OPERATOR_MAY_NOT_ATTEST = ReasonText(
        403,
        "The operator may not attest for others.",
        "该经办人没有见证权限。",
        _ASK_EN,
        _ASK_ZH,
    )
    OPERATOR_TAP_LIMIT_EXCEEDED = ReasonText(
        409,
        "The amount is above what this operator may attest in one tap.",
        "超过经办人单笔见证限额。",
        "Use another form of the card, or an operator with a higher limit; no money moved.",
        "请使用其他用卡方式或由更高限额的经办人办理；未扣款。",
    )
    OPERATOR_DAY_LIMIT_EXCEEDED = ReasonText(
        409,
        "The amount is above what this operator may still attest today.",
        "超过经办人当日见证限额。",
        "Use another form of the card, or another operator; no money moved.",
        "请使用其他用卡方式或由其他经办人办理；未扣款。",
    )
    ATTESTATION_IS_ANOTHER = ReasonText(
        409,
        "This tap was attested before with another amount.",
        "该笔用卡已以其他金额见证。",
        "Send a new tap; no money moved.",
        "请重新发起；未扣款。",
    )
    IDEMPOTENCY_KEY_IS_MALFORMED = ReasonText(
        400,
        "An Idempotency-Key is 1 to 128 visible ASCII characters.",
        "Idempotency-Key应为1至128个可见ASCII字符。",
        "Nothing was changed. Send a fresh UUID for each command, and the same one when repeating it.",
        "未作任何改动。每个命令使用新的UUID，重试时保持不变。",
    )
    IDEMPOTENCY_KEY_IS_TAKEN = ReasonText(
        409,
        "The same Idempotency-Key came before with another command.",
        "该Idempotency-Key已用于其他请求。",
        "Use a fresh key for a new command; nothing was changed.",
        "新请求请使用新的键；未作任何改动。",
    )
    ANSWER_CANNOT_BE_REPEATED = ReasonText(
        409,
        "The command was done before; its answer can only be opened with the token it was first given to.",
        "该命令已执行；其应答只能由首次调用的令牌取得。",
        "Look at what it changed; it was not done again.",
        "请查询执行结果；未重复执行。",
    )
