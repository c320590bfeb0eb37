"""The people of a benchmark: residents with cards, purses and certificates, and a provider with a till."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from simulator.population.load import newcomers_of
from simulator.population.people import generate
from yikatong.app.worker import Worker
from yikatong.cards import bulk, bulk_enrolment
from yikatong.cards import service as cards
from yikatong.cards.bulk_enrolment import EnrolledAtOnce, Enrolling
from yikatong.cards.model import Actor
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import DataKind, ProviderKind, Scene
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, CodeKind, Posture, RefreshRequest, SceneGroup, ShowKey
from yikatong.kernel.identifiers.credit_code import make_credit_code
from yikatong.kernel.ids import ProviderId, TransferId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import HOUSE, AccountKind, Leg, TransferDraft, TransferKind, name_account
from yikatong.lines.rules import account_of_source
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

SEED = 20_260_101
ITEM = "shop-purchase"
PURSE_FEN = 300_000
_CHUNK = 500
_KEYS_AT_ONCE = 32


class Certified(NamedTuple):
    """A certificate and the private half of its show key."""

    certificate: bytes
    private_key: bytes


class BenchPeople(NamedTuple):
    """What the load generator needs: certificates never shown before, tills, and what they ask."""

    certified: list[Certified]
    tokens: list[str]
    provider_id: UUID
    item: str
    item_number: int


def mint_answer(
    people: BenchPeople, certificate: bytes, show_key: SigningKey, *, amount_fen: int, now: datetime
) -> tuple[str, str]:
    """A code by which somebody answers a till that asks for an amount: its text, and the challenge's nonce in hex."""
    nonce = secrets.token_bytes(8)
    code = codes.mint_code(
        certificate=certificate,
        show_key=show_key,
        made_at=now,
        kind=CodeKind.PAYMENT,
        nonce=secrets.token_bytes(8),
        posture=Posture.CLEAR,
        answer=Asked(
            nonce=nonce,
            amount_fen=amount_fen,
            payee_id=ProviderId(people.provider_id),
            item_number=people.item_number,
        ),
    )
    return codes.write_code(code), nonce.hex()


async def make_people(
    worker: Worker, *, resident_count: int, certificate_count: int, terminal_count: int, tell: Callable[[str], None]
) -> BenchPeople:
    """Register, enrol and fund residents, give them certificates, and open a shop with tills."""
    tell(f"{resident_count} residents with cards and purses")
    keys: dict[UUID, SigningKey] = {}
    enrolled = await _enrol(worker, resident_count, keys)
    await _fund(worker, enrolled)
    tell(f"{certificate_count} certificates")
    certified = await _certify(worker, enrolled, keys, certificate_count)
    provider_id, tokens, item_number = await _open_shop(worker, terminal_count)
    return BenchPeople(certified, tokens, provider_id, ITEM, item_number)


async def _enrol(worker: Worker, count: int, keys: dict[UUID, SigningKey]) -> list[EnrolledAtOnce]:
    house = worker.house
    now, region = house.clock.now(), house.settings.region
    password_hash = await worker.vault.hash_password("274813")
    by = Actor(kind="job", id=house.ids.new())
    batches = generate(SEED, count, day_of(now), batch_size=_CHUNK)
    enrolled: list[EnrolledAtOnce] = []
    for start, batch in zip(range(0, count, _CHUNK), batches, strict=True):
        newcomers = newcomers_of(batch, today=day_of(now))
        enrolling = []
        for place, newcomer in enumerate(newcomers):
            key = trust.new_signing_key(Algorithm.ES256)
            keys[newcomer.id] = key
            enrolling.append(Enrolling(newcomer.id, f"B{start + place:08d}", key.public_key))
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


async def _fund(worker: Worker, enrolled: list[EnrolledAtOnce]) -> None:
    house = worker.house
    now = house.clock.now()
    by_bucket: dict[int, list[EnrolledAtOnce]] = {}
    for one in enrolled:
        by_bucket.setdefault(bucket_of(one.resident_id, house.settings.bucket_count), []).append(one)
    source = name_account(HOUSE, AccountKind.FUNDING)
    for bucket, people in by_bucket.items():
        purses = [account_of_source(one.resident_id, "purse") for one in people]
        async with house.database.transaction() as conn:
            await ledger.open_many_accounts(conn, accounts=[(bucket, purse) for purse in purses], now=now)
        for start in range(0, len(purses), _CHUNK):
            drafts = [
                TransferDraft(
                    id=TransferId(house.ids.new()),
                    kind=TransferKind.TOP_UP,
                    reference=house.ids.new(),
                    legs=(Leg(source, -PURSE_FEN), Leg(purse, PURSE_FEN)),
                )
                for purse in purses[start : start + _CHUNK]
            ]
            async with house.database.transaction() as conn:
                await ledger.post_batch(conn, bucket=bucket, writer=0, drafts=drafts, now=now)


async def _certify(
    worker: Worker, enrolled: list[EnrolledAtOnce], keys: dict[UUID, SigningKey], count: int
) -> list[Certified]:
    """Refresh wallets in turn until there are enough; each refresh gives as many as one may ask for."""
    certified: list[Certified] = []
    while len(certified) < count:
        for one in enrolled:
            if len(certified) >= count:
                break
            certified += await _refresh(worker, one, keys[one.resident_id])
    # Residents take turns, so that one's certificates are not used one after the other.
    return [certified[at] for first in range(_KEYS_AT_ONCE) for at in range(first, len(certified), _KEYS_AT_ONCE)]


async def _refresh(worker: Worker, one: EnrolledAtOnce, key: SigningKey) -> list[Certified]:
    house = worker.house
    now = house.clock.now()
    bucket = bucket_of(one.resident_id, house.settings.bucket_count)
    show_keys = [trust.new_signing_key(Algorithm.ES256) for _ in range(_KEYS_AT_ONCE)]
    request = RefreshRequest(
        device_id=one.device_id,
        made_at=now,
        nonce=house.ids.random_bytes(8),
        show_keys=tuple(ShowKey(SceneGroup.RETAIL, show_key.public_key) for show_key in show_keys),
    )
    async with house.database.transaction() as conn:
        device = await cards.get_device(conn, bucket=bucket, resident_id=one.resident_id, device_id=one.device_id)
        refreshed = await codes.refresh(
            conn,
            device=device,
            request=codes.sign_refresh(request, key),
            holder=worker.keys,
            now=now,
            ids=house.ids,
        )
    return [
        Certified(issued.certificate, show_key.private_bytes())
        for issued, show_key in zip(refreshed.certificates, show_keys, strict=True)
    ]


async def _open_shop(worker: Worker, terminal_count: int) -> tuple[UUID, list[str], int]:
    house = worker.house
    now, region = house.clock.now(), house.settings.region
    async with house.database.transaction() as conn:
        provider = (
            await catalogue.register_provider(
                conn,
                region=region,
                credit_code=make_credit_code("92" + region + "MA0BENCH0"),
                name_zh="测速商店",
                name_en="Benchmark shop",
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
                division="990101",
                name_zh="测速商店一店",
                name_en="Benchmark shop one",
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
        item = await catalogue.get_item(conn, region=region, code=ITEM, on=day_of(now))
    return provider.id, tokens, item.number
