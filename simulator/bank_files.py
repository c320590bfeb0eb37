"""A bank that lives by files: it takes payment files from a folder and leaves reports, notifications and statements.

It knows accounts by their handles, keeps its own clock, and may fail as banks do: payments that come back at once or
days later, some it never answers, reports in pieces, the same report twice.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec
from lxml import etree

from yikatong.kernel.instants import SHANGHAI, day_of
from yikatong.kernel.money import read_yuan, show_yuan
from yikatong.payouts.messages.payment_file import PLAIN_RETURNS, line_of
from yikatong.plumbing.clock import Clock
from yikatong.trust import service as trust

_PAYMENT = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_STATUS = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
_NOTIFICATION = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
_STATEMENT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"

_PLAIN_STATUS = {"AC04": "01", "BE01": "02", "AM02": "03", "AC06": "04", "AC01": "05"}


class Payment(msgspec.Struct, kw_only=True):
    """A payment as the bank keeps it."""

    message: str
    name: str
    handle: str
    holder: str
    amount_fen: int
    is_plain: bool
    refusal: str | None = None
    booked_on: date | None = None
    returned_on: date | None = None
    late_reason: str | None = None
    is_answered: bool = False


class FileBank:
    """The simulated bank of one folder."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        """Use a bank's folder with `to-bank` and `from-bank` in it."""
        self._folder = folder
        self._clock = clock
        self._count = 0
        self.payments: dict[str, Payment] = {}
        self.taken_messages: list[str] = []
        self.refusals: dict[str, str] = {}
        """Handles of accounts that take nothing, each with the reason code it gives."""
        self.silent: set[str] = set()
        """Handles for which the bank says nothing at all."""

    def take_in(self) -> int:
        """Take every payment file, deciding each payment at once; how many payments were new.

        A message that was taken before is taken away and changes nothing. Where nothing was ever sent there is no
        `to-bank` yet, and so no file.
        """
        new = 0
        for path in sorted((self._folder / "to-bank").glob("[!.]*")):
            found = self._read_plain(path) if path.suffix == ".csv" else self._read_message(path)
            path.unlink()
            if found and found[0].message in self.taken_messages:
                continue
            self.taken_messages += [found[0].message] if found else []
            new += len(found)
            for payment in found:
                self._decide(payment)
        return new

    def refuse_every(self, number: int, *, reason: str = "AC04") -> None:
        """Let every so manieth payment that was not answered yet come back."""
        for place, payment in enumerate(self.payments.values(), 1):
            if place % number == 0 and not payment.is_answered:
                payment.refusal, payment.booked_on = reason, None

    def _decide(self, payment: Payment) -> None:
        payment.refusal = self.refusals.get(payment.handle)
        payment.booked_on = None if payment.refusal else day_of(self._clock.now())
        self.payments[payment.name] = payment

    def _read_message(self, path: Path) -> list[Payment]:
        names = {"p": _PAYMENT}
        message = ""
        found = []
        tags = [f"{{{_PAYMENT}}}GrpHdr", f"{{{_PAYMENT}}}CdtTrfTxInf"]
        for _, element in etree.iterparse(str(path), tag=tags, resolve_entities=False):
            if element.tag.endswith("GrpHdr"):
                message = element.findtext("p:MsgId", namespaces=names)
                continue
            handle = element.findtext("p:CdtrAcct/p:Prxy/p:Id", namespaces=names)
            found.append(
                Payment(
                    message=message,
                    name=element.findtext("p:PmtId/p:EndToEndId", namespaces=names),
                    handle=handle or element.findtext("p:CdtrAcct/p:Id/p:Othr/p:Id", namespaces=names),
                    holder=element.findtext("p:Cdtr/p:Nm", namespaces=names),
                    amount_fen=read_yuan(element.findtext("p:Amt/p:InstdAmt", namespaces=names)),
                    is_plain=False,
                )
            )
            element.clear()
        return found

    def _read_plain(self, path: Path) -> list[Payment]:
        rows = [line.split(",") for line in path.read_text().splitlines()]
        number, part = rows[0][3], rows[0][4]
        return [
            Payment(
                message=f"{number}-P{int(part):04d}",
                name=f"{number}-{row[1]}",
                handle=row[2],
                holder=row[3],
                amount_fen=int(row[4]),
                is_plain=True,
            )
            for row in rows[1:-1]
        ]

    def answer(self, *, pieces: int = 1, twice: bool = False) -> list[str]:
        """Leave reports of what was decided and not said yet, in so many pieces; the names of the files.

        With `twice` each file is left a second time under another name, byte for byte.
        """
        told = [one for one in self.payments.values() if not one.is_answered and one.handle not in self.silent]
        names = []
        for message in dict.fromkeys(one.message for one in told):
            of_message = [one for one in told if one.message == message]
            size = -(-len(of_message) // pieces)
            for start in range(0, len(of_message), size):
                content = self._report(of_message[start : start + size])
                names += [self._leave("report", content, of_message[0]) for _ in range(2 if twice else 1)]
        for one in told:
            one.is_answered = True
        return names

    def _report(self, payments: Sequence[Payment]) -> bytes:
        return self._plain_report(payments) if payments[0].is_plain else self._status_report(payments)

    def _status_report(self, payments: Sequence[Payment]) -> bytes:
        message = payments[0].message
        lines = [
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_STATUS}"><CstmrPmtStsRpt>',
            f"<GrpHdr><MsgId>{self._next('S')}</MsgId><CreDtTm>{self._stamp()}</CreDtTm></GrpHdr>",
            f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>",
            f"</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>",
        ]
        for one in payments:
            status = "RJCT" if one.refusal else "ACSC"
            why = f"<StsRsnInf><Rsn><Cd>{one.refusal}</Cd></Rsn></StsRsnInf>" if one.refusal else ""
            lines.append(
                f"<TxInfAndSts><OrgnlEndToEndId>{one.name}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}"
                f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{show_yuan(one.amount_fen)}</InstdAmt></Amt></OrgnlTxRef>'
                "</TxInfAndSts>"
            )
        lines.append("</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n")
        return "\n".join(lines).encode()

    def _plain_report(self, payments: Sequence[Payment]) -> bytes:
        number, part = payments[0].message.split("-P")
        body = line_of(("H", PLAIN_RETURNS, "1", number, str(int(part))))
        totals = [0, 0, 0, 0]
        for one in payments:
            status = _PLAIN_STATUS.get(one.refusal, "09") if one.refusal else "00"
            day = "" if one.booked_on is None else one.booked_on.isoformat()
            line = one.name.split("-")[1]
            body += line_of(("L", line, str(one.amount_fen), status, day, f"SIM{len(body)}"))
            place = 2 if one.refusal else 0
            totals[place] += 1
            totals[place + 1] += one.amount_fen
        digest = trust.digest_sm3(body).hex()
        return body + line_of(("T", *(str(total) for total in totals), digest))

    def give_back(self, handles: Iterable[str], *, reason: str = "AC04") -> str:
        """Give back payments to some accounts that were booked before, and leave a notification of it."""
        today = day_of(self._clock.now())
        given = [
            one
            for one in self.payments.values()
            if one.handle in set(handles) and one.booked_on is not None and one.returned_on is None
        ]
        for one in given:
            one.returned_on, one.late_reason = today, reason
        entries = [_entry([one], side="CRDT", day=today) for one in given]
        body = f"<Ntfctn><Id>{self._next('N')}</Id><CreDtTm>{self._stamp()}</CreDtTm>{_OUR_ACCOUNT}{''.join(entries)}"
        content = self._wrap(_NOTIFICATION, "BkToCstmrDbtCdtNtfctn", body + "</Ntfctn>")
        return self._leave("notification", content)

    def statement(self, day: date) -> str:
        """Leave the statement of a day: a booked debit for each message, a credit for each payment that came back."""
        booked: dict[str, list[Payment]] = {}
        for one in self.payments.values():
            if one.booked_on == day:
                booked.setdefault(one.message, []).append(one)
        entries = [_entry(payments, side="DBIT", day=day) for payments in booked.values()]
        entries += [_entry([one], side="CRDT", day=day) for one in self.payments.values() if one.returned_on == day]
        period = f"<FrToDt><FrDtTm>{day}T00:00:00+08:00</FrDtTm><ToDtTm>{day}T23:59:59+08:00</ToDtTm></FrToDt>"
        balance = (
            "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="CNY">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>'
        )
        body = (
            f"<Stmt><Id>{self._next('D')}</Id><CreDtTm>{self._stamp()}</CreDtTm>{period}{_OUR_ACCOUNT}{balance}"
            f"{''.join(entries)}</Stmt>"
        )
        return self._leave("statement", self._wrap(_STATEMENT, "BkToCstmrStmt", body))

    def _wrap(self, namespace: str, element: str, body: str) -> bytes:
        head = f"<GrpHdr><MsgId>{self._next('M')}</MsgId><CreDtTm>{self._stamp()}</CreDtTm></GrpHdr>"
        document = f'<Document xmlns="{namespace}"><{element}>{head}\n{body}</{element}></Document>\n'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()

    def _leave(self, kind: str, content: bytes, payment: Payment | None = None) -> str:
        """Leave a file: written under a hidden name and shown whole."""
        ending = "csv" if payment is not None and payment.is_plain else "xml"
        name = f"{kind}-{self._next('')}.{ending}"
        folder = self._folder / "from-bank"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f".{name}").write_bytes(content)
        (folder / f".{name}").replace(folder / name)
        return name

    def _next(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count:06d}"

    def _stamp(self) -> str:
        return _shanghai(self._clock.now())


def _shanghai(now: datetime) -> str:
    return now.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S+08:00")


_OUR_ACCOUNT = "<Acct><Id><Othr><Id>102</Id></Othr></Id></Acct>"


def _entry(payments: Sequence[Payment], *, side: str, day: date) -> str:
    """One entry of an account, with a detail for each payment."""
    total = sum(one.amount_fen for one in payments)
    details = "".join(
        f"<TxDtls><Refs><EndToEndId>{one.name}</EndToEndId></Refs>"
        f'<Amt Ccy="CNY">{show_yuan(one.amount_fen)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        + (f"<RtrInf><Rsn><Cd>{one.late_reason}</Cd></Rsn></RtrInf>" if side == "CRDT" else "")
        + "</TxDtls>"
        for one in payments
    )
    return (
        f'<Ntry><Amt Ccy="CNY">{show_yuan(total)}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><BkTxCd><Prtry><Cd>PAYOUT</Cd></Prtry></BkTxCd>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>\n"
    )
