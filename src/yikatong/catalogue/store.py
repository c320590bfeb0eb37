"""Statements of the catalogue, one typed function each."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.catalogue.model import (
    DataKind,
    Form,
    Item,
    ItemClass,
    Place,
    Provider,
    Recognition,
    Scene,
    Terminal,
)
from yikatong.plumbing.rows import NamedStatements, columns_of

_STATEMENTS = NamedStatements(__package__)


async def list_entries(conn: AsyncConnection[Any]) -> tuple[Item, ...]:
    """Every entry of every item, by region, code and day."""
    return await _STATEMENTS.list_all(conn, "list_entries", Item)


async def list_entries_changed(conn: AsyncConnection[Any], *, after_version: int) -> tuple[Item, ...]:
    """Every entry of the items that changed after a version, by region, code and day."""
    return await _STATEMENTS.list_all(conn, "list_entries_changed", Item, after_version=after_version)


async def list_entries_of(conn: AsyncConnection[Any], *, region: str, code: str) -> tuple[Item, ...]:
    """Every entry a region ever had of one item, oldest first."""
    return await _STATEMENTS.list_all(conn, "list_entries_of", Item, region=region, code=code)


async def find_item(conn: AsyncConnection[Any], *, areas: Sequence[str], code: str, on: date) -> Item | None:
    """The entry that counts on a day in the first of the areas that has one."""
    return await _STATEMENTS.find_one(conn, "find_item", Item, areas=list(areas), code=code, on=on)


async def list_items(
    conn: AsyncConnection[Any],
    *,
    areas: Sequence[str],
    on: date,
    search: str,
    scene: Scene | None,
    item_class: ItemClass | None,
    form: Form | None,
    served: bool | None,
    after: str,
    limit: int,
) -> tuple[Item, ...]:
    """A page of the items that count on a day in some areas, in order of code."""
    return await _STATEMENTS.list_all(
        conn,
        "list_items",
        Item,
        areas=list(areas),
        on=on,
        search=search,
        scene=scene,
        item_class=item_class,
        form=form,
        served=served,
        after=after,
        limit=limit,
    )


async def list_items_in_force(conn: AsyncConnection[Any], *, areas: Sequence[str], on: date) -> tuple[Item, ...]:
    """Every item that counts on a day in some areas, the nearest area's entry of each."""
    return await _STATEMENTS.list_all(conn, "list_items_in_force", Item, areas=list(areas), on=on)


async def find_item_number(conn: AsyncConnection[Any], *, code: str) -> int | None:
    """The number that stands for a code."""
    numbers = await _STATEMENTS.list_column(conn, "find_item_number", code=code)
    return int(numbers[0]) if numbers else None


async def list_item_numbers(conn: AsyncConnection[Any]) -> dict[int, str]:
    """Every number with its code."""
    return {row["number"]: row["code"] for row in await _STATEMENTS.run(conn, "list_item_numbers")}


async def next_item_number(conn: AsyncConnection[Any], *, first: int) -> int:
    """The number after the largest one given, at least `first`."""
    (number,) = await _STATEMENTS.list_column(conn, "next_item_number", first=first)
    return int(number)


async def insert_item_numbers(conn: AsyncConnection[Any], *, numbers: Iterable[tuple[int, str]]) -> None:
    """Let numbers stand for codes; those taken stay."""
    async with conn.cursor() as cursor:
        rows = [{"number": number, "code": code} for number, code in numbers]
        await cursor.executemany(_STATEMENTS["insert_item_number"], rows)


async def insert_items(conn: AsyncConnection[Any], *, items: Iterable[Item], version: int) -> None:
    """Add entries."""
    async with conn.cursor() as cursor:
        rows = [columns_of(item) | {"search_text": item.search_text(), "changed_version": version} for item in items]
        await cursor.executemany(_STATEMENTS["insert_item"], rows)


async def end_items(conn: AsyncConnection[Any], *, items: Iterable[Item], until: date, version: int) -> None:
    """Set the day on which entries end."""
    async with conn.cursor() as cursor:
        rows = [
            {
                "region": item.region,
                "code": item.code,
                "valid_from": item.valid_from,
                "valid_until": until,
                "changed_version": version,
            }
            for item in items
        ]
        await cursor.executemany(_STATEMENTS["end_item"], rows)


async def insert_provider(conn: AsyncConnection[Any], *, provider: Provider, version: int) -> bool:
    """Add a provider; False when its region knows the credit code already."""
    return await _STATEMENTS.hits(conn, "insert_provider", **columns_of(provider), changed_version=version)


async def find_provider(conn: AsyncConnection[Any], *, provider_id: UUID) -> Provider | None:
    """One provider."""
    return await _STATEMENTS.find_one(conn, "find_provider", Provider, id=provider_id)


async def find_provider_by_credit_code(conn: AsyncConnection[Any], *, region: str, credit_code: str) -> Provider | None:
    """The provider of a region with a credit code."""
    return await _STATEMENTS.find_one(
        conn, "find_provider_by_credit_code", Provider, region=region, credit_code=credit_code
    )


async def list_providers(conn: AsyncConnection[Any], *, after_version: int = 0) -> tuple[Provider, ...]:
    """Every provider that changed after a version."""
    return await _STATEMENTS.list_all(conn, "list_providers", Provider, after_version=after_version)


async def list_provider_ids(conn: AsyncConnection[Any], *, region: str) -> list[UUID]:
    """The providers of a region."""
    return await _STATEMENTS.list_column(conn, "list_provider_ids", region=region)


async def insert_place(conn: AsyncConnection[Any], *, place: Place, version: int) -> bool:
    """Add a place; False when the provider has one of this name."""
    return await _STATEMENTS.hits(conn, "insert_place", **columns_of(place), changed_version=version)


async def find_place(conn: AsyncConnection[Any], *, place_id: UUID) -> Place | None:
    """One place."""
    return await _STATEMENTS.find_one(conn, "find_place", Place, id=place_id)


async def find_place_by_name(conn: AsyncConnection[Any], *, provider_id: UUID, name_zh: str) -> Place | None:
    """The place of a provider with a name."""
    return await _STATEMENTS.find_one(conn, "find_place_by_name", Place, provider_id=provider_id, name_zh=name_zh)


async def list_places(conn: AsyncConnection[Any], *, after_version: int = 0) -> tuple[Place, ...]:
    """Every place that changed after a version."""
    return await _STATEMENTS.list_all(conn, "list_places", Place, after_version=after_version)


async def insert_terminal(conn: AsyncConnection[Any], *, terminal: Terminal, version: int) -> bool:
    """Add a terminal; False when its public key is taken."""
    return await _STATEMENTS.hits(conn, "insert_terminal", **columns_of(terminal), changed_version=version)


async def find_terminal(conn: AsyncConnection[Any], *, terminal_id: UUID) -> Terminal | None:
    """One terminal."""
    return await _STATEMENTS.find_one(conn, "find_terminal", Terminal, id=terminal_id)


async def find_terminal_by_key(conn: AsyncConnection[Any], *, public_key: bytes) -> Terminal | None:
    """The terminal with a public key."""
    return await _STATEMENTS.find_one(conn, "find_terminal_by_key", Terminal, public_key=public_key)


async def list_terminals(conn: AsyncConnection[Any], *, after_version: int = 0) -> tuple[Terminal, ...]:
    """Every terminal that changed after a version."""
    return await _STATEMENTS.list_all(conn, "list_terminals", Terminal, after_version=after_version)


async def list_terminals_of_provider(conn: AsyncConnection[Any], *, provider_id: UUID) -> tuple[Terminal, ...]:
    """The terminals of a provider, oldest first."""
    return await _STATEMENTS.list_all(conn, "list_terminals_of_provider", Terminal, provider_id=provider_id)


async def revoke_terminal(conn: AsyncConnection[Any], *, terminal_id: UUID, revoked_at: datetime, version: int) -> bool:
    """Revoke a terminal; False when it was revoked already."""
    return await _STATEMENTS.hits(
        conn, "revoke_terminal", id=terminal_id, revoked_at=revoked_at, changed_version=version
    )


async def update_terminal_terms(
    conn: AsyncConnection[Any],
    *,
    terminal_id: UUID,
    purposes: Sequence[Scene],
    learns: Sequence[DataKind],
    items: Sequence[str] | None,
    version: int,
) -> None:
    """Set what a terminal is for, what it may learn, and which items it serves."""
    await _STATEMENTS.run(
        conn,
        "update_terminal_terms",
        id=terminal_id,
        purposes=list(purposes),
        learns=list(learns),
        items=None if items is None else list(items),
        changed_version=version,
    )


async def insert_recognition(conn: AsyncConnection[Any], *, recognition: Recognition) -> None:
    """Add a recognition."""
    await _STATEMENTS.run(conn, "insert_recognition", **columns_of(recognition))


async def end_recognition(conn: AsyncConnection[Any], *, recognition: Recognition, until: date) -> None:
    """Set the day on which a recognition ends."""
    await _STATEMENTS.run(conn, "end_recognition", **columns_of(recognition) | {"valid_until": until})


async def list_recognitions(conn: AsyncConnection[Any], *, region: str | None = None) -> tuple[Recognition, ...]:
    """The recognitions that a region gives or enjoys, or all of them."""
    return await _STATEMENTS.list_all(conn, "list_recognitions", Recognition, region=region)
