"""Routes of banks, whose coupons qualifications are: which may be used, and that one was. A bank sees no person."""

from datetime import date
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.kernel.ids import ClaimIdText, show_id
from yikatong.kernel.money import AmountFen
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.http import Call, Route
from yikatong.trade_in import service
from yikatong.trade_in.api.bodies import ClaimsOfPlaceQuery
from yikatong.trade_in.api.claims import PLACES, SCOPE, Desk, read_after, verify_place
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.model import ClaimState, Coupon, CouponUse, KeptClaim, Reason


class CouponLine(Struct, frozen=True, kw_only=True):
    """A coupon that may be used: `good_until` is the first day on which it is no longer good."""

    claim_id: ClaimIdText
    taken_on: date
    good_until: date
    most_fen: int


class CouponLinesAnswer(Struct, frozen=True, kw_only=True):
    """A page in order of id; `next_after` is null on the last one."""

    coupons: tuple[CouponLine, ...]
    next_after: ClaimIdText | None


class UseCouponBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank took a coupon: on which day, for a bike of what price, under which number of its own."""

    on: date
    price_fen: AmountFen
    reference: Annotated[str, Meta(pattern="^[!-~]{1,64}$", description="the bank's own number of the payment")]


class CouponUseAnswer(Struct, frozen=True, kw_only=True):
    """What the bank that took the coupon said."""

    used_on: date
    price_fen: int
    reference: str


class CouponAnswer(Struct, frozen=True, kw_only=True):
    """A coupon that a buyer shows: whether its claim stands, how long it is good, how much it gives at most."""

    claim_id: ClaimIdText
    place: str
    state: ClaimState
    taken_on: date
    good_until: date
    most_fen: int
    use: CouponUseAnswer | None


class UsedAnswer(Struct, frozen=True, kw_only=True):
    """Whether the use was said now or before, and the coupon."""

    change: Change
    coupon: CouponAnswer


class Banks:
    """Handlers of the routes of banks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def list(self, call: Call, body: None, query: ClaimsOfPlaceQuery) -> CouponLinesAnswer:
        """Coupons of a place that may be used."""
        found = await service.list_usable_coupons(
            call.conn,
            place=verify_place(call, query.place),
            chain=self._desk.chain,
            after=read_after(query.after),
            limit=query.limit + 1,
        )
        page = found[: query.limit]
        return CouponLinesAnswer(
            coupons=tuple(
                CouponLine(
                    claim_id=show_id("claim", one.claim_id),
                    taken_on=one.coupon.taken_on,
                    good_until=one.coupon.good_until,
                    most_fen=one.most_fen,
                )
                for one in page
            ),
            next_after=show_id("claim", page[-1].claim_id) if len(found) > len(page) else None,
        )

    async def view(self, call: Call, body: None, query: None) -> CouponAnswer:
        """The coupon that a buyer shows."""
        kept = await self._desk.get_claim(call)
        coupon = await service.find_coupon_of(call.conn, kept=kept, chain=self._desk.chain)
        if coupon is None:
            raise Refused(Reason.CLAIM_HAS_NO_COUPON)
        return _show(kept, coupon)

    async def use(self, call: Call, body: UseCouponBody, query: None) -> UsedAnswer:
        """Say that the bank took a coupon."""
        desk, seen = self._desk, await self._desk.get_claim(call)
        use = CouponUse(bank_id=call.by().id, used_on=body.on, price_fen=body.price_fen, reference=body.reference)
        kept, coupon, change = await service.use_coupon(
            call.conn,
            claim_id=seen.claim.claim_id,
            use=use,
            under=service.Office(desk.chain, desk.vault, call.now, call.ids),
        )
        return UsedAnswer(change=change, coupon=_show(kept, coupon))


def _show(kept: KeptClaim, coupon: Coupon) -> CouponAnswer:
    use = coupon.use
    return CouponAnswer(
        claim_id=show_id("claim", kept.claim.claim_id),
        place=kept.place,
        state=kept.claim.state,
        taken_on=coupon.taken_on,
        good_until=coupon.good_until,
        most_fen=kept.claim.money.held_fen,
        use=None
        if use is None
        else CouponUseAnswer(used_on=use.used_on, price_fen=use.price_fen, reference=use.reference),
    )


def bank_routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of banks."""
    banks = Banks(desk)
    bank = partial(route_of, Role.BANK)
    every, one = "/v1/trade-in/bank/coupons", "/v1/trade-in/bank/coupons/{claim_id}"
    return (
        bank("GET", every, "list_coupons", "List the coupons of a place that may be used", "列出可用的补贴券",
             banks.list, query=ClaimsOfPlaceQuery, answer=CouponLinesAnswer,
             reasons=(*PLACES, Reason.CLAIM_IS_UNKNOWN)),
        bank("GET", one, "get_coupon", "Show a coupon that a buyer presents", "查看购车人出示的补贴券", banks.view,
             answer=CouponAnswer, looks=True, reasons=(*SCOPE, Reason.CLAIM_HAS_NO_COUPON)),
        bank("POST", f"{one}/use", "use_coupon", "Say that the bank took a coupon", "核销补贴券", banks.use,
             body=UseCouponBody, answer=UsedAnswer,
             reasons=(*SCOPE, Reason.CLAIM_HAS_NO_COUPON, Reason.COUPON_WAS_USED, Reason.CLAIM_IS_IN_ANOTHER_STATE,
                      Reason.STEP_IS_IN_THE_FUTURE, Reason.COUPON_IS_NOT_GOOD_ON_THIS_DAY)),
    )  # fmt: skip
