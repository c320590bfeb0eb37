"""The command `yikatong population N`: made-up residents, loaded into this installation's own region."""

import os
from functools import partial

from rich.console import Console

from simulator.population.load import Destination, Loaded, populate
from yikatong.app.keys import open_keys
from yikatong.cards.model import Terms, Vault
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust


def open_vault(settings: Settings) -> Vault:
    """This installation's vault, opened anew in each loading process."""
    clock = SystemClock()
    ids = SystemIds(clock)
    return trust.KeyHolderVault(open_keys(settings, clock=clock, ids=ids), ids)


def load_population(
    settings: Settings, address: ServerAddress, *, seed: int, count: int, console: Console | None = None
) -> Loaded:
    """Generate and load `count` residents as of today, with a progress bar; the same again loads nobody twice.

    Two populations of different seeds share some ID numbers; who comes second with a number is passed over.
    Refuses ID_NUMBER_IS_SYNTHETIC unless the settings allow synthetic residents.
    """
    if not settings.allow_synthetic_residents:
        raise Refused(Reason.ID_NUMBER_IS_SYNTHETIC)
    # A key that cannot be used is told here and not by each process; keys that are missing are made once.
    open_vault(settings)
    now = SystemClock().now()
    destination = Destination(
        conninfo=address.conninfo,
        region=settings.region,
        terms=Terms(bucket_count=settings.bucket_count, synthetic_allowed=settings.allow_synthetic_residents),
        open_vault=partial(open_vault, settings),
        now=now,
    )
    # One more than processors: while one waits for the database, another seals.
    workers = (os.cpu_count() or 1) + 1
    return populate(seed, count, day_of(now), destination, workers=workers, console=console)
