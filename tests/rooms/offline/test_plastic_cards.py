"""A resident with a plastic card and no phone, where there is no network: from the counter to the books."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from simulator.chip import Chip
from tests.rooms.offline.test_over_http import audited
from tests.support.builders.counter import BUCKET
from tests.support.builders.offline import Till, a_region_with_lists, a_till
from tests.support.builders.plastic import PIN, a_card_holder
from tests.support.builders.served import Served
from tests.support.world import NOON
from yikatong.cards.model import Registered
from yikatong.codes import audit as codes_audit
from yikatong.codes import service as codes
from yikatong.codes.rules.chip_certificate import open_chip_certificate
from yikatong.desk.service import purse_of
from yikatong.kernel.ids import TerminalId
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.plumbing.database import Database
from yikatong.terminal.model import Admitted

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


class Grandmother(msgspec.Struct):
    """Her card in her hand, and what is written on it."""

    resident: Registered
    chip: Chip
    certificate: bytes

    @property
    def path(self) -> str:
        """Where the counter finds her."""
        return f"/v1/residents/res_{self.resident.resident_id.hex}"


async def a_grandmother(served: Served, *, purse_fen: int = 10_000) -> Grandmother:
    """A resident with an active card that has a chip, no e-card and no phone; the counter has certified the chip."""
    she = Grandmother(*await a_card_holder(served.world, purse_fen=purse_fen), certificate=b"")
    answer = await counter(served, "POST", she.path + "/card/chip-certificate")
    assert 200 == answer.status_code, answer.text
    she.certificate = _read(answer.json()["certificate"])
    return she


async def counter(served: Served, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """A call by an operator who has just signed in."""
    operator = await served.an_operator(now=served.world.clock.now())
    return await served.by(operator.token, method, path, body, **headers)


async def granted(served: Served, she: Grandmother, **body: Any) -> Any:
    """An allowance of 50 yuan for a week, granted at the counter."""
    said = {
        "terminal": f"trm_{served.world.till.terminal.id.hex}",
        "scene_group": "retail",
        "amount_fen": 5_000,
        "days": 7,
        **body,
    }
    return await counter(served, "POST", she.path + "/allowances", said)


def insert(
    till: Till, she: Grandmother, served: Served, amount_fen: int | None = None, *, pin: str | None = None
) -> Admitted:
    """Her card in the reader, without a network on either side."""
    world = served.world
    item = world.entry if amount_fen is None else world.meal
    asked = till.kit.challenge(item.code, amount_fen)
    chip = she.chip.present(
        codes.read_challenge(asked.text, now=world.clock.now()),
        terminal_id=TerminalId(till.registered.terminal.id),
        now=world.clock.now(),
        pin=pin,
    )
    return till.kit.tap_chip(
        item=item.code, amount_fen=amount_fen, chip=chip, certificate=she.certificate, answers=asked.nonce
    )


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def all_audited(served: Served) -> list[str]:
    """What the audits of codes, offline, the ledger and taps find."""
    async with served.world.db.owner_transaction() as conn:
        found = [one for one in await codes_audit.audit(conn) if served.world.region in one]
    return [*found, *await audited(served)]


async def test_she_is_told_of_an_allowance_that_somebody_granted_at_a_counter(db: Database) -> None:
    async with a_region_with_lists(db) as served:
        she = await a_grandmother(served)
        assert 200 == (await granted(served, she)).status_code

        async with db.transaction() as conn:
            found = await conn.execute(
                "SELECT params FROM notices.notice WHERE resident_id = %s AND template = 'allowance_granted'",
                [she.resident.resident_id],
            )
            told = [params for (params,) in await found.fetchall()]

        assert [(5_000, served.world.provider.name_zh)] == [(one["amount_fen"], one["place"]) for one in told]


async def test_she_enters_and_eats_without_a_network_and_every_fen_balances(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        she = await a_grandmother(served)
        assert 200 == (await granted(served, she)).status_code
        till = a_till(served, tmp_path / "memory")
        await till.fetch()

        world.clock.advance(20 * HOUR)
        insert(till, she, served)
        insert(till, she, served, 1_200, pin=PIN)
        with pytest.raises(Refused) as without:
            insert(till, she, served, 1_200)
        said = await till.upload()
        listed = (await counter(served, "GET", she.path + "/allowances", Purpose="own")).json()

        assert "CHIP_MUST_VERIFY_ITS_PASSWORD" == without.value.reason.name
        assert [("posted", None)] * 2 == [(one.outcome, one.reason) for one in said]
        assert 1_200 == await world.owed()
        assert [1_200] == [one["spent_fen"] for one in listed["allowances"]]
        assert [] == await all_audited(served)


async def test_on_a_bus_she_types_nothing_where_she_agreed_to_that(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        she = await a_grandmother(served)
        allowed = (await granted(served, she, chip_without_password=True, amount_fen=1_000)).json()
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        insert(till, she, served, 400)
        insert(till, she, served, 600)
        with pytest.raises(Refused) as spent:
            insert(till, she, served, 1)
        said = await till.upload()
        ended = await counter(served, "DELETE", f"{she.path}/allowances/{allowed['allowance']}")

        assert "ALLOWANCE_IS_USED_UP" == spent.value.reason.name
        assert ["posted"] * 2 == [one.outcome for one in said]
        assert {"change": "done"} == ended.json()
        assert [] == await all_audited(served)


async def test_a_lost_card_is_refused_once_the_list_is_newer_and_comes_back_with_the_card(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        she = await a_grandmother(served)
        await granted(served, she)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        lost = await counter(served, "POST", she.path + "/card/loss", {"formal": False})
        assert 200 == lost.status_code, lost.text
        served.world.clock.advance(HOUR)
        insert(till, she, served, 300, pin=PIN)  # The till cannot know yet: the hold bounds what this costs.
        await till.fetch()
        with pytest.raises(Refused) as stopped:
            insert(till, she, served)
        again = await counter(served, "POST", she.path + "/card/release")
        assert 200 == again.status_code, again.text
        served.world.clock.advance(HOUR)
        await till.fetch()
        insert(till, she, served)

        assert "CERTIFICATE_IS_SUSPENDED" == stopped.value.reason.name
        assert ["posted"] * 2 == [one.outcome for one in await till.upload()]
        assert [] == await all_audited(served)


async def test_a_replaced_card_is_stopped_for_ever(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        she = await a_grandmother(served)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        await counter(served, "POST", she.path + "/card/loss", {"formal": True})
        replaced = await counter(served, "POST", she.path + "/card/replacement", {"why": "5", "has_photo": True})
        assert 200 == replaced.status_code, replaced.text
        served.world.clock.advance(HOUR)
        await till.fetch()
        with pytest.raises(Refused) as stopped:
            insert(till, she, served)
        again = await counter(served, "POST", she.path + "/card/chip-certificate")

        assert "CERTIFICATE_IS_REVOKED" == stopped.value.reason.name
        assert "CARD_IS_NOT_ACTIVE" == again.json()["reason"]


async def uploaded(served: Served, till: Till, **changes: Any) -> tuple[str, str]:
    """Outcome and reason of the first tap that waits, changed by a terminal that lies."""
    body = msgspec.json.decode(msgspec.json.encode(till.kit.admitted()[0]))
    answer = (await till.send(msgspec.json.encode({**body, **changes}))).json()
    return answer["outcome"], answer["reason"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("DELETE FROM codes.chip_certificate WHERE resident_id = %s", "CHIP_WAS_NOT_CERTIFIED"),
        (
            f"UPDATE codes.chip_certificate SET made_at = '{NOON - timedelta(days=9)}', state = 'revoked',"
            f" state_at = '{NOON - timedelta(days=2)}' WHERE resident_id = %s",
            "OFFLINE_CERTIFICATE_WAS_STOPPED",
        ),
        ("UPDATE offline.allowance SET without_pin = false WHERE resident_id = %s", "CHIP_WAS_WITHOUT_ITS_PASSWORD"),
    ],
)
async def test_what_the_register_does_not_bear_out_is_refused(
    db: Database, tmp_path: Path, damage: Any, reason: str
) -> None:
    async with a_region_with_lists(db) as served:
        she = await a_grandmother(served)
        await granted(served, she, chip_without_password=True)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        insert(till, she, served, 400)
        async with db.owner_transaction() as conn:
            await conn.execute(damage, (she.resident.resident_id,))

        assert ("refused", reason) == await uploaded(served, till)
        assert 0 == await served.world.owed()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount_fen": 4_000}, "CODE_ANSWERS_ANOTHER_AMOUNT"),
        ({"answers": "00" * 8}, "CODE_ANSWERS_ANOTHER_CHALLENGE"),
        ({"chip": "AAAA"}, "CHIP_IS_NOT_READABLE"),
        ({"code": "YK1:A"}, "PRESENTATION_IS_MISSING"),
    ],
)
async def test_a_terminal_that_lies_of_a_card_is_refused(
    db: Database, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    async with a_region_with_lists(db) as served:
        she = await a_grandmother(served)
        await granted(served, she)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        insert(till, she, served, 400, pin=PIN)

        assert ("refused", reason) == await uploaded(served, till, **changes)
        assert 10_000 - 5_000 == await _purse(served, she)


async def _purse(served: Served, she: Grandmother) -> int:
    world = served.world
    async with world.db.transaction() as conn:
        balance = await ledger.get_balance(
            conn, bucket=BUCKET, account=purse_of(she.resident.resident_id), now=world.clock.now()
        )
    return balance.available_fen


async def test_chips_and_wallets_have_places_in_blocks_of_their_own(db: Database) -> None:
    async with a_region_with_lists(db) as served:
        she = await a_grandmother(served)
        await served.world.a_phone()
        async with db.owner_transaction() as conn:
            rows = await conn.execute(
                "SELECT kind, number FROM codes.status_block WHERE region = %s ORDER BY number", (served.world.region,)
            )
            blocks: dict[str, int] = dict(await rows.fetchall())
        _, certificate = open_chip_certificate(she.certificate)

        assert blocks.keys() == {"chip", "wallet"}
        assert blocks["chip"] == certificate.status_index // 65_536
