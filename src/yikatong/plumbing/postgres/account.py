"""The account PostgreSQL runs as: PostgreSQL refuses to run as root, so root lends it one without a login."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import msgspec

ACCOUNT_NAME = "yikatong"
ACCOUNT_OF_LAST_RESORT = "nobody"


class Account(msgspec.Struct, frozen=True):
    """An account of the operating system that a program is run as."""

    name: str
    uid: int
    gid: int


def account_for(cluster: Path) -> Account | None:
    """Say which account runs the database cluster in a folder; None means: ourselves, we are not root.

    As root: the owner of an existing cluster, so that a later start never meets files of another account; else the
    system account `yikatong`, made without login, home or password when it is missing; else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        return _account(pwd.getpwuid(owner))
    return _find_account(ACCOUNT_NAME) or _make_account() or _account(pwd.getpwnam(ACCOUNT_OF_LAST_RESORT))


def _find_account(name: str) -> Account | None:
    try:
        return _account(pwd.getpwnam(name))
    except KeyError:
        return None


def _make_account() -> Account | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    home_and_shell = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    subprocess.run(  # noqa: S603  a fixed program with fixed arguments
        [useradd, "--system", "--user-group", *home_and_shell, ACCOUNT_NAME], capture_output=True, check=False
    )
    return _find_account(ACCOUNT_NAME)


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
