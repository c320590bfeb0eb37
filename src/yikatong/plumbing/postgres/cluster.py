"""The database cluster: the folder of files that PostgreSQL keeps."""

import os
import shutil
from pathlib import Path

from yikatong.plumbing.postgres.account import Account
from yikatong.plumbing.postgres.errors import DataFolderOfAnotherVersionError, EmbeddedPostgresError
from yikatong.plumbing.postgres.launch import run_program

_OPTIONS = [
    "--auth=trust",  # replaced at every start by the rules of `configuration`
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",  # order by code point: the same on every machine and in every year
    "--data-checksums",
]


SET_ASIDE = "data.set-aside-"
"""How the name of a cluster begins that a restore set aside."""


def make_cluster(cluster: Path, *, programs: Path, account: Account | None, owner: str) -> None:
    """Make the cluster when the folder has none; it appears whole or not at all, by a rename.

    Raises DataFolderOfAnotherVersionError when the folder holds one of another major version, EmbeddedPostgresError
    when one was set aside here and none came in its place: an empty one would look like all that there was.
    """
    if cluster.exists():
        _verify_version(cluster, programs)
        return
    _verify_nothing_set_aside(cluster)
    unfinished = cluster.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account:
        os.chown(unfinished, account.uid, account.gid)
    command = [str(programs / "initdb"), "--pgdata", str(unfinished), "--username", owner, *_OPTIONS]
    code, said = run_program(command, account=account)
    if code != 0:
        raise EmbeddedPostgresError(
            f"无法在{unfinished}中建立数据库文件。 "
            f"The database files could not be made in {unfinished}:\n{said.strip()}"
        )
    unfinished.rename(cluster)


def _verify_nothing_set_aside(cluster: Path) -> None:
    aside = sorted(cluster.parent.glob(f"{SET_ASIDE}*"))
    if aside:
        raise EmbeddedPostgresError(
            f"恢复在最后一步中断：原数据库在{aside[-1]}，尚无数据库取代它。"
            f"请将其改名为{cluster}，如仍需恢复再重新运行。 "
            f"A restore was interrupted at its last step: the database that was there lies in {aside[-1]}, and none is "
            f"in its place. Rename that folder to {cluster}, and run the restore again if it is still wanted."
        )


def _verify_version(cluster: Path, programs: Path) -> None:
    _, said = run_program([str(programs / "postgres"), "--version"], account=None)
    ours = said.split()[-1].split(".")[0]
    theirs = (cluster / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise DataFolderOfAnotherVersionError(
            f"数据目录中是PostgreSQL {theirs}的数据库，所装程序为{ours}。请用旧版本导出，再用新版本导入。 "
            f"The data folder holds a database of PostgreSQL {theirs}, the installed programs are of {ours}. "
            "Dump it with the old release and load it with the new one."
        )
