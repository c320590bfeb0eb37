"""The benchmark measures: every row on a tiny stage, so that no row rots; nothing here judges speed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.database import folder_of_our_own
from yikatong.app.bench.plan import SMALL
from yikatong.app.bench.profile import make_profile
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.sampling import HTTP, VERIFYING, serve_sampled, stage_of
from yikatong.app.bench.sizing import SECTIONS, calculate
from yikatong.app.bench.sizing_figures import measure_figures
from yikatong.app.bench.stage import Serve, Served, Stage, open_stage
from yikatong.app.bench.table import ROWS
from yikatong.app.serve import serve
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust

NEED_MORE = {"first-tap", "crash"}
"""Rows that run whole programs; the tests of those run them."""


@contextmanager
def one_server_for_all(stage: Stage) -> Iterator[None]:
    """Start the platform once for every row, which a measurement must not do: its workers have seen the codes."""
    with stage.served(serve_sampled) as served:

        @contextmanager
        def found(serving: Serve = serve) -> Iterator[Served]:
            yield served

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stage, "served", found)
            yield


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A tiny stage with the platform up, audited at its end."""
    folder = folder_of_our_own()
    try:
        settings = Settings(data_folder=str(folder))
        with open_stage(settings, SMALL, tell=lambda _: None) as opened, one_server_for_all(opened):
            yield opened
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", [name for name in ROWS if name not in NEED_MORE])
def test_every_row_measures_something(stage: Stage, name: str) -> None:
    row = ROWS[name](stage)

    said = row.as_json()
    assert name == row.name
    assert row.figure is not None
    assert row.figure > 0
    assert row.ratio is not None
    assert {"aim", "figure", "ratio", "reached"} <= set(said)


def test_a_profile_shares_out_the_whole_of_a_tap(stage: Stage) -> None:
    profile = make_profile(stage)

    assert profile.taps > 0
    assert 0.98 < sum(profile.shares.values()) < 1.02
    assert {"locks and facts", "writes and commit"} <= set(profile.round_milliseconds)
    assert profile.wal_bytes_a_tap > 0


def test_a_sizing_has_a_figure_for_everything_that_its_arithmetic_begins_with(stage: Stage) -> None:
    figures = measure_figures(stage)

    assert all(one.value >= 0 for one in figures)
    assert len(SECTIONS) == len(calculate(figures))


def test_a_stack_is_in_the_stage_of_its_innermost_function_that_says_one() -> None:
    with pytest.raises(ValueError, match="places") as failed:
        trust.StatusListBuilder(places=0)

    assert HTTP == stage_of(None)
    assert VERIFYING == stage_of(failed.tb.tb_next.tb_frame if failed.tb.tb_next else None)


@pytest.mark.parametrize("name", sorted(NEED_MORE))
def test_a_row_that_did_not_run_says_why(stage: Stage, name: str) -> None:
    row = ROWS[name](stage)

    assert (None, None, None) == (row.figure, row.ratio, row.reached)
    assert row.says


@pytest.mark.parametrize(
    ("judged", "figure", "ratio", "reached"),
    [
        (Judged.RATIO_AT_LEAST, 1.0, 2.0, True),
        (Judged.RATIO_AT_LEAST, 9.0, 1.99, False),
        (Judged.RATIO_AT_MOST, 9.0, 2.0, True),
        (Judged.RATIO_AT_MOST, 1.0, 2.01, False),
        (Judged.FIGURE_AT_LEAST, 2.0, 0.0, True),
        (Judged.FIGURE_AT_MOST, 2.0, 9.0, True),
        (Judged.FIGURE_AT_MOST, 2.1, 0.0, False),
        (Judged.FIGURE_AT_MOST, None, None, None),
    ],
)
def test_a_row_is_judged_by_the_number_that_its_aim_is_about(
    judged: Judged, figure: float | None, ratio: float | None, reached: bool | None
) -> None:
    row = Row(name="x", measure="x", aim=2.0, judged=judged, unit="x", figure=figure, ratio=ratio)

    assert reached is row.reached
