"""How a decision is read by a person: every step, fact and term by its name in both languages, every reason in full."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from simulator.stories.telling import Both, Column, a_table, fold, show_table
from yikatong.app.commands.command_line import out
from yikatong.kernel.identifiers.division import PROVINCES
from yikatong.kernel.money import show_yuan
from yikatong.programmes.model import Check, Decision, Fact, Formula, SingleChange, Span, Step
from yikatong.programmes.model.facts import FactKind

STEP_WORDS = {
    "base": "基数",
    "rounded": "取整",
    "capped": "封顶",
    "battery": "电池加补",
    "bonus": "其他加补",
    "by_age": "按年龄",
    "by_disability": "按残疾等级",
    "by_area": "按面积",
    "age_years": "年龄",
    "month": "每月",
    "amount": "合计",
}
"""Steps of formulas in Chinese; one that is not here is told by its name alone."""

TERM_WORDS = {
    "bought": "购买日期",
    "handed_in": "交售日期",
    "old_registered": "旧车登记日期",
    "old_cancelled": "旧车注销日期",
    "new_registered": "新车登记日期",
    "new_registered_within": "新车登记期限",
    "claimed": "申领时间",
    "age": "年龄",
    "ownership": "所有人",
    "ownership.new_owner": "新车所有人",
    "old_bike": "旧车条件",
    "order": "先后顺序",
    "mode": "补贴方式",
    "mode.life": "券的有效期",
    "mode.paid_by": "由谁支付",
    "mode.hours": "领券时间",
    "quota": "名额",
    "sown": "播种时间",
    "cap": "封顶金额",
    "paid_back": "补发期限",
    "minimum_price": "最低价格",
    "price_pledge": "价格承诺",
    "per_person": "每人次数",
    "per_person.per": "次数按何计",
    "evidence": "材料",
    "battery": "电池加补",
    "bonuses": "其他加补",
    "budget": "资金总额",
}
"""Terms of which a decision says that nobody published them, in Chinese."""

ACT_WORDS = {
    "qualify": "申请资格",
    "receive_old": "接收旧车",
    "collect_old": "收运旧车",
    "dismantle": "拆解",
    "cancel_plate": "注销旧车号牌",
    "sell": "销售（事后申领）",
    "deduct": "销售（立减）",
    "register_new": "登记新车",
    "submit": "提交",
    "check": "审核",
}
"""Acts that a formula decides on the way of a claim, in Chinese."""

REASON_INDENT = "  "


def name_of(place: str) -> str:
    """A place as its province's name and its code; a city or district is told as one of its province."""
    english, chinese = PROVINCES.get(place[:2], ("", ""))
    if chinese and not place.endswith("0000"):
        chinese, english = f"{chinese}内", f"in {english}"
    return f"{chinese} {english} {place}".strip()


def print_decision(formula: Formula, decision: Decision, changes: tuple[SingleChange, ...] | None) -> None:
    """A decision as a person reads it: what comes out, each step with its clause, what stands in the way.

    `changes` are None where nobody looked for what would have changed the answer.
    """
    where = f"{name_of(decision.place)}, {decision.on}"
    show_table(out, Both(formula.title_zh, f"{formula.title_en}: {where}"), table_of_steps(decision.steps))
    failed = decision.would_change
    if failed:
        _print_failed(formula, failed)
    if decision.reason is not None and changes is not None:
        print_changes(out, changes, formula=formula)
    out.print()
    _print_outcome(formula, decision)
    print_names(
        "未公布，不作条件 not published, and no condition: ",
        [f"{TERM_WORDS.get(note.about, '')} {note.about}".strip() for note in decision.notes],
    )
    print_names(
        "未提供，按符合计 not given, taken as good: ",
        [show_name(formula.find_fact(name), name) for name in decision.lacking],
    )
    out.print(f"规则表 sheet {decision.sheet}, 公式 formula {decision.formula}", soft_wrap=True)


def table_of_steps(steps: Iterable[Step]) -> Table:
    """Each step with its number and its clause."""
    table = a_table(Column("步骤", "step"), Column("数额", "value", "right"), Column("依据", "clause"))
    for step in steps:
        value = str(step.value) if step.name.endswith("_years") else show_yuan(step.value)
        table.add_row(f"{STEP_WORDS.get(step.name, '')} {step.name}".strip(), value, escape(step.clause))
    return table


def show_act(act: str) -> str:
    """An act by its name in both languages."""
    return f"{ACT_WORDS.get(act, '')} {act}".strip()


def show_name(fact: Fact | None, name: str) -> str:
    """A fact by its Chinese name and the name by which it is given."""
    return name if fact is None else f"{fact.zh} {name}"


def option_of(fact: Fact) -> str:
    """The option by which a command line gives a fact, without its dashes."""
    return (fact.option or fact.name).replace("_", "-")


def show_option(fact: Fact) -> str:
    """How a command line gives a fact, with its words where it has some."""
    return f"--{option_of(fact)} {show_form(fact)}"


def show_form(fact: Fact, *, between: str = "|") -> str:
    """How a fact's value is written: its words, or an example."""
    match fact.kind:
        case FactKind.CHOICE:
            return between.join(fact.choices)
        case FactKind.CHOICES:
            return ", ".join(fact.choices)
        case FactKind.FLAG:
            return between.join(("yes", "no"))
        case FactKind.DIGITS:
            return f"{fact.places}位数字 digits"
        case FactKind.DAY:
            return "2024-10-20"
        case FactKind.MOMENT:
            return "2024-10-20T09:30"
        case FactKind.YUAN | FactKind.HUNDREDTHS:
            return "1999.99"
        case FactKind.COUNT:
            return "0, 1, 2 …"


def print_names(lead: str, names: list[str]) -> None:
    """Some names after a lead, in lines that fit; nothing where there are none."""
    if names:
        for line in fold(lead + ", ".join(names), cells=out.width):
            out.print(Text(line), soft_wrap=True)


def _print_failed(formula: Formula, failed: tuple[Check, ...]) -> None:
    table = a_table(
        Column("原因", "reason"), Column("事实", "fact"), Column("所需", "wanted"), Column("依据", "clause")
    )
    for check in failed:
        table.add_row(
            check.reason, _show_given(formula, check.fact, check.given), show_wanted(check), escape(check.clause)
        )
    show_table(out, Both("未符合的条件", "conditions that were not met"), table)


def _show_given(formula: Formula | None, fact: str, given: str) -> str:
    known = None if formula is None else formula.find_fact(fact)
    return escape("\n".join(part for part in ("" if known is None else known.zh, f"{fact} {given}".strip()) if part))


def print_changes(console: Console, changes: tuple[SingleChange, ...], *, formula: Formula | None = None) -> None:
    """Say which single facts would have changed the answer, or that none would."""
    if not changes:
        console.print(
            "没有哪一项事实单独改变即可符合 no single fact, changed alone, would have been enough", soft_wrap=True
        )
        return
    table = a_table(
        Column("事实", "fact"),
        Column("改为", "changed to"),
        Column("补贴", "subsidy", "right"),
        Column("依据", "clause"),
    )
    for change in changes:
        for span in change.spans:
            clauses = dict.fromkeys(clause for clause in (span.least_clause, span.most_clause) if clause)
            table.add_row(
                _show_given(formula, change.fact, change.given),
                show_span(span),
                show_yuan(span.amount_fen),
                escape("; ".join(clauses)),
            )
    show_table(console, Both("只改其中一项即可", "any one of these alone would have changed the answer"), table)


def show_span(span: Span) -> str:
    """A span in a few signs; what comes out is said of its value nearest to what was given."""
    if span.least == span.most:
        return f"= {span.least}"
    return _show_bounds(span.least, span.most)


def _print_outcome(formula: Formula, decision: Decision) -> None:
    if decision.reason is None:
        out.print(f"[bold green]补贴 subsidy ¥{show_yuan(decision.amount_fen)}[/bold green]")
        return
    met = decision.amount_if_met_fen
    more = "" if met is None else f"；都符合则为 if all were met ¥{show_yuan(met)}"
    out.print(f"[bold red]不予补贴 no subsidy: {decision.reason}[/bold red]{more}", soft_wrap=True)
    print_reasons(formula, decision.failed)


def print_reasons(formula: Formula, failed: Iterable[str]) -> None:
    """What each reason says and what to do, in both languages."""
    texts = {reason.name: reason.text for reason in formula.order}
    for text in (texts[name] for name in failed if name in texts):
        for said in (text.zh + text.remedy_zh, f"{text.en} {text.remedy_en}"):
            for line in fold(said, cells=out.width - len(REASON_INDENT)):
                out.print(Text(REASON_INDENT + line), soft_wrap=True)


def show_wanted(check: Check) -> str:
    """What a check wanted, in a few signs."""
    if check.wants:
        return check.wants
    if check.least == "yes":
        return "= yes"
    return _show_bounds(check.least, check.most)


def _show_bounds(least: str | None, most: str | None) -> str:
    bounds = (f"{sign} {bound}" for sign, bound in (("≥", least), ("≤", most)) if bound)
    return " ".join(bounds)
