"""What no hold could pay: both sides are heard, an operator decides with a second person, then money moves once."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.builders.access import Known
from tests.support.builders.counter import Phone
from tests.support.builders.offline import a_region_with_lists, a_session, a_till, another_till, grant
from tests.support.builders.served import Served
from yikatong.ledger import audit as ledger_audit
from yikatong.offline import audit as offline_audit
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio
DISPUTED_FEN = 1_500


async def a_dispute(served: Served, folder: Path, *, purse_fen: int = 10_000) -> tuple[str, str, Phone]:
    """Two tills spent one allowance; gives the disputed tap, the wallet's token and the phone."""
    phone = await served.world.a_phone(purse_fen=purse_fen)
    token = await a_session(served, phone)
    await grant(served, phone, token=token, amount_fen=2_000, whole_place=True)
    tills = a_till(served, folder / "1"), a_till(served, folder / "2", await another_till(served))
    for till in tills:
        await till.fetch()
        till.pay(phone, DISPUTED_FEN)
    await tills[0].upload()
    tap = (await tills[1].upload())[0].tap
    assert tap is not None
    return tap, token, phone


async def decided(served: Served, by: Known, second: Known, tap: str, side: str) -> tuple[int, Any]:
    """What comes of a decision that a second person approves."""
    path = f"/v1/offline-disputes/{tap}/decision"
    asked = await served.by(by.token, "POST", path, {"decided_for": side})
    assert 202 == asked.status_code, asked.text
    answer = await served.by(second.token, "POST", f"/v1/approvals/{asked.json()['approval_id']}/approve")
    said = answer.json()
    return (said["status"], said["answer"]) if answer.status_code == 200 else (answer.status_code, said["reason"])


async def test_both_sides_are_heard_and_the_provider_is_paid_once_and_only_after_the_decision(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        tap, wallet, _ = await a_dispute(served, tmp_path)
        by, second = await served.an_operator(), await served.an_operator()
        till = served.world.till.token
        own = f"/v1/wallet/offline-disputes/{tap}/answer"
        theirs = f"/v1/provider/offline-disputes/{tap}/statement"

        said = await served.by(till, "POST", theirs, {"says": "两台收银台断网，先后收款"})
        agreed = await served.by(wallet, "POST", own, {"agrees": True})
        before = await served.world.owed()
        status, decision = await decided(served, by, second, tap, "provider")
        again = await decided(served, by, second, tap, "provider")
        other_side = await decided(served, by, second, tap, "resident")
        too_late = await served.by(wallet, "POST", own, {"agrees": False})

        assert ("done", "done") == (said.json()["change"], agreed.json()["change"])
        assert DISPUTED_FEN == before
        assert (200, "done", True) == (status, decision["change"], decision["dispute"]["resident_agrees"])
        assert "already_so" == again[1]["change"]
        assert (409, "DISPUTE_IS_DECIDED") == other_side
        assert "DISPUTE_IS_DECIDED" == too_late.json()["reason"]
        assert 2 * DISPUTED_FEN == await served.world.owed()
        listed = (await served.by(till, "GET", "/v1/provider/offline-disputes")).json()["disputes"]
        assert [("provider", True)] == [(one["decided_for"], one["resident_agrees"]) for one in listed]
        async with db.owner_transaction() as conn:
            assert [] == [*await offline_audit.audit(conn), *await ledger_audit.audit(conn)]


async def test_decided_for_the_resident_nobody_is_charged(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        tap, _, phone = await a_dispute(served, tmp_path)

        status, decision = await decided(
            served, await served.an_operator(), await served.an_operator(), tap, "resident"
        )

        assert (200, "resident") == (status, decision["dispute"]["decided_for"])
        assert DISPUTED_FEN == await served.world.owed()
        assert 8_000 == await served.world.balance(phone)


async def test_a_purse_that_has_not_enough_leaves_the_dispute_open(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        tap, wallet, _ = await a_dispute(served, tmp_path, purse_fen=2_000)

        refused = await decided(served, await served.an_operator(), await served.an_operator(), tap, "provider")

        assert "BALANCE_IS_TOO_LOW" == refused[1]
        own = await served.by(wallet, "GET", "/v1/wallet/offline-disputes", Purpose="own")
        assert [None] == [one["decided_for"] for one in own.json()["disputes"]]


async def test_others_find_no_dispute(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        tap, _, _ = await a_dispute(served, tmp_path)
        stranger = await a_session(served, await served.world.a_phone())
        elsewhere = await served.an_operator(permissions=["ledger.read"])

        answers = [
            await served.by(stranger, "POST", f"/v1/wallet/offline-disputes/{tap}/answer", {"agrees": True}),
            await served.by(stranger, "POST", "/v1/wallet/offline-disputes/tap_0/answer", {"agrees": True}),
            await served.by(
                elsewhere.token, "POST", f"/v1/offline-disputes/{tap}/decision", {"decided_for": "provider"}
            ),
        ]

        assert ["DISPUTE_IS_UNKNOWN", "DISPUTE_IS_UNKNOWN", "PERMISSION_IS_MISSING"] == [
            answer.json()["reason"] for answer in answers
        ]
