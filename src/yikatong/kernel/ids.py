"""Typed identifiers: a UUID inside, a prefix outside, so that an id says what it is in a log."""

import re
from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID, SafeUUID

from msgspec import Meta

from yikatong.kernel.instants import epoch_ms

ResidentId = NewType("ResidentId", UUID)
CardId = NewType("CardId", UUID)
ECardId = NewType("ECardId", UUID)
DeviceId = NewType("DeviceId", UUID)
ProviderId = NewType("ProviderId", UUID)
PlaceId = NewType("PlaceId", UUID)
TerminalId = NewType("TerminalId", UUID)
TapId = NewType("TapId", UUID)
AccountId = NewType("AccountId", UUID)
TransferId = NewType("TransferId", UUID)
HoldId = NewType("HoldId", UUID)
OperatorId = NewType("OperatorId", UUID)

PREFIX_BY_KIND: dict[str, str] = {
    "resident": "res_",
    "card": "crd_",
    "e_card": "ecd_",
    "device": "dev_",
    "provider": "prv_",
    "place": "plc_",
    "terminal": "trm_",
    "tap": "tap_",
    "account": "acc_",
    "transfer": "trf_",
    "hold": "hld_",
    "operator": "opr_",
    "staff": "stf_",
    "partner": "prt_",
    "session": "ses_",
    "record": "rec_",
    "key": "key_",
    "notice": "ntc_",
    "card_batch": "cbt_",
    "refund": "rfd_",
    "approval": "apr_",
    "statement": "stm_",
    "allowance": "alw_",
    "roster": "rst_",
    "objection": "obj_",
    "payout_batch": "pbt_",
    "claim": "clm_",
}

_HEX_DIGITS = re.compile(r"[0-9a-f]{32}")

ResidentIdText = Annotated[str, Meta(pattern="^res_[0-9a-f]{32}$", examples=["res_018f4e2b7c8a7d3e9b1c2d3e4f5a6b7c"])]
DeviceIdText = Annotated[str, Meta(pattern="^dev_[0-9a-f]{32}$")]
ProviderIdText = Annotated[str, Meta(pattern="^prv_[0-9a-f]{32}$")]
PlaceIdText = Annotated[str, Meta(pattern="^plc_[0-9a-f]{32}$")]
TerminalIdText = Annotated[str, Meta(pattern="^trm_[0-9a-f]{32}$")]
TapIdText = Annotated[str, Meta(pattern="^tap_[0-9a-f]{32}$")]
AllowanceIdText = Annotated[str, Meta(pattern="^alw_[0-9a-f]{32}$")]
RosterIdText = Annotated[str, Meta(pattern="^rst_[0-9a-f]{32}$")]
PayoutBatchIdText = Annotated[str, Meta(pattern="^pbt_[0-9a-f]{32}$")]
ClaimIdText = Annotated[str, Meta(pattern="^clm_[0-9a-f]{32}$")]
AccountIdText = Annotated[str, Meta(pattern="^acc_[0-9a-f]{32}$")]


_new = object.__new__
_set = object.__setattr__
_UNKNOWN = SafeUUID.unknown


def uuid_of(number: int) -> UUID:
    """The UUID of a number below 2**128, past the checks of its constructor, which cost more than making it."""
    value = _new(UUID)
    _set(value, "int", number)
    _set(value, "is_safe", _UNKNOWN)
    return value


def show_id(kind: str, value: UUID) -> str:
    """Write an id with its prefix; `kind` is a key of PREFIX_BY_KIND."""
    return PREFIX_BY_KIND[kind] + value.hex


def read_id(kind: str, text: str) -> UUID:
    """Read an id written by `show_id`.

    Raises ValueError when the prefix is another kind's or the rest is not 32 lower-case hex digits.
    """
    prefix = PREFIX_BY_KIND[kind]
    digits = text.removeprefix(prefix)
    # The pattern is asked first, because int() and so UUID() read full-width digits and underscores too.
    if not text.startswith(prefix) or not _HEX_DIGITS.fullmatch(digits):
        raise ValueError(f"not a {kind} id")
    return UUID(hex=digits)


def least_id_at(instant: datetime) -> UUID:
    """The least UUID that begins with an instant's milliseconds, as UUIDv7 do: older rows have smaller ids.

    So what is older than a term is found by the key, without an index of times.
    """
    return uuid_of(max(0, epoch_ms(instant)) << 80)


def bucket_of(resident_id: UUID, bucket_count: int) -> int:
    """Say which bucket holds a resident's rows: the last 16 (random) bits of the id, modulo the number of buckets."""
    return (resident_id.int & 0xFFFF) % bucket_count
