"""Codes over HTTP, what they do by themselves, and what the audit finds."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.support.builders.cards import OPERATOR
from tests.support.builders.codes import CodeWorld
from tests.support.world import NOON, FixedClock
from yikatong.cards import service as cards
from yikatong.cards.model import Registered
from yikatong.codes import service as codes
from yikatong.codes.api import routes
from yikatong.codes.audit import audit
from yikatong.codes.jobs import jobs
from yikatong.codes.model import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.http import Call, Caller
from yikatong.plumbing.jobs import JobCall
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, HeldTrustList, RegionKey, TrustList

pytestmark = pytest.mark.anyio


def text(data: bytes) -> str:
    """Bytes as base64url."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data(written: str) -> bytes:
    """Bytes from base64url."""
    return urlsafe_b64decode(written + "=" * (-len(written) % 4))


async def ask(world: CodeWorld, name: str, *, caller: Caller | None = None, body: Any = None, **path: str) -> Any:
    """Call a route as the edge would: decode, handle, encode."""
    pinned = HeldTrustList(roots=())
    [route] = [route for route in routes(holder=world.keys, pinned=pinned, terms=world.terms) if route.name == name]
    call = Call(
        conn=world.conn, caller=caller, now=world.now, ids=world.ids, request_id="test", purpose=None, path=path
    )
    decoded = None if route.body is None else msgspec.json.decode(msgspec.json.encode(body), type=route.body)
    written = msgspec.json.encode(await route.handle(call, decoded, None))
    msgspec.json.decode(written, type=route.answer)
    return msgspec.json.decode(written)


async def test_anyone_reads_the_published_status_lists(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        with pytest.raises(Refused) as refused:
            await ask(world, "list_status_lists", region=world.region)
        await world.a_filled_wallet(await world.a_card_holder())
        await publish(world)
        answer = await ask(world, "list_status_lists", region=world.region)

    assert Reason.STATUS_LIST_IS_NOT_PUBLISHED is refused.value.reason
    assert [f"urn:yikatong:status-list:{world.region}:0"] == [one["subject"] for one in answer["lists"]]


async def test_the_trust_list_is_not_found_where_none_is_held(db: Database) -> None:
    async with db.transaction() as conn:
        with pytest.raises(Refused) as refused:
            await ask(CodeWorld(conn), "get_trust_list")

    assert Reason.TRUST_LIST_IS_NOT_HELD is refused.value.reason


async def publish(world: CodeWorld) -> None:
    """Publish the region's lists at the world's time."""
    await codes.publish_status_list(
        world.conn,
        region=world.region,
        holder=world.keys,
        bucket_count=world.terms.bucket_count,
        now=world.now,
    )


async def test_the_job_publishes_every_own_region(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        await world.a_filled_wallet(await world.a_card_holder())

    async def own_regions(conn: Connection) -> Sequence[str]:
        return [world.region]

    job, _ = jobs(
        holder=world.keys, bucket_count=world.terms.bucket_count, certificate_days=60, own_regions=own_regions
    )
    await job.run(JobCall(database=db, clock=FixedClock(), ids=world.ids))
    async with db.transaction() as conn:
        published = await codes.get_status_lists(conn, region=world.region)

    assert [NOON] == [one.made_at for one in published]


async def findings(world: CodeWorld, resident: Registered) -> list[str]:
    """What the audit says of this world, by its region or its resident."""
    marks = (world.region, resident.resident_id.hex)
    return [found for found in await audit(world.conn) if any(mark in found for mark in marks)]


async def a_published_world(conn: Connection) -> tuple[CodeWorld, Registered]:
    """A wallet refreshed at noon, and lists published a quarter of an hour later."""
    world = CodeWorld(conn)
    resident = await world.a_card_holder()
    await world.a_filled_wallet(resident)
    world.now = NOON + timedelta(minutes=15)
    await publish(world)
    return world, resident


async def test_the_audit_finds_nothing_where_everything_fits(db: Database) -> None:
    async with db.owner_transaction() as conn:
        world, resident = await a_published_world(conn)
        await codes.suspend_certificates(conn, bucket=resident.bucket, resident_id=resident.resident_id, now=world.now)
        assert [] == await findings(world, resident)
        world.now += timedelta(minutes=15)
        await publish(world)

        assert [] == await findings(world, resident)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE codes.serial SET next_serial = 3 WHERE resident_id = %(resident)s", "was given serial 7"),
        (
            "UPDATE codes.certificate SET status_index = 5 WHERE resident_id = %(resident)s",
            "belonged to two certificates",
        ),
        ("DELETE FROM codes.status_block WHERE region = %(region)s", "is missing, or dead before"),
        (
            "UPDATE codes.certificate SET state = 'revoked' WHERE resident_id = %(resident)s",
            "that its certificate is revoked",
        ),
        ("UPDATE codes.status_list SET token = '\\x84' WHERE region = %(region)s", "cannot be read"),
        (
            "INSERT INTO codes.status_step "
            "SELECT region, made_at, made_at - interval '1 minute', '', decode(md5(''), 'hex') "
            "FROM codes.status_list WHERE region = %(region)s",
            "does not lead to its status lists",
        ),
    ],
)
async def test_the_audit_names_what_does_not_fit(db: Database, damage: Any, says: str) -> None:
    async with db.owner_transaction() as conn:
        world, resident = await a_published_world(conn)
        await conn.execute(damage, {"resident": resident.resident_id, "region": world.region})
        found = await findings(world, resident)
        await conn.execute("DELETE FROM codes.certificate WHERE region = %(region)s", {"region": world.region})
        await conn.execute("DELETE FROM codes.status_list WHERE region = %(region)s", {"region": world.region})

    assert any(says in one for one in found), found


async def test_the_audit_names_active_certificates_of_a_lost_card(db: Database) -> None:
    async with db.owner_transaction() as conn:
        world, resident = await a_published_world(conn)
        await cards.report_temporary_loss(
            conn,
            bucket=resident.bucket,
            resident_id=resident.resident_id,
            by=OPERATOR,
            now=world.now,
            ids=world.ids,
        )
        found = await findings(world, resident)
        await codes.suspend_certificates(conn, bucket=resident.bucket, resident_id=resident.resident_id, now=world.now)

        assert ["temporarily_lost"] == [one.split()[-1] for one in found]
        assert [] == await findings(world, resident)


async def test_a_view_of_regions_holds_the_keys_in_force_and_opens_own_aliases(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_filled_wallet(resident)
    peer = trust.new_signing_key(Algorithm.ES256).public_key
    day = timedelta(days=1)
    keys = [
        RegionKey(region="440100", key_id=b"live", public_key=peer, valid_from_at=NOON - day, valid_until=NOON + day),
        RegionKey(
            region="440100", key_id=b"late", public_key=peer, valid_from_at=NOON + day, valid_until=NOON + 2 * day
        ),
        RegionKey(
            region="440100",
            key_id=b"gone",
            public_key=peer,
            valid_from_at=NOON - day,
            valid_until=NOON + day,
            revoked_at=NOON,
        ),
    ]
    trust_list = TrustList(sequence=1, issued_at=NOON, expires_at=NOON + day, roots=(peer,), keys=tuple(keys))
    view = codes.view_regions(trust_list, holder=world.keys, own_regions=[world.region], bucket_count=4, now=NOON)

    assert [b"live"] == list(view.keys["440100"])
    assert resident.resident_id == codes.read_code(wallet.show_code(NOON), regions=view, now=NOON).resident_id
