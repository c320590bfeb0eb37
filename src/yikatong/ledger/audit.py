"""What `yikatong audit` recomputes of the ledger, each check in one statement and so on one state of the books."""

from typing import Any

from psycopg import AsyncConnection

from yikatong.kernel.ids import show_id
from yikatong.ledger import store
from yikatong.ledger.model import name_account

_CHECKS = (
    ("audit_balances", "account", "the entries of account {} in bucket {} sum to {} fen, its balance is {}"),
    ("audit_transfers", "transfer", "the legs of transfer {} in bucket {} should sum to {} fen and sum to {}"),
    ("audit_entries", "transfer", "a leg of transfer {} in bucket {} is {} fen, its entry is {}"),
    ("audit_holds", "account", "the pending holds of account {} in bucket {} sum to {} fen, held is {}"),
    ("audit_posted_holds", "hold", "hold {} in bucket {} set {} fen aside, its transfer took {}"),
    ("audit_let_go", "hold", "hold {} in bucket {} took {} fen of its {}, though what it was for was paid"),
)


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every difference between balances, entries, transfers, holds and reserve; the gravest kind first."""
    found: list[str] = []
    for query, kind, sentence in _CHECKS:
        for bucket, subject, expected, actual in await store.list_differences(conn, query=query):
            says = sentence.format(show_id(kind, subject), bucket, _fen(expected), _fen(actual))
            found.append(f"ledger: {says}")
    async for bucket, account, owner, kind, label in store.each_account_name(conn):
        if account != name_account(owner, kind, label).id:
            found.append(f"ledger: account {show_id('account', account)} in bucket {bucket} is not its owner's")
    for bucket, _, purses, reserve in await store.list_differences(conn, query="audit_reserve"):
        found.append(f"ledger: the purses in bucket {bucket} hold {_fen(purses)} fen, the reserve is {_fen(reserve)}")
    return found


def _fen(amount: int | None) -> str:
    return "nothing" if amount is None else str(amount)
