"""The statements of payouts, by name, and how they are told of many lines."""

from collections.abc import Sequence
from typing import Any

from yikatong.plumbing import wire
from yikatong.plumbing.rows import NamedStatements

STATEMENTS = NamedStatements("yikatong.payouts")


def among(lines: Sequence[int]) -> dict[str, Any]:
    """Some lines as an array, with the first and the last of them, so that no plan reads all for a few of them."""
    return {"lines": wire.int4_array(lines), "first_line": min(lines), "last_line": max(lines)}
