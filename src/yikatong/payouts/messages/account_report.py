"""Reports of an account (camt.053, camt.054): what was booked, and what came back."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from lxml import etree

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.messages.elements import Names, day_of, fen_of, read_payment, reason_of, text_of
from yikatong.payouts.messages.payment_file import forget
from yikatong.payouts.messages.telling import Telling
from yikatong.payouts.model import NO_AMOUNT, Outcome, Reason, Report

_TRUE = ("true", "1")
"""How a schema says yes."""


class Entry(NamedTuple):
    """What an entry of an account says for all its details."""

    side: str
    is_booked: bool
    is_reversal: bool
    booked_on: date | None


class AccountReader:
    """Reads a camt.053 or camt.054: booked debits are payments, booked credits with a return reason give them back."""

    def __init__(self, names: Names, telling: Telling) -> None:
        """Read into a telling."""
        self._names = names
        self._telling = telling
        self._sum_fen = 0
        self._unnamed_count = 0
        self._unnamed: Report | None = None
        self._has_details = False
        self._entry: Entry | None = None
        self.at = 1
        self._detail, self._details, self._entries = names("TxDtls"), names("NtryDtls"), names("Ntry")
        self._reports = (names("Stmt"), names("Ntfctn"))
        self.tags: Sequence[str] = (self._detail, self._entries, *self._reports)

    def take(self, elements: Sequence[etree._Element]) -> int:
        """Take details, the entries that they belong to, and the reports of these, as they end."""
        return sum(self._take_one(element) for element in elements)

    def _take_one(self, element: etree._Element) -> bool:
        above = [one.tag for one in element.iterancestors()][:-2]
        is_in_report = bool(above) and above[-1] in self._reports
        if element.tag == self._detail and is_in_report and above[:-1] == [self._details, self._entries]:
            self._take(element)
        elif element.tag == self._entries and is_in_report and len(above) == 1:
            self._end_entry(element)
        else:
            return self._free(element, is_report=not above)
        self.at = element.sourceline or self.at
        return True

    def _free(self, element: etree._Element, *, is_report: bool) -> bool:
        """Free a report that ended; whether it was one."""
        is_one = is_report and element.tag in self._reports
        if is_one:
            forget(element)
        return is_one

    def _take(self, element: etree._Element) -> None:
        entry = self._entry_of(element)
        said: dict[str, Any] = {child.tag: child for child in element}
        fen = self._add(said.get(self._names("Amt")), at=element.sourceline or 1)
        report = self._report_of(element, said, entry=entry, fen=fen)
        if report is None:
            forget(element)
            return
        if not entry.is_booked:
            self._telling.pending()
        elif fen == NO_AMOUNT and self._unnamed_count == 1:
            # One alone is for what the others leave of the entry, which is known at its end.
            self._unnamed = report
        else:
            self._telling.tell(report)
        forget(element)

    def _add(self, amount: etree._Element | None, *, at: int) -> int:
        """Add a detail to its entry; its amount. With a second that names none nothing is known of the first."""
        if amount is not None:
            fen = fen_of(amount, at=at)
            self._sum_fen, self._has_details = self._sum_fen + fen, True
            return fen
        self._unnamed_count += 1
        if self._unnamed is not None:
            self._telling.tell(self._unnamed)
            self._unnamed = None
        return NO_AMOUNT

    def _report_of(self, element: etree._Element, said: dict[str, Any], *, entry: Entry, fen: int) -> Report | None:
        """What a detail says of a payment of ours; None for every other movement of the account."""
        names = self._names
        references = said.get(names("Refs"))
        payment = None
        if references is not None:
            payment = read_payment(text_of(next(references.iter(names("EndToEndId")), None)))
        side = text_of(said.get(names("CdtDbtInd"))) or entry.side
        is_return = names("RtrInf") in said or entry.is_reversal
        outcome = Outcome.PAID if side == "DBIT" else Outcome.RETURNED if is_return else None
        if payment is None or outcome is None:
            return None
        reason = reason_of(element.findtext(names("RtrInf/Rsn/Cd"))) if outcome is Outcome.RETURNED else None
        return Report(*payment, outcome, fen, reason, entry.booked_on, element.sourceline or 1)

    def _entry_of(self, element: etree._Element) -> Entry:
        """What the entry says to which a detail belongs; it stands before its details, and is read once."""
        if self._entry is None:
            names = self._names
            at = element.getparent().getparent()
            day = at.findtext(names("BookgDt/Dt")) or at.findtext(names("BookgDt/DtTm"))
            self._entry = Entry(
                side=at.findtext(names("CdtDbtInd")) or "",
                is_booked=at.findtext(names("Sts/Cd")) == "BOOK",
                is_reversal=(at.findtext(names("RvslInd")) or "").strip() in _TRUE,
                booked_on=None if day is None else day_of(day, at=at.sourceline or 1),
            )
        return self._entry

    def _end_entry(self, element: etree._Element) -> None:
        amount = element.find(self._names("Amt"))
        at = element.sourceline or 1
        is_whole = self._unnamed is not None or (self._has_details and not self._unnamed_count)
        if is_whole and amount is not None:
            self._end_amounts(fen_of(amount, at=at) - self._sum_fen, at=at)
        self._sum_fen, self._unnamed_count, self._unnamed = 0, 0, None
        self._has_details, self._entry = False, None
        forget(element)

    def _end_amounts(self, rest_fen: int, *, at: int) -> None:
        """Give the detail that named no amount what is left of the entry; refuses BANK_FILE_TOTALS_DIFFER."""
        if rest_fen < 0 or (rest_fen and self._unnamed is None):
            raise Refused(Reason.BANK_FILE_TOTALS_DIFFER, line=at)
        if self._unnamed is not None:
            self._telling.tell(self._unnamed._replace(amount_fen=rest_fen))

    def end(self) -> None:
        """Nothing is left to say."""
