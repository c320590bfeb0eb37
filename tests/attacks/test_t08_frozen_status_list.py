"""T08 Frozen status list: an old status list is kept alive so that a revoked certificate goes on (docs/threats.md)."""

from datetime import datetime, timedelta

import pytest

from tests.support.builders.codes import CertifiedPhone, KeyedRegion
from tests.support.world import NOON, a_region_code
from yikatong.codes import service as codes
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust
from yikatong.trust.model import Standing, StatusList

pytestmark = pytest.mark.anyio

PLACE = 7
PLACES = 65_536
AGE_MAX = timedelta(hours=24)
LIFE = timedelta(hours=48)


class Elsewhere:
    """Another region's terminal: the list of a phone's region that it holds, and what it says to the phone's code."""

    def __init__(self) -> None:
        self.region = KeyedRegion(a_region_code())
        self.subject = f"urn:example:status-list:{self.region.code}:0"
        self.verifier = trust.verifying_key(self.region.key.public_key)
        standing = Standing(level=2, concession=0, status_index=PLACE)
        self.phone = CertifiedPhone(self.region, standing=standing)

    def signed(self, *, issued_at: datetime, revoked: bool) -> bytes:
        """The region's list of an instant."""
        builder = trust.StatusListBuilder(places=PLACES, bits=2)
        if revoked:
            builder.set(PLACE, trust.INVALID)
        status_list = StatusList(
            subject=self.subject,
            issued_at=issued_at,
            expires_at=issued_at + LIFE,
            ttl_seconds=600,
            bits=2,
            data=builder.packed(),
        )
        return trust.sign_status_list(status_list, self.region.key, self.region.key_id)

    async def held(self, db: Database, token: bytes, *, now: datetime) -> StatusList | None:
        """What the terminal holds after it was given a list."""
        async with db.transaction() as conn:
            await trust.hold_status_list(conn, token, key=self.verifier, subject=self.subject, now=now)
            return await trust.find_status_list(conn, key=self.verifier, subject=self.subject, now=now)

    def says(self, status_list: StatusList | None, *, now: datetime) -> str | None:
        """Why the terminal refuses a code shown now; None when it does not."""
        read = codes.read_code(self.phone.code(made_at=now), regions=self.region.seen_elsewhere(), now=now)
        said = codes.decide_foreign(read, status_list, now=now, age_max=AGE_MAX, expected=None)
        return said.name if isinstance(said, outcomes.Reason) else None


async def test_a_list_that_is_kept_from_growing_old_is_refused_when_it_is_too_old(db: Database) -> None:
    terminal = Elsewhere()
    frozen = await terminal.held(db, terminal.signed(issued_at=NOON, revoked=False), now=NOON)

    reasons = [terminal.says(frozen, now=NOON + timedelta(hours=hours)) for hours in (1, 25, 49)]

    assert [None, "STATUS_LIST_IS_TOO_OLD", "STATUS_LIST_IS_EXPIRED"] == reasons


async def test_an_older_list_does_not_take_the_place_of_a_newer_one(db: Database) -> None:
    terminal = Elsewhere()
    later = NOON + timedelta(minutes=10)
    before = terminal.signed(issued_at=NOON, revoked=False)
    revoking = await terminal.held(db, terminal.signed(issued_at=later, revoked=True), now=later)

    with pytest.raises(Refused) as refused:
        await terminal.held(db, before, now=later)

    assert "STATUS_LIST_IS_ROLLED_BACK" == refused.value.reason.name
    assert "CERTIFICATE_IS_REVOKED" == terminal.says(revoking, now=later)


async def test_without_a_list_another_regions_code_is_refused(db: Database) -> None:
    assert "STATUS_LIST_IS_MISSING" == Elsewhere().says(None, now=NOON)


async def test_a_list_of_another_subject_or_key_is_no_list(db: Database) -> None:
    terminal, neighbour, forger = Elsewhere(), Elsewhere(), Elsewhere()
    neighbour.region = terminal.region
    forger.subject = terminal.subject

    reasons = []
    for other in (neighbour, forger):
        with pytest.raises(Refused) as refused:
            await terminal.held(db, other.signed(issued_at=NOON, revoked=False), now=NOON)
        reasons.append(refused.value.reason.name)

    assert ["STATUS_LIST_IS_OF_ANOTHER_SUBJECT", "SIGNATURE_DOES_NOT_MATCH"] == reasons
