"""Why a claim is not moved, in the order in which the first reason is told."""

from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import ReasonText


class Reason(KernelReason):
    """Refusals of the goods chain."""

    ACT_IS_NOT_FOR_THIS_PARTY = ReasonText(
        403, "This step of a trade-in is not for this party.", "该环节不由此方办理。",
        "Nothing was changed. The answer says who may take this step.",
        "未作任何变更。返回内容载明可办理该环节的一方。",
    )  # fmt: skip
    CLAIM_WAS_RESUMED = ReasonText(
        409, "A later claim of the same person has taken over the goods of this one.",
        "该申领的车辆已转入本人之后的申领。",
        "Nothing was changed. Go on with the later claim.",
        "未作任何变更。请在之后的申领中继续办理。",
    )  # fmt: skip
    CLAIM_IS_PAID_IN_ANOTHER_WAY = ReasonText(
        409, "This step does not exist in the way this claim is paid.", "该申领的补贴方式没有此环节。",
        "Nothing was changed. Where the subsidy is taken off at the till nothing is claimed later, and the reverse.",
        "未作任何变更。已实行购车立减的不再事后申领，事后申领的不在购车时立减。",
    )  # fmt: skip
    CLAIM_IS_IN_ANOTHER_STATE = ReasonText(
        409, "The claim stands where this cannot be done.", "申领当前状态不能办理此操作。",
        "Nothing was changed. The answer says how the claim stands and which state this needs.",
        "未作任何变更。返回内容载明申领的当前状态和所需状态。",
    )  # fmt: skip
    CLAIM_HAS_NO_COUPON = ReasonText(
        409, "The rule of this claim's place gives no coupon.", "该申领所在地区不发放补贴券。",
        "Nothing was changed. Take no coupon for this claim; its store says how its subsidy is paid.",
        "未作任何变更。该申领没有可核销的补贴券，补贴方式请咨询门店。",
    )  # fmt: skip
    COUPON_WAS_USED = ReasonText(
        409, "This coupon was used before.", "该补贴券已被使用。",
        "Nothing was changed. The answer says the day; the department that checks claims decides about a mistake.",
        "未作任何变更。返回内容载明使用日期；如有差错，由审核部门处理。",
    )  # fmt: skip
    COUPON_IS_NOT_GOOD_ON_THIS_DAY = ReasonText(
        422, "The coupon is not good on that day.", "补贴券在该日无效。",
        "Nothing was changed. The answer says when it was taken and the first day on which it is no longer good.",
        "未作任何变更。返回内容载明领取日期和失效日期。",
    )  # fmt: skip
    OLD_BIKE_IS_IN_ANOTHER_STATE = ReasonText(
        409, "The old bike is not where this step needs it.", "旧车当前状态不能办理此环节。",
        "Nothing was changed. The answer says where the old bike is and where this needs it.",
        "未作任何变更。返回内容载明旧车的当前状态和所需状态。",
    )  # fmt: skip
    PLATE_IS_IN_ANOTHER_STATE = ReasonText(
        409, "The old bike has no registered plate that could be cancelled.", "旧车没有可注销的号牌。",
        "Nothing was changed. The answer says how the plate stands.",
        "未作任何变更。返回内容载明号牌的当前状态。",
    )  # fmt: skip
    NEW_BIKE_IS_IN_ANOTHER_STATE = ReasonText(
        409, "The new bike is not where this step needs it.", "新车当前状态不能办理此环节。",
        "Nothing was changed. The answer says how the new bike stands and which state this needs.",
        "未作任何变更。返回内容载明新车的当前状态和所需状态。",
    )  # fmt: skip
    STEP_IS_IN_THE_FUTURE = ReasonText(
        422, "The step is dated after today.", "办理日期晚于今天。",
        "Nothing was changed. Give the day on which it happened.",
        "未作任何变更。请填写实际办理日期。",
    )  # fmt: skip
    STEP_IS_BEFORE_THE_ONE_IT_FOLLOWS = ReasonText(
        422, "The step is dated before the one that it follows.", "办理日期早于前一环节。",
        "Nothing was changed. The answer says the day of the earlier step; check both days.",
        "未作任何变更。返回内容载明前一环节的日期，请核对两个日期。",
    )  # fmt: skip
    CLAIM_IS_WITH_ANOTHER_PARTY = ReasonText(
        403, "Another store, recycler or person has to do with this claim.", "该申领由其他门店、回收企业或个人办理。",
        "Nothing was changed. Who began this part of the claim goes on with it.",
        "未作任何变更。请由原办理方继续办理。",
    )  # fmt: skip
    QUALIFICATION_HAS_ENDED = ReasonText(
        409, "The qualification ended before this day.", "补贴资格已到期。",
        "No money moved, and no chance was used. Qualify anew if the place allows it and money is left.",
        "未动用资金，未计入次数。当地允许且资金仍有余额的，请重新申请资格。",
    )  # fmt: skip
    QUALIFICATION_HAS_NOT_ENDED = ReasonText(
        409, "The qualification is still in force, so it does not expire.", "补贴资格仍有效，不能作到期处理。",
        "Nothing was changed; the money stays reserved. Its resident may withdraw the claim.",
        "未作任何变更，资金仍予预留。申领人可自行撤回申领。",
    )  # fmt: skip
    CLAIM_LACKS_A_STEP = ReasonText(
        409, "A step that the place asks for has not been taken.", "缺少当地要求的办理环节。",
        "Nothing was changed. The answer names the steps that are missing.",
        "未作任何变更。返回内容载明缺少的环节。",
    )  # fmt: skip
    NEW_VEHICLE_CODE_IS_MISSING = ReasonText(
        422, "The sale does not name the new bike by its whole-vehicle code.", "销售信息缺少新车整车编码。",
        "Nothing was changed. Read the code from frame and certificate.",
        "未作任何变更。请从车架和合格证读取整车编码。",
    )  # fmt: skip
    VEHICLE_IS_COUNTED_ALREADY = ReasonText(
        409, "This vehicle counts for a claim already, here or in another place.", "该车辆已在本地或其他地区计入申领。",
        "Nothing was paid; the other claim stays as it is. Read the code again; each vehicle counts once.",
        "未付款，原申领不变。请重新核对整车编码，每辆车仅计一次。",
    )  # fmt: skip
    PRICE_IS_NOTHING = ReasonText(
        422, "The price of the new bike is zero or less.", "新车价格不大于零。",
        "Nothing was changed. Give the price on the invoice, tax included.",
        "未作任何变更。请填写发票上的含税价格。",
    )  # fmt: skip
    AMOUNT_IS_NOTHING = ReasonText(
        422, "The amount is zero or less.", "金额不大于零。",
        "No money moved. A claim that gets nothing is rejected with its reason.",
        "未动用资金。不应补贴的申领须注明原因后退回。",
    )  # fmt: skip
    AMOUNT_IS_ABOVE_THE_PRICE = ReasonText(
        422, "The subsidy is larger than the price of the new bike.", "补贴金额高于新车价格。",
        "No money moved. Check price and amount.",
        "未动用资金。请核对价格和金额。",
    )  # fmt: skip
    AMOUNT_IS_ABOVE_THE_RESERVE = ReasonText(
        409, "The amount is larger than what is held or owed for this claim.", "金额超过该申领的预留或应退金额。",
        "No money moved. The answer says what is there.",
        "未动用资金。返回内容载明可用金额。",
    )  # fmt: skip
    PUBLICITY_HAS_NO_TERM = ReasonText(
        422, "The publicity ends on the day it begins or before.", "公示期没有有效期限。",
        "Nothing was published. Name the first day on which it no longer counts.",
        "未公示。请填写公示结束后的第一天。",
    )  # fmt: skip
    PUBLICITY_IS_NOT_OVER = ReasonText(
        409, "The claim is still shown to the public.", "申领仍在公示期内。",
        "Nothing was approved; the claim stays public. Come back on the day that is named.",
        "未批准，公示继续。请在注明的日期之后办理。",
    )  # fmt: skip
    MENDING_HAS_NO_TERM = ReasonText(
        422, "The claim would have to be mended before a day that is over already.", "补正期限在开始时已届满。",
        "Nothing was changed. Name a day after today, or none for the usual term.",
        "未作任何变更。请填写今天之后的日期，或不填而采用通常期限。",
    )  # fmt: skip
    SALE_IS_UNDER_ANOTHER_SCHEME = ReasonText(
        409, "On the day of this sale another scheme or budget counts than the claim was qualified for.",
        "购车当日适用的政策或预算与该申领取得资格时不同。",
        "Nothing was changed. The resident withdraws the claim and asks anew for the day of the purchase.",
        "未作任何变更。请申领人撤回该申领，按购车日期重新申请资格。",
    )  # fmt: skip
    COUPON_IS_NOT_GIVEN_OUT_NOW = ReasonText(
        409, "At this time of the day the place gives out no qualification.", "当前不在该地区资格发放时段内。",
        "Nothing was counted or reserved. Come back in the hours that are named.",
        "未计入次数，未预留资金。请在注明的时段内申请。",
    )  # fmt: skip
    PLACES_ARE_USED_UP = ReasonText(
        409, "As many bikes as the place pays for have been applied for.", "该地区的补贴名额已用完。",
        "Nothing was paid, and no chance was used. A place that is given back may be had by whoever comes next.",
        "未付款，未计入次数。退回的名额由后续申请人使用。",
    )  # fmt: skip
    CLAIM_IS_UNKNOWN = ReasonText(
        404, "There is no such claim.", "没有此申领。",
        "Nothing was changed. Read the number of the claim again, or the old bike's whole-vehicle code.",
        "未作任何变更。请重新核对申领编号或旧车整车编码。",
    )  # fmt: skip
    VEHICLE_CODE_IS_NOT_VALID = ReasonText(
        422, "The whole-vehicle code has not fifteen digits.", "整车编码不是15位数字。",
        "Nothing was changed. Read the code again from frame and certificate.",
        "未作任何变更。请从车架和合格证重新读取整车编码。",
    )  # fmt: skip
    FACT_IS_NOT_FOR_THIS_PARTY = ReasonText(
        422, "A fact was stated that the platform takes from its own records.", "所填事实应由平台依据自身记录认定。",
        "Nothing was changed. Leave out what is named.",
        "未作任何变更。请去掉注明的事实。",
    )  # fmt: skip
    DEED_IS_ANOTHER = ReasonText(
        409, "Another step was done under this request's id.", "该请求编号已用于另一个环节。",
        "Nothing was changed; the earlier step stands. Ask under a new id.",
        "未作任何变更，原环节有效。请使用新的请求编号。",
    )  # fmt: skip
    SALE_IS_NOT_PREPARED = ReasonText(
        409, "No store has entered a sale of this price for this resident.", "门店尚未为该居民录入此价格的销售。",
        "Nothing was charged. The store enters the sale first; then the resident pays its full price here.",
        "未扣款。请门店先录入销售，再由居民在本门店按全价结算。",
    )  # fmt: skip
    PROOF_IS_MISSING = ReasonText(
        422, "The proof of dismantling is missing, or is no digest of 32 bytes.",
        "缺少拆解证明，或其摘要不是32字节。",
        "Nothing was changed. Send the SHA-256 of the proof.",
        "未作任何变更。请提交证明文件的SHA-256摘要。",
    )  # fmt: skip
    SOURCE_IS_MISSING = ReasonText(
        422, "It was not said from which account the money comes back.", "未注明退回资金的账户。",
        "Nothing was changed, no money moved. Name the account.",
        "未作任何变更，未动用资金。请注明账户。",
    )  # fmt: skip
    MONEY_IS_NOT_WITH_PAYOUTS = ReasonText(
        409, "The money of this claim has not been handed to a payment batch, or still lies in one.",
        "该申领的资金尚未移交代发批次，或仍在批次中。",
        "Nothing was changed, no money moved. The answer says how much lies there.",
        "未作任何变更，未动用资金。返回内容载明批次中的金额。",
    )  # fmt: skip
    APPLICANT_IS_DECEASED = ReasonText(
        409, "The applicant is recorded as deceased or gone.", "申领人登记为已故或已迁出。",
        "Nothing was changed. If the record is wrong, have it mended at a counter first.",
        "未作任何变更。登记有误的，请先到经办窗口更正。",
    )  # fmt: skip
    RESIDENT_IS_NOT_PRESENT = ReasonText(
        409, "The document before the clerk is not this resident's.", "出示的证件不是该居民本人的证件。",
        "Nothing was changed. Read the number of the document again, and find the resident by it.",
        "未作任何变更。请重新核对证件号码，并按证件号码查询居民。",
    )  # fmt: skip
    VEHICLE_IS_ANOTHER = ReasonText(
        409, "The bike at hand is not the one of this claim.", "现场车辆不是该申领登记的车辆。",
        "Nothing was changed. Read the code from the frame again, or find the claim by it.",
        "未作任何变更。请重新读取车架上的整车编码，或按编码查询申领。",
    )  # fmt: skip
    LIST_FILE_IS_TOO_LARGE = ReasonText(
        413, "The file is larger than a list may be.", "文件超过名单允许的大小。",
        "Nothing was taken from it. Split it; the answer says how large a file may be.",
        "未导入任何内容。请拆分文件，返回内容载明允许的大小。",
    )  # fmt: skip
    LIST_FILE_CANNOT_BE_READ = ReasonText(
        422, "The file is no table that can be read.", "文件不是可读取的表格。",
        "Nothing was taken from it. Save it as XLSX with one sheet, or as CSV in UTF-8; the answer says what is wrong.",
        "未导入任何内容。请另存为仅含一张工作表的XLSX或UTF-8编码的CSV，返回内容载明原因。",
    )  # fmt: skip
    LIST_HAS_ERRORS = ReasonText(
        422, "Lines of the list are wrong, so none was taken in.", "名单中有错误行，整份未导入。",
        "Nothing was changed. The answer names line, column and fault; mend them and send the whole file again.",
        "未作任何变更。返回内容逐行载明列名和错误，请更正后重新提交整份文件。",
    )  # fmt: skip
    SALE_IS_BEING_PAID = ReasonText(
        409, "A tap that pays this sale is waiting for the resident or the bank.",
        "该销售正在结算，等待居民确认或银行扣款。",
        "Nothing was changed. Wait until the tap has ended, or take it back at its till, then ask again.",
        "未作任何变更。请待该笔用卡结束或在原终端冲正后再办理。",
    )  # fmt: skip
    GOODS_COME_BACK_BY_THEIR_TAP = ReasonText(
        409, "This bike was paid by a tap, so it is given back by the refund of that tap.",
        "该车由用卡结算，须通过该笔用卡的退款办理退货。",
        "Nothing was changed. Refund the full price at a till: both parts come back at once.",
        "未作任何变更。请在终端按全价退款，居民自付部分与补贴一并退回。",
    )  # fmt: skip
    CLAIM_HAS_NO_STORE = ReasonText(
        409, "No store that is registered here has sold anything under this claim.", "该申领没有本平台登记的售车门店。",
        "Nothing was changed, no money moved. Ask whoever was paid to pay back.",
        "未作任何变更，未动用资金。请向收款方追回。",
    )  # fmt: skip
