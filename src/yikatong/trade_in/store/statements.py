"""The statements of the trade-in, by name."""

from yikatong.plumbing.rows import NamedStatements

STATEMENTS = NamedStatements("yikatong.trade_in")
