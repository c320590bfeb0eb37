"""A terminal: it shows challenges, sends taps, takes them back, and brings to an end what a crash left open."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import Struct

from yikatong.client.answers import Who
from yikatong.client.calls import Calls
from yikatong.client.catalogue import Item, ItemsPage
from yikatong.client.connection import Connection, Request
from yikatong.client.evidence import OwnEvidence
from yikatong.client.journal import Entry, Journal, Kind
from yikatong.client.problems import (
    AnswerIsUnknown,
    Problem,
    RequestIsNotInTheJournal,
)
from yikatong.client.receipts import (
    Attested,
    ChallengeShown,
    Receipt,
    Refund,
    RefundRequest,
    Reversal,
    ServerTime,
    Statement,
    StatementFile,
    Tap,
    TapRequest,
)
from yikatong.client.sending import Begun, Sending, tap_of, tap_request
from yikatong.codes import service as codes
from yikatong.codes.model import Challenge
from yikatong.kernel.ids import ProviderId, TerminalId, read_id
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.plumbing.clock import Clock, SystemClock
from yikatong.trust.model import SigningKey

CHALLENGE_LIFE = timedelta(minutes=3)
_NONCE_BYTES = 8
_NAME_CHARS_MAX = 40


class TerminalIdentity(Struct, frozen=True, kw_only=True):
    """Who a terminal is, as it was registered; `provider_name` is what a wallet shows as the payee."""

    terminal: str
    region: str
    provider: str
    provider_name: str


class Recovered(Struct, frozen=True, kw_only=True):
    """What became of a request that stood open: its result, or why it was refused, or both None while it stays open."""

    kind: Kind
    request_id: str
    result: Tap | Reversal | Refund | None = None
    reason: str | None = None


class Terminal:
    """A terminal's side of the counter. One thread uses it at a time."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        *,
        identity: TerminalIdentity,
        signing_key: SigningKey,
        clock: Clock | None = None,
    ) -> None:
        """`journal` is the terminal's own, opened with its id as owner; `signing_key` signs challenges."""
        self._connection = connection
        self.evidence = OwnEvidence(Calls(connection))
        self._clock = clock or SystemClock()
        self._sending = Sending(connection, journal, clock=self._clock)
        self._journal = journal
        self._identity = identity
        self._terminal_id = TerminalId(read_id("terminal", identity.terminal))
        self._provider_id = ProviderId(read_id("provider", identity.provider))
        self._signing_key = signing_key
        self._clock_is_behind = timedelta()
        self._items: dict[str, Item] = {}

    @classmethod
    def open(
        cls,
        address: str,
        *,
        token: str,
        identity: TerminalIdentity,
        signing_key: SigningKey,
        journal_file: Path,
        journal_key: bytes,
        clock: Clock | None = None,
        **connection_parts: Any,
    ) -> Self:
        """A terminal with a connection and a journal of its own; raises as `Journal.open` and `Connection` do."""
        journal = Journal.open(journal_file, owner=identity.terminal, key=journal_key)
        try:
            connection = Connection(address, token=token, **connection_parts)
        except ValueError:
            journal.close()
            raise
        return cls(connection, journal, identity=identity, signing_key=signing_key, clock=clock)

    def challenge(
        self, item: str, amount_fen: int | None = None, *, life: timedelta = CHALLENGE_LIFE
    ) -> ChallengeShown:
        """Sign a challenge for a wallet to scan: what is asked, of whom, for which item of the list, until when.

        The item's number comes from the items read before; an item not among them is asked for once. `life` is at
        most 15 minutes. Raises ValueError for an amount out of bounds.
        """
        if amount_fen is not None and not 1 <= amount_fen <= AMOUNT_FEN_MAX:
            raise ValueError("an amount is at least one fen and at most the platform's largest")
        entry = self._items.get(item) or self.item(item)
        now = self._now()
        nonce = self._connection.ids.random_bytes(_NONCE_BYTES)
        challenge = Challenge(
            nonce=nonce,
            amount_fen=amount_fen or 0,
            payee_id=self._provider_id,
            item_number=entry.number,
            region=self._identity.region,
            terminal_id=self._terminal_id,
            payee_name=_short(self._identity.provider_name),
            item_name=_short(entry.name_zh),
            made_at=now,
            expires_at=now + life,
        )
        return ChallengeShown(codes.write_challenge(challenge, self._signing_key), nonce.hex())

    def tap(
        self,
        *,
        item: str,
        amount_fen: int | None = None,
        code: str | None = None,
        chip: str | None = None,
        attested: Attested | None = None,
        answers: str | None = None,
        learn: tuple[str, ...] = (),
        request_id: str | None = None,
    ) -> Tap:
        """Send one tap: exactly one of `code`, `chip` and `attested`; `answers` is the nonce of the challenge.

        The same `request_id` and content again gets the same answer. Raises ValueError for what the platform could
        not read; RequestIdIsTaken and JournalError before anything is sent; ServerIsAway when nothing was sent;
        AnswerIsUnknown when the tap may count, and then stands open in the journal.
        """
        body = TapRequest(
            request_id=request_id or self._connection.ids.new().hex,
            item=item,
            amount_fen=amount_fen,
            code=code,
            chip=chip,
            attested=attested,
            answers=answers,
            learn=learn,
        )
        return self._sending.tap(self._sending.begin(Kind.TAP, tap_request(body)))

    def poll(self, tap: str) -> Tap:
        """Ask how a tap stands, by its id; raises Problem for one that the platform does not know."""
        request = Request(method="GET", path=f"/v1/taps/{tap}", request_id=self._connection.ids.new().hex)
        receipt, answer = self._connection.settle(request, Receipt)
        found = tap_of(receipt)
        if found is None:
            raise AnswerIsUnknown(request_id=request.request_id, fault="the receipt lacks parts", server_is_away=False)
        entry = self._journal.find_tap(tap)
        if entry is not None and not entry.has_ended:
            self._sending.hear_tap(entry, found, answer=answer)
        return found

    def reverse(self, request_id: str) -> Reversal:
        """Take the tap of a request back, whether or not it ever arrived; a late original is then refused.

        Raises RequestIsNotInTheJournal, Problem when the platform refuses, and as `tap` does.
        """
        original = self._journal.find(Kind.TAP, request_id)
        if original is None:
            raise RequestIsNotInTheJournal(request_id)
        return self._sending.reverse(original)

    def reverse_tap(self, tap: str) -> Reversal:
        """Take a tap of this terminal back by its id; raises as `reverse` does."""
        original = self._journal.find_tap(tap)
        return self._sending.reverse_tap(tap) if original is None else self._sending.reverse(original)

    def refund(self, tap: str, amount_fen: int, *, request_id: str | None = None) -> Refund:
        """Give money back for an admitted tap, once per request id; raises Problem, and as `tap` does."""
        body = RefundRequest(request_id=request_id or self._connection.ids.new().hex, amount_fen=amount_fen)
        encoded = msgspec.json.encode(body)
        msgspec.json.decode(encoded, type=RefundRequest)
        request = Request(method="POST", path=f"/v1/taps/{tap}/refunds", request_id=body.request_id, body=encoded)
        return self._sending.refund(self._sending.begin(Kind.REFUND, request))

    def unfinished(self) -> list[Entry]:
        """The requests of which nobody knows how they ended, oldest first."""
        return self._journal.list_open()

    def journalled(self) -> list[Entry]:
        """Every request that compaction left in the journal, oldest first."""
        return self._journal.list_all()

    def recover(self, *, reverse_all: bool = False, reverse_older_than: timedelta | None = None) -> list[Recovered]:
        """Bring to an end what stands open; call it at every start, before the first tap.

        Each request is sent again as it was, so what the platform did is heard and not done twice. A tap is taken
        back instead when `reverse_all` is set or it is older than `reverse_older_than`: whoever stood there has paid
        another way. A tap that never arrived and whose code is still young is done by being sent again. Reversals go
        first, so that none of their originals is sent again before them. When the server is away the rest stays open.
        """
        recovered: list[Recovered] = []
        is_away = False
        for entry in self._in_order():
            if is_away:
                recovered.append(Recovered(kind=entry.kind, request_id=entry.request_id))
                continue
            is_old = reverse_older_than is not None and self._clock.now() - entry.made_at > reverse_older_than
            try:
                result = self._recover(entry, reverse=reverse_all or is_old)
                recovered.append(Recovered(kind=entry.kind, request_id=entry.request_id, result=result))
            except Problem as problem:
                recovered.append(Recovered(kind=entry.kind, request_id=entry.request_id, reason=problem.reason))
            except AnswerIsUnknown as unknown:
                is_away = unknown.server_is_away
                recovered.append(Recovered(kind=entry.kind, request_id=entry.request_id))
        return recovered

    def _in_order(self) -> Iterator[Entry]:
        """Open requests: reversals, then refunds, then the taps that are still open when those are done."""
        for kind in (Kind.REVERSAL, Kind.REFUND, Kind.TAP):
            yield from [entry for entry in self._journal.list_open() if entry.kind is kind]

    def _recover(self, entry: Entry, *, reverse: bool) -> Tap | Reversal | Refund:
        begun = Begun(entry, may_have_arrived=True)
        if entry.kind is Kind.REVERSAL:
            return self._sending.reversal(begun)
        if entry.kind is Kind.REFUND:
            return self._sending.refund(begun)
        if reverse:
            try:
                return self._sending.reverse(entry)
            except Problem:
                # What cannot be taken back, such as a code nobody can read, is asked how it stands.
                return self._sending.tap(begun)
        return self._sending.tap(begun)

    def statement(self, day: date) -> Statement:
        """The provider's statement of a Shanghai day; raises Problem."""
        return self._connection.ask(f"/v1/provider/statements/{day.isoformat()}", Statement)

    def statement_file(self, day: date) -> StatementFile:
        """The same as CSV text."""
        return self._connection.ask(f"/v1/provider/statements/{day.isoformat()}/csv", StatementFile)

    def items(self, *, search: str = "", scene: str | None = None, served: bool | None = None) -> tuple[Item, ...]:
        """The items that count in the terminal's region today, all pages; they are kept for `challenge`."""
        found: list[Item] = []
        after: str | None = ""
        while after is not None:
            query = {"region": self._identity.region, "search": search, "scene": scene, "served": served, "limit": 500}
            page = self._connection.ask("/v1/items", ItemsPage, query={**query, "after": after})
            found += page.items
            after = page.next_after
        self._items.update((item.code, item) for item in found)
        return tuple(found)

    def item(self, code: str) -> Item:
        """One item that counts in the terminal's region today; raises Problem."""
        item = self._connection.ask(f"/v1/items/{code}", Item, query={"region": self._identity.region})
        self._items[code] = item
        return item

    def server_time(self) -> datetime:
        """The platform's time; challenges are dated by it from then on."""
        began = self._clock.now()
        said = self._connection.ask("/v1/time", ServerTime)
        now = said.now.astimezone(UTC)
        self._clock_is_behind = now - (began + (self._clock.now() - began) / 2)
        return now

    def who_am_i(self) -> Who:
        """As whom the platform knows this terminal; raises Problem."""
        return self._connection.ask("/v1/whoami", Who)

    def compact(self, *, keep: timedelta = timedelta(days=30)) -> int:
        """Drop ended requests older than `keep` from the journal; how many there were."""
        return self._journal.compact(before=self._clock.now() - keep)

    def close(self) -> None:
        """Close connection and journal."""
        self._connection.close()
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Terminal({self._identity.terminal!r})"

    def _now(self) -> datetime:
        return self._clock.now() + self._clock_is_behind


def _short(name: str) -> str:
    """A name as a challenge may carry it: printable, and of bounded length."""
    return "".join(letter for letter in name if letter.isprintable())[:_NAME_CHARS_MAX]
