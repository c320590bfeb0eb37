"""What changed in a region's status lists from one edition to a later one, signed (docs/formats/status-list.md)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from yikatong.codes.model import StatusChanges, StatusDelta, StatusEdition
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.envelope import open_envelope
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, block_and_place, status_index
from yikatong.codes.rules.wire import read_bytes, read_region, read_seconds, seconds_of
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Sign1, SigningKey

DELTA_BYTES_MAX = 512 * 1024
DELTA_CONTEXT = b"yikatong status delta"
DIGEST_BYTES = 16
NEW_BLOCKS_MAX = 4096
_PARTS = 10
_NUMBER_MAX = 2**32 - 1
_BLOCK_MAX = 65_535
_BLOCK_BYTES = BLOCK_SIZE * BITS // 8
_PLACES_A_BYTE = 8 // BITS
_MASK = (1 << BITS) - 1
_STRIDE = 256
_STATUSES = (trust.VALID, trust.INVALID, trust.SUSPENDED)


def changes_between(before: Mapping[int, bytes], after: Mapping[int, bytes]) -> StatusChanges:
    """What leads from one edition's packed lists to another's."""
    statuses: dict[int, int] = {}
    for number, packed in after.items():
        statuses.update(_places_changed(number, before.get(number, bytes(_BLOCK_BYTES)), packed))
    return StatusChanges(
        gone=frozenset(before.keys() - after.keys()), new=frozenset(after.keys() - before.keys()), statuses=statuses
    )


def join_changes(steps: Iterable[StatusChanges]) -> StatusChanges:
    """The changes of steps that follow one another as one: of a place, what was said last counts."""
    gone: set[int] = set()
    new: set[int] = set()
    by_block: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for step in steps:
        for number in step.gone:
            by_block.pop(number, None)
        gone |= step.gone - new
        new = (new - step.gone) | step.new
        for index, status in step.statuses.items():
            by_block[index // BLOCK_SIZE][index] = status
    statuses = {index: status for block in by_block.values() for index, status in block.items()}
    return StatusChanges(gone=frozenset(gone), new=frozenset(new), statuses=statuses)


def apply_changes(before: Mapping[int, bytes], changes: StatusChanges) -> dict[int, bytes]:
    """The packed lists after changes; raises ValueError where they name a block that is not there, or is already."""
    if not changes.gone <= before.keys():
        raise ValueError("a block is gone that was not there")
    after = {number: packed for number, packed in before.items() if number not in changes.gone}
    if changes.new & after.keys():
        raise ValueError("a block is new that is there")
    after.update((number, bytes(_BLOCK_BYTES)) for number in changes.new)
    touched: dict[int, bytearray] = {}
    for index, status in changes.statuses.items():
        number, place = block_and_place(index)
        if number not in touched:
            if number not in after:
                raise ValueError("a place of a block that is not there")
            touched[number] = bytearray(after[number])
        at, shift = divmod(place * BITS, 8)
        touched[number][at] = touched[number][at] & ~(_MASK << shift) | status << shift
    return {**after, **{number: bytes(packed) for number, packed in touched.items()}}


def edition_digest(blocks: Mapping[int, bytes]) -> bytes:
    """The digest of an edition: of its blocks by number, each with its number."""
    running = sha256()
    for number in sorted(blocks):
        running.update(number.to_bytes(4))
        running.update(blocks[number])
    return running.digest()[:DIGEST_BYTES]


def sign_status_delta(delta: StatusDelta, region_key: SigningKey, *, key_id: bytes) -> bytes:
    """Sign a delta with the region's key; raises ValueError when it is larger than a reader takes."""
    parts: list[object] = [
        delta.region,
        seconds_of(delta.base_at),
        seconds_of(delta.issued_at),
        seconds_of(delta.expires_at),
        *write_changes(delta.changes),
        delta.digest,
    ]
    signed = trust.sign_sign1(trust.encode(parts), region_key, key_id=key_id, external_aad=DELTA_CONTEXT)
    if len(signed) > DELTA_BYTES_MAX or len(delta.changes.new) > NEW_BLOCKS_MAX:
        raise ValueError("a delta larger than its bound")
    return signed


def open_status_delta(data: bytes) -> tuple[Sign1, StatusDelta]:
    """Take a delta apart; its signature has yet to be verified. Raises ValueError for what is none."""
    envelope, values = open_envelope(data, DELTA_BYTES_MAX, _PARTS)
    delta = StatusDelta(
        region=read_region(values[0]),
        base_at=read_seconds(values[1]),
        issued_at=read_seconds(values[2]),
        expires_at=read_seconds(values[3]),
        changes=read_changes(values[4:9]),
        digest=read_bytes(values[9], DIGEST_BYTES),
    )
    if not delta.base_at < delta.issued_at < delta.expires_at:
        raise ValueError("base, issue and end follow one another")
    return envelope, delta


def accept_status_delta(delta: StatusDelta, held: StatusEdition | None) -> StatusEdition:
    """The edition to hold from now on: the held one itself when it is as new as the delta.

    Refuses, in this order: STATUS_DELTA_IS_ROLLED_BACK, STATUS_DELTA_LEAVES_A_GAP (also when nothing is held),
    STATUS_DELTA_DOES_NOT_ADD_UP.
    """
    if held is not None and delta.issued_at < held.issued_at:
        raise Refused(Reason.STATUS_DELTA_IS_ROLLED_BACK)
    if held is not None and delta.issued_at == held.issued_at:
        return held
    if held is None or delta.base_at != held.issued_at:
        raise Refused(Reason.STATUS_DELTA_LEAVES_A_GAP)
    try:
        blocks = apply_changes(held.blocks, delta.changes)
    except ValueError:
        raise Refused(Reason.STATUS_DELTA_DOES_NOT_ADD_UP) from None
    if edition_digest(blocks) != delta.digest:
        raise Refused(Reason.STATUS_DELTA_DOES_NOT_ADD_UP)
    return StatusEdition(region=held.region, issued_at=delta.issued_at, expires_at=delta.expires_at, blocks=blocks)


def write_changes(changes: StatusChanges) -> list[bytes]:
    """Changes as five sets of gaps: gone, new, and the places that are valid, revoked, suspended now."""
    sets = (changes.gone, changes.new, *(_having(changes.statuses, status) for status in _STATUSES))
    return [write_gaps(numbers) for numbers in sets]


def read_changes(values: list[object]) -> StatusChanges:
    """Read five sets of gaps; raises ValueError for what is none."""
    gone, new = (_read_blocks(value) for value in values[:2])
    statuses: dict[int, int] = {}
    count = 0
    for status, value in zip(_STATUSES, values[2:], strict=True):
        indexes = read_gaps(value)
        count += len(indexes)
        statuses.update(dict.fromkeys(indexes, status))
    if count != len(statuses) or len(new) > NEW_BLOCKS_MAX:
        raise ValueError("a place stands twice, or too many blocks are new")
    return StatusChanges(gone=frozenset(gone), new=frozenset(new), statuses=statuses)


def write_gaps(numbers: Iterable[int]) -> bytes:
    """A set of whole numbers as the distances between them, seven bits a byte."""
    written = bytearray()
    following = 0
    for number in sorted(numbers):
        gap, following = number - following, number + 1
        while gap > 0x7F:
            written.append(gap & 0x7F | 0x80)
            gap >>= 7
        written.append(gap)
    return bytes(written)


def read_gaps(value: object) -> list[int]:
    """The numbers, ascending; raises ValueError for what is cut off, not shortest, or beyond 32 bits."""
    if type(value) is not bytes:
        raise ValueError("gaps are bytes")
    numbers: list[int] = []
    following = gap = shift = 0
    for byte in value:
        gap |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift > 28:
                raise ValueError("a gap beyond 32 bits")
            continue
        if shift and not byte:
            raise ValueError("a gap longer than needed")
        number = following + gap
        if number > _NUMBER_MAX:
            raise ValueError("a number beyond 32 bits")
        numbers.append(number)
        following, gap, shift = number + 1, 0, 0
    if shift:
        raise ValueError("cut off")
    return numbers


def _read_blocks(value: object) -> list[int]:
    numbers = read_gaps(value)
    if numbers and numbers[-1] > _BLOCK_MAX:
        raise ValueError("no such block")
    return numbers


def _having(statuses: Mapping[int, int], status: int) -> list[int]:
    return [index for index, one in statuses.items() if one == status]


def _places_changed(number: int, before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Index and new status of each place in which two packed lists of one block differ."""
    for start in range(0, _BLOCK_BYTES, _STRIDE):
        one, other = before[start : start + _STRIDE], after[start : start + _STRIDE]
        if one == other:
            continue
        for at, (old, new) in enumerate(zip(one, other, strict=True), start):
            differs = old ^ new
            for place in range(_PLACES_A_BYTE) if differs else ():
                if differs >> place * BITS & _MASK:
                    yield status_index(number, at * _PLACES_A_BYTE + place), new >> place * BITS & _MASK
