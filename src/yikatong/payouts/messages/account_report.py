"""Reports of an account (camt.053, camt.054): what was booked, and what came back."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from lxml import etree

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.messages.elements import Names, day_of, fen_of, read_payment, reason_of, text_of
from yikatong.payouts.messages.payment_file import forget
from yikatong.payouts.messages.telling import Telling
from yikatong.payouts.model import Outcome, Reason, Report


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
        self._details = 0
        self._has_amounts = True
        self._entry: Entry | None = None
        self.at = 1
        self._detail = names("TxDtls")
        self.tags: Sequence[str] = (self._detail, names("Ntry"))

    def take(self, elements: Sequence[etree._Element]) -> None:
        """Take details and the entries that they belong to, as they end."""
        for element in elements:
            self.at = element.sourceline or self.at
            if element.tag == self._detail:
                self._take(element)
            else:
                self._end_entry(element)

    def _take(self, element: etree._Element) -> None:
        names, at = self._names, element.sourceline or 1
        entry = self._entry_of(element)
        said: dict[str, Any] = {child.tag: child for child in element}
        amount = said.get(names("Amt"))
        fen = 0 if amount is None else fen_of(amount, at=at)
        self._details += 1
        self._sum_fen += fen
        self._has_amounts = self._has_amounts and amount is not None
        references = said.get(names("Refs"))
        payment = None
        if references is not None:
            payment = read_payment(text_of(next(references.iter(names("EndToEndId")), None)))
        side = text_of(said.get(names("CdtDbtInd"))) or entry.side
        is_return = names("RtrInf") in said or entry.is_reversal
        outcome = Outcome.PAID if side == "DBIT" else Outcome.RETURNED if is_return else None
        # Every other movement of the account is passed over.
        if payment is not None and outcome is not None:
            if entry.is_booked:
                reason = None
                if outcome is Outcome.RETURNED:
                    reason = reason_of(element.findtext(names("RtrInf/Rsn/Cd")))
                self._telling.tell(Report(*payment, outcome, fen, reason, entry.booked_on, at))
            else:
                self._telling.pending()
        forget(element)

    def _entry_of(self, element: etree._Element) -> Entry:
        """What the entry says to which a detail belongs; it stands before its details, and is read once."""
        if self._entry is None:
            names = self._names
            at = element.getparent().getparent()
            day = at.findtext(names("BookgDt/Dt")) or at.findtext(names("BookgDt/DtTm"))
            self._entry = Entry(
                side=at.findtext(names("CdtDbtInd")) or "",
                is_booked=(at.findtext(names("Sts/Cd")) or "BOOK") == "BOOK",
                is_reversal=at.findtext(names("RvslInd")) == "true",
                booked_on=None if day is None else day_of(day, at=at.sourceline or 1),
            )
        return self._entry

    def _end_entry(self, element: etree._Element) -> None:
        amount = element.find(self._names("Amt"))
        at = element.sourceline or 1
        if self._details and self._has_amounts and amount is not None and fen_of(amount, at=at) != self._sum_fen:
            raise Refused(Reason.BANK_FILE_TOTALS_DIFFER, line=at)
        self._sum_fen, self._details, self._has_amounts, self._entry = 0, 0, True, None
        forget(element)

    def end(self) -> None:
        """Nothing is left to say."""
