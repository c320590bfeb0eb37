"""Why payouts refuses. The words say what happened, what was kept, and what to do next."""

from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import ReasonText


class Reason(KernelReason):
    """Refusals of the room payouts."""

    BANK_REQUEST_ID_IS_USED = ReasonText(
        409, "A bank was asked something else under this id.", "该银行请求编号已用于其他请求。",
        "The earlier request stands as it was. Use a new id for a new request.",
        "原请求不变。新请求请使用新编号。",
    )  # fmt: skip
    BANK_REQUEST_IS_UNKNOWN = ReasonText(
        404, "No bank was asked anything under this id.", "没有该编号的银行请求。",
        "Nothing was changed. Check the id.",
        "未作任何变更。请核对编号。",
    )  # fmt: skip
    BANK_CODE_IS_NOT_VALID = ReasonText(
        404, "A bank is named by three digits.", "银行代码为三位数字。",
        "Nothing was read. Write the code of the bank as the list of banks has it, 102 for instance.",
        "未查询。请按银行代码表填写，例如102。",
    )  # fmt: skip
    STATEMENT_DAY_IS_NOT_A_DAY = ReasonText(
        404, "The day of the statement is not a day of the calendar.", "对账单日期不是有效日期。",
        "Nothing was read. Write the day as 2026-11-25.",
        "未查询。请按2026-11-25的格式填写日期。",
    )  # fmt: skip
    STATEMENT_DAY_HAS_NOT_BEGUN = ReasonText(
        404, "The day of the statement has not begun.", "对账单日期尚未开始。",
        "Nothing was read. Ask for today or a day before.",
        "未查询。请选择今天或以前的日期。",
    )  # fmt: skip
    STATEMENT_DAY_HAS_NOT_ENDED = ReasonText(
        409, "The day is not over, so its statements cannot be made yet.", "当日尚未结束，不能出具对账单。",
        "Nothing was written. Make them five minutes after midnight in Shanghai or later.",
        "未出具。请在北京时间零点五分之后再办理。",
    )  # fmt: skip
    STATEMENT_PROVIDER_IS_UNKNOWN = ReasonText(
        404, "There is no such provider in this region.", "本地区没有该服务机构。",
        "Nothing was read. Check the provider's id.",
        "未查询。请核对服务机构编号。",
    )  # fmt: skip
    ROSTER_IS_UNKNOWN = ReasonText(
        404, "There is no such roster in your division.", "本辖区没有该花名册。",
        "Nothing was changed. Check the roster's id.",
        "未作任何变更。请核对花名册编号。",
    )  # fmt: skip
    ROSTER_IS_IN_ANOTHER_STATE = ReasonText(
        409, "The roster stands where this cannot be done.", "花名册当前状态不能办理此操作。",
        "Nothing was changed. The answer says how the roster stands and which state this needs.",
        "未作任何变更。返回内容载明当前状态和所需状态。",
    )  # fmt: skip
    ROSTER_HAS_NO_LINES = ReasonText(
        409, "Nobody is on the roster.", "花名册中没有人员。",
        "Nothing was changed. Add lines first.",
        "未作任何变更。请先录入人员。",
    )  # fmt: skip
    ROSTER_HAS_NOBODY_TO_PAY = ReasonText(
        409, "No line of the roster can be paid.", "花名册中没有可发放的人员。",
        "Nothing was changed. Look at the findings, mend the lines or withdraw the roster.",
        "未作任何变更。请查看核查结果，更正人员或撤回花名册。",
    )  # fmt: skip
    ROSTER_IS_TOO_LARGE_FOR_A_REQUEST = ReasonText(
        409, "The roster has more lines than one request deals with.", "花名册人数超过单次请求可处理的数量。",
        "Nothing was changed. Begin the work instead, and ask how far it is.",
        "未作任何变更。请改用“开始处理”，并查询处理进度。",
    )  # fmt: skip
    ROSTER_HAS_A_BATCH = ReasonText(
        409, "The batch of the roster was issued before.", "该花名册已生成发放批次。",
        "Nothing was changed. The roster names its batch.",
        "未作任何变更。花名册信息中载明批次编号。",
    )  # fmt: skip
    ROSTER_HAS_NO_WORK = ReasonText(
        404, "No work was begun on this roster.", "该花名册没有处理任务。",
        "Nothing was changed. Begin a check or the issue of its batch.",
        "未作任何变更。请先开始核查或生成批次。",
    )  # fmt: skip
    ROSTER_LINE_IS_UNKNOWN = ReasonText(
        404, "The roster has no such line.", "花名册中没有该行。",
        "Nothing was changed. Check the number of the line.",
        "未作任何变更。请核对行号。",
    )  # fmt: skip
    ROSTER_REFERENCE_IS_USED = ReasonText(
        409, "A line of the roster has this reference, with another person or amount.",
        "该业务引用已登记在本花名册中，且人员或金额不同。",
        "Nothing was added. Remove the earlier line first, or use the reference of its own.",
        "未录入任何行。请先移除原有行，或使用各自的业务引用。",
    )  # fmt: skip
    ROSTER_HAS_TOO_MANY_LINES = ReasonText(
        409, "A roster holds at most two million lines.", "一份花名册最多二百万行。",
        "Nothing was added. Open another roster.",
        "未录入任何行。请另建花名册。",
    )  # fmt: skip
    ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON = ReasonText(
        403, "Whoever opened a roster does not review it.", "花名册的录入人不能复核该花名册。",
        "Nothing was changed. Another operator reviews it.",
        "未作任何变更。请由其他经办人复核。",
    )  # fmt: skip
    PUBLICITY_TERM_IS_TOO_SHORT = ReasonText(
        422, "A roster is public for seven working days at least.", "花名册公示期不得少于七个工作日。",
        "Nothing was published. Name a later end.",
        "未公示。请填写更晚的截止日期。",
    )  # fmt: skip
    PUBLICITY_TERM_HAS_NOT_ENDED = ReasonText(
        409, "The roster is still public, and may still be objected to.", "花名册尚在公示期内。",
        "Nothing was changed. Try again on the day that the answer names.",
        "未作任何变更。请在返回内容载明的日期之后办理。",
    )  # fmt: skip
    PUBLICITY_TERM_HAS_ENDED = ReasonText(
        409, "The roster is no longer public.", "花名册公示期已结束。",
        "Nothing was written. Tell the department that keeps the roster.",
        "未登记。请向主管部门反映。",
    )  # fmt: skip
    OBJECTION_IS_OPEN = ReasonText(
        409, "An objection against the roster is not decided yet.", "花名册有未处理的异议。",
        "Nothing was changed. Decide the objections first.",
        "未作任何变更。请先处理异议。",
    )  # fmt: skip
    OBJECTION_IS_UNKNOWN = ReasonText(
        404, "The roster has no such objection.", "该花名册没有该异议。",
        "Nothing was changed. Check the objection's id.",
        "未作任何变更。请核对异议编号。",
    )  # fmt: skip
    OBJECTION_IS_DECIDED = ReasonText(
        409, "The objection was decided otherwise.", "该异议已有其他处理结果。",
        "It stands as it was decided.",
        "原处理结果不变。",
    )  # fmt: skip
    PAYOUT_BATCH_IS_UNKNOWN = ReasonText(
        404, "There is no such payout batch in your division.", "本辖区没有该发放批次。",
        "Nothing was changed. Check the batch's id.",
        "未作任何变更。请核对批次编号。",
    )  # fmt: skip
    PAYOUT_BATCH_IS_IN_ANOTHER_STATE = ReasonText(
        409, "The batch stands where this cannot be done.", "发放批次当前状态不能办理此操作。",
        "Nothing was changed. The answer says how the batch stands and which state this needs.",
        "未作任何变更。返回内容载明当前状态和所需状态。",
    )  # fmt: skip
    PAYOUT_BATCH_HAS_NOTHING_TO_PAY = ReasonText(
        409, "The batch has no amount left to pay.", "发放批次没有待支付金额。",
        "Nothing was applied for. Delete the batch.",
        "未提交支付申请。请删除该批次。",
    )  # fmt: skip
    PAID_BATCH_CANNOT_BE_DELETED = ReasonText(
        409, "Money was applied for, or went to the bank; such a batch is not deleted.",
        "该批次已申请支付或已送银行，不能删除。",
        "Nothing was changed. Revoke the application while the bank does not have it.",
        "未作任何变更。银行尚未收到时可先撤销支付申请。",
    )  # fmt: skip
    PAYOUT_DAY_HAS_PASSED = ReasonText(
        422, "The day of payment lies in the past.", "支付日期早于今天。",
        "Nothing was applied for. Name today or a later day.",
        "未提交支付申请。请填写今天或以后的日期。",
    )  # fmt: skip
    BUDGET_CANNOT_PAY_THE_BATCH = ReasonText(
        409, "The budget does not hold what the batch needs.", "预算余额不足以支付该批次。",
        "Nothing was set aside. The batch stays new; apply again when the budget has been filled.",
        "未冻结资金。批次保持原状，预算补充后可再次申请。",
    )  # fmt: skip
    PAYOUT_LINE_IS_UNKNOWN = ReasonText(
        404, "The batch has no such line.", "发放批次中没有该行。",
        "Nothing was changed. Check the number of the line.",
        "未作任何变更。请核对行号。",
    )  # fmt: skip
    PAYOUT_LINE_HAS_ENDED = ReasonText(
        409, "The line was paid or returned.", "该行已支付或已退票。",
        "It stands as it was.",
        "原状不变。",
    )  # fmt: skip
    NO_LINE_CAN_BE_CORRECTED = ReasonText(
        409, "No line of the batch came back that was not corrected already.", "该批次没有待更正的退票。",
        "Nothing was issued.",
        "未生成更正批次。",
    )  # fmt: skip
    CORRECTION_IS_ABOVE_ITS_SOURCE = ReasonText(
        422, "A corrected amount is above the amount of its source line.", "更正金额高于原金额。",
        "Nothing was issued. Name the amount of the source or less; more goes by a new roster.",
        "未生成更正批次。更正金额不得高于原金额，增发请另建花名册。",
    )  # fmt: skip
    CORRECTED_PERSON_CANNOT_BE_PAID = ReasonText(
        409, "A person to be paid again cannot be paid as things stand.", "更正发放的人员当前不能发放。",
        "Nothing was issued. The answer names the line and what was found; leave it out or mend it.",
        "未生成更正批次。返回内容载明行号和核查结果，请剔除或先行更正。",
    )  # fmt: skip
    BANK_FILE_IS_TOO_LARGE = ReasonText(
        413, "The bank's file is larger than is read.", "银行文件超过可读取的大小。",
        "Nothing was applied. Ask the bank to split it.",
        "未处理任何内容。请银行拆分文件。",
    )  # fmt: skip
    BANK_FILE_CANNOT_BE_READ = ReasonText(
        422, "The bank's file is neither well-formed XML of a known message nor the plain return file.",
        "银行文件不是规范的报文，也不是约定的文本回单。",
        "Nothing was applied. The answer names the line; ask the bank for the file again.",
        "未处理任何内容。返回内容载明行号，请银行重新提供。",
    )  # fmt: skip
    BANK_FILE_IS_NOT_VALID = ReasonText(
        422, "The bank's file does not keep the schema of its message.", "银行文件不符合报文模式。",
        "Nothing was applied. The answer names the line and the element.",
        "未处理任何内容。返回内容载明行号和元素。",
    )  # fmt: skip
    BANK_FILE_TOTALS_DIFFER = ReasonText(
        422, "The totals of the bank's file are not those of its lines.", "银行文件合计与明细不符。",
        "Nothing was applied. Ask the bank for the file again.",
        "未处理任何内容。请银行重新提供。",
    )  # fmt: skip
    BANK_FILE_DIGEST_DIFFERS = ReasonText(
        422, "The digest in the bank's file is not that of its content.", "银行文件摘要值与内容不符。",
        "Nothing was applied. Ask the bank for the file again.",
        "未处理任何内容。请银行重新提供。",
    )  # fmt: skip
    BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT = ReasonText(
        422, "The bank's file names a payment that we did not send to this bank.",
        "银行文件载有我方未向该行发送的支付。",
        "Nothing was applied. The answer names the line; ask the bank.",
        "未处理任何内容。返回内容载明行号，请与银行核实。",
    )  # fmt: skip
    BANK_FILE_AMOUNT_DIFFERS = ReasonText(
        422, "The bank's file gives a payment another amount than we sent.", "银行文件中的金额与我方发送的不符。",
        "Nothing was applied. The answer names the line; ask the bank.",
        "未处理任何内容。返回内容载明行号，请与银行核实。",
    )  # fmt: skip
    BANK_FILE_CONTRADICTS_ITSELF = ReasonText(
        422, "The bank's file says two things of one payment.", "银行文件对同一笔支付有两种结果。",
        "Nothing was applied. The answer names the line; ask the bank.",
        "未处理任何内容。返回内容载明行号，请与银行核实。",
    )  # fmt: skip
    BANK_FILE_CONTRADICTS_AN_EARLIER_ONE = ReasonText(
        422, "The bank's file calls paid what an earlier file gave back.", "银行文件将此前已退票的支付列为已支付。",
        "Nothing was applied. The answer names the line; ask the bank.",
        "未处理任何内容。返回内容载明行号，请与银行核实。",
    )  # fmt: skip
    BANK_FILE_IS_ANOTHER = ReasonText(
        409, "The bank's folder holds another file under the name of a part.", "银行目录中存在同名但内容不同的文件。",
        "Nothing was sent. Look at the file in the folder; it is not ours.",
        "该部分未发送。请检查目录中的文件。",
    )  # fmt: skip
