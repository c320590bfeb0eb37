"""Why a number assigned by others is refused."""

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

_COPY_EN = "Nothing was kept. Copy the number again from the document."
_COPY_ZH = "未保存。请对照证件重新录入。"


class Reason(outcomes.Reason):
    """Refusals of identifiers; every one is of the input, so every status is 422."""

    ID_NUMBER_IS_MALFORMED = ReasonText(
        422, "An ID number has 17 digits and a digit or X.", "身份号码应为17位数字加1位数字或X。", _COPY_EN, _COPY_ZH
    )
    ID_NUMBER_HAS_FIFTEEN_DIGITS = ReasonText(
        422,
        "The number has 15 digits, as numbers did before October 1999; these are no longer accepted.",
        "该号码为15位旧号码，已停止使用。",
        "Nothing was kept. Use the 18-character number of the present document.",
        "未保存。请使用现行证件上的18位号码。",
    )
    ID_NUMBER_CHECK_DIGIT_IS_WRONG = ReasonText(
        422, "The last character does not fit the other 17.", "身份号码校验位不正确。", _COPY_EN, _COPY_ZH
    )
    ID_NUMBER_PROVINCE_IS_UNKNOWN = ReasonText(
        422, "The number begins with no known province.", "身份号码的省级代码不存在。", _COPY_EN, _COPY_ZH
    )
    ID_NUMBER_IS_SYNTHETIC = ReasonText(
        422,
        "The number belongs to the made-up division 9901xx, which this installation does not accept.",
        "该号码属于测试用区划9901xx，本系统未开放。",
        "Nothing was kept. Use a real number, or allow synthetic residents in the settings of a test installation.",
        "未保存。请使用真实号码；测试环境可在设置中开放。",
    )
    ID_NUMBER_BIRTH_DATE_IS_NOT_REAL = ReasonText(
        422, "The number names a birth date that does not exist.", "身份号码中的出生日期不存在。", _COPY_EN, _COPY_ZH
    )
    ID_NUMBER_BIRTH_DATE_IS_IN_THE_FUTURE = ReasonText(
        422, "The number names a birth date in the future.", "身份号码中的出生日期晚于今天。", _COPY_EN, _COPY_ZH
    )
    CREDIT_CODE_IS_MALFORMED = ReasonText(
        422,
        "A unified social credit code has 18 digits and letters, without I, O, S, V and Z.",
        "统一社会信用代码应为18位数字或大写字母（不含I、O、S、V、Z）。",
        "Nothing was kept. Copy the code again from the licence.",
        "未保存。请对照营业执照重新录入。",
    )
    CREDIT_CODE_CHECK_CHARACTER_IS_WRONG = ReasonText(
        422,
        "The last character does not fit the other 17 of the credit code.",
        "统一社会信用代码校验位不正确。",
        "Nothing was kept. Copy the code again from the licence.",
        "未保存。请对照营业执照重新录入。",
    )
    BANK_CARD_NUMBER_IS_MALFORMED = ReasonText(
        422,
        "A bank card number has 16 to 19 digits and does not begin with 0.",
        "银行卡号应为16至19位数字，且不以0开头。",
        "Nothing was kept. Copy the number again from the bank card.",
        "未保存。请对照银行卡重新录入。",
    )
    BANK_CARD_CHECK_DIGIT_IS_WRONG = ReasonText(
        422,
        "The last digit of the bank card number does not fit the others.",
        "银行卡号校验位不正确。",
        "Nothing was kept. Copy the number again from the bank card.",
        "未保存。请对照银行卡重新录入。",
    )
    DIVISION_CODE_IS_MALFORMED = ReasonText(
        422,
        "A division code has six digits and does not begin with 0.",
        "行政区划代码应为6位数字，且不以0开头。",
        "Nothing was kept. Choose the division from the list.",
        "未保存。请从列表中选择行政区划。",
    )
    VEHICLE_CODE_IS_MALFORMED = ReasonText(
        422,
        "An e-bike's vehicle code has exactly 15 digits.",
        "电动自行车整车编码应为15位数字。",
        "Nothing was kept. Copy the code again from the frame or the certificate of conformity.",
        "未保存。请对照车架或合格证重新录入。",
    )
    VEHICLE_CODE_TYPE_IS_UNKNOWN = ReasonText(
        422,
        "The fifth digit of the vehicle code names no type of vehicle.",
        "整车编码第5位不是已知的车辆类型。",
        "Nothing was kept. Copy the code again from the frame or the certificate of conformity.",
        "未保存。请对照车架或合格证重新录入。",
    )
