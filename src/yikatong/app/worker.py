"""A worker: one process that serves, with its database, keys, caches and counter; and the application it serves."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from yikatong.access import api as access_api
from yikatong.access import service as access
from yikatong.app.caches import WorkerCaches
from yikatong.app.debits import JournalledDebits
from yikatong.app.house import House
from yikatong.app.http.application import build_app
from yikatong.app.http.direct import DirectRoute
from yikatong.app.http.frame import Frame
from yikatong.app.keys import LOCATOR, open_keys, reload_keys
from yikatong.app.outside.organisations import Organisations, open_organisations
from yikatong.app.reference import all_reasons
from yikatong.app.tap_route import TapRoute
from yikatong.app.wallets.apply_route import route_of_applications
from yikatong.app.wallets.door import WalletDoor
from yikatong.app.wallets.qualifying import Qualifying
from yikatong.app.wallets.refresh_route import PATH, route_of_refreshes
from yikatong.app.wallets.refreshing import Refreshing
from yikatong.cards import api as cards_api
from yikatong.cards.model import Terms, Vault
from yikatong.catalogue import api as catalogue_api
from yikatong.codes import api as codes_api
from yikatong.codes import service as codes
from yikatong.desk import api as desk_api
from yikatong.kernel.outcomes import Reason, Refused
from yikatong.ledger import api as ledger_api
from yikatong.notices import api as notices_api
from yikatong.offline import api as offline_api
from yikatong.payouts import api as payouts_api
from yikatong.payouts.jobs import BankCalls
from yikatong.places import api as places_api
from yikatong.places import service as places
from yikatong.plumbing import versions
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.database_server import session_limits
from yikatong.plumbing.http import Route
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.locks import advisory_key
from yikatong.plumbing.settings import Settings
from yikatong.presence.service import PresenceLine
from yikatong.programmes import api as programmes_api
from yikatong.programmes import service as programmes
from yikatong.reports import api as reports_api
from yikatong.retail.service import RetailLine
from yikatong.sealing import api as sealing_api
from yikatong.sealing import service as sealing
from yikatong.subsidised.service import SubsidisedLine
from yikatong.taps import api as taps_api
from yikatong.taps.bank import AtTheBank
from yikatong.taps.counter.counter import Counter
from yikatong.taps.follow_ups import FollowUps
from yikatong.taps.presenting import Presenting
from yikatong.taps.reading import CodeReader
from yikatong.taps.service import Tapping
from yikatong.trade_in import api as trade_in_api
from yikatong.trade_in.model import Application, ChainTerms, Qualified
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder

BANK_PATIENCE_SECONDS = 4.0
WRITERS_MAX = 128
_WRITERS_LOCK = advisory_key("counter writers") % 2**31
_CLAIM = """
SELECT number FROM generate_series(1, %(count_max)s) AS number
WHERE pg_try_advisory_lock(%(lock)s, number) LIMIT 1
"""
UNREAD_QUOTA = 1_000
"""Unreadable presentations kept a day and terminal; above it they are refused and forgotten."""


class Worker:
    """What one serving process has open. Made by `open_worker`."""

    def __init__(self, house: House, *, keys: KeyHolder, organisations: Organisations) -> None:
        """Nothing is read yet."""
        settings = house.settings
        self.house = house
        self.keys = keys
        self.organisations = organisations
        self.pinned = trust.pin_own_roots(keys)
        self.vault: Vault = trust.KeyHolderVault(keys, house.ids)
        self.terms = Terms(bucket_count=settings.bucket_count, synthetic_allowed=settings.allow_synthetic_residents)
        self.chain = ChainTerms(
            shelf=programmes.read_shelf(),
            bucket_count=settings.bucket_count,
            qualification_days=settings.trade_in_qualification_days,
            claim_days=settings.trade_in_claim_days,
            code_minutes=settings.trade_in_code_minutes,
        )
        self.callers = access.CallerCache()
        self.caches = WorkerCaches(
            database=house.database, callers=self.callers, load_regions=self._load_regions, clock=house.clock
        )
        calls = BankCalls(database=house.database, bank=organisations.bank, clock=house.clock)
        self.debits = JournalledDebits(calls)
        self.door = WalletDoor(house)
        self.refreshing = Refreshing(house, holder=keys, connect=lambda: house.database.connect_serving())
        self.at_the_bank = AtTheBank(self.debits, patience_seconds=BANK_PATIENCE_SECONDS)
        self.reasons: dict[str, Reason] = {reason.name: reason for room in all_reasons().values() for reason in room}
        self.presenting = Presenting(
            codes=CodeReader(lambda: self.caches.regions),
            database=house.database,
            vault=self.vault,
            bucket_count=settings.bucket_count,
            locator_key=keys.mark(LOCATOR, b"tap locator"),
        )

    tapping: Tapping
    follow_ups: FollowUps
    counter: Counter
    qualifying: Qualifying

    async def begin(self, *, writer: int, seals: sealing.Writer) -> None:
        """Fill the caches and open the counter; `seals` are its part of the sealed log."""
        house = self.house
        sealing.mark_leaves_by(self.keys)
        async with house.database.transaction() as conn:
            known = await versions.read_all(conn)
        await self.caches.fill(known)
        self.counter = Counter(
            connect=house.database.connect_serving,
            caches=self.caches,
            lines=[RetailLine(), PresenceLine(), SubsidisedLine()],
            clock=house.clock,
            ids=house.ids,
            writer=writer,
            seals=seals,
            batch_max=house.settings.tap_batch_size_max,
            line_max=house.settings.tap_queue_size_max,
            confirmation_term=timedelta(seconds=house.settings.tap_confirmation_seconds),
            on_bank_asked=self.at_the_bank.ask,
        )
        self.at_the_bank.bring_answers_to(self.counter)
        self.tapping = Tapping(
            database=house.database,
            clock=house.clock,
            counter=self.counter,
            caches=self.caches,
            callers=self.callers,
            presenting=self.presenting,
            at_the_bank=self.at_the_bank,
            reasons=self.reasons,
            unread_quota=UNREAD_QUOTA,
        )
        self.follow_ups = FollowUps(
            counter=self.counter,
            caches=self.caches,
            presenting=self.presenting,
            at_the_bank=self.at_the_bank,
            reasons=self.reasons,
        )
        self.qualifying = Qualifying(
            house.database.own_commit,
            chain=self.chain,
            vault=self.vault,
            clock=house.clock,
            ids=house.ids,
            writer=writer,
        )
        await self.counter.open()

    async def close(self) -> None:
        """Finish the batches at hand, of refreshes, of applications and of taps."""
        await self.door.close()
        await self.refreshing.close()
        await self.qualifying.close()
        await self.counter.close()

    async def _load_regions(self, conn: Connection) -> codes.RegionView:
        """The trust list in force, and the regions served here whose keys are held."""
        reload_keys(self.keys)
        sealing.mark_leaves_by(self.keys)
        hosted = await places.list_regions(conn, hosted=True)
        held = {key.name for key in self.keys.held_keys()}
        held_list = await trust.read_held_trust_list(conn, pinned=self.pinned, now=self.house.clock.now())
        return codes.view_regions(
            held_list.trust_list,
            holder=self.keys,
            own_regions=[region.code for region in hosted if f"alias-{region.code}" in held],
            bucket_count=self.house.settings.bucket_count,
            now=self.house.clock.now(),
        )

    async def _present_regions(self, conn: Connection) -> codes.RegionView:
        """The regions as they are known now, for a tap that gets one answer for good."""
        await self.caches.renew(await versions.read_all(conn))
        return codes.view_at(self.caches.regions, now=self.house.clock.now())

    def routes(self) -> tuple[Route, ...]:
        """Every route of every room."""
        bucket_count = self.house.settings.bucket_count
        shelf = self.chain.shelf
        return (
            *places_api.routes(),
            *access_api.routes(bucket_count=bucket_count),
            *notices_api.routes(bucket_count=bucket_count),
            *sealing_api.routes(holder=self.keys),
            *catalogue_api.routes(),
            *cards_api.routes(terms=self.terms, vault=self.vault),
            *codes_api.routes(holder=self.keys, pinned=self.pinned, terms=self.terms),
            *ledger_api.routes(terms=self.terms, vault=self.vault),
            *payouts_api.routes(terms=self.terms, vault=self.vault),
            *programmes_api.routes(shelf),
            *reports_api.routes(shelf, bucket_count=bucket_count),
            *trade_in_api.routes(_desk_of(self)),
            *desk_api.routes(
                terms=self.terms,
                vault=self.vault,
                face_check=self.organisations.face,
                bank_accounts=self.organisations.accounts,
            ),
            *taps_api.routes(lambda: self.follow_ups),
            *offline_api.routes(
                terms=self.terms,
                vault=self.vault,
                holder=self.keys,
                regions=self._present_regions,
                locator_key=self.presenting.locator_key,
            ),
        )

    async def admit(self, application: Application) -> Qualified | Refused:
        """Bring an application for a trade-in to its end, with those that came meanwhile."""
        return await self.qualifying.apply(application)

    def app(self) -> Frame:
        """The application: every route, and those of taps and refreshes on their own."""
        taps = TapRoute(lambda: self.tapping, reasons=self.reasons, ids=self.house.ids)
        refreshes = route_of_refreshes(self.refreshing, door=self.door, house=self.house)
        applications = route_of_applications(
            lambda: self.qualifying, desk=_desk_of(self), door=self.door, house=self.house
        )
        described = taps_api.tap_route(tuple(self.reasons.values()))
        direct: dict[str, DirectRoute] = {
            "/v1/taps": taps,
            PATH: refreshes,
            trade_in_api.OWN: applications,
        }
        return build_app(self.house, self.routes(), direct_routes=direct, extra_openapi_routes=(described,))


def _desk_of(worker: Worker) -> trade_in_api.Desk:
    """What the routes of trade-ins work with."""
    return trade_in_api.Desk(
        chain=worker.chain,
        vault=worker.vault,
        vehicles=worker.organisations.vehicles,
        own_commit=lambda: worker.house.database.own_commit(),
        admit=worker.admit,
    )


@asynccontextmanager
async def open_worker(
    settings: Settings, address: ServerAddress, *, log_writer: type[sealing.Writer] = sealing.Writer
) -> AsyncIterator[Worker]:
    """Open what a worker needs, and close it in the other order; a measurement has another writer of the log."""
    clock = clock_of(settings)
    ids = SystemIds(clock)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            await Database.open(address, limits=session_limits(settings), pool_size_max=settings.pool_size_max)
        )
        house = House(settings=settings, database=database, clock=clock, ids=ids)
        organisations = await stack.enter_async_context(open_organisations(settings))
        worker = Worker(house, keys=open_keys(settings, clock=clock, ids=ids), organisations=organisations)
        async with claimed_writer(database) as writer:
            await worker.begin(writer=writer, seals=log_writer(worker.keys, ids=ids))
            stack.push_async_callback(worker.close)
            yield worker


@asynccontextmanager
async def claimed_writer(database: Database) -> AsyncIterator[int]:
    """The lowest number that no other counter of this database has, for as long as the block runs.

    Two counters with one number would be right too, only slower, so a lost connection does no harm.
    """
    conn = await database.connect_serving()
    try:
        row = await (await conn.execute(_CLAIM, {"lock": _WRITERS_LOCK, "count_max": WRITERS_MAX})).fetchone()
        yield WRITERS_MAX if row is None else int(row[0])
    finally:
        await conn.close()


@asynccontextmanager
async def compose(settings: Settings, address: ServerAddress) -> AsyncIterator[Frame]:
    """Open a worker and give its application, for `app.http.server`."""
    async with open_worker(settings, address) as worker:
        yield worker.app()
