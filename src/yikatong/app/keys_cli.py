"""Commands of the keys: list them, give one a successor, encrypt them by another master key. None shows a secret."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from yikatong.app.command_line import DataOption, JsonOption, errors, out, settings_now, verify_made, verify_prepared
from yikatong.app.key_changes import Rotated, Rotation, read_key_name, rewrap_keys, rotate_key, show_key_name
from yikatong.app.keys import list_key_standings, open_keys
from yikatong.kernel.instants import day_of
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust
from yikatong.trust.model import KeyStanding

keys_app = typer.Typer(help="Keys: list, rotate, rewrap.", no_args_is_help=True)

_COLUMNS = ("id", "purpose", "region", "algorithm", "state", "made on", "ends on")


class ListedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the command line shows it."""

    id: str
    purpose: str
    region: str | None
    algorithm: str | None
    state: str
    made_at: datetime
    ends_at: datetime | None


@keys_app.command("list")
def keys_list(data: DataOption = None, json: JsonOption = False) -> None:
    """List the keys: what each is for, its algorithm, what it does now, when it was made and when it ends."""
    settings = verify_made(settings_now(data=data))
    with database_server(settings, may_join=True) as address:
        listed = [_listed(standing) for standing in asyncio.run(_standings(settings, address))]
    if json:
        sys.stdout.write(msgspec.json.encode({"keys": listed}).decode() + "\n")
        return
    table = Table(title="keys 密钥", title_justify="left", box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, no_wrap=True)
    for one in listed:
        ends_on = "" if one.ends_at is None else day_of(one.ends_at).isoformat()
        made_on = day_of(one.made_at).isoformat()
        table.add_row(one.id, one.purpose, one.region or "", one.algorithm or "", one.state, made_on, ends_on)
    out.print(table)


@keys_app.command("rotate")
def keys_rotate(
    names: Annotated[list[str], typer.Argument(help="Which: region/990100, alias/990100, root, master.")],
    revoke_former: Annotated[
        bool, typer.Option("--revoke-former", help="A region's former key is believed no more, from now on.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Make a key's successor; the former one stays for what it signed or sealed, a region's until its end."""
    settings = verify_made(settings_now(data=data))

    async def run(address: ServerAddress) -> None:
        clock = SystemClock()
        keys = open_keys(settings, clock=clock, ids=SystemIds(clock))
        async with await Database.open(address) as database:
            await verify_prepared(database)
            for name in names:
                async with database.transaction() as conn:
                    rotated = await rotate_key(
                        conn, keys=keys, name=read_key_name(name), revoke_former=revoke_former, clock=clock
                    )
                _say_rotated(rotated)

    with database_server(settings, may_join=True) as address:
        asyncio.run(run(address))


@keys_app.command("rewrap")
def keys_rewrap(data: DataOption = None) -> None:
    """Encrypt every key file by the next master key (settings `next_master_key…`, or a new one in the data folder)."""
    settings = settings_now(data=data)
    clock = SystemClock()
    rewrapped = rewrap_keys(settings, clock=clock, ids=SystemIds(clock))
    out.print(f"{rewrapped.file_count} key files are encrypted by the next master key")
    if rewrapped.took_over:
        out.print("it is in the place of the one before, keys/master.key; restart what serves")
    else:
        errors.print(
            "now name it by master_key, master_key_file or master_key_command, take next_master_key… away, "
            "and restart what serves"
        )


async def _standings(settings: Settings, address: ServerAddress) -> tuple[KeyStanding, ...]:
    clock = SystemClock()
    async with await Database.open(address) as database:
        await verify_prepared(database)
        keys = open_keys(settings, clock=clock, ids=SystemIds(clock))
        async with database.transaction() as conn:
            return await list_key_standings(conn, keys=keys, clock=clock)


def _listed(standing: KeyStanding) -> ListedKey:
    about = standing.key
    purpose, region = trust.split_key_name(about.name)
    return ListedKey(
        id=about.key_id.hex(),
        purpose=purpose,
        region=region,
        algorithm=None if about.public_key is None else about.public_key.algorithm.name,
        state=standing.state.value,
        made_at=about.made_at,
        ends_at=standing.ends_at,
    )


def _say_rotated(rotated: Rotated) -> None:
    name = show_key_name(rotated.present.key.name)
    out.print(f"{name}: {rotated.present.key.key_id.hex()} is {_DONE[rotated.done]}", soft_wrap=True)
    former = rotated.former
    if former is not None:
        until = "" if former.ends_at is None else f", {_UNTIL[former.state.value]} {_shown(former.ends_at)}"
        out.print(f"{name}: {former.key.key_id.hex()} is {former.state.value}{until}", soft_wrap=True)


_DONE = {Rotation.MADE: "made and present", Rotation.PUBLISHED: "published, made before"}
_UNTIL = {"former": "until", "ended": "since", "revoked": "since"}


def _shown(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
