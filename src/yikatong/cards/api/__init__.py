"""HTTP routes of cards: residents, their families and concessions, and what a region decided about cards."""

from yikatong.cards.api import families, residents, rules
from yikatong.cards.model import Terms, Vault
from yikatong.plumbing.http import Route


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of cards."""
    return (
        *residents.routes(terms=terms, vault=vault),
        *families.routes(terms=terms, vault=vault),
        *rules.routes(),
    )
