"""A sale at the till, as the line that pays it takes it up: pure deeds, and statements of a batch of taps.

Who calls has the residents' gates.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yikatong.plumbing.pipeline import Statement
from yikatong.sealing import service as sealing
from yikatong.trade_in.model import SaleAtTill
from yikatong.trade_in.rules.leaves import leaf_of_deed
from yikatong.trade_in.rules.selling import return_sale, sell, undo_sale
from yikatong.trade_in.store import sales as sale_store

__all__ = ["load_sales", "return_sale", "sell", "undo_sale", "write_sales"]


def load_sales(*, bucket: int, resident_ids: Sequence[UUID]) -> Statement[SaleAtTill]:
    """Read the entered sales of some residents, waiting or paid and not returned, with their claims."""
    return sale_store.load_sales(bucket=bucket, resident_ids=resident_ids)


def write_sales(*, bucket: int, sales: Sequence[SaleAtTill], now: datetime) -> list[Statement[Any]]:
    """Write what a batch of taps did to claims and their sales, and leave the deeds' leaves for the sealer.

    A statement that does not win its rows fails with BatchMustRerun.
    """
    leaves = [leaf_of_deed(deed) for one in sales for deed in one.deeds]
    return [*sale_store.write_sales(bucket=bucket, sales=sales, now=now), sealing.leaving(leaves, now=now)]
