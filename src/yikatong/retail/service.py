"""The retail line, as the counter takes it up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yikatong.lines.model import Balances, Decision, Facts, OwnSource, TapInHand
from yikatong.plumbing.pipeline import Statement
from yikatong.retail.rules import decide_payment


class RetailLine:
    """Payments to a provider."""

    name = "retail"
    own_source: OwnSource | None = None

    def facts(self, *, bucket: int, resident_ids: Sequence[UUID], now: datetime) -> list[Statement[Any]]:
        """Balances and gates, which every batch loads, are all this line needs."""
        del bucket, resident_ids, now
        return []

    def decide(self, tap: TapInHand, facts: Facts, balances: Balances) -> Decision:
        """Decide one payment (see `rules.decide_payment`)."""
        del facts
        return decide_payment(tap, balances)
