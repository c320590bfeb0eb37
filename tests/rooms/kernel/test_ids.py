"""Ids say what they are, read back exactly, and come in the order of time."""

import pickle
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.kernel.ids import PREFIX_BY_KIND, bucket_of, read_id, show_id, uuid_of
from yikatong.kernel.instants import epoch_ms
from yikatong.plumbing.ids import SystemIds

kinds = st.sampled_from(sorted(PREFIX_BY_KIND))
START = datetime(2026, 11, 25, 8, tzinfo=UTC)


class SteppedClock:
    """A clock that shows the given instants one after the other, then stays at the last."""

    def __init__(self, *instants: datetime) -> None:
        self._instants = list(instants)

    def now(self) -> datetime:
        """The next instant."""
        return self._instants.pop(0) if len(self._instants) > 1 else self._instants[0]


@given(kind=kinds, value=st.uuids())
def test_an_id_reads_back_to_itself(kind: str, value: UUID) -> None:
    assert value == read_id(kind, show_id(kind, value))


@given(kind=kinds, other=kinds, value=st.uuids())
def test_an_id_of_another_kind_is_not_read(kind: str, other: str, value: UUID) -> None:
    if kind != other:
        with pytest.raises(ValueError, match="not a"):
            read_id(kind, show_id(other, value))


@pytest.mark.parametrize(
    "digits",
    ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 31 + "０", "0" * 31 + "\n", "0" * 15 + "_" + "0" * 16],
)
def test_only_32_lower_case_hex_digits_are_an_id(digits: str) -> None:
    with pytest.raises(ValueError, match="not a card id"):
        read_id("card", "crd_" + digits)


@given(st.integers(0, 2**128 - 1))
def test_a_uuid_made_past_its_constructor_is_the_same_to_everyone(number: int) -> None:
    made, constructed = uuid_of(number), UUID(int=number)

    assert constructed == made
    assert (hash(constructed), str(constructed), constructed.bytes) == (hash(made), str(made), made.bytes)
    assert constructed == pickle.loads(pickle.dumps(made))  # noqa: S301  our own bytes
    assert msgspec.json.encode(constructed) == msgspec.json.encode(made)
    assert constructed.is_safe is made.is_safe


def test_no_two_kinds_share_a_prefix() -> None:
    assert len(PREFIX_BY_KIND) == len(set(PREFIX_BY_KIND.values()))


def test_ids_are_version_7_and_carry_the_milliseconds_of_the_clock() -> None:
    made = SystemIds(SteppedClock(START)).new()

    assert (7, epoch_ms(START)) == (made.version, made.int >> 80)


def test_ids_of_one_source_always_rise_even_within_a_millisecond_and_when_the_clock_goes_back() -> None:
    clock = SteppedClock(START, START, START + timedelta(seconds=1), START - timedelta(hours=1))
    source = SystemIds(clock)
    made = [source.new() for _ in range(10_000)]

    assert made == sorted(set(made))


@given(value=st.uuids(), bucket_count=st.integers(1, 4096))
def test_a_bucket_lies_within_the_number_of_buckets(value: UUID, bucket_count: int) -> None:
    assert 0 <= bucket_of(value, bucket_count) < bucket_count


def test_fresh_ids_spread_over_the_buckets() -> None:
    source = SystemIds(SteppedClock(START))

    assert set(range(16)) == {bucket_of(source.new(), 16) for _ in range(1_000)}
