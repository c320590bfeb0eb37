"""Loads the view of the catalogue that taps use."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from psycopg import AsyncConnection

from yikatong.catalogue import store
from yikatong.catalogue.items import SUBJECT
from yikatong.catalogue.model import Item, Recognition, Snapshot
from yikatong.plumbing import versions

_Key = TypeVar("_Key")
_Row = TypeVar("_Row")


async def load_snapshot(conn: AsyncConnection[Any]) -> Snapshot:
    """Load everything the tap path asks of the catalogue; good until the version of the subject moves on.

    The version is read first: what changes while the rest is read makes the snapshot stale, never wrongly fresh.
    """
    version = (await versions.read_all(conn)).get(SUBJECT, 0)
    return Snapshot(
        version=version,
        items=_group(await store.list_entries(conn), Item.item_key),
        code_of_number=await store.list_item_numbers(conn),
        terminals={terminal.id: terminal for terminal in await store.list_terminals(conn)},
        providers={provider.id: provider for provider in await store.list_providers(conn)},
        places={place.id: place for place in await store.list_places(conn)},
        recognitions=_group(await store.list_recognitions(conn), Recognition.key),
    )


def _group(rows: Iterable[_Row], key_of: Callable[[_Row], _Key]) -> dict[_Key, tuple[_Row, ...]]:
    groups: dict[_Key, list[_Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return {key: tuple(group) for key, group in groups.items()}
