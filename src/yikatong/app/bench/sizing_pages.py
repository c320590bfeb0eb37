"""The pages docs/sizing.md and docs/sizing.zh-CN.md: written from figures, and read again to be checked."""

import re
from collections.abc import Sequence
from pathlib import Path

from yikatong.app.bench.sizing import (
    ASSUMPTIONS,
    SECTIONS,
    UNITS_OF_RATE,
    Figure,
    Formula,
    Machine,
    Result,
    Section,
    calculate,
)

DIGITS = 4
"""Significant digits of every number on the pages; the arithmetic is done with what is printed."""
_SCALES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_ROW = re.compile(r"^\| `(\w+)` \| (?:`([^`]+)` \| )?([0-9.e+-]+) \| ([^|]+?) \|", re.MULTILINE)

_EN = """# Sizing

[中文](sizing.zh-CN.md)

How much of a machine cards, taps and certificate refreshes take, and what the whole country would at its busiest.
Written by `yikatong bench --sizing` from the figures of the machine it runs on; write it anew on yours. Each line of
the arithmetic names what it is made from; its unit is checked, and a test does it again from the numbers that stand
here.

Measured on {machine}. The load generator and the database shared this machine with the platform.

Not in it: the bytes between workers and the database; HTTP around a refresh; backups; the work of a cluster's
coordinator, for which `cluster_cost` stands.

"""
_ZH = """# 容量估算

[English](sizing.md)

卡、用卡和证书更新各需要多少机器，全国高峰时又需要多少。
由`yikatong bench --sizing`根据所在机器的实测数据写出；请在自己的机器上重写。
算式的每一行都写明由哪些数得来，单位经过核对，并有测试用本页的数字重算一遍。

实测机器：{machine}。负载发生器和数据库与平台在同一台机器上。

未计入：服务进程与数据库之间的流量；更新的HTTP部分；备份；集群协调节点的工作，以`cluster_cost`代替。

"""
_HEADINGS = {
    "measured": ("Measured", "实测"),
    "assumed": ("Assumed", "假设"),
    "number": ("| name | value | unit | |", "| 名称 | 数值 | 单位 | |"),
    "line": ("| name | formula | value | unit | | |", "| 名称 | 算式 | 数值 | 单位 | | |"),
}


def write_sizing(folder: Path, figures: Sequence[Figure], machine: Machine) -> None:
    """Write both pages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sizing.md").write_text(sizing_page(figures, machine, chinese=False), encoding="utf-8")
    (folder / "sizing.zh-CN.md").write_text(sizing_page(figures, machine, chinese=True), encoding="utf-8")


def sizing_page(figures: Sequence[Figure], machine: Machine, *, chinese: bool) -> str:
    """One page; figures are rounded first, so that what is printed is what is calculated with."""
    rounded = [one._replace(value=_round(one.value)) for one in figures]
    head = (_ZH if chinese else _EN).format(machine=_describe(machine, chinese=chinese))
    parts = [head.rstrip()]
    parts.append(_figures_table("measured", rounded, chinese=chinese))
    parts.append(_figures_table("assumed", (*ASSUMPTIONS, *UNITS_OF_RATE), chinese=chinese))
    for section, results in zip(SECTIONS, calculate(rounded), strict=True):
        parts.append(_section_table(section, results, chinese=chinese))
    return "\n\n".join(parts) + "\n"


def read_page(text: str) -> tuple[list[Figure], list[Result]]:
    """Figures and results as a page prints them."""
    figures, results = [], []
    for name, formula, value, unit in _ROW.findall(text):
        if formula:
            results.append(Result(Formula(name, formula, unit, "", ""), float(value)))
        else:
            figures.append(Figure(name, float(value), unit, "", ""))
    return figures, results


def show_scaled(value: float, unit: str) -> str:
    """Bytes and seconds as people say them: 3.2 TB, 450 µs; other numbers with commas."""
    if unit.startswith("B"):
        for scale, prefix in _SCALES:
            if value >= scale:
                return f"{value / scale:.3g} {prefix}{unit}"
        return f"{value:.3g} {unit}"
    number = value
    if unit.startswith("core s") and value < 0.1:
        number, unit = value * 1e6, f"core µs{unit.removeprefix('core s')}"
    said = f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"
    return said if unit == "1" else f"{said} {unit}"


def _figures_table(heading: str, figures: Sequence[Figure], *, chinese: bool) -> str:
    """A table of figures; what was assumed is printed to the last digit."""
    show = _show_whole if heading == "assumed" else _show
    rows = [
        f"| `{one.name}` | {show(one.value)} | {one.unit} | {one.zh if chinese else one.en}: "
        f"{show_scaled(one.value, one.unit)} |"
        for one in figures
    ]
    head = (f"## {_HEADINGS[heading][chinese]}", "", _HEADINGS["number"][chinese], "| --- | --- | --- | --- |")
    return "\n".join((*head, *rows))


def _section_table(section: Section, results: Sequence[Result], *, chinese: bool) -> str:
    rows = [
        f"| `{line.name}` | `{line.formula}` | {_show(value)} | {line.unit} | {line.zh if chinese else line.en} "
        f"| {show_scaled(value, line.unit)} |"
        for line, value in results
    ]
    heading = f"## {section.zh if chinese else section.en}"
    return "\n".join((heading, "", _HEADINGS["line"][chinese], "| --- | --- | --- | --- | --- | --- |", *rows))


def _describe(machine: Machine, *, chinese: bool) -> str:
    memory = show_scaled(machine.memory_bytes, "B")
    cores = f"{machine.cores}核" if chinese else f"{machine.cores} cores"
    comma = "，" if chinese else ", "
    return comma.join((machine.processor, cores, memory, machine.system))


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _show_whole(value: float) -> str:
    return f"{value:.10g}"


def _show(value: float) -> str:
    return f"{value:.{DIGITS}g}" if 1e-4 <= abs(value) < 1e4 or value == 0 else f"{value:.{DIGITS - 1}e}"
