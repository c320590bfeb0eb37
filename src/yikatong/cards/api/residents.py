"""Routes of residents: registered, found, seen, changed, frozen, erased."""

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.cards import service
from yikatong.cards.api.shapes import (
    ContactBody,
    EventAnswer,
    EventsAnswer,
    FoundAnswer,
    PersonAnswer,
    PersonQuery,
    RegisterBody,
    RegisteredAnswer,
    SearchBody,
    command,
    look,
)
from yikatong.cards.model import NewPerson, Person, Reason, Resident, Terms, Vault
from yikatong.cards.rules.persons import mask_id_number, mask_name, mask_phone
from yikatong.cards.service import LOOK, SCOPE
from yikatong.kernel.identifiers.division import DivisionCode, is_within
from yikatong.kernel.identifiers.reasons import Reason as NumberReason
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, ChangeAnswer, Route

ID_NUMBER_REASONS = tuple(reason for reason in NumberReason if reason.name.startswith("ID_NUMBER_"))


class Residents:
    """Handlers of the routes of residents."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    async def _resident(self, call: Call) -> Resident:
        return await service.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=self._terms
        )

    async def _looked_at(self, call: Call) -> Resident:
        return await service.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self._vault,
            terms=self._terms,
            now=call.now,
        )

    async def register(self, call: Call, body: RegisterBody, query: None) -> RegisteredAnswer:
        """Register a person in the caller's region, in a division of it."""
        caller = call.by()
        access.verify_division(caller, division=body.division)
        if not is_within(DivisionCode(body.division[:6]), outer=DivisionCode(caller.region)):
            raise Refused(Reason.PERSONAL_FIELD_IS_NOT_VALID, field="division")
        registered = await service.register_resident(
            call.conn,
            region=caller.region,
            division=body.division,
            person=NewPerson(
                name=body.name,
                id_number=body.id_number,
                id_type=body.id_type,
                nation=body.nation,
                phone=body.phone,
                address=body.address,
            ),
            terms=self._terms,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        shown = show_id("resident", registered.resident_id)
        return RegisteredAnswer(resident_id=shown, change=registered.change)

    async def search(self, call: Call, body: SearchBody, query: None) -> FoundAnswer:
        """Find the bearer of an ID number among those the caller may serve."""
        found = await service.find_by_id_number(call.conn, id_number=body.id_number, vault=self._vault)
        if found is None:
            raise Refused(Reason.RESIDENT_IS_NOT_KNOWN)
        shown = show_id("resident", found)
        resident = await service.get_resident_for(call.conn, caller=call.by(), shown_id=shown, terms=self._terms)
        return FoundAnswer(resident_id=shown, division=resident.division, status=resident.status)

    async def view(self, call: Call, body: None, query: PersonQuery) -> PersonAnswer:
        """Show a person."""
        resident = await self._looked_at(call)
        person = await service.view_person(
            call.conn, bucket=resident.bucket, resident_id=resident.id, vault=self._vault
        )
        return _show_person(resident, person, whole=query.whole)

    async def events(self, call: Call, body: None, query: None) -> EventsAnswer:
        """Show the life of a resident's cards."""
        resident = await self._looked_at(call)
        events = await service.list_card_events(call.conn, bucket=resident.bucket, resident_id=resident.id)
        return EventsAnswer(
            events=tuple(
                EventAnswer(
                    card_id=show_id("card", event.card_id),
                    command=event.command.value,
                    state_before=event.state_before,
                    state_after=event.state_after,
                    reason=event.reason,
                    by_kind=event.by.kind,
                    at=event.made_at,
                )
                for event in events
            )
        )

    async def change_contact(self, call: Call, body: ContactBody, query: None) -> ChangeAnswer:
        """Change phone and address."""
        resident = await self._resident(call)
        change = await service.change_contact(
            call.conn,
            bucket=resident.bucket,
            resident_id=resident.id,
            phone=body.phone,
            address=body.address,
            vault=self._vault,
        )
        return ChangeAnswer(change=change)

    async def freeze(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Freeze payments."""
        resident = await self._resident(call)
        change = await service.freeze_payments(call.conn, bucket=resident.bucket, resident_id=resident.id, now=call.now)
        return ChangeAnswer(change=change)

    async def unfreeze(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Lift the freeze of payments."""
        resident = await self._resident(call)
        change = await service.unfreeze_payments(call.conn, bucket=resident.bucket, resident_id=resident.id)
        return ChangeAnswer(change=change)

    async def erase(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Erase a person."""
        resident = await self._resident(call)
        change = await service.erase_person(
            call.conn, bucket=resident.bucket, resident_id=resident.id, vault=self._vault, now=call.now
        )
        return ChangeAnswer(change=change)


def _show_person(resident: Resident, person: Person, *, whole: bool) -> PersonAnswer:
    return PersonAnswer(
        resident_id=show_id("resident", resident.id),
        region=resident.region,
        division=resident.division,
        status=resident.status,
        name=person.name if whole else mask_name(person.name),
        id_number=person.id_number if whole else mask_id_number(person.id_number),
        sex=person.sex,
        birth=person.birth if whole else None,
        nation=person.nation,
        phone=person.phone if whole else mask_phone(person.phone),
        address=person.address if whole else "",
    )


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of residents."""
    handlers = Residents(terms=terms, vault=vault)
    one = "/v1/residents/{resident_id}"
    return (
        command(
            "POST",
            "/v1/residents",
            "register_resident",
            "Register a person by ID number",
            "登记持卡人",
            handle=handlers.register,
            body=RegisterBody,
            answer=RegisteredAnswer,
            permission="cards.register",
            reasons=(
                AccessReason.DIVISION_IS_OUT_OF_SCOPE,
                Reason.PERSONAL_FIELD_IS_NOT_VALID,
                *ID_NUMBER_REASONS,
                Reason.ID_NUMBER_IS_ALREADY_REGISTERED,
            ),
        ),
        look(
            "/v1/residents/search",
            "find_resident",
            "Find who bears an ID number",
            "按身份号码查询持卡人",
            method="POST",
            handle=handlers.search,
            body=SearchBody,
            answer=FoundAnswer,
            reasons=SCOPE,
        ),
        look(
            one,
            "view_resident",
            "Show a resident, masked unless asked for whole",
            "查看持卡人信息（默认脱敏）",
            handle=handlers.view,
            query=PersonQuery,
            answer=PersonAnswer,
            reasons=(*LOOK, Reason.PERSON_IS_ERASED),
        ),
        look(
            one + "/card/events",
            "list_card_events",
            "Show every change of state of a resident's cards",
            "查看卡状态变更记录",
            handle=handlers.events,
            answer=EventsAnswer,
            reasons=LOOK,
        ),
        command(
            "PUT",
            one + "/contact",
            "change_contact",
            "Change phone and address",
            "变更联系方式",
            handle=handlers.change_contact,
            body=ContactBody,
            permission="cards.register",
            reasons=(*SCOPE, Reason.PERSONAL_FIELD_IS_NOT_VALID, Reason.PERSON_IS_ERASED),
        ),
        command(
            "POST",
            one + "/payments/freeze",
            "freeze_payments",
            "Freeze a resident's payments",
            "冻结持卡人支付",
            handle=handlers.freeze,
            permission="cards.freeze",
            reasons=SCOPE,
        ),
        command(
            "POST",
            one + "/payments/unfreeze",
            "unfreeze_payments",
            "Lift the freeze of a resident's payments",
            "解除支付冻结",
            handle=handlers.unfreeze,
            permission="cards.freeze",
            reasons=SCOPE,
        ),
        command(
            "POST",
            one + "/erasure",
            "erase_person",
            "Erase a person's data; amounts and proofs stay",
            "删除个人信息",
            handle=handlers.erase,
            permission="cards.erase",
            second_person=True,
            reasons=SCOPE,
        ),
    )
