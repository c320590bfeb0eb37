"""Rosters as departments work on them: who is to be paid what, checked and made public before anybody is."""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from yikatong.client.answers import Changed
from yikatong.client.calls import Calls
from yikatong.client.payouts import Batch


class Roster(Struct, frozen=True, kw_only=True):
    """A roster as it stands; `clear_fen` is what can be paid of `amount_fen`."""

    roster_id: str
    division: str
    scheme: str
    period: str
    title: str
    once_per: str
    state: str
    line_count: int
    amount_fen: int
    clear_count: int
    clear_fen: int
    batch_id: str | None
    public_from: date | None
    public_until: date | None


class Rosters(Struct, frozen=True, kw_only=True):
    """Rosters, the newest first."""

    rosters: tuple[Roster, ...]


class Entry(Struct, frozen=True, kw_only=True):
    """A person to be paid, and what for: `reference` is a UUID of yours. A `name` is compared and not kept."""

    resident_id: str
    reference: str
    amount_fen: int
    name: str | None = None


class Added(Struct, frozen=True, kw_only=True):
    """How many lines came in, and how many were there before."""

    added_count: int
    already_count: int


class Checked(Struct, frozen=True, kw_only=True):
    """What a check found: lines that can be paid, and those that are held, by what was found."""

    clear_count: int
    clear_fen: int
    held: dict[str, int]


class Work(Struct, frozen=True, kw_only=True):
    """How far the work on a large roster is: `open` until `done`, or `dropped` when the roster changed meanwhile."""

    roster_id: str
    kind: str
    state: str
    done_count: int
    line_count: int
    clear_count: int
    clear_fen: int
    held: dict[str, int]
    asked_at: datetime
    ended_at: datetime | None


class RosterLine(Struct, frozen=True, kw_only=True):
    """A line, with what was found against it."""

    line: int
    resident_id: str
    reference: str
    amount_fen: int
    state: str
    finding: str | None


class RosterLines(Struct, frozen=True, kw_only=True):
    """Lines in their order."""

    lines: tuple[RosterLine, ...]


class PublicLine(Struct, frozen=True, kw_only=True):
    """A line as everybody may read it, with a masked name."""

    line: int
    name: str
    division: str
    amount_fen: int


class PublicLines(Struct, frozen=True, kw_only=True):
    """What is put up in public."""

    lines: tuple[PublicLine, ...]


class Objection(Struct, frozen=True, kw_only=True):
    """An objection: `open`, then `upheld` or `dismissed`."""

    objection_id: str
    line: int
    ground: str
    state: str


class Objections(Struct, frozen=True, kw_only=True):
    """Objections in the order they were made."""

    objections: tuple[Objection, ...]


class RosterCalls:
    """What an operator asks about rosters. Looks at people's lines say their `purpose`."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def open(
        self, *, division: str, scheme: str, period: str, title: str, budget: str, once_per: str = "person"
    ) -> Roster:
        """Open a roster; `once_per` says whether a person or a `reference` is paid once."""
        body = {
            "division": division,
            "scheme": scheme,
            "period": period,
            "title": title,
            "budget": budget,
            "once_per": once_per,
        }
        return self._calls.command("POST", "/v1/rosters", Roster, body=body)

    def list(self, *, limit: int = 50) -> Rosters:
        """Rosters of the operator's places."""
        return self._calls.ask("/v1/rosters", Rosters, limit=limit)

    def get(self, roster_id: str) -> Roster:
        """A roster."""
        return self._calls.ask(f"/v1/rosters/{roster_id}", Roster)

    def add(self, roster_id: str, lines: Sequence[Entry]) -> Added:
        """Add up to 2,000 lines, all or none; the same lines again change nothing."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/lines", Added, body={"lines": list(lines)})

    def list_lines(self, roster_id: str, *, purpose: str, after: int = 0, limit: int = 100) -> RosterLines:
        """Lines after one, with what was found."""
        path = f"/v1/rosters/{roster_id}/lines"
        return self._calls.ask(path, RosterLines, purpose=purpose, after=after, limit=limit)

    def remove(self, roster_id: str, line: int) -> Changed:
        """Take a line off."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/lines/remove", Changed, body={"line": line})

    def check(self, roster_id: str) -> Checked:
        """Check everybody on a roster of at most 100,000 lines."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/check", Checked)

    def begin_check(self, roster_id: str) -> Work:
        """Begin to check a roster of any length; `get_work` says how far it is."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/check/begin", Work)

    def get_work(self, roster_id: str) -> Work:
        """How far the last work on a roster is."""
        return self._calls.ask(f"/v1/rosters/{roster_id}/work", Work)

    def publish(self, roster_id: str, *, until: date | None = None) -> Roster:
        """Make a checked roster public, until a day (exclusive) or for seven working days; not by who opened it."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/publish", Roster, body={"until": until})

    def list_public(self, roster_id: str, *, purpose: str, after: int = 0, limit: int = 100) -> PublicLines:
        """What is put up in public."""
        path = f"/v1/rosters/{roster_id}/public"
        return self._calls.ask(path, PublicLines, purpose=purpose, after=after, limit=limit)

    def object(self, roster_id: str, *, line: int, ground: str) -> Objection:
        """Note an objection against a line while its roster is public."""
        body = {"line": line, "ground": ground}
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/objections", Objection, body=body)

    def list_objections(self, roster_id: str) -> Objections:
        """Every objection against a roster."""
        return self._calls.ask(f"/v1/rosters/{roster_id}/objections", Objections)

    def decide(self, roster_id: str, objection_id: str, *, upheld: bool) -> Changed:
        """Uphold an objection, which takes its line off, or dismiss it."""
        path = f"/v1/rosters/{roster_id}/objections/{objection_id}/decide"
        return self._calls.command("POST", path, Changed, body={"upheld": upheld})

    def finalise(self, roster_id: str) -> Roster:
        """Make a roster final when its public term is over; not by who opened it."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/finalise", Roster)

    def withdraw(self, roster_id: str) -> Changed:
        """Give up a roster that has no batch."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/withdraw", Changed)

    def issue(self, roster_id: str) -> Batch:
        """Issue the batch of a final roster of at most 100,000 lines."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/batch", Batch)

    def begin_issue(self, roster_id: str) -> Work:
        """Begin to issue the batch of a final roster of any length."""
        return self._calls.command("POST", f"/v1/rosters/{roster_id}/batch/begin", Work)
