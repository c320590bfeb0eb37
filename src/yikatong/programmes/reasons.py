"""The reasons for which any programme refuses; each programme has its own beside its formula."""

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import ReasonText


class Reason(AnyReason):
    """Why a case cannot be decided, whatever its programme, and why a kept decision is not believed."""

    PROGRAMME_IS_UNKNOWN = ReasonText(
        404,
        "There is no programme of this name.",
        "没有此名称的补贴项目。",
        "Nothing was decided; no money moved. Ask for one of the programmes that are listed.",
        "未作核定，未动用资金。请改用已列出的补贴项目名称。",
    )
    PROGRAMME_IS_NOT_IN_FORCE = ReasonText(
        422,
        "No rule of this programme is known for this place on this day.",
        "该地区在该日期没有此补贴项目的规则。",
        "Nothing was decided; no money moved. Check the place and the day against the local notice.",
        "未作核定，未动用资金。请对照当地通知核对地区和日期。",
    )
    FACT_IS_UNKNOWN = ReasonText(
        422,
        "The programme does not ask for this fact.",
        "该补贴项目不使用这一事实。",
        "Nothing was decided; no money moved. Leave the fact out, or use the name that the programme gives it.",
        "未作核定，未动用资金。请去掉该事实，或改用补贴项目规定的名称。",
    )
    FACT_IS_NOT_READABLE = ReasonText(
        422,
        "A fact is not written in the form the programme asks for.",
        "有一项事实的写法不符合要求。",
        "Nothing was decided; no money moved. Write amounts in yuan with two places at most, days as 2024-10-20.",
        "未作核定，未动用资金。金额请写元并最多两位小数，日期请写成2024-10-20。",
    )
    FACT_IS_OUT_OF_BOUNDS = ReasonText(
        422,
        "A fact is smaller or larger than the programme can decide.",
        "有一项事实超出可核定的范围。",
        "Nothing was decided; no money moved. Check the figure; the bounds are named.",
        "未作核定，未动用资金。请核对数值；允许范围已注明。",
    )
    FACT_IS_NOT_GIVEN = ReasonText(
        422,
        "The rule asks for a fact that was not given.",
        "规则要求的某项事实未提供。",
        "Nothing was paid. Give the facts that are named, and the claim is decided again.",
        "未付款。请补充注明的事实，之后重新核定。",
    )
    DECISION_DOES_NOT_REPLAY = ReasonText(
        409,
        "The kept decision differs from what its rule and its inputs give.",
        "留存的核定与其规则和输入重算的结果不一致。",
        "The kept decision stays as it is, and nothing was paid again. Whoever keeps the books must look into it.",
        "留存的核定保持不变，未再付款。请管账人员核查。",
    )
    RULE_IS_NOT_HELD = ReasonText(
        404,
        "The formula or sheet by which this was decided is not held here with that digest.",
        "本处没有摘要相符的公式或规则表，无法重算。",
        "The kept decision stays as it is. Replay it on an installation that holds the published rule.",
        "留存的核定保持不变。请在持有该已发布规则的平台上重算。",
    )
    CALCULATOR_IS_BUSY = ReasonText(
        503,
        "Too many cases are being asked here at once.",
        "同时试算的人太多。",
        "Nothing was decided; no money moved. Wait as long as the header Retry-After says, then ask again.",
        "未作核定，未动用资金。请按Retry-After等待后再试。",
    )
