"""What `yikatong audit` recomputes of payouts: every statement from the ledger, and what is on its way to providers."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, DayChange, DayTotal, name_account
from yikatong.payouts import store
from yikatong.payouts.model import ProviderStatement
from yikatong.payouts.rules import digest_statement, state_day


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name statements that the ledger does not give, then providers whose payout clearing is not what is due."""
    statements: defaultdict[UUID, list[tuple[ProviderStatement, bytes]]] = defaultdict(list)
    for statement, digest in await store.list_statements(conn):
        statements[statement.provider_id].append((statement, digest))
    changes: defaultdict[UUID, list[DayChange]] = defaultdict(list)
    for change in await ledger.day_changes(conn, kind=AccountKind.PROVIDER_RECEIVABLE):
        changes[change.owner_id].append(change)
    found = [line for owner_id, made in statements.items() for line in _recompute(made, changes[owner_id])]
    return found + await _compare_clearing(conn, providers=changes.keys())


def _recompute(made: Sequence[tuple[ProviderStatement, bytes]], changes: Sequence[DayChange]) -> list[str]:
    """Compare a provider's statements, in order of day, with those its entries give."""
    found = []
    for statement, digest in made:
        expected = state_day(statement.provider_id, statement.day_on, [_total(statement, changes)])
        about = f"payouts: the statement of {show_id('provider', statement.provider_id)} on {statement.day_on}"
        found += [
            f"{about} has {field} {getattr(statement, field)}, the ledger gives {getattr(expected, field)}"
            for field in ProviderStatement.__struct_fields__
            if getattr(statement, field) != getattr(expected, field)
        ]
        if digest != digest_statement(statement):
            found.append(f"{about} does not have the digest of its own figures")
    return found


def _total(statement: ProviderStatement, changes: Sequence[DayChange]) -> DayTotal:
    opening_fen = sum(change.sum_fen for change in changes if change.day_on < statement.day_on)
    of_day = [change for change in changes if change.day_on == statement.day_on]
    return DayTotal(
        bucket=0,
        account=name_account(statement.provider_id, AccountKind.PROVIDER_RECEIVABLE),
        opening_fen=opening_fen,
        closing_fen=opening_fen + sum(change.sum_fen for change in of_day),
        settled_later_fen=0,
        counts={change.kind.value: change.entry_count for change in of_day},
        sums_fen={change.kind.value: change.sum_fen for change in of_day},
    )


async def _compare_clearing(conn: AsyncConnection[Any], *, providers: Collection[UUID]) -> list[str]:
    """Residents have a payout clearing too, for what a cancelled card leaves; that is not settled here."""
    cleared: defaultdict[UUID, int] = defaultdict(int)
    for change in await ledger.day_changes(conn, kind=AccountKind.PAYOUT_CLEARING):
        cleared[change.owner_id] += change.sum_fen
    due = await store.list_unpaid_sums(conn)
    return [
        f"payouts: {due.get(owner_id, 0)} fen are on their way to {show_id('provider', owner_id)},"
        f" its payout clearing holds {cleared[owner_id]}"
        for owner_id in sorted(cleared.keys() | due.keys())
        if owner_id in providers and cleared[owner_id] != due.get(owner_id, 0)
    ]
