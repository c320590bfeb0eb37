"""Routes of guardians, family service and concessions, at the counter."""

from yikatong.cards import service
from yikatong.cards.api.shapes import (
    ConcessionAnswer,
    ConcessionBody,
    ConcessionsAnswer,
    FamilyAnswer,
    GuardianAnswer,
    GuardianBody,
    RelativeAnswer,
    command,
    look,
)
from yikatong.cards.model import Reason, Resident, Terms, Vault
from yikatong.cards.service import LOOK, SCOPE
from yikatong.kernel.ids import show_id
from yikatong.plumbing.http import Call, ChangeAnswer, Route


class Families:
    """Handlers of the routes of families."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    async def _named(self, call: Call, shown_id: str) -> Resident:
        return await service.get_resident_for(call.conn, caller=call.by(), shown_id=shown_id, terms=self._terms)

    async def _looked_at(self, call: Call) -> Resident:
        return await service.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self._vault,
            terms=self._terms,
            now=call.now,
        )

    async def family(self, call: Call, body: None, query: None) -> FamilyAnswer:
        """Show guardians and family service."""
        resident = await self._looked_at(call)
        guardians = await service.list_guardians(call.conn, bucket=resident.bucket, resident_id=resident.id)
        members = await service.list_family(call.conn, bucket=resident.bucket, resident_id=resident.id)
        return FamilyAnswer(
            guardians=tuple(
                GuardianAnswer(guardian_id=show_id("resident", it.guardian_id), relation=it.relation)
                for it in guardians
            ),
            members=tuple(RelativeAnswer(member_id=show_id("resident", it.member_id), kind=it.kind) for it in members),
        )

    async def add_guardian(self, call: Call, body: GuardianBody, query: None) -> ChangeAnswer:
        """Record a guardian."""
        ward = await self._named(call, call.path["resident_id"])
        guardian = await self._named(call, body.guardian_id)
        change = await service.add_guardian(
            call.conn,
            bucket=ward.bucket,
            resident_id=ward.id,
            guardian_id=guardian.id,
            relation=body.relation,
            terms=self._terms,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        return ChangeAnswer(change=change)

    async def end_guardian(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """End a guardianship."""
        ward = await self._named(call, call.path["resident_id"])
        guardian = await self._named(call, call.path["guardian_id"])
        change = await service.end_guardian(
            call.conn, bucket=ward.bucket, resident_id=ward.id, guardian_id=guardian.id, now=call.now
        )
        return ChangeAnswer(change=change)

    async def concessions(self, call: Call, body: None, query: None) -> ConcessionsAnswer:
        """Show concessions."""
        resident = await self._looked_at(call)
        held = await service.list_concessions(call.conn, bucket=resident.bucket, resident_id=resident.id)
        return ConcessionsAnswer(
            concessions=tuple(
                ConcessionAnswer(class_=it.class_, granted_on=it.granted_on, valid_until=it.valid_until) for it in held
            )
        )

    async def grant(self, call: Call, body: ConcessionBody, query: None) -> ChangeAnswer:
        """Grant a concession."""
        resident = await self._named(call, call.path["resident_id"])
        change = await service.grant_concession(
            call.conn,
            bucket=resident.bucket,
            resident_id=resident.id,
            class_=body.class_,
            valid_until=body.valid_until,
            now=call.now,
        )
        return ChangeAnswer(change=change)

    async def end(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """End a concession."""
        resident = await self._named(call, call.path["resident_id"])
        change = await service.end_concession(
            call.conn,
            bucket=resident.bucket,
            resident_id=resident.id,
            class_=call.path["class_name"],
            now=call.now,
        )
        return ChangeAnswer(change=change)


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of families and concessions."""
    handlers = Families(terms=terms, vault=vault)
    one = "/v1/residents/{resident_id}"
    living = (*SCOPE, Reason.RESIDENT_IS_DECEASED, Reason.RESIDENT_HAS_LEFT)
    return (
        look(
            one + "/family",
            "view_family",
            "Show a resident's guardians and family service",
            "查看监护人与亲情服务成员",
            handle=handlers.family,
            answer=FamilyAnswer,
            reasons=LOOK,
        ),
        command(
            "POST",
            one + "/guardians",
            "add_guardian",
            "Record a minor's guardian",
            "登记监护人",
            handle=handlers.add_guardian,
            body=GuardianBody,
            permission="cards.families",
            reasons=(
                *living,
                Reason.RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY,
                Reason.PERSON_IS_ERASED,
                Reason.GUARDIAN_MUST_BE_ADULT,
                Reason.RESIDENT_IS_NOT_A_MINOR,
            ),
        ),
        command(
            "DELETE",
            one + "/guardians/{guardian_id}",
            "end_guardian",
            "End a guardianship",
            "解除监护关系",
            handle=handlers.end_guardian,
            permission="cards.families",
            reasons=SCOPE,
        ),
        look(
            one + "/concessions",
            "list_concessions",
            "Show a resident's concessions",
            "查看优待资格",
            handle=handlers.concessions,
            answer=ConcessionsAnswer,
            reasons=LOOK,
        ),
        command(
            "POST",
            one + "/concessions",
            "grant_concession",
            "Grant a concession, or change how long it holds",
            "授予优待资格",
            handle=handlers.grant,
            body=ConcessionBody,
            permission="cards.concessions",
            reasons=(*living, Reason.PERSONAL_FIELD_IS_NOT_VALID),
        ),
        command(
            "DELETE",
            one + "/concessions/{class_name}",
            "end_concession",
            "End a concession today",
            "终止优待资格",
            handle=handlers.end,
            permission="cards.concessions",
            reasons=(*SCOPE, Reason.CONCESSION_IS_NOT_KNOWN),
        ),
    )
