"""Commands of the keys: list them, give one a successor, encrypt them by another master key. None shows a secret."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.commands.command_line import (
    DataOption,
    JsonOption,
    errors,
    out,
    settings_now,
    verify_made,
    verify_prepared,
)
from yikatong.app.key_changes import Rotated, Rotation, read_key_name, rewrap_keys, rotate_key, show_key_name
from yikatong.app.keys import list_key_standings, open_keys
from yikatong.kernel.instants import day_of
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings
from yikatong.sealing.service import log_keys_of
from yikatong.trust import service as trust
from yikatong.trust.model import KeyStanding

PURPOSE_CELLS = 16
"""Where the meaning of a purpose begins in the list below the keys."""
keys_app = typer.Typer(help="Keys: list, root, log, rotate, rewrap.", no_args_is_help=True)

COLUMNS = (
    Column("编号", "id"),
    Column("用途", "purpose"),
    Column("地区", "region"),
    Column("算法", "signs by"),
    Column("状态", "state"),
    Column("生成日期", "made on"),
    Column("终止日期", "ends on"),
)
PURPOSES = {
    "root": Both("签发可信地区名单", "signs the list of trusted regions"),
    "region": Both("签发本地区证书和状态列表", "signs its certificates and status lists"),
    "alias": Both("封装证书中的卡别名", "seals the aliases of cards in certificates"),
    "master": Both("加密每位居民的数据密钥", "wraps the data key of each resident"),
    "id-number-mark": Both("按身份号码查找居民", "finds a resident by the ID number"),
    "pepper": Both("加固密码摘要", "strengthens the hashes of passwords"),
    "log": Both("签署封存日志的日志头", "signs the heads of the sealed log"),
    "log-leaf": Both("标记待封存的行，数据库不知此密钥", "marks rows that wait to be sealed; the database has it not"),
    "tap-locator": Both("遮盖用卡编号中的分桶", "masks the bucket in a tap's id"),
}
"""What each key is for."""


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
    _show_keys(listed)


def _show_keys(listed: list[ListedKey]) -> None:
    """The keys in a table, and below it what those are for that are in it."""
    table = a_table(*COLUMNS)
    for one in listed:
        ends_on = "" if one.ends_at is None else day_of(one.ends_at).isoformat()
        made_on = day_of(one.made_at).isoformat()
        table.add_row(
            one.id,
            one.purpose,
            one.region or "",
            one.algorithm or "",
            f"{_STATES_ZH[one.state]} {one.state}",
            made_on,
            ends_on,
        )
    show_table(out, Both("密钥，日期为北京时间", "keys; the dates are of China time (UTC+8)"), table)
    out.print()
    for purpose in sorted({one.purpose for one in listed}):
        told = PURPOSES.get(purpose)
        out.print(purpose if told is None else f"{purpose.ljust(PURPOSE_CELLS)}{told}", soft_wrap=True)


@keys_app.command("root")
def keys_root(data: DataOption = None) -> None:
    """Show the public key that is pinned as the root of trust: terminals are given it when they are installed."""
    settings = verify_made(settings_now(data=data))
    clock = clock_of(settings)
    for root in trust.pin_own_roots(open_keys(settings, clock=clock, ids=SystemIds(clock))).roots:
        out.print(trust.encode_cose_key(root).hex(), soft_wrap=True)


@keys_app.command("log")
def keys_log(data: DataOption = None) -> None:
    """Show the public keys of the sealed log, the present one last: a witness and terminals are given these."""
    settings = verify_made(settings_now(data=data))
    clock = clock_of(settings)
    for key in log_keys_of(open_keys(settings, clock=clock, ids=SystemIds(clock))).values():
        out.print(trust.encode_cose_key(key.public_key).hex(), soft_wrap=True)


@keys_app.command("rotate")
def keys_rotate(
    names: Annotated[
        list[str], typer.Argument(help="Which: region/990100, alias/990100, root, master, log, log-leaf.")
    ],
    revoke_former: Annotated[
        bool, typer.Option("--revoke-former", help="A region's former key is believed no more, from now on.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Make a key's successor; the former one stays for what it signed or sealed, a region's until its end."""
    settings = verify_made(settings_now(data=data))

    async def run(address: ServerAddress) -> None:
        clock = clock_of(settings)
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
    clock = clock_of(settings)
    rewrapped = rewrap_keys(settings, clock=clock, ids=SystemIds(clock))
    out.print(f"{rewrapped.file_count}个密钥文件已改用下一把主密钥加密。")
    out.print(f"{rewrapped.file_count} key files are encrypted by the next master key.")
    if rewrapped.took_over:
        out.print("它已取代原来的keys/master.key，请重新启动服务。")
        out.print("It is in the place of the one before, keys/master.key; restart what serves.")
    else:
        errors.print("请改用master_key、master_key_file或master_key_command指定它，去掉next_master_key…，再重启服务。")
        errors.print(
            "Now name it by master_key, master_key_file or master_key_command, take next_master_key… away, "
            "and restart what serves."
        )


async def _standings(settings: Settings, address: ServerAddress) -> tuple[KeyStanding, ...]:
    clock = clock_of(settings)
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
    out.print(f"{name}: {rotated.present.key.key_id.hex()} {_DONE[rotated.done]}", soft_wrap=True)
    former = rotated.former
    if former is not None:
        until = "" if former.ends_at is None else f", {_UNTIL[former.state.value]} {_shown(former.ends_at)}"
        out.print(
            f"{name}: {former.key.key_id.hex()} {_STATES_ZH[former.state.value]} is {former.state.value}{until}",
            soft_wrap=True,
        )


_DONE = {
    Rotation.MADE: "已生成并启用 is made and present",
    Rotation.PUBLISHED: "此前已生成，现已公布 is published, made before",
}
_STATES_ZH = {
    "present": "现用",
    "former": "前任",
    "not_published": "尚未公布",
    "ended": "已终止",
    "revoked": "已吊销",
}
_UNTIL = {"former": "至 until", "ended": "自 since", "revoked": "自 since"}


def _shown(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
