"""A delta leads from one edition of a region's status lists to a later one, bit for bit, or is refused by name."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.world import NOON
from yikatong.codes.model import Reason, StatusChanges, StatusDelta, StatusEdition
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, status_index
from yikatong.codes.rules.status_delta import (
    DELTA_BYTES_MAX,
    DELTA_CONTEXT,
    accept_status_delta,
    apply_changes,
    changes_between,
    edition_digest,
    join_changes,
    open_status_delta,
    read_changes,
    read_gaps,
    sign_status_delta,
    write_changes,
    write_gaps,
)
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, PublicKey

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "codes" / "status_deltas.json").read_text(encoding="utf-8")
)
REGION = "990101"
KEY = trust.new_signing_key(Algorithm.ES256)
KEY_ID = trust.key_id_of(KEY.public_key, 4)

PLACES = st.sampled_from([0, 1, 3, 4, 255, 1_023, 1_024, 65_534, 65_535])
BLOCKS = st.dictionaries(st.integers(0, 4), st.dictionaries(PLACES, st.integers(1, 2), max_size=5), max_size=4)


def packed(stopped: dict[int, int]) -> bytes:
    """A block with some places stopped."""
    builder = trust.StatusListBuilder(places=BLOCK_SIZE, bits=BITS)
    for place, status in stopped.items():
        builder.set(place, status)
    return builder.packed()


def blocks_of(said: dict[int, dict[int, int]]) -> dict[int, bytes]:
    """Packed lists of some blocks."""
    return {number: packed(stopped) for number, stopped in said.items()}


def an_edition(blocks: dict[int, bytes], *, issued_at: datetime = NOON) -> StatusEdition:
    """Lists that were all issued at one instant."""
    return StatusEdition(region=REGION, issued_at=issued_at, expires_at=issued_at + timedelta(days=1), blocks=blocks)


def a_delta(before: dict[int, bytes], after: dict[int, bytes], **changes: Any) -> StatusDelta:
    """From noon to five past."""
    delta = StatusDelta(
        region=REGION,
        base_at=NOON,
        issued_at=NOON + timedelta(minutes=5),
        expires_at=NOON + timedelta(days=1),
        changes=changes_between(before, after),
        digest=edition_digest(after),
    )
    return replace(delta, **changes)


@given(before=BLOCKS, after=BLOCKS)
@settings(max_examples=40, deadline=None)
def test_a_delta_applied_is_the_later_edition_bit_for_bit(
    before: dict[int, dict[int, int]], after: dict[int, dict[int, int]]
) -> None:
    one, other = blocks_of(before), blocks_of(after)
    signed = sign_status_delta(a_delta(one, other), KEY, key_id=KEY_ID)
    envelope, delta = open_status_delta(signed)
    trust.verify_sign1(envelope, trust.verifying_key(KEY.public_key), DELTA_CONTEXT)
    accepted = accept_status_delta(delta, an_edition(one))

    assert other == accepted.blocks
    assert (delta.issued_at, delta.expires_at) == (accepted.issued_at, accepted.expires_at)


@given(editions=st.lists(BLOCKS, min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_steps_that_are_joined_lead_where_they_lead_one_by_one(editions: list[dict[int, dict[int, int]]]) -> None:
    blocks = [blocks_of(one) for one in editions]
    steps = [changes_between(one, other) for one, other in pairwise(blocks)]
    joined = join_changes(steps)

    assert blocks[-1] == apply_changes(blocks[0], joined)
    assert joined == read_changes(list(write_changes(joined)))


@given(numbers=st.sets(st.integers(0, 2**32 - 1), max_size=30))
def test_gaps_are_read_as_they_were_written(numbers: set[int]) -> None:
    assert sorted(numbers) == read_gaps(write_gaps(numbers))


@given(data=st.binary(max_size=24))
def test_gaps_have_one_form(data: bytes) -> None:
    try:
        numbers = read_gaps(data)
    except ValueError:
        return
    assert data == write_gaps(numbers)


@pytest.mark.parametrize(
    "value", ["80", "8000", "ff8000", "ffffffff7f", "ffffffffff7f", "ffffffff0f00"], ids=lambda value: value
)
def test_gaps_that_are_cut_off_padded_or_too_large_are_none(value: str) -> None:
    with pytest.raises(ValueError, match=r"gap|cut off|number"):
        read_gaps(bytes.fromhex(value))


def refusal(delta: StatusDelta, held: StatusEdition | None) -> Any:
    """Why a delta is not taken."""
    with pytest.raises(Refused) as refused:
        accept_status_delta(delta, held)
    return refused.value.reason


def test_what_does_not_fit_is_refused_by_name() -> None:
    before, after = blocks_of({0: {5: 1}}), blocks_of({0: {5: 1, 6: 1}})
    delta, held = a_delta(before, after), an_edition(before)
    later = an_edition(after, issued_at=NOON + timedelta(minutes=6))
    earlier = an_edition(before, issued_at=NOON - timedelta(minutes=5))
    foreign = an_edition(blocks_of({0: {7: 1}}))
    unborn = replace(delta, changes=StatusChanges(gone=frozenset(), new=frozenset(), statuses={status_index(9, 0): 1}))
    twice = replace(delta, changes=StatusChanges(gone=frozenset(), new=frozenset({0}), statuses={}))
    never = replace(delta, changes=StatusChanges(gone=frozenset({9}), new=frozenset(), statuses={}))

    assert [
        Reason.STATUS_DELTA_IS_ROLLED_BACK,
        Reason.STATUS_DELTA_LEAVES_A_GAP,
        Reason.STATUS_DELTA_LEAVES_A_GAP,
        *[Reason.STATUS_DELTA_DOES_NOT_ADD_UP] * 4,
    ] == [
        refusal(delta, later),
        refusal(delta, earlier),
        refusal(delta, None),
        refusal(delta, foreign),
        refusal(unborn, held),
        refusal(twice, held),
        refusal(never, held),
    ]


def test_a_delta_to_what_is_held_already_changes_nothing() -> None:
    before, after = blocks_of({0: {}}), blocks_of({0: {6: 1}})
    held = an_edition(after, issued_at=NOON + timedelta(minutes=5))

    assert held is accept_status_delta(a_delta(before, after), held)


def rewritten(place: int, value: object) -> bytes:
    """A delta with another element in a place, signed."""
    signed = sign_status_delta(a_delta(blocks_of({0: {}}), blocks_of({0: {5: 1}})), KEY, key_id=KEY_ID)
    parts = trust.decode_strict(trust.decode_sign1(signed, DELTA_BYTES_MAX).payload)
    parts[place] = value
    return trust.sign_sign1(trust.encode(parts), KEY, key_id=KEY_ID, external_aad=DELTA_CONTEXT)


NOON_SECONDS = int(NOON.timestamp())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "99010"),
        (1, NOON_SECONDS + 300),
        (2, NOON_SECONDS),
        (3, NOON_SECONDS + 300),
        (4, write_gaps([65_536])),
        (5, write_gaps([65_536])),
        (5, write_gaps(range(4_097))),
        (6, write_gaps([5])),
        (7, b"\x80"),
        (8, "gaps"),
        (9, bytes(15)),
    ],
)
def test_what_is_no_delta_is_not_read(place: int, value: object) -> None:
    with pytest.raises(ValueError):
        open_status_delta(rewritten(place, value))


def test_a_delta_larger_than_its_bound_is_neither_written_nor_read() -> None:
    many = a_delta({}, {}, changes=StatusChanges(
        gone=frozenset(), new=frozenset(), statuses=dict.fromkeys(range(0, 2 * DELTA_BYTES_MAX, 2), 1)
    ))  # fmt: skip
    with pytest.raises(ValueError, match="larger"):
        sign_status_delta(many, KEY, key_id=KEY_ID)
    with pytest.raises(ValueError, match="envelope"):
        open_status_delta(rewritten(7, bytes(DELTA_BYTES_MAX)))


@pytest.mark.parametrize("vector", VECTORS["gaps"], ids=lambda vector: vector["written"] or "empty")
def test_frozen_gaps_are_written_the_same_today(vector: dict[str, Any]) -> None:
    assert vector["written"] == write_gaps(vector["numbers"]).hex()


def test_frozen_deltas_are_read_and_applied_and_written_the_same_today() -> None:
    algorithm = Algorithm(VECTORS["algorithm"])
    key = trust.verifying_key(PublicKey(algorithm=algorithm, data=bytes.fromhex(VECTORS["region_public_key"])))
    held = an_edition(
        {number: packed({}) for number in VECTORS["blocks"]},
        issued_at=datetime.fromtimestamp(VECTORS["issued"], UTC),
    )
    for vector in VECTORS["deltas"]:
        envelope, delta = open_status_delta(bytes.fromhex(vector["delta"]))
        trust.verify_sign1(envelope, key, DELTA_CONTEXT)
        changes = StatusChanges(
            gone=frozenset(vector["gone"]),
            new=frozenset(vector["new"]),
            statuses={int(index): status for index, status in vector["statuses"].items()},
        )
        assert changes == delta.changes
        assert [vector["base"], vector["issued"], vector["expires"]] == [
            int(one.timestamp()) for one in (delta.base_at, delta.issued_at, delta.expires_at)
        ]
        again = trust.decode_strict(trust.decode_sign1(bytes.fromhex(vector["delta"]), DELTA_BYTES_MAX).payload)
        assert again[4:9] == write_changes(changes)
        held = accept_status_delta(delta, held)
        stopped: dict[int, dict[int, int]] = {number: {} for number in held.blocks}
        for index, status in vector["stopped_after"].items():
            stopped[int(index) // BLOCK_SIZE][int(index) % BLOCK_SIZE] = status
        assert blocks_of(stopped) == held.blocks
        assert vector["digest"] == edition_digest(held.blocks).hex()
