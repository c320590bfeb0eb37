"""The status lists a terminal holds: whole lists, brought up to date by deltas.

Signatures are verified when a thing comes. What is kept is each block's list as it stands, and, where all lists are of
one instant, that instant: the edition on which the next delta builds.
"""

import zlib
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from yikatong.codes.model import Reason as CodeReason
from yikatong.codes.model import StatusEdition
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, status_list_name
from yikatong.codes.rules.status_delta import DELTA_CONTEXT, accept_status_delta, open_status_delta
from yikatong.codes.rules.wire import read_seconds, seconds_of
from yikatong.kernel.outcomes import Refused
from yikatong.terminal.memory import Memory
from yikatong.trust import service as trust
from yikatong.trust.model import Reason as TrustReason
from yikatong.trust.model import StatusList, VerifyingKey

_BLOCK = "status block "
_EDITION = "status edition "
_SEEN = "status seen "
_ENVELOPE_BYTES_MAX = 2 * 1024 * 1024
_BLOCK_BYTES = BLOCK_SIZE * BITS // 8
_FAST = 1

KeyOf = Callable[..., VerifyingKey]
"""The key of a region under its id, when it counts at `now`; refuses otherwise."""


class Times(msgspec.Struct, frozen=True):
    """When something was issued, until when it is good, and under which key id of its region it was signed."""

    issued_at: datetime
    expires_at: datetime
    key_id: bytes


class HeldStatus:
    """The status lists of the regions, in a memory."""

    def __init__(self, memory: Memory, *, key_of: KeyOf) -> None:
        """`key_of` gives a region's key that counts now, by region, key id and `now`."""
        self._memory = memory
        self._key_of = key_of
        self._read: dict[str, tuple[Times, bytes]] = {}
        self._read_of: dict[str, Times | None] = {}
        issued = (_times(held).issued_at for name in (_EDITION, _SEEN) for _, held in memory.held_under(name))
        self._latest = max(issued, default=None)

    def forget_read(self) -> None:
        """Read everything from the file again: another trust list counts."""
        self._read.clear()

    def hold_lists(self, region: str, tokens: Iterable[tuple[int, bytes]], *, now: datetime) -> None:
        """Hold the whole lists of a region in place of what was held; a block that is not among them is dropped.

        When it comes again its list is not older than what was held before: whoever leaves it out makes nothing older.
        Refuses as trust does, and then all that was held before stands.
        """
        read = {number: self._read_token(region, number, token, now=now) for number, token in tokens}
        issued = {one.issued_at for one, _ in read.values()}
        with self._memory.writing():
            edition = self._edition_times(region)
            seen = self._seen_times(region)
            for number, (status_list, key_id) in read.items():
                stored = self._stored(region, number) or seen
                if stored is not None:
                    trust.accept_status_list(status_list, _list_of(region, number, edition or stored[0], stored[1]))
                assert status_list.expires_at is not None
                times = Times(status_list.issued_at, status_list.expires_at, key_id)
                self._memory.hold(_block_name(region, number), _written(times), beside=_packed(status_list.data))
            for number in self._numbers(region) - read.keys():
                self._drop(region, number, edition=edition)
            self._memory.drop(f"{_EDITION}{region}")
            if len(issued) == 1:
                one, key_id = next(iter(read.values()))
                assert one.expires_at is not None
                self._memory.hold(f"{_EDITION}{region}", _written(Times(one.issued_at, one.expires_at, key_id)))
        self._read.clear()
        self._see(*issued)

    def hold_deltas(self, region: str, deltas: Iterable[bytes], *, now: datetime) -> None:
        """Apply deltas in their order, each whole or not at all; after a refusal those before it stand.

        Refuses, in this order: STATUS_DELTA_IS_NOT_READABLE, STATUS_DELTA_IS_OF_ANOTHER_REGION, why the region's key is
        not believed, the signature's reasons, STATUS_LIST_IS_FROM_THE_FUTURE, STATUS_LIST_IS_EXPIRED, then those of
        `accept_status_delta`.
        """
        for delta in deltas:
            self._hold_delta(region, delta, now=now)

    def _hold_delta(self, region: str, data: bytes, *, now: datetime) -> None:
        try:
            signed, delta = open_status_delta(data)
        except ValueError:
            raise Refused(CodeReason.STATUS_DELTA_IS_NOT_READABLE) from None
        if delta.region != region:
            raise Refused(CodeReason.STATUS_DELTA_IS_OF_ANOTHER_REGION, region=delta.region)
        trust.verify_sign1(signed, self._key_of(region, signed.key_id, now=now), DELTA_CONTEXT)
        assert signed.key_id is not None
        if delta.issued_at > now + trust.CLOCK_SKEW:
            raise Refused(TrustReason.STATUS_LIST_IS_FROM_THE_FUTURE)
        if delta.expires_at <= now:
            raise Refused(TrustReason.STATUS_LIST_IS_EXPIRED)
        with self._memory.writing():
            before = self.edition(region)
            after = accept_status_delta(delta, before)
            if before is None or after is before:
                return
            times = Times(after.issued_at, after.expires_at, signed.key_id)
            for number in before.blocks.keys() - after.blocks.keys():
                self._memory.drop(_block_name(region, number))
            for number, packed in after.blocks.items():
                if before.blocks.get(number) != packed:
                    self._memory.hold(_block_name(region, number), _written(times), beside=_packed(packed))
            self._memory.hold(f"{_EDITION}{region}", _written(times))
        self._read.clear()
        self._see(after.issued_at)

    def edition(self, region: str) -> StatusEdition | None:
        """The edition that is held of a region; None when nothing is held, or lists of several instants."""
        times = self._edition_times(region)
        if times is None:
            return None
        blocks = {number: found[1] for number in self._numbers(region) if (found := self._stored(region, number))}
        return StatusEdition(region=region, issued_at=times.issued_at, expires_at=times.expires_at, blocks=blocks)

    def edition_issued_at(self, region: str) -> datetime | None:
        """When the edition that is held was issued, or None."""
        times = self._edition_times(region)
        return None if times is None else times.issued_at

    def status_list(self, region: str, number: int, *, now: datetime) -> StatusList | None:
        """The list of a block; None when none is held, or when its region's key does not count any more."""
        edition = self._edition_times(region)
        if self._read_of.get(region) != edition:
            self._read_of[region] = edition
            self._read.clear()
        name = _block_name(region, number)
        if name not in self._read:
            stored = self._stored(region, number)
            if stored is None:
                return None
            held = (edition or stored[0], stored[1])
            try:
                self._key_of(region, held[0].key_id, now=now)
            except Refused:
                return None
            self._read[name] = held
        return _list_of(region, number, *self._read[name])

    def latest_issued_at(self) -> datetime | None:
        """The latest instant at which something that was held here was issued."""
        return self._latest

    def _drop(self, region: str, number: int, *, edition: Times | None) -> None:
        """Drop the list of a block, and remember how new it was."""
        stored, seen = self._stored(region, number), self._seen_times(region)
        times = edition or (None if stored is None else stored[0])
        if times is not None and (seen is None or seen[0].issued_at < times.issued_at):
            self._memory.hold(f"{_SEEN}{region}", _written(times))
        self._memory.drop(_block_name(region, number))

    def _seen_times(self, region: str) -> tuple[Times, bytes] | None:
        """The times of the newest list that was dropped; no list stands beside them."""
        held = self._memory.held(f"{_SEEN}{region}")
        return None if held is None else (_times(held[0]), b"")

    def _see(self, *issued: datetime) -> None:
        seen = issued if self._latest is None else (self._latest, *issued)
        self._latest = max(seen, default=None)

    def _edition_times(self, region: str) -> Times | None:
        held = self._memory.held(f"{_EDITION}{region}")
        return None if held is None else _times(held[0])

    def _stored(self, region: str, number: int) -> tuple[Times, bytes] | None:
        """The list of a block, with the times it had when it changed last."""
        held = self._memory.held(_block_name(region, number))
        return None if held is None else (_times(held[0]), zlib.decompress(held[1]))

    def _numbers(self, region: str) -> set[int]:
        prefix = f"{_BLOCK}{region} "
        return {int(name.removeprefix(prefix)) for name, _ in self._memory.held_under(prefix)}

    def _read_token(self, region: str, number: int, token: bytes, *, now: datetime) -> tuple[StatusList, bytes]:
        key_id = trust.decode_sign1(token, _ENVELOPE_BYTES_MAX).key_id
        key = self._key_of(region, key_id, now=now)
        assert key_id is not None
        status_list = trust.read_status_list(token, key, subject=status_list_name(region, number), now=now)
        is_ours = status_list.bits == BITS and len(status_list.data) == _BLOCK_BYTES
        if not is_ours or status_list.expires_at is None:
            raise Refused(TrustReason.STATUS_LIST_IS_MALFORMED)
        return status_list, key_id


def _block_name(region: str, number: int) -> str:
    return f"{_BLOCK}{region} {number}"


def _list_of(region: str, number: int, times: Times, packed: bytes) -> StatusList:
    return StatusList(
        subject=status_list_name(region, number),
        issued_at=times.issued_at,
        expires_at=times.expires_at,
        ttl_seconds=None,
        bits=BITS,
        data=packed,
    )


def _written(times: Times) -> bytes:
    return trust.encode([seconds_of(times.issued_at), seconds_of(times.expires_at), times.key_id])


def _times(written: bytes) -> Times:
    issued, expires, key_id = trust.decode_strict(written)
    return Times(read_seconds(issued), read_seconds(expires), key_id)


def _packed(data: bytes) -> bytes:
    return zlib.compress(data, _FAST)
