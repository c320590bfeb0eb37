"""The reference: what taps come to, said in dictionaries and whole numbers, one deed after the other.

A deed that asks a bank comes in two parts, the wait and the bank's answer; whatever happens at the same time may come
before, between or after them.
"""

from copy import deepcopy
from typing import Any

from tests.stateful.deeds import MEALS_FEN, PURSE_FEN, RESIDENTS, Act, Sent

Answer = tuple[Any, ...]

_MEALS, _PURSE, _BANK = "benefit:elder-meal", "purse", "bank"
_ITEM_MAX_FEN, _CONFIRM_ABOVE_FEN = 20_000, 10_000
_CODE_SECONDS = 90
_CONFIRM_SECONDS, _BANK_SECONDS, _GRACE_SECONDS = 120, 60, 600
_BANK_LATE_SECONDS = 15
_RECEIVABLE_LIMIT_FEN = 100_000
_NOON_SECONDS, _DAY_SECONDS = 12 * 3_600, 86_400


class Tap:
    """A tap that ended or waits."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self.outcome = "refused"
        self.reason: str | None = None
        self.parts: list[tuple[str, int]] = []
        self.waits_for: str | None = None
        self.deadline = self.made_at = self.held_until = 0
        self.counted_on: int | None = None
        self.refunds: dict[int, int] = {}
        self.is_reversed = False

    @property
    def receipt(self) -> Answer:
        """What a terminal is told: that a benefit paid, never which; and of what was taken back, that it was."""
        if self.outcome == "waiting":
            return ("waiting", self.waits_for)
        if self.outcome == "admitted" and self.is_reversed:
            return ("refused", "TAP_WAS_REVERSED", ())
        paid = (
            tuple((source.partition(":")[0], fen) for source, fen in self.parts) if self.outcome == "admitted" else ()
        )
        return (self.outcome, self.reason, paid)

    @property
    def is_at_the_bank(self) -> bool:
        """Whether it waits for a bank."""
        return self.outcome == "waiting" and self.waits_for == _BANK

    def held_of(self, source: str, now: int) -> int:
        """What it sets aside of one of its resident's accounts."""
        if self.outcome != "waiting" or self.held_until <= now:
            return 0
        return sum(fen for of, fen in self.parts if of == source)


class Resident:
    """What the house knows of one resident."""

    def __init__(self, *, has_bank: bool) -> None:
        self.money = {_MEALS: MEALS_FEN, _PURSE: PURSE_FEN}
        self.has_bank = has_bank
        self.is_lost = self.is_suspended = self.is_frozen = self.is_purse_frozen = False
        self.limit_fen = self.day_limit_fen = 0
        self.spent_on, self.spent_fen = -1, 0

    def spent(self, day: int) -> int:
        """What shown codes spent on a day."""
        return self.spent_fen if self.spent_on == day else 0


class Reference:
    """All of a world's state."""

    def __init__(self) -> None:
        self.now = 0
        self.residents = [Resident(has_bank=number == 1) for number in range(RESIDENTS)]
        self.sent: list[Sent] = []
        self.requests: dict[tuple[int, int], Tap] = {}
        self.spent_codes: set[int] = set()
        self.tombstones: dict[tuple[int, int, int], str] = {}
        self.owed_fen = 0
        self.bank_mood, self.bank_is_away = "debits", False
        self.debited: set[tuple[int, int]] = set()
        self._asking: Tap | None = None

    def copy(self) -> "Reference":
        """The same state, to go on from in another order."""
        return deepcopy(self)

    def available(self, resident: int, source: str) -> int:
        """What an account could pay now."""
        person = self.residents[resident]
        held = sum(tap.held_of(source, self.now) for tap in self.requests.values() if tap.sent.resident == resident)
        return person.money[source] - held

    def seen(self) -> Answer:
        """All that can be seen of balances, counts and limits from outside."""
        people = [
            (person.money[_MEALS], self.available(number, _MEALS), person.money[_PURSE],
             self.available(number, _PURSE), person.spent(self._day), person.limit_fen, person.day_limit_fen)
            for number, person in enumerate(self.residents)
        ]  # fmt: skip
        return (*people, self.owed_fen)

    def begin(self, act: Act, sent: Sent | None) -> tuple[Answer, Tap | None]:
        """Do a deed up to the bank; gives its answer, and the tap that now asks a bank."""
        self._asking = None
        deed = getattr(self, "_" + act.what.replace(" ", "_"))
        done: Answer | Tap = deed(act) if sent is None else deed(act, sent)
        asking = self._asking
        if asking is not None and self.bank_mood == "takes in silence":
            self.debited.add(_key(asking.sent))
        answers_now = self.bank_mood in ("debits", "refuses")
        return done.receipt if isinstance(done, Tap) else done, asking if answers_now else None

    def answer_of_bank(self, tap: Tap) -> Answer:
        """Bring the bank's answer to a tap that this deed let wait."""
        mine = self.requests[_key(tap.sent)]
        if self.bank_mood == "debits":
            self.debited.add(_key(tap.sent))
        if mine.is_at_the_bank:
            self._end_at_the_bank(mine, debited=self.bank_mood == "debits")
        return mine.receipt

    @property
    def _day(self) -> int:
        return (self.now + _NOON_SECONDS) // _DAY_SECONDS

    def _tap(self, act: Act, sent: Sent) -> Answer | Tap:
        return self._send(act, sent)

    def _send_changed(self, act: Act, sent: Sent) -> Answer | Tap:
        return self._send(act, sent)

    def _send(self, act: Act, sent: Sent) -> Answer | Tap:
        earlier = self.requests.get(_key(sent))
        if earlier is not None:
            return earlier if earlier.sent == sent else ("no", "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY")
        if sent.how == "answered" and sent.fen != sent.signed_fen:
            return ("no", "CODE_ANSWERS_ANOTHER_AMOUNT")
        tap = Tap(sent)
        tap.made_at = self.now
        is_reversed, is_used = _tombstone(sent) in self.tombstones, sent.code in self.spent_codes
        if is_reversed:
            tap.is_reversed = True
            tap.reason = "TAP_WAS_REVERSED"
        elif is_used:
            tap.reason = "CODE_ALREADY_USED"
        else:
            self.spent_codes.add(sent.code)
            self._decide(tap)
        self.requests[_key(sent)] = tap
        return tap

    def _decide(self, tap: Tap) -> None:
        sent = tap.sent
        person = self.residents[sent.resident]
        if self.now >= sent.signed_at + _CODE_SECONDS:
            tap.reason = "CODE_IS_TOO_OLD"
        elif person.is_lost:
            tap.reason = "CARD_IS_TEMPORARILY_REPORTED_LOST"
        elif person.is_suspended:
            tap.reason = "ECARD_IS_SUSPENDED"
        elif sent.how == "entry":
            tap.outcome = "admitted"
        else:
            self._decide_payment(tap, person)

    def _decide_payment(self, tap: Tap, person: Resident) -> None:
        sent, confirms = tap.sent, tap.sent.fen > _CONFIRM_ABOVE_FEN
        by_limit = sent.how == "shown" and not confirms
        if sent.fen > _ITEM_MAX_FEN:
            tap.reason = "AMOUNT_IS_OVER_THE_ITEM_MAXIMUM"
        elif not confirms and person.is_frozen:
            tap.reason = "PAYMENTS_ARE_FROZEN"
        elif by_limit and person.limit_fen == 0:
            tap.reason = "STRENGTH_IS_TOO_LOW"
        elif by_limit and sent.fen > person.limit_fen:
            tap.reason = "SMALL_PAYMENT_LIMIT_IS_EXCEEDED"
        elif by_limit and person.spent(self._day) + sent.fen > person.day_limit_fen:
            tap.reason = "SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"
        else:
            self._price(tap, person)
        if tap.reason is not None:
            return
        if confirms:
            self._let_wait(tap, "confirmation", _CONFIRM_SECONDS)
        elif any(source == _BANK for source, _ in tap.parts):
            self._let_wait(tap, _BANK, _BANK_SECONDS)
        else:
            self._pay(tap)
        if by_limit:
            tap.counted_on = self._day
            person.spent_on, person.spent_fen = self._day, person.spent(self._day) + sent.fen

    def _price(self, tap: Tap, person: Resident) -> None:
        left_fen = tap.sent.fen
        for source in (_MEALS, _PURSE):
            is_closed = source == _PURSE and person.is_purse_frozen
            take = 0 if is_closed else min(left_fen, self.available(tap.sent.resident, source))
            if take > 0:
                tap.parts.append((source, take))
                left_fen -= take
        if left_fen and person.has_bank:
            tap.parts.append((_BANK, left_fen))
        elif left_fen:
            tap.parts, tap.reason = [], "BALANCE_IS_TOO_LOW"

    def _let_wait(self, tap: Tap, waits_for: str, seconds: int) -> None:
        tap.outcome, tap.waits_for, tap.made_at, tap.deadline = "waiting", waits_for, self.now, self.now + seconds
        tap.held_until = tap.held_until or tap.deadline + _GRACE_SECONDS
        self._asking = tap if waits_for == _BANK else None

    def _pay(self, tap: Tap) -> None:
        for source, fen in tap.parts:
            if source != _BANK:
                self.residents[tap.sent.resident].money[source] -= fen
        self.owed_fen += tap.sent.fen
        tap.outcome, tap.waits_for = "admitted", None

    def _refuse(self, tap: Tap, reason: str) -> None:
        person = self.residents[tap.sent.resident]
        if tap.counted_on is not None and tap.counted_on == person.spent_on:
            person.spent_fen -= tap.sent.fen
        tap.outcome, tap.reason, tap.waits_for = "refused", reason, None

    def _end_well(self, tap: Tap) -> None:
        """Pay a tap that waited, unless what it held is no longer its own to take."""
        accounts = [source for source, _ in tap.parts if source != _BANK]
        if _PURSE in accounts and self.residents[tap.sent.resident].is_purse_frozen:
            self._refuse(tap, "ACCOUNT_IS_FROZEN")
        elif accounts and tap.held_until <= self.now:
            self._refuse(tap, "HOLD_HAS_EXPIRED")
        else:
            self._pay(tap)

    def _end_at_the_bank(self, tap: Tap, *, debited: bool) -> None:
        if debited:
            self._end_well(tap)
        else:
            self._refuse(tap, "BANK_REFUSED_THE_DEBIT")

    def _confirm(self, act: Act, sent: Sent) -> Answer | Tap:
        tap = self.requests.get(_key(sent))
        if tap is None:
            return ("nothing",)
        if tap.outcome != "waiting" or tap.waits_for == _BANK:
            return tap
        person = self.residents[sent.resident]
        if act.how == "wrong amount":
            return ("no", "CONFIRMATION_IS_FOR_ANOTHER_TAP")
        if tap.deadline <= self.now:
            self._refuse(tap, "CONFIRMATION_DID_NOT_COME")
        elif not act.yes:
            self._refuse(tap, "RESIDENT_DECLINED")
        elif person.is_lost or person.is_suspended:
            self._refuse(tap, "CARD_IS_TEMPORARILY_REPORTED_LOST" if person.is_lost else "ECARD_IS_SUSPENDED")
        elif person.is_frozen:
            self._refuse(tap, "PAYMENTS_ARE_FROZEN")
        elif any(source == _BANK for source, _ in tap.parts):
            self._let_wait(tap, _BANK, _BANK_SECONDS)
        else:
            self._end_well(tap)
        return tap

    def _reverse(self, act: Act, sent: Sent) -> Answer:
        tap = self.requests.get(_key(sent))
        if act.how == "by id" and tap is None:
            return ("nothing",)
        mark = _tombstone(tap.sent if act.how == "by id" and tap is not None else sent)
        if mark in self.tombstones:
            return (self.tombstones[mark], True)
        if tap is not None and _tombstone(tap.sent) != mark:
            tap = None
        found = "nothing" if tap is None else tap.outcome
        if tap is not None and tap.outcome == "waiting":
            self._refuse(tap, "TAP_WAS_REVERSED")
        elif tap is not None and tap.outcome == "admitted":
            fault = self._give_back(tap, tap.sent.fen - sum(tap.refunds.values()))
            if fault is not None:
                return fault
        if tap is not None:
            tap.is_reversed = True
        self.tombstones[mark] = found
        return (found, False)

    def _refund(self, act: Act, sent: Sent) -> Answer:
        tap = self.requests.get(_key(sent))
        if tap is None:
            return ("nothing",)
        request, fen = act.resident, act.fen
        if tap.outcome == "waiting":
            return ("no", "TAP_IS_UNKNOWN")
        if request in tap.refunds:
            is_same = tap.refunds[request] == fen
            left = tap.sent.fen - sum(tap.refunds.values())
            return (left,) if is_same else ("no", "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY")
        if tap.outcome != "admitted" or not tap.parts or tap.is_reversed:
            return ("no", "TAP_MOVED_NO_MONEY")
        if sum(tap.refunds.values()) + fen > tap.sent.fen:
            return ("no", "REFUND_IS_MORE_THAN_PAID")
        if self.owed_fen - fen < -_RECEIVABLE_LIMIT_FEN:
            return ("no", "RECEIVABLE_LIMIT_EXCEEDED")
        fault = self._give_back(tap, fen)
        if fault is not None:
            return fault
        tap.refunds[request] = fen
        return (tap.sent.fen - sum(tap.refunds.values()),)

    def _give_back(self, tap: Tap, fen: int) -> Answer | None:
        """Give back the last that paid first; nothing at all when one of the accounts is frozen."""
        person = self.residents[tap.sent.resident]
        skip_fen, given = sum(tap.refunds.values()), []
        for source, paid_fen in reversed(tap.parts):
            skipped = min(skip_fen, paid_fen)
            take = min(fen, paid_fen - skipped)
            skip_fen, fen = skip_fen - skipped, fen - take
            if take:
                given.append((source, take))
        if person.is_purse_frozen and any(source == _PURSE for source, _ in given):
            return ("no", "ACCOUNT_IS_FROZEN")
        for source, take in given:
            self.owed_fen -= take
            if source != _BANK:
                person.money[source] += take
        return None

    def _sign(self, act: Act, sent: Sent) -> Answer:
        return ("signed",)

    def _job(self, act: Act) -> Answer:
        waiting = [tap for tap in self.requests.values() if tap.outcome == "waiting"]
        for tap in sorted(waiting, key=lambda tap: tap.deadline):
            late = tap.is_at_the_bank and tap.made_at <= self.now - _BANK_LATE_SECONDS
            if tap.deadline > self.now and not late:
                continue
            if tap.is_at_the_bank and not self.bank_is_away:
                self._end_at_the_bank(tap, debited=_key(tap.sent) in self.debited)
            elif tap.deadline <= self.now:
                self._refuse(tap, "BANK_DID_NOT_ANSWER" if tap.is_at_the_bank else "CONFIRMATION_DID_NOT_COME")
        return ("done",)

    def _bank(self, act: Act) -> Answer:
        self.bank_mood, self.bank_is_away = act.how, not act.yes
        return ("done",)

    def _wait(self, act: Act) -> Answer:
        self.now += act.fen
        return ("done",)

    def _top_up(self, act: Act) -> Answer:
        person = self.residents[act.resident]
        if person.is_purse_frozen:
            return ("no", "ACCOUNT_IS_FROZEN")
        person.money[_PURSE] += act.fen
        return ("done",)

    def _set_limits(self, act: Act) -> Answer:
        person = self.residents[act.resident]
        wanted = (act.fen, 2 * act.fen)
        is_so = (person.limit_fen, person.day_limit_fen) == wanted
        person.limit_fen, person.day_limit_fen = wanted
        return ("already" if is_so else "done",)

    def _report_lost(self, act: Act) -> Answer:
        person = self.residents[act.resident]
        is_so, person.is_lost = person.is_lost, True
        return ("already" if is_so else "done",)

    def _release(self, act: Act) -> Answer:
        person = self.residents[act.resident]
        is_so = not person.is_lost
        person.is_lost, person.is_suspended = False, person.is_suspended or person.is_lost
        return ("already" if is_so else "done",)

    def _associate(self, act: Act) -> Answer:
        person = self.residents[act.resident]
        if person.is_lost:
            return ("no", "CARD_IS_TEMPORARILY_REPORTED_LOST")
        is_so, person.is_suspended = not person.is_suspended, False
        return ("already" if is_so else "done",)

    def _freeze(self, act: Act) -> Answer:
        return self._set(act, "is_frozen", True)

    def _unfreeze(self, act: Act) -> Answer:
        return self._set(act, "is_frozen", False)

    def _freeze_purse(self, act: Act) -> Answer:
        return self._set(act, "is_purse_frozen", True)

    def _unfreeze_purse(self, act: Act) -> Answer:
        return self._set(act, "is_purse_frozen", False)

    def _set(self, act: Act, what: str, to: bool) -> Answer:
        person = self.residents[act.resident]
        is_so = getattr(person, what) is to
        setattr(person, what, to)
        return ("already" if is_so else "done",)


def _key(sent: Sent) -> tuple[int, int]:
    """What a terminal's request is known by."""
    return (sent.till, sent.request)


def _tombstone(sent: Sent) -> tuple[int, int, int]:
    """What a tap's id is derived from."""
    return (sent.till, sent.request, sent.code)
