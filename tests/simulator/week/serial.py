"""A serial order that explains the week: what was committed, one after the other, against the reference in numbers.

The order is that of the commits. Whoever locks what they decide on can always be explained by it; an answer, a refusal
or a balance that cannot was decided on something that was no longer, or not yet, true.
"""

from datetime import datetime
from uuid import UUID

from tests.simulator.week.journal import Commanded, Entry, Late, Taken
from tests.simulator.week.office import ANSWERS, DECISIONS, GRANTS, STATES
from tests.simulator.week.plastic import BY_CHIP, CHIP_ENTRY
from tests.simulator.week.told import Told
from tests.stateful.deeds import Act, Sent
from tests.stateful.reference import Answer, Reference, Resident, Tap
from tests.support.world import NOON
from yikatong.kernel.outcomes import Refused
from yikatong.taps.counter.works import BankWork, ConfirmWork, ExpireWork, Refunded, RefundWork, Reversed, TapWork
from yikatong.taps.model import TapRow, WaitingRow
from yikatong.taps.receipts import decode_facts

_AHEAD_SECONDS = 300
_NOT_FORESEEN = {
    ("refused", "OFFLINE_CERTIFICATE_HAD_EXPIRED"),
    ("refused", "OFFLINE_CERTIFICATE_WAS_STOPPED"),
    ("disputed", "ALLOWANCE_WAS_OVER"),
}
"""These depend on certificates and instants that are looked at by a checker of their own."""
_GOOD_BEFORE_SECONDS, _GOOD_AFTER_SECONDS = 30, 90


class Serial(Reference):
    """The reference, told what was committed in the order of the commits."""

    def __init__(self, told: Told, residents: list[Resident], ids: list[UUID]) -> None:
        """`ids` are the residents', in their order."""
        super().__init__()
        self.residents = residents
        self._number_of = {resident_id: number for number, resident_id in enumerate(ids)}
        self.by_id: dict[UUID, Tap] = {}
        self._told = told
        self._taken_back: dict[UUID, str] = {}
        self._arrived_at = 0.0
        self._left_fen: dict[UUID, tuple[int, int]] = {}
        self._uploaded: dict[tuple[str, int], Answer] = {}
        self._said: dict[UUID, set[str]] = {}

    def explain(self, entry: Entry) -> str | None:
        """Go one entry further; says what should have come of it, where something else did."""
        # The reference counts whole seconds, the week parts of them too.
        self.now = _seconds(entry.decided_at)  # type: ignore[assignment]
        if isinstance(entry, Commanded):
            came: Answer = (entry.came_to,)
            should = self._commanded(entry)
        elif isinstance(entry, Late):
            came, should = _of_upload(entry), self._late(entry)
        else:
            self._arrived_at = _seconds(entry.arrived_at)
            came, should = _said(entry), self._taken(entry)
        return None if came == should else f"{_named(entry)} came to {came}, in this order it is {should}"

    def _dispute(self, entry: Commanded) -> Answer:
        """What was said before is said already; the answer that came last counts; a decision for the provider pays."""
        assert entry.made_id is not None
        said = self._said.setdefault(entry.made_id, set())
        if entry.what in said:
            return ("already",)
        if said & DECISIONS.keys():
            return ("no", "DISPUTE_IS_DECIDED")
        if entry.what in ANSWERS:
            said.difference_update(ANSWERS)
        if entry.what in DECISIONS and DECISIONS[entry.what] == "provider":
            if self.available(entry.resident, "purse") < entry.fen:
                return ("no", "BALANCE_IS_TOO_LOW")
            self.residents[entry.resident].money["purse"] -= entry.fen
            self.owed_fen += entry.fen
        said.add(entry.what)
        return ("done",)

    def _commanded(self, entry: Commanded) -> Answer:
        person = self.residents[entry.resident]
        if entry.what in (STATES, *ANSWERS, *DECISIONS):
            return self._dispute(entry)
        if entry.what in GRANTS:
            assert entry.made_id is not None
            is_covered = self.available(entry.resident, "purse") >= entry.fen
            self._left_fen[entry.made_id] = (entry.resident, entry.fen)
            return ("done",) if is_covered else ("no", "BALANCE_IS_TOO_LOW")
        if entry.what == "top up":
            person.money["purse"] += entry.fen
            return ("done",)
        if entry.what == "set limits":
            is_so = (person.limit_fen, person.day_limit_fen) == (entry.fen, 2 * entry.fen)
            person.limit_fen, person.day_limit_fen = entry.fen, 2 * entry.fen
            return ("already" if is_so else "done",)
        if entry.what == "release":
            is_so = not person.is_lost
            person.is_lost, person.is_suspended = False, person.is_suspended or person.is_lost
            return ("already" if is_so else "done",)
        flag = {"report lost": "is_lost", "associate": "is_suspended", "freeze": "is_frozen", "unfreeze": "is_frozen"}
        if entry.what not in flag:
            return ("done",)
        wanted = entry.what in ("report lost", "freeze")
        is_so = getattr(person, flag[entry.what]) is wanted
        setattr(person, flag[entry.what], wanted)
        return ("already" if is_so else "done",)

    def available(self, resident: int, source: str) -> int:
        """What an account could pay now, beside what is set aside for tills without a network."""
        aside_fen = sum(fen for whose, fen in self._left_fen.values() if whose == resident) if source == "purse" else 0
        return super().available(resident, source) - aside_fen

    def _late(self, entry: Late) -> Answer:
        """The same as before to the same upload; else out of its allowance, unless its code was used."""
        key = (entry.upload.memory, entry.upload.sequence)
        if key not in self._uploaded:
            self._uploaded[key] = self._first_late(entry)
            if entry.row.tap_id is not None:
                self.spent_codes.add(entry.sent.code)
        return self._uploaded[key]

    def _first_late(self, entry: Late) -> Answer:
        if (entry.upload.accepted_at - entry.decided_at).total_seconds() > _AHEAD_SECONDS:
            return ("refused", "UPLOAD_IS_FROM_THE_FUTURE")
        if entry.sent.code in self.spent_codes:
            return ("refused", "CODE_ALREADY_USED")
        if _of_upload(entry) in _NOT_FORESEEN:
            return _of_upload(entry)
        if entry.row.allowance_id is None:
            return ("posted", None) if entry.sent.fen == 0 else ("disputed", "ALLOWANCE_WAS_SPENT")
        whose, left_fen = self._left_fen[entry.row.allowance_id]
        if entry.sent.fen > left_fen:
            return ("disputed", "ALLOWANCE_WAS_SPENT")
        self._left_fen[entry.row.allowance_id] = (whose, left_fen - entry.sent.fen)
        self.residents[whose].money["purse"] -= entry.sent.fen
        self.owed_fen += entry.sent.fen
        return ("posted", None)

    def _taken(self, entry: Taken) -> Answer:
        work = entry.work
        if isinstance(work, TapWork):
            return self._take_tap(self._told.meant_by(work.terminal_id, work.body), work.tap_id)
        tap = self.by_id.get(work.tap_id)
        if isinstance(work, ConfirmWork):
            return self._take_confirmation(tap, work)
        if isinstance(work, BankWork):
            return self._take_bank(tap, work)
        if isinstance(work, ExpireWork):
            return self._take_deadline(tap)
        if isinstance(work, RefundWork):
            return self._take_refund(tap, work)
        return self._take_reversal(tap, work.tap_id)

    def _take_tap(self, sent: Sent, tap_id: UUID) -> Answer:
        earlier = self.requests.get((sent.till, sent.request))
        if earlier is not None:
            return _stands(earlier) if earlier.sent == sent else ("no", "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY")
        if sent.how == "answered" and sent.fen != sent.signed_fen:
            return ("no", "CODE_ANSWERS_ANOTHER_AMOUNT")
        tap = Tap(sent)
        tap.made_at = self.now
        if tap_id in self._taken_back:
            tap.is_reversed, tap.reason = True, "TAP_WAS_REVERSED"
        elif sent.code in self.spent_codes:
            tap.reason = "CODE_ALREADY_USED"
        else:
            self.spent_codes.add(sent.code)
            self._decide(tap)
        self.requests[sent.till, sent.request] = self.by_id[tap_id] = tap
        return _stands(tap)

    def _decide(self, tap: Tap) -> None:
        """As the reference, by the age that a code had when it came to the worker."""
        person = self.residents[tap.sent.resident]
        if self._arrived_at < tap.sent.signed_at - _GOOD_BEFORE_SECONDS:
            tap.reason = "CODE_IS_FROM_THE_FUTURE"
        elif self._arrived_at >= tap.sent.signed_at + _GOOD_AFTER_SECONDS:
            tap.reason = "CODE_IS_TOO_OLD"
        elif person.is_lost:
            tap.reason = "CARD_IS_TEMPORARILY_REPORTED_LOST"
        elif person.is_suspended and tap.sent.how not in BY_CHIP:
            tap.reason = "ECARD_IS_SUSPENDED"
        elif tap.sent.how in ("entry", CHIP_ENTRY):
            tap.outcome = "admitted"
        else:
            self._decide_payment(tap, person)

    def _take_confirmation(self, tap: Tap | None, work: ConfirmWork) -> Answer:
        if tap is None or self._number_of.get(work.resident_id) != tap.sent.resident:
            return ("no", "TAP_IS_UNKNOWN")
        said = Act("confirm", how="" if work.confirmation.amount_fen == tap.sent.fen else "wrong amount",
                   yes=work.confirmation.agreed)  # fmt: skip
        came = self._confirm(said, tap.sent)
        return _stands(came) if isinstance(came, Tap) else came

    def _take_bank(self, tap: Tap | None, work: BankWork) -> Answer:
        assert tap is not None
        if tap.is_at_the_bank:
            self._end_at_the_bank(tap, debited=work.debited)
        return _stands(tap)

    def _take_deadline(self, tap: Tap | None) -> Answer:
        assert tap is not None
        if tap.outcome == "waiting" and tap.deadline <= self.now:
            self._refuse(tap, "BANK_DID_NOT_ANSWER" if tap.is_at_the_bank else "CONFIRMATION_DID_NOT_COME")
        return _stands(tap)

    def _take_reversal(self, tap: Tap | None, tap_id: UUID) -> Answer:
        if tap_id in self._taken_back:
            return (self._taken_back[tap_id], True)
        found = "nothing" if tap is None else tap.outcome
        if tap is not None and found == "waiting":
            self._refuse(tap, "TAP_WAS_REVERSED")
        elif tap is not None and found == "admitted":
            self._give_back(tap, tap.sent.fen - sum(tap.refunds.values()))
        if tap is not None:
            tap.is_reversed = True
        self._taken_back[tap_id] = found
        return (found, False)

    def _take_refund(self, tap: Tap | None, work: RefundWork) -> Answer:
        if tap is None:
            return ("no", "TAP_IS_UNKNOWN")
        return self._refund(Act("refund", resident=work.refund_id.int, fen=work.amount_fen), tap.sent)


def _of_upload(entry: Late) -> Answer:
    return (entry.row.outcome.value, entry.row.reason)


def _seconds(at: datetime) -> float:
    return (at - NOON).total_seconds()


def _stands(tap: Tap) -> Answer:
    """What a tap comes to now; who was told of a benefit is no matter here."""
    return tap.receipt


def _said(entry: Taken) -> Answer:
    ended = entry.ended
    if isinstance(ended, Refused):
        return ("no", ended.reason.name)
    if isinstance(ended, Reversed):
        return (ended.found, ended.already)
    if isinstance(ended, Refunded):
        return (ended.left_fen,)
    if isinstance(ended, WaitingRow):
        return ("waiting", ended.waits_for)
    assert isinstance(ended, TapRow)
    parts = tuple((source.partition(":")[0], fen) for source, fen in decode_facts(ended.facts).parts)
    return ("admitted", None, parts) if ended.reason is None else ("refused", ended.reason, ())


def _named(entry: Entry) -> str:
    if isinstance(entry, Late):
        what = f"upload {entry.upload.sequence} of till {entry.sent.till}"
    else:
        what = entry.what if isinstance(entry, Commanded) else type(entry.work).__name__
    return f"{what} at {_seconds(entry.decided_at):.6f} s"
