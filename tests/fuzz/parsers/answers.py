"""What is answered over a line: by banks, hosts, registers, a witness, a gateway, a module; by us, to our client."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
import msgspec

from tests.fuzz.parsers.formats import CBOR_WORDS
from tests.fuzz.parsers.harness import Harness, a_fixed_key, said
from tests.support.builders.payouts import a_debit
from tests.support.world import NOON
from yikatong.app.outside.bank import HttpBank, StandingKind, StandingShape
from yikatong.app.outside.bank_host import DigestShape, HostBankFiles, NamesShape
from yikatong.app.outside.face import FaceSaid, HttpFaceCheck
from yikatong.app.outside.messages import HttpMessageGateway, Taken
from yikatong.app.outside.vehicles import HttpVehicleRegister
from yikatong.app.outside.witness import HttpWitness
from yikatong.cards.outside import AccountAnswer, AccountVerdict, FaceAnswer
from yikatong.client.answers import Changed, Who
from yikatong.client.connection import Heard, find_problem, find_value
from yikatong.client.receipts import Outcome, Receipt
from yikatong.kernel.instants import day_of
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.notices.model import TemplateWords, Words
from yikatong.notices.outside import Message, MessageNotTakenError
from yikatong.payouts.outside import BankDidNotAnswer, BankFilesAreAway, BankRefusal, DayLine, DayLineKind
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Head
from yikatong.sealing.outside import WitnessIsSilent
from yikatong.trade_in.outside import PlateStanding, RegisterDidNotAnswer, VehicleRecord
from yikatong.trust import service as trust
from yikatong.trust.keys_at_rest.external_holder import (
    ExternalKeyHolder,
    held_key_row,
    receive_message,
    send_message,
)
from yikatong.trust.model import HeldKey, KeyKind
from yikatong.witness.http import Answered

_ID = UUID(int=5)
_WORDS = Words(title="已支付 Paid", text="一笔 One payment")
_DEBIT = a_debit()
_TODAY = day_of(NOON)
_MESSAGE = Message(message_id=_ID, resident_id=_ID, template="tap_paid", words=TemplateWords(zh=_WORDS, en=_WORDS))
_WITNESS = a_fixed_key(41)
_HEAD = Head(size=2, root=bytes(32), made_at=NOON, signed=b"")
_BUSY, _PACKED = b"\xff", b"\xfe"
"""With these first bytes the rest comes with another status, or is said to be compressed."""


class _Answering(httpx.AsyncBaseTransport):
    """An organisation that gives one answer to everything."""

    answer = b""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer."""
        status = 503 if self.answer[:1] == _BUSY else 200
        headers = {"content-encoding": "gzip"} if self.answer[:1] == _PACKED else {}
        content = self.answer.lstrip(_BUSY + _PACKED)
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


_outside = _Answering()
_client = httpx.AsyncClient(transport=_outside, base_url="http://localhost", trust_env=False)
_loop = asyncio.new_event_loop()


def take_bank(data: bytes) -> bool:
    """A bank's answer to anything is a clear answer or none; what is kept of it can be kept."""
    _outside.answer = data
    bank = HttpBank(_client, patience_seconds=60)
    calls: list[Awaitable[Any]] = [
        bank.ask(_DEBIT),
        bank.query(bank_code="102", request_id=_ID),
        bank.reverse(bank_code="102", request_id=_ID),
        bank.list_day(bank_code="102", day=_TODAY),
        bank.confirm_account(bank_code="102", bank_card_number="62", name="王", id_number="1", phone="1"),
    ]
    is_read = False
    for call in calls:
        read = said(_loop.run_until_complete, call, errors=(BankDidNotAnswer,))
        _verify_kept(read.value)
        is_read = is_read or read.refused is None
    return is_read


def take_face(data: bytes) -> bool:
    """A face check's answer."""
    _outside.answer = data
    call = HttpFaceCheck(_client).compare_face(name="王", id_number="1", face="liveness-1")
    return said(_loop.run_until_complete, call).refused is None


def take_gateway(data: bytes) -> bool:
    """A gateway's answer; the channel it names is kept."""
    _outside.answer = data
    call = HttpMessageGateway(_client).deliver(_MESSAGE)
    read = said(_loop.run_until_complete, call, errors=(MessageNotTakenError,))
    _verify_kept(read.value)
    return read.refused is None


_host_folder = TemporaryDirectory(prefix="yikatong-fuzz-")
_HOST_FOLDER = Path(_host_folder.name)
_SM3_BYTES = 32


def take_vehicles(data: bytes) -> bool:
    """A register's answer; its days fit how the plate stands."""
    _outside.answer = data
    call = HttpVehicleRegister(_client).look_up(code="101222000000011", name="王", id_number="1")
    read = said(_loop.run_until_complete, call, errors=(RegisterDidNotAnswer,))
    if read.refused is None:
        assert (read.value.standing is PlateStanding.NONE) == (read.value.registered_on is None)
    return read.refused is None


def take_witness(data: bytes) -> bool:
    """A witness's answer is believed when it signed it, else it is silent or refused."""
    _outside.answer = data
    witness = HttpWitness(_client, key=trust.verifying_key(_WITNESS.public_key))
    calls: list[Awaitable[Any]] = [witness.find_last(), witness.co_sign(_HEAD, old=1, path=())]
    reads = [said(_loop.run_until_complete, call, errors=(WitnessIsSilent,)) for call in calls]
    return any(read.refused is None for read in reads)


def take_bank_host(data: bytes) -> bool:
    """A host's list of files is a list of names that a folder takes; its digest is one of SM3."""
    _outside.answer = data
    host = HostBankFiles(_HOST_FOLDER, _client, patience_seconds=60)
    listed = said(_loop.run_until_complete, host.list_returns(bank_code="102"), errors=(BankFilesAreAway,))
    for file in (_HOST_FOLDER / "102" / "from-bank").glob("*"):
        file.unlink()
    digest = said(
        _loop.run_until_complete, host.find_published(bank_code="102", name="a.xml"), errors=(BankFilesAreAway,)
    )
    assert digest.value is None or len(digest.value) == _SM3_BYTES
    return listed.refused is None or digest.refused is None


def take_platform(data: bytes) -> bool:
    """What the platform, or whatever stands between, answers a client is a problem, a value, or neither."""
    content = data.lstrip(_BUSY + _PACKED)
    status = 503 if data[:1] == _BUSY else 200
    media_type = "application/problem+json" if status == 503 else "application/json"
    heard = Heard(status, media_type, content, "request-1", 0.0)
    problem = find_problem(heard)
    values = [find_value(heard, shape) for shape in (Receipt, Who, Changed)]
    return problem is not None or any(value is not None for value in values)


def _verify_kept(value: Any) -> None:
    """The database keeps no text with U+0000, and no number beyond a bigint."""
    if isinstance(value, str):
        assert "\0" not in value
    elif isinstance(value, list):
        for line in value:
            assert abs(line.amount_fen) <= AMOUNT_FEN_MAX
    elif isinstance(value, msgspec.Struct):
        for part in msgspec.structs.astuple(value):
            _verify_kept(part)


class _Module(threading.Thread):
    """A cryptographic module that gives one answer to every question."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.answer = b""
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()

    def run(self) -> None:
        """Answer one connection after the other."""
        while True:
            connection, _ = self._listening.accept()
            with connection:
                while True:
                    try:
                        receive_message(connection)
                        send_message(connection, self.answer)
                    except (OSError, EOFError):
                        break


_folder = TemporaryDirectory(prefix="yikatong-fuzz-")
_SOCKET = Path(_folder.name) / "module.sock"
_module: list[_Module] = []


def take_key_module(data: bytes) -> bool:
    """A module's answer to any question is of its kind, or refused."""
    if not _module:
        _module.append(_Module(_SOCKET))
        _module[0].start()
    _module[0].answer = data
    holder = ExternalKeyHolder(str(_SOCKET), timeout_seconds=60)
    asks: tuple[Callable[[], Any], ...] = (
        holder.held_keys,
        lambda: holder.sign(b"key1", b"message"),
        lambda: holder.mark("pepper", b"1"),
        lambda: holder.secrets("alias-990101"),
        lambda: holder.signer("region-990101"),
    )
    is_read = [said(ask).refused is None for ask in asks]
    holder.close()
    return any(is_read)


def _vehicle_seeds() -> list[bytes]:
    records = (
        VehicleRecord(standing=PlateStanding.NONE, registered_on=None, cancelled_on=None, is_theirs=False),
        VehicleRecord(standing=PlateStanding.REGISTERED, registered_on=_TODAY, cancelled_on=None, is_theirs=True),
        VehicleRecord(standing=PlateStanding.CANCELLED, registered_on=_TODAY, cancelled_on=_TODAY, is_theirs=False),
    )
    return [msgspec.json.encode(record) for record in records]


def _witness_seeds() -> list[bytes]:
    witnessed = sealing.witness_head(_HEAD, _WITNESS)
    return [msgspec.json.encode(Answered(one)) for one in (witnessed.signed, None)]


def _host_seeds() -> list[bytes]:
    names = [NamesShape(["a.xml"]), NamesShape(["../a.xml", ".hidden", "a/b"]), NamesShape([])]
    return [msgspec.json.encode(one) for one in (*names, DigestShape("ab" * _SM3_BYTES))]


def _platform_seeds() -> list[bytes]:
    said_no = {"type": "urn:x", "title": "t", "status": 503, "detail": "d", "reason": "SERVER_IS_BUSY",
               "says": {"en": "e", "zh": "z"}, "remedy": {"en": "e", "zh": "z"}, "instance": "request-1"}  # fmt: skip
    receipt = Receipt(tap="tap_1", request_id="request-1", outcome=Outcome.ADMITTED, item="meal", form="e_card_code",
                      strength="shown", decided_at=NOON)  # fmt: skip
    problem = msgspec.json.encode(said_no)
    return [problem, _BUSY + problem, msgspec.json.encode(receipt), b'{"change":"done"}']


def _bank_seeds() -> list[bytes]:
    standings = (
        StandingShape(StandingKind.DID, bank_reference="b-1", booked_on=_TODAY),
        StandingShape(StandingKind.REFUSED, refusal=BankRefusal.OVER_LIMIT),
        StandingShape(StandingKind.REVERSED, booked_on=_TODAY, reversed_on=_TODAY),
        StandingShape(StandingKind.NEVER_HEARD),
    )
    lines = [DayLine(_ID, kind, 100) for kind in DayLineKind]
    account = AccountAnswer(verdict=AccountVerdict.GOOD, token="act_0123", tail="1234")
    return [msgspec.json.encode(one) for one in (*standings, lines, account)]


def _module_seeds() -> Sequence[bytes]:
    public_key = a_fixed_key(31).public_key
    keys = (
        HeldKey(name="region-990101", kind=KeyKind.SIGNING, key_id=b"key1", made_at=NOON, public_key=public_key),
        HeldKey(name="pepper", kind=KeyKind.MARKING, key_id=b"key2", made_at=NOON),
    )
    values: list[object] = [[0, b"signature"], [0, [b"secret"]], [0, [held_key_row(key) for key in keys]]]
    return [trust.encode(value) for value in (*values, [1, "KEY_IS_NOT_HELD"])]


_JSON_WORDS = (b"\\u0000", b"\\ud800", b"[" * 100, b'{"a":' * 100, b"1e400", b"99999999999999999999", _BUSY, _PACKED)

HARNESSES = (
    Harness("bank", take_bank, _bank_seeds, _JSON_WORDS),
    Harness("face", take_face, lambda: [msgspec.json.encode(FaceSaid(one)) for one in FaceAnswer], _JSON_WORDS),
    Harness("gateway", take_gateway, lambda: [msgspec.json.encode(Taken("push"))], _JSON_WORDS),
    Harness("vehicles", take_vehicles, _vehicle_seeds, _JSON_WORDS),
    Harness("witness", take_witness, _witness_seeds, _JSON_WORDS),
    Harness("bank_host", take_bank_host, _host_seeds, _JSON_WORDS),
    Harness("platform", take_platform, _platform_seeds, _JSON_WORDS),
    Harness("key_module", take_key_module, _module_seeds, CBOR_WORDS),
)
