"""Status lists: signed for each block that has an unexpired certificate, from the states of the certificates.

Each publication is an edition; what it changed against the one before is kept for a while, so that a delta can be made.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from yikatong.codes import store
from yikatong.codes.model import CertificateState, PublishedList, StatusDelta, StatusEdition, StatusStep
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, STATUS_OF, block_and_place, status_list_name
from yikatong.codes.rules.status_delta import (
    DELTA_BYTES_MAX,
    changes_between,
    edition_digest,
    join_changes,
    read_changes,
    sign_status_delta,
    write_changes,
)
from yikatong.codes.service.keys import Issuer, get_issuer
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, StatusList

Conn = psycopg.AsyncConnection[Any]

LIST_LIFE = timedelta(hours=24)
LIST_RENEWED_AFTER = timedelta(minutes=10)
"""How often a verifier with a network asks for a newer list."""
STEPS_KEPT = timedelta(days=8)
"""A day longer than a terminal's sheet lives: who was away longer fetches whole lists."""
_TOKEN_BYTES_MAX = 1_048_576
_STEPS_BYTES_MAX = 2 * DELTA_BYTES_MAX
_STATUS_LIST_CLAIM = 65533


async def publish_status_list(
    conn: Conn, *, region: str, holder: KeyHolder, bucket_count: int, now: datetime
) -> tuple[PublishedList, ...]:
    """Sign and publish the status list of every live block of a region; lists of dead blocks are withdrawn.

    A list published meanwhile with a later time stays. What changed against the edition before is kept for deltas.
    Refuses with REGION_ISSUES_NO_CODES.
    """
    issuer = get_issuer(holder, region)
    before = edition_of(region, await store.find_status_lists(conn, region=region))
    by_block = await list_states(conn, region=region, bucket_count=bucket_count, now=now)
    published = tuple(
        _sign(issuer, number, states, now=now.replace(microsecond=0)) for number, states in by_block.items()
    )
    for one in published:
        await store.put_status_list(conn, region=region, published=one)
    await store.delete_dead_lists(conn, region=region, now=now)
    after = edition_of(region, await store.find_status_lists(conn, region=region))
    if before is not None and after is not None and before.issued_at < after.issued_at:
        await store.insert_status_step(conn, region=region, step=_step(before, after))
    await store.delete_old_steps(conn, region=region, before=now - STEPS_KEPT)
    return published


def edition_of(region: str, published: Sequence[PublishedList]) -> StatusEdition | None:
    """The edition that published lists are; None when there are none, or when they are not of one instant."""
    if len({one.made_at for one in published}) != 1:
        return None
    return StatusEdition(
        region=region,
        issued_at=published[0].made_at,
        expires_at=published[0].good_until,
        blocks={one.number: packed_in(one.token) for one in published},
    )


def packed_in(token: bytes) -> bytes:
    """The packed list in a token of our own, whose signature is not looked at.

    Raises Refused, ValueError, TypeError, KeyError or zlib.error for what is none.
    """
    claims = trust.decode_strict(trust.decode_sign1(token, _TOKEN_BYTES_MAX).payload)
    data = zlib.decompress(claims[_STATUS_LIST_CLAIM]["lst"])
    if len(data) != BLOCK_SIZE * BITS // 8:
        raise ValueError("not a list of a block")
    return data


async def list_states(
    conn: Conn, *, region: str, bucket_count: int, now: datetime
) -> dict[int, list[tuple[int, CertificateState]]]:
    """The places of each live block whose certificates have not expired and are not active, with their states."""
    blocks = await store.find_live_blocks(conn, region=region, now=now)
    by_block: dict[int, list[tuple[int, CertificateState]]] = {number: [] for number in blocks}
    for bucket in range(bucket_count):
        for index, state in await store.find_not_active(conn, bucket=bucket, region=region, now=now):
            block, place = block_and_place(index)
            by_block.setdefault(block, []).append((place, state))
    return by_block


async def get_status_lists(conn: Conn, *, region: str) -> list[PublishedList]:
    """The published lists of a region; refuses with STATUS_LIST_IS_NOT_PUBLISHED when there is none."""
    published = await store.find_status_lists(conn, region=region)
    if not published:
        raise Refused(Reason.STATUS_LIST_IS_NOT_PUBLISHED, region=region)
    return published


async def make_status_deltas(conn: Conn, *, region: str, since: datetime, holder: KeyHolder) -> tuple[bytes, ...]:
    """The signed deltas that lead from the edition of an instant to the last one: one, or none when that is it.

    Refuses, in this order: STATUS_DELTA_IS_NOT_KEPT (also where nothing is published, or lists of several instants),
    REGION_ISSUES_NO_CODES.
    """
    newest = await store.find_edition(conn, region=region)
    if newest is None:
        raise Refused(Reason.STATUS_DELTA_IS_NOT_KEPT)
    made_at, good_until = newest
    if since == made_at:
        return ()
    steps = _chain(await store.find_status_steps(conn, region=region, since=since), since=since, until=made_at)
    # What is far above the bound is not even joined: anyone may ask.
    if not steps or sum(len(step.changes) for step in steps) > _STEPS_BYTES_MAX:
        raise Refused(Reason.STATUS_DELTA_IS_NOT_KEPT)
    issuer = get_issuer(holder, region)
    delta = StatusDelta(
        region=region,
        base_at=since,
        issued_at=made_at,
        expires_at=good_until,
        changes=join_changes(read_changes(trust.decode_strict(step.changes)) for step in steps),
        digest=steps[-1].digest,
    )
    try:
        return (sign_status_delta(delta, issuer.key, key_id=issuer.key_id),)
    except ValueError:
        raise Refused(Reason.STATUS_DELTA_IS_NOT_KEPT) from None


def _step(before: StatusEdition, after: StatusEdition) -> StatusStep:
    return StatusStep(
        made_at=after.issued_at,
        base_at=before.issued_at,
        changes=trust.encode(write_changes(changes_between(before.blocks, after.blocks))),
        digest=edition_digest(after.blocks),
    )


def _chain(steps: Sequence[StatusStep], *, since: datetime, until: datetime) -> list[StatusStep]:
    """The steps that lead from one edition to another, in order; none when they do not."""
    by_end = {step.made_at: step for step in steps}
    chain: list[StatusStep] = []
    while until > since and until in by_end:
        chain.append(by_end[until])
        until = chain[-1].base_at
    return chain[::-1] if until == since else []


def _sign(
    issuer: Issuer, number: int, states: Sequence[tuple[int, CertificateState]], *, now: datetime
) -> PublishedList:
    builder = trust.StatusListBuilder(places=BLOCK_SIZE, bits=BITS)
    for place, state in states:
        builder.set(place, STATUS_OF[state])
    status_list = StatusList(
        subject=status_list_name(issuer.region, number),
        issued_at=now,
        expires_at=now + LIST_LIFE,
        ttl_seconds=int(LIST_RENEWED_AFTER.total_seconds()),
        bits=BITS,
        data=builder.packed(),
    )
    token = trust.sign_status_list(status_list, issuer.key, issuer.key_id)
    return PublishedList(number=number, made_at=now, good_until=now + LIST_LIFE, token=token)
