"""Files: what a card maker sends back, and the settings an installation is given."""

import tomllib
from base64 import urlsafe_b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from simulator.card_maker import make_cards
from tests.fuzz.parsers.harness import Harness, a_fixed_key, said
from tests.support.world import NOON
from yikatong.cards.rules.return_file import (
    CARDS_IN_BATCH_MAX,
    COLUMNS,
    ERRORS_REPORTED_MAX,
    ExpectedCard,
    compare_return,
    read_return_file,
    refuse_lines,
)
from yikatong.kernel.instants import day_of
from yikatong.plumbing.settings import Settings, SettingsError, read_settings

_EXPECTED = (
    ExpectedCard(card_number="A12345678", id_number="99010119550307003X", name="王秀英", bank_code="102"),
    ExpectedCard(card_number="A12345679", id_number="990101195503070048", name="李国强", bank_code="102"),
)
_NOTHING_PERSONAL = ("王秀英", "李国强", "19550307")


def take_return_file(data: bytes) -> bool:
    """Each line is a card or an error; no error says anything of a person; what is wrong is named once."""
    read = said(lambda: read_return_file(data))
    if read.value is None:
        return False
    assert len(read.value.lines) + len(read.value.errors) <= CARDS_IN_BATCH_MAX + 1
    errors = compare_return(read.value, _EXPECTED)
    assert len(errors) <= ERRORS_REPORTED_MAX
    refused = refuse_lines(errors)
    told = f"{refused} {refused.about} {read.value!r}"
    assert not any(personal in told for personal in _NOTHING_PERSONAL)
    if not errors:
        assert {card.card_number for card in _EXPECTED} == {line.card_number for line in read.value.lines}
    return not errors


def take_settings(data: bytes) -> bool:
    """A file gives settings, or says what cannot be used; settings that were read can be written and read again."""
    file = _FOLDER / "settings.toml"
    file.write_bytes(data)
    read = said(lambda: read_settings({}, file=file), errors=(SettingsError,))
    if read.value is None:
        return False
    file.write_text(_toml_of(read.value))
    assert read_settings({}, file=file) == read.value
    return True


def _toml_of(settings: Settings) -> str:
    """Settings as a TOML file; JSON's texts and numbers are TOML's, but for what JSON leaves unescaped."""
    values = {name: value for name, value in msgspec.structs.asdict(settings).items() if value is not None}
    return "".join(f"{name} = {_toml_value(value)}\n" for name, value in values.items())


def _toml_value(value: object) -> str:
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _return_files() -> list[bytes]:
    """What the simulated card maker answers, and the same for a card that failed."""
    rows = [f"{at},{one.card_number},{one.id_number},{one.name},{one.bank_code}" for at, one in enumerate(_EXPECTED, 1)]
    batch = "\n".join(["BATCH20261125", "sequence,card_number,id_number,name,bank_code", *rows])
    sent = batch.replace("BATCH20261125", f"BATCH20261125,{len(rows)}")
    made = _with_fixed_keys(make_cards(sent, region="990101", today=day_of(NOON)).file)
    head = "\n".join(made.splitlines()[:2])
    failed = "\n".join(
        f"{row},,,,,,,,card_maker,chip broken,," if at == 1 else made.splitlines()[at + 1]
        for at, row in enumerate(_failed_rows(), 1)
    )
    return [made.encode(), b"\xef\xbb\xbf" + made.replace("\n", "\r\n").encode(), f"{head}\n{failed}".encode()]


def _with_fixed_keys(file: str) -> str:
    """The same file with chips whose keys are the same in every run; the key stands last in its line."""
    head, columns, *lines = file.splitlines()
    key = urlsafe_b64encode(a_fixed_key(41).public_key.data).rstrip(b"=").decode()
    return "\n".join([head, columns, *(f"{line.rpartition(',')[0]},{key}" for line in lines)])


def _failed_rows() -> list[str]:
    return [
        f"{at},{one.card_number},{one.id_number},{one.name},,,,,{one.bank_code}" for at, one in enumerate(_EXPECTED, 1)
    ]


def _settings_files() -> list[bytes]:
    whole = _toml_of(Settings(data_folder="/srv/yikatong", database_url="postgresql://one@two/three"))
    assert tomllib.loads(whole)
    return [b"", whole.encode(), b"port = 0\nregion = '500116'\n[table]\nx = 1979-05-27T07:32:00Z\n"]


_HOLDS_FOLDER = TemporaryDirectory(prefix="yikatong-fuzz-")
_FOLDER = Path(_HOLDS_FOLDER.name)

HARNESSES = (
    Harness(
        "return_file",
        take_return_file,
        _return_files,
        (b'"', b'""', b",", b"\r", b"\x00", b"\xe2\x80\xa8", ",".join(COLUMNS).encode()),
    ),
    Harness(
        "settings",
        take_settings,
        _settings_files,
        (b"[", b"[[", b'"""', b"'''", b"\\u0000", b"= 1e400", b"= true", b"inf", b"\n"),
    ),
)
