"""Sending under a journal: a request is written, sent until its answer settles it, and its end is written."""

import logging
from typing import NamedTuple, TypeVar

import msgspec

from yikatong.client.connection import (
    TAPS,
    Connection,
    Heard,
    Request,
    find_problem,
    find_value,
    says_no,
)
from yikatong.client.journal import Entry, Journal, Kind
from yikatong.client.problems import JournalError, Problem, ServerIsAway
from yikatong.client.receipts import (
    Admitted,
    Outcome,
    Receipt,
    Refund,
    Refused,
    Reversal,
    ReversalRequest,
    Tap,
    TapRequest,
    Waiting,
)
from yikatong.plumbing.clock import Clock

DONE = "done"
NOT_SENT = "not_sent"
SENT_AGAIN = "sent_again"
REVERSED = "reversed"
REVERSALS = "/v1/reversals"

T = TypeVar("T")
log = logging.getLogger("yikatong.client")


class Begun(NamedTuple):
    """A request on disk, about to be sent; `may_have_arrived` when it may have been sent before."""

    entry: Entry
    may_have_arrived: bool


class Sending:
    """The ways a terminal sends what must be done at most once."""

    def __init__(self, connection: Connection, journal: Journal, *, clock: Clock) -> None:
        """Nothing is sent yet."""
        self._connection = connection
        self.journal = journal
        self._clock = clock

    def begin(self, kind: Kind, request: Request) -> Begun:
        """Put a request into the journal; one that ended stands open again, so that a crash finds it so.

        Raises RequestIdIsTaken for another content, JournalError when the disk fails; nothing is sent then.
        """
        standing = self.journal.find(kind, request.request_id)
        content = msgspec.msgpack.encode(request)
        entry = self.journal.begin(kind, request.request_id, content=content, made_at=self._clock.now())
        if standing is None:
            return Begun(entry, may_have_arrived=False)
        if standing.has_ended:
            self.journal.hear(entry, outcome=SENT_AGAIN, answer=b"", seen_at=self._clock.now(), ends=False)
        # What ended without a tap and undone was refused or never sent, so nothing of it can have happened.
        may_have_arrived = not standing.has_ended or standing.tap is not None or standing.outcome == DONE
        return Begun(entry, may_have_arrived=may_have_arrived)

    def tap(self, begun: Begun) -> Tap:
        """Send a tap; raises AnswerIsUnknown with the entry left open, ServerIsAway with the entry ended."""
        entry, request = begun.entry, read_request(begun.entry)

        def read(heard: Heard, arrived_before: bool) -> tuple[Tap, bytes] | None:
            tap = read_tap(heard, request, arrived_before=arrived_before)
            return None if tap is None else (tap, heard.content)

        try:
            tap, answer = self._connection.exchange(request, read, may_have_arrived=begun.may_have_arrived)
        except ServerIsAway:
            self._hear(entry, outcome=NOT_SENT, answer=b"")
            raise
        self.hear_tap(entry, tap, answer=answer)
        return tap

    def hear_tap(self, entry: Entry, tap: Tap, *, answer: bytes) -> None:
        """Write how a tap stands; one that waits stays open."""
        tap_id = None if tap.receipt is None else tap.receipt.tap
        self._hear(entry, outcome=_outcome_of(tap), answer=answer, tap=tap_id, ends=not isinstance(tap, Waiting))

    def reverse(self, original: Entry) -> Reversal:
        """Take a tap of the journal back, arrived or not.

        An operator's word cannot be shown again to a reversal, so an attested tap without an id is first sent again
        to learn how it stands. Raises Problem when the platform refuses the reversal; the original then stands as
        it was.
        """
        body = read_body(original)
        if original.tap is None and body.attested is not None:
            tap = self.tap(Begun(original, may_have_arrived=True))
            if tap.receipt is None:
                return Reversal(tap=None, found=Outcome.REFUSED.value, already=False)
            return self._reverse(original.request_id, _by_id(original.request_id, tap.receipt.tap))
        if original.tap is not None:
            return self._reverse(original.request_id, _by_id(original.request_id, original.tap))
        return self._reverse(original.request_id, by_presentation(body))

    def reverse_tap(self, tap: str) -> Reversal:
        """Take a tap back that the journal does not have, by its id."""
        return self._reverse(tap, _by_id(tap, tap))

    def _reverse(self, request_id: str, body: ReversalRequest) -> Reversal:
        standing = self.journal.find(Kind.REVERSAL, request_id)
        request = Request(method="POST", path=REVERSALS, request_id=request_id, body=msgspec.json.encode(body))
        # One that was begun stays as it was begun: which of the two ways names the tap makes no difference.
        return self.reversal(self.begin(Kind.REVERSAL, request if standing is None else read_request(standing)))

    def reversal(self, begun: Begun) -> Reversal:
        """Send a reversal; its answer ends the original too."""
        done, answer = self._settle(begun, Reversal)
        original = self.journal.find(Kind.TAP, begun.entry.request_id)
        entries = (begun.entry,) if original is None else (begun.entry, original)
        self._hear(*entries, outcome=REVERSED, answer=answer, tap=done.tap)
        return done

    def refund(self, begun: Begun) -> Refund:
        """Send a refund; raises Problem when the platform refuses it."""
        done, answer = self._settle(begun, Refund)
        self._hear(begun.entry, outcome=done.refund, answer=answer, tap=done.tap)
        return done

    def command(self, begun: Begun, of_type: type[T]) -> T:
        """Send a command with its key; raises Problem when the platform refuses it."""
        done, answer = self._settle(begun, of_type)
        self._hear(begun.entry, outcome=DONE, answer=answer)
        return done

    def _settle(self, begun: Begun, of_type: type[T]) -> tuple[T, bytes]:
        """Send what is answered by one type or a problem; a problem and a server that is away end the entry."""
        entry, request = begun.entry, read_request(begun.entry)
        try:
            return self._connection.settle(request, of_type, may_have_arrived=begun.may_have_arrived)
        except Problem as problem:
            self._hear(entry, outcome=problem.reason, answer=b"")
            raise
        except ServerIsAway:
            self._hear(entry, outcome=NOT_SENT, answer=b"")
            raise

    def _hear(self, *entries: Entry, outcome: str, answer: bytes, tap: str | None = None, ends: bool = True) -> None:
        """Write what was heard. A disk that fails now must not hide an answer: the entry stays open, for `recover`."""
        try:
            self.journal.hear(*entries, outcome=outcome, answer=answer, seen_at=self._clock.now(), tap=tap, ends=ends)
        except JournalError:
            log.exception("the end of %s could not be journalled", entries[0].request_id)


def read_request(entry: Entry) -> Request:
    """The request that an entry holds."""
    return msgspec.msgpack.decode(entry.content, type=Request)


def read_body(entry: Entry) -> TapRequest:
    """The tap that an entry holds."""
    return msgspec.json.decode(read_request(entry).body or b"", type=TapRequest)


def read_tap(heard: Heard, request: Request, *, arrived_before: bool) -> Tap | None:
    """What an answer says of a tap; None when it settles nothing.

    An answer with this request's receipt settles it, whatever its status; a refusal without one as `says_no` judges.
    """
    details = find_problem(heard)
    if details is None:
        receipt = find_value(heard, Receipt) if heard.status < 300 else None
        return None if receipt is None or receipt.request_id != request.request_id else tap_of(receipt)
    if details.receipt is not None:
        return tap_of(details.receipt) if details.receipt.request_id == request.request_id else None
    if not says_no(details, request, arrived_before=arrived_before):
        return None
    return Refused(
        request_id=request.request_id, reason=details.reason, says=details.says, remedy=details.remedy, receipt=None
    )


def tap_of(receipt: Receipt) -> Tap | None:
    """How a tap stands by its receipt; None for a receipt that lacks what its outcome needs."""
    request_id = receipt.request_id
    if receipt.outcome is Outcome.ADMITTED:
        return Admitted(request_id=request_id, receipt=receipt)
    if receipt.outcome is Outcome.WAITING:
        if receipt.waits_for is None or receipt.deadline_at is None:
            return None
        return Waiting(
            request_id=request_id,
            tap=receipt.tap,
            waits_for=receipt.waits_for,
            deadline_at=receipt.deadline_at,
            receipt=receipt,
        )
    if receipt.reason is None or receipt.says is None or receipt.remedy is None:
        return None
    return Refused(
        request_id=request_id, reason=receipt.reason, says=receipt.says, remedy=receipt.remedy, receipt=receipt
    )


def _outcome_of(tap: Tap) -> str:
    if isinstance(tap, Refused):
        return tap.reason
    return Outcome.ADMITTED.value if isinstance(tap, Admitted) else Outcome.WAITING.value


def _by_id(request_id: str, tap: str) -> ReversalRequest:
    return ReversalRequest(request_id=request_id, tap=tap)


def by_presentation(tap: TapRequest) -> ReversalRequest:
    """A reversal that names its tap by what was presented."""
    return ReversalRequest(
        request_id=tap.request_id,
        code=tap.code,
        chip=tap.chip,
        answers=tap.answers,
        item=tap.item,
        amount_fen=tap.amount_fen or 0,
    )


def tap_request(body: TapRequest) -> Request:
    """A tap as it goes over the wire. Raises ValueError for what the platform could not even read.

    The platform tells a repetition by the bytes of the body, so they are made once and kept.
    """
    if sum(part is not None for part in (body.code, body.chip, body.attested)) != 1:
        raise ValueError("exactly one of code, chip and attested")
    encoded = msgspec.json.encode(body)
    msgspec.json.decode(encoded, type=TapRequest)
    return Request(method="POST", path=TAPS, request_id=body.request_id, body=encoded)
