"""Routes of stores, recyclers and traffic police: each does its steps on the goods and sees what they need."""

from datetime import date
from functools import partial
from typing import Any

from msgspec import Struct

from yikatong.kernel.ids import ClaimIdText, ProviderIdText, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, ChangeAnswer, Refusal, Route
from yikatong.trade_in import service
from yikatong.trade_in.api.bodies import (
    ByCodeQuery,
    DismantleBody,
    ReceiveBody,
    RegisterBody,
    RequestBody,
    SaleBody,
    StepBody,
)
from yikatong.trade_in.api.claims import (
    LEAVES_ROSTER,
    MOVED,
    PROVIDER,
    SCOPE,
    Desk,
    credit_code_of,
    provider_of,
    show_acted,
    verify_bike,
    verify_stated,
)
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.api.shapes import (
    PoliceClaimAnswer,
    PreparedAnswer,
    RecyclerClaimAnswer,
    StepAnswer,
    StoreClaimAnswer,
    show_for_police,
    show_for_recycler,
    show_for_store,
    show_sale,
    show_step,
)
from yikatong.trade_in.model import Act, Acted, Actor, Deed, KeptClaim, Order, Overnight, Reason, Unmet


class OvernightAnswer(Struct, frozen=True, kw_only=True):
    """An old lithium bike that stayed in a store though it had to leave on the day it came."""

    claim_id: ClaimIdText
    store_id: ProviderIdText
    place: str
    old_code: str
    received_on: date


class OvernightsAnswer(Struct, frozen=True, kw_only=True):
    """Lithium bikes that stayed overnight, the oldest first."""

    bikes: tuple[OvernightAnswer, ...]


def show_overnight(one: Overnight) -> OvernightAnswer:
    """A bike that stayed."""
    return OvernightAnswer(
        claim_id=show_id("claim", one.claim_id),
        store_id=show_id("provider", one.store_id),
        place=one.place,
        old_code=one.old_code,
        received_on=one.received_on,
    )


class Stores:
    """Handlers of the routes of stores."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def view(self, call: Call, body: None, query: None) -> StoreClaimAnswer:
        """A claim that a resident shows."""
        return await self._show(call, await self._desk.get_claim(call))

    async def find(self, call: Call, body: None, query: ByCodeQuery) -> StoreClaimAnswer:
        """The claim of a bike at hand."""
        return await self._show(call, await self._desk.get_claim_of_code(call, query.code))

    async def receive(self, call: Call, body: ReceiveBody, query: None) -> StepAnswer | Refusal:
        """Receive the old bike."""
        kept = await self._desk.get_claim(call)
        verify_bike(body.old_code, expected=kept.claim.old_code)
        return await self._move(call, kept, Act.RECEIVE_OLD, body, stated=body.facts)

    async def sell(self, call: Call, body: SaleBody, query: None) -> StepAnswer | Refusal:
        """Sell the new bike at its full price; its subsidy is claimed later."""
        kept = await self._desk.get_claim(call)
        deed = {"price_fen": body.price_fen, "new_code": body.new_code}
        sell = partial(self._act, call, kept, Act.SELL, body, stated=body.facts, deed=deed, model=body.model)
        sold = await self._desk.with_new_code(call, kept, body.new_code, sell)
        if isinstance(sold, Refused):
            return Refusal(sold)
        return show_step(sold.kept, sold.change, self._list_unmet(call, sold.kept))

    async def prepare(self, call: Call, body: SaleBody, query: None) -> PreparedAnswer | Refusal:
        """Enter a sale whose subsidy is taken off when the resident taps its price here."""
        desk = self._desk
        kept = await desk.get_claim(call)
        deed = Deed(
            act=Act.DEDUCT,
            actor=Actor.STORE,
            by=provider_of(call),
            on=body.on,
            price_fen=body.price_fen,
            new_code=body.new_code,
        )
        order = Order(
            request_id=body.request_id,
            claim_id=kept.claim.claim_id,
            deed=deed,
            facts=verify_stated(Act.SELL, body.facts),
            credit_code=await credit_code_of(call),
            model=body.model,
        )
        prepare = partial(
            service.prepare_sale,
            call.conn,
            order=order,
            chain=desk.chain,
            vault=desk.vault,
            now=call.now,
            ids=call.ids,
        )
        prepared = await desk.with_new_code(call, kept, body.new_code, prepare)
        if isinstance(prepared, Refused):
            return Refusal(prepared)
        return PreparedAnswer(claim_id=show_id("claim", kept.claim.claim_id), sale=show_sale(prepared))

    async def cancel_sale(self, call: Call, body: RequestBody, query: None) -> ChangeAnswer:
        """Take back a sale that was entered and is not paid."""
        desk = self._desk
        kept = await desk.get_claim(call)
        change = await service.cancel_sale(
            call.conn,
            claim_id=kept.claim.claim_id,
            provider_id=provider_of(call),
            chain=desk.chain,
            vault=desk.vault,
            now=call.now,
            ids=call.ids,
        )
        return ChangeAnswer(change=change)

    async def take_back(self, call: Call, body: StepBody, query: None) -> StepAnswer | Refusal:
        """Take the new bike back."""
        return await self._move(call, await self._desk.get_claim(call), Act.RETURN_GOODS, body)

    async def overnight(self, call: Call, body: None, query: None) -> OvernightsAnswer:
        """Lithium bikes that stayed in this store."""
        found = await service.list_overnight_of_store(call.conn, store_id=provider_of(call), today=day_of(call.now))
        return OvernightsAnswer(bikes=tuple(show_overnight(one) for one in found))

    async def _show(self, call: Call, kept: KeptClaim) -> StoreClaimAnswer:
        sale = await self._desk.find_sale(call, kept)
        is_ours = sale is not None and sale.provider_id == call.by().provider_id
        return show_for_store(kept, sale if is_ours else None, self._list_unmet(call, kept))

    def _list_unmet(self, call: Call, kept: KeptClaim) -> tuple[Unmet, ...]:
        return service.list_unmet(kept, chain=self._desk.chain, today=day_of(call.now))

    async def _move(self, call: Call, kept: KeptClaim, act: Act, body: StepBody, **parts: Any) -> StepAnswer | Refusal:
        return show_acted(await self._act(call, kept, act, body, **parts))

    async def _act(self, call: Call, kept: KeptClaim, act: Act, body: StepBody, **parts: Any) -> Acted | Refused:
        return await self._desk.act(
            call,
            kept,
            act,
            Actor.STORE,
            by=provider_of(call),
            request_id=body.request_id,
            on=body.on,
            credit_code=await credit_code_of(call),
            **parts,
        )


class Recyclers:
    """Handlers of the routes of recyclers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def view(self, call: Call, body: None, query: None) -> RecyclerClaimAnswer:
        """A claim that a resident or store shows."""
        return show_for_recycler(await self._desk.get_claim(call))

    async def find(self, call: Call, body: None, query: ByCodeQuery) -> RecyclerClaimAnswer:
        """The claim of a bike at hand."""
        return show_for_recycler(await self._desk.get_claim_of_code(call, query.code))

    async def receive(self, call: Call, body: ReceiveBody, query: None) -> StepAnswer | Refusal:
        """Receive the old bike from its owner."""
        kept = await self._desk.get_claim(call)
        verify_bike(body.old_code, expected=kept.claim.old_code)
        return await self._move(call, kept, Act.RECEIVE_OLD, body, stated=body.facts)

    async def collect(self, call: Call, body: ReceiveBody, query: None) -> StepAnswer | Refusal:
        """Collect the old bike from a store."""
        kept = await self._desk.get_claim(call)
        verify_bike(body.old_code, expected=kept.claim.old_code)
        return await self._move(call, kept, Act.COLLECT_OLD, body, stated=body.facts)

    async def dismantle(self, call: Call, body: DismantleBody, query: None) -> StepAnswer | Refusal:
        """Say that the old bike was dismantled."""
        proof = bytes.fromhex(body.proof)
        return await self._move(call, await self._desk.get_claim(call), Act.DISMANTLE, body, proof=proof)

    async def _move(self, call: Call, kept: KeptClaim, act: Act, body: StepBody, **parts: Any) -> StepAnswer | Refusal:
        return await self._desk.move(
            call,
            kept,
            act,
            Actor.RECYCLER,
            by=provider_of(call),
            request_id=body.request_id,
            on=body.on,
            credit_code=await credit_code_of(call),
            **parts,
        )


class Police:
    """Handlers of the routes of traffic police."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def find(self, call: Call, body: None, query: ByCodeQuery) -> PoliceClaimAnswer:
        """The claim of a bike, old or new."""
        return show_for_police(await self._desk.get_claim_of_code(call, query.code))

    async def cancel_plate(self, call: Call, body: ReceiveBody, query: None) -> StepAnswer | Refusal:
        """Say that the old bike's plate was cancelled."""
        kept = await self._desk.get_claim(call)
        verify_bike(body.old_code, expected=kept.claim.old_code)
        return await self._move(call, kept, Act.CANCEL_PLATE, body, stated=body.facts)

    async def register(self, call: Call, body: RegisterBody, query: None) -> StepAnswer | Refusal:
        """Say that the new bike got its plate."""
        kept = await self._desk.get_claim(call)
        if kept.claim.new_code:
            verify_bike(body.new_code, expected=kept.claim.new_code)
        return await self._move(call, kept, Act.REGISTER_NEW, body, stated=body.facts)

    async def _move(self, call: Call, kept: KeptClaim, act: Act, body: StepBody, **parts: Any) -> StepAnswer | Refusal:
        return await self._desk.move(
            call, kept, act, Actor.POLICE, by=call.by().id, request_id=body.request_id, on=body.on, **parts
        )


_ANOTHER = (*MOVED, Reason.VEHICLE_IS_ANOTHER, Reason.FACT_IS_NOT_FOR_THIS_PARTY)


def store_routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of stores."""
    stores = Stores(desk)
    store = partial(route_of, Role.STORE)
    every, one = "/v1/trade-in/store/claims", "/v1/trade-in/store/claims/{claim_id}"
    sold = (
        *_ANOTHER, *PROVIDER, Reason.QUALIFICATION_HAS_ENDED, Reason.CLAIM_LACKS_A_STEP,
        Reason.VEHICLE_CODE_IS_NOT_VALID, Reason.NEW_VEHICLE_CODE_IS_MISSING, Reason.VEHICLE_IS_COUNTED_ALREADY,
        Reason.PRICE_IS_NOTHING, Reason.AMOUNT_IS_ABOVE_THE_PRICE, Reason.AMOUNT_IS_NOTHING,
        Reason.AMOUNT_IS_ABOVE_THE_RESERVE, Reason.SALE_IS_UNDER_ANOTHER_SCHEME, *desk.decided,
    )  # fmt: skip
    return (
        store("GET", every, "find_claim_for_store", "Find the claim of a bike at hand", "按整车编码查询申领（门店）",
              stores.find, query=ByCodeQuery, answer=StoreClaimAnswer, looks=True, reasons=SCOPE),
        store("GET", one, "get_claim_for_store", "Show a claim to a store", "查看申领（门店）", stores.view,
              answer=StoreClaimAnswer, looks=True, reasons=SCOPE),
        store("POST", f"{one}/receive", "receive_at_store", "Receive the old bike", "门店接收旧车", stores.receive,
              body=ReceiveBody, answer=StepAnswer, reasons=(*_ANOTHER, *PROVIDER, *desk.decided)),
        store("POST", f"{one}/sale", "sell", "Sell the new bike; its subsidy is claimed later",
              "销售新车（事后申领）", stores.sell, body=SaleBody, answer=StepAnswer, reasons=sold),
        store("POST", f"{one}/prepared-sale", "prepare_sale",
              "Enter a sale whose subsidy is taken off when the resident taps", "录入立减销售", stores.prepare,
              body=SaleBody, answer=PreparedAnswer, reasons=sold),
        store("POST", f"{one}/prepared-sale/cancel", "cancel_sale", "Take back a sale that is not paid",
              "撤销未付款的销售", stores.cancel_sale, body=RequestBody, answer=ChangeAnswer,
              reasons=(*MOVED, *PROVIDER, Reason.SALE_IS_NOT_PREPARED)),
        store("POST", f"{one}/return", "return_goods", "Take the new bike back", "新车退货", stores.take_back,
              body=StepBody, answer=StepAnswer,
              reasons=(*MOVED, *PROVIDER, *LEAVES_ROSTER, Reason.GOODS_COME_BACK_BY_THEIR_TAP)),
        store("GET", "/v1/trade-in/store/overnight", "list_overnight_of_store",
              "List lithium bikes that stayed in the store", "列出滞留门店的锂电池旧车", stores.overnight,
              answer=OvernightsAnswer),
    )  # fmt: skip


def recycler_routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of recyclers."""
    recyclers = Recyclers(desk)
    recycler = partial(route_of, Role.RECYCLER)
    every, one = "/v1/trade-in/recycler/claims", "/v1/trade-in/recycler/claims/{claim_id}"
    return (
        recycler("GET", every, "find_claim_for_recycler", "Find the claim of a bike at hand",
                 "按整车编码查询申领（回收企业）", recyclers.find, query=ByCodeQuery, answer=RecyclerClaimAnswer,
                 looks=True, reasons=SCOPE),
        recycler("GET", one, "get_claim_for_recycler", "Show a claim to a recycler", "查看申领（回收企业）",
                 recyclers.view, answer=RecyclerClaimAnswer, looks=True, reasons=SCOPE),
        recycler("POST", f"{one}/receive", "receive_at_recycler", "Receive the old bike from its owner",
                 "回收企业接收旧车", recyclers.receive, body=ReceiveBody, answer=StepAnswer,
                 reasons=(*_ANOTHER, *PROVIDER, *desk.decided)),
        recycler("POST", f"{one}/collect", "collect", "Collect the old bike from a store", "从门店收运旧车",
                 recyclers.collect, body=ReceiveBody, answer=StepAnswer,
                 reasons=(*_ANOTHER, *PROVIDER, *desk.decided)),
        recycler("POST", f"{one}/dismantle", "dismantle", "Say that the old bike was dismantled, with its proof",
                 "登记旧车拆解（附证明摘要）", recyclers.dismantle, body=DismantleBody, answer=StepAnswer,
                 reasons=(*MOVED, *PROVIDER, Reason.PROOF_IS_MISSING)),
    )  # fmt: skip


def police_routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of traffic police."""
    officers = Police(desk)
    police = partial(route_of, Role.POLICE)
    every, one = "/v1/trade-in/police/claims", "/v1/trade-in/police/claims/{claim_id}"
    return (
        police("GET", every, "find_claim_for_police", "Find the claim of a bike, old or new",
               "按整车编码查询申领（交管）", officers.find, query=ByCodeQuery, answer=PoliceClaimAnswer, looks=True,
               reasons=SCOPE),
        police("POST", f"{one}/cancel-plate", "cancel_plate", "Say that the old bike's plate was cancelled",
               "登记旧车号牌注销", officers.cancel_plate, body=ReceiveBody, answer=StepAnswer,
               reasons=(*_ANOTHER, *desk.decided)),
        police("POST", f"{one}/register", "register_new", "Say that the new bike got its plate", "登记新车上牌",
               officers.register, body=RegisterBody, answer=StepAnswer, reasons=(*_ANOTHER, *desk.decided)),
    )  # fmt: skip
