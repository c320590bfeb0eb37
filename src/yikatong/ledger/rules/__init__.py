"""The rules of the ledger, by noun."""

from yikatong.ledger.rules.book import Book, Savepoint, find_account_fault, find_draft_fault
from yikatong.ledger.rules.budgets import decide_takings, plan_lease

__all__ = [
    "Book",
    "Savepoint",
    "decide_takings",
    "find_account_fault",
    "find_draft_fault",
    "plan_lease",
]
