"""The audit of decisions: every one opened, decided again under the rule of its day, and held against its row."""

from collections.abc import Callable

import msgspec

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.commands.command_line import errors, out
from yikatong.app.keys import key_folder, open_keys
from yikatong.cards.model import Vault
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings, SettingsError
from yikatong.programmes import service as programmes
from yikatong.trade_in.service.replaying import count_decisions, replay_every_decision
from yikatong.trust import service as trust

LISTED_MAX = 1_000
"""So many differences are told by their claim; the rest are counted, so that memory is bounded."""
TELL_EVERY = 10_000


class DecisionAudit(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions were made again, how many of people who were erased, how many lines tell of a difference,
    and the first of those lines."""

    decisions: int
    erased: int
    found: int
    differences: tuple[str, ...]


async def run_decision_audit(
    database: Database,
    *,
    shelf: programmes.Shelf,
    vault: Vault,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> DecisionAudit:
    """Replay every decision on one snapshot, a page at a time; `tell` hears how many are done, of how many."""
    done = erased = found = 0
    listed: list[str] = []
    async with database.owner_transaction() as conn:
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        of = await count_decisions(conn)
        async for page in replay_every_decision(conn, shelf=shelf, vault=vault):
            if done // TELL_EVERY != (done + page.visited) // TELL_EVERY:
                tell(done + page.visited, of)
            done, erased, found = done + page.visited, erased + page.erased, found + len(page.differences)
            listed += page.differences[: LISTED_MAX - len(listed)]
    return DecisionAudit(decisions=done, erased=erased, found=found, differences=tuple(listed))


async def audit_decisions_now(database: Database, *, settings: Settings, json: bool) -> DecisionAudit:
    """The same with the keys of the settings, and a word before it begins. Raises SettingsError without a key folder.

    An audit makes no keys: with new ones not one decision would open.
    """
    folder = key_folder(settings)
    if not settings.key_module_socket and not folder.is_dir():
        raise SettingsError(
            f"{folder}中没有密钥，无法开启所封存的核定。 "
            f"There are no keys in {folder}; without them no sealed decision opens."
        )
    clock = clock_of(settings)
    ids = SystemIds(clock)
    vault = trust.KeyHolderVault(open_keys(settings, clock=clock, ids=ids), ids)
    if not json:
        errors.print("正在审计 auditing: 重算核定 decisions")
    return await run_decision_audit(
        database, shelf=programmes.read_shelf(), vault=vault, tell=(lambda done, of: None) if json else _say_done
    )


def _say_done(done: int, of: int) -> None:
    errors.print(f"  已重算 replayed {done} / {of}")


def print_decision_audit(audited: DecisionAudit | None) -> None:
    """How many decisions were made again, and every difference that is listed."""
    if audited is None:
        return
    table = a_table(Column("核定", "decisions"), Column("数量", "how many", "right"))
    table.add_row("已重算 replayed", str(audited.decisions - audited.erased))
    table.add_row("当事人已抹除，无法开启 of erased people, not to be opened", str(audited.erased))
    table.add_row("差异 differences", str(audited.found))
    show_table(out, Both("核定，按当日的规则和所知重算", "decisions, under the rule and knowledge of their day"), table)
    for line in audited.differences:
        out.print(line, soft_wrap=True, markup=False)
    if audited.found > len(audited.differences):
        rest = audited.found - len(audited.differences)
        out.print(f"另有{rest}处差异未列出。 {rest} more differences are not listed.", soft_wrap=True)
