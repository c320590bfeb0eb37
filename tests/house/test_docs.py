"""What the pages say is there: rooms, files and names, commands, settings, routes, reasons."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.house.house import PACKAGE, REPOSITORY, place, rooms
from tests.support.nobody import NOBODY, every_route
from yikatong.app.cli import app
from yikatong.app.http.approvals import approve_route
from yikatong.app.http.health import health_routes
from yikatong.app.http.openapi import TAGS
from yikatong.app.http.page import page_routes
from yikatong.app.reference import all_reasons
from yikatong.plumbing.settings import FILE_VARIABLE, PREFIX, Settings
from yikatong.taps import api as taps_api

ARCHITECTURE = REPOSITORY / "ARCHITECTURE.md"
WRITTEN_BY_HAND = sorted(
    file
    for file in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"))
    if REPOSITORY / "docs" / "reference" not in file.parents
)
"""Every page but those that are made from the code."""


ROUTES = (*every_route(), approve_route({}), taps_api.tap_route(()))
PLAIN_ROUTES = (*health_routes(NOBODY), *page_routes(b""))
SERVED = {(route.method, route.path) for route in ROUTES} | {("GET", route.path) for route in PLAIN_ROUTES}
"""Method and address of everything that is served."""


FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code_in(text: str) -> str:
    """Everything on a page that is set as code, one piece a line."""
    return "\n".join((*FENCE.findall(text), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))))


# Rooms


def rooms_on_the_map(text: str) -> dict[str, int]:
    """The rooms that a page's table of floors names, each with its floor."""
    return {name: int(floor) for floor, name in re.findall(r"^\| (\d+) \| \[`([a-z_]+)`\]", text, re.MULTILINE)}


def rooms_in_the_house() -> dict[str, int]:
    """The rooms of the package, each with its floor as the build judges it, the lowest being 1."""
    linter = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in linter["contracts"] if contract["type"] == "layers")
    floors = {
        name: floor for floor, layer in enumerate(reversed(layers), start=1) for name in re.findall(r"\((\w+)\)", layer)
    }
    return {room.name: floors[room.name] for room in rooms()}


def test_every_room_stands_on_the_map_with_its_floor() -> None:
    assert rooms_in_the_house() == rooms_on_the_map(ARCHITECTURE.read_text(encoding="utf-8"))


# Names of the code


def faults_of_names(page: Path, text: str) -> list[str]:
    """A name in backticks that follows a link to a file of ours stands in that file."""
    faults = []
    for target, names in re.findall(r"\]\(([^)#\s]+\.(?:py|toml|yaml|csv))\)((?:,? `\w+`)+)", text):
        linked = (page.parent / target).read_text(encoding="utf-8")
        faults += [
            f"{target} has no {name}" for name in re.findall(r"\w+", names) if not re.search(rf"\b{name}\b", linked)
        ]
    return faults


def test_every_name_that_follows_a_link_stands_in_the_linked_file() -> None:
    assert [] == [
        fault for page in WRITTEN_BY_HAND for fault in faults_of_names(page, page.read_text(encoding="utf-8"))
    ]


def faults_of_paths(text: str) -> list[str]:
    """A path in backticks that begins in a folder of ours leads somewhere."""
    paths = re.findall(r"`((?:src|tests|docs|simulator)/[\w./-]+)`", text)
    return [f"{path} is not there" for path in paths if not (REPOSITORY / path).exists()]


def test_every_path_in_the_repository_leads_somewhere() -> None:
    assert [] == [
        f"{place(page)}: {fault}"
        for page in WRITTEN_BY_HAND
        for fault in faults_of_paths(page.read_text(encoding="utf-8"))
    ]


# Commands and settings

FORMATS = set(REPOSITORY.glob("docs/formats/*.md"))
"""Pages that name no commands; what they say is signed begins with the product's name as commands do."""
COMMAND: Any = typer.main.get_command(app)


def faults_of_commands(code: str) -> list[str]:
    """A word of make is one that the Makefile knows; a command of `yikatong`, one of the command line's."""
    words = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    faults = [f"make {word}" for word in re.findall(r"\bmake ([a-z]+)\b", code) if word not in words]
    for word, second in re.findall(r"(?<![\w-])yikatong ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+(?:-[a-z]+)*))?", code):
        found = COMMAND.commands.get(word)
        below = getattr(found, "commands", None)
        if found is None or (below is not None and second and second not in below):
            faults.append(f"yikatong {word} {second}".rstrip())
    return faults


def faults_of_settings(code: str) -> list[str]:
    """A variable of the environment is a setting's, or names the file of settings."""
    known = {FILE_VARIABLE} | {PREFIX + name.upper() for name in Settings.__struct_fields__}
    return [name for name in re.findall(rf"\b{PREFIX}[A-Z_]+", code) if name not in known]


def test_every_command_and_setting_that_a_page_names_is_there() -> None:
    pages = [
        (place(page), code_in(page.read_text(encoding="utf-8"))) for page in WRITTEN_BY_HAND if page not in FORMATS
    ]

    assert [] == [f"{page}: {fault}" for page, code in pages for fault in faults_of_commands(code)]
    assert [] == [f"{page}: {fault}" for page, code in pages for fault in faults_of_settings(code)]


def faults_of_words(makefile: str) -> list[str]:
    """What bare `make` lists of each word: Chinese, then English, each within a line of eighty columns."""
    faults = []
    for word, told in re.findall(r"^([a-z]+):.*## (.*)$", makefile, re.MULTILINE):
        zh, bar, en = told.partition(" | ")
        if not bar or not re.search("[一-鿿]", zh) or re.search("[一-鿿]", en) or max(len(zh), len(en)) > 62:
            faults.append(word)
    return faults


def test_make_explains_its_words_in_both_languages_within_eighty_columns() -> None:
    assert [] == faults_of_words((REPOSITORY / "Makefile").read_text(encoding="utf-8"))
    assert ["sell", "buy"] == faults_of_words("sell: ## sells\nbuy: ## 买 | " + "b" * 63 + "\nrest: ## 歇 | rests\n")


def test_both_readmes_show_the_same_commands_and_lead_to_the_same_pages() -> None:
    english, chinese = ((REPOSITORY / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))

    assert FENCE.findall(english) == FENCE.findall(chinese)
    assert linked_from(english) - {"README.zh-CN.md"} == {
        target.replace(".zh-CN.md", ".md") for target in linked_from(chinese) - {"README.md"}
    }


IN_CHINESE = sorted(REPOSITORY.glob("**/*.zh-CN.md"))
"""Pages that are there in both languages; the English one lies beside each."""


def faults_of_sisters(english: str, chinese: str, *, name: str) -> list[str]:
    """Two pages that say the same have the same headings, code, lists and table rows, and lead to each other."""
    faults = []
    for what, pattern in (
        ("headings", r"^(#+) "),
        ("table rows", r"^(\|) "),
        ("points", r"^(- |\d+\. )"),
    ):
        counts = [len(re.findall(pattern, FENCE.sub("", text), re.MULTILINE)) for text in (english, chinese)]
        if counts[0] != counts[1]:
            faults.append(f"{name}: {counts[0]} and {counts[1]} {what}")
    if code_of(english) != code_of(chinese):
        faults.append(f"{name}: the code differs")
    if f"{name}.zh-CN.md" not in linked_from(english) or f"{name}.md" not in linked_from(chinese):
        faults.append(f"{name}: one page does not lead to the other")
    return faults


def code_of(text: str) -> list[str]:
    """A page's blocks of code, without lines that are a comment in the page's language."""
    return [re.sub(r"^(?:#|--) .*\n", "", block, flags=re.MULTILINE) for block in FENCE.findall(text)]


def test_a_page_in_both_languages_has_the_same_headings_code_and_rows() -> None:
    assert {"README", "privacy"} <= {page.name.removesuffix(".zh-CN.md") for page in IN_CHINESE}
    assert [] == [
        fault
        for page in IN_CHINESE
        for name in [page.name.removesuffix(".zh-CN.md")]
        for fault in faults_of_sisters(
            page.with_name(f"{name}.md").read_text(encoding="utf-8"), page.read_text(encoding="utf-8"), name=name
        )
    ]


def test_a_chinese_page_leads_to_chinese_pages_where_they_are() -> None:
    """Beside the English one, to which each leads at its head, and to which it may lead in parentheses."""
    missed = []
    for page in IN_CHINESE:
        targets = {target.partition("#")[0] for target in linked_from(page.read_text(encoding="utf-8"))}
        for target in sorted(targets):
            sister = target.removesuffix(".md") + ".zh-CN.md"
            own = page.name.removesuffix(".zh-CN.md") + ".md"
            if target.endswith(".md") and target != own and (page.parent / sister).exists() and sister not in targets:
                missed.append(f"{place(page)}: {target}")
    assert [] == missed


def test_pages_that_say_different_things_are_caught() -> None:
    english = "# A\n[中文](a.zh-CN.md)\n\n| x |\n- one\n\n```sh\nmake test\n```\n"
    chinese = "# 甲\n[English](a.md)\n\n| x |\n- 一\n\n```sh\nmake test\n```\n"

    assert [] == faults_of_sisters(english, chinese, name="a")
    assert ["a: 1 and 2 headings"] == faults_of_sisters(english, chinese + "## 乙\n", name="a")
    assert ["a: 1 and 0 table rows", "a: the code differs"] == faults_of_sisters(
        english, chinese.replace("| x |\n", "").replace("make test", "make demo"), name="a"
    )
    assert ["a: one page does not lead to the other"] == faults_of_sisters(
        english, chinese.replace("(a.md)", "(b.md)"), name="a"
    )


def linked_from(text: str) -> set[str]:
    """Where a page's links lead."""
    return set(re.findall(r"\]\(([^)\s]+)\)", text))


# Routes


def calls_in(code: str) -> Iterator[tuple[str | None, str]]:
    """Every address of ours in some code, with its method where one is said; a shell's variables are any part."""
    plain = re.sub(r"\$\([^()]*\)|\$\{[^}]*\}|\$\w+", "{}", code.replace("\\\n", " "))
    for line in plain.splitlines():
        for before, path in re.findall(
            r"(GET |POST |PUT |DELETE )?(/(?:v1|health|metrics|docs|openapi)[\w{}/.-]*)", line
        ):
            yield before.strip() or method_of(line), path.rstrip(".")


def method_of(line: str) -> str | None:
    """The method of a line of shell: a `curl` with a body posts, and so does the page's own `post`."""
    if re.search(r"\bpost \"|\bcurl\b.*\s-d\b", line):
        return "POST"
    return "GET" if re.search(r"\bcurl\b", line) else None


def faults_of_routes(calls: Iterable[tuple[str | None, str]]) -> list[str]:
    """A call goes to a route that is served."""
    patterns = [(method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for method, path in SERVED]
    return [
        f"{method or 'no method of'} {path}"
        for method, path in calls
        if path != "/v1"
        and not any(pattern.fullmatch(path) and method in (None, served) for served, pattern in patterns)
    ]


def test_every_route_that_a_page_names_is_served() -> None:
    assert [] == [
        f"{place(page)}: {fault}"
        for page in WRITTEN_BY_HAND
        for fault in faults_of_routes(calls_in(code_in(page.read_text(encoding="utf-8"))))
    ]


def test_every_tag_of_a_route_is_explained_in_the_document_in_both_languages() -> None:
    assert {route.tag for route in ROUTES} | {"platform"} == set(TAGS)
    assert all(re.search("[A-Za-z]", en) and re.search("[\u4e00-\u9fff]", zh) for en, zh in TAGS.values())


def test_the_first_calls_are_read_as_calls() -> None:
    calls = list(calls_in(code_in((REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8"))))

    assert ("POST", "/v1/approvals/{}/approve") in calls
    assert ("POST", "/v1/residents/{}/card/loss") in calls
    assert ("GET", "/v1/provider/statements/{}") in calls
    assert 30 <= len(calls)


# Reasons

NOT_OURS = {"QUESTION_IS_MALFORMED"}
"""What a cryptographic module answers (docs/formats/key-module.md)."""
SENTENCE = re.compile(r"`(…?)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:IS|ARE|HAS|WAS|DOES|DID|MAY|NEEDS)_[A-Z0-9_]+)`")


def faults_of_reasons(text: str) -> list[str]:
    """A refusal that a page names is one of ours; after an ellipsis stands the end of a name."""
    known = {reason.name for reasons in all_reasons().values() for reason in reasons} | NOT_OURS
    return [
        name
        for cut, name in SENTENCE.findall(text)
        if name not in known and not (cut and any(whole.endswith(name) for whole in known))
    ]


def test_every_reason_that_a_page_names_exists() -> None:
    assert [] == [
        f"{place(page)}: {fault}"
        for page in WRITTEN_BY_HAND
        for fault in faults_of_reasons(page.read_text(encoding="utf-8"))
    ]


# That each of these can fail


def test_a_room_that_is_missing_from_the_map_or_on_another_floor_is_seen() -> None:
    page = "| 3 | [`trust`](x) | a |\n| 2 | [`plumbing`](x) | b |\n"

    assert {"trust": 3, "plumbing": 2} == rooms_on_the_map(page)
    assert {"kernel": 1, "plumbing": 2}.items() <= rooms_in_the_house().items()


def test_a_name_or_path_that_is_not_there_is_caught() -> None:
    file = (PACKAGE / "kernel" / "money.py").relative_to(REPOSITORY)

    assert [f"{file} has no show_dollars"] == faults_of_names(ARCHITECTURE, f"[x]({file}) `show_yuan`, `show_dollars`")
    assert ["docs/nowhere.md is not there"] == faults_of_paths("`docs/nowhere.md` and `docs/api.md`")


@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("make test\nmake coffee", ["make coffee"]),
        ("yikatong serve\nyikatong brew", ["yikatong brew"]),
        ("yikatong db migrate\nyikatong db drop", ["yikatong db drop"]),
        ("pg_dump -U yikatong -Fc", []),
    ],
)
def test_a_command_that_is_not_there_is_caught(code: str, faults: list[str]) -> None:
    assert faults == faults_of_commands(code)


def test_a_setting_that_is_not_there_is_caught() -> None:
    assert ["YIKATONG_COLOUR"] == faults_of_settings("YIKATONG_PORT=1 YIKATONG_COLOUR=red YIKATONG_SETTINGS=x")


@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ('curl -s "$B/v1/time"', []),
        ('curl -s "$B/v1/tme"', ["GET /v1/tme"]),
        ('curl -s "$B/v1/items/$(cat x)" -d "{}"', ["POST /v1/items/{}"]),
        ('post "$TILL" "/v1/taps/$TAP/refunds" "{}"', []),
        ("DELETE /v1/taps", ["DELETE /v1/taps"]),
        ("/v1/nothing", ["no method of /v1/nothing"]),
    ],
)
def test_a_call_that_nobody_serves_is_caught(code: str, faults: list[str]) -> None:
    assert faults == faults_of_routes(calls_in(code))


def test_a_reason_that_does_not_exist_is_caught() -> None:
    text = "`CODE_IS_TOO_OLD`, `…_ALGORITHM_IS_NOT_THE_PINNED_ONE`, `CODE_IS_TOO_GREEN`, `PURSE_FEN_MAX`"

    assert ["CODE_IS_TOO_GREEN"] == faults_of_reasons(text)
