"""The statements of access, by name."""

from yikatong.plumbing.rows import NamedStatements

STATEMENTS = NamedStatements("yikatong.access")
