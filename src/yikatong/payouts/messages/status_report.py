"""Status reports (pain.002): what a bank says became of each payment, or of a whole message."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from lxml import etree

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.messages.elements import (
    CURRENCY,
    ENDED,
    Names,
    fen_of,
    fen_of_text,
    read_part,
    read_payment,
    reason_of,
    stands_under,
)
from yikatong.payouts.messages.payment_file import forget
from yikatong.payouts.messages.telling import Telling
from yikatong.payouts.model import NO_AMOUNT, Outcome, Reason, Report


class Told(NamedTuple):
    """What transactions say, a list for each thing, all equally long."""

    names: Sequence[str]
    statuses: Sequence[str]
    amounts: Sequence[str]


class Columns:
    """Takes names, statuses and amounts out of many transactions at once, which costs half of one by one.

    The schema lets a transaction say each of them once at most, and none of them empty. So where as many texts are
    found as there are transactions, each transaction has exactly one.
    """

    def __init__(self, names: Names) -> None:
        """Compile the paths of a message's namespace."""
        first = "p:TxInfAndSts[position() <= $count]"
        amount = "p:OrgnlTxRef/p:Amt/p:InstdAmt"
        self._paths = [
            etree.XPath(f"{first}/{path}", namespaces={"p": names.namespace}, smart_strings=False)
            for path in ("p:OrgnlEndToEndId/text()", "p:TxSts/text()", f"{amount}/text()", f"{amount}/@Ccy")
        ]

    def of(self, block: etree._Element, *, count: int) -> Told | None:
        """The columns of the first transactions of a block; None where one lacks something or has another currency."""
        *columns, currencies = [path(block, count=count) for path in self._paths]
        if any(len(column) != count for column in (*columns, currencies)) or set(currencies) != {CURRENCY}:
            return None
        return Told(*columns)


class StatusReader:
    """Reads a pain.002: each transaction's status, or that of a whole message."""

    def __init__(self, names: Names, telling: Telling) -> None:
        """Read into a telling."""
        self._names = names
        self._telling = telling
        self._counted: Counter[str] = Counter()
        self._said: dict[str, int] = {}
        self._group: tuple[str, str, str | None, int] | None = None
        # Looked up once, because they are compared a million times.
        self._status, self._name = names("TxSts"), names("OrgnlEndToEndId")
        self._reference, self._amount = names("OrgnlTxRef"), names("InstdAmt")
        self._transaction, self._block = names("TxInfAndSts"), names("OrgnlPmtInfAndSts")
        self._columns = Columns(names)
        self.at = 1
        self.tags: Sequence[str] = (self._transaction, self._block, names("OrgnlGrpInfAndSts"))

    def take(self, elements: Sequence[etree._Element]) -> int:
        """Take elements as they end: transactions that follow each other in one block come together."""
        count = 0
        for block, together in groupby(elements, key=self._block_of):
            found = list(together)
            if block is None:
                count += sum(self._take_outer(element) for element in found)
            elif block.tag == self._block and stands_under(block):
                count += len(found)
                self._take_block(block, found)
                self.at = found[-1].sourceline or self.at
        return count

    def _take_outer(self, element: etree._Element) -> bool:
        """Take what is said of a message, or free a block that ended."""
        if not stands_under(element):
            return False
        if element.tag == self._block:
            forget(element)
            return True
        self._take_group(element)
        self.at = element.sourceline or self.at
        return True

    def _block_of(self, element: etree._Element) -> etree._Element | None:
        return element.getparent() if element.tag == self._transaction else None

    def _take_block(self, block: etree._Element, found: Sequence[etree._Element]) -> None:
        """Take transactions of one block by columns, or one by one where some of them lack a name, status or amount."""
        del block[: block.index(found[0])]
        columns = self._columns.of(block, count=len(found))
        if columns is None:
            for element in found:
                self._take(element)
        else:
            self._take_columns(found, columns)
        # The last one stays, emptied: behind it the parser goes on.
        del block[: len(found) - 1]
        found[-1].clear()

    def _take_columns(self, found: Sequence[etree._Element], columns: Told) -> None:
        for element, name, status, yuan in zip(found, *columns, strict=True):
            at = element.sourceline or 1
            self._counted[status] += 1
            payment = read_payment(name)
            if payment is None:
                raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=at)
            outcome = ENDED.get(status)
            if outcome is None:
                self._telling.pending()
                continue
            reason = None
            if outcome is Outcome.RETURNED:
                reason = reason_of(element.findtext(self._names("StsRsnInf/Rsn/Cd")))
            self._telling.tell(Report(*payment, outcome, fen_of_text(yuan, at=at), reason, None, at))

    def _take_group(self, element: etree._Element) -> None:
        names = self._names
        original = element.findtext(names("OrgnlMsgId")) or ""
        status = element.findtext(names("GrpSts")) or ""
        reason = element.findtext(names("StsRsnInf/Rsn/Cd"))
        self._group = (original, status, reason, element.sourceline or 1)
        for per in element.iterfind(names("NbOfTxsPerSts")):
            self._said[per.findtext(names("DtldSts")) or ""] = int(per.findtext(names("DtldNbOfTxs")) or 0)

    def _take(self, element: etree._Element) -> None:
        at = element.sourceline or 1
        status = name = ""
        reference = None
        for child in element:
            tag = child.tag
            if tag == self._status:
                status = child.text or ""
            elif tag == self._name:
                name = child.text or ""
            elif tag == self._reference:
                reference = child
        self._counted[status] += 1
        payment = read_payment(name)
        if payment is None:
            raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=at)
        outcome = ENDED.get(status)
        if outcome is None:
            self._telling.pending()
        else:
            fen = NO_AMOUNT if reference is None else self._amount_of(reference, at=at)
            reason = None
            if outcome is Outcome.RETURNED:
                reason = reason_of(element.findtext(self._names("StsRsnInf/Rsn/Cd")))
            self._telling.tell(Report(*payment, outcome, fen, reason, None, at))

    def _amount_of(self, reference: etree._Element, *, at: int) -> int:
        """The amount that a report repeats of the payment; NO_AMOUNT where it repeats none."""
        amount = next(reference.iter(self._amount), None)
        return NO_AMOUNT if amount is None else fen_of(amount, at=at)

    def end(self) -> None:
        """What can be said when everything was read: totals, and a status of the whole message."""
        for status, said in self._said.items():
            if self._counted and self._counted[status] != said:
                raise Refused(Reason.BANK_FILE_TOTALS_DIFFER, status=status, said=said)
        if self._group is None or self._counted:
            return
        original, status, reason, at = self._group
        outcome = ENDED.get(status)
        if outcome is None:
            return
        part = read_part(original)
        if part is None:
            raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=at)
        self._telling.tell_part(*part, outcome, reason_of(reason) if outcome is Outcome.RETURNED else None)
