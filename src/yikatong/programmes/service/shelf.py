"""The shelf: every formula and sheet that comes with the platform, read once and verified together."""

import hashlib
import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from yikatong.kernel.outcomes import Refused
from yikatong.programmes import formulas as formula_folder
from yikatong.programmes.model import Formula, PublishedFormula, Reason, Sheet
from yikatong.programmes.rules.reading import SheetError, read_sheet
from yikatong.programmes.rules.versions import list_version_faults

_ROOM = "yikatong.programmes"
LOCK = "published.lock"
LOCK_FILE = str(files(_ROOM).joinpath(LOCK))
"""Where the lock file lies in a working copy, for whoever publishes."""


class Shelf(msgspec.Struct, frozen=True):
    """Formulas by name, and sheets of each programme."""

    formulas: Mapping[str, PublishedFormula]
    sheets: Mapping[str, tuple[Sheet, ...]]

    def programmes(self) -> tuple[str, ...]:
        """The programmes' names."""
        return tuple(self.sheets)

    def sheets_of(self, programme: str) -> tuple[Sheet, ...]:
        """A programme's sheets. Refuses PROGRAMME_IS_UNKNOWN."""
        if programme not in self.sheets:
            raise Refused(Reason.PROGRAMME_IS_UNKNOWN, programme=programme[:40])
        return self.sheets[programme]

    def newest_formula(self, programme: str) -> Formula:
        """The last version of a programme's formula. Refuses PROGRAMME_IS_UNKNOWN."""
        versions = [one.formula for one in self.formulas.values() if one.formula.programme == programme]
        if not versions:
            raise Refused(Reason.PROGRAMME_IS_UNKNOWN, programme=programme[:40])
        return max(versions, key=lambda formula: formula.version)

    def formula_of(self, sheet: Sheet) -> PublishedFormula:
        """The formula that a sheet names."""
        return self.formulas[sheet.head.formula_name]


@lru_cache(maxsize=1)
def read_shelf() -> Shelf:
    """Read every formula and sheet of the package.

    Raises SheetError with file, line and reason for the first sheet that cannot be read, and for versions of one
    place that overlap or leave a gap.
    """
    published = {one.formula.name: one for one in _read_formulas()}
    return make_shelf(published, [read_sheet(text, file=name, formulas=published) for name, text in _sheet_texts()])


def make_shelf(formulas: Mapping[str, PublishedFormula], sheets: Sequence[Sheet]) -> Shelf:
    """A shelf of given sheets. Raises SheetError when versions of a place overlap or leave a gap."""
    faults = list_version_faults(sheets)
    if faults:
        raise SheetError("\n".join(faults))
    programmes = sorted({one.formula.programme for one in formulas.values()})
    return Shelf(
        formulas,
        {name: tuple(sheet for sheet in sheets if sheet.head.programme == name) for name in programmes},
    )


def published_digests() -> dict[str, str]:
    """The SHA-256 of every file that is published: formulas and sheets, by their path in the room."""
    room = files(_ROOM)
    return {
        name: hashlib.sha256(found.read_bytes()).hexdigest()
        for folder, ends in (("formulas", ".py"), ("sheets", ".yaml"))
        for name, found in _walk(room.joinpath(folder), folder)
        if name.endswith(ends) and not name.endswith(("/__init__.py", "/reasons.py"))
    }


def read_lock() -> dict[str, str]:
    """The digests that were published, by path."""
    lines = files(_ROOM).joinpath(LOCK).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines if line)}


def show_lock(digests: Mapping[str, str]) -> str:
    """The text of the lock file: a digest and a path a line, by path."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def _read_formulas() -> Iterator[PublishedFormula]:
    for module in pkgutil.walk_packages(formula_folder.__path__, f"{formula_folder.__name__}."):
        if ".version_" in module.name:
            formula: Formula = importlib.import_module(module.name).FORMULA
            yield PublishedFormula(formula, _digest_of(formula))


def _digest_of(formula: Formula) -> str:
    folder = files(_ROOM).joinpath("formulas")
    whole = hashlib.sha256()
    for name in formula.texts:
        whole.update(f"{hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()


def _sheet_texts() -> Iterator[tuple[str, str]]:
    for name, found in _walk(files(_ROOM).joinpath("sheets"), ""):
        if name.endswith(".yaml"):
            yield name.lstrip("/"), found.read_text(encoding="utf-8")


def _walk(folder: Traversable, under: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{under}/{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, name)
        else:
            yield name, entry
