"""A sheet's text, read strictly: what is wrong is said with file, line and reason."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import yaml

from yikatong.programmes.model import DERIVED, Formula, Head, PublishedFormula, Sheet
from yikatong.programmes.rules.values import read_value

SHEET_BYTES_MAX = 100_000
DEPTH_MAX = 12
_PATH = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `([^`]*)`")

Path = tuple[str | int, ...]


class SheetError(ValueError):
    """A sheet, or several together, cannot be used; the message begins with file and line."""


class Document:
    """A YAML document as plain text values, and the line of each."""

    def __init__(self, plain: Any, lines: dict[Path, int]) -> None:
        self.plain = plain
        self.lines = lines

    def line_of(self, path: Path) -> int:
        """The line of a value, else of what it lies in."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def read_document(text: str, *, file: str) -> Document:
    """Read YAML whose scalars stay text.

    Raises SheetError for what YAML cannot read, for more than one document, and for what hides something from a
    reader: a key twice, an anchor or alias, a tag, a merge key, a depth beyond twelve.
    """
    if len(text.encode()) > SHEET_BYTES_MAX:
        raise SheetError(f"{file}:1: longer than {SHEET_BYTES_MAX} bytes")
    _verify_plain(_events_of(text, file=file), file=file)
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise SheetError(f"{file}:1: a sheet is a list of `key: value`")
    lines: dict[Path, int] = {}
    return Document(_plain(node, (), lines, file=file), lines)


def _events_of(text: str, *, file: str) -> list[yaml.Event]:
    try:
        return list(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SheetError(f"{file}:{mark.line + 1 if mark else 1}: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SheetError(f"{file}:1: {error}") from None


def _verify_plain(events: Iterable[yaml.Event], *, file: str) -> None:
    depth = documents = 0
    for event in events:
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SheetError(f"{file}:{_line(event)}: anchors and aliases are not used in sheets")
        if isinstance(event, yaml.CollectionStartEvent | yaml.ScalarEvent) and event.tag:
            raise SheetError(f"{file}:{_line(event)}: tags are not used in sheets")
        if depth > DEPTH_MAX or documents > 1:
            raise SheetError(f"{file}:{_line(event)}: nested too deeply, or more than one document")


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int], *, file: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*path, place), lines, file=file) for place, one in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, path, lines, file=file)
    return node.value


def _plain_mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int], *, file: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            raise SheetError(f"{file}:{line}: a key is a single word")
        if key.value in found:
            raise SheetError(f"{file}:{line}: `{key.value}` stands twice")
        lines[(*path, key.value)] = line
        found[key.value] = _plain(value, (*path, key.value), lines, file=file)
    return found


def convert(document: Document, kind: Any, *, under: Path = (), file: str) -> Any:
    """A part of a document as a type. Raises SheetError naming the line of what does not fit."""
    try:
        return msgspec.convert(_at(document.plain, under), kind, strict=False, dec_hook=read_value)
    except msgspec.ValidationError as error:
        says, _, at = str(error).partition(" - at `")
        path = under + _path_of(at.rstrip("`"))
        unknown = _UNKNOWN_FIELD.match(says)
        line = document.line_of((*path, unknown[1]) if unknown else path)
        raise SheetError(f"{file}:{line}: {'.'.join(map(str, path)) or 'sheet'}: {says}") from None


def _path_of(at: str) -> Path:
    return tuple(key or (int(place) if place.isdigit() else place) for key, place in _PATH.findall(at))


def read_head(document: Document, *, file: str) -> Head:
    """A sheet's head. Raises SheetError; folder and file are named as programme, place and first day give them."""
    head: Head = convert(document, Head, file=file)
    stem = f"{head.place}-{head.valid_from}"
    folder, _, name = file.removesuffix(".yaml").rpartition("/")
    if folder != head.programme:
        raise SheetError(f"{file}:{document.line_of(('programme',))}: this is a sheet of {head.programme}")
    if not re.fullmatch(rf"{stem}(-[2-9])?", name):
        raise SheetError(f"{file}:{document.line_of(('valid_from',))}: the file should be named {stem}.yaml")
    if (name != stem) != bool(head.replaces):
        line = document.line_of(("replaces",) if head.replaces else ("valid_from",))
        raise SheetError(f"{file}:{line}: a correction has `replaces` and a number in its name, and nothing else has")
    return head


def read_sheet(text: str, *, file: str, formulas: Mapping[str, PublishedFormula]) -> Sheet:
    """Read a sheet by the formula that it names; `file` is `<programme>/<name>.yaml`, as it is named in faults.

    Raises SheetError for a document that hides something, for a formula that there is not, for a head or terms that
    do not fit, and for a clause whose first word is no source of the sheet.
    """
    document = read_document(text, file=file)
    head = read_head(document, file=file)
    if head.formula_name not in formulas:
        raise SheetError(f"{file}:1: there is no formula {head.formula_name}")
    return _sheet_of(document, head, text=text, file=file, formula=formulas[head.formula_name].formula)


def change_sheet(sheet: Sheet, changes: Mapping[str, str], *, formula: Formula) -> Sheet:
    """A sheet with other values at some paths of its terms, `base.tiers.0.amount`, as it would read if it were so.

    Raises SheetError for a path that leads to no single value, and whatever `read_sheet` raises.
    """
    file = f"{sheet.name}.yaml"
    document = read_document(sheet.text, file=file)
    for path, value in changes.items():
        _put(document.plain, ("terms", *path.split(".")), value, file=file)
    said = "".join(f"\n# {path}: {value}" for path, value in sorted(changes.items()))
    head = read_head(document, file=file)
    return _sheet_of(document, head, text=sheet.text + said, file=file, formula=formula)


def _put(plain: Any, path: tuple[str, ...], value: str, *, file: str) -> None:
    *above, last = path
    for key in above:
        plain = _below(plain, key, file=file)
    if isinstance(_below(plain, last, file=file), dict | list):
        raise SheetError(f"{file}:1: `{'.'.join(path)}` is no single value")
    plain[int(last) if isinstance(plain, list) else last] = value


def _below(plain: Any, key: str, *, file: str) -> Any:
    if isinstance(plain, dict) and key in plain:
        return plain[key]
    if isinstance(plain, list) and key.isdigit() and int(key) < len(plain):
        return plain[int(key)]
    raise SheetError(f"{file}:1: the sheet has no `{key}` there")


def _sheet_of(document: Document, head: Head, *, text: str, file: str, formula: Formula) -> Sheet:
    terms = convert(document, formula.terms, under=("terms",), file=file)
    _verify_clauses(document, head, file=file)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Sheet(name=file.removesuffix(".yaml"), text=text, digest=digest, head=head, terms=terms)


def _verify_clauses(document: Document, head: Head, *, file: str) -> None:
    for path, line in document.lines.items():
        if path and path[-1] == "clause" and path[0] == "terms":
            clause = _at(document.plain, path)
            key, _, words = clause.partition(" ")
            if key == DERIVED and not words.strip():
                raise SheetError(f"{file}:{line}: a derived value says in words how it was derived")
            if key != DERIVED and key not in head.sources:
                raise SheetError(f"{file}:{line}: `{key}` is none of the sheet's sources")


def _at(plain: Any, path: Path) -> Any:
    for key in path:
        plain = plain[key]
    return plain
