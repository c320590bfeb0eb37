"""What the schemas say of where rows lie, and what a server is told to do with it; no server is asked here."""

import msgspec
import pytest

from yikatong.plumbing.distribution import BY_RESIDENT, Follows, Placing, read_placings, rules_of
from yikatong.plumbing.distribution_citus import ServerFacts, list_lacking, plan_statements

READY = ServerFacts(
    server_version=180_006,
    preloaded=("citus",),
    available="14.0-1",
    installed="14.0-1",
    may_create=True,
    wal_level="logical",
    prepared_transactions=200,
    connections=100,
    coordinator_is_known=True,
    workers=2,
    own_role_logs_in=True,
)

PLACINGS = (
    Placing("city.street", "reference"),
    Placing("shop.sale", "bucket"),
    Placing("shop.till", "till_id"),
    Placing("shop.drawer", "till_id"),
    Placing("city.person", "bucket"),
    Placing("city.till", "till_id"),
    Placing("shop.queue", "local"),
)


def test_every_table_of_the_house_has_its_place() -> None:
    placings = {placing.table: placing.by for placing in read_placings()}

    assert "bucket" == placings["taps.tap"]
    assert "terminal_id" == placings["taps.request"]
    assert "reference" == placings["catalogue.terminal"]
    assert "local" == placings["plumbing.outbox"]
    assert len(placings) == len(read_placings())


def test_a_line_between_the_place_and_the_table_does_not_hide_it() -> None:
    text = (
        "-- distributed by mark\n-- written once\n-- Marks.\nCREATE TABLE a.b (\n\n-- local\n-- C.\nCREATE TABLE a.c ("
    )

    assert (Placing("a.b", "mark"), Placing("a.c", "local")) == read_placings([("a", text)])


def test_reference_tables_come_first_and_what_shares_a_column_lies_together() -> None:
    assert (
        "SELECT create_reference_table('city.street')",
        "SELECT create_distributed_table('shop.sale', 'bucket', shard_count => 8, colocate_with => 'none')",
        "SELECT create_distributed_table('shop.till', 'till_id', shard_count => 8, colocate_with => 'none')",
        "SELECT create_distributed_table('shop.drawer', 'till_id', colocate_with => 'shop.till')",
        "SELECT create_distributed_table('city.person', 'bucket', colocate_with => 'shop.sale')",
        "SELECT create_distributed_table('city.till', 'till_id', shard_count => 8, colocate_with => 'none')",
    ) == plan_statements(PLACINGS, shard_count=8)


def test_a_table_of_a_later_release_joins_those_that_are_distributed_already() -> None:
    done = frozenset(placing.table for placing in PLACINGS) - {"city.person"}

    assert ("SELECT create_distributed_table('city.person', 'bucket', colocate_with => 'shop.sale')",) == (
        plan_statements(PLACINGS, done=done)
    )


def test_what_follows_other_rows_moves_before_them_and_a_table_of_nobody_is_found_out() -> None:
    columns = {
        "shop.sale": frozenset({"bucket", "resident_id", "id"}),
        "shop.receipt": frozenset({"bucket", "sale_id"}),
        "shop.sum": frozenset({"bucket"}),
        "shop.till": frozenset({"id"}),
    }
    follows = Follows("sale_id", (("shop.sale", "id"),))

    rules = rules_of(columns, {"shop.receipt": follows, "shop.sum": None})

    assert [("shop.receipt", follows), ("shop.sale", BY_RESIDENT)] == list(rules.items())
    with pytest.raises(LookupError, match="sum has buckets"):
        rules_of(columns, {"shop.receipt": follows})


def test_a_server_that_has_everything_lacks_nothing() -> None:
    assert () == list_lacking(READY)


@pytest.mark.parametrize(
    ("changes", "zh", "en"),
    [
        ({"server_version": 150_020}, "需要PostgreSQL 16或以上，现为15。", "PostgreSQL 16 or later is needed"),
        ({"available": None, "installed": None}, "服务器未安装Citus扩展", "does not have the extension Citus"),
        ({"installed": "12.1-1"}, "需要Citus 13.0或以上，现为12.1-1。", "Citus 13.0 or later is needed"),
        ({"preloaded": ("pg_stat_statements", "citus")}, "第一位", "citus first"),
        ({"wal_level": "replica"}, "wal_level须为logical（现为replica）", "wal_level must be logical"),
        ({"prepared_transactions": 0}, "现为0和100", "must not be below max_connections"),
        ({"installed": None, "may_create": False}, "无权创建", "CREATE EXTENSION citus;"),
        ({"coordinator_is_known": False}, "协调节点的地址", "citus_set_coordinator_host"),
        ({"workers": 0}, "没有可放分片的节点", "citus_add_node"),
        ({"own_role_logs_in": False}, "服务角色须能登录", "ALTER ROLE yikatong_serving LOGIN"),
    ],
)
def test_each_thing_a_server_lacks_is_named_in_both_languages(changes: dict[str, object], zh: str, en: str) -> None:
    lacking = list_lacking(msgspec.structs.replace(READY, **changes))

    assert 1 == len(lacking)
    assert zh in lacking[0].zh
    assert en in lacking[0].en


def test_what_lacks_is_named_all_at_once_in_the_order_of_mending() -> None:
    bare = msgspec.structs.replace(
        READY, available=None, installed=None, preloaded=(), wal_level="replica", prepared_transactions=0
    )
    words = ("extension Citus", "shared_preload_libraries", "wal_level", "max_prepared_transactions")

    for word, lack in zip(words, list_lacking(bare), strict=True):
        assert word in lack.en
