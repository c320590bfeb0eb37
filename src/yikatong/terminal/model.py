"""What a terminal holds, asks, admits and uploads: frozen values."""

from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from yikatong.codes.model import Asked, OfflineItem, OfflineSheet, Strength
from yikatong.sealing.model import Head
from yikatong.terminal.reasons import Reason as Reason
from yikatong.trust.model import StatusList, TrustList


class ChallengeMade(msgspec.Struct, frozen=True):
    """A till's code for a wallet to scan, and the nonce under which its answer is taken, in hex."""

    text: str
    nonce: str


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """A tap that was admitted without a network and is on the disk; it waits to be uploaded."""

    sequence: int
    request_id: str
    item: str
    amount_fen: int | None
    allowance_id: UUID | None
    accepted_at: datetime


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal wants: an item, an amount if it takes one, under the nonce of a challenge in hex if it asked."""

    item: str
    amount_fen: int | None
    answers: str | None


class Upload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tap as it is uploaded: always the same bytes. `answers` is the challenge's nonce in hex.

    What was presented is a `code` as it was scanned, or what a `chip` said, in base64url.
    """

    memory: str
    sequence: int
    request_id: str
    item: str
    accepted_at: datetime
    code: str | None = None
    chip: str | None = None
    amount_fen: int | None = None
    answers: str | None = None
    allowance: str | None = None


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform said of an uploaded tap; words it may add later are passed over."""

    sequence: int
    outcome: Annotated[str, Meta(max_length=32)]
    decided_at: datetime
    tap: str | None = None
    reason: str | None = None


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a region certified a key, and the place on its status lists."""

    expires_at: datetime
    status_index: int


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a memory took of an allowance, all in all, and what of it the sheet does not count yet."""

    fen: int = 0
    uncounted_fen: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides whether a terminal may serve at all: what it holds, and the latest time it has seen."""

    sheet: OfflineSheet | None
    trust_list: TrustList | None
    latest_seen_at: datetime


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a code or a chip shows whose signatures are genuine: when, by which key, certified how, and its answer.

    `holder` and `nonce` name it among those seen before. A code's certificate may be missing: its region signed nothing
    that is known here.
    """

    is_chip: bool
    made_at: datetime
    holder: bytes
    nonce: bytes
    key: bytes
    region: str
    certified: Certified | None
    answer: Asked | None
    strength: Strength


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides one tap: the item, what was shown, what was asked, what is known of it."""

    item: OfflineItem
    amount_fen: int | None
    shown: Shown
    asked: Asked | None
    was_seen: bool
    status_list: StatusList | None


class Seal(Protocol):
    """What a receipt brings to prove itself."""

    @property
    def index(self) -> int:
        """The tap's place in its batch."""
        ...

    @property
    def path(self) -> tuple[bytes, ...]:
        """The way from there to the batch's root."""
        ...

    @property
    def batch(self) -> bytes:
        """The signed root."""
        ...

    @property
    def rest(self) -> bytes:
        """The digest of what the platform keeps beyond the receipt."""
        ...


class SealedReceipt(Protocol):
    """What of a receipt is sealed; `yikatong.client` gives such."""

    @property
    def tap(self) -> str:
        """The tap's id."""
        ...

    @property
    def request_id(self) -> str:
        """What the terminal called it."""
        ...

    @property
    def item(self) -> str:
        """The item's code."""
        ...

    @property
    def amount_fen(self) -> int | None:
        """What was asked for."""
        ...

    @property
    def reason(self) -> str | None:
        """Why it was refused; None when it was admitted."""
        ...

    @property
    def decided_at(self) -> datetime:
        """When it was decided."""
        ...

    @property
    def seal(self) -> Seal | None:
        """Its seal, None while it has none."""
        ...


class Included(msgspec.Struct, frozen=True, kw_only=True):
    """The log's proof that it holds a batch: where, the path from there, and the signed head that it leads to."""

    position: int
    path: tuple[bytes, ...]
    head: bytes


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """The log as it was followed; `witnessed_size` is how much of it the pinned witness signed, None without one."""

    head: Head | None
    witnessed_size: int | None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A head that does not fit the one held, both as the platform signed them; empty where there was none."""

    reason: str
    seen_at: datetime
    shown: bytes
    held: bytes
