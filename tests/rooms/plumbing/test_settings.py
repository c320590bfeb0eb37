"""Settings come from a file and over it the environment; every one is documented; a wrong one is named."""

import os
from pathlib import Path

import pytest

from yikatong.plumbing.settings import (
    Settings,
    SettingsError,
    default_data_folder,
    list_unknown_variables,
    read_settings,
    settings_reference,
)

_REFERENCE = Path(__file__).parents[3] / "docs/reference/settings.md"


def a_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = a_file(tmp_path, "port = 1\nworkers = 3\n")
    settings = read_settings({"YIKATONG_PORT": "2"}, file=file)
    assert (settings.port, settings.workers, settings.host) == (2, 3, "127.0.0.1")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = a_file(tmp_path, "allow_synthetic_residents = true\n")
    assert read_settings({"YIKATONG_SETTINGS": str(file)}).allow_synthetic_residents


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", r"prot in .* is no setting \(meant port\?\)"),
        ("port = 'many'", r"port in .* cannot be used: Expected `int`"),
        ("retention_session_days = 30", r"retention_session_days in .* `int` >= 184"),
        ("port = ", r"is not TOML"),
        ("master_key_file = 'a'\nmaster_key_command = 'b'", r"master_key_file and master_key_command are both set"),
        ("next_master_key = 'a'\nnext_master_key_file = 'b'", r"next_master_key and next_master_key_file are both set"),
        ("serving_database_url = 'postgresql://x/y'", r"without database_url"),
        ("clock_shift_seconds = 86400", r"for stories and training: allow_synthetic_residents must be set too"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings({}, file=a_file(tmp_path, text))


@pytest.mark.parametrize("data", [b"region = '\xff'", b"port = " + b"[" * 100_000, b"\xfe\xff"])
def test_a_file_that_is_no_text_or_too_deep_is_no_toml(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(data)

    with pytest.raises(SettingsError, match="is not TOML"):
        read_settings({}, file=file)


def test_what_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings({}, file=tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not there"):
        read_settings({}, file=tmp_path / "none.toml")


def test_a_wrong_variable_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"YIKATONG_PORT cannot be used: Expected `int`"):
        read_settings({"YIKATONG_PORT": "tcp://10.0.0.1:80"})


@pytest.mark.parametrize("name", ["BANK_URL", "FACE_CHECK_URL", "MESSAGE_GATEWAY_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "ftp://bank.example",
        "bank.example",
        "http:",
        "http://bank.example:many",
        "http://bank.example:0",
        "https://bank.example/?a=1",
    ],
)
def test_an_organisation_is_named_by_an_http_address_or_refused_at_the_start(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=rf"YIKATONG_{name} cannot be used: an address is http://host"):
        read_settings({f"YIKATONG_{name}": url})


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/bank", "https://us:word@bank.example", "http://[::1]:9000"])
def test_an_http_address_of_an_organisation_is_taken_as_it_is(url: str) -> None:
    assert read_settings({"YIKATONG_BANK_URL": url}).bank_url == url


def test_what_the_command_line_gives_wins_and_has_the_same_bounds() -> None:
    settings = read_settings({"YIKATONG_PORT": "2", "YIKATONG_WORKERS": "3"}, given={"port": 1, "workers": None})
    assert (settings.port, settings.workers) == (1, 3)
    with pytest.raises(SettingsError, match=r"port of the command line cannot be used: Expected `int` <= 65535"):
        read_settings({}, given={"port": 65_536})


def test_a_misspelt_variable_is_noticed() -> None:
    assert list_unknown_variables({"YIKATONG_PROT": "1", "PATH": "/bin"}) == ["YIKATONG_PROT (meant YIKATONG_PORT?)"]


def test_secrets_are_hidden_where_settings_are_shown() -> None:
    settings = Settings(database_url="postgresql://a:b@c/d", master_key="c2VjcmV0", port=1)
    assert repr(settings) == "Settings(database_url=[hidden], port=1, master_key=[hidden])"


@pytest.mark.skipif(os.geteuid() == 0, reason="root's data folder is fixed")
def test_an_ordinary_users_data_lies_in_his_data_home() -> None:
    assert default_data_folder({"XDG_DATA_HOME": "/home/li/data"}) == "/home/li/data/yikatong"
    assert default_data_folder({"HOME": "/home/li"}) == "/home/li/.local/share/yikatong"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes below /var/lib")
def test_roots_data_lies_in_var_lib() -> None:
    assert default_data_folder({"XDG_DATA_HOME": "/home/li/data"}) == "/var/lib/yikatong"


def test_every_setting_says_what_it_means() -> None:
    reference = settings_reference()
    for name in Settings.__struct_fields__:
        (line,) = [line for line in reference.splitlines() if line.startswith(f"| `{name}` |")]
        meaning = line.split("|")[-2].strip()
        assert len(meaning) > 20 and meaning.endswith("."), name


def test_every_retention_names_its_clause_or_calls_itself_the_houses_own() -> None:
    for line in settings_reference().splitlines():
        if line.startswith("| `retention_"):
            assert any(word in line for word in ("Art. ", "own rule")), line


def test_the_reference_page_is_what_the_code_says() -> None:
    assert _REFERENCE.read_text(encoding="utf-8") == settings_reference(), (
        "the page is old: write it anew with `python -m yikatong.app.reference`"
    )
