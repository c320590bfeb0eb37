"""What runs by itself in payouts: requests to banks, settlements, large rosters, and the files of batches."""

from yikatong.payouts.jobs.banks import (
    FIND_OUT_AFTER,
    BankCalls,
    SettlingTerms,
    end_balances,
    jobs,
    pay_settlement,
    pay_settlements,
    settle_day,
    settle_days_until,
)
from yikatong.payouts.jobs.files import BankFileExchange, FileTerms, file_jobs
from yikatong.payouts.jobs.works import roster_jobs, work_on_rosters

__all__ = [
    "FIND_OUT_AFTER",
    "BankCalls",
    "BankFileExchange",
    "FileTerms",
    "SettlingTerms",
    "end_balances",
    "file_jobs",
    "jobs",
    "pay_settlement",
    "pay_settlements",
    "roster_jobs",
    "settle_day",
    "settle_days_until",
    "work_on_rosters",
]
