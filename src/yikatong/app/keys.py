"""The keys of this installation: a folder of encrypted files, or a cryptographic module behind a socket."""

from collections.abc import Iterable
from pathlib import Path

from yikatong.plumbing.clock import Clock
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.master_key import read_master_key
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, KeyKind, WantedKey

LOCATOR = "tap-locator"


def open_keys(settings: Settings, *, clock: Clock, ids: Ids) -> KeyHolder:
    """Open the keys where the settings keep them; a folder that is not there is made with what a region needs.

    Raises SettingsError for a master key that cannot be read, KeysAtRestError for a key that was lost.
    """
    if settings.key_module_socket:
        return trust.ExternalKeyHolder(settings.key_module_socket)
    return trust.open_key_folder(
        Path(settings.data_folder) / "keys" / "held",
        key_encryption_key=read_master_key(settings, ids),
        wanted=(*trust.wanted_keys(settings.region), WantedKey(name=LOCATOR, kind=KeyKind.MARKING)),
        now=clock.now(),
        ids=ids,
    )


def add_region_keys(keys: KeyHolder, regions: Iterable[str], *, clock: Clock) -> list[str]:
    """Make the keys of regions served here that have none yet; gives the regions that got them.

    A module makes its keys by its own means, so nothing is added to one.
    """
    if not isinstance(keys, trust.FileKeyHolder):
        return []
    held = {key.name for key in keys.held_keys()}
    added = [region for region in regions if f"alias-{region}" not in held]
    for region in added:
        for wanted in trust.keys_of_region(region):
            keys.add(wanted, now=clock.now())
    return added


def reload_keys(keys: KeyHolder) -> None:
    """See keys that another process added since; a module is asked each time anyway."""
    if isinstance(keys, trust.FileKeyHolder):
        keys.reload()
