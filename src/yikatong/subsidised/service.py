"""The subsidised line, as the counter takes it up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yikatong.lines.model import Balances, Decision, Facts, OwnSource, TapInHand
from yikatong.plumbing.pipeline import Statement
from yikatong.subsidised.rules import ClaimSource, decide_sale
from yikatong.trade_in.service import load_sales, write_sales


class WrittenClaims(ClaimSource):
    """The claims' money, and how what became of it is written."""

    def write(self, *, bucket: int, facts: Facts, now: datetime) -> list[Statement[Any]]:
        """The claims, their deeds and their sales, as the batch left them."""
        changed = [one for one in facts[0] if one.deeds]
        return write_sales(bucket=bucket, sales=changed, now=now) if changed else []


class SubsidisedLine:
    """Sales of which a programme pays a part at the till."""

    name = "subsidised"

    def __init__(self) -> None:
        """Pay with the claims' money."""
        self.own_source: OwnSource | None = WrittenClaims()

    def facts(self, *, bucket: int, resident_ids: Sequence[UUID], now: datetime) -> list[Statement[Any]]:
        """The sales that stores entered for these residents, waiting or paid, with their claims."""
        del now
        return [load_sales(bucket=bucket, resident_ids=resident_ids)]

    def decide(self, tap: TapInHand, facts: Facts, balances: Balances) -> Decision:
        """Decide one sale (see `rules.decide_sale`)."""
        return decide_sale(tap, facts[0], balances)
