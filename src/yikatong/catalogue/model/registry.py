"""Providers, their places and terminals, and recognition between regions."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from yikatong.catalogue.model.items import DataKind, Scene
from yikatong.kernel.ids import PlaceId, ProviderId, TerminalId
from yikatong.kernel.outcomes import Change
from yikatong.kernel.periods import is_in_force


class ProviderKind(StrEnum):
    """What an organisation is."""

    CANTEEN = "canteen"
    SHOP = "shop"
    PHARMACY = "pharmacy"
    HOSPITAL = "hospital"
    LIBRARY = "library"
    VENUE = "venue"
    TRANSIT = "transit"
    UTILITY = "utility"
    GOVERNMENT = "government"
    SCHOOL = "school"
    BANK = "bank"
    RECYCLER = "recycler"
    OTHER = "other"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that serves residents. Its receivable may fall to minus `receivable_limit_fen`."""

    id: ProviderId
    region: str
    credit_code: str
    name_zh: str
    name_en: str
    kind: ProviderKind
    receivable_limit_fen: int
    bank_reference: str | None
    registered_at: datetime


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider serves."""

    id: PlaceId
    provider_id: ProviderId
    division: str
    name_zh: str
    name_en: str
    registered_at: datetime


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """A device that taps are made at. `items` None: every item of its purposes.

    `public_key` is the COSE_Key whose private half signs its challenges; `algorithm` is the name trust gives it.
    """

    id: TerminalId
    provider_id: ProviderId
    place_id: PlaceId
    region: str
    label: str
    purposes: tuple[Scene, ...]
    learns: tuple[DataKind, ...]
    items: tuple[str, ...] | None
    algorithm: str
    public_key: bytes
    registered_at: datetime
    revoked_at: datetime | None = None


class RegisteredProvider(msgspec.Struct, frozen=True):
    """A provider as it now stands."""

    change: Change
    provider: Provider


class RegisteredPlace(msgspec.Struct, frozen=True):
    """A place as it now stands."""

    change: Change
    place: Place


class RegisteredTerminal(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal and, when it was registered just now, the secret key it calls with: shown this once."""

    change: Change
    terminal: Terminal
    key_id: UUID | None
    token: str | None


class RecognitionScope(StrEnum):
    """What a recognition speaks of: a class of items, or one item."""

    CLASS = "class"
    ITEM = "item"


RecognitionKey = tuple[str, str, RecognitionScope, str]
"""From which region, to which, of what scope, for which subject."""


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """Cards of `from_region` are accepted in `to_region` for a class of items or one item code, between two days."""

    from_region: str
    to_region: str
    scope: RecognitionScope
    subject: str
    valid_from: date
    valid_until: date | None = None

    def key(self) -> RecognitionKey:
        """What the row speaks of, whatever its days."""
        return (self.from_region, self.to_region, self.scope, self.subject)

    def is_in_force(self, on: date) -> bool:
        """Whether the recognition counts on a day."""
        return is_in_force(self, on)
