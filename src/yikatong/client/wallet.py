"""A wallet as an application builds one: what its resident asks of a trade-in. Codes and keys are the wallet's own."""

from collections.abc import Mapping
from typing import Self

from yikatong.client.calls import Calls
from yikatong.client.connection import Connection
from yikatong.client.trade_in import NO_FACTS
from yikatong.client.trade_in_answers import ClaimsOfResident, ClaimStep, OpenedClaim, WholeClaim
from yikatong.client.trade_in_told import ClaimDecisions

_CLAIMS = "/v1/wallet/trade-in/claims"


class OwnClaims:
    """A resident's own claims. Looks at them say why, as every look does; they stand in the resident's record."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Wallet`."""
        self._calls = calls

    def qualify(self, *, place: str, old_code: str, facts: Mapping[str, str]) -> OpenedClaim:
        """Ask to be qualified for one old bike; its money is reserved."""
        return self._calls.step(_CLAIMS, OpenedClaim, place=place, old_code=old_code, facts=facts)

    def list(self, *, purpose: str) -> ClaimsOfResident:
        """Every claim of one's own."""
        return self._calls.ask(_CLAIMS, ClaimsOfResident, purpose=purpose)

    def view(self, claim_id: str, *, purpose: str) -> WholeClaim:
        """One of one's own claims."""
        return self._calls.ask(f"{_CLAIMS}/{claim_id}", WholeClaim, purpose=purpose)

    def list_decisions(self, claim_id: str, *, purpose: str) -> ClaimDecisions:
        """Why a claim got what it got: each step with its clause, and what would have changed a refusal."""
        return self._calls.ask(f"{_CLAIMS}/{claim_id}/decisions", ClaimDecisions, purpose=purpose)

    def submit(self, claim_id: str, *, facts: Mapping[str, str] = NO_FACTS) -> ClaimStep:
        """Submit a claim, or one that was mended."""
        return self._calls.step(f"{_CLAIMS}/{claim_id}/submit", ClaimStep, facts=facts)

    def withdraw(self, claim_id: str) -> ClaimStep:
        """Give a claim up."""
        return self._calls.step(f"{_CLAIMS}/{claim_id}/withdraw", ClaimStep)


class Wallet:
    """A wallet that is signed in; `connection` has its session's token. Use it in a `with`, or close it."""

    def __init__(self, connection: Connection) -> None:
        self._calls = Calls(connection)
        self.claims = OwnClaims(self._calls)

    def close(self) -> None:
        """Close the connection."""
        self._calls.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
