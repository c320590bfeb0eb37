"""What was decided about a claim is opened with its resident's key, replays, and tells what would have changed it."""

from uuid import UUID

import pytest

from tests.support.builders.chain import Place
from tests.support.builders.ledger import IDS
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.programmes import service as programmes
from yikatong.trade_in.model import Reason
from yikatong.trade_in.rules.keeping import claim_id_of
from yikatong.trade_in.service.explaining import Opened, open_decisions

pytestmark = pytest.mark.anyio

ONE = 50_000


async def opened(place: Place, claim_id: UUID) -> tuple[Opened, ...]:
    """The decisions about a claim."""
    async with place.db.transaction() as conn:
        return await open_decisions(conn, claim_id=claim_id, vault=place.vault, bucket_count=place.chain.bucket_count)


async def test_a_qualification_is_opened_and_replays(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.qualified()

    (one,) = await opened(place, kept.claim.claim_id)

    assert kept.claim.money.held_fen == one.decision.amount_fen == one.row.amount_fen
    assert "lithium" == one.decision.inputs["old_battery"]
    assert () == programmes.find_differences(place.chain.shelf, one.decision)


async def test_a_refused_application_keeps_why_and_what_would_have_changed_it(db: Database) -> None:
    place = await Place(db).funded(ONE)
    application = place.an_application(await place.a_resident(), old_is_plated="no")
    refused = await place.admit(application)

    (one,) = await opened(place, claim_id_of(application))
    changes = programmes.find_single_changes(place.chain.shelf, one.decision)

    assert isinstance(refused, Refused)
    assert refused.reason.name == one.row.reason == one.decision.reason
    assert "old_is_plated" in {change.fact for change in changes}
    assert () == programmes.find_differences(place.chain.shelf, one.decision)


async def test_a_claim_of_which_nothing_was_decided_is_unknown(db: Database) -> None:
    with pytest.raises(Refused) as refused:
        await opened(Place(db), IDS.new())

    assert Reason.CLAIM_IS_UNKNOWN is refused.value.reason
