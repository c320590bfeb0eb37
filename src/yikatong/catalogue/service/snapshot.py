"""Loads the view of the catalogue that taps use."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from psycopg import AsyncConnection

from yikatong.catalogue import store
from yikatong.catalogue.model import Item, Recognition, Snapshot
from yikatong.catalogue.service.items import SUBJECT
from yikatong.plumbing import versions

_Key = TypeVar("_Key")
_Row = TypeVar("_Row")

_NOTHING = Snapshot(version=0, items={}, terminals={}, providers={}, places={}, recognitions={})


async def load_snapshot(conn: AsyncConnection[Any], *, known: Snapshot | None = None) -> Snapshot:
    """Load everything the tap path asks of the catalogue; good until the version of the subject moves on.

    With a `known` snapshot only what changed after it is read. The version is read first: what changes while the
    rest is read makes the snapshot stale, never wrongly fresh.
    """
    version = (await versions.read_all(conn)).get(SUBJECT, 0)
    before = known or _NOTHING
    after = before.version
    return Snapshot(
        version=version,
        items={**before.items, **await _read_items(conn, after_version=after)},
        terminals={
            **before.terminals,
            **{row.id.int: row for row in await store.list_terminals(conn, after_version=after)},
        },
        providers={
            **before.providers,
            **{row.id.int: row for row in await store.list_providers(conn, after_version=after)},
        },
        places={**before.places, **{row.id: row for row in await store.list_places(conn, after_version=after)}},
        recognitions=_group(await store.list_recognitions(conn), Recognition.key),
    )


async def _read_items(conn: AsyncConnection[Any], *, after_version: int) -> dict[tuple[str, str], tuple[Item, ...]]:
    return _group(await store.list_entries_changed(conn, after_version=after_version), Item.item_key)


def _group(rows: Iterable[_Row], key_of: Callable[[_Row], _Key]) -> dict[_Key, tuple[_Row, ...]]:
    groups: dict[_Key, list[_Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return {key: tuple(group) for key, group in groups.items()}
