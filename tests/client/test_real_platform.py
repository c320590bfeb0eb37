"""The client against the platform itself, with a line between them that breaks: every fen once, and sealed."""

import asyncio
import random
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from msgspec.structs import replace
from rich.console import Console

from simulator.card_maker import make_cards
from simulator.stories import Credentials
from tests.client.platform import Everywhere, Heard, Platform, Play, Said
from tests.client.world import JOURNAL_KEY, LEAVES_IT_UNKNOWN
from tests.support.database import a_database_to_serve_from, folder_of_our_own
from yikatong.app import demo
from yikatong.app.keys import open_keys
from yikatong.client.answers import Changed
from yikatong.client.catalogue import ProviderRegistered
from yikatong.client.connection import Connection, Patience
from yikatong.client.log import SealedLog
from yikatong.client.partner import Operator, open_session
from yikatong.client.problems import AnswerIsUnknown
from yikatong.client.receipts import Admitted, Attested
from yikatong.client.terminal import Terminal, TerminalIdentity
from yikatong.kernel.identifiers.credit_code import make_credit_code
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing
from yikatong.terminal.model import Alarm, Included, Reason
from yikatong.terminal.offline import open_memory
from yikatong.terminal.platform import Log, PlatformIsAway
from yikatong.terminal.seals import KeptLog
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, KeyHolder, PublicKey

ID_NUMBER = "99010119550307003X"
PATIENCE = Patience(answer_seconds=60)
WHY = "a test of the client"


class Office(NamedTuple):
    """A region's platform with two operators and a resident, and the line to it that may be told to break."""

    line: Platform
    steward: Operator
    second: Operator
    stewards_token: str
    resident_id: str
    settings: Settings
    address: ServerAddress


@pytest.fixture(scope="module")
def office(db: Database) -> Iterator[Office]:
    said = Console(file=StringIO())
    folder = folder_of_our_own()
    with a_database_to_serve_from(db.address.conninfo) as address, demo.outside_world(said, folder=folder) as outside:
        settings = replace(demo.demo_settings(Settings(), folder=folder, outside=outside), port=0)
        with (
            demo.running(settings, address, outside=outside, console=said) as platform,
            Platform() as line,
            httpx.Client(base_url=platform.base_url, timeout=60, trust_env=False) as through,
        ):
            line.answers = Everywhere(lambda heard: forward(through, heard))
            staffed = an_office(line, platform.operators[demo.HOME], settings=settings, address=address)
            yield staffed
            staffed.steward.close()
            staffed.second.close()


def forward(through: httpx.Client, heard: Heard) -> Said:
    """Carry a request to the platform and its answer back."""
    headers = {name: value for name, value in heard.headers.items() if name not in ("host", "content-length")}
    target = f"{heard.path}?{heard.query}" if heard.query else heard.path
    answer = through.request(heard.method, target, headers=headers, content=heard.body)
    return Said(answer.status_code, answer.content, answer.headers["content-type"])


def an_office(line: Platform, first: Credentials, *, settings: Settings, address: ServerAddress) -> Office:
    """The first operator signs in, makes a second, who may approve, and gets leave to attest; somebody gets a card."""
    session = open_session(line.address, region=demo.HOME, login_name=first.login_name, password=first.password)
    steward = Operator(Connection(line.address, token=session.token, patience=PATIENCE))
    made = steward.people.create_operator(login_name="second", display_name="复核员")
    for role in ("access_keeper", "approver", "settler"):
        steward.people.grant_role(made.id, role=role)
    second = Operator.sign_in(
        line.address,
        region=demo.HOME,
        login_name=made.login_name,
        password=made.first_password,
        new_password="a password of the second's own",
        patience=PATIENCE,
    )
    limits = second.people.set_attestation_limits(steward.who_am_i().id, tap_max_fen=10_000, day_max_fen=100_000)
    assert Change.DONE is steward.approvals.approve(limits.approval_id).read(Changed).change
    return Office(line, steward, second, session.token, a_cardholder(steward), settings, address)


def a_cardholder(steward: Operator) -> str:
    """Somebody with a card in their hand and 100 yuan in their purse."""
    resident_id = steward.residents.register(division=demo.HOME, name="王秀英", id_number=ID_NUMBER).resident_id
    steward.cards.apply(resident_id, bank_code="102")
    batch = steward.cards.make_batch()
    file = steward.cards.write_batch_file(batch.batch_id, purpose=WHY).file
    made = make_cards(file, region=demo.HOME, today=day_of(datetime.now(UTC)))
    assert 1 == steward.cards.read_return(batch.batch_id, file=made.file).made_count
    steward.cards.activate(resident_id)
    steward.accounts.top_up_purse(resident_id, amount_fen=10_000)
    return resident_id


@contextmanager
def a_canteen_till(office: Office, folder: Path, *, subject: str) -> Iterator[Terminal]:
    """A till of a canteen, registered by the counter."""
    pending = office.steward.catalogue.register_provider(
        credit_code=make_credit_code("91350100" + subject),
        name_zh="亭亭社区食堂",
        kind="canteen",
        receivable_limit_fen=10_000,
    )
    provider = office.second.approvals.approve(pending.approval_id).read(ProviderRegistered).provider
    place = office.steward.catalogue.register_place(
        provider_id=provider.id, division=demo.HOME, name_zh="亭亭社区食堂"
    ).place
    key = trust.new_signing_key(Algorithm.ES256)
    registered = office.steward.catalogue.register_terminal(
        provider_id=provider.id,
        place_id=place.id,
        label="收银台1号",
        public_key=urlsafe_b64encode(trust.encode_cose_key(key.public_key)).rstrip(b"=").decode(),
        purposes=("community",),
    )
    identity = TerminalIdentity(
        terminal=registered.terminal.id, region=demo.HOME, provider=provider.id, provider_name=provider.name_zh
    )
    assert registered.token is not None
    with Terminal.open(
        office.line.address,
        token=registered.token,
        identity=identity,
        signing_key=key,
        journal_file=folder / "till.journal",
        journal_key=JOURNAL_KEY,
        patience=PATIENCE,
        sleep=lambda seconds: None,
    ) as till:
        yield till


def attested_by(office: Office) -> Attested:
    """The steward sees the resident's ID card."""
    return Attested(
        operator_token=office.stewards_token,
        document="resident_id_card",
        document_number=ID_NUMBER,
        why="phone and card left at home",
        attested_at=datetime.now(UTC),
    )


def in_the_purse(office: Office) -> int:
    """What the resident's purse can pay."""
    accounts = office.steward.accounts.list(office.resident_id, purpose=WHY).accounts
    return sum(account.available_fen for account in accounts if account.kind == "purse")


def test_every_tap_counts_once_on_a_line_that_breaks(office: Office, tmp_path: Path) -> None:
    chance = random.Random(7)
    with a_canteen_till(office, tmp_path, subject="M000100Y4") as till:
        assert "community-meal" in {item.code for item in till.items(scene="community", served=True)}
        purse_before_fen = in_the_purse(office)
        said: list[str] = []
        for number in range(30):
            office.line.plays.extend(chance.choices([Play.ANSWER, *LEAVES_IT_UNKNOWN], k=3))
            try:
                tap = till.tap(
                    item="community-meal",
                    amount_fen=100 + number,
                    attested=attested_by(office),
                    request_id=f"tap-{number:05}",
                )
                said.append(type(tap).__name__)
            except AnswerIsUnknown:
                said.append("unknown")
            office.line.plays.clear()
        assert {"Admitted", "unknown"} == set(said)

        recovered = till.recover()

        assert said.count("unknown") == len(recovered)
        assert {Admitted} == {type(found.result) for found in recovered}
        assert [] == till.unfinished()
        today = till.statement(day_of(datetime.now(UTC)))
        assert (30, sum(100 + number for number in range(30))) == (today.sales_count, today.sales_fen)
        assert purse_before_fen - today.sales_fen == in_the_purse(office)


def test_a_reversal_and_a_refund_give_each_fen_back_once(office: Office, tmp_path: Path) -> None:
    with a_canteen_till(office, tmp_path, subject="M000100Y5") as till:
        first = till.tap(item="community-meal", amount_fen=500, attested=attested_by(office), request_id="given-back")
        other = till.tap(item="community-meal", amount_fen=300, attested=attested_by(office))
        assert isinstance(first, Admitted)
        assert isinstance(other, Admitted)
        office.line.plays.extend([Play.CUT_AFTER, Play.CUT_HALFWAY])
        assert first.receipt.tap == till.reverse("given-back").tap
        assert till.reverse("given-back").already
        office.line.plays.extend([Play.CUT_AFTER, Play.CUT_HALFWAY])
        assert 200 == till.refund(other.receipt.tap, 100, request_id="refund-01").left_fen
        today = till.statement(day_of(datetime.now(UTC)))

    assert (800, 100, 500) == (today.sales_fen, today.refunds_fen, today.reversals_fen)
    assert (2, 1, 1) == (today.sales_count, today.refunds_count, today.reversals_count)


def the_log_keys(office: Office) -> KeyHolder:
    """The platform's keys, as whoever installs a terminal reads them."""
    clock = SystemClock()
    return open_keys(office.settings, clock=clock, ids=SystemIds(clock))


def append_to_the_log(office: Office, *, after: str = "SELECT 1") -> None:
    """Run a statement past the platform, and see to it that the log holds every batch; the platform's job does too."""

    async def run() -> None:
        clock = SystemClock()
        sealer = sealing.Sealer(the_log_keys(office), ids=SystemIds(clock))
        async with await Database.open(office.address) as database:
            async with database.owner_transaction() as conn:
                await conn.execute(after.encode())
            waiting = "SELECT (SELECT count(*) FROM sealing.batch) - (SELECT count(*) FROM sealing.entry)"
            left = 1
            while left:
                await sealer.run_once(database, now=clock.now())
                async with database.owner_transaction() as conn:
                    (left,) = await (await conn.execute(waiting)).fetchone() or (0,)

    asyncio.run(run())


REWRITE = """
DELETE FROM sealing.node; DELETE FROM sealing.head; DELETE FROM sealing.entry; DELETE FROM sealing.cosignature;
DELETE FROM sealing.batch WHERE (series, number) IN (
    SELECT series, max(number) FROM sealing.batch GROUP BY series ORDER BY min(made_at) LIMIT 1
);
UPDATE sealing.series SET appended = 0, is_closed = false
"""
"""What whoever holds the database does to take a batch out: the platform's own sealer then makes the log anew."""


def test_a_till_proves_its_receipts_and_finds_out_that_the_log_was_rewritten(office: Office, tmp_path: Path) -> None:
    log_keys = [key.public_key for key in sealing.log_keys_of(the_log_keys(office)).values()]
    with (
        a_canteen_till(office, tmp_path, subject="M000100Y6") as till,
        open_memory(tmp_path / "memory") as memory,
        Connection(office.line.address, token=None, patience=PATIENCE) as open_to_all,
    ):
        log: Log = SealedLog(open_to_all, included=Included, is_away=PlatformIsAway)
        kept = KeptLog(memory, log_keys=log_keys)
        paid = [till.tap(item="community-meal", amount_fen=100, attested=attested_by(office)) for _ in range(3)]
        append_to_the_log(office)
        for tap in paid:
            assert isinstance(tap, Admitted)
            entered = kept.verify_entered(tap.receipt, log, now=datetime.now(UTC))
            assert entered is not None
            assert kept.head == entered
            with pytest.raises(Refused) as changed:
                kept.verify_receipt(replace(tap.receipt, amount_fen=1), log)
            assert Reason.RECEIPT_IS_NOT_WHAT_WAS_SEALED is changed.value.reason
        before = kept.head
        till.tap(item="community-meal", amount_fen=100, attested=attested_by(office))
        append_to_the_log(office)
        grown = kept.follow(log, now=datetime.now(UTC)).head
        assert before is not None
        assert grown is not None
        assert before.size < grown.size

        append_to_the_log(office, after=REWRITE)
        with pytest.raises(Refused) as rewritten:
            kept.follow(log, now=datetime.now(UTC))

    assert rewritten.value.reason in (Reason.LOG_WAS_FORKED, Reason.LOG_WAS_CUT_BACK)
    assert [rewritten.value.reason.name] == [alarm.reason for alarm in kept_alarms(tmp_path / "memory", log_keys)]


def kept_alarms(file: Path, log_keys: list[PublicKey]) -> list[Alarm]:
    """What a terminal that was started again knows."""
    with open_memory(file) as memory:
        return KeptLog(memory, log_keys=log_keys).alarms
