"""How a kind of caller gets in, and what is counted of its calls: what the test and schemathesis hand each other."""

from typing import Any

import msgspec

CALLERS_OF_JIANGSU = "{} of Jiangsu"
"""How a kind of caller of Jiangsu is named; a route of a trade-in is called by these."""


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, one after the other, for what ends them is also among the calls; then bodies of sign-ins."""

    tokens: tuple[str, ...] = ()
    sign_ins: tuple[dict[str, Any], ...] = ()


class Callers(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of every kind of caller, and which of them alone makes all calls; None: whomever an operation admits."""

    keys: dict[str, Keys]
    only: str | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often each operation (`POST /v1/taps`) was answered with each status."""

    statuses: dict[str, dict[int, int]]

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return sum(sum(of.values()) for of in self.statuses.values())

    @property
    def done(self) -> set[str]:
        """The operations that were done at least once, and not only refused."""
        return {name for name, of in self.statuses.items() if any(200 <= status < 300 for status in of)}
