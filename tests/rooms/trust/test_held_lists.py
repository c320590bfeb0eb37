"""The lists an installation holds on the database: published, accepted, walked after a change of root, never back."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.rooms.trust.test_key_files import REGION, opened
from tests.support.builders.trust import a_key, a_region_key, a_status_list, a_trust_list, pinned, refuses
from tests.support.world import NOON, a_region_code
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.database import Database
from yikatong.trust import store
from yikatong.trust.model import Reason
from yikatong.trust.service import (
    find_status_list,
    hold_status_list,
    hold_trust_list,
    key_id_of,
    pin_own_roots,
    publish_trust_list,
    read_held_trust_list,
    sign_status_list,
    sign_trust_list,
    verifying_key,
)

pytestmark = pytest.mark.anyio
LATER = NOON + timedelta(hours=1)


async def test_an_installation_publishes_its_own_lists_and_reads_them_back(db: Database, tmp_path: Path) -> None:
    holder = opened(tmp_path)
    keys = (a_region_key(a_region_code(), key=holder.signer(REGION).key.public_key),)
    pinned_roots = pin_own_roots(holder)
    async with db.transaction() as conn:
        first = await publish_trust_list(conn, holder=holder, keys=keys, now=NOON)
        second = await publish_trust_list(conn, holder=holder, keys=keys, now=LATER)
        held = await read_held_trust_list(conn, pinned=pinned_roots, now=LATER)

    assert (1, 2) == (first.sequence, second.sequence)
    assert second == held.trust_list
    assert keys == second.keys


async def test_without_a_list_the_pinned_roots_are_held(db: Database) -> None:
    async with db.transaction() as conn:
        for nothing in (pinned(a_key()), pinned()):
            assert nothing is await read_held_trust_list(conn, pinned=nothing, now=NOON)


async def test_without_a_root_no_list_is_accepted(db: Database) -> None:
    root = a_key()
    envelope = sign_trust_list(a_trust_list(a_region_key(), roots=(root.public_key,)), root)
    async with db.transaction() as conn:
        with refuses(Reason.TRUST_LIST_IS_BY_ANOTHER_SIGNER):
            await hold_trust_list(conn, envelope, pinned=pinned(), now=NOON)


async def test_a_rotated_root_is_named_first_and_signs_next(db: Database, tmp_path: Path) -> None:
    holder = opened(tmp_path)
    before = pin_own_roots(holder)
    async with db.transaction() as conn:
        await publish_trust_list(conn, holder=holder, keys=(), now=NOON)
        holder.rotate("root", now=NOON + timedelta(seconds=1))
        naming = await publish_trust_list(conn, holder=holder, keys=(), now=LATER)
        after = await publish_trust_list(conn, holder=holder, keys=(), now=LATER)
        held = await read_held_trust_list(conn, pinned=pin_own_roots(holder), now=LATER)

    assert before == pin_own_roots(holder)
    assert (holder.signer("root").key.public_key,) == naming.roots
    assert after == held.trust_list


async def test_a_list_is_held_once_and_never_goes_back(db: Database) -> None:
    root = a_key()
    newer, older = (
        sign_trust_list(a_trust_list(a_region_key(), roots=(root.public_key,), sequence=sequence), root)
        for sequence in (2, 1)
    )
    async with db.transaction() as conn:
        assert Change.DONE is await hold_trust_list(conn, newer, pinned=pinned(root), now=NOON)
        assert Change.ALREADY_SO is await hold_trust_list(conn, newer, pinned=pinned(root), now=NOON)
        with refuses(Reason.TRUST_LIST_IS_ROLLED_BACK):
            await hold_trust_list(conn, older, pinned=pinned(root), now=NOON)


async def test_a_row_by_a_stranger_trusts_nobody(db: Database) -> None:
    root, stranger = a_key(), a_key()
    theirs = a_trust_list(a_region_key(), roots=(stranger.public_key,))
    async with db.transaction() as conn:
        await store.insert_trust_list(
            conn,
            line=key_id_of(root.public_key, 8),
            trust_list=theirs,
            envelope=sign_trust_list(theirs, stranger),
            accepted_at=NOON,
        )
        with refuses(Reason.TRUST_LIST_IS_BY_ANOTHER_SIGNER):
            await read_held_trust_list(conn, pinned=pinned(root), now=NOON)


async def test_a_status_list_is_held_and_an_older_one_is_refused(db: Database) -> None:
    key, subject = a_key(), f"urn:example:status-list:{a_region_code()}:0"
    verifier = verifying_key(key.public_key)
    held, older = (
        sign_status_list(a_status_list(subject=subject, issued_at=issued_at), key, b"key1")
        for issued_at in (NOON, NOON - timedelta(minutes=10))
    )
    async with db.transaction() as conn:
        assert await find_status_list(conn, key=verifier, subject=subject, now=NOON) is None
        assert Change.DONE is await hold_status_list(conn, held, key=verifier, subject=subject, now=NOON)
        assert Change.ALREADY_SO is await hold_status_list(conn, held, key=verifier, subject=subject, now=NOON)
        with refuses(Reason.STATUS_LIST_IS_ROLLED_BACK):
            await hold_status_list(conn, older, key=verifier, subject=subject, now=NOON)

        found = await find_status_list(conn, key=verifier, subject=subject, now=NOON)

    assert a_status_list(subject=subject) == found
