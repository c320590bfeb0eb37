"""Routes of residents, from their wallets: qualify, see, submit, withdraw."""

from collections.abc import Mapping
from functools import partial

from msgspec import Struct, structs

from yikatong.cards.model import Reason as CardsReason
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.plumbing.http import Call, Refusal, Route
from yikatong.trade_in import service
from yikatong.trade_in.api.bodies import ApplicationBody, RequestBody, SubmitBody
from yikatong.trade_in.api.claims import MOVED, Desk, verify_stated
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.api.shapes import ClaimAnswer, QualifiedAnswer, StepAnswer, show_claim
from yikatong.trade_in.model import Act, Actor, Application, Qualified, Reason
from yikatong.trade_in.outside import PlateStanding, RegisterDidNotAnswer, VehicleRegister

OWN = "/v1/wallet/trade-in/claims"


class ClaimsAnswer(Struct, frozen=True, kw_only=True):
    """A resident's claims, the newest first."""

    claims: tuple[ClaimAnswer, ...]


class Residents:
    """Handlers of the routes of residents."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def list(self, call: Call, body: None, query: None) -> ClaimsAnswer:
        """The resident's own claims."""
        return await list_claims(self._desk, call, resident_of(call))

    async def view(self, call: Call, body: None, query: None) -> ClaimAnswer:
        """One of the resident's own claims."""
        return await view_claim(self._desk, call, resident_of(call))

    async def submit(self, call: Call, body: SubmitBody, query: None) -> StepAnswer | Refusal:
        """Submit a claim, or one that was mended."""
        return await move_claim(self._desk, call, resident_of(call), Act.SUBMIT, body, stated=body.facts)

    async def withdraw(self, call: Call, body: RequestBody, query: None) -> StepAnswer | Refusal:
        """Give a claim up."""
        return await move_claim(self._desk, call, resident_of(call), Act.WITHDRAW, body)


async def list_claims(desk: Desk, call: Call, resident_id: ResidentId) -> ClaimsAnswer:
    """A resident's claims."""
    found = await service.list_claims_of_resident(call.conn, resident_id=resident_id, bucket_count=desk.bucket_count)
    return ClaimsAnswer(claims=tuple([show_claim(kept, await desk.find_sale(call, kept)) for kept in found]))


async def view_claim(desk: Desk, call: Call, resident_id: ResidentId) -> ClaimAnswer:
    """The claim that an address names, if it is this resident's."""
    kept = await desk.get_claim_of_resident(call, resident_id)
    return show_claim(kept, await desk.find_sale(call, kept))


async def move_claim(
    desk: Desk,
    call: Call,
    resident_id: ResidentId,
    act: Act,
    body: RequestBody,
    *,
    stated: Mapping[str, str] | None = None,
) -> StepAnswer | Refusal:
    """Do a step of a resident on the claim that an address names, if it is theirs."""
    kept = await desk.get_claim_of_resident(call, resident_id)
    return await desk.move(call, kept, act, Actor.RESIDENT, by=resident_id, request_id=body.request_id, stated=stated)


def resident_of(call: Call) -> ResidentId:
    """The resident whose wallet calls; the call's record names them."""
    resident_id = call.by().resident_id
    assert resident_id is not None, "a wallet's session is a resident's"
    call.concerns(resident_id)
    return ResidentId(resident_id)


def application_of(resident_id: ResidentId, body: ApplicationBody) -> Application:
    """What a resident asks. Refuses FACT_IS_NOT_FOR_THIS_PARTY."""
    return Application(
        request_id=body.request_id,
        resident_id=resident_id,
        place=body.place,
        old_code=body.old_code,
        facts=verify_stated(Act.QUALIFY, body.facts),
    )


async def look_up_bike(
    application: Application, *, name: str, id_number: str, vehicles: VehicleRegister
) -> Application:
    """The application of a person with what the register of vehicles says, which counts before what is stated.

    It is as it was where the register does not answer: what is not known then is looked at by the department that
    checks the claim.
    """
    try:
        record = await vehicles.look_up(code=application.old_code, name=name, id_number=id_number)
    except RegisterDidNotAnswer:
        return application
    facts = {"old_is_plated": "no" if record.standing is PlateStanding.NONE else "yes"}
    if record.registered_on is not None:
        facts["old_registered_on"] = record.registered_on.isoformat()
        facts["old_owner_is_applicant"] = "yes" if record.is_theirs else "no"
    return structs.replace(application, facts={**application.facts, **facts}, stated=application.facts)


def show_qualified(qualified: Qualified) -> QualifiedAnswer:
    """A claim that an application opened, to its resident."""
    return QualifiedAnswer(change=qualified.change, claim=show_claim(qualified.kept, None))


ADMITTED: tuple[AnyReason, ...] = (
    Reason.FACT_IS_NOT_FOR_THIS_PARTY,
    Reason.COUPON_IS_NOT_GIVEN_OUT_NOW,
    Reason.PLACES_ARE_USED_UP,
    CardsReason.RESIDENT_IS_NOT_KNOWN,
    CardsReason.PERSON_IS_ERASED,
    Reason.APPLICANT_IS_DECEASED,
    Reason.VEHICLE_CODE_IS_NOT_VALID,
    Reason.DEED_IS_ANOTHER,
    Reason.VEHICLE_IS_COUNTED_ALREADY,
    Reason.AMOUNT_IS_NOTHING,
)
"""How every route may refuse that takes an application, but for the reasons of the formula."""

SUBMITTED: tuple[AnyReason, ...] = (*MOVED, Reason.FACT_IS_NOT_FOR_THIS_PARTY, Reason.CLAIM_LACKS_A_STEP)
"""How every route may refuse that submits a claim, but for the reasons of the formula."""

WITHDRAWN: tuple[AnyReason, ...] = (*MOVED, Reason.COUPON_WAS_USED)
"""How every route may refuse that gives a claim up."""


def qualify_route(decided: tuple[AnyReason, ...]) -> Route:
    """Describe how a resident applies; applications come in crowds and are served in batches, by a direct route.

    `decided` are the reasons of the formula.
    """
    return route_of(
        Role.RESIDENT, "POST", OWN, "qualify", "Ask to be qualified for a trade-in; its money is reserved",
        "申请以旧换新补贴资格（预留资金）", _served_elsewhere, body=ApplicationBody, answer=QualifiedAnswer, status=201,
        reasons=(*ADMITTED, *decided),
    )  # fmt: skip


async def _served_elsewhere(call: Call, body: ApplicationBody, query: None) -> QualifiedAnswer:
    raise NotImplementedError("applications are served by their own route")


def routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of residents."""
    residents = Residents(desk)
    resident = partial(route_of, Role.RESIDENT)
    one = f"{OWN}/{{claim_id}}"
    return (
        qualify_route(desk.decided),
        resident("GET", OWN, "list_own_claims", "Show one's own claims", "查看本人申领", residents.list,
                 answer=ClaimsAnswer, looks=True),
        resident("GET", one, "get_own_claim", "Show one of one's own claims", "查看本人一笔申领", residents.view,
                 answer=ClaimAnswer, looks=True, reasons=(Reason.CLAIM_IS_UNKNOWN,)),
        resident("POST", f"{one}/submit", "submit", "Submit a claim, or one that was mended", "提交申领",
                 residents.submit, body=SubmitBody, answer=StepAnswer,
                 reasons=(*SUBMITTED, *desk.decided)),
        resident("POST", f"{one}/withdraw", "withdraw", "Give a claim up", "撤回申领", residents.withdraw,
                 body=RequestBody, answer=StepAnswer, reasons=WITHDRAWN),
    )  # fmt: skip
