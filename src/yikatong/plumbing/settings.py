"""Settings: a TOML file, over it the environment; every one documented where it is declared.

A setting `port` is `port = 8000` in the file named by YIKATONG_SETTINGS, and `YIKATONG_PORT=8000` in the environment,
which wins. `docs/reference/settings.md` is written from this file.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from yikatong.plumbing.postgres.configuration import MEMORY_MB
from yikatong.plumbing.telemetry import LogFormat, LogLevel

PREFIX = "YIKATONG_"
FILE_VARIABLE = "YIKATONG_SETTINGS"
_SECRET = {"secret": True}
_ADDRESSES = (
    "bank_files_url",
    "bank_url",
    "face_check_url",
    "message_gateway_url",
    "vehicle_register_url",
    "witness_url",
)
_NOTHING: Mapping[str, Any] = {}


class SettingsError(ValueError):
    """A setting cannot be used; the message names it, where it came from, and what it should be."""


def default_data_folder(environment: Mapping[str, str] = os.environ) -> str:
    """Where data lies when nothing is said: /var/lib/yikatong for root, else below the XDG data home."""
    if os.geteuid() == 0:
        return "/var/lib/yikatong"
    home = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".local/share")
    return str(Path(home) / "yikatong")


def _whole(meaning: str, *, at_least: int = 1, at_most: int | None = None) -> Meta:
    return Meta(description=meaning, ge=at_least, le=at_most)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, repr_omit_defaults=True):
    """Every setting of the platform, in the order of the reference."""

    # --- where things are
    data_folder: Annotated[
        str,
        Meta(
            description="Folder of the embedded database, keys and metrics. Default: /var/lib/yikatong for root, "
            "else $XDG_DATA_HOME/yikatong or ~/.local/share/yikatong."
        ),
    ] = msgspec.field(default_factory=default_data_folder)
    database_url: Annotated[
        str | None,
        Meta(
            description="An outside PostgreSQL 18 server, as its schema's owner. Without it the embedded one is used.",
            extra=_SECRET,
        ),
    ] = None
    serving_database_url: Annotated[
        str | None,
        Meta(
            description="The same server, as a login that is or inherits the role yikatong_serving. Without it the "
            "owner's connections take that role on.",
            extra=_SECRET,
        ),
    ] = None

    # --- backup of the embedded database
    backup_folder: Annotated[
        str | None,
        Meta(
            description="Folder, on another disk, that the embedded database archives its log to continuously and that "
            "`yikatong db backup` writes to. It must be there. Without it nothing is archived."
        ),
    ] = None
    backup_archive_seconds: Annotated[
        int,
        _whole(
            "What was committed is archived at the latest after this, also when a segment is not full.", at_most=3600
        ),
    ] = 60

    database_memory_mb: Annotated[
        int,
        _whole(
            "Memory in which the embedded database keeps pages (shared_buffers). A laptop needs no more than the "
            "default; for millions of cards give it a quarter of the machine.",
            at_least=32,
            at_most=1_048_576,
        ),
    ] = MEMORY_MB

    clock_shift_seconds: Annotated[
        int,
        Meta(
            description="Every clock of the platform is off by so many seconds: for stories and training that happen "
            "on another day. Only where made-up residents are allowed.",
            ge=-3_155_760_000,
            le=3_155_760_000,
        ),
    ] = 0

    # --- serving
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _whole("Port to listen on; 0 picks a free one.", at_least=0, at_most=65_535)] = 8000
    workers: Annotated[int, _whole("Processes that serve.", at_most=64)] = 2
    request_arrival_seconds: Annotated[
        int,
        _whole(
            "A request that is not here whole so long after its first byte ends with 408, and its connection with it; "
            "so does, without an answer, a connection that has sent nothing yet.",
            at_most=600,
        ),
    ] = 15
    request_timeout_seconds: Annotated[int, _whole("A request unanswered for so long ends with 503.", at_most=600)] = 30
    bucket_count: Annotated[
        int,
        _whole(
            "Buckets that residents' rows are spread over. 1 on one machine; changed later by `yikatong db distribute` "
            "alone, and no more once the tables are distributed.",
            at_most=32_767,
        ),
    ] = 1
    region: Annotated[
        str,
        Meta(description="Division code of the region that this installation issues cards for.", pattern="^[0-9]{6}$"),
    ] = "990100"
    allow_synthetic_residents: Annotated[
        bool, Meta(description="Accept ID numbers of the unassigned divisions 9901xx, as test populations have.")
    ] = False

    # --- database
    pool_size_max: Annotated[int, _whole("Connections of one process, beside the one of its counter.", at_most=200)] = 8
    statement_timeout_seconds: Annotated[
        int, _whole("A statement of the serving role ends after this.", at_most=3600)
    ] = 30
    lock_timeout_seconds: Annotated[int, _whole("Waiting for a row lock ends after this.", at_most=3600)] = 10
    idle_in_transaction_timeout_seconds: Annotated[
        int, _whole("A transaction in which nothing happens ends after this.", at_most=3600)
    ] = 60

    # --- keys
    master_key: Annotated[
        str | None,
        Meta(description="The master key itself, 32 bytes in base64. For the environment only.", extra=_SECRET),
    ] = None
    master_key_file: Annotated[
        str | None, Meta(description="File of the master key, 32 bytes in base64, readable by its owner alone.")
    ] = None
    master_key_command: Annotated[
        str | None,
        Meta(
            description="Command that prints the master key in base64, for keys kept in a vault or a hardware module."
        ),
    ] = None

    next_master_key: Annotated[
        str | None,
        Meta(
            description="The master key that takes over, in base64, while `yikatong keys rewrap` is under way. For the "
            "environment only.",
            extra=_SECRET,
        ),
    ] = None
    next_master_key_file: Annotated[
        str | None, Meta(description="File of the master key that takes over, readable by its owner alone.")
    ] = None
    next_master_key_command: Annotated[
        str | None, Meta(description="Command that prints the master key that takes over, in base64.")
    ] = None
    key_module_socket: Annotated[
        str | None,
        Meta(
            description="Unix socket of a cryptographic module that holds every private and master key. Without it "
            "they are encrypted files in the data folder."
        ),
    ] = None

    # --- outside organisations
    bank_files_folder: Annotated[
        str | None,
        Meta(
            description="Folder of bank files, one folder for each bank inside it, named by its code (102). Without it "
            "no batch is sent and no return file is read."
        ),
    ] = None
    bank_files_url: Annotated[
        str | None,
        Meta(
            description="Address of a host where banks take and leave those files. `bank_files_folder` then keeps "
            "drafts, notes of what was sent, and what was fetched."
        ),
    ] = None
    bank_files_seconds: Annotated[
        int, _whole("Files that are due go out, and what banks left is read, as often as this.", at_most=3600)
    ] = 30
    plain_file_banks: Annotated[
        str,
        Meta(
            description="Codes of the banks that take the plain pair of files instead of ISO 20022, with commas.",
            pattern="^([0-9]{3}(,[0-9]{3})*)?$",
        ),
    ] = ""
    bank_url: Annotated[str | None, Meta(description="Address of the bank gateway for debits and account checks.")] = (
        None
    )
    face_check_url: Annotated[str | None, Meta(description="Address of the real-person check with liveness.")] = None
    message_gateway_url: Annotated[str | None, Meta(description="Address of the gateway for push and SMS.")] = None

    vehicle_register_url: Annotated[
        str | None, Meta(description="Address of the traffic police's register of vehicles, for trade-ins.")
    ] = None
    witness_url: Annotated[
        str | None, Meta(description="Address of the witness who signs the sealed log's heads. Without it none does.")
    ] = None
    witness_key: Annotated[
        str | None,
        Meta(description="The witness's public key, as `yikatong witness key` shows it. Needed beside the address."),
    ] = None

    # --- logs, metrics, traces
    log_level: Annotated[LogLevel, Meta(description="Least level that is written.")] = "info"
    log_format: Annotated[LogFormat, Meta(description="`json` for machines, `console` for people.")] = "json"
    trace_sample_ratio: Annotated[
        float, Meta(description="Share of requests traced with OpenTelemetry; 0 is off.", ge=0, le=1)
    ] = 0.0

    # --- the counter
    tap_batch_size_max: Annotated[int, _whole("Taps decided in one batch.", at_most=4096)] = 256
    tap_queue_size_max: Annotated[
        int, _whole("Taps waiting for a batch in one process; above it new ones are refused at once.", at_most=100_000)
    ] = 4096
    tap_confirmation_seconds: Annotated[
        int, _whole("A tap that waits for the resident's confirmation ends after this.", at_least=10, at_most=900)
    ] = 120

    # --- trade-ins
    trade_in_qualification_days: Annotated[
        int, _whole("A qualification lasts so long where a place's rules name no term.", at_most=366)
    ] = 30
    trade_in_claim_days: Annotated[
        int,
        _whole(
            "So long after a sale a claim may be submitted where a place's rules name no term, and so long one that "
            "was sent back may be mended.",
            at_most=366,
        ),
    ] = 60
    trade_in_code_minutes: Annotated[
        int, _whole("A vehicle's code is held for a claim so long before the claim counts it.", at_most=1440)
    ] = 15

    # --- outbox
    outbox_batch_size: Annotated[int, _whole("Events relayed in one transaction.", at_most=10_000)] = 100
    outbox_tries_max: Annotated[int, _whole("An event that failed so often is parked.", at_most=20)] = 8
    outbox_pause_milliseconds: Annotated[int, _whole("Pause of the relay when nothing waits.", at_most=60_000)] = 250

    # --- retention
    retention_notice_days: Annotated[
        int,
        _whole(
            "`notices.notice` after delivery. Personal Information Protection Law Art. 19: the shortest time needed."
        ),
    ] = 400
    retention_session_days: Annotated[
        int, _whole("Ended sessions. Cybersecurity Law Art. 21: at least six months.", at_least=184)
    ] = 365
    retention_record_days: Annotated[
        int,
        _whole(
            "Records of commands and looks, with the approvals they rest on. Personal Information Protection Law "
            "Art. 56: at least three years.",
            at_least=1096,
        ),
    ] = 1826
    retention_tap_days: Annotated[
        int,
        _whole(
            "Taps that moved no money, refused ones too. E-Commerce Law Art. 31: at least three years. Those that did "
            "are vouchers and stay.",
            at_least=1096,
        ),
    ] = 3653
    retention_second_use_days: Annotated[int, _whole("Second uses of a code, as evidence. The house's own rule.")] = (
        1096
    )
    retention_e_card_days: Annotated[
        int,
        _whole(
            "Cancelled e-cards with their devices and channels, and bank accounts no longer bound. The house's own "
            "rule.",
            at_least=366,
        ),
    ] = 3653
    retention_offline_days: Annotated[
        int,
        _whole(
            "Offline allowances after their upload term, uploads, and disputes that moved no money. E-Commerce Law "
            "Art. 31: at least three years. What moved money stays with its tap.",
            at_least=1096,
        ),
    ] = 1096
    retention_certificate_days: Annotated[
        int,
        _whole(
            "Certificates after their home has ceased to accept them: 180 days after a wallet's was made, the end of a "
            "chip's. Personal Information Protection Law Art. 19; an offline tap may come 44 days late.",
            at_least=45,
        ),
    ] = 60
    retention_parked_event_days: Annotated[int, _whole("Parked outbox events. The house's own rule.")] = 90

    def __repr__(self) -> str:
        """The settings that are not default, those that are secret hidden."""
        shown = []
        for name, default in _defaults().items():
            value = getattr(self, name)
            if value != default:
                shown.append(f"{name}={'[hidden]' if name in SECRET_NAMES else repr(value)}")
        return f"Settings({', '.join(shown)})"


def read_settings(
    environment: Mapping[str, str] = os.environ, *, file: Path | None = None, given: Mapping[str, Any] = _NOTHING
) -> Settings:
    """Read the file (given here or by YIKATONG_SETTINGS; none is fine), over it the environment, over both `given`.

    `given` is what the command line says; None there says nothing.
    Raises SettingsError: a file that is missing or not TOML, a name in the file that is no setting, a value that does
    not fit. Variables of the environment that are no setting are passed over; `list_unknown_variables` names them.
    """
    path = file or (Path(named) if (named := environment.get(FILE_VARIABLE)) else None)
    values: dict[str, Any] = _read_file(path) if path else {}
    sources = {name: f"{name} in {path}" for name in values}
    for name in Settings.__struct_fields__:
        variable = PREFIX + name.upper()
        if environment.get(variable):
            values[name] = environment[variable]
            sources[name] = variable
    for name, value in given.items():
        if value is not None:
            values[name] = value
            sources[name] = f"{name} of the command line"
    _verify_each(values, sources)
    settings = msgspec.convert(values, Settings, strict=False)
    return _verify_together(settings)


def list_unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like settings and are none, each with the likely meant one; for a warning at the start."""
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__} | {FILE_VARIABLE}
    return [
        f"{name}{_likely(name, sorted(known))}"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known and not name.startswith(PREFIX + "TESTS_")
    ]


def settings_reference() -> str:
    """The text of `docs/reference/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Each setting is a line of the TOML file named by `YIKATONG_SETTINGS` (`port = 8000`) or a variable of the",
        "environment (`YIKATONG_PORT=8000`), which wins. Retention settings carry the clause they follow.",
        "",
        "| setting | variable | type | default | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    defaults = _defaults()
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        kind, *metas = get_args(hint)
        meta: Meta = metas[0]
        default = "" if name == "data_folder" or defaults[name] is None else f"`{_shown(defaults[name])}`"
        lines.append(
            f"| `{name}` | `{PREFIX}{name.upper()}` | {_kind_and_bounds(kind, meta)} | {default} | {meta.description} |"
        )
    return "\n".join(lines) + "\n"


def _defaults() -> dict[str, Any]:
    empty = {}
    for field in msgspec.structs.fields(Settings):
        empty[field.name] = field.default if field.default is not msgspec.NODEFAULT else default_data_folder()
    return empty


def _secret_names() -> frozenset[str]:
    hints = get_type_hints(Settings, include_extras=True)
    return frozenset(name for name, hint in hints.items() if (get_args(hint)[1].extra or {}).get("secret"))


SECRET_NAMES = _secret_names()


def _read_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        raise SettingsError(f"设置文件{path}不存在。 The settings file {path} is not there.") from None
    except OSError as error:
        raise SettingsError(
            f"设置文件{path}无法读取（{error.strerror}）。 The settings file {path} cannot be read: {error.strerror}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"设置文件{path}不是TOML。 The settings file {path} is not TOML: {error}.") from None
    for name in values:
        if name not in Settings.__struct_fields__:
            raise SettingsError(
                f"{path}中的{name}不是设置项。 "
                f"{name} in {path} is no setting{_likely(name, Settings.__struct_fields__)}."
            )
    return values


def _verify_each(values: Mapping[str, Any], sources: Mapping[str, str]) -> None:
    hints = get_type_hints(Settings, include_extras=True)
    for name, value in values.items():
        try:
            msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{sources[name]}的值不可用。 {sources[name]} cannot be used: {error}.") from None
        if name in _ADDRESSES and value and not _is_http_address(value):
            raise SettingsError(
                f"{sources[name]}的值不可用：地址应为http://主机或https://主机，可带路径。 "
                f"{sources[name]} cannot be used: an address is http://host or https://host, with a path."
            )


def _is_http_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_port = parts.port != 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and has_port and not (parts.query or parts.fragment)
    )


def _verify_together(settings: Settings) -> Settings:
    for which in ("master_key", "next_master_key"):
        named = [name for name in (which, f"{which}_file", f"{which}_command") if getattr(settings, name)]
        if len(named) > 1:
            raise SettingsError(
                f"主密钥只能有一个来源，{'、'.join(named)}同时设置了。 "
                f"The master key has one place; {' and '.join(named)} are both set."
            )
    if settings.serving_database_url and not settings.database_url:
        raise SettingsError(
            "设置了serving_database_url而没有database_url；内置数据库两者都不需要。 "
            "serving_database_url is set without database_url; the embedded server needs neither."
        )
    if settings.clock_shift_seconds and not settings.allow_synthetic_residents:
        raise SettingsError(
            "clock_shift_seconds只用于演示和培训，须同时设置allow_synthetic_residents。 "
            "clock_shift_seconds is for stories and training: allow_synthetic_residents must be set too."
        )
    return settings


def _likely(name: str, known: tuple[str, ...] | list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (meant {close[0]}?)" if close else ""


def _kind_and_bounds(kind: Any, meta: Meta) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    text = plain.get(kind, "text")
    if meta.ge is not None and meta.le is not None:
        return f"{text}, {meta.ge} to {meta.le}"
    return f"{text}, at least {meta.ge}" if meta.ge is not None else text


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
