"""What a bank is sent: a pain.001 message, or the plain payment file; made from rows, in pieces, never held whole."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from xml.sax.saxutils import escape

from lxml import etree

from yikatong.kernel.instants import SHANGHAI
from yikatong.kernel.money import show_yuan
from yikatong.payouts.messages.schemas import PARSING, PAYMENT, namespace_of, schema_of
from yikatong.payouts.model import FileFormat, FileHead, PaymentRow
from yikatong.payouts.rules.batches import show_payment
from yikatong.trust import service as trust

PIECE = 500
"""Payments of one piece."""

HANDLE_LENGTH_MAX = 34
"""The longest account identification that is no IBAN (Max34Text); a longer handle goes into the proxy."""

PLAIN_PAYMENTS, PLAIN_RETURNS = "YKT-PAY", "YKT-RET"
PLAIN_VERSION = "1"


class NotValid(ValueError):  # noqa: N818  says what happened
    """A message that we made does not keep its schema: a fault of the program or of what it was given."""


def write_file(head: FileHead, rows: Iterable[PaymentRow], *, format: FileFormat) -> Iterator[bytes]:
    """The file of a part, piece by piece; a message is checked against its schema as it is made.

    Raises NotValid.
    """
    if format is FileFormat.CSV:
        return write_plain(head, rows)
    return _verify_pieces(write_message(head, rows))


def _verify_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass pieces on while a parser takes them in; when all have passed, the whole is held against the schema.

    A parser that checks while it parses sees no content where nobody builds the elements, so the tree of one part is
    built: some sixty megabytes for twenty thousand payments, gone with the part.
    """
    parser = etree.XMLParser(**PARSING)
    try:
        for piece in pieces:
            parser.feed(piece)
            yield piece
        schema_of(PAYMENT).assertValid(parser.close())
    except (etree.XMLSyntaxError, etree.DocumentInvalid) as error:
        raise NotValid(str(error)) from None


def forget(element: etree._Element) -> None:
    """Free an element that was dealt with, and what stands before it, so that a file of any length fits."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def write_message(head: FileHead, rows: Iterable[PaymentRow]) -> Iterator[bytes]:
    """A pain.001 message with one payment information block: the day of payment, the payer, then each payment."""
    message_id = f"{head.number}-P{head.part:04d}"
    made_at = head.made_at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S+08:00")
    total = show_yuan(head.amount_fen)
    payer = text_of(head.payer, 140)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{namespace_of(PAYMENT)}"><CstmrCdtTrfInitn>\n'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{made_at}</CreDtTm><NbOfTxs>{head.line_count}</NbOfTxs>"
        f"<CtrlSum>{total}</CtrlSum><InitgPty><Nm>{payer}</Nm></InitgPty></GrpHdr>\n"
        f"<PmtInf><PmtInfId>{message_id}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>true</BtchBookg>"
        f"<NbOfTxs>{head.line_count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
        f"<ReqdExctnDt><Dt>{head.pay_on.isoformat()}</Dt></ReqdExctnDt><Dbtr><Nm>{payer}</Nm></Dbtr>"
        f"<DbtrAcct><Id><Othr><Id>{text_of(head.bank_code, 34)}</Id></Othr></Id></DbtrAcct>"
        f"<DbtrAgt>{_agent(head.bank_code)}</DbtrAgt>\n"
    ).encode()
    title = text_of(head.title, 140)
    each = iter(rows)
    while piece := list(islice(each, PIECE)):
        yield "".join([_payment(row, number=head.number, title=title) for row in piece]).encode()
    yield b"</PmtInf></CstmrCdtTrfInitn></Document>\n"


def _payment(row: PaymentRow, *, number: str, title: str) -> str:
    return (
        f"<CdtTrfTxInf><PmtId><InstrId>{row.reference.hex}</InstrId><EndToEndId>{show_payment(number, row.line)}"
        f'</EndToEndId></PmtId><Amt><InstdAmt Ccy="CNY">{show_yuan(row.amount_fen)}</InstdAmt></Amt>'
        f"<CdtrAgt>{_agent(row.bank_code)}</CdtrAgt><Cdtr><Nm>{text_of(row.name, 140)}</Nm><Id><PrvtId><Othr><Id>"
        f"{text_of(row.id_tail, 35)}</Id></Othr></PrvtId></Id></Cdtr><CdtrAcct>{_account(row.bank_token)}</CdtrAcct>"
        f"<RmtInf><Ustrd>{title}</Ustrd></RmtInf></CdtTrfTxInf>\n"
    )


@lru_cache(maxsize=64)
def _agent(bank_code: str) -> str:
    """The same few banks stand in every payment."""
    return f"<FinInstnId><Othr><Id>{text_of(bank_code, 35)}</Id></Othr></FinInstnId>"


def _account(handle: str) -> str:
    if len(handle) <= HANDLE_LENGTH_MAX:
        return f"<Id><Othr><Id>{text_of(handle, HANDLE_LENGTH_MAX)}</Id></Othr></Id>"
    return f"<Id><Othr><Id>PROXY</Id></Othr></Id><Prxy><Id>{text_of(handle, 2048)}</Id></Prxy>"


def text_of(text: str, length_max: int) -> str:
    """A text as XML may hold it: control characters left out, cut at so many characters, a dash for nothing."""
    clean = text if text.isprintable() else "".join(letter for letter in text if letter.isprintable())
    return escape(clean[:length_max]) or "-"


def write_plain(head: FileHead, rows: Iterable[PaymentRow]) -> Iterator[bytes]:
    """The plain payment file: a head with the totals, a line for each payment, a tail with totals and SM3 digest."""
    digest = trust.Sm3()
    first = ("H", PLAIN_PAYMENTS, PLAIN_VERSION, head.number, str(head.part), str(head.line_count),
             str(head.amount_fen), head.pay_on.isoformat(), cell_of(head.title))  # fmt: skip
    piece = line_of(first)
    digest.update(piece)
    yield piece
    each = iter(rows)
    while some := list(islice(each, PIECE)):
        piece = b"".join(
            line_of(("L", str(row.line), cell_of(row.bank_token), cell_of(row.name), str(row.amount_fen),
                     cell_of(row.id_tail), row.reference.hex))
            for row in some
        )  # fmt: skip
        digest.update(piece)
        yield piece
    yield line_of(("T", str(head.line_count), str(head.amount_fen), digest.digest().hex()))


def line_of(cells: Iterable[str]) -> bytes:
    """A line of a plain file: cells with commas between, which no cell holds, and a line feed."""
    return (",".join(cells) + "\n").encode()


def cell_of(text: str) -> str:
    """A text as a cell of a plain file holds it: without commas, quotation marks and control characters."""
    return "".join(letter for letter in text if letter.isprintable() and letter not in ',"')
