"""HTTP routes of payouts: providers' days, rosters, batches, budgets, banks' files."""

from yikatong.cards.model import Terms, Vault
from yikatong.payouts.api import batches, rosters, statements, works
from yikatong.payouts.api.statements import CsvAnswer, DayStatementAnswer
from yikatong.plumbing.http import Route

__all__ = ["CsvAnswer", "DayStatementAnswer", "routes"]


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of payouts."""
    return (
        *statements.routes(),
        *rosters.routes(terms=terms, vault=vault),
        *works.routes(),
        *batches.routes(terms=terms, vault=vault),
    )
