"""Statements about lists of stores and recyclers, and about price pledges."""

from collections.abc import Sequence
from datetime import date

from yikatong.plumbing.rows import Conn
from yikatong.trade_in.model import ListedParty, PartyKind, PricePledge
from yikatong.trade_in.store.statements import STATEMENTS


async def list_parties_of_place(conn: Conn, *, place: str) -> tuple[ListedParty, ...]:
    """Every entry of a place's lists."""
    return await STATEMENTS.list_all(conn, "list_parties_of_place", ListedParty, place=place)


async def list_listed_parties(
    conn: Conn, *, place: str, kind: PartyKind, on: date, after: str, limit: int
) -> tuple[ListedParty, ...]:
    """A page of whom a place lists on a day."""
    return await STATEMENTS.list_all(
        conn, "list_listed_parties", ListedParty, place=place, kind=kind.value, on=on, after=after, limit=limit
    )


async def find_listed_party(
    conn: Conn, *, places: Sequence[str], kind: PartyKind, credit_code: str, on: date
) -> ListedParty | None:
    """A party that one of several places lists on a day."""
    return await STATEMENTS.find_one(
        conn, "find_listed_party", ListedParty, places=list(places), kind=kind.value, credit_code=credit_code, on=on
    )


async def put_parties(conn: Conn, parties: Sequence[ListedParty], *, place: str) -> None:
    """Add or replace entries of a place's lists."""
    await STATEMENTS.run(
        conn,
        "put_parties",
        place=place,
        kinds=[party.kind.value for party in parties],
        credit_codes=[party.credit_code for party in parties],
        listed_froms=[party.listed_from for party in parties],
        listed_untils=[party.listed_until for party in parties],
        names=[party.name for party in parties],
    )


async def list_pledges_of_place(conn: Conn, *, place: str) -> tuple[PricePledge, ...]:
    """Every pledge of a place."""
    return await STATEMENTS.list_all(conn, "list_pledges_of_place", PricePledge, place=place)


async def list_pledges_of_store(
    conn: Conn, *, place: str, credit_code: str, on: date, after: str, limit: int
) -> tuple[PricePledge, ...]:
    """A page of what a store pledged in a place that counts on a day."""
    return await STATEMENTS.list_all(
        conn,
        "list_pledges_of_store",
        PricePledge,
        place=place,
        credit_code=credit_code,
        on=on,
        after=after,
        limit=limit,
    )


async def find_pledge(
    conn: Conn, *, places: Sequence[str], credit_code: str, model: str, on: date
) -> PricePledge | None:
    """What a store pledged for a model in one of several places on a day."""
    return await STATEMENTS.find_one(
        conn, "find_pledge", PricePledge, places=list(places), credit_code=credit_code, model=model, on=on
    )


async def put_pledges(conn: Conn, pledges: Sequence[PricePledge], *, place: str) -> None:
    """Add or replace pledges of a place."""
    await STATEMENTS.run(
        conn,
        "put_pledges",
        place=place,
        credit_codes=[pledge.credit_code for pledge in pledges],
        models=[pledge.model for pledge in pledges],
        valid_froms=[pledge.valid_from for pledge in pledges],
        valid_untils=[pledge.valid_until for pledge in pledges],
        rules=[pledge.rule.value for pledge in pledges],
        price_fens=[pledge.price_fen for pledge in pledges],
    )
