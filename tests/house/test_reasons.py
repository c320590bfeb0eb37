"""Every refusal has one name, says itself in two languages, and stands in the reference."""

import ast
import re

import pytest

from tests.house.house import PACKAGE, REPOSITORY, module_of, parse, place, python_files
from yikatong.app.reference import all_reasons, reasons_page
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

REASONS = [(room, reason) for room, reasons in all_reasons().items() for reason in reasons]
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
OTHERS_ARE_AWAY = (503, 504)
"""The only statuses of a refusal that are not the caller's matter: an outside organisation did not answer."""
OUR_MISTAKE = "SERVER_FAULT"
"""The one reason that is a fault of ours (500)."""
CHINESE = re.compile(r"[一-鿿]")
NARROW = re.compile(r"[一-鿿）][,;:!?. (]|[,;:!?. )][一-鿿（]")
"""Chinese has stops of its own, as wide as a character, and no blanks beside letters."""
KEPT_EN = re.compile(
    r"\b(?:[Nn]othing|[Nn]obody|No (?:batch|card|guardian)|[Nn]o money|not (?:set|known)|was not done again)\b"
    r"|\b(?:stays?|stands?|remain|still waits|request waits|ended without a charge)\b"
)
KEPT_ZH = re.compile(r"未|不变|有效|保持|仍|继续|不受影响|不确定")
"""How the remedies say it: nothing was charged, the list held before stays in force, and the like."""


def faults_of_names(reasons: list[tuple[str, outcomes.Reason]]) -> list[str]:
    """A name is a sentence in capitals, and no two rooms use the same."""
    seen: dict[str, str] = {}
    faults = []
    for room, reason in reasons:
        if not NAME.fullmatch(reason.name):
            faults.append(f"{reason.name} of {room} is no sentence in capitals")
        if reason.name in seen:
            faults.append(f"{reason.name} is a reason of {seen[reason.name]} and of {room}")
        seen[reason.name] = room
    return faults


def faults_of_text(name: str, text: ReasonText) -> list[str]:
    """A reason's status says whose matter it is; its English is English, its Chinese Chinese, each a sentence."""
    is_answer = 400 <= text.status < 500 or text.status in OTHERS_ARE_AWAY or name == OUR_MISTAKE
    faults = [] if is_answer else [f"{name} has the status {text.status}"]
    faults += [
        f"{name} says in English: {words}"
        for words in (text.en, text.remedy_en)
        if CHINESE.search(words) or not words.endswith((".", "!", "?"))
    ]
    faults += [
        f"{name} says in Chinese: {words}"
        for words in (text.zh, text.remedy_zh)
        if not CHINESE.search(words) or not words.endswith("。")
    ]
    faults += [
        f"{name} has narrow punctuation or a blank among Chinese: {words}"
        for words in (text.zh, text.remedy_zh)
        if NARROW.search(words)
    ]
    if not KEPT_EN.search(text.remedy_en) or not KEPT_ZH.search(text.remedy_zh):
        faults.append(f"{name} does not say what was kept: {text.remedy_en} {text.remedy_zh}")
    return faults


def faults_of_homes(module: str, tree: ast.Module) -> list[str]:
    """Reasons live in `model` or `reasons`, where the reference finds them."""
    if {"model", "reasons"} & set(module.split(".")) or module == "yikatong.kernel.outcomes":
        return []
    return [
        f"{module}:{node.lineno} keeps reasons outside model and reasons"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ReasonText"
    ]


def test_every_reason_has_a_name_of_its_own() -> None:
    assert [] == faults_of_names(REASONS)


def test_every_reason_says_itself_in_both_languages() -> None:
    assert [] == [fault for _, reason in REASONS for fault in faults_of_text(reason.name, reason.text)]


def test_reasons_live_where_the_reference_finds_them() -> None:
    assert [] == [fault for file in python_files(PACKAGE) for fault in faults_of_homes(module_of(file), parse(file))]


def test_the_page_of_reasons_is_what_the_code_says() -> None:
    page = REPOSITORY / "docs" / "reference" / "reasons.md"

    assert reasons_page() == page.read_text(encoding="utf-8"), (
        f"{place(page)} is old: write it anew with `python -m yikatong.app.reference`"
    )


def test_every_reason_stands_on_the_page() -> None:
    page = reasons_page()

    assert [] == [reason.name for _, reason in REASONS if f"| `{reason.name}` |" not in page]


GOOD = ReasonText(
    409, "The shop is shut.", "商店已关门。", "Nothing was sold. Come back tomorrow.", "未售出。请明天再来。"
)


class Good(outcomes.Reason):
    """A reason of a shop that exists only here."""

    SHOP_IS_SHUT = GOOD


class Bad(outcomes.Reason):
    """A reason with a name that is no sentence."""

    Shut = GOOD


def test_a_name_used_twice_or_that_is_no_sentence_is_caught() -> None:
    assert ["SHOP_IS_SHUT is a reason of shop and of till"] == faults_of_names(
        [("shop", Good.SHOP_IS_SHUT), ("till", Good.SHOP_IS_SHUT)]
    )
    assert ["Shut of shop is no sentence in capitals"] == faults_of_names([("shop", Bad.Shut)])


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        (GOOD._replace(status=500), "SHUT has the status 500"),
        (GOOD._replace(en="商店已关门."), "SHUT says in English: 商店已关门."),
        (GOOD._replace(zh="The shop is shut。"), "SHUT says in Chinese: The shop is shut。"),
        (GOOD._replace(remedy_zh="未售出"), "SHUT says in Chinese: 未售出"),
        (GOOD._replace(remedy_en="Nothing was sold"), "SHUT says in English: Nothing was sold"),
        (GOOD._replace(zh="商店,已关门。"), "SHUT has narrow punctuation or a blank among Chinese: 商店,已关门。"),
        (GOOD._replace(zh="商店 A已关门。"), "SHUT has narrow punctuation or a blank among Chinese: 商店 A已关门。"),
        (GOOD._replace(remedy_zh="请再来。"), f"SHUT does not say what was kept: {GOOD.remedy_en} 请再来。"),
    ],
)
def test_words_in_the_wrong_language_or_missing_are_caught(planted: ReasonText, fault: str) -> None:
    assert [] == faults_of_text("SHUT", GOOD)
    assert [fault] == faults_of_text("SHUT", planted)


def test_a_reason_that_lives_elsewhere_is_caught() -> None:
    tree = ast.parse('SHUT = ReasonText(409, "a", "b", "c", "d")')

    assert [] == faults_of_homes("yikatong.shop.model", tree)
    assert ["yikatong.shop.rules:1 keeps reasons outside model and reasons"] == faults_of_homes(
        "yikatong.shop.rules", tree
    )
