"""The keys of this installation: a folder of encrypted files, or a cryptographic module behind a socket."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from yikatong.app.caches import REGIONS
from yikatong.kernel.outcomes import Change
from yikatong.plumbing import versions
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Connection
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.master_key import read_master_key, read_next_master_key
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, KeyKind, KeyStanding, WantedKey

LOCATOR = "tap-locator"
WANTED_BESIDE = (WantedKey(name=LOCATOR, kind=KeyKind.MARKING), *sealing.WANTED_KEYS)
"""What an installation needs beside the keys of `trust.wanted_keys`."""
OVERLAP = timedelta(hours=72) + trust.TRUST_LIST_LIFE
"""For how long a region's former key is believed: the life of a certificate, and the oldest list anybody may hold."""


def key_folder(settings: Settings) -> Path:
    """Where the key files lie, unless a module holds the keys."""
    return Path(settings.data_folder) / "keys" / "held"


def open_keys(settings: Settings, *, clock: Clock, ids: Ids) -> KeyHolder:
    """Open the keys where the settings keep them; a folder that is not there is made with what a region needs.

    While a next master key is at hand, files under either open, and new ones are written under the next.
    Raises SettingsError for a master key that cannot be read, KeysAtRestError for a key that was lost.
    """
    if settings.key_module_socket:
        return trust.ExternalKeyHolder(settings.key_module_socket)
    return open_key_files(settings, next_master_key=read_next_master_key(settings), clock=clock, ids=ids)


def open_key_files(settings: Settings, *, next_master_key: bytes | None, clock: Clock, ids: Ids) -> trust.FileKeyHolder:
    """Open the folder of keys by the master key and, while there is one, the next; raises as `open_keys`."""
    master_key = read_master_key(settings, ids)
    keys = trust.open_key_folder(
        key_folder(settings),
        key_encryption_key=next_master_key or master_key,
        former_key_encryption_key=None if next_master_key is None else master_key,
        wanted=(*trust.wanted_keys(settings.region), *WANTED_BESIDE),
        now=clock.now(),
        ids=ids,
    )
    held = {key.name for key in keys.held_keys()}
    for wanted in sealing.WANTED_KEYS:
        if wanted.name not in held:
            keys.add(wanted, now=clock.now())
    return keys


def add_region_keys(keys: KeyHolder, regions: Iterable[str], *, clock: Clock) -> list[str]:
    """Make the keys of regions served here that have none yet; gives the regions that got them.

    A module makes its keys by its own means, so nothing is added to one.
    """
    if not isinstance(keys, trust.FileKeyHolder):
        return []
    held = {key.name for key in keys.held_keys()}
    added = [region for region in regions if trust.alias_key_name(region) not in held]
    for region in added:
        for wanted in trust.keys_of_region(region):
            keys.add(wanted, now=clock.now())
    return added


def reload_keys(keys: KeyHolder) -> None:
    """See keys that another process added since; a module is asked each time anyway."""
    if isinstance(keys, trust.FileKeyHolder):
        keys.reload()


async def publish_own_keys(
    conn: Connection, *, keys: KeyHolder, regions: Iterable[str], clock: Clock, revoke_former: bool = False
) -> bool:
    """Put the present keys of regions served here on the trust list, and tell the workers; False when all are there."""
    changed = await trust.publish_region_keys(
        conn, holder=keys, regions=regions, overlap=OVERLAP, now=clock.now(), revoke_former=revoke_former
    )
    if changed is Change.DONE:
        await versions.bump(conn, subject=REGIONS)
    return changed is Change.DONE


async def list_key_standings(conn: Connection, *, keys: KeyHolder, clock: Clock) -> tuple[KeyStanding, ...]:
    """Every key with what it does now, without a secret."""
    held = await trust.read_held_trust_list(conn, pinned=trust.pin_own_roots(keys), now=clock.now())
    return trust.list_standings(keys.held_keys(), held.trust_list, now=clock.now())
