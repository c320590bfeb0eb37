"""The statements of payouts, by name."""

from yikatong.plumbing.rows import NamedStatements

STATEMENTS = NamedStatements("yikatong.payouts")
