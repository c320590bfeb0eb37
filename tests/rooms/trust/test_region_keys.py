"""A region's key gets a successor: both are believed for a while, then only the new one."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.rooms.trust.test_key_files import REGION, opened
from tests.support.builders.trust import a_key, a_region_key, refuses
from tests.support.world import NOON, a_region_code
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.database import Database
from yikatong.trust.model import KeyState, Reason, RegionKey, TrustList
from yikatong.trust.region_keys import REGION_KEY_LIFE
from yikatong.trust.service import (
    get_region_key,
    key_id_of,
    list_standings,
    pin_own_roots,
    publish_region_keys,
    read_held_trust_list,
    republish_trust_list,
)
from yikatong.trust.trusted_regions.rules import succeed_region_key

DAY = timedelta(days=1)
OVERLAP = 33 * DAY


def a_listed_key(region: str, *, valid_until: datetime = NOON + 365 * DAY) -> RegionKey:
    """A key of a region with an id of its own."""
    key = a_key().public_key
    return a_region_key(region, key=key, key_id=key_id_of(key), valid_until=valid_until)


def test_a_former_key_ends_after_the_overlap_or_when_it_would_have_ended_anyway() -> None:
    long, short = a_listed_key("990100"), a_listed_key("990100", valid_until=NOON + DAY)
    successor = a_region_key("990100", valid_from_at=NOON)
    followed = succeed_region_key([long, short], successor, overlap=OVERLAP)

    assert [NOON + OVERLAP, NOON + DAY, successor.valid_until] == [key.valid_until for key in followed]
    assert successor == followed[-1]


def test_a_key_whose_time_is_over_is_left_out() -> None:
    over = a_listed_key("990100", valid_until=NOON)
    successor = a_region_key("990100", valid_from_at=NOON)

    assert (successor,) == succeed_region_key([over], successor, overlap=OVERLAP)


def test_keys_of_other_regions_and_revoked_ones_stay_as_they_are() -> None:
    other = a_listed_key("990200")
    revoked = a_region_key("990100", key_id=b"gone", revoked_at=NOON - DAY)
    successor = a_region_key("990100", valid_from_at=NOON)

    assert (other, revoked, successor) == succeed_region_key([other, revoked], successor, overlap=OVERLAP)


def test_a_stolen_key_is_revoked_at_once_and_stays_on_the_list() -> None:
    stolen = a_listed_key("990100")
    successor = a_region_key("990100", valid_from_at=NOON)
    followed = succeed_region_key([stolen], successor, overlap=OVERLAP, revoke_former=True)

    assert [(NOON, stolen.valid_until), (None, successor.valid_until)] == [
        (key.revoked_at, key.valid_until) for key in followed
    ]


async def published(db: Database, tmp_path: Path, *, revoke_former: bool = False) -> tuple[TrustList, bytes, bytes]:
    """The list after a rotation a year later, and the ids of the former and the present key."""
    holder, later = opened(tmp_path), NOON + 365 * DAY
    former = holder.signer(REGION).key_id
    async with db.transaction() as conn:
        assert Change.DONE is await publish_region_keys(
            conn, holder=holder, regions=["990100"], overlap=OVERLAP, now=NOON
        )
        assert Change.ALREADY_SO is await publish_region_keys(
            conn, holder=holder, regions=["990100"], overlap=OVERLAP, now=NOON
        )
        holder.rotate(REGION, now=later)
        for change in (Change.DONE, Change.ALREADY_SO):
            assert change is await publish_region_keys(
                conn, holder=holder, regions=["990100"], overlap=OVERLAP, now=later, revoke_former=revoke_former
            )
        held = await read_held_trust_list(conn, pinned=pin_own_roots(holder), now=later)
    assert held.trust_list is not None
    return held.trust_list, former, holder.signer(REGION).key_id


@pytest.mark.anyio
async def test_both_keys_are_believed_until_the_former_one_ends(db: Database, tmp_path: Path) -> None:
    listed, former, present = await published(db, tmp_path)
    begun = NOON + 365 * DAY
    for key_id in (former, present):
        get_region_key(listed, region="990100", key_id=key_id, now=begun + OVERLAP - timedelta(seconds=1))

    with refuses(Reason.REGION_KEY_IS_OUT_OF_ITS_TIME):
        get_region_key(listed, region="990100", key_id=former, now=begun + OVERLAP)
    get_region_key(listed, region="990100", key_id=present, now=begun + REGION_KEY_LIFE - timedelta(seconds=1))


@pytest.mark.anyio
async def test_a_revoked_former_key_is_believed_no_more(db: Database, tmp_path: Path) -> None:
    listed, former, present = await published(db, tmp_path, revoke_former=True)
    begun = NOON + 365 * DAY

    get_region_key(listed, region="990100", key_id=present, now=begun)
    with refuses(Reason.REGION_KEY_IS_REVOKED):
        get_region_key(listed, region="990100", key_id=former, now=begun)


@pytest.mark.anyio
async def test_a_list_without_keys_may_name_the_next_root(db: Database, tmp_path: Path) -> None:
    holder = opened(tmp_path)
    holder.rotate("root", now=NOON + DAY)
    async with db.transaction() as conn:
        naming = await republish_trust_list(conn, holder=holder, now=NOON + DAY)

    assert ((holder.signer("root").key.public_key,), ()) == (naming.roots, naming.keys)


@pytest.mark.anyio
async def test_a_region_without_a_key_is_not_published(db: Database, tmp_path: Path) -> None:
    async with db.transaction() as conn:
        with refuses(Reason.KEY_IS_NOT_HELD):
            await publish_region_keys(
                conn, holder=opened(tmp_path), regions=[a_region_code()], overlap=OVERLAP, now=NOON
            )


@pytest.mark.anyio
async def test_a_key_is_present_then_former_then_ended(db: Database, tmp_path: Path) -> None:
    listed, former, present = await published(db, tmp_path)
    held = opened(tmp_path).held_keys()

    def states(now: datetime) -> dict[bytes, KeyState]:
        return {it.key.key_id: it.state for it in list_standings(held, listed, now=now) if it.key.name == REGION}

    begun = NOON + 365 * DAY
    assert {former: KeyState.FORMER, present: KeyState.PRESENT} == states(begun)
    assert {former: KeyState.ENDED, present: KeyState.PRESENT} == states(begun + OVERLAP)


def test_a_key_that_no_list_names_waits_to_be_published_and_others_need_no_list(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    holder.rotate("master", now=NOON + DAY)
    states = [(it.key.name, it.state) for it in list_standings(holder.held_keys(), None, now=NOON + DAY)]

    assert (REGION, KeyState.NOT_PUBLISHED) in states
    assert {KeyState.PRESENT, KeyState.FORMER} == {state for name, state in states if name == "master"}
    assert {("root", KeyState.PRESENT), ("pepper", KeyState.PRESENT), ("alias-990100", KeyState.PRESENT)} <= set(states)
