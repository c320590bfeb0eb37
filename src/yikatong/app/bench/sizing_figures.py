"""The figures of a sizing, measured here, one after the other on one stage."""

from collections.abc import Sequence

from yikatong.app.bench.costing import LoadCost, an_order, look_at_database, look_at_processes, measure_load
from yikatong.app.bench.growing import enrol_more
from yikatong.app.bench.processes import PLATFORM, proportional_bytes, workers_among
from yikatong.app.bench.refreshing import GROUPS, IN_FLIGHT, RefreshCost, measure_refreshes
from yikatong.app.bench.sizing import Figure
from yikatong.app.bench.stage import Stage
from yikatong.app.bench.status_lists import SHARES, ListsAtShare, measure_lists


def measure_figures(stage: Stage) -> list[Figure]:
    """Everything that the arithmetic begins with. Raises RuntimeError where the database is out of sight."""
    plan = stage.plan
    refreshes = measure_refreshes(stage)
    stage.tell("taps, to see what each costs")
    costs, process_bytes = _tap_costs(stage)
    before = look_at_database(stage)
    there = stage.card_count
    enrol_more(stage, there + plan.sizing_cards)
    card_disk = look_at_database(stage).since(before).disk / plan.sizing_cards
    few, many = (measure_lists(plan.list_places, share, tell=stage.tell) for share in SHARES)
    return [
        *_figures_of_taps(costs),
        *_figures_of_refreshes(refreshes),
        Figure(
            "card_disk",
            card_disk,
            "B/card",
            f"disk of a resident with card, e-card, device and purse, indexes included ({plan.sizing_cards} enrolled)",
            f"一位居民连同卡、电子卡、设备和钱包占用的磁盘，含索引（导入{plan.sizing_cards}位）",
        ),
        Figure(
            "process_memory", process_bytes, "B/core", "memory of a worker, one a core", "一个服务进程的内存，每核一个"
        ),
        *_figures_of_lists(few, many),
    ]


def _tap_costs(stage: Stage) -> tuple[list[LoadCost], int]:
    """Several loads of one server after a first that does not count, and the memory of its largest worker."""
    with stage.served() as served:
        measure_load(stage, served, an_order(stage))
        costs = [measure_load(stage, served, an_order(stage)) for _ in range(stage.plan.more_rounds)]
        used = look_at_processes(stage, served)
        if used is None:
            raise RuntimeError("a sizing needs the database's processes on this machine")
        return costs, max(proportional_bytes([pid]) for pid in workers_among(used))


def _figures_of_taps(costs: Sequence[LoadCost]) -> list[Figure]:
    taps = sum(cost.load.answered for cost in costs)
    workers = sum(used.seconds for cost in costs for used in workers_among(cost.seconds_by_process or {}).values())
    platform = sum(cost.seconds_of(PLATFORM) for cost in costs)
    whole = sum(cost.seconds or 0.0 for cost in costs)
    rate = sum(cost.load.taps for cost in costs) / sum(cost.load.seconds for cost in costs)
    loads = [cost.load for cost in costs]
    added = [cost.added for cost in costs]
    return [
        Figure(
            "tap_workers",
            workers / taps,
            "core s/tap",
            f"a tap in a worker ({taps} taps, {rate:.0f} a second)",
            f"一次用卡在服务进程（{taps}次，每秒{rate:.0f}次）",
        ),
        Figure(
            "tap_jobs",
            (platform - workers) / taps,
            "core s/tap",
            "what follows from it by itself: notices, events",
            "随后自动进行的：通知、事件",
        ),
        Figure(
            "tap_database",
            (whole - platform) / taps,
            "core s/tap",
            "in the database, all its processes",
            "在数据库，含其全部进程",
        ),
        Figure("tap_wal", sum(one.wal for one in added) / taps, "B/tap", "log of the database", "数据库日志"),
        Figure(
            "tap_disk", sum(one.disk for one in added) / taps, "B/tap", "growth of tables and indexes", "表和索引的增长"
        ),
        Figure("tap_request", sum(one.sent_bytes for one in loads) / taps, "B/tap", "request over HTTP", "HTTP请求"),
        Figure("tap_answer", sum(one.heard_bytes for one in loads) / taps, "B/tap", "answer over HTTP", "HTTP应答"),
    ]


def _figures_of_refreshes(cost: RefreshCost) -> list[Figure]:
    if cost.database_seconds is None:
        raise RuntimeError("a sizing needs the database's processes on this machine")
    count = cost.refreshes
    return [
        Figure(
            "refresh_workers",
            cost.own_seconds / count,
            "core s/refresh",
            f"a refresh of {len(GROUPS)} certificates with its record, {IN_FLIGHT} wallets at once, without HTTP",
            f"一次更新（{len(GROUPS)}张证书及操作记录，{IN_FLIGHT}个钱包同时），不含HTTP",
        ),
        Figure("refresh_database", cost.database_seconds / count, "core s/refresh", "in the database", "在数据库"),
        Figure("refresh_wal", cost.added.wal / count, "B/refresh", "log of the database", "数据库日志"),
        Figure("refresh_disk", cost.added.disk / count, "B/refresh", "growth of tables and indexes", "表和索引的增长"),
        Figure("refresh_request", cost.request_bytes / count, "B/refresh", "the request's body", "请求正文"),
        Figure("refresh_answer", cost.answer_bytes / count, "B/refresh", "the answer's body", "应答正文"),
    ]


def _figures_of_lists(few: ListsAtShare, many: ListsAtShare) -> list[Figure]:
    places = (
        f"{few.places} places in {few.blocks} lists; assumed: 1.03 billion live certificates over 31 regions, twice as "
        "many as `average_taps` refreshes of 4 certificates keep alive for 72 hours"
    )
    places_zh = (
        f"{few.places}个位置，{few.blocks}个列表；假定31个地区共10.3亿张有效证书，"
        "约为按`average_taps`每次更新4张、72小时有效所得的两倍"
    )
    return [
        Figure(
            "list_few",
            few.signed_bytes,
            "B/region",
            f"a region's lists, signed, 0.03 % revoked ({places})",
            f"一个地区的列表，已签名，吊销0.03%（{places_zh}）",
        ),
        Figure("list_many", many.signed_bytes, "B/region", "the same, 1 % revoked", "同上，吊销1%"),
        Figure("list_held", few.packed_bytes, "B/region", "held unpacked", "解压后占用"),
        Figure(
            "list_few_build",
            few.build_seconds,
            "core s/region",
            "built and signed, 0.03 % revoked",
            "生成并签名，吊销0.03%",
        ),
        Figure(
            "list_many_build",
            many.build_seconds,
            "core s/region",
            "built and signed, 1 % revoked",
            "生成并签名，吊销1%",
        ),
        Figure(
            "list_few_day",
            few.day_bytes,
            "B/region",
            f"a day's delta, signed, {few.day_changes} revoked a day and a third of the blocks renewed",
            f"一天的增量名单，已签名，每天吊销{few.day_changes}张，三分之一的块换新",
        ),
        Figure(
            "list_many_day",
            many.day_bytes,
            "B/region",
            f"the same, {many.day_changes} revoked a day",
            f"同上，每天吊销{many.day_changes}张",
        ),
        Figure(
            "list_lookup",
            many.lookup_nanoseconds / 1e9,
            "core s/lookup",
            "one look-up in lists that are held",
            "在已有列表中查一次",
        ),
        Figure(
            "list_read",
            many.read_seconds,
            "core s/region",
            "a region's lists verified and read, 1 % revoked",
            "一个地区的列表验签并读入，吊销1%",
        ),
    ]
