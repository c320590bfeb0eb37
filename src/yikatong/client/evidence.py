"""What is kept of taps that were wrong: codes that came a second time, and presentations that nobody could read."""

from datetime import date, datetime

from msgspec import Struct

from yikatong.client.calls import Calls


class SecondUse(Struct, frozen=True, kw_only=True):
    """A code that came again at one's own provider: the tap it came with, and the first one if that was here too."""

    tap: str
    terminal: str
    item: str
    amount_fen: int | None
    reason: str | None
    code_at: datetime
    decided_at: datetime
    seen_at: datetime
    first_tap: str | None


class SecondUses(Struct, frozen=True, kw_only=True):
    """A page, the newest first; `next_until` and `next_before` are None on the last one."""

    second_uses: tuple[SecondUse, ...]
    next_until: datetime | None
    next_before: str | None


class RegionSecondUse(SecondUse, frozen=True, kw_only=True):
    """The same as a region sees it: whose code it was, and where and when it came first."""

    resident: str
    provider: str
    first_tap: str
    first_provider: str | None
    first_decided_at: datetime | None


class RegionSecondUses(SecondUses, frozen=True, kw_only=True):
    """The same of a region."""

    second_uses: tuple[RegionSecondUse, ...]


class Unread(Struct, frozen=True, kw_only=True):
    """How many presentations of a terminal no card was known for, by why; the first and the last of them."""

    terminal: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


class UnreadOfDay(Struct, frozen=True, kw_only=True):
    """A day's; each terminal keeps so many, and what came above is not counted."""

    day: date
    unread: tuple[Unread, ...]


class OwnEvidence:
    """What a provider's terminal or staff asks about the provider's own taps."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Terminal` and `Staff`."""
        self._calls = calls

    def list_second_uses(
        self, *, until: datetime | None = None, before: str | None = None, limit: int = 50
    ) -> SecondUses:
        """Codes that came a second time here; `until` and `before` are what the page before named."""
        return self._calls.ask("/v1/provider/second-uses", SecondUses, until=until, before=before, limit=limit)

    def count_unread(self, *, day: date | None = None) -> UnreadOfDay:
        """Presentations of a day, or of today, that could not be read."""
        return self._calls.ask("/v1/provider/unread-presentations", UnreadOfDay, day=day)


class Evidence:
    """What an operator asks about the taps of a region."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def list_second_uses(
        self,
        *,
        purpose: str,
        provider: str | None = None,
        until: datetime | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> RegionSecondUses:
        """Codes that came a second time, at one provider or at any; the look leaves a record."""
        return self._calls.ask(
            "/v1/second-uses", RegionSecondUses, purpose=purpose, provider=provider, until=until, before=before,
            limit=limit,
        )  # fmt: skip

    def count_unread(self, *, provider: str, day: date | None = None) -> UnreadOfDay:
        """Presentations at a provider on a day, or today, that could not be read."""
        return self._calls.ask("/v1/unread-presentations", UnreadOfDay, provider=provider, day=day)
