"""Status lists as they are published, and what leads from one edition to the next."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class PublishedList(msgspec.Struct, frozen=True, kw_only=True):
    """The status list of one block of a region, signed: a Status List Token in CWT form."""

    number: int
    made_at: datetime
    good_until: datetime
    token: bytes


class StatusEdition(msgspec.Struct, frozen=True, kw_only=True):
    """The status lists of a region as they stood at one instant: by block, packed."""

    region: str
    issued_at: datetime
    expires_at: datetime
    blocks: Mapping[int, bytes]


class StatusChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from one edition to a later one: blocks that are gone, blocks that are new, index to status now."""

    gone: frozenset[int]
    new: frozenset[int]
    statuses: Mapping[int, int]


class StatusDelta(msgspec.Struct, frozen=True, kw_only=True):
    """Changes from the edition of `base_at` to that of `issued_at`, with the digest of what comes out."""

    region: str
    base_at: datetime
    issued_at: datetime
    expires_at: datetime
    changes: StatusChanges
    digest: bytes


class StatusStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one publication changed, as it is kept here: written changes, and the digest of what came out."""

    made_at: datetime
    base_at: datetime
    changes: bytes
    digest: bytes
