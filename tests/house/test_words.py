"""What the repository's files must not say, and where their links must lead."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.house import REPOSITORY, place

TEXT = {
    ".py", ".sql", ".md", ".toml", ".yaml", ".yml", ".json", ".txt", ".csv", ".ini", ".cfg", ".sh", ".ts", ".vue",
    ".html", ".css", ".lock", ".in", "",
}  # fmt: skip
NOT_OURS = {".git", ".venv", "var", "dist", "node_modules", "__pycache__", "build"}
"""Folders that are made, not written; hidden folders of tools are left out as well, but for `.ci`."""
VENDORED = {"vendor", "vendored"}
"""Folders with what others wrote, served as it is."""


def our_files() -> Iterator[Path]:
    """Every text file that people write in this repository."""
    for file in sorted(REPOSITORY.rglob("*")):
        parts = file.relative_to(REPOSITORY).parts
        hidden = any(part.startswith(".") and part not in (".ci", ".gitignore") for part in parts)
        if not hidden and not (NOT_OURS | VENDORED) & set(parts) and file.suffix in TEXT and file.is_file():
            yield file


UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")

ADDRESS = re.compile(r"\b(?:https?|wss?)://(\[[0-9a-f:]+\][^\s\"'`<>]*|[^\s\"'`<>()\[\]\\,;]*)", re.IGNORECASE)
ALLOWED_HOSTS = re.compile(
    r"(localhost|host|127\.0\.0\.1|0\.0\.0\.0|\{.*|\$.*|%.*|\.\.\.|"
    r"(.+\.)?example(\.(com|org|net|cn))?|.+\.(example|test|invalid|localhost)|"
    # Namespaces of standards: names that look like addresses and are never fetched.
    r"www\.w3\.org|json-schema\.org|spec\.openapis\.org|www\.iso20022\.org|schemas\.openxmlformats\.org)"
)
LICENCES = {"LICENSE", "NOTICE"}

REGISTRIES = re.compile(
    "|".join(("py" + r"pi\.org", r"python" + r"hosted\.org", "npm" + r"js\.(?:org|com)", r"crates" + r"\.io",
              "ruby" + r"gems\.org", r"proxy\.gol" + r"ang\.org", "npm" + "mirror", r"\bindex-" + r"url\b")),
    re.IGNORECASE,
)  # fmt: skip


def faults_of_words(where: str, text: str) -> list[str]:
    """Nothing unfinished, no address of a host that is not ours, no package registry."""
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        faults += [f"{where}:{number} is unfinished: {found[0]}" for found in UNFINISHED.finditer(line)]
        faults += [f"{where}:{number} names a package registry: {found[0]}" for found in REGISTRIES.finditer(line)]
        faults += [
            f"{where}:{number} names an address: {found[0]}"
            for found in ADDRESS.finditer(line)
            if not ALLOWED_HOSTS.fullmatch(_host(found[1]))
        ]
    return faults


def _host(after_scheme: str) -> str:
    """The host of an address: without path, account and port."""
    host = re.split(r"[/?#]", after_scheme)[0].rsplit("@")[-1]
    return "localhost" if host.startswith("[::1]") else re.sub(r":[^:]*$", "", host)


LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def faults_of_links(file: Path, text: str) -> list[str]:
    """A relative link leads to a file or folder that is there, and its anchor to a heading of that page."""
    faults = []
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        page = (file.parent / path).resolve() if path else file
        if not page.exists():
            faults.append(f"{file.name} links to {target}, which is not there")
        elif anchor and page.suffix == ".md" and anchor not in anchors(page.read_text(encoding="utf-8")):
            faults.append(f"{file.name} links to {target}, and the page has no such heading")
    return faults


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings: lower case, punctuation gone, blanks as hyphens."""
    headings = re.findall(r"^#+\s+(.+?)\s*#*$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_nothing_is_unfinished_and_no_foreign_address_is_named() -> None:
    assert [] == [
        fault
        for file in our_files()
        if file.name not in LICENCES
        for fault in faults_of_words(place(file), file.read_text(encoding="utf-8"))
    ]


def test_relative_links_lead_somewhere() -> None:
    assert [] == [
        fault
        for file in our_files()
        if file.suffix == ".md"
        for fault in faults_of_links(file, file.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "# " + "TO" + "DO: later",
        "see https:" + "//news.example.com.cn/page",
        "see http:" + "//10.0.0.1:8000/",
        "see https:" + "//localhost.evil.com/",
        "pip install --" + "index-" + "url x",
        "from py" + "pi.org",
    ],
)
def test_each_word_that_must_not_be_said_is_caught(line: str) -> None:
    assert 1 <= len(faults_of_words("page", f"good\n{line}"))


@pytest.mark.parametrize(
    "line",
    [
        "http://localhost:8000/v1",
        "http://127.0.0.1:{port}/health",
        "http://[::1]:80/",
        'f"http://{host}:{port}/"',
        "https://provider.example/callback",
        "http://www.w3.org/2001/XMLSchema",
        "The month of todos.",
    ],
)
def test_our_own_addresses_and_the_namespaces_of_standards_are_allowed(line: str) -> None:
    assert [] == faults_of_words("page", line)


def test_a_link_that_leads_nowhere_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One Thing\n\n## 用卡 here!\n", encoding="utf-8")
    text = "[a](page.md) [b](gone.md) [c](#one-thing) [d](page.md#用卡-here) [e](page.md#no) `[f](no.md)` [g](mailto:x)"

    assert [
        "page.md links to gone.md, which is not there",
        "page.md links to page.md#no, and the page has no such heading",
    ] == faults_of_links(page, text)
