"""Recognition between regions: whose cards count where, from when until when."""

from datetime import date
from typing import Any

import psycopg
import pytest

from tests.support.builders.catalogue import (
    a_recognition,
)
from tests.support.builders.places import a_region
from tests.support.world import NOON
from yikatong.catalogue import service
from yikatong.catalogue.model import (
    Reason,
    RecognitionScope,
)
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places.model import Reason as PlacesReason
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

Conn = psycopg.AsyncConnection[Any]
TODAY = date(2026, 11, 25)
NEXT_YEAR = date(2027, 1, 1)


async def test_recognition_counts_until_the_day_it_ends(db: Database) -> None:
    async with db.transaction() as conn:
        await service.seed_items(conn)
        home, away = await a_region(conn), await a_region(conn)
        recognition = a_recognition(
            from_region=home, to_region=away, scope=RecognitionScope.ITEM, subject="library-entry"
        )
        first = await service.set_recognition(conn, recognition=recognition)
        second = await service.set_recognition(conn, recognition=recognition)
        ending: dict[str, Any] = {
            "from_region": home,
            "to_region": away,
            "scope": RecognitionScope.ITEM,
            "subject": "library-entry",
            "until": NEXT_YEAR,
            "now": NOON,
        }
        ended, again = await service.end_recognition(conn, **ending), await service.end_recognition(conn, **ending)
        snapshot = await service.load_snapshot(conn)

    assert (Change.DONE, Change.ALREADY_SO) == (first, second)
    assert (Change.DONE, Change.ALREADY_SO) == (ended, again)
    entry = snapshot.get_item(away, "library-entry", TODAY)
    regions = {"from_region": home, "to_region": away}
    assert snapshot.find_recognition(**regions, item=entry, on=date(2026, 12, 31)) is not None
    assert snapshot.find_recognition(**regions, item=entry, on=NEXT_YEAR) is None


async def test_recognition_is_refused_in_a_fixed_order(db: Database) -> None:
    async with db.transaction() as conn:
        home, away = await a_region(conn), await a_region(conn)
        await service.set_recognition(conn, recognition=a_recognition(from_region=home, to_region=away))
        refusals = []
        for recognition in (
            a_recognition(from_region="999999", to_region="999999", subject="no-such"),
            a_recognition(from_region="999999", to_region=away, subject="no-such"),
            a_recognition(from_region=home, to_region=away, subject="no-such"),
            a_recognition(from_region=home, to_region=away, valid_from=NEXT_YEAR),
        ):
            with pytest.raises(Refused) as refused:
                await service.set_recognition(conn, recognition=recognition)
            refusals.append(refused.value.reason)

    assert [
        Reason.RECOGNITION_NEEDS_TWO_REGIONS,
        PlacesReason.REGION_IS_UNKNOWN,
        Reason.ITEM_IS_NOT_ON_THE_LIST,
        Reason.RECOGNITION_PERIODS_OVERLAP,
    ] == refusals
