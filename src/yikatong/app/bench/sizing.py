"""What a sizing is made from: figures measured here, assumptions said aloud, and the formulas between them."""

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from yikatong.app.bench.quantities import Quantity, evaluate_as, read_unit


class Figure(NamedTuple):
    """A number that the arithmetic begins with, measured or assumed, in both languages."""

    name: str
    value: float
    unit: str
    en: str
    zh: str


class Formula(NamedTuple):
    """A line of the arithmetic: what it gives, from names that stand before it."""

    name: str
    formula: str
    unit: str
    en: str
    zh: str


class Section(NamedTuple):
    """Lines that belong together, under a heading."""

    en: str
    zh: str
    lines: tuple[Formula, ...]


class Result(NamedTuple):
    """A line with its value."""

    line: Formula
    value: float


ASSUMPTIONS = (
    Figure("cards", 1.39e9, "card", "cards of the whole country", "全国持卡数"),
    Figure(
        "average_taps",
        479,
        "tap/s",
        "uses of a card, national average over a year (15.1 billion)",
        "全国年均用卡次数（151亿次）",
    ),
    Figure("year", 31_557_600, "s", "a year", "一年"),
    Figure("peak", 10, "1", "busiest moment against the average", "高峰与平均之比"),
    Figure(
        "refreshes_a_tap",
        1,
        "refresh/tap",
        "refreshes a use: at most one, wallets refresh when they are opened",
        "每次用卡的更新次数：钱包打开时才更新，至多一次",
    ),
    Figure(
        "busy",
        0.5,
        "1",
        "share of a core that is busy at the peak; the rest is for what fails or is late",
        "高峰时核心的占用率，其余留给故障和迟滞",
    ),
    Figure(
        "cluster_cost",
        1.5,
        "1",
        "work of a Citus cluster against one server; not measured here",
        "Citus集群与单机的工作量之比；此处未测",
    ),
    Figure("copies", 2, "1", "copies of each shard, one of them a standby", "每个分片的份数，其中一份备用"),
    Figure(
        "hot", 0.25, "1", "share of the cards' rows and indexes that is kept in memory", "卡的行和索引留在内存的比例"
    ),
    Figure("node_cores", 32, "core/node", "cores of a node", "每个节点的核心数"),
    Figure("node_disk", 4e12, "B/node", "disk of a node that may be filled", "每个节点可用的磁盘"),
    Figure("regions", 31, "region", "regions with status lists of their own", "各有状态列表的地区数"),
)


UNITS_OF_RATE = (
    Figure("one_tap_a_second", 1, "tap/s", "one use a second", "每秒一次用卡"),
    Figure("one_refresh_a_second", 1, "refresh/s", "one refresh a second", "每秒一次更新"),
    Figure("one_card", 1, "card", "one card", "一张卡"),
)


def _per_thousand(one: str, many: str, *, en: str, zh: str, jobs: bool) -> tuple[Formula, ...]:
    """Lines for a thousand taps or refreshes a second."""
    lines = [
        Formula(many, f"1000 * one_{one}_a_second", f"{one}/s", f"{en} a second", f"每秒{zh}"),
        Formula(f"{many}_workers", f"{many} * {one}_workers", "core", "workers, busy cores", "服务进程占用的核心"),
        Formula(f"{many}_database", f"{many} * {one}_database", "core", "database, busy cores", "数据库占用的核心"),
        Formula(f"{many}_in", f"{many} * {one}_request", "B/s", "network, in", "网络流入"),
        Formula(f"{many}_out", f"{many} * {one}_answer", "B/s", "network, out", "网络流出"),
        Formula(f"{many}_wal", f"{many} * {one}_wal", "B/s", "the database's log", "数据库日志"),
        Formula(f"{many}_disk", f"{many} * {one}_disk", "B/s", "growth of tables and indexes", "表和索引的增长"),
    ]
    if jobs:
        lines.insert(
            3, Formula(f"{many}_jobs", f"{many} * {one}_jobs", "core", "jobs, busy cores", "后台作业占用的核心")
        )
    return tuple(lines)


SECTIONS = (
    Section(
        "A million cards",
        "每一百万张卡",
        (
            Formula("million", "1000000 * one_card", "card", "cards", "卡"),
            Formula("million_disk", "million * card_disk", "B", "disk, one copy", "磁盘，一份"),
            Formula(
                "million_memory", "million_disk * hot", "B", "memory of the database, one copy", "数据库内存，一份"
            ),
        ),
    ),
    Section(
        "A thousand taps a second",
        "每秒一千次用卡",
        _per_thousand("tap", "thousand_taps", en="uses", zh="用卡", jobs=True),
    ),
    Section(
        "A thousand certificate refreshes a second",
        "每秒一千次证书更新",
        _per_thousand("refresh", "thousand_refreshes", en="refreshes", zh="更新", jobs=False),
    ),
    Section(
        "The whole country at the peak",
        "全国高峰",
        (
            Formula("peak_taps", "average_taps * peak", "tap/s", "uses a second", "每秒用卡次数"),
            Formula("peak_refreshes", "peak_taps * refreshes_a_tap", "refresh/s", "refreshes a second", "每秒更新次数"),
            Formula(
                "worker_cores",
                "(peak_taps * (tap_workers + tap_jobs) + peak_refreshes * refresh_workers) / busy",
                "core",
                "cores for workers and jobs",
                "服务进程和后台作业的核心",
            ),
            Formula(
                "database_cores",
                "(peak_taps * tap_database + peak_refreshes * refresh_database) * cluster_cost / busy",
                "core",
                "cores for the cluster, standbys not among them",
                "集群的核心，不含备用",
            ),
            Formula("worker_nodes", "ceil(worker_cores / node_cores)", "node", "nodes for workers", "服务节点"),
            Formula(
                "worker_memory",
                "worker_cores * process_memory",
                "B",
                "memory of the workers, one a core",
                "服务进程内存，每核一个",
            ),
            Formula(
                "network_in",
                "peak_taps * tap_request + peak_refreshes * refresh_request",
                "B/s",
                "network, in",
                "网络流入",
            ),
            Formula(
                "network_out",
                "peak_taps * tap_answer + peak_refreshes * refresh_answer",
                "B/s",
                "network, out",
                "网络流出",
            ),
            Formula(
                "log",
                "(peak_taps * tap_wal + peak_refreshes * refresh_wal) * (copies - 1)",
                "B/s",
                "log to the standbys",
                "送往备用的日志",
            ),
            Formula(
                "cards_disk", "cards * card_disk * copies", "B", "disk for the cards, all copies", "卡的磁盘，全部份数"
            ),
            Formula(
                "cards_memory",
                "cards * card_disk * hot",
                "B",
                "memory of the cluster for the cards",
                "集群为卡留的内存",
            ),
            Formula(
                "year_disk",
                "average_taps * year * (tap_disk + refreshes_a_tap * refresh_disk) * copies",
                "B",
                "disk for a year of uses and refreshes, all copies",
                "一年用卡和更新的磁盘，全部份数",
            ),
            Formula(
                "nodes_for_disk",
                "ceil((cards_disk + year_disk) / node_disk)",
                "node",
                "nodes that hold this",
                "容纳所需的节点",
            ),
            Formula(
                "nodes_for_cores",
                "ceil(copies * database_cores / node_cores)",
                "node",
                "nodes for its cores, standbys as strong",
                "核心所需的节点，备用同样配置",
            ),
        ),
    ),
    Section(
        "Status lists of all regions",
        "各地区的状态列表",
        (
            Formula("lists_few", "regions * list_few", "B", "all lists, 0.03 % revoked", "全部列表，吊销0.03%"),
            Formula("lists_many", "regions * list_many", "B", "all lists, 1 % revoked", "全部列表，吊销1%"),
            Formula(
                "lists_held",
                "regions * list_held",
                "B",
                "held unpacked by a terminal that knows all regions",
                "识别全部地区的终端解压后占用",
            ),
            Formula(
                "build_few",
                "regions * list_few_build",
                "core s",
                "built and signed, 0.03 % revoked",
                "生成并签名，吊销0.03%",
            ),
            Formula(
                "build_many",
                "regions * list_many_build",
                "core s",
                "built and signed, 1 % revoked",
                "生成并签名，吊销1%",
            ),
            Formula(
                "day_few",
                "regions * list_few_day",
                "B",
                "a day's deltas of all regions, 0.03 % revoked",
                "全部地区一天的增量名单，吊销0.03%",
            ),
            Formula(
                "day_many",
                "regions * list_many_day",
                "B",
                "a day's deltas of all regions, 1 % revoked",
                "全部地区一天的增量名单，吊销1%",
            ),
        ),
    ),
)
"""The arithmetic, in the order in which it is done."""


def calculate(figures: Iterable[Figure], sections: Iterable[Section] = SECTIONS) -> list[list[Result]]:
    """Every line of every section, with its unit checked. Raises UnitError."""
    known = {one.name: Quantity(one.value, read_unit(one.unit)) for one in (*figures, *ASSUMPTIONS, *UNITS_OF_RATE)}
    results = []
    for section in sections:
        done = []
        for line in section.lines:
            known[line.name] = evaluate_as(line.formula, line.unit, known)
            done.append(Result(line, known[line.name].value))
        results.append(done)
    return results


class Machine(NamedTuple):
    """Where the figures are from."""

    processor: str
    cores: int
    memory_bytes: int
    system: str


def this_machine() -> Machine:
    """This machine, as the kernel describes it."""
    return Machine(
        processor=_first_value("/proc/cpuinfo", "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()}, Python {platform.python_version()}",
    )


def _first_value(file: str, key: str) -> str:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
