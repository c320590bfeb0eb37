"""What a terminal asks of the platform while there is a network; `yikatong.client` answers it over HTTP."""

from datetime import datetime
from typing import Protocol

from yikatong.terminal.model import Uploaded


class PlatformIsAway(Exception):  # noqa: N818  a state of the line, not a fault of the program
    """No answer came, or none that settles anything; the terminal goes on without a network and asks again later."""


class Platform(Protocol):
    """The platform, as a terminal calls it. Every method raises PlatformIsAway when there is no network."""

    def trust_list(self) -> bytes:
        """The signed list of trusted regions."""
        ...

    def status_lists(self, region: str) -> list[tuple[int, bytes]]:
        """Number and signed list of every block of a region."""
        ...

    def status_deltas(self, region: str, *, since: datetime) -> list[bytes] | None:
        """The signed deltas that lead on from the edition of an instant, in order; None when it has none from there."""
        ...

    def sheet(self) -> bytes:
        """This terminal's offline sheet."""
        ...

    def upload(self, body: bytes) -> Uploaded:
        """Bring one tap; the same bytes again get the same answer."""
        ...
