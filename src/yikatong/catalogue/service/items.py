"""Use cases of the application item list: publish, end, look up, and the list that comes with the platform."""

from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import AsyncConnection

from yikatong.catalogue import rules, seeds, store
from yikatong.catalogue.model import (
    Form,
    Item,
    ItemClass,
    ItemTerms,
    PublishedItem,
    Reason,
    Scene,
)
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places import service as places
from yikatong.places.model import NATIONAL, enclosing_codes
from yikatong.plumbing import versions

SUBJECT = "catalogue"
"""The subject whose version grows with every change here."""

FIRST_OWN_NUMBER = 10_000
"""Numbers below come with the platform's list; an installation's own items count from here."""

NUMBER_MAX = 65_535


async def publish_item(conn: AsyncConnection[Any], *, terms: ItemTerms) -> PublishedItem:
    """Put an entry on the list of a hosted region, or of the whole country.

    The same terms again are already so. A code keeps its number for ever, over entries and regions.

    Refuses, in this order:
        ITEM_TERMS_DO_NOT_FIT, ITEM_ENDS_BEFORE_IT_BEGINS    see `rules.verify_terms`; the platform's
                                                             own list is no name for another
        REGION_IS_UNKNOWN, REGION_IS_NOT_HOSTED              unless the list is the country's
        ITEM_PERIODS_OVERLAP                                 another entry counts on one of these days
        ITEM_NUMBERS_ARE_USED_UP                             a new code finds no number
    """
    rules.verify_terms(terms)
    if terms.is_of(seeds.LIST_NAME):
        raise Refused(Reason.ITEM_TERMS_DO_NOT_FIT, term="list_version")
    if terms.region != NATIONAL:
        await places.get_hosted_region(conn, code=terms.region)
    # Moving the version on first makes changes of the list take turns, so that two cannot overlap unseen.
    version = await versions.bump(conn, subject=SUBJECT)
    entries = await store.list_entries_of(conn, region=terms.region, code=terms.code)
    for entry in entries:
        if _terms_of(entry) == terms:
            return PublishedItem(Change.ALREADY_SO, entry)
    rules.verify_no_overlap(entries, terms)
    item = Item(**msgspec.structs.asdict(terms), number=await _number_of(conn, code=terms.code))
    await store.insert_items(conn, items=[item], version=version)
    return PublishedItem(Change.DONE, item)


def _terms_of(item: Item) -> ItemTerms:
    fields = msgspec.structs.asdict(item)
    del fields["number"]
    return ItemTerms(**fields)


async def _number_of(conn: AsyncConnection[Any], *, code: str) -> int:
    number = await store.find_item_number(conn, code=code)
    if number is not None:
        return number
    number = await store.next_item_number(conn, first=FIRST_OWN_NUMBER)
    if number > NUMBER_MAX:
        raise Refused(Reason.ITEM_NUMBERS_ARE_USED_UP)
    await store.insert_item_numbers(conn, numbers=[(number, code)])
    return number


async def end_item(conn: AsyncConnection[Any], *, region: str, code: str, until: date, now: datetime) -> PublishedItem:
    """End a region's last entry of an item; `until` is the first day on which it no longer counts.

    Refuses, in this order:
        ITEM_IS_NOT_ON_THE_LIST       the region has no entry of its own
        ITEM_ENDS_BEFORE_IT_BEGINS    the day lies before today or not after the entry's first day
    """
    version = await versions.bump(conn, subject=SUBJECT)
    entries = await store.list_entries_of(conn, region=region, code=code)
    if not entries:
        raise Refused(Reason.ITEM_IS_NOT_ON_THE_LIST, item=code, region=region)
    entry = entries[-1]
    if entry.valid_until == until:
        return PublishedItem(Change.ALREADY_SO, entry)
    rules.verify_end(entry, until=until, today=day_of(now))
    await store.end_items(conn, items=[entry], until=until, version=version)
    return PublishedItem(Change.DONE, msgspec.structs.replace(entry, valid_until=until))


async def find_item(conn: AsyncConnection[Any], *, region: str, code: str, on: date) -> Item | None:
    """The entry that counts in a region on a day: its own, else its city's or province's, else the country's."""
    return await store.find_item(conn, areas=enclosing_codes(region), code=code, on=on)


async def get_item(conn: AsyncConnection[Any], *, region: str, code: str, on: date) -> Item:
    """As `find_item`; refuses ITEM_IS_NOT_ON_THE_LIST."""
    item = await find_item(conn, region=region, code=code, on=on)
    if item is None:
        raise Refused(Reason.ITEM_IS_NOT_ON_THE_LIST, item=code, region=region)
    return item


async def list_items(
    conn: AsyncConnection[Any],
    *,
    region: str,
    on: date,
    search: str = "",
    scene: Scene | None = None,
    item_class: ItemClass | None = None,
    form: Form | None = None,
    served: bool | None = None,
    after: str = "",
    limit: int = 100,
) -> tuple[Item, ...]:
    """A page of the items that count in a region on a day, in order of code, the nearest list's entry of each.

    `search` looks through codes, names and aliases; `served` keeps those with, or without, a service line.
    """
    return await store.list_items(
        conn,
        areas=enclosing_codes(region),
        on=on,
        search=search.strip().casefold(),
        scene=scene,
        item_class=item_class,
        form=form,
        served=served,
        after=after,
        limit=limit,
    )


class SeededList(msgspec.Struct, frozen=True):
    """What loading a version of a list did."""

    added_count: int
    ended_count: int
    unchanged_count: int


async def seed_items(
    conn: AsyncConnection[Any], *, item_list: seeds.ItemList | None = None, valid_from: date | None = None
) -> SeededList:
    """Load the item list that comes with the platform, or another; the same version again changes nothing.

    `valid_from` puts the platform's list in force from another day than its own.
    Entries of an older version of the same list whose terms differ end on the new version's first day, and those no
    longer named end too. Entries that the installation published itself stay.
    Refuses ITEM_TERMS_DO_NOT_FIT, then ITEM_ENDS_BEFORE_IT_BEGINS when the version is older than the entries it ends.
    """
    wanted = item_list or seeds.read_item_list(valid_from=valid_from)
    plan = rules.plan_list(await store.list_entries(conn), wanted.items, list_name=wanted.name)
    if not plan.to_add and not plan.to_end:
        return SeededList(0, 0, plan.unchanged_count)
    for item in plan.to_add:
        rules.verify_terms(item)
    version = await versions.bump(conn, subject=SUBJECT)
    # Another loader may have been quicker; behind the version's lock the list stands still.
    plan = rules.plan_list(await store.list_entries(conn), wanted.items, list_name=wanted.name)
    for item in plan.to_end:
        rules.verify_end(item, until=wanted.valid_from, today=wanted.valid_from)
    await store.end_items(conn, items=plan.to_end, until=wanted.valid_from, version=version)
    await store.insert_item_numbers(conn, numbers=[(item.number, item.code) for item in plan.to_add])
    await store.insert_items(conn, items=plan.to_add, version=version)
    return SeededList(len(plan.to_add), len(plan.to_end), plan.unchanged_count)
