"""Routes of rosters: opened and filled by clerks, reviewed by another person, public for a term."""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.access import service as access
from yikatong.cards.model import Reason as CardsReason
from yikatong.cards.model import Terms, Vault
from yikatong.kernel.ids import ResidentId, show_id
from yikatong.payouts import service
from yikatong.payouts.api.shapes import (
    SCOPE,
    BatchAnswer,
    DecisionBody,
    EntriesBody,
    LineBody,
    LinesQuery,
    ObjectionBody,
    PageQuery,
    PublishBody,
    RosterAnswer,
    RosterBody,
    RosterLineAnswer,
    budget_for,
    get_roster_for,
    operator_route,
    show_batch,
    show_roster,
    show_roster_line,
)
from yikatong.payouts.model import NewRoster, Objection, PublicLine, Reason, RosterEntry
from yikatong.plumbing.http import Call, ChangeAnswer, Route, read_or_refuse

ENTRIES_BYTES_MAX = 1_048_576


class RostersAnswer(Struct, frozen=True, kw_only=True):
    """Rosters, the newest first."""

    rosters: tuple[RosterAnswer, ...]


class AddedAnswer(Struct, frozen=True, kw_only=True):
    """How many lines came in, and how many were there before."""

    added_count: int
    already_count: int


class CheckedAnswer(Struct, frozen=True, kw_only=True):
    """What a check found."""

    clear_count: int
    clear_fen: int
    held: Annotated[dict[str, int], Meta(description="lines that are held, by what was found")]


class RosterLinesAnswer(Struct, frozen=True, kw_only=True):
    """Lines in their order."""

    lines: tuple[RosterLineAnswer, ...]


class PublicLinesAnswer(Struct, frozen=True, kw_only=True):
    """Lines as everybody may read them: masked names, no numbers, no accounts."""

    lines: tuple[PublicLine, ...]


class ObjectionAnswer(Struct, frozen=True, kw_only=True):
    """An objection."""

    objection_id: str
    line: int
    ground: str
    state: str


class ObjectionsAnswer(Struct, frozen=True, kw_only=True):
    """Objections in the order they were made."""

    objections: tuple[ObjectionAnswer, ...]


class Rosters:
    """Handlers of the routes of rosters."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    @property
    def _bucket_count(self) -> int:
        return self._terms.bucket_count

    async def open(self, call: Call, body: RosterBody, query: None) -> RosterAnswer:
        """Open a roster in one of the caller's places."""
        access.verify_division(call.by(), division=body.division)
        new = NewRoster(
            region=call.by().region,
            division=body.division,
            scheme=body.scheme,
            period=body.period,
            title=body.title,
            budget=budget_for(call, body.budget),
            once_per=body.once_per,
        )
        return show_roster(await service.open_roster(call.conn, new=new, by=call.by().id, now=call.now, ids=call.ids))

    async def list(self, call: Call, body: None, query: PageQuery) -> RostersAnswer:
        """List rosters of the caller's places."""
        found = await service.list_rosters(
            call.conn, region=call.by().region, divisions=call.by().divisions, limit=query.limit
        )
        return RostersAnswer(rosters=tuple(show_roster(roster) for roster in found))

    async def view(self, call: Call, body: None, query: None) -> RosterAnswer:
        """Show a roster."""
        return show_roster(await get_roster_for(call))

    async def add(self, call: Call, body: EntriesBody, query: None) -> AddedAnswer:
        """Add lines, all or none."""
        roster = await get_roster_for(call)
        entries = [
            RosterEntry(
                resident_id=ResidentId(
                    read_or_refuse("resident", one.resident_id, reason=CardsReason.RESIDENT_IS_NOT_KNOWN)
                ),
                reference=one.reference,
                amount_fen=one.amount_fen,
                name=one.name,
            )
            for one in body.lines
        ]
        added = await service.add_lines(
            call.conn,
            roster_id=roster.id,
            entries=entries,
            by=call.by().id,
            bucket_count=self._bucket_count,
            vault=self._vault,
        )
        return AddedAnswer(added_count=added.added_count, already_count=added.already_count)

    async def lines(self, call: Call, body: None, query: LinesQuery) -> RosterLinesAnswer:
        """Show lines with what was found; each person was looked at."""
        roster = await get_roster_for(call)
        found = await service.list_roster_lines(
            call.conn, roster_id=roster.id, after=query.after, limit=query.limit, bucket_count=self._bucket_count
        )
        call.concerns(*(line.resident_id for line in found))
        return RosterLinesAnswer(lines=tuple(show_roster_line(line) for line in found))

    async def remove(self, call: Call, body: LineBody, query: None) -> ChangeAnswer:
        """Take a line off."""
        roster = await get_roster_for(call)
        change = await service.remove_line(
            call.conn,
            roster_id=roster.id,
            line=body.line,
            by=call.by().id,
            now=call.now,
            ids=call.ids,
            bucket_count=self._bucket_count,
        )
        return ChangeAnswer(change=change)

    async def check(self, call: Call, body: None, query: None) -> CheckedAnswer:
        """Check everybody."""
        roster = service.verify_fits_request(await get_roster_for(call))
        checked = await service.examine_roster(
            call.conn, roster_id=roster.id, by=call.by().id, now=call.now, bucket_count=self._bucket_count
        )
        return CheckedAnswer(clear_count=checked.clear_count, clear_fen=checked.clear_fen, held=checked.held)

    async def publish(self, call: Call, body: PublishBody, query: None) -> RosterAnswer:
        """Make a checked roster public."""
        roster = await get_roster_for(call)
        return show_roster(
            await service.publish_roster(
                call.conn, roster_id=roster.id, by=call.by().id, now=call.now, ids=call.ids, until=body.until
            )
        )

    async def public(self, call: Call, body: None, query: LinesQuery) -> PublicLinesAnswer:
        """Show what is put up in the village and on the page."""
        roster = await get_roster_for(call)
        lines, residents = await service.list_public_lines(
            call.conn,
            roster_id=roster.id,
            after=query.after,
            limit=query.limit,
            vault=self._vault,
            bucket_count=self._bucket_count,
        )
        call.concerns(*residents)
        return PublicLinesAnswer(lines=tuple(lines))

    async def object(self, call: Call, body: ObjectionBody, query: None) -> ObjectionAnswer:
        """Note an objection."""
        roster = await get_roster_for(call)
        objection = await service.object_to_line(
            call.conn,
            roster_id=roster.id,
            line=body.line,
            ground=body.ground,
            by=call.by().id,
            now=call.now,
            ids=call.ids,
            bucket_count=self._bucket_count,
        )
        return _show_objection(objection)

    async def objections(self, call: Call, body: None, query: None) -> ObjectionsAnswer:
        """List objections."""
        roster = await get_roster_for(call)
        found = await service.list_objections(call.conn, roster_id=roster.id, bucket_count=self._bucket_count)
        return ObjectionsAnswer(objections=tuple(_show_objection(one) for one in found))

    async def decide(self, call: Call, body: DecisionBody, query: None) -> ChangeAnswer:
        """Decide an objection."""
        roster = await get_roster_for(call)
        objection_id = read_or_refuse("objection", call.path["objection_id"], reason=Reason.OBJECTION_IS_UNKNOWN)
        change = await service.decide_objection(
            call.conn,
            roster_id=roster.id,
            objection_id=objection_id,
            is_upheld=body.upheld,
            by=call.by().id,
            now=call.now,
            ids=call.ids,
            bucket_count=self._bucket_count,
        )
        return ChangeAnswer(change=change)

    async def finalise(self, call: Call, body: None, query: None) -> RosterAnswer:
        """Make a roster final."""
        roster = await get_roster_for(call)
        return show_roster(
            await service.finalise_roster(
                call.conn,
                roster_id=roster.id,
                by=call.by().id,
                now=call.now,
                ids=call.ids,
                bucket_count=self._bucket_count,
            )
        )

    async def withdraw(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Give a roster up."""
        roster = await get_roster_for(call)
        change = await service.withdraw_roster(
            call.conn,
            roster_id=roster.id,
            by=call.by().id,
            now=call.now,
            ids=call.ids,
            bucket_count=self._bucket_count,
        )
        return ChangeAnswer(change=change)

    async def issue(self, call: Call, body: None, query: None) -> BatchAnswer:
        """Issue the batch of a final roster."""
        roster = service.verify_fits_request(await get_roster_for(call))
        return show_batch(
            await service.issue_batch(
                call.conn,
                roster_id=roster.id,
                by=call.by().id,
                now=call.now,
                ids=call.ids,
                bucket_count=self._bucket_count,
            )
        )


def _show_objection(objection: Objection) -> ObjectionAnswer:
    return ObjectionAnswer(
        objection_id=show_id("objection", objection.id),
        line=objection.line,
        ground=objection.ground.value,
        state=objection.state.value,
    )


_MOVED = (Reason.ROSTER_IS_UNKNOWN, *SCOPE, Reason.ROSTER_IS_IN_ANOTHER_STATE)
_ONE = "/v1/rosters/{roster_id}"


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of rosters."""
    rosters = Rosters(terms=terms, vault=vault)
    enter = partial(operator_route, permission="enter")
    review = partial(operator_route, permission="review")
    read = partial(operator_route, permission="read")
    known = (Reason.ROSTER_IS_UNKNOWN, *SCOPE)
    return (
        enter("POST", "/v1/rosters", "open_roster", "Open a roster of people to be paid", "新建花名册", rosters.open,
              body=RosterBody, answer=RosterAnswer, reasons=SCOPE),
        read("GET", "/v1/rosters", "list_rosters", "List rosters", "列出花名册", rosters.list,
             query=PageQuery, answer=RostersAnswer, reasons=()),
        read("GET", _ONE, "get_roster", "Show a roster", "查看花名册", rosters.view,
             answer=RosterAnswer, reasons=known),
        enter("POST", f"{_ONE}/lines", "add_lines", "Add people to a roster, all or none", "录入花名册人员",
              rosters.add, body=EntriesBody, answer=AddedAnswer, body_bytes_max=ENTRIES_BYTES_MAX,
              reasons=(*_MOVED, CardsReason.RESIDENT_IS_NOT_KNOWN, Reason.ROSTER_HAS_TOO_MANY_LINES,
                       Reason.ROSTER_REFERENCE_IS_USED)),
        read("GET", f"{_ONE}/lines", "list_lines", "Show lines of a roster with what was found", "查看花名册明细",
             rosters.lines, query=LinesQuery, answer=RosterLinesAnswer, looks=True, reasons=known),
        enter("POST", f"{_ONE}/lines/remove", "remove_line", "Take a line off a roster", "移除花名册人员",
              rosters.remove, body=LineBody, answer=ChangeAnswer, reasons=(*_MOVED, Reason.ROSTER_LINE_IS_UNKNOWN)),
        enter("POST", f"{_ONE}/check", "check_roster", "Check everybody on a roster", "核查花名册", rosters.check,
              answer=CheckedAnswer,
              reasons=(*_MOVED, Reason.ROSTER_IS_TOO_LARGE_FOR_A_REQUEST, Reason.ROSTER_HAS_NO_LINES)),
        review("POST", f"{_ONE}/publish", "publish_roster", "Make a checked roster public", "公示花名册",
               rosters.publish, body=PublishBody, answer=RosterAnswer,
               reasons=(*_MOVED, Reason.ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON, Reason.ROSTER_HAS_NO_LINES,
                        Reason.ROSTER_HAS_NOBODY_TO_PAY, Reason.PUBLICITY_TERM_IS_TOO_SHORT)),
        read("GET", f"{_ONE}/public", "list_public_lines", "Show what is put up in public", "查看公示内容",
             rosters.public, query=LinesQuery, answer=PublicLinesAnswer, looks=True, reasons=_MOVED),
        enter("POST", f"{_ONE}/objections", "object_to_line", "Note an objection against a line", "登记异议",
              rosters.object, body=ObjectionBody, answer=ObjectionAnswer,
              reasons=(*_MOVED, Reason.PUBLICITY_TERM_HAS_ENDED, Reason.ROSTER_LINE_IS_UNKNOWN)),
        read("GET", f"{_ONE}/objections", "list_objections", "List objections", "列出异议", rosters.objections,
             answer=ObjectionsAnswer, reasons=known),
        review("POST", f"{_ONE}/objections/{{objection_id}}/decide", "decide_objection", "Decide an objection",
               "处理异议", rosters.decide, body=DecisionBody, answer=ChangeAnswer,
               reasons=(*_MOVED, Reason.OBJECTION_IS_UNKNOWN, Reason.OBJECTION_IS_DECIDED,
                        Reason.ROSTER_LINE_IS_UNKNOWN)),
        review("POST", f"{_ONE}/finalise", "finalise_roster", "Make a roster final after its public term",
               "公示期满定稿", rosters.finalise, answer=RosterAnswer,
               reasons=(*_MOVED, Reason.ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON, Reason.PUBLICITY_TERM_HAS_NOT_ENDED,
                        Reason.OBJECTION_IS_OPEN, Reason.ROSTER_HAS_NO_LINES, Reason.ROSTER_HAS_NOBODY_TO_PAY)),
        enter("POST", f"{_ONE}/withdraw", "withdraw_roster", "Give up a roster without a batch", "撤回花名册",
              rosters.withdraw, answer=ChangeAnswer, reasons=_MOVED),
        operator_route("POST", f"{_ONE}/batch", "issue_batch", "Issue the batch of a final roster", "生成发放批次",
                       rosters.issue, permission="pay", answer=BatchAnswer,
                       reasons=(*_MOVED, Reason.PAYOUT_BATCH_IS_UNKNOWN, Reason.ROSTER_IS_TOO_LARGE_FOR_A_REQUEST)),
    )  # fmt: skip
