"""Fresh identifiers and nonces, injected: nothing else in the house is random."""

import secrets
from threading import Lock
from typing import Protocol
from uuid import UUID

from yikatong.kernel.ids import uuid_of
from yikatong.kernel.instants import epoch_ms
from yikatong.plumbing.clock import Clock, SystemClock


class Ids(Protocol):
    """Gives identifiers and nonces that were never given before."""

    def new(self) -> UUID:
        """A UUIDv7 (RFC 9562 §5.7), later than every one this source gave before."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """Unpredictable bytes."""
        ...


class SystemIds:
    """UUIDv7 from the clock and the operating system's random source; monotonic within the process."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._last_stamp = 0

    def new(self) -> UUID:
        """A UUIDv7 whose 12 bits after the milliseconds count within one millisecond."""
        with self._lock:
            stamp = max(epoch_ms(self._clock.now()) << 12, self._last_stamp + 1)
            self._last_stamp = stamp
        milliseconds, count = stamp >> 12, stamp & 0xFFF
        tail = int.from_bytes(secrets.token_bytes(8)) & 0x3FFF_FFFF_FFFF_FFFF
        return uuid_of(milliseconds << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | tail)

    def random_bytes(self, count: int) -> bytes:
        """Bytes from the operating system's random source."""
        return secrets.token_bytes(count)
