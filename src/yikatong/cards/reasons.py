"""Why cards refuses. The words say what happened, what was kept, and what to do next."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText


class Reason(outcomes.Reason):
    """Refusals of the room cards."""

    # Residents

    RESIDENT_IS_NOT_KNOWN = ReasonText(
        404,
        "No such resident is registered here.",
        "此处没有该持卡人的登记。",
        "Nothing was changed. Check the number, or register the resident at a counter.",
        "未作任何更改。请核对号码，或到经办窗口登记。",
    )
    ID_NUMBER_IS_ALREADY_REGISTERED = ReasonText(
        409,
        "This ID number is already registered to a resident.",
        "该身份号码已登记。",
        "Nothing was registered. Look the resident up by the ID number.",
        "未重复登记，请按身份号码查询。",
    )
    RESIDENT_IS_DECEASED = ReasonText(
        409,
        "The card holder is recorded as deceased.",
        "持卡人已登记身故。",
        "Nothing was used or changed. If this is a mistake, bring proof of life to a counter.",
        "未使用、未更改。如有误，请携带证明到经办窗口更正。",
    )
    RESIDENT_HAS_LEFT = ReasonText(
        409,
        "The resident is recorded as settled abroad.",
        "持卡人已登记出国定居。",
        "Nothing was changed. On return, register again at a counter.",
        "未作任何更改。回国后请到经办窗口重新登记。",
    )
    PERSON_IS_ERASED = ReasonText(
        410,
        "The personal data of this resident have been erased.",
        "该持卡人的个人信息已被删除。",
        "Records of amounts remain; the person can no longer be shown.",
        "金额记录仍保留，个人信息无法再显示。",
    )
    PERSONAL_FIELD_IS_NOT_VALID = ReasonText(
        422,
        "A personal field is missing or not in its form.",
        "个人信息字段缺失或格式不正确。",
        "Nothing was registered. Correct the named field.",
        "未登记，请更正所指字段。",
    )

    # Cards

    RESIDENT_HAS_NO_CARD = ReasonText(
        404,
        "The resident has no card.",
        "该持卡人尚无社会保障卡。",
        "Nothing was used or changed. Apply for a card first.",
        "未使用、未更改。请先申领社会保障卡。",
    )
    RESIDENT_ALREADY_HOLDS_A_CARD = ReasonText(
        409,
        "One person may not hold two cards.",
        "同一人不得持有两张社会保障卡。",
        "No card was applied for. Replace the present card if it is damaged or lost.",
        "未重复申领。如卡片损坏或遗失，请办理补换卡。",
    )
    GUARDIAN_MUST_APPLY = ReasonText(
        422,
        "Under 16 the first card is applied for by a guardian.",
        "未满16周岁首次申领须由监护人代办。",
        "No card was applied for. Have a registered guardian apply.",
        "未申领，请由已登记的监护人代办。",
    )
    PHOTO_IS_REQUIRED = ReasonText(
        422,
        "A photo is required from the age of seven.",
        "年满7周岁须提供照片。",
        "No card was applied for. Add a photo.",
        "未申领，请补充照片。",
    )
    CARD_IS_CANCELLED = ReasonText(
        409,
        "The card has been cancelled.",
        "该卡已注销。",
        "Nothing was used or changed. Apply for a new card if you need one.",
        "未使用、未更改。如需用卡请重新申领。",
    )
    CARD_IS_REPORTED_LOST = ReasonText(
        409,
        "The card is formally reported lost.",
        "该卡已正式挂失。",
        "Nothing was used or changed. Replace the card at a counter.",
        "未使用、未更改，请到经办窗口办理补卡。",
    )
    CARD_IS_TEMPORARILY_REPORTED_LOST = ReasonText(
        409,
        "The card is temporarily reported lost.",
        "该卡已临时挂失。",
        "Nothing was used or changed. If you have found it, release the loss report.",
        "未使用、未更改。如已找回，请办理解挂。",
    )
    CARD_IS_LOCKED = ReasonText(
        409,
        "The card is locked.",
        "该卡应用已锁定。",
        "Nothing was used or changed; a locked card cannot be used by a finder either. Unlock it at a counter.",
        "未使用、未更改；锁定期间他人也无法使用。请到经办窗口解锁。",
    )
    CARD_IS_NOT_ACTIVE = ReasonText(
        409,
        "The card has not been activated.",
        "该卡尚未启用。",
        "Nothing was used or changed. Activate the card first.",
        "未使用、未更改，请先启用该卡。",
    )
    CARD_IS_BEING_MADE = ReasonText(
        409,
        "The card is still being made.",
        "该卡正在制作。",
        "Nothing was changed. Wait for the notice that it is ready.",
        "未作任何更改，请等待领卡通知。",
    )
    CARD_IS_ALREADY_MADE = ReasonText(
        409,
        "The card was already made and handed out.",
        "该卡已制成并发放。",
        "Nothing was changed. Use the card that was made; replace it if it is damaged or lost.",
        "未作任何更改。请使用已制成的卡；如损坏或遗失，请办理补换卡。",
    )
    CARD_HAS_EXPIRED = ReasonText(
        409,
        "The card has expired.",
        "该卡已过有效期。",
        "Nothing was used. Renew the card.",
        "未使用，请办理到期换卡。",
    )
    FORMAL_LOSS_CANNOT_BE_UNDONE = ReasonText(
        409,
        "In this region a formal loss report cannot be undone.",
        "本地区正式挂失后不可解挂。",
        "The card stays reported lost. Replace it.",
        "该卡保持挂失状态，请办理补卡。",
    )
    REPLACEMENT_IS_TOO_SOON = ReasonText(
        409,
        "A card is not replaced within the first months after its issue.",
        "制发后规定月数内不予换卡。",
        "Nothing was changed. Replace it after the day named, or report it lost.",
        "未作任何更改。请于规定日期后办理；如已遗失请先挂失。",
    )
    CARD_IS_NOT_NEAR_EXPIRY = ReasonText(
        409,
        "The card expires in more than 60 days.",
        "距到期日超过60天，不能办理到期换卡。",
        "Nothing was changed. Renew within 60 days before expiry, or give another reason.",
        "未作任何更改。请在到期前60天内办理，或选择其他原因。",
    )

    # Making cards

    NO_CARDS_WAIT_TO_BE_MADE = ReasonText(
        409,
        "No cards wait to be made.",
        "没有待制卡数据。",
        "No batch was made. Ask again once somebody has applied for a card.",
        "未生成批次。有人申领后再办理。",
    )
    CARD_BATCH_IS_NOT_KNOWN = ReasonText(
        404,
        "No such production batch is known.",
        "没有该制卡批次。",
        "Nothing was changed. Check the batch number.",
        "未作任何更改。请核对批次号。",
    )
    RETURN_FILE_IS_TOO_LARGE = ReasonText(
        413,
        "The return file is larger than is accepted.",
        "回盘文件超过允许的大小。",
        "Nothing was read in. Send one batch a file.",
        "未导入，请按批次分别提交。",
    )
    RETURN_FILE_HAS_ERRORS = ReasonText(
        422,
        "The return file has errors, named line by line.",
        "回盘文件有误，已逐行列出。",
        "Nothing was read in. Correct the lines and send the file again.",
        "整个文件未导入，请更正所列各行后重新提交。",
    )

    # E-cards and passwords

    ECARD_IS_NOT_ISSUED = ReasonText(
        409,
        "The resident has no e-card.",
        "该持卡人尚未签发电子社保卡。",
        "Nothing was used. Issue the e-card first.",
        "未使用，请先签发电子社保卡。",
    )
    ECARD_IS_SUSPENDED = ReasonText(
        409,
        "The e-card is suspended, because its card was not in order; it must be associated again.",
        "实体卡状态异常，电子社保卡已停用，须重新关联。",
        "Nothing was used. When the card is in order, associate the e-card again.",
        "未使用。实体卡恢复正常后，请重新关联电子社保卡。",
    )
    ECARD_IS_UNLINKED = ReasonText(
        409,
        "The e-card is not linked in this channel.",
        "电子社保卡在该渠道已解除关联。",
        "Nothing was used. Open the e-card in this channel again.",
        "未使用，请在该渠道重新开通。",
    )
    ECARD_HAS_EXPIRED = ReasonText(
        409,
        "The e-card has expired.",
        "电子社保卡已过有效期。",
        "Nothing was used. Associate the e-card again.",
        "未使用，请重新关联。",
    )
    PASSWORD_IS_NOT_SIX_DIGITS = ReasonText(
        422,
        "The password must be six digits.",
        "密码须为6位数字。",
        "The password was not set. Choose six digits.",
        "密码未设置，请输入6位数字。",
    )
    PASSWORD_IS_CONSECUTIVE = ReasonText(
        422,
        "The digits of the password follow one another.",
        "密码不能为连续数字。",
        "The password was not set. Choose digits that do not follow one another.",
        "密码未设置，请改用不连续的数字。",
    )
    PASSWORD_IS_REPEATED = ReasonText(
        422,
        "The password repeats itself.",
        "密码不能为重复数字。",
        "The password was not set. Choose different digits.",
        "密码未设置，请改用不重复的数字。",
    )
    PASSWORD_IS_TAKEN_FROM_ID_NUMBER = ReasonText(
        422,
        "The password is part of the ID number.",
        "密码不能取自身份号码。",
        "The password was not set. Choose one that the ID number does not hold.",
        "密码未设置，请改用身份号码中没有的数字。",
    )
    PASSWORD_IS_THE_SAME_AS_BEFORE = ReasonText(
        422,
        "The new password is the one in use.",
        "新密码不能与原密码相同。",
        "The password stays as it is. Choose another.",
        "密码未更改，请换一个。",
    )
    PASSWORD_IS_WRONG = ReasonText(
        403,
        "The password is wrong.",
        "密码不正确。",
        "Nothing was done; the attempt was counted. After six wrong attempts the password is locked.",
        "未办理，已计入错误次数；连续错误6次将锁定。",
    )
    PASSWORD_IS_LOCKED = ReasonText(
        423,
        "The password is locked after six wrong attempts.",
        "密码连续错误6次，已锁定。",
        "Nothing was done. Set a new password after a face check or at a counter.",
        "未办理，请刷脸或到经办窗口重置密码。",
    )

    # Devices

    IDENTITY_DOES_NOT_MATCH = ReasonText(
        403,
        "Name, ID number and card number do not belong together.",
        "姓名、身份号码与卡号不一致。",
        "Nothing was done. Type them as they stand on the card and the ID card.",
        "未办理，请按社会保障卡和身份证内容填写。",
    )
    FACE_DOES_NOT_MATCH = ReasonText(
        403,
        "The face check did not find the same person.",
        "人脸核验未通过。",
        "Nothing was done. Try again in good light, or go to a counter.",
        "未办理，请在光线良好处重试，或到经办窗口办理。",
    )
    DEVICE_IS_NOT_KNOWN = ReasonText(
        404,
        "No such device is enrolled.",
        "没有该设备的登记。",
        "Nothing was changed. Enrol the device first.",
        "未作任何更改。请先登记设备。",
    )
    DEVICE_IS_REVOKED = ReasonText(
        403,
        "The device has been revoked.",
        "该设备已停用。",
        "Nothing was done. Enrol the device again with a new key.",
        "未办理，请重新登记设备。",
    )
    DEVICE_KEY_IS_ALREADY_ENROLLED = ReasonText(
        409,
        "This key was already enrolled once.",
        "该密钥已登记过。",
        "Nothing was enrolled. Make a new key.",
        "未登记，请生成新的密钥。",
    )
    DEVICE_MESSAGE_IS_STALE = ReasonText(
        403,
        "The signed message was not made now.",
        "签名报文不是当前生成的。",
        "Nothing was done. Correct the clock of the device and try again.",
        "未办理，请校准设备时间后重试。",
    )
    DEVICE_LIMIT_IS_REACHED = ReasonText(
        409,
        "No more devices can be enrolled.",
        "可登记设备数量已达上限。",
        "Nothing was enrolled. Revoke a device that is no longer used.",
        "未登记，请先停用不再使用的设备。",
    )

    # Bank accounts

    BANK_ACCOUNT_IS_NOT_THE_HOLDERS = ReasonText(
        403,
        "The bank does not know this account under the holder's name.",
        "银行核验：账户与持卡人姓名不一致。",
        "Nothing was bound. Use the bank card of your own social security card.",
        "未绑定，请使用本人社会保障卡的银行账户。",
    )
    BANK_ACCOUNT_IS_NOT_ACTIVE = ReasonText(
        409,
        "The bank account has not been activated.",
        "银行账户（金融功能）尚未激活。",
        "Nothing was bound. Activate it at the card's bank.",
        "未绑定，请到发卡银行激活金融功能。",
    )
    BANK_PHONE_IS_NOT_IN_USE = ReasonText(
        409,
        "The phone kept at the bank is not the one in use.",
        "银行预留手机号与在用手机号不一致。",
        "Nothing was bound. Change the reserved phone at the bank.",
        "未绑定，请到银行更新预留手机号。",
    )
    BANK_IS_NOT_THE_CARDS_BANK = ReasonText(
        422,
        "The bank is not the bank of the card.",
        "该银行不是本卡的服务银行。",
        "Nothing was bound. Use the account of the card's own bank.",
        "未绑定，请使用本卡服务银行的账户。",
    )

    # Limits

    MINORS_HAVE_NO_SMALL_PAYMENTS = ReasonText(
        422,
        "A minor cannot have small payments without confirmation.",
        "未成年人不能开通小额免密支付。",
        "The limit stays zero. A minor pays by scanning the till's code, or with the card and its PIN.",
        "限额保持为零。未成年人付款请扫描收款码，或插入实体卡并输入密码。",
    )
    SMALL_PAYMENT_LIMIT_IS_TOO_HIGH = ReasonText(
        422,
        "The limit is higher than small payments may have.",
        "限额超过小额免密支付的上限。",
        "The limits stay as they were. Choose a lower one.",
        "限额未更改，请调低。",
    )
    SMALL_PAYMENTS_ARE_NOT_ALLOWED = ReasonText(
        403,
        "The resident has not allowed payments by a shown code.",
        "持卡人未开通展码小额支付。",
        "Nothing was charged. Confirm the payment in the wallet instead.",
        "未扣款，请在手机上确认支付。",
    )
    SMALL_PAYMENT_LIMIT_IS_EXCEEDED = ReasonText(
        403,
        "The amount is above the limit for a shown code.",
        "金额超过展码小额支付单笔限额。",
        "Nothing was charged. Confirm the payment in the wallet instead.",
        "未扣款，请在手机上确认支付。",
    )
    SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED = ReasonText(
        403,
        "With this amount the day's limit for shown codes would be passed.",
        "已达当日展码小额支付限额。",
        "Nothing was charged. Confirm the payment in the wallet instead.",
        "未扣款，请在手机上确认支付。",
    )
    PAYMENTS_ARE_FROZEN = ReasonText(
        403,
        "The resident's payments are frozen.",
        "持卡人的支付已冻结。",
        "Nothing was charged. The card still proves identity; lift the freeze at a counter.",
        "未扣款；身份凭证功能不受影响，请到经办窗口解冻。",
    )

    # Families and concessions

    GUARDIAN_MUST_BE_ADULT = ReasonText(
        422,
        "A guardian must be of age.",
        "监护人须为成年人。",
        "No guardian was recorded. Name somebody who is of age.",
        "未登记监护人。请登记成年人。",
    )
    RESIDENT_IS_NOT_A_MINOR = ReasonText(
        422,
        "The resident is of age and needs no guardian here.",
        "该持卡人已成年，无需登记监护人。",
        "No guardian was recorded. The resident does everything in person.",
        "未登记监护人。请由持卡人本人办理。",
    )
    RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY = ReasonText(
        422,
        "Nobody is their own guardian or family member.",
        "不能将本人登记为自己的监护人或家庭成员。",
        "Nothing was recorded. Name somebody else.",
        "未登记。请填写他人。",
    )
    FAMILY_PLACES_ARE_TAKEN = ReasonText(
        409,
        "No place is left for this kind of relative.",
        "该类亲属名额已满。",
        "Nobody was added. Remove a relative first.",
        "未添加，请先移除其他成员。",
    )
    FAMILY_MEMBER_MUST_SHOW_FACE = ReasonText(
        422,
        "This relative needs a face check.",
        "添加该亲属须通过人脸核验。",
        "Nobody was added. Have the relative do the face check.",
        "未添加，请由该亲属完成人脸核验。",
    )
    FAMILY_MEMBER_NEEDS_PHOTO = ReasonText(
        422,
        "This relative needs a photo.",
        "添加该亲属须提供照片。",
        "Nobody was added. Add a photo.",
        "未添加，请补充照片。",
    )
    FAMILY_MEMBER_KIND_DOES_NOT_FIT = ReasonText(
        422,
        "The relative's age does not fit this kind.",
        "亲属年龄与所选类别不符。",
        "Nobody was added. Choose another kind.",
        "未添加，请选择其他类别。",
    )
    FAMILY_MEMBER_IS_NOT_KNOWN = ReasonText(
        404,
        "This person is not in the holder's family.",
        "该人不在持卡人的亲情服务名单中。",
        "Nothing was changed. Look who is in the list of the family.",
        "未作任何更改。请查看亲情服务名单。",
    )
    CONCESSION_IS_NOT_KNOWN = ReasonText(
        404,
        "The resident holds no such concession.",
        "该持卡人没有此项优待。",
        "Nothing was changed. Look which concessions the resident holds.",
        "未作任何更改。请查询该持卡人享有的优待。",
    )
