"""What banks write back: status reports, notifications, statements, plain return files."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from simulator.bank_files import FileBank, Payment
from tests.fuzz.parsers.harness import Harness, said
from tests.support.world import NOON, FixedClock
from yikatong.kernel.instants import day_of
from yikatong.payouts.messages.return_file import read_return_file
from yikatong.payouts.rules.batches import show_number

_NUMBER = show_number(UUID("01938f5e-2b7c-7a7d-9e9b-1c2d3e4f5a6b"))
_AMOUNT_FEN_MAX = 10**15


def take_bank_file(data: bytes) -> bool:
    """Every report names a line and an amount that can be; a payment comes back only for a reason."""
    read = said(lambda: read_return_file(BytesIO(data)))
    if read.value is None:
        return False
    for told in read.value.told.values():
        assert len(told.lines) == len(told.amounts) == len(told.outcomes) == len(told.places)
        assert all(0 < line < 10_000_000 for line in told.lines)
        assert all(0 <= fen < _AMOUNT_FEN_MAX for fen in told.amounts)
        assert {index for index, is_returned in enumerate(told.outcomes) if is_returned} == set(told.reasons)
    assert 32 == len(read.value.digest)
    return bool(read.value.report_count or read.value.parts)


def _files(*, is_plain: bool) -> list[bytes]:
    """What the simulated bank leaves of three payments, of which one came back at once and one later."""
    with TemporaryDirectory() as folder:
        bank = FileBank(Path(folder), clock=FixedClock(NOON))
        for line, refusal in ((1, None), (2, "AC04"), (3, None)):
            bank.payments[f"{_NUMBER}-{line}"] = Payment(
                message=f"{_NUMBER}-P0001",
                name=f"{_NUMBER}-{line}",
                handle=f"act_{line}",
                holder="王秀英",
                amount_fen=1_000 + line,
                is_plain=is_plain,
                refusal=refusal,
                booked_on=None if refusal else day_of(NOON),
            )
        names = bank.answer()
        if not is_plain:
            names += [bank.give_back(["act_3"]), bank.statement(day_of(NOON))]
        return [(Path(folder) / "from-bank" / name).read_bytes() for name in names]


_XML_WORDS = (b"<TxInfAndSts>", b"</TxSts>", b"<!DOCTYPE d>", b"&a;", b"&#0;", b"<![CDATA[", b"]]>", b"<!--", b"<?x?>",
              b"CNY", b"99999999999999.99", b"RJCT", b"CRDT", b"xmlns:a='b'", b"\xff\xfe")  # fmt: skip

HARNESSES = (
    Harness("messages", take_bank_file, lambda: _files(is_plain=False), _XML_WORDS, 8_192),
    Harness(
        "plain",
        take_bank_file,
        lambda: _files(is_plain=True),
        (b",", b"\n", b"T,", b"H,", b"L,", b"00", b"\xff"),
        4_096,
    ),
)
