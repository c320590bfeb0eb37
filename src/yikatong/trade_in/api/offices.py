"""Routes of the commerce department: claims are listed, checked, sent back, reclaimed, put onto rosters."""

from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct

from yikatong.kernel.ids import ClaimIdText, RosterIdText, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change
from yikatong.places.model import DivisionCodeText
from yikatong.plumbing.http import Call, Refusal, Route
from yikatong.trade_in import service
from yikatong.trade_in.api.bodies import CheckBody, ClaimsOfPlaceQuery, MendBody, PageSize, RequestBody
from yikatong.trade_in.api.claims import LEAVES_ROSTER, MOVED, PLACES, SCOPE, Desk, read_after, verify_place
from yikatong.trade_in.api.parties import OvernightsAnswer, show_overnight
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.api.shapes import (
    CommerceClaimAnswer,
    StepAnswer,
    show_for_commerce,
)
from yikatong.trade_in.model import (
    Act,
    Actor,
    ClaimState,
    ListedClaim,
    Mode,
    NewState,
    OldState,
    Reason,
)

PLATE_DAYS = 15
"""So many days after its sale a new bike without a plate is listed, unless commerce asks for another number."""


class ClaimsQuery(ClaimsOfPlaceQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of the claims of a place in one state."""

    state: ClaimState


class ClaimLine(Struct, frozen=True, kw_only=True):
    """A claim in a list: where it stands, and no person."""

    claim_id: ClaimIdText
    mode: Mode
    state: ClaimState
    old: OldState
    new: NewState
    bought_on: date | None
    amount_fen: int


class ClaimLinesAnswer(Struct, frozen=True, kw_only=True):
    """A page in order of id; `next_after` is null on the last one."""

    claims: tuple[ClaimLine, ...]
    next_after: ClaimIdText | None


class WithoutPlateQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Claims of a place whose new bike was sold so many days ago and has no plate yet."""

    place: DivisionCodeText
    days: Annotated[int, Meta(ge=0, le=366)] = PLATE_DAYS
    limit: PageSize = 100


class OvernightQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lithium bikes that stayed in stores of a place."""

    place: DivisionCodeText
    limit: PageSize = 100


class RosterBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose checked claims go onto a roster, and how it is called in public."""

    place: DivisionCodeText
    title: Annotated[str, Meta(min_length=2, max_length=100, examples=["电动自行车以旧换新补贴2026年11月"])]


class RosteredAnswer(Struct, frozen=True, kw_only=True):
    """The roster that claims went onto; none where no checked claim waited."""

    change: Change
    roster_id: RosterIdText | None
    line_count: int
    amount_fen: int


class Commerce:
    """Handlers of the routes of commerce."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def list(self, call: Call, body: None, query: ClaimsQuery) -> ClaimLinesAnswer:
        """Claims of a place in one state."""
        return await list_claims(self._desk, call, query)

    async def view(self, call: Call, body: None, query: None) -> CommerceClaimAnswer:
        """A claim whole."""
        kept = await self._desk.get_claim(call)
        coupon = await service.find_coupon_of(call.conn, kept=kept, chain=self._desk.chain)
        return show_for_commerce(kept, await self._desk.find_sale(call, kept), coupon)

    async def check(self, call: Call, body: CheckBody, query: None) -> StepAnswer | Refusal:
        """Check a claim; the formula decides the amount."""
        return await self._move(call, Act.CHECK, body, stated=body.facts)

    async def reject(self, call: Call, body: MendBody, query: None) -> StepAnswer | Refusal:
        """Send a claim back to be mended."""
        return await self._move(call, Act.REJECT, body, deed={"until": body.until})

    async def reclaim(self, call: Call, body: RequestBody, query: None) -> StepAnswer | Refusal:
        """Take a claim back that should not have been."""
        return await self._move(call, Act.RECLAIM, body)

    async def roster(self, call: Call, body: RosterBody, query: None) -> RosteredAnswer:
        """Put the checked claims of a place onto a roster, which is made public and paid as any other."""
        caller = call.by()
        roster = await service.roster_claims(
            call.conn,
            place=verify_place(call, body.place),
            region=caller.region,
            division=body.place,
            title=body.title,
            by=caller.id,
            chain=self._desk.chain,
            now=call.now,
            ids=call.ids,
        )
        if roster is None:
            return RosteredAnswer(change=Change.ALREADY_SO, roster_id=None, line_count=0, amount_fen=0)
        return RosteredAnswer(
            change=Change.DONE,
            roster_id=show_id("roster", roster.id),
            line_count=roster.line_count,
            amount_fen=roster.amount_fen,
        )

    async def overnight(self, call: Call, body: None, query: OvernightQuery) -> OvernightsAnswer:
        """Lithium bikes that stayed in stores of a place."""
        place = verify_place(call, query.place)
        found = await service.list_overnight_at(call.conn, place=place, today=day_of(call.now), limit=query.limit)
        return OvernightsAnswer(bikes=tuple(show_overnight(one) for one in found))

    async def without_plate(self, call: Call, body: None, query: WithoutPlateQuery) -> ClaimLinesAnswer:
        """Claims whose new bike should have a plate by now."""
        found = await service.list_without_plate(
            call.conn,
            place=verify_place(call, query.place),
            bought_before=day_of(call.now) - timedelta(days=query.days),
            bucket_count=self._desk.bucket_count,
            limit=query.limit,
        )
        return ClaimLinesAnswer(claims=tuple(_show_line(line) for line in found), next_after=None)

    async def _move(self, call: Call, act: Act, body: RequestBody, **parts: Any) -> StepAnswer | Refusal:
        kept = await self._desk.get_claim(call)
        return await self._desk.move(
            call, kept, act, Actor.COMMERCE, by=call.by().id, request_id=body.request_id, **parts
        )


async def list_claims(desk: Desk, call: Call, query: ClaimsQuery) -> ClaimLinesAnswer:
    """A page of the claims of a place in one state."""
    found = await service.list_claims(
        call.conn,
        place=verify_place(call, query.place),
        state=query.state,
        bucket_count=desk.bucket_count,
        after=read_after(query.after),
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    return ClaimLinesAnswer(
        claims=tuple(_show_line(line) for line in page),
        next_after=show_id("claim", page[-1].claim_id) if len(found) > len(page) else None,
    )


def _show_line(line: ListedClaim) -> ClaimLine:
    return ClaimLine(
        claim_id=show_id("claim", line.claim_id),
        mode=line.mode,
        state=line.state,
        old=line.old_state,
        new=line.new_state,
        bought_on=line.bought_on,
        amount_fen=line.amount_fen,
    )


def commerce_routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of commerce."""
    offices = Commerce(desk)
    commerce = partial(route_of, Role.COMMERCE)
    every, one = "/v1/trade-in/commerce/claims", "/v1/trade-in/commerce/claims/{claim_id}"
    return (
        commerce("GET", every, "list_claims_for_commerce", "List claims of a place in one state",
                 "按状态列出申领（商务）", offices.list, query=ClaimsQuery, answer=ClaimLinesAnswer,
                 reasons=(*PLACES, Reason.CLAIM_IS_UNKNOWN)),
        commerce("GET", one, "get_claim_for_commerce", "Show a claim whole", "查看申领（商务）", offices.view,
                 answer=CommerceClaimAnswer, looks=True, reasons=SCOPE),
        commerce("POST", f"{one}/check", "check_claim", "Check a claim; the formula decides its amount", "审核申领",
                 offices.check, body=CheckBody, answer=StepAnswer,
                 reasons=(*MOVED, Reason.FACT_IS_NOT_FOR_THIS_PARTY, Reason.AMOUNT_IS_NOTHING,
                          Reason.AMOUNT_IS_ABOVE_THE_PRICE, Reason.AMOUNT_IS_ABOVE_THE_RESERVE, *desk.decided)),
        commerce("POST", f"{one}/reject", "reject_claim", "Send a claim back to be mended", "退回补正",
                 offices.reject, body=MendBody, answer=StepAnswer,
                 reasons=(*MOVED, *LEAVES_ROSTER, Reason.MENDING_HAS_NO_TERM)),
        commerce("POST", f"{one}/reclaim", "reclaim", "Take back a claim that should not have been", "追回补贴",
                 offices.reclaim, body=RequestBody, answer=StepAnswer, reasons=(*MOVED, *LEAVES_ROSTER)),
        commerce("POST", "/v1/trade-in/commerce/rosters", "roster_claims",
                 "Put the checked claims of a place onto a roster", "将审核通过的申领编入花名册", offices.roster,
                 body=RosterBody, answer=RosteredAnswer, reasons=PLACES),
        commerce("GET", "/v1/trade-in/commerce/overnight", "list_overnight",
                 "List lithium bikes that stayed in stores", "列出滞留门店的锂电池旧车（商务）", offices.overnight,
                 query=OvernightQuery, answer=OvernightsAnswer, reasons=PLACES),
        commerce("GET", "/v1/trade-in/commerce/without-plate", "list_without_plate",
                 "List claims whose new bike should have a plate by now", "列出逾期未上牌的申领",
                 offices.without_plate, query=WithoutPlateQuery, answer=ClaimLinesAnswer, reasons=PLACES),
    )  # fmt: skip
