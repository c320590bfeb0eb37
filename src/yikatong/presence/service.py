"""The presence line, as the counter takes it up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yikatong.lines.model import Balances, Decision, Facts, OwnSource, TapInHand
from yikatong.plumbing.pipeline import Statement
from yikatong.presence.rules import decide_presence


class PresenceLine:
    """Identity taps."""

    name = "presence"
    own_source: OwnSource | None = None

    def facts(self, *, bucket: int, resident_ids: Sequence[UUID], now: datetime) -> list[Statement[Any]]:
        """Who the card belongs to, which every batch loads, is all this line needs."""
        del bucket, resident_ids, now
        return []

    def decide(self, tap: TapInHand, facts: Facts, balances: Balances) -> Decision:
        """Decide one identity tap (see `rules.decide_presence`)."""
        del facts, balances
        return decide_presence(tap)
