"""The HTTP adapter to a bank against the simulated bank: every answer comes through, every failure is one thing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from simulator.bank import SimulatedBank
from simulator.bank_http import bank_app
from simulator.trouble import Trouble
from tests.support.builders.payouts import a_debit
from tests.support.world import NOON, FixedClock
from yikatong.app.outside.bank import HttpBank
from yikatong.cards.outside import AccountAnswer, AccountVerdict
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    BankDid,
    BankDidNotAnswer,
    BankNeverHeard,
    BankRefusal,
    BankRefused,
    BankReversed,
    DayLine,
    DayLineKind,
)

pytestmark = pytest.mark.anyio

TODAY = day_of(NOON)
NUMBER = "6217000000000000"
CHECK = {"bank_code": "102", "bank_card_number": NUMBER, "name": "陈爷爷", "id_number": "X", "phone": "1"}


@asynccontextmanager
async def a_bank(*, patience_seconds: float = 5.0) -> AsyncIterator[tuple[SimulatedBank, HttpBank, str]]:
    """A bank with one account of 1 000 fen, the adapter to it, and the account's token."""
    bank = SimulatedBank(FixedClock(), slow_seconds=3_600)
    token = bank.open_account(number=NUMBER, name="陈爷爷", id_number="X", phone="1", balance_fen=1_000)
    transport = httpx.ASGITransport(app=bank_app(bank))
    async with httpx.AsyncClient(transport=transport, base_url="http://bank.invalid") as client:
        yield bank, HttpBank(client, patience_seconds=patience_seconds), token


@asynccontextmanager
async def a_server(answer: httpx.Response | Exception) -> AsyncIterator[HttpBank]:
    """Something that is no bank: it always gives this answer."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://bank.invalid") as client:
        yield HttpBank(client)


async def test_a_debit_its_standing_and_its_reversal_come_through() -> None:
    async with a_bank() as (bank, adapter, token):
        request = a_debit(token, 400)
        assert BankNeverHeard() == await adapter.query(bank_code="102", request_id=request.id)
        did = await adapter.ask(request)
        assert isinstance(did, BankDid)
        assert did == await adapter.query(bank_code="102", request_id=request.id)
        assert [DayLine(request.id, DayLineKind.DEBIT, 400)] == await adapter.list_day(bank_code="102", day=TODAY)
        assert BankReversed(TODAY, TODAY) == await adapter.reverse(bank_code="102", request_id=request.id)
        assert 1_000 == bank.balance_of(token)


async def test_a_refusal_comes_through_with_its_reason() -> None:
    async with a_bank() as (_, adapter, token):
        assert BankRefused(BankRefusal.INSUFFICIENT_FUNDS) == await adapter.ask(a_debit(token, 1_001))


@pytest.mark.parametrize("trouble", [Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
async def test_a_lost_answer_is_no_answer(trouble: Trouble) -> None:
    async with a_bank() as (bank, adapter, token):
        bank.troubles.add(trouble)
        with pytest.raises(BankDidNotAnswer):
            await adapter.ask(a_debit(token, 400))


async def test_a_bank_slower_than_our_patience_gives_no_answer() -> None:
    async with a_bank(patience_seconds=0.05) as (bank, adapter, token):
        bank.troubles.add(Trouble.SLOW)
        with pytest.raises(BankDidNotAnswer):
            await adapter.ask(a_debit(token, 400))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "/elsewhere"}),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b'{"standing":"perhaps"}'),
        httpx.Response(200, content=b'{"standing":"did"}'),
        httpx.Response(200, content=b'{"standing":"reversed"}'),
        httpx.Response(200, content=b'{"standing":"did","booked_on":"2026-11-25","bank_reference":"\xff"}'),
        httpx.Response(200, content=b'{"standing":"did","booked_on":"2026-11-25","bank_reference":"\\u0000"}'),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut off"),
    ],
)
async def test_whatever_is_no_clear_answer_is_no_answer(answer: httpx.Response | Exception) -> None:
    async with a_server(answer) as adapter:
        with pytest.raises(BankDidNotAnswer):
            await adapter.ask(a_debit())


async def test_the_name_account_check_gives_a_token_for_the_holder_alone() -> None:
    async with a_bank() as (_, adapter, token):
        good = AccountAnswer(verdict=AccountVerdict.GOOD, token=token, tail="0000")
        assert good == await adapter.confirm_account(**CHECK)
        for changed, verdict in (
            ({"name": "王奶奶"}, AccountVerdict.NOT_THE_HOLDERS),
            ({"bank_card_number": "6217000000000001"}, AccountVerdict.NOT_THE_HOLDERS),
            ({"phone": "2"}, AccountVerdict.ANOTHER_PHONE),
        ):
            assert AccountAnswer(verdict=verdict) == await adapter.confirm_account(**(CHECK | changed))


async def test_a_check_that_is_not_answered_is_a_named_refusal_that_tells_nothing() -> None:
    async with a_server(httpx.Response(503)) as adapter:
        with pytest.raises(Refused, match="ACCOUNT_CHECK_DID_NOT_ANSWER") as caught:
            await adapter.confirm_account(**CHECK)
    assert {"bank_code": "102"} == caught.value.about


@pytest.mark.parametrize("handle", ["", "act_123", "act_12,345", 'act_"12345', "act_1 2345", "act_１2345", "a" * 129])
async def test_a_handle_that_a_file_could_not_hold_as_it_is_is_no_answer(handle: str) -> None:
    said = {"verdict": "good", "token": handle, "tail": "0000"}
    async with a_server(httpx.Response(200, json=said)) as adapter:
        with pytest.raises(Refused, match="ACCOUNT_CHECK_DID_NOT_ANSWER"):
            await adapter.confirm_account(**CHECK)
    async with a_server(httpx.Response(200, json=said | {"token": "act_1+2/3=4|5"})) as adapter:
        assert "act_1+2/3=4|5" == (await adapter.confirm_account(**CHECK)).token
