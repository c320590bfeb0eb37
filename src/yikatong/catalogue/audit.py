"""What `yikatong audit` recomputes of the catalogue."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection

from yikatong.catalogue import rules, store
from yikatong.catalogue.model import Item, Place, Provider, Recognition, RecognitionScope, Terminal
from yikatong.kernel.identifiers.credit_code import read_credit_code
from yikatong.kernel.ids import PlaceId, ProviderId, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.kernel.periods import list_overlaps


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every difference: items first, then providers, places, terminals, recognitions."""
    entries, numbers = await store.list_entries(conn), await store.list_item_numbers(conn)
    providers = {provider.id: provider for provider in await store.list_providers(conn)}
    places = {place.id: place for place in await store.list_places(conn)}
    return [
        *_audit_items(entries, numbers),
        *_audit_providers(providers, places),
        *_audit_terminals(await store.list_terminals(conn), providers, places),
        *_audit_recognitions(await store.list_recognitions(conn), set(numbers.values())),
    ]


def _audit_items(entries: Sequence[Item], numbers: dict[int, str]) -> list[str]:
    """Entries of one item must not overlap, terms must fit, and a number must stand for its code."""
    found = [
        f"catalogue: entries of item {code} overlap in {region}"
        for region, code in list_overlaps(entries, Item.item_key)
    ]
    for item in entries:
        if numbers.get(item.number) != item.code:
            found.append(f"catalogue: number {item.number} does not stand for item {item.code}")
        try:
            rules.verify_terms(item)
        except Refused as refused:
            found.append(f"catalogue: terms of item {item.code} in {item.region} do not fit: {refused.about}")
    return found


def _audit_providers(providers: Mapping[ProviderId, Provider], places: Mapping[PlaceId, Place]) -> list[str]:
    """A credit code must still read, and a place must belong to a provider."""
    found: list[str] = []
    for provider in providers.values():
        try:
            read_credit_code(provider.credit_code)
        except Refused:
            found.append(f"catalogue: the credit code of {show_id('provider', provider.id)} does not read")
    return found + [
        f"catalogue: {show_id('place', place.id)} belongs to no provider"
        for place in places.values()
        if place.provider_id not in providers
    ]


def _audit_terminals(
    terminals: Sequence[Terminal], providers: Mapping[ProviderId, Provider], places: Mapping[PlaceId, Place]
) -> list[str]:
    """A terminal must stand at a place of its provider, in its provider's region."""
    found: list[str] = []
    for terminal in terminals:
        name = show_id("terminal", terminal.id)
        provider, place = providers.get(terminal.provider_id), places.get(terminal.place_id)
        if provider is None:
            found.append(f"catalogue: {name} belongs to no provider")
        elif provider.region != terminal.region:
            found.append(f"catalogue: {name} and its provider are of two regions")
        if place is None or place.provider_id != terminal.provider_id:
            found.append(f"catalogue: {name} stands at no place of its provider")
    return found


def _audit_recognitions(rows: Sequence[Recognition], codes: Collection[str]) -> list[str]:
    """Rows for the same must not overlap, and an item that is recognised must have been listed."""
    overlaps = [
        f"catalogue: recognitions of {from_region} in {to_region} overlap for {subject}"
        for from_region, to_region, _, subject in list_overlaps(rows, Recognition.key)
    ]
    unlisted = [
        f"catalogue: {row.to_region} recognises cards for {row.subject}, never listed"
        for row in rows
        if row.scope is RecognitionScope.ITEM and row.subject not in codes
    ]
    return overlaps + unlisted
