"""What the house asks of the ledger, each inside the caller's transaction; and its part of a batch."""

from yikatong.ledger.batch import (
    load_holds,
    load_open_totals,
    load_pending_holds,
    lock_accounts_of,
    lock_open_gates,
    write_book,
)
from yikatong.ledger.leaves import leaf_of_transfer, leaves_of
from yikatong.ledger.rules import Book
from yikatong.ledger.service.accounts import (
    accounts_of,
    find_account,
    freeze_account,
    get_balance,
    open_account,
    open_balance,
    open_many_accounts,
    statement_of,
    unfreeze_account,
)
from yikatong.ledger.service.budgets import (
    find_budget,
    find_budget_left,
    fund_budget,
    lease_slice,
    lock_slice,
    open_budget,
    release_to_budget,
    take_from_budget,
)
from yikatong.ledger.service.debts import net_debt
from yikatong.ledger.service.holds import hold, post_hold, post_part_of_hold, tidy_holds, void_hold
from yikatong.ledger.service.posting import close_account, grant_benefit, post, post_batch, post_pipelined, top_up_purse
from yikatong.ledger.service.reading import (
    count_transfers,
    day_changes,
    day_totals,
    find_transfers,
    list_balances_of_kind,
    sum_transfers,
    trial_balance,
)
from yikatong.ledger.service.rebucketing import level, note_transfers, rebuild_open_accounts
from yikatong.ledger.service.working import COMMANDS
from yikatong.plumbing.pipeline import BatchMustRerun
from yikatong.plumbing.statements import run_in_order

__all__ = [
    "COMMANDS",
    "BatchMustRerun",
    "Book",
    "accounts_of",
    "close_account",
    "count_transfers",
    "day_changes",
    "day_totals",
    "find_account",
    "find_budget",
    "find_budget_left",
    "find_transfers",
    "freeze_account",
    "fund_budget",
    "get_balance",
    "grant_benefit",
    "hold",
    "leaf_of_transfer",
    "lease_slice",
    "leaves_of",
    "level",
    "list_balances_of_kind",
    "load_holds",
    "load_open_totals",
    "load_pending_holds",
    "lock_accounts_of",
    "lock_open_gates",
    "lock_slice",
    "net_debt",
    "note_transfers",
    "open_account",
    "open_balance",
    "open_budget",
    "open_many_accounts",
    "post",
    "post_batch",
    "post_hold",
    "post_part_of_hold",
    "post_pipelined",
    "rebuild_open_accounts",
    "release_to_budget",
    "run_in_order",
    "statement_of",
    "sum_transfers",
    "take_from_budget",
    "tidy_holds",
    "top_up_purse",
    "trial_balance",
    "unfreeze_account",
    "void_hold",
    "write_book",
]
