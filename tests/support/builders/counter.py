"""A counter at work in a region of its own: residents with wallets, a canteen, a gate, a bank that answers as told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import msgspec

from simulator.wallet import Wallet
from tests.support.builders.access import Known, an_operator
from tests.support.builders.cards import TERMS, CardWorld
from tests.support.builders.catalogue import TerminalWithKeys, a_code, a_provider, a_terminal, item_terms
from tests.support.builders.places import a_region
from tests.support.world import NOON, FixedClock, SeededIds, a_region_code
from yikatong.access import service as access
from yikatong.app.caches import WorkerCaches
from yikatong.app.reference import all_reasons
from yikatong.cards import service as cards
from yikatong.cards.model import Registered
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import DataKind, Item, Provider, Scene
from yikatong.codes import service as codes
from yikatong.codes.model import Challenge, DocumentSeen
from yikatong.kernel.ids import TransferId
from yikatong.ledger import service as ledger
from yikatong.ledger.model import HOUSE, AccountKind, Leg, TransferDraft, TransferKind, name_account
from yikatong.lines.rules import account_of_source
from yikatong.plumbing import versions
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.plumbing.settings import Settings
from yikatong.presence.service import PresenceLine
from yikatong.retail.service import RetailLine
from yikatong.sealing import service as sealing
from yikatong.subsidised.service import SubsidisedLine
from yikatong.taps.bank import AtTheBank
from yikatong.taps.counter.counter import Counter
from yikatong.taps.follow_ups import FollowUps
from yikatong.taps.model import AttestedBody, BankAsk, Receipt, TapBody
from yikatong.taps.outside import DebitAnswer, DebitOutcome
from yikatong.taps.presenting import Presenting
from yikatong.taps.reading import CodeReader
from yikatong.taps.rules import provider_account
from yikatong.taps.service import Tapping
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder

LOCATOR_KEY = b"l" * 32
BUCKET = 0
MEALS = "benefit:elder-meal"
UNREAD_QUOTA = 20
SETTINGS = Settings()
"""As an installation begins with."""
_writers = count(1)
Connect = Callable[[], Awaitable[Connection]]


class ToldBank:
    """A bank that answers as a test tells it, and remembers what it debited."""

    def __init__(self) -> None:
        self.answer = DebitOutcome.DEBITED
        self.takes_in_silence = True
        self.is_away = False
        self.debited: dict[UUID, int] = {}

    async def debit(self, ask: BankAsk) -> DebitAnswer:
        """The answer it was told; DEBITED takes the money, and so does UNKNOWN unless it was told otherwise."""
        if self.answer is DebitOutcome.DEBITED or (self.answer is DebitOutcome.UNKNOWN and self.takes_in_silence):
            self.debited[ask.tap_id] = ask.amount_fen
        return DebitAnswer(self.answer)

    async def query(self, tap_id: UUID) -> DebitAnswer:
        """Whether a debit happened; UNKNOWN while it is away."""
        if self.is_away:
            return DebitAnswer(DebitOutcome.UNKNOWN)
        return DebitAnswer(DebitOutcome.DEBITED if tap_id in self.debited else DebitOutcome.REFUSED)


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """A resident with a wallet."""

    resident: Registered
    wallet: Wallet

    @property
    def caller(self) -> Caller:
        """The wallet, as it calls over HTTP."""
        assert self.wallet.device_id is not None
        return Caller(
            kind=CallerKind.WALLET,
            id=self.wallet.device_id,
            region="",
            resident_id=self.resident.resident_id,
            device_id=self.wallet.device_id,
        )


class CounterWorld:
    """Everything about one counter; made by `a_counter_world`."""

    provider: Provider
    till: TerminalWithKeys
    meal: Item
    entry: Item
    caches: WorkerCaches
    counter: Counter
    tapping: Tapping
    follow_ups: FollowUps
    at_the_bank: AtTheBank

    def __init__(self, db: Database, keys: KeyHolder, *, region: str, clock: FixedClock, ids: SeededIds) -> None:
        self.db = db
        self.keys = keys
        self.region = region
        self.clock = clock
        self.ids = ids
        self.bank = ToldBank()
        self.vault = trust.KeyHolderVault(keys, ids)

    def cards(self, conn: Connection) -> CardWorld:
        """The steps of residents' lives, in this region at this time."""
        world = CardWorld(conn, now=self.clock.now(), region=self.region)
        world.terms = msgspec.structs.replace(TERMS, bucket_count=1)
        world.vault = self.vault
        return world

    async def a_phone(self, *, purse_fen: int = 0, meals_fen: int = 0, with_bank: bool = False) -> Phone:
        """A resident with an active card, an e-card, a wallet with codes, and money."""
        wallet = Wallet()
        async with self.db.transaction() as conn:
            people = self.cards(conn)
            resident = await people.a_card_holder()
            enrolled = await people.enrolled(resident, key=wallet.enrolment_key)
            wallet.enrolled_as(enrolled.device_id)
            if with_bank:
                await people.with_bank(resident)
            await self.give(conn, resident, "purse", purse_fen)
            await self.give(conn, resident, MEALS, meals_fen)
        phone = Phone(resident=resident, wallet=wallet)
        await self.refreshed(phone)
        return phone

    async def refreshed(self, phone: Phone) -> None:
        """Fill a wallet with fresh certificates."""
        assert phone.wallet.device_id is not None
        now = self.clock.now()
        async with self.db.transaction() as conn:
            refreshed = await codes.refresh(
                conn,
                bucket=BUCKET,
                resident_id=phone.resident.resident_id,
                device_id=phone.wallet.device_id,
                request=phone.wallet.refresh_request(now),
                holder=self.keys,
                now=now,
                ids=self.ids,
            )
        phone.wallet.take_certificates(refreshed.certificates)

    async def give(self, conn: Connection, resident: Registered, source: str, amount_fen: int) -> None:
        """Open an account of a resident and put money in."""
        account = account_of_source(resident.resident_id, source)
        now = self.clock.now()
        await ledger.open_account(conn, bucket=BUCKET, account=account, now=now)
        if amount_fen:
            draft = TransferDraft(
                id=TransferId(self.ids.new()),
                kind=TransferKind.GRANT,
                reference=self.ids.new(),
                legs=(Leg(name_account(HOUSE, AccountKind.FUNDING), -amount_fen), Leg(account, amount_fen)),
            )
            await ledger.post(conn, bucket=BUCKET, writer=0, draft=draft, now=now)

    async def balance(self, phone: Phone, source: str = "purse") -> int:
        """What a resident's account could pay now."""
        async with self.db.transaction() as conn:
            account = account_of_source(phone.resident.resident_id, source)
            found = await ledger.get_balance(conn, bucket=BUCKET, account=account, now=self.clock.now())
        return found.available_fen

    async def owed(self) -> int:
        """What is owed to the canteen."""
        async with self.db.transaction() as conn:
            return await ledger.open_balance(conn, buckets=[BUCKET], account=provider_account(self.provider.id))

    def challenge(self, *, amount_fen: int, item: Item | None = None) -> Challenge:
        """What the till asks to be signed."""
        item = item or self.meal
        now = self.clock.now()
        return Challenge(
            region=self.region,
            terminal_id=self.till.terminal.id,
            nonce=self.ids.random_bytes(8),
            amount_fen=amount_fen,
            payee_id=self.provider.id,
            payee_name=self.provider.name_zh,
            item_number=item.number,
            item_name=item.name_zh,
            made_at=now,
            expires_at=now + timedelta(minutes=2),
        )

    def answered(self, phone: Phone, *, amount_fen: int, item: Item | None = None, **changes: Any) -> TapBody:
        """A tap by a code that answers the till's."""
        challenge = self.challenge(amount_fen=amount_fen, item=item)
        text = codes.write_challenge(challenge, self.till.signing_key)
        body = TapBody(
            request_id=self.ids.new().hex,
            item=(item or self.meal).code,
            amount_fen=amount_fen,
            code=phone.wallet.answer(text, self.clock.now()),
            answers=challenge.nonce.hex(),
        )
        return msgspec.structs.replace(body, **changes)

    def shown(
        self, phone: Phone, *, item: Item | None = None, amount_fen: int | None = None, **changes: Any
    ) -> TapBody:
        """A tap by a bare code."""
        body = TapBody(
            request_id=self.ids.new().hex,
            item=(item or self.entry).code,
            amount_fen=amount_fen,
            code=phone.wallet.show_code(self.clock.now()),
        )
        return msgspec.structs.replace(body, **changes)

    async def an_operator(self, *, day_max_fen: int = 50_000) -> Known:
        """Someone at a counter of the region who may attest."""
        async with self.db.transaction() as conn:
            return await an_operator(
                conn,
                region=self.region,
                now=self.clock.now(),
                tap_max_fen=day_max_fen,
                day_max_fen=day_max_fen,
            )

    async def attested(
        self, phone: Phone, *, by: Known, item: Item | None = None, amount_fen: int | None = None, **changes: Any
    ) -> TapBody:
        """A tap for which an operator saw the resident's ID card."""
        async with self.db.transaction() as conn:
            person = await cards.view_person(
                conn, bucket=BUCKET, resident_id=phone.resident.resident_id, vault=self.vault
            )
        body = TapBody(
            request_id=self.ids.new().hex,
            item=(item or self.meal).code,
            amount_fen=amount_fen,
            attested=AttestedBody(
                operator_token=by.token,
                document=DocumentSeen.RESIDENT_ID_CARD,
                document_number=person.id_number,
                why="手机与卡都未携带",
                attested_at=self.clock.now(),
            ),
        )
        return msgspec.structs.replace(body, **changes)

    async def tap(self, body: TapBody, *, till: TerminalWithKeys | None = None, at: Tapping | None = None) -> Receipt:
        """Send a tap as a terminal does, to this counter or another worker's."""
        token = (till or self.till).token
        return await (at or self.tapping).take(token=token, body=body, body_bytes=msgspec.json.encode(body))

    async def another_till(self, **changes: Any) -> TerminalWithKeys:
        """One more terminal of the canteen."""
        async with self.db.transaction() as conn:
            return await a_terminal(conn, self.ids, provider=self.provider, **changes)

    def terminal_caller(self, till: TerminalWithKeys | None = None) -> Caller:
        """A till, as it calls over HTTP."""
        terminal = (till or self.till).terminal
        return Caller(
            kind=CallerKind.TERMINAL, id=terminal.id, region=terminal.region, provider_id=terminal.provider_id
        )


@asynccontextmanager
async def a_counter_world(db: Database, *, now: datetime = NOON) -> AsyncIterator[CounterWorld]:
    """Open a counter in a fresh region, with a canteen, a till and two items: a meal and an entry."""
    clock = FixedClock(now)
    ids = SeededIds(clock=clock)
    region = a_region_code()
    with TemporaryDirectory() as folder:
        keys = trust.open_key_folder(
            Path(folder) / "keys",
            key_encryption_key=b"k" * 32,
            wanted=(*trust.wanted_keys(region), *sealing.WANTED_KEYS),
            now=clock.now(),
            ids=ids,
        )
        sealing.mark_leaves_by(keys)
        world = CounterWorld(db, keys, region=region, clock=clock, ids=ids)
        await _register(world)
        await _open_counter(world)
        # Once authenticated, a till's taps reach the counter in the order in which they were sent.
        await world.tapping.authenticate(world.till.token)
        try:
            yield world
        finally:
            await world.counter.close()


async def _register(world: CounterWorld) -> None:
    async with world.db.transaction() as conn:
        await a_region(conn, world.region)
        world.provider = await a_provider(conn, world.ids, region=world.region, now=world.clock.now())
        world.till = await a_terminal(
            conn,
            world.ids,
            provider=world.provider,
            purposes=(Scene.COMMUNITY, Scene.CULTURE),
            learns=(DataKind.PRESENCE_ONLY, DataKind.NAME_MASKED, DataKind.AGE_BAND),
            now=world.clock.now(),
        )
        world.meal = await _publish(conn, world, funding=(MEALS, "purse", "bank"))
        world.entry = await _publish(
            conn,
            world,
            line="presence",
            scene=Scene.CULTURE,
            funding=(),
            amount_required=False,
            amount_fen_max=0,
            confirm_above_fen=None,
            learns=(DataKind.PRESENCE_ONLY, DataKind.NAME_MASKED, DataKind.AGE_BAND),
        )


async def _publish(conn: Connection, world: CounterWorld, **changes: Any) -> Item:
    terms = item_terms(world.region, code=a_code(world.ids), **changes)
    return (await catalogue.publish_item(conn, terms=terms)).item


async def _open_counter(
    world: CounterWorld, *, line_max: int = SETTINGS.tap_queue_size_max, connect: Connect | None = None
) -> None:
    async def load_regions(conn: Connection) -> codes.RegionView:
        return codes.view_regions(
            None, holder=world.keys, own_regions=[world.region], bucket_count=1, now=world.clock.now()
        )

    callers = access.CallerCache()
    world.caches = WorkerCaches(database=world.db, callers=callers, load_regions=load_regions, clock=world.clock)
    async with world.db.transaction() as conn:
        known = await versions.read_all(conn)
    await world.caches.fill(known)
    world.at_the_bank = AtTheBank(world.bank, patience_seconds=2)
    world.counter = Counter(
        connect=connect or world.db.connect_serving,
        caches=world.caches,
        lines=[RetailLine(), PresenceLine(), SubsidisedLine()],
        clock=world.clock,
        ids=world.ids,
        writer=next(_writers),
        seals=sealing.Writer(world.keys, ids=world.ids),
        batch_max=64,
        line_max=line_max,
        confirmation_term=timedelta(seconds=SETTINGS.tap_confirmation_seconds),
        on_bank_asked=world.at_the_bank.ask,
    )
    world.at_the_bank.bring_answers_to(world.counter)
    presenting = Presenting(
        codes=CodeReader(lambda: world.caches.regions),
        database=world.db,
        vault=world.vault,
        bucket_count=1,
        locator_key=LOCATOR_KEY,
    )
    reasons = {reason.name: reason for room in all_reasons().values() for reason in room}
    world.tapping = Tapping(
        database=world.db,
        clock=world.clock,
        counter=world.counter,
        caches=world.caches,
        callers=callers,
        presenting=presenting,
        at_the_bank=world.at_the_bank,
        reasons=reasons,
        unread_quota=UNREAD_QUOTA,
    )
    world.follow_ups = FollowUps(
        counter=world.counter,
        caches=world.caches,
        presenting=presenting,
        at_the_bank=world.at_the_bank,
        reasons=reasons,
    )
    await world.counter.open()


@asynccontextmanager
async def a_second_counter(world: CounterWorld) -> AsyncIterator[Tapping]:
    """Another worker's taps on the same database, with caches and a connection of its own."""
    async with a_second_worker(world) as second:
        yield second.tapping


@asynccontextmanager
async def a_second_worker(
    world: CounterWorld, *, line_max: int = SETTINGS.tap_queue_size_max, connect: Connect | None = None
) -> AsyncIterator[CounterWorld]:
    """All of another worker: its counter and what follows its taps; provider, tills and items are the first one's.

    `connect` gives its counter another line to the database.
    """
    second = CounterWorld(world.db, world.keys, region=world.region, clock=world.clock, ids=world.ids)
    second.bank = world.bank
    second.provider, second.till, second.meal, second.entry = world.provider, world.till, world.meal, world.entry
    await _open_counter(second, line_max=line_max, connect=connect)
    try:
        yield second
    finally:
        await second.counter.close()
