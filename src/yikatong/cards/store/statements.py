"""The statements of cards, by name."""

from yikatong.plumbing.rows import NamedStatements

STATEMENTS = NamedStatements("yikatong.cards")
