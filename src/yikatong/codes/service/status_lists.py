"""Status lists: signed for each block that has an unexpired certificate, from the states of the certificates."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from yikatong.codes import store
from yikatong.codes.model import CertificateState, PublishedList
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, STATUS_OF, block_and_place, status_list_name
from yikatong.codes.service.keys import Issuer, get_issuer
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, StatusList

Conn = psycopg.AsyncConnection[Any]

LIST_LIFE = timedelta(hours=24)
LIST_RENEWED_AFTER = timedelta(minutes=10)
"""How often a verifier with a network asks for a newer list."""


async def publish_status_list(
    conn: Conn, *, region: str, holder: KeyHolder, bucket_count: int, now: datetime
) -> tuple[PublishedList, ...]:
    """Sign and publish the status list of every live block of a region; lists of dead blocks are withdrawn.

    A list published meanwhile with a later time stays. Refuses with REGION_ISSUES_NO_CODES.
    """
    issuer = get_issuer(holder, region)
    by_block = await list_states(conn, region=region, bucket_count=bucket_count, now=now)
    published = tuple(
        _sign(issuer, number, states, now=now.replace(microsecond=0)) for number, states in by_block.items()
    )
    for one in published:
        await store.put_status_list(conn, region=region, published=one)
    await store.delete_dead_lists(conn, region=region, now=now)
    return published


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
