"""Which items and which allowances a terminal's sheet holds."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from tests.support.builders.catalogue import a_terminal_value, an_item
from tests.support.world import NOON
from tests.terminal.world import REGION_KEY, TILL
from yikatong.codes.model import OfflineAllowance, OfflineSheet, SceneGroup
from yikatong.codes.rules.sheet import KEY_DIGEST_BYTES, open_sheet, sign_sheet
from yikatong.kernel.ids import ProviderId
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.offline.rules import find_offline_item, fit_allowances


@pytest.mark.parametrize(
    ("line", "is_served"), [("retail", True), ("presence", True), ("subsidised", False), ("desk", False), (None, False)]
)
def test_only_lines_that_need_no_facts_of_now_serve_without_a_network(line: str | None, is_served: bool) -> None:
    item = an_item(line=line, least_strength=2, funding=("purse", "bank"))
    terminal = replace(a_terminal_value(), purposes=(item.scene,), items=None)

    assert is_served is (find_offline_item(item, terminal) is not None)


def an_offline_allowance(number: int, *, keys: int) -> OfflineAllowance:
    return OfflineAllowance(
        id=UUID(int=2**127 + number),
        scene_group=SceneGroup.TRANSIT,
        amount_fen=AMOUNT_FEN_MAX,
        posted_fen=AMOUNT_FEN_MAX,
        begins_at=NOON,
        accept_until=NOON + timedelta(days=30),
        key_digests=(bytes(KEY_DIGEST_BYTES),) * keys,
    )


@pytest.mark.parametrize("keys", [0, 1, 65])
def test_more_allowances_than_a_sheet_holds_leave_it_one_that_is_read(keys: int) -> None:
    allowances = [an_offline_allowance(number, keys=keys) for number in range(60_000 // (keys + 1))]
    fitting = fit_allowances(allowances, bytes_max=3_500_000)
    sheet = OfflineSheet(
        region="990101",
        terminal_id=TILL,
        payee_id=ProviderId(UUID(int=2)),
        payee_name="亭亭公交",
        issued_at=NOON,
        expires_at=NOON + timedelta(days=7),
        items=(),
        allowances=fitting,
    )
    signed = sign_sheet(sheet, REGION_KEY, key_id=b"x" * 8)

    assert len(signed) <= 3_500_000
    assert list(fitting) == allowances[: len(fitting)]
    assert fitting == open_sheet(signed)[1].allowances


def test_allowances_that_fit_are_all_there() -> None:
    allowances = [an_offline_allowance(number, keys=16) for number in range(5)]

    assert tuple(allowances) == fit_allowances(allowances, bytes_max=5 * (80 + 16 * 17))
