"""Price pledges: taken in under the rule that a place's sheet has, and asked for a sale."""

import asyncio
from datetime import date
from functools import cache

from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.kernel.periods import is_in_force
from yikatong.plumbing import versions
from yikatong.plumbing.rows import Conn
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Sheet
from yikatong.programmes.service import Shelf
from yikatong.trade_in.messages.tables import read_table
from yikatong.trade_in.model import (
    PROGRAMME,
    Act,
    Actor,
    ImportedList,
    ListedParty,
    Order,
    PartyKind,
    PledgeRule,
    PricePledge,
    ReadList,
)
from yikatong.trade_in.rules.columns import fold_model, refuse_lines
from yikatong.trade_in.rules.pledges import (
    IsListed,
    Joined,
    RuleOn,
    merge_pledges,
    read_past_sales,
    read_pledges,
    work_out_pledges,
)
from yikatong.trade_in.service.lists import SUBJECT, find_listed, places_of, tell_imported
from yikatong.trade_in.store import lists as kept


async def import_pledges(conn: Conn, *, place: str, data: bytes, shelf: Shelf, known_on: date) -> ImportedList:
    """Take pledged prices of a place in, whole; the same file again is ALREADY_SO.

    Each counts under the rule of the sheet that speaks for its first day, as known on a day. Refuses as
    `import_parties`.
    """
    table = await asyncio.to_thread(read_table, data)
    await versions.bump(conn, subject=SUBJECT)
    stores = await _stores_of(conn, place=place)
    rule_on = _rule_of(shelf, place=place, known_on=known_on)
    read = read_pledges(table, place=place, rule_on=rule_on, is_listed=_listing(stores))
    return await _take_in(conn, read, place=place, encoding=table.encoding)


async def import_past_sales(conn: Conn, *, place: str, data: bytes, shelf: Shelf, known_on: date) -> ImportedList:
    """Work pledges out from past sales by the rule of the place and take them in, whole. Refuses as `import_parties`.

    The sales themselves are not kept. A store joined on the first day of its first entry on a list of the place.
    """
    table = await asyncio.to_thread(read_table, data)
    await versions.bump(conn, subject=SUBJECT)
    stores = await _stores_of(conn, place=place)

    def joined_of(credit_code: str) -> Joined | None:
        begun = [entry.listed_from for entry in stores.get(credit_code, ())]
        sheet = find_sheet_on(shelf, place=place, on=min(begun), known_on=known_on) if begun else None
        return None if sheet is None else Joined(store_from=min(begun), policy_from=sheet.valid_from)

    read = work_out_pledges(
        read_past_sales(table),
        place=place,
        rule_on=_rule_of(shelf, place=place, known_on=known_on),
        joined_of=joined_of,
    )
    return await _take_in(conn, read, place=place, encoding=table.encoding)


async def find_pledged_price(conn: Conn, *, place: str, credit_code: str, model: str, on: date) -> int | None:
    """The price in fen that a store may not exceed for a model on a day, or None where nothing was pledged."""
    pledge = await kept.find_pledge(
        conn, places=places_of(place), credit_code=credit_code, model=fold_model(model), on=on
    )
    return None if pledge is None else pledge.price_fen


async def has_pledged(conn: Conn, *, place: str, credit_code: str, on: date) -> bool:
    """Whether a store pledged any price that counts for a place on a day."""
    for code in places_of(place):
        if await list_pledges(conn, place=code, credit_code=credit_code, on=on, after="", limit=1):
            return True
    return False


async def list_pledges(
    conn: Conn, *, place: str, credit_code: str, on: date, after: str, limit: int
) -> tuple[PricePledge, ...]:
    """A page of what a store pledged in a place that counts on a day, in order of model."""
    return await kept.list_pledges_of_store(conn, place=place, credit_code=credit_code, on=on, after=after, limit=limit)


def find_sheet_on(shelf: Shelf, *, place: str, on: date, known_on: date) -> Sheet | None:
    """The sheet that speaks for a place and day, or None."""
    try:
        return programmes.get_sheet(shelf, programme=PROGRAMME, place=place, on=on, known_on=known_on)
    except Refused:
        return None


def _rule_of(shelf: Shelf, *, place: str, known_on: date) -> RuleOn:
    @cache
    def rule_on(day: date) -> PledgeRule | None:
        sheet = find_sheet_on(shelf, place=place, on=day, known_on=known_on)
        rule = getattr(sheet.terms.price_pledge, "rule", None) if sheet is not None else None
        return None if rule is None else PledgeRule(rule)

    return rule_on


async def _stores_of(conn: Conn, *, place: str) -> dict[str, list[ListedParty]]:
    """The stores that count for a place, by credit code."""
    stores: dict[str, list[ListedParty]] = {}
    for code in places_of(place):
        for entry in await kept.list_parties_of_place(conn, place=code):
            if entry.kind is PartyKind.STORE:
                stores.setdefault(entry.credit_code, []).append(entry)
    return stores


def _listing(stores: dict[str, list[ListedParty]]) -> IsListed:
    return lambda credit_code, on: any(is_in_force(entry, on) for entry in stores.get(credit_code, ()))


async def _take_in(conn: Conn, read: ReadList[PricePledge], *, place: str, encoding: str) -> ImportedList:
    merged = merge_pledges(read, await kept.list_pledges_of_place(conn, place=place))
    if merged.errors:
        raise refuse_lines(merged.errors)
    await kept.put_pledges(conn, (*merged.added, *merged.changed), place=place)
    return tell_imported(merged, encoding=encoding)


async def facts_of_party(conn: Conn, *, order: Order, place: str) -> dict[str, str]:
    """What the lists of a place say of the store or recycler that asks for a deed, as facts of the formula.

    Whoever is on no list on the deed's day is not listed, also where no list was ever brought in. A store without a
    pledge for the model has none to exceed.
    """
    deed = order.deed
    kind = _KIND_BY_ACTOR.get(deed.actor)
    if kind is None or not order.credit_code:
        return {}
    entry = await find_listed(conn, place=place, kind=kind, credit_code=order.credit_code, on=deed.on)
    facts = {f"{kind.value}_is_listed": "no" if entry is None else "yes"}
    if deed.act in (Act.SELL, Act.DEDUCT) and order.model:
        price_fen = await find_pledged_price(
            conn, place=place, credit_code=order.credit_code, model=order.model, on=deed.on
        )
        facts |= {} if price_fen is None else {"reference_price": show_yuan(price_fen)}
    return facts


_KIND_BY_ACTOR = {Actor.STORE: PartyKind.STORE, Actor.RECYCLER: PartyKind.RECYCLER}
