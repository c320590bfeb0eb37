"""The command `yikatong bench`: every measure with its aim, one of them, or what a sizing is made from."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec.structs import replace
from rich.markup import escape
from rich.status import Status

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.bench.plan import Plan
from yikatong.app.bench.profile import Profile, make_profile
from yikatong.app.bench.rows import Judged, Row, verdict
from yikatong.app.bench.sizing import this_machine
from yikatong.app.bench.sizing_figures import measure_figures
from yikatong.app.bench.sizing_pages import write_sizing
from yikatong.app.bench.stage import open_stage
from yikatong.app.bench.status_lists import LIVE_CERTIFICATES, REGIONS, SHARES, ListsAtShare, measure_lists
from yikatong.app.bench.table import ROWS, bench_rows
from yikatong.app.commands.command_line import DataOption, JsonOption, errors, out, settings_now

bench_app = typer.Typer(
    help="Benchmarks, without a name all in one table: ratios against pgbench on the same server.",
    invoke_without_command=True,
)

FullOption = Annotated[bool, typer.Option("--full", help="The full sizes, which take hours and much disk.")]


@bench_app.callback()
def bench_all(
    context: typer.Context,
    sizing: Annotated[bool, typer.Option("--sizing", help="Write docs/sizing from this machine's figures.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Without a name: every measure, with its aim, in one table."""
    if context.invoked_subcommand is not None:
        return
    if sizing:
        _write_sizing(data=data)
    else:
        _bench(Plan(), tuple(ROWS), data=data, json=json)


def _write_sizing(*, data: Path | None) -> None:
    with errors.status("sizing") as status:

        def tell(said: str) -> None:
            _tell(status, said)

        with open_stage(settings_now(data=data), Plan(), tell=tell) as stage:
            figures = measure_figures(stage)
    folder = Path("docs")
    write_sizing(folder, figures, this_machine())
    out.print(f"已写入 written to {folder}/sizing.md, {folder}/sizing.zh-CN.md")


def _add_row(name: str, explained: str) -> None:
    """A command of its own for a row, which has no options but where and how much."""

    def bench_one(data: DataOption = None, full: FullOption = False, json: JsonOption = False) -> None:
        _bench(replace(Plan(), full=full), (name,), data=data, json=json)

    bench_one.__doc__ = explained
    bench_app.command(name)(bench_one)


@bench_app.command("taps")
def bench_taps_now(
    connections: Annotated[int, typer.Option(help="Connections of the load generator.", min=1, max=4096)] = 64,
    seconds: Annotated[float, typer.Option(help="Seconds of each round that count.", min=1, max=60)] = 4,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Taps a second end to end over HTTP, every certificate new to the worker, 5 % refusals."""
    _bench(Plan(connections=connections, seconds=seconds), ("taps",), data=data, json=json)


for _name, _explained in {
    "taps-256": "The same at 256 connections.",
    "one-provider": "Every tap at one provider, against taps at many.",
    "sealed-log": "Taps with the sealed log, against taps without.",
    "ledger-spread": "Transfers a second through the ledger's batch entry, spread over accounts.",
    "ledger-one-account": "Transfers a second through the ledger's batch entry, all on one account.",
    "verify-seen": "Codes verified against the bare signature check: certificate seen before.",
    "verify-new": "Codes verified against the bare signature check: own region's certificate, new.",
    "verify-other": "Codes verified against the bare signature check: another region's certificate, new.",
    "refresh": "Certificates refreshed a second and core.",
    "simulate": "A million trade-ins simulated, every step kept; with --full, ten million as well.",
    "cost-by-size": "Cost of a tap among many cards against few; with --full, 10 million against 100 thousand.",
    "payout-batch": "A payout batch of a million lines: written, validated, returned, posted.",
    "budget-rush": "Ten thousand applicants over HTTP at once for the last hundred places of a budget.",
    "memory": "Resident memory of the whole platform while taps run.",
    "first-tap": "From the start of the demo to its first tap, second run.",
    "crash": "Acknowledged taps lost or doubled when server or database are killed at work.",
}.items():
    _add_row(_name, _explained)


@bench_app.command("profile")
def bench_profile(data: DataOption = None, json: JsonOption = False) -> None:
    """Where a tap's time goes: in the workers by stage, in the database by process, on the wall by phase."""
    with errors.status("profile") as status:

        def tell(said: str) -> None:
            _tell(status, said)

        with open_stage(settings_now(data=data), Plan(), tell=tell) as stage:
            profile = make_profile(stage)
    if json:
        sys.stdout.write(msgspec.json.encode(profile).decode() + "\n")
    else:
        print_profile(profile)


@bench_app.command("status-lists")
def bench_status_lists(json: JsonOption = False) -> None:
    """Status lists of 1.03 billion certificates in 31 regions: size, times, and what a day changes."""
    places = Plan().list_places
    with errors.status("status lists") as status:

        def tell(said: str) -> None:
            _tell(status, said)

        measured = [measure_lists(places, share, tell=tell) for share in SHARES]
    if json:
        said = {"regions": REGIONS, "live_certificates": LIVE_CERTIFICATES, "lists": measured}
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
    else:
        print_lists(measured)


def print_lists(measured: list[ListsAtShare]) -> None:
    """One region as measured, and all regions by multiplying."""
    table = a_table(
        Column("项目", "measure"), *(Column(f"吊销{one.revoked_share:.2%}", "revoked", "right") for one in measured)
    )
    for name, values in _lines_of(measured):
        table.add_row(name, *values)
    show_table(out, Both("状态列表", "status lists"), table)


def _lines_of(measured: list[ListsAtShare]) -> list[tuple[str, list[str]]]:
    return [
        ("lists (blocks) of a region", [f"{one.blocks}" for one in measured]),
        ("signed, one region", [f"{one.signed_bytes:,} B" for one in measured]),
        (f"signed, {REGIONS} regions", [f"{REGIONS * one.signed_bytes:,} B" for one in measured]),
        ("no list could be below, one region", [f"{one.bound_bytes:,} B" for one in measured]),
        ("held unpacked, one region", [f"{one.packed_bytes:,} B" for one in measured]),
        ("built and signed, one region", [f"{one.build_seconds:.2f} s" for one in measured]),
        ("verified and read, one region", [f"{one.read_seconds:.2f} s" for one in measured]),
        ("one look-up", [f"{one.lookup_nanoseconds:,.0f} ns" for one in measured]),
        ("a day's new revocations, one region", [f"{one.day_changes:,}" for one in measured]),
        ("blocks a day changes, one region", [f"{one.blocks_a_day:.0f}" for one in measured]),
        ("a day's delta, signed, one region", [f"{one.day_bytes:,} B" for one in measured]),
        ("no day's delta could be below, one region", [f"{one.day_bound_bytes:,} B" for one in measured]),
        ("a day's delta verified and applied, one region", [f"{one.day_seconds:.2f} s" for one in measured]),
    ]


def print_profile(profile: Profile) -> None:
    """A tap's processor time by part, and what else was seen."""
    table = a_table(Column("部分", "part"), Column("微秒/次", "µs a tap", "right"), Column("占比", "share", "right"))
    for part, spent in profile.processor_microseconds.items():
        table.add_row(part, f"{spent:.1f}", f"{profile.shares[part]:.1%}")
    show_table(out, Both("每次用卡的处理器时间", "a tap's processor time"), table)
    out.print()
    for what, values in (
        ("ms on the wall for each round trip of a batch", profile.round_milliseconds),
        ("what the database's busy sessions did, by share of looks", profile.waits),
    ):
        out.print(f"{what}: " + ", ".join(f"{name} {value}" for name, value in values.items()), soft_wrap=True)
    out.print(
        f"{profile.taps_per_second} taps/s, {profile.taps_a_batch} taps a batch, {profile.processors_busy} processors "
        f"busy; of the looks {profile.lock_share:.1%} waited for a lock, {profile.wal_share:.1%} for the log; "
        f"WAL a tap: {profile.wal_bytes_a_tap} bytes, {profile.wal_records_a_tap} records, "
        f"{profile.wal_whole_pages_a_tap} whole pages",
        soft_wrap=True,
    )
    out.print(profile.how, soft_wrap=True)


def _bench(plan: Plan, names: tuple[str, ...], *, data: Path | None, json: bool) -> None:
    began = time.monotonic()
    rows = []
    with errors.status("benchmark") as status:

        def tell(said: str) -> None:
            _tell(status, said)

        for row in bench_rows(settings_now(data=data), plan, names, tell=tell):
            rows.append(row)
            if row.figure is not None:
                tell(f"{row.name}: {show_figure(row)}, {verdict(row.reached)}")
    if json:
        said: Any = rows[0].as_json() if len(rows) == 1 else [row.as_json() for row in rows]
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
    elif len(rows) == 1:
        _print_row(rows[0])
    else:
        print_rows(rows)
        errors.print(f"{time.monotonic() - began:.0f} s")


def print_rows(rows: list[Row]) -> None:
    """All rows as one table, and below it what has to be said of them."""
    table = a_table(
        Column("项目", "measure"),
        Column("目标", "aim", "right"),
        Column("结果", "figure", "right"),
        Column("比值", "ratio", "right"),
        Column("结论", "verdict"),
    )
    for row in rows:
        table.add_row(row.name, show_aim(row), show_figure(row), _show_ratio(row), verdict(row.reached))
    show_table(out, Both("性能测试", "benchmark"), table)
    out.print()
    for row in rows:
        out.print(f"{row.name}: {escape(row.measure)}" + (f" ({escape(row.says)})" if row.says else ""))
        if "open_p99_ms" in row.details:
            out.print(
                f"  open load of {row.details['open_taps_per_second']} taps/s: p50 {row.details['open_p50_ms']} ms, "
                f"p99 {row.details['open_p99_ms']} ms"
            )


def _print_row(row: Row) -> None:
    table = a_table(Column("项目", "measure"), Column("结果", "figure"))
    for name, value in row.as_json().items():
        table.add_row(name, escape(str(value)))
    show_table(out, Both("性能测试", "benchmark"), table)


def show_aim(row: Row) -> str:
    """The aim with its side."""
    sign = "≥" if row.judged in (Judged.RATIO_AT_LEAST, Judged.FIGURE_AT_LEAST) else "≤"
    return f"{sign} {_show_number(row.aim, row.unit if row.unit == 'bytes' else '')}"


def show_figure(row: Row) -> str:
    """The figure in its unit."""
    return "–" if row.figure is None else _show_number(row.figure, row.unit)


def _show_ratio(row: Row) -> str:
    return "–" if row.ratio is None else f"{row.ratio:.2f}"


def _show_number(number: float, unit: str) -> str:
    if unit == "bytes":
        return f"{number / 1e6:,.0f} MB"
    said = f"{number:,.0f}" if number >= 100 else f"{number:g}"
    return f"{said} {unit}".strip()


def _tell(status: Status, said: str) -> None:
    errors.print(f"  {escape(said)}")
    status.update(escape(said))
