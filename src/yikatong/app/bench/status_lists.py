"""Status lists of a whole country: size, time to build, to read and to look up, one region measured at full size.

A day's delta is a real one, signed, opened and applied: its revocations fall anywhere, and as certificates live three
days, a third of the blocks goes and as many come. Beside it stands what it cannot be below: the bits that name which
places changed.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import lgamma, log

import msgspec

from yikatong.codes import service as codes
from yikatong.codes.model import StatusChanges, StatusDelta, StatusEdition
from yikatong.plumbing.clock import SystemClock
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey, StatusList

REGIONS = 31
LIVE_CERTIFICATES = 1_030_000_000
SHARES = (0.0003, 0.01)
CERTIFICATE_DAYS = 3
"""A certificate lives 72 hours, and a revoked one stands on the list until it would have expired."""
_LOOKUPS = 20_000
_REGION = "990100"


class ListsAtShare(msgspec.Struct, frozen=True, kw_only=True):
    """The lists of one region with such a share revoked, measured; bytes and processor seconds of all its blocks.

    `bound_bytes` is what no list could be below, `day_bound_bytes` what no day's delta could be; `blocks_a_day` how
    many of the blocks a day's revocations fall into, when they fall at random. A day's delta has `day_bytes` and is
    verified and applied to what is held in `day_seconds`.
    """

    revoked_share: float
    places: int
    blocks: int
    revoked: int
    packed_bytes: int
    signed_bytes: int
    largest_bytes: int
    build_seconds: float
    read_seconds: float
    lookup_nanoseconds: float
    bound_bytes: int
    day_changes: int
    day_bound_bytes: int
    day_bytes: int
    day_seconds: float
    blocks_a_day: float


def measure_lists(places: int, share: float, *, tell: Callable[[str], None]) -> ListsAtShare:
    """Build, sign, read and look up all lists of a region with so many places, block by block."""
    key = trust.new_signing_key(Algorithm.ES256)
    key_id = trust.key_id_of(key.public_key)
    verifying = trust.verifying_key(key.public_key)
    now = SystemClock().now().replace(microsecond=0)
    chance = random.Random(20_260_101)  # noqa: S311  which places, no secrets
    size = codes.BLOCK_SIZE
    blocks = max(1, places // size)
    tokens: list[bytes] = []
    build_seconds, revoked = 0.0, 0
    for number in range(blocks):
        chosen = chance.sample(range(size), _share_of(number, blocks, share))
        revoked += len(chosen)
        began = time.process_time()
        tokens.append(_sign(number, chosen, key, key_id, now=now))
        build_seconds += time.process_time() - began
    began = time.process_time()
    lists = [
        trust.read_status_list(token, verifying, subject=codes.status_list_name(_REGION, number), now=now)
        for number, token in enumerate(tokens)
    ]
    read_seconds = time.process_time() - began
    changes = round(revoked / CERTIFICATE_DAYS)
    held = {number: one.data for number, one in enumerate(lists)}
    day_bytes, day_seconds = _measure_day(held, changes, chance, key, key_id, now=now)
    measured = ListsAtShare(
        revoked_share=share,
        places=blocks * size,
        blocks=blocks,
        revoked=revoked,
        packed_bytes=sum(len(one.data) for one in lists),
        signed_bytes=sum(len(token) for token in tokens),
        largest_bytes=max(len(token) for token in tokens),
        build_seconds=build_seconds,
        read_seconds=read_seconds,
        lookup_nanoseconds=_time_lookups(lists, chance),
        bound_bytes=bound_bytes(blocks * size, revoked),
        day_changes=changes,
        day_bound_bytes=bound_bytes(blocks * size, changes),
        day_bytes=day_bytes,
        day_seconds=day_seconds,
        blocks_a_day=blocks_touched(blocks, changes),
    )
    tell(f"{share:.2%} of {measured.places} places revoked: {measured.signed_bytes} bytes signed")
    return measured


def bound_bytes(places: int, chosen: int) -> int:
    """The fewest bytes that name any `chosen` of `places`: the logarithm of the number of ways to choose them."""
    ways = lgamma(places + 1) - lgamma(chosen + 1) - lgamma(places - chosen + 1)
    return -int(-ways / log(2) / 8 // 1)


def blocks_touched(blocks: int, changes: int) -> float:
    """How many of so many blocks get at least one of some changes that fall at random, on average."""
    return blocks * (1 - (1 - 1 / blocks) ** changes)


def _measure_day(
    held: dict[int, bytes], count: int, chance: random.Random, key: SigningKey, key_id: bytes, *, now: datetime
) -> tuple[int, float]:
    """Bytes of a day's signed delta, and processor seconds to verify it and apply it to the lists that are held."""
    blocks, size = len(held), codes.BLOCK_SIZE
    renewed = blocks // CERTIFICATE_DAYS
    changes = StatusChanges(
        gone=frozenset(range(renewed)),
        new=frozenset(range(blocks, blocks + renewed)),
        statuses=dict.fromkeys(chance.sample(range(renewed * size, (blocks + renewed) * size), count), trust.INVALID),
    )
    day = timedelta(days=1)
    delta = StatusDelta(
        region=_REGION,
        base_at=now,
        issued_at=now + day,
        expires_at=now + 2 * day,
        changes=changes,
        digest=codes.edition_digest(codes.apply_changes(held, changes)),
    )
    signed = codes.sign_status_delta(delta, key, key_id=key_id)
    verifying = trust.verifying_key(key.public_key)
    began = time.process_time()
    envelope, read = codes.open_status_delta(signed)
    trust.verify_sign1(envelope, verifying, codes.DELTA_CONTEXT)
    codes.accept_status_delta(read, StatusEdition(region=_REGION, issued_at=now, expires_at=now + day, blocks=held))
    return len(signed), time.process_time() - began


def _share_of(number: int, blocks: int, share: float) -> int:
    """How many places of one block are revoked, so that the shares of all blocks add up."""
    size = codes.BLOCK_SIZE
    return round(size * share * (number + 1)) - round(size * share * number)


def _sign(number: int, chosen: Sequence[int], key: SigningKey, key_id: bytes, *, now: datetime) -> bytes:
    """As the region's job builds and signs it."""
    builder = trust.StatusListBuilder(places=codes.BLOCK_SIZE, bits=codes.BITS)
    for place in chosen:
        builder.set(place, trust.INVALID)
    status_list = StatusList(
        subject=codes.status_list_name(_REGION, number),
        issued_at=now,
        expires_at=now + timedelta(hours=24),
        ttl_seconds=600,
        bits=codes.BITS,
        data=builder.packed(),
    )
    return trust.sign_status_list(status_list, key, key_id)


def _time_lookups(lists: Sequence[StatusList], chance: random.Random) -> float:
    """Nanoseconds of processor time to find a place's status in the lists that are held."""
    places = [chance.randrange(len(lists) * codes.BLOCK_SIZE) for _ in range(_LOOKUPS)]
    began = time.process_time()
    for index in places:
        block, place = divmod(index, codes.BLOCK_SIZE)
        trust.status_at(lists[block], place)
    return (time.process_time() - began) / _LOOKUPS * 1e9
