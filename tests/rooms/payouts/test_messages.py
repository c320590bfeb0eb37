"""Bank files: what we write keeps the official schema, and what is wrong in what we read is refused with its line."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from uuid import UUID

import pytest
from lxml import etree

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.messages.payment_file import NotValid, write_file
from yikatong.payouts.messages.return_file import BETWEEN_BYTES_MAX, read_return_file
from yikatong.payouts.messages.schemas import PAYMENT, READ, schema_of
from yikatong.payouts.model import NO_AMOUNT, FileFormat, FileHead, Outcome, PaymentRow, ReturnKind, ReturnReason
from yikatong.payouts.rules.batches import read_number, show_number
from yikatong.trust import service as trust

BATCH = UUID("01938f5e-2b7c-7a7d-9e9b-1c2d3e4f5a6b")
NUMBER = show_number(BATCH)


def a_row(line: int, *, name: str = "王小明", handle: str = "act_0123456789", fen: int = 1_234) -> PaymentRow:
    return PaymentRow(
        line=line,
        bank_code="102",
        bank_token=handle,
        name=name,
        id_tail="123X",
        amount_fen=fen,
        reference=UUID(int=line),
    )


def a_file(rows: list[PaymentRow], *, form: FileFormat = FileFormat.ISO20022) -> bytes:
    head = FileHead(
        number=NUMBER,
        part=1,
        bank_code="102",
        line_count=len(rows),
        amount_fen=sum(row.amount_fen for row in rows),
        pay_on=date(2026, 11, 26),
        title="高龄津贴 & 护理 <2026>",
        payer="民政局",
        made_at=datetime(2026, 11, 25, 16, 0, tzinfo=UTC),
    )
    return b"".join(write_file(head, rows, format=form))


STATUS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12">'
    "<CstmrPmtStsRpt><GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-11-26T10:00:00+08:00</CreDtTm></GrpHdr>\n"
    "<OrgnlGrpInfAndSts><OrgnlMsgId>{number}-P0001</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}"
    "</OrgnlGrpInfAndSts>\n{payments}</CstmrPmtStsRpt></Document>"
)


def a_status(*payments: tuple[int, str, str, str], group: str = "", number: str = NUMBER, version: str = "12") -> bytes:
    """A status report of payments: line, status, reason code, amount in yuan."""
    lines = [
        f"<TxInfAndSts><OrgnlEndToEndId>{number}-{line}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else "")
        + (f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{yuan}</InstdAmt></Amt></OrgnlTxRef>' if yuan else "")
        + "</TxInfAndSts>\n"
        for line, status, reason, yuan in payments
    ]
    block = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>x</OrgnlPmtInfId>\n{''.join(lines)}</OrgnlPmtInfAndSts>"
    text = STATUS.format(number=number, group=group, payments=block if lines else "")
    return text.replace("pain.002.001.12", f"pain.002.001.{version}").encode()


def a_plain(*lines: str, tail: str | None = None) -> bytes:
    body = f"H,YKT-RET,1,{NUMBER},1\n" + "".join(f"{line}\n" for line in lines)
    paid = [int(line.split(",")[2]) for line in lines if line.split(",")[3:4] == ["00"]]
    back = [int(line.split(",")[2]) for line in lines if line.split(",")[3:4] not in (["00"], [])]
    digest = trust.digest_sm3(body.encode()).hex()
    said = tail or f"T,{len(paid)},{sum(paid)},{len(back)},{sum(back)},{digest}"
    return f"{body}{said}\n".encode()


def test_what_we_write_is_valid_under_the_official_schema() -> None:
    rows = [a_row(1), a_row(2, name="陈&亮 <b>\u0007", handle="t" * 120), a_row(9_999_999, fen=1)]
    document = etree.parse(BytesIO(a_file(rows)))

    schema_of(PAYMENT).assertValid(document)
    names = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
    assert ["王小明", "陈&亮 <b>", "王小明"] == [each.text for each in document.iterfind(".//p:Cdtr/p:Nm", names)]
    assert ["12.34", "12.34", "0.01"] == [each.text for each in document.iterfind(".//p:InstdAmt", names)]
    assert "24.69" == document.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=names)


def test_a_message_that_breaks_its_schema_is_not_written() -> None:
    with pytest.raises(NotValid):
        a_file([a_row(1, fen=-5)])


def test_the_plain_file_has_totals_and_the_digest_of_what_stands_before_its_tail() -> None:
    text = a_file([a_row(1), a_row(2, name='李,"芳')], form=FileFormat.CSV)
    *body, tail = text.splitlines(keepends=True)

    assert tail.decode().strip() == f"T,2,2468,{trust.digest_sm3(b''.join(body)).hex()}"
    assert "李芳" == body[2].decode().split(",")[3]


def test_a_number_of_a_batch_reads_back_and_nothing_else_does() -> None:
    assert (BATCH, 26) == (read_number(NUMBER), len(NUMBER))
    for text in ("", NUMBER[:-1], NUMBER.lower(), NUMBER[:-1] + "1", NUMBER[:-1] + "B", "é" * 26):
        if text != NUMBER:
            with pytest.raises(ValueError, match="not a batch number"):
                read_number(text)


@pytest.mark.parametrize("version", ["03", "12"])
def test_a_status_report_tells_of_paid_returned_and_pending_payments(version: str) -> None:
    data = a_status(
        (1, "ACSC", "", "12.34"), (2, "RJCT", "AC04", ""), (3, "RJCT", "ZZZZ", ""), (4, "PDNG", "", ""), version=version
    )
    read = read_return_file(BytesIO(data))
    told = read.told[BATCH]

    assert (ReturnKind.STATUS, 3, 1) == (read.kind, read.report_count, read.pending_count)
    assert ([1, 2, 3], [1_234, NO_AMOUNT, NO_AMOUNT]) == (list(told.lines), list(told.amounts))
    assert {1: ReturnReason.ACCOUNT_IS_CLOSED, 2: ReturnReason.OTHER} == told.reasons
    assert trust.digest_sm3(data) == read.digest


def many(count: int, *, without_amount: int) -> bytes:
    """A long report in two blocks; every seventh payment came back, one names no amount."""
    payments = [
        (line, "RJCT" if line % 7 == 0 else "ACSC", "AC06" if line % 7 == 0 else "", f"{line}.05")
        for line in range(1, count + 1)
    ]
    if without_amount:
        payments[without_amount - 1] = (*payments[without_amount - 1][:3], "")
    whole = a_status(*payments)
    middle = whole.index(f"<TxInfAndSts><OrgnlEndToEndId>{NUMBER}-{count // 2}<".encode())
    cut = b"</OrgnlPmtInfAndSts>\n<OrgnlPmtInfAndSts><OrgnlPmtInfId>y</OrgnlPmtInfId>\n"
    return whole[:middle] + cut + whole[middle:]


@pytest.mark.parametrize("without_amount", [0, 1, 777, 1_500])
def test_a_long_report_is_read_whole_also_where_a_payment_says_less_than_its_neighbours(without_amount: int) -> None:
    data = many(1_500, without_amount=without_amount)
    told = read_return_file(BytesIO(data)).told[BATCH]
    fens = [NO_AMOUNT if line == without_amount else line * 100 + 5 for line in range(1, 1_501)]

    assert list(range(1, 1_501)) == list(told.lines)
    assert fens == list(told.amounts)
    assert [1 + data[: data.index(f"{NUMBER}-{line}<".encode())].count(b"\n") for line in (1, 750, 1_500)] == [
        told.places[line - 1] for line in (1, 750, 1_500)
    ]
    assert {line - 1: ReturnReason.ACCOUNT_IS_FROZEN for line in range(7, 1_501, 7)} == told.reasons
    assert bytes(line % 7 == 0 for line in range(1, 1_501)) == told.outcomes


def test_a_payment_in_another_currency_is_refused_wherever_it_stands() -> None:
    data = many(1_500, without_amount=0).replace(b'Ccy="CNY">1000.05', b'Ccy="EUR">1000.05')

    with pytest.raises(Refused, match="BANK_FILE_CANNOT_BE_READ"):
        read_return_file(BytesIO(data))


def test_a_report_without_transactions_speaks_of_the_whole_message() -> None:
    read = read_return_file(BytesIO(a_status(group="<GrpSts>RJCT</GrpSts>")))

    assert [(BATCH, 1, Outcome.RETURNED)] == [(part.batch_id, part.part, part.outcome) for part in read.parts]


def a_notification(*, booked_on: str = "2026-11-26") -> bytes:
    """A notification of one booked debit."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>\n'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-26T10:00:00+08:00</CreDtTm></GrpHdr>\n"
        "<Ntfctn><Id>N1</Id><Acct><Id><Othr><Id>102</Id></Othr></Id></Acct>\n"
        '<Ntry><Amt Ccy="CNY">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{booked_on}</Dt></BookgDt><BkTxCd/>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{NUMBER}-1</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>\n"
        "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def test_a_notification_tells_the_day_on_which_a_payment_was_booked() -> None:
    told = read_return_file(BytesIO(a_notification(booked_on="2026-11-26"))).told[BATCH]

    assert ([1], {0: date(2026, 11, 26)}) == (list(told.lines), told.days)


@pytest.mark.parametrize(
    "booked_at",
    ["2026-11-26T00:00:00+08:00", "2026-11-25T16:00:00Z", "2026-11-26T15:59:59.999Z", "2026-11-26T23:59:59"],
)
def test_the_day_of_an_instant_is_shanghais(booked_at: str) -> None:
    data = a_notification().replace(b"<Dt>2026-11-26</Dt>", f"<DtTm>{booked_at}</DtTm>".encode())

    assert {0: date(2026, 11, 26)} == read_return_file(BytesIO(data)).told[BATCH].days


@pytest.mark.parametrize(("yuan", "fen"), [("1.00", 100), ("0.99", 99), ("0.00", 0)])
def test_a_movement_alone_in_its_entry_is_of_the_entrys_amount(yuan: str, fen: int) -> None:
    data = a_notification().replace(b">1.00<", f">{yuan}<".encode())

    assert [fen] == list(read_return_file(BytesIO(data)).told[BATCH].amounts)


def test_of_several_movements_in_an_entry_that_name_no_amount_none_is_known() -> None:
    one = f"<TxDtls><Refs><EndToEndId>{NUMBER}-1</EndToEndId></Refs></TxDtls>"
    data = a_notification().replace(one.encode(), (one + one.replace("-1<", "-2<")).encode())
    told = read_return_file(BytesIO(data)).told[BATCH]

    assert ([1, 2], [NO_AMOUNT, NO_AMOUNT]) == (list(told.lines), list(told.amounts))


@pytest.mark.parametrize("status", ["<Cd>PDNG</Cd>", "<Prtry>BOOK</Prtry>"])
def test_a_movement_that_is_not_said_to_be_booked_ends_nothing(status: str) -> None:
    read = read_return_file(BytesIO(a_notification().replace(b"<Cd>BOOK</Cd>", status.encode())))

    assert ({}, 1) == (read.told, read.pending_count)


@pytest.mark.parametrize("said", ["true", "1", " 1\n"])
def test_a_credit_that_reverses_a_debit_gives_a_payment_back(said: str) -> None:
    reversal = f"<CdtDbtInd>CRDT</CdtDbtInd><RvslInd>{said}</RvslInd>"
    data = a_notification().replace(b"<CdtDbtInd>DBIT</CdtDbtInd>", reversal.encode())

    assert [True] == list(read_return_file(BytesIO(data)).told[BATCH].outcomes)


def test_a_comment_before_a_message_is_passed_over() -> None:
    data = a_notification().replace(b"<Document", b"<!-- by the bank -->\n<Document")

    assert BATCH in read_return_file(BytesIO(data)).told


def with_supplement(report: bytes, supplement: bytes) -> bytes:
    end = b"</CstmrPmtStsRpt>"
    return report.replace(end, b"<SplmtryData><Envlp>" + supplement + b"</Envlp></SplmtryData>" + end)


@pytest.mark.parametrize(
    "supplement",
    [
        b"<TxInfAndSts/>",
        b"<OrgnlPmtInfAndSts><TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>",
        b"<OrgnlGrpInfAndSts><NbOfTxsPerSts><DtldNbOfTxs>many</DtldNbOfTxs></NbOfTxsPerSts></OrgnlGrpInfAndSts>",
    ],
)
def test_what_a_bank_adds_to_a_message_is_passed_over_whatever_it_looks_like(supplement: bytes) -> None:
    read = read_return_file(BytesIO(with_supplement(a_status((1, "ACSC", "", "")), supplement)))

    assert ([1], [False]) == (list(read.told[BATCH].lines), list(read.told[BATCH].outcomes))


def test_what_a_bank_adds_to_a_statement_is_no_movement() -> None:
    movement = f"<NtryDtls><TxDtls><Refs><EndToEndId>{NUMBER}-2</EndToEndId></Refs></TxDtls></NtryDtls>"
    added = f"</Ntfctn><SplmtryData><Envlp><Ntfctn><Ntry>{movement}</Ntry></Ntfctn></Envlp></SplmtryData>"
    read = read_return_file(BytesIO(a_notification().replace(b"</Ntfctn>", added.encode())))

    assert [1] == list(read.told[BATCH].lines)


def test_what_a_bank_adds_to_a_message_does_not_fill_the_memory() -> None:
    data = with_supplement(a_status((1, "ACSC", "", "")), b"<x>" + b"<a/>" * (BETWEEN_BYTES_MAX // 3) + b"</x>")

    with pytest.raises(Refused, match="BANK_FILE_CANNOT_BE_READ"):
        read_return_file(BytesIO(data))


WRONG: list[tuple[str, int | None, bytes]] = [
    ("BANK_FILE_CANNOT_BE_READ", 1, b""),
    ("BANK_FILE_CANNOT_BE_READ", 1, b"hello"),
    ("BANK_FILE_CANNOT_BE_READ", 1, a_file([a_row(1)])),
    ("BANK_FILE_CANNOT_BE_READ", 1, b'<!DOCTYPE x [<!ENTITY a "b">]>' + a_status((1, "ACSC", "", ""))),
    ("BANK_FILE_CANNOT_BE_READ", None, a_status((1, "ACSC", "", ""))[:-30]),
    ("BANK_FILE_CANNOT_BE_READ", 5, a_status((1, "ACSC", "", "1.234"))),
    ("BANK_FILE_CANNOT_BE_READ", 5, a_status((1, "ACSC", "", "1.23")).replace(b"CNY", b"USD")),
    ("BANK_FILE_IS_NOT_VALID", 6, a_status((1, "ACSC", "", ""), (2, "TOOLONG", "", ""))),
    ("BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT", 5, a_status((1, "ACSC", "", ""), number="X" * 26)),
    ("BANK_FILE_CONTRADICTS_ITSELF", 6, a_status((1, "ACSC", "", ""), (1, "RJCT", "AC04", ""))),
    (
        "BANK_FILE_TOTALS_DIFFER",
        None,
        a_status(
            (1, "ACSC", "", ""),
            group="<NbOfTxsPerSts><DtldNbOfTxs>2</DtldNbOfTxs><DtldSts>ACSC</DtldSts></NbOfTxsPerSts>",
        ),
    ),
    ("BANK_FILE_CANNOT_BE_READ", 4, a_notification(booked_on="12026-11-26")),
    (
        "BANK_FILE_TOTALS_DIFFER",
        4,
        a_notification().replace(b"</TxDtls>", b'</TxDtls><TxDtls><Amt Ccy="CNY">1.01</Amt></TxDtls>'),
    ),
    ("BANK_FILE_CANNOT_BE_READ", 2, a_plain("L,1,100,77,,ref")),
    ("BANK_FILE_CANNOT_BE_READ", 3, a_plain("L,1,100,00,,ref", "L,2,0,00,,ref", tail="T,1,100,0,0,x")),
    ("BANK_FILE_CANNOT_BE_READ", 2, a_plain("L,1,100,00,2026-02-30,ref")),
    ("BANK_FILE_CANNOT_BE_READ", 2, a_plain("L,１,100,00,,ref")),
    ("BANK_FILE_CANNOT_BE_READ", 3, a_plain("L,1,100,00,,ref").rsplit(b"T,", 1)[0]),
    ("BANK_FILE_CONTRADICTS_ITSELF", 3, a_plain("L,1,100,00,,ref", "L,1,100,01,,ref")),
    ("BANK_FILE_TOTALS_DIFFER", 3, a_plain("L,1,100,00,,ref", tail="T,1,101,0,0," + "0" * 64)),
    ("BANK_FILE_DIGEST_DIFFERS", 3, a_plain("L,1,100,00,,ref", tail="T,1,100,0,0," + "0" * 64)),
]


@pytest.mark.parametrize(("reason", "line", "data"), WRONG, ids=[f"{n}-{each[0]}" for n, each in enumerate(WRONG)])
def test_what_is_wrong_in_a_bank_s_file_is_refused_with_its_line(reason: str, line: int | None, data: bytes) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        read_return_file(BytesIO(data))
    if line is not None:
        assert line == caught.value.about["line"]


def test_a_refusal_says_which_element_is_wrong_and_not_what_stands_in_it() -> None:
    data = a_status((1, "ACSC", "", "")).replace(
        b"<TxSts>ACSC</TxSts>", b"<TxSts>\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e12</TxSts>"
    )
    with pytest.raises(Refused) as caught:
        read_return_file(BytesIO(data))
    assert "TxSts" == caught.value.about["what"]


def entity_bomb() -> bytes:
    body = a_status((1, "ACSC", "", "")).split(b"?>", 1)[1]
    return b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + body


def outside_entity() -> bytes:
    body = a_status((1, "ACSC", "", "")).split(b"?>", 1)[1]
    pad = b"<!--" + b" " * 5_000 + b"-->"
    return b'<?xml version="1.0"?>' + pad + b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + body


def entity_behind_a_comment() -> bytes:
    report = a_status((1, "ACSC", "", "")).replace(b"<TxSts>ACSC", b"<TxSts>&a;")
    comment = b"<!--urn:iso:std:iso:20022:tech:xsd:pain.002.001.12-->"
    return report.replace(b"<Document", comment + b'<!DOCTYPE Document [<!ENTITY a "ACSC">]><Document')


@pytest.mark.parametrize("make", [entity_bomb, outside_entity, entity_behind_a_comment], ids=lambda make: make.__name__)
def test_entities_are_neither_expanded_nor_fetched(make: Callable[[], bytes]) -> None:
    with pytest.raises(Refused, match="BANK_FILE_CANNOT_BE_READ"):
        read_return_file(BytesIO(make()))


def test_every_message_that_is_read_has_its_schema() -> None:
    assert {"pain.002.001.03", "pain.002.001.12", "camt.053.001.08", "camt.054.001.08"} == set(READ)
    for message in (PAYMENT, *READ):
        assert schema_of(message) is not None
