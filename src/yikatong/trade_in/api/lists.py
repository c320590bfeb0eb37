"""Routes of lists: commerce brings them in, everybody may read who is on them and what a store pledged."""

import binascii
from base64 import b64decode
from datetime import date
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct, structs

from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places.model import Reason as PlacesReason
from yikatong.places.model import is_division_code
from yikatong.plumbing.http import Call, Route, open_query
from yikatong.programmes.service import Shelf
from yikatong.trade_in.api.claims import PLACES, verify_place
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.model import ListedParty, PartyKind, PledgeRule, PricePledge, Reason
from yikatong.trade_in.service import lists as parties_of_places
from yikatong.trade_in.service import pledges

FILE_CHARACTERS_MAX = 5_592_408
"""A file of 4 MiB in base64."""
BODY_BYTES_MAX = FILE_CHARACTERS_MAX + 1_024

FileText = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9+/]*={0,2}$",
        max_length=FILE_CHARACTERS_MAX,
        description="the file (CSV or XLSX) in base64",
        examples=["5ZCN56ewLOexu+WIqwo="],
    ),
]
PageSize = Annotated[int, Meta(ge=1, le=500)]
CodeAfter = Annotated[str, Meta(max_length=18, description="`next_after` of the page before")]
OnDay = Annotated[date | None, Meta(description="the day asked about; today when left out")]


class ListBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list of stores and recyclers."""

    file: FileText


class PricesBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pledged prices; or past sales, from which they are worked out by the rule of the place."""

    file: FileText
    past_sales: bool = False


class ImportedAnswer(Struct, frozen=True, kw_only=True):
    """What a file brought: how it was read, how many entries are new, changed, or as they were."""

    change: Change
    encoding: str
    added_count: int
    changed_count: int
    same_count: int


class PartiesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of a place's lists, on which day."""

    kind: PartyKind = PartyKind.STORE
    on: OnDay = None
    after: CodeAfter = ""
    limit: PageSize = 100


class PartyAnswer(Struct, frozen=True, kw_only=True):
    """Who is on a list, and when."""

    kind: PartyKind
    credit_code: str
    name: str
    listed_from: date
    listed_until: date | None


class PartiesAnswer(Struct, frozen=True, kw_only=True):
    """A page in order of credit code; `next_after` is null on the last one."""

    parties: tuple[PartyAnswer, ...]
    next_after: str | None


class PledgesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What which store pledged, on which day."""

    credit_code: Annotated[str, Meta(min_length=18, max_length=18, examples=["91320100M000100Y4N"])]
    on: OnDay = None
    after: Annotated[str, Meta(max_length=60, description="`next_after` of the page before")] = ""
    limit: PageSize = 100


class PledgeAnswer(Struct, frozen=True, kw_only=True):
    """The price that a store may not exceed for a model."""

    model: str
    price_fen: int
    rule: PledgeRule
    valid_from: date
    valid_until: date | None


class PledgesAnswer(Struct, frozen=True, kw_only=True):
    """A page in order of model; `next_after` is null on the last one."""

    pledges: tuple[PledgeAnswer, ...]
    next_after: str | None


def place_for(call: Call) -> str:
    """The place that an address names, if it lies in the caller's region and divisions.

    Refuses REGION_IS_OUT_OF_SCOPE; DIVISION_IS_OUT_OF_SCOPE was refused at the edge.
    """
    return verify_place(call, call.path["division"])


def read_place(call: Call) -> str:
    """The place that an address names. Refuses DIVISION_IS_UNKNOWN for what is no code of one."""
    place = call.path["division"]
    if not is_division_code(place):
        raise Refused(PlacesReason.DIVISION_IS_UNKNOWN)
    return place


def read_file(text: str) -> bytes:
    """The file in a body; refuses LIST_FILE_CANNOT_BE_READ for what is no base64."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.LIST_FILE_CANNOT_BE_READ, what="base64") from None


class Lists:
    """Handlers of the routes of lists."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def take_parties(self, call: Call, body: ListBody, query: None) -> ImportedAnswer:
        """Take a list in, whole or not at all."""
        imported = await parties_of_places.import_parties(call.conn, place=place_for(call), data=read_file(body.file))
        return ImportedAnswer(**structs.asdict(imported))

    async def take_prices(self, call: Call, body: PricesBody, query: None) -> ImportedAnswer:
        """Take prices in, whole or not at all."""
        take_in = pledges.import_past_sales if body.past_sales else pledges.import_pledges
        imported = await take_in(
            call.conn,
            place=place_for(call),
            data=read_file(body.file),
            shelf=self._shelf,
            known_on=day_of(call.now),
        )
        return ImportedAnswer(**structs.asdict(imported))

    async def list_parties(self, call: Call, body: None, query: PartiesQuery) -> PartiesAnswer:
        """Who is on a list."""
        found = await parties_of_places.list_parties(
            call.conn,
            place=read_place(call),
            kind=query.kind,
            on=query.on or day_of(call.now),
            after=query.after,
            limit=query.limit + 1,
        )
        page = found[: query.limit]
        return PartiesAnswer(
            parties=tuple(_show_party(party) for party in page),
            next_after=page[-1].credit_code if len(found) > len(page) else None,
        )

    async def list_pledges(self, call: Call, body: None, query: PledgesQuery) -> PledgesAnswer:
        """What a store pledged."""
        found = await pledges.list_pledges(
            call.conn,
            place=read_place(call),
            credit_code=query.credit_code,
            on=query.on or day_of(call.now),
            after=query.after,
            limit=query.limit + 1,
        )
        page = found[: query.limit]
        return PledgesAnswer(
            pledges=tuple(_show_pledge(pledge) for pledge in page),
            next_after=page[-1].model if len(found) > len(page) else None,
        )


def _show_party(party: ListedParty) -> PartyAnswer:
    return PartyAnswer(
        kind=party.kind,
        credit_code=party.credit_code,
        name=party.name,
        listed_from=party.listed_from,
        listed_until=party.listed_until,
    )


def _show_pledge(pledge: PricePledge) -> PledgeAnswer:
    return PledgeAnswer(
        model=pledge.model,
        price_fen=pledge.price_fen,
        rule=pledge.rule,
        valid_from=pledge.valid_from,
        valid_until=pledge.valid_until,
    )


def routes(shelf: Shelf) -> tuple[Route, ...]:
    """The routes of lists."""
    lists = Lists(shelf)
    commerce = partial(route_of, Role.COMMERCE)
    taking = (
        *PLACES,
        Reason.LIST_FILE_IS_TOO_LARGE,
        Reason.LIST_FILE_CANNOT_BE_READ,
        Reason.LIST_HAS_ERRORS,
    )
    parties, prices = "/v1/trade-in/places/{division}/parties", "/v1/trade-in/places/{division}/prices"
    return (
        commerce("POST", parties, "import_parties", "Take in a list of stores and recyclers, whole or not at all",
                 "导入门店和回收企业名单（整份）", lists.take_parties, body=ListBody, answer=ImportedAnswer,
                 body_bytes_max=BODY_BYTES_MAX, reasons=taking),
        commerce("POST", prices, "import_prices", "Take in pledged prices, or work them out from past sales",
                 "导入价格承诺，或按成交记录核定", lists.take_prices, body=PricesBody, answer=ImportedAnswer,
                 body_bytes_max=BODY_BYTES_MAX, reasons=taking),
        open_query(parties, "trade_in.list_parties", "Show which stores or recyclers are on a place's list",
                   "查看门店或回收企业名单", tag="trade-in", handle=lists.list_parties, query=PartiesQuery,
                   answer=PartiesAnswer, reasons=(PlacesReason.DIVISION_IS_UNKNOWN,)),
        open_query(prices, "trade_in.list_prices", "Show the prices that a store may not exceed",
                   "查看门店价格承诺", tag="trade-in", handle=lists.list_pledges, query=PledgesQuery,
                   answer=PledgesAnswer, reasons=(PlacesReason.DIVISION_IS_UNKNOWN,)),
    )  # fmt: skip
