"""What `yikatong audit` recomputes of the ledger, each check in one statement and so on one state of the books."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.kernel.ids import show_id
from yikatong.ledger import store
from yikatong.ledger.leaves import leaf_of_posted, leaves_of_hold
from yikatong.ledger.model import name_account
from yikatong.sealing.model import Leaf

_PAGE = 2_000
_ZERO = UUID(int=0)

_CHECKS = (
    ("audit_balances", "account", "the entries of account {} in bucket {} sum to {} fen, its balance is {}"),
    ("audit_transfers", "transfer", "the legs of transfer {} in bucket {} should sum to {} fen and sum to {}"),
    ("audit_entries", "transfer", "a leg of transfer {} in bucket {} is {} fen, its entry is {}"),
    ("audit_holds", "account", "the pending holds of account {} in bucket {} sum to {} fen, held is {}"),
    ("audit_posted_holds", "hold", "hold {} in bucket {} set {} fen aside, its transfer took {}"),
    ("audit_leases", "account", "the leases of account {} from bucket {} on should sum to {} fen and sum to {}"),
    (
        "audit_spending",
        "transfer",
        "transfer {} in bucket {} gave others than claims {} fen of a budget: {}",
    ),
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


async def list_leaves(conn: AsyncConnection[Any]) -> AsyncIterator[list[Leaf]]:
    """The leaves of every transfer and hold as they stand now, for the audit of the sealed log."""
    bucket, id = -1, _ZERO
    while transfers := await store.page_transfers(conn, bucket=bucket, id=id, limit=_PAGE):
        bucket, id = transfers[-1][0], transfers[-1][1].id
        yield [leaf_of_posted(transfer) for _, transfer in transfers]
    bucket, id = -1, _ZERO
    while holds := await store.page_holds(conn, bucket=bucket, id=id, limit=_PAGE):
        bucket, id = holds[-1][0], holds[-1][1].id
        yield [leaf for _, hold in holds for leaf in leaves_of_hold(hold)]


def _fen(amount: int | None) -> str:
    return "nothing" if amount is None else str(amount)
