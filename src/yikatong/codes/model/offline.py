"""What a region signs for one terminal that will have no network."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from yikatong.catalogue.model import SceneGroup
from yikatong.kernel.ids import ProviderId, TerminalId


class OfflineItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal needs to serve an item without a network; `status_age_max` is how old a status list may be."""

    number: int
    code: str
    name: str
    scene_group: SceneGroup
    least_strength: int
    takes_amount: bool
    amount_fen_max: int
    status_age_max: timedelta


class OfflineAllowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a resident lets a terminal, or the terminals of its place, take without a network.

    `posted_fen` was taken and uploaded when the sheet was made. A code is signed at `begins_at` at the earliest and
    before `accept_until`, by one of the keys whose digests stand here; a chip's key too, which must have verified its
    password unless `without_pin`.
    """

    id: UUID
    scene_group: SceneGroup
    amount_fen: int
    posted_fen: int
    begins_at: datetime
    accept_until: datetime
    key_digests: tuple[bytes, ...]
    without_pin: bool = False


class UploadedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which number the uploads of a memory of a terminal are counted in the allowances of a sheet."""

    terminal_id: TerminalId
    memory: bytes
    sequence: int


class OfflineSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What a region signs for one terminal: its items and its allowances, until `expires_at`.

    `uploaded` says which uploads of the place's terminals the allowances count; a memory without a line has none.
    """

    region: str
    terminal_id: TerminalId
    payee_id: ProviderId
    payee_name: str
    issued_at: datetime
    expires_at: datetime
    items: tuple[OfflineItem, ...]
    allowances: tuple[OfflineAllowance, ...]
    uploaded: tuple[UploadedLine, ...] = ()
