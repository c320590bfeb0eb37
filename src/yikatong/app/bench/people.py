"""The people of a benchmark: residents with cards, purses and certificates, and providers with tills."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from simulator.population.load import MINOR_UNDER_YEARS, newcomers_of
from simulator.population.people import generate
from yikatong.app.bench.shop import BenchPeople, Certified, Refreshing, Till
from yikatong.app.worker import Worker
from yikatong.cards import bulk, bulk_enrolment
from yikatong.cards.bulk import Newcomer
from yikatong.cards.bulk_enrolment import EnrolledAtOnce, Enrolling
from yikatong.cards.model import Actor
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import DataKind, ProviderKind, Scene
from yikatong.codes import service as codes
from yikatong.codes.model import RefreshRequest, SceneGroup, ShowKey
from yikatong.kernel.identifiers.credit_code import make_credit_code
from yikatong.kernel.ids import TransferId, bucket_of
from yikatong.kernel.instants import age_on, day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import HOUSE, AccountKind, Leg, TransferDraft, TransferKind, name_account
from yikatong.lines.rules import account_of_source
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

SEED = 20_260_101
ITEM = "shop-purchase"
PURSE_FEN = 300_000
CHUNK = 500
_KEYS_AT_ONCE = 32


class Shop(NamedTuple):
    """A shop to be opened; `organisation` are the nine places of its credit code that are its own."""

    organisation: str
    name_zh: str = "测速商店"
    name_en: str = "Benchmark shop"
    division: str = "990101"

    def credit_code(self, region: str) -> str:
        """Its credit code in a region."""
        return make_credit_code("92" + region + self.organisation)


def wallet_of(one: EnrolledAtOnce, keys: Mapping[UUID, SigningKey]) -> Refreshing:
    """What somebody's wallet needs to refresh."""
    return Refreshing(one.resident_id, one.device_id, keys[one.resident_id].private_bytes())


async def make_people(
    worker: Worker,
    *,
    resident_count: int,
    certificate_count: int,
    terminal_count: int,
    tell: Callable[[str], None],
    spread_count: int = 0,
) -> BenchPeople:
    """Register, enrol and fund residents, give them certificates, and open a shop with tills, and others with one each.

    Each shop of the `spread_count` others is a provider of its own.
    """
    tell(f"{resident_count} residents with cards and purses")
    keys: dict[UUID, SigningKey] = {}
    enrolled = await enrol(worker, generate_newcomers(worker, resident_count), keys)
    await fund(worker, enrolled)
    refreshing = [wallet_of(one, keys) for one in enrolled]
    tell(f"{certificate_count} certificates")
    certified = await certify(worker, refreshing, certificate_count)
    provider_id, tokens = await open_shop(worker, Shop("MA0BENCH0"), terminal_count=terminal_count)
    spread = []
    for number in range(spread_count):
        one_provider, its_tokens = await open_shop(worker, Shop(f"MA1B{number:05d}"), terminal_count=1)
        spread.append(Till(its_tokens[0], one_provider))
    house = worker.house
    async with house.database.transaction() as conn:
        item = await catalogue.get_item(conn, region=house.settings.region, code=ITEM, on=day_of(house.clock.now()))
    return BenchPeople(certified, tokens, provider_id, ITEM, item.number, tuple(spread), tuple(refreshing))


def generate_newcomers(
    worker: Worker, until: int, *, after: int = 0, at_once: int = CHUNK
) -> Iterator[tuple[int, list[Newcomer]]]:
    """Made-up people in chunks, each with the place of its first: those from the place `after` on, before `until`.

    The same places are the same people, however many there are.
    """
    today = day_of(worker.house.clock.now())
    start = 0
    for batch in generate(SEED, until, today, batch_size=at_once):
        if start + batch.size > after:
            skipped = max(0, after - start)
            yield start + skipped, newcomers_of(batch.cut(skipped), today=today)
        start += batch.size


def generate_grown_ups(worker: Worker, count: int) -> list[Newcomer]:
    """The first so many made-up people of age."""
    today = day_of(worker.house.clock.now())
    found: list[Newcomer] = []
    for _, newcomers in generate_newcomers(worker, 2 * count + CHUNK):
        found += [one for one in newcomers if age_on(today, born_on=one.person.birth) >= MINOR_UNDER_YEARS]
        if len(found) >= count:
            break
    return found[:count]


async def enrol(
    worker: Worker, chunks: Iterable[tuple[int, list[Newcomer]]], keys: dict[UUID, SigningKey], *, every: int = 1
) -> list[EnrolledAtOnce]:
    """Register people and give each a card, an e-card and a device; those of one place of `every` so many will tap.

    Their keys are kept in `keys`; the devices of all others have one key, which nobody uses.
    """
    house = worker.house
    now, region = house.clock.now(), house.settings.region
    password_hash = await worker.vault.hash_password("274813")
    by = Actor(kind="job", id=house.ids.new())
    enrolled: list[EnrolledAtOnce] = []
    unused = trust.new_signing_key(Algorithm.ES256).public_key
    for start, newcomers in chunks:
        enrolling = []
        for place, newcomer in enumerate(newcomers, start=start):
            public_key = unused
            if place % every == 0:
                keys[newcomer.id] = trust.new_signing_key(Algorithm.ES256)
                public_key = keys[newcomer.id].public_key
            enrolling.append(Enrolling(newcomer.id, f"B{place:08d}", public_key))
        async with house.database.transaction() as conn:
            await bulk.register_newcomers(
                conn, newcomers, region=region, terms=worker.terms, vault=worker.vault, now=now
            )
            enrolled += await bulk_enrolment.enrol_many(
                conn,
                enrolling,
                region=region,
                bank_code="102",
                password_hash=password_hash,
                by=by,
                bucket_count=house.settings.bucket_count,
                now=now,
                ids=house.ids,
            )
    return enrolled


async def fund(worker: Worker, enrolled: Sequence[EnrolledAtOnce | Refreshing]) -> None:
    """Put enough into the purse of each for every tap of a benchmark, opening it where there is none."""
    house = worker.house
    now = house.clock.now()
    await open_purses(worker, enrolled)
    source = name_account(HOUSE, AccountKind.FUNDING)
    for bucket, people in _by_bucket(worker, enrolled).items():
        purses = [account_of_source(one.resident_id, "purse") for one in people]
        for start in range(0, len(purses), CHUNK):
            drafts = [
                TransferDraft(
                    id=TransferId(house.ids.new()),
                    kind=TransferKind.TOP_UP,
                    reference=house.ids.new(),
                    legs=(Leg(source, -PURSE_FEN), Leg(purse, PURSE_FEN)),
                )
                for purse in purses[start : start + CHUNK]
            ]
            async with house.database.transaction() as conn:
                await ledger.post_batch(conn, bucket=bucket, writer=0, drafts=drafts, now=now)


async def open_purses(worker: Worker, enrolled: Sequence[EnrolledAtOnce | Refreshing]) -> None:
    """Open a purse for each, with nothing in it."""
    house = worker.house
    for bucket, people in _by_bucket(worker, enrolled).items():
        # In the order of their keys, so that those which fall into one page of the index come one after the other.
        purses = sorted((account_of_source(one.resident_id, "purse") for one in people), key=attrgetter("id"))
        accounts = [(bucket, purse) for purse in purses]
        async with house.database.transaction() as conn:
            await ledger.open_many_accounts(conn, accounts=accounts, now=house.clock.now())


def _by_bucket(
    worker: Worker, enrolled: Sequence[EnrolledAtOnce | Refreshing]
) -> dict[int, list[EnrolledAtOnce | Refreshing]]:
    by_bucket: dict[int, list[EnrolledAtOnce | Refreshing]] = {}
    for one in enrolled:
        by_bucket.setdefault(bucket_of(one.resident_id, worker.house.settings.bucket_count), []).append(one)
    return by_bucket


async def certify(worker: Worker, refreshing: Sequence[Refreshing], count: int) -> list[Certified]:
    """Refresh wallets in turn until there are enough certificates, as many at once as one may ask for at most."""
    at_once = min(_KEYS_AT_ONCE, max(1, -(-count // len(refreshing))))
    certified: list[Certified] = []
    while len(certified) < count:
        for one in refreshing:
            if len(certified) >= count:
                break
            key = trust.signing_key(Algorithm.ES256, one.private_key)
            certified += await refresh_wallet(worker, one, key, groups=(SceneGroup.RETAIL,) * at_once)
    # Residents take turns, so that one's certificates are not used one after the other.
    return [certified[at] for first in range(at_once) for at in range(first, len(certified), at_once)]


async def refresh_wallet(
    worker: Worker, one: Refreshing, key: SigningKey, *, groups: Sequence[SceneGroup]
) -> list[Certified]:
    """One wallet's refresh: a fresh show key and its certificate for each scene group named."""
    house = worker.house
    now = house.clock.now()
    bucket = bucket_of(one.resident_id, house.settings.bucket_count)
    show_keys = [trust.new_signing_key(Algorithm.ES256) for _ in groups]
    request = RefreshRequest(
        device_id=one.device_id,
        made_at=now,
        nonce=house.ids.random_bytes(8),
        show_keys=tuple(ShowKey(group, show_key.public_key) for group, show_key in zip(groups, show_keys, strict=True)),
    )
    async with house.database.transaction() as conn:
        refreshed = await codes.refresh(
            conn,
            bucket=bucket,
            resident_id=one.resident_id,
            device_id=one.device_id,
            request=codes.sign_refresh(request, key),
            holder=worker.keys,
            now=now,
            ids=house.ids,
        )
    return [
        Certified(issued.certificate, show_key.private_bytes())
        for issued, show_key in zip(refreshed.certificates, show_keys, strict=True)
    ]


async def open_shop(worker: Worker, shop: Shop, *, terminal_count: int) -> tuple[UUID, list[str]]:
    """Register a shop with its tills; gives its provider's id and the tills' tokens."""
    house = worker.house
    now, region = house.clock.now(), house.settings.region
    async with house.database.transaction() as conn:
        provider = (
            await catalogue.register_provider(
                conn,
                region=region,
                credit_code=shop.credit_code(region),
                name_zh=shop.name_zh,
                name_en=shop.name_en,
                kind=ProviderKind.SHOP,
                receivable_limit_fen=0,
                bank_reference=None,
                now=now,
                ids=house.ids,
            )
        ).provider
        place = (
            await catalogue.register_place(
                conn,
                region=region,
                provider_id=provider.id,
                division=shop.division,
                name_zh=f"{shop.name_zh}一店",
                name_en=f"{shop.name_en} one",
                now=now,
                ids=house.ids,
            )
        ).place
        tokens = []
        for number in range(terminal_count):
            registered = await catalogue.register_terminal(
                conn,
                region=region,
                provider_id=provider.id,
                place_id=place.id,
                label=f"till {number}",
                purposes=(Scene.RETAIL,),
                learns=(DataKind.PRESENCE_ONLY,),
                items=None,
                public_key=trust.encode_cose_key(trust.new_signing_key(Algorithm.ES256).public_key),
                now=now,
                ids=house.ids,
            )
            assert registered.token is not None
            tokens.append(registered.token)
    return provider.id, tokens
