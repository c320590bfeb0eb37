"""The command `yikatong population N`: made-up residents, loaded into this installation's own region."""

import os
from functools import partial

from rich.console import Console

from simulator.population.load import Destination, Loaded, populate
from yikatong.app.keys import open_keys
from yikatong.cards.model import Terms, Vault
from yikatong.kernel.instants import day_of
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import Clock, SystemClock
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust


class ChanceInAdvance(SystemIds):
    """Ids whose random bytes are drawn from the operating system some thousand at a time.

    Sealing a person takes three draws, each a call of the system, a sixth of the whole work. What was drawn is kept
    in this process alone, so it must be made after the process began: a copy of it would give the same bytes again.
    """

    _DRAWN_AT_ONCE = 65_536

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing drawn."""
        super().__init__(clock)
        self._drawn = b""
        self._at = 0

    def random_bytes(self, count: int) -> bytes:
        """The next bytes of what was drawn; each is given once."""
        if count > self._DRAWN_AT_ONCE:
            return super().random_bytes(count)
        if self._at + count > len(self._drawn):
            self._drawn, self._at = super().random_bytes(self._DRAWN_AT_ONCE), 0
        self._at += count
        return self._drawn[self._at - count : self._at]


def open_vault(settings: Settings) -> Vault:
    """This installation's vault, opened anew in each loading process."""
    clock = SystemClock()
    ids = ChanceInAdvance(clock)
    return trust.KeyHolderVault(open_keys(settings, clock=clock, ids=ids), ids)


def load_population(
    settings: Settings, address: ServerAddress, *, seed: int, count: int, console: Console | None = None
) -> Loaded:
    """Generate and load `count` residents as of today, with a progress bar; the same again loads nobody twice.

    Two populations of different seeds share some ID numbers; who comes second with a number is passed over.
    Refuses ID_NUMBER_IS_SYNTHETIC unless the settings allow synthetic residents.
    """
    open_vault(settings)
    now = SystemClock().now()
    destination = Destination(
        conninfo=address.conninfo,
        region=settings.region,
        terms=Terms(bucket_count=settings.bucket_count, synthetic_allowed=settings.allow_synthetic_residents),
        open_vault=partial(open_vault, settings),
        now=now,
    )
    return populate(seed, count, day_of(now), destination, workers=os.cpu_count() or 1, console=console)
