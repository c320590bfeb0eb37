"""HTTP routes of desk: the counter, batches of cards, the wallet."""

from yikatong.cards.model import Terms, Vault
from yikatong.cards.service import BankAccounts, FaceCheck
from yikatong.desk.api import batches, counter, e_cards, purses, wallet, wallet_choices
from yikatong.plumbing.http import Route


def routes(*, terms: Terms, vault: Vault, face_check: FaceCheck, bank_accounts: BankAccounts) -> tuple[Route, ...]:
    """The routes of desk."""
    return (
        *counter.routes(terms=terms, vault=vault),
        *e_cards.routes(terms=terms, vault=vault, bank_accounts=bank_accounts),
        *batches.routes(terms=terms, vault=vault),
        *purses.routes(terms=terms),
        *wallet.routes(terms=terms, vault=vault, face_check=face_check),
        *wallet_choices.routes(terms=terms, vault=vault, face_check=face_check, bank_accounts=bank_accounts),
    )
