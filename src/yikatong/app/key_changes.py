"""What whoever runs the platform does to its keys: give one a successor, encrypt all of them by another master key."""

from enum import StrEnum
from typing import NamedTuple

from yikatong.app.caches import REGIONS
from yikatong.app.keys import key_folder, list_key_standings, open_key_files, publish_own_keys
from yikatong.plumbing import versions
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Connection
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.master_key import (
    make_next_master_key,
    read_master_key,
    read_next_master_key,
    take_over_master_key,
)
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, KeyKind, KeyStanding, KeyState
from yikatong.trust.service import KeysAtRestError


class Rotation(StrEnum):
    """What a rotation did: made a key, or published one that was made before and named by no list yet."""

    MADE = "made"
    PUBLISHED = "published"


class Rotated(NamedTuple):
    """The key of a name that is present now, and the one before it, if the list still names it."""

    done: Rotation
    present: KeyStanding
    former: KeyStanding | None


class Rewrapped(NamedTuple):
    """How many files another master key encrypts now, and whether it has taken the place of the one before."""

    file_count: int
    took_over: bool


async def rotate_key(conn: Connection, *, keys: KeyHolder, name: str, revoke_former: bool, clock: Clock) -> Rotated:
    """Give a key a successor, in a transaction that is open; the former one stays, to verify and to open.

    A region's key is put on the next trust list, and its former one is believed for `keys.OVERLAP` more; with
    `revoke_former` that list revokes it. A new root is named by the next list, which the former root signs. Cut off
    between key file and list, the same command publishes what it made. Workers take the new key up with their next tap.

    Raises KeysAtRestError for a name that has no key, a marking key, `revoke_former` of any other than a region's key,
    and for a module, which makes its keys itself, when nothing there waits to be published.
    """
    before = await list_key_standings(conn, keys=keys, clock=clock)
    present = _present_of(name, before)
    purpose, region = trust.split_key_name(name)
    if revoke_former and purpose != "region":
        raise KeysAtRestError(
            f"{show_key_name(name)}不在名单上，无从吊销；请去掉--revoke-former。未作任何改动。 "
            f"{show_key_name(name)} stands on no list, so nothing revokes it; rotate it without --revoke-former. "
            "Nothing was changed."
        )
    waits = present.state is KeyState.NOT_PUBLISHED
    if not waits:
        _make_successor(keys, name, kind=present.key.kind, clock=clock)
    if purpose == "region":
        assert region is not None
        await publish_own_keys(conn, keys=keys, regions=[region], clock=clock, revoke_former=revoke_former)
    elif name == "root":
        await trust.republish_trust_list(conn, holder=keys, now=clock.now())
    await versions.bump(conn, subject=REGIONS)
    after = [it for it in await list_key_standings(conn, keys=keys, clock=clock) if it.key.name == name]
    former = after[-2] if len(after) > 1 else None
    return Rotated(Rotation.PUBLISHED if waits else Rotation.MADE, after[-1], former)


def _present_of(name: str, standings: tuple[KeyStanding, ...]) -> KeyStanding:
    for standing in reversed(standings):
        if standing.key.name == name:
            return standing
    names = ", ".join(sorted({show_key_name(standing.key.name) for standing in standings}))
    raise KeysAtRestError(
        f"没有密钥{show_key_name(name)}；现有：{names}。未作任何改动。 "
        f"There is no key {show_key_name(name)}; there is: {names}. Nothing was changed."
    )


def _make_successor(keys: KeyHolder, name: str, *, kind: KeyKind, clock: Clock) -> None:
    if isinstance(keys, trust.FileKeyHolder):
        keys.rotate(name, now=clock.now())
        return
    _, region = trust.split_key_name(name)
    if kind is KeyKind.SIGNING and region is not None:
        raise KeysAtRestError(
            f"密钥{name}在密码机中，现用的已在名单上。请先在密码机中生成下一把，再用本命令公布。未作任何改动。 "
            f"The module holds {name}, and its present key stands on the list. Make the next one in the module; then "
            "this command publishes it. Nothing was changed."
        )
    if name != "root":
        raise KeysAtRestError(
            f"密钥{name}在密码机中，请在密码机中更换。未作任何改动。 "
            f"The module holds {name}; give it a successor there. Nothing was changed."
        )


def show_key_name(name: str) -> str:
    """A key's name as the command line has it: `region/990100`, `master`."""
    purpose, region = trust.split_key_name(name)
    return purpose if region is None else f"{purpose}/{region}"


def read_key_name(text: str) -> str:
    """The name of a key from `show_key_name`; what is no name is found by nobody."""
    return text.replace("/", "-", 1)


def rewrap_keys(settings: Settings, *, clock: Clock, ids: Ids) -> Rewrapped:
    """Encrypt every key file by the next master key; where the present one is the data folder's, the next is made.

    Everything is read before anything is written. Cut off half-way, the folder opens while both master keys are at
    hand, and the same command ends what it began.

    Raises KeysAtRestError for a module, for a folder that is not there or does not open, and for a next key that is the
    present one; SettingsError for a key that cannot be read, or none named.
    """
    if settings.key_module_socket:
        raise KeysAtRestError("A module holds the keys, and encrypts them by its own means. Nothing was changed.")
    if not key_folder(settings).is_dir():
        raise KeysAtRestError(f"There are no keys in {key_folder(settings)}. Nothing was changed.")
    next_master_key = read_next_master_key(settings)
    if next_master_key == read_master_key(settings, ids):
        raise KeysAtRestError("The next master key is the present one; make another. Nothing was changed.")
    holder = open_key_files(settings, next_master_key=next_master_key, clock=clock, ids=ids)
    if next_master_key is None:
        next_master_key = make_next_master_key(settings, ids)
    file_count = holder.encrypt_anew(next_master_key)
    return Rewrapped(file_count, took_over=take_over_master_key(settings))
