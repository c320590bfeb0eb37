"""The view of the catalogue that taps use."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from uuid import UUID

import msgspec

from yikatong.catalogue.model.items import Item
from yikatong.catalogue.model.registry import (
    Place,
    Provider,
    Recognition,
    RecognitionKey,
    RecognitionScope,
    Terminal,
)
from yikatong.catalogue.reasons import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.places.model import enclosing_codes

areas_of = lru_cache(maxsize=4096)(enclosing_codes)
"""The areas whose lists count in a region, nearest first; kept, because every tap asks."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the tap path asks of the catalogue, in memory, as of one catalogue version.

    Terminals and providers are kept by the numbers of their ids, which hash and compare in C.
    Items keep their future and past entries, so one snapshot serves across midnight.
    """

    version: int
    items: Mapping[tuple[str, str], tuple[Item, ...]]
    terminals: Mapping[int, Terminal]
    providers: Mapping[int, Provider]
    places: Mapping[UUID, Place]
    recognitions: Mapping[RecognitionKey, tuple[Recognition, ...]]

    def find_item(self, region: str, code: str, on: date | None = None) -> Item | None:
        """The entry of an item that counts in a region: its own, else its city's or province's, else the nation's.

        Without a day only an entry without an end is found.
        """
        for area in areas_of(region):
            for item in self.items.get((area, code), ()):
                if item.valid_until is None if on is None else item.is_in_force(on):
                    return item
        return None

    def get_item(self, region: str, code: str, on: date | None = None) -> Item:
        """As `find_item`; refuses ITEM_IS_NOT_ON_THE_LIST."""
        item = self.find_item(region, code, on)
        if item is None:
            raise Refused(Reason.ITEM_IS_NOT_ON_THE_LIST, item=code, region=region)
        return item

    def find_terminal(self, terminal_id: UUID) -> Terminal | None:
        """A terminal by its id, revoked or not."""
        return self.terminals.get(terminal_id.int)

    def get_terminal(self, terminal_id: UUID) -> Terminal:
        """A terminal in service; refuses TERMINAL_IS_UNKNOWN, then TERMINAL_IS_REVOKED."""
        terminal = self.terminals.get(terminal_id.int)
        if terminal is None:
            raise Refused(Reason.TERMINAL_IS_UNKNOWN)
        if terminal.revoked_at is not None:
            raise Refused(Reason.TERMINAL_IS_REVOKED)
        return terminal

    def find_provider(self, provider_id: UUID) -> Provider | None:
        """A provider by its id."""
        return self.providers.get(provider_id.int)

    def get_provider(self, provider_id: UUID) -> Provider:
        """A provider by its id; refuses PROVIDER_IS_UNKNOWN."""
        provider = self.providers.get(provider_id.int)
        if provider is None:
            raise Refused(Reason.PROVIDER_IS_UNKNOWN)
        return provider

    def find_recognition(self, *, from_region: str, to_region: str, item: Item, on: date) -> Recognition | None:
        """What makes a region's cards count in another for an item: a row for the item, else one for its class."""
        subjects = ((RecognitionScope.ITEM, item.code), (RecognitionScope.CLASS, item.item_class.value))
        for scope, subject in subjects:
            for recognition in self.recognitions.get((from_region, to_region, scope, subject), ()):
                if recognition.is_in_force(on):
                    return recognition
        return None
