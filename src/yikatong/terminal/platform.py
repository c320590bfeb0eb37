"""What a terminal asks of the platform while there is a network; `yikatong.client` answers it over HTTP."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from yikatong.terminal.model import Included, Uploaded


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


class Log(Protocol):
    """The platform's sealed log, open to anyone. Every method raises PlatformIsAway when there is no network."""

    def heads(self) -> tuple[bytes | None, bytes | None]:
        """The log's head as the log signed it, and the longest as its witness did; None before the first."""
        ...

    def certificate(self, series: UUID) -> bytes:
        """The certificate of a series of batches; empty where the log knows none."""
        ...

    def consistency(self, *, old: int, new: int) -> tuple[bytes, ...] | None:
        """The proof that the log of one length begins with that of another; None when it is shorter than that."""
        ...

    def inclusion(self, *, series: UUID, number: int) -> Included | None:
        """The proof that the log holds a batch; None when it does not."""
        ...
