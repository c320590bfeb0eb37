"""The catalogue as partners and counters ask it: items, providers, places, terminals, recognitions."""

from datetime import date, datetime
from typing import ClassVar

from msgspec import Struct

from yikatong.client.answers import Changed, Pending
from yikatong.client.calls import Calls
from yikatong.client.unshown import Unshown
from yikatong.kernel.outcomes import Change


class Item(Struct, frozen=True, kw_only=True):
    """An entry of the application item list (应用事项); `number` stands for its code where bytes count.

    `least_strength` is 1 shown, 2 answered, 3 confirmed. `amount_fen_max` is 0 for an item without an amount.
    """

    number: int
    code: str
    region: str
    list_version: str
    source: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...]
    scenario_zh: str
    place_zh: str
    forms: tuple[str, ...]
    form_basis: str
    item_class: str
    scene: str
    line: str | None
    least_strength: int
    assurance_level: int
    learns: tuple[str, ...]
    funding: tuple[str, ...]
    amount_required: bool
    amount_fen_max: int
    confirm_above_fen: int | None
    clause: str
    valid_from: date
    valid_until: date | None


class ItemDraft(Struct, frozen=True, kw_only=True):
    """An entry to put on the list of the operator's region."""

    code: str
    list_version: str
    source: str
    name_zh: str
    name_en: str
    scenario_zh: str
    place_zh: str
    forms: tuple[str, ...]
    item_class: str
    scene: str
    least_strength: int
    assurance_level: int
    learns: tuple[str, ...]
    valid_from: date
    valid_until: date | None = None
    aliases: tuple[str, ...] = ()
    line: str | None = None
    funding: tuple[str, ...] = ()
    amount_required: bool = False
    amount_fen_max: int = 0
    confirm_above_fen: int | None = None
    clause: str = ""


class ItemPublished(Struct, frozen=True):
    """An entry as it now stands."""

    change: Change
    item: Item


class ItemsPage(Struct, frozen=True):
    """A page of the list; `next_after` is None on the last one."""

    items: tuple[Item, ...]
    next_after: str | None


class Provider(Struct, frozen=True, kw_only=True):
    """A provider (服务机构)."""

    id: str
    region: str
    credit_code: str
    name_zh: str
    name_en: str
    kind: str
    receivable_limit_fen: int
    bank_reference: str | None
    registered_at: datetime


class ProviderRegistered(Struct, frozen=True):
    """A provider as it now stands."""

    change: Change
    provider: Provider


class Place(Struct, frozen=True, kw_only=True):
    """A place (服务场所) of a provider."""

    id: str
    provider_id: str
    division: str
    name_zh: str
    name_en: str
    registered_at: datetime


class PlaceRegistered(Struct, frozen=True):
    """A place as it now stands."""

    change: Change
    place: Place


class TerminalView(Struct, frozen=True, kw_only=True):
    """A terminal (终端): what it is for and what it may learn; `items` None means all of its purposes."""

    id: str
    provider_id: str
    place_id: str
    region: str
    label: str
    purposes: tuple[str, ...]
    learns: tuple[str, ...]
    items: tuple[str, ...] | None
    algorithm: str
    public_key: str
    registered_at: datetime
    revoked_at: datetime | None


class TerminalRegistered(Unshown, frozen=True, kw_only=True):
    """A terminal as it now stands; `token` is the secret key it calls with, None when it was already so."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    change: Change
    terminal: TerminalView
    token: str | None


class TerminalsOfProvider(Struct, frozen=True):
    """The terminals of a provider, oldest first."""

    terminals: tuple[TerminalView, ...]


class Recognition(Struct, frozen=True, kw_only=True):
    """Cards of one region count in another, for a class of items or one item."""

    from_region: str
    to_region: str
    scope: str
    subject: str
    valid_from: date
    valid_until: date | None


class Recognitions(Struct, frozen=True):
    """Recognitions between regions."""

    recognitions: tuple[Recognition, ...]


class Catalogue:
    """What is asked about the catalogue; who may is the platform's to say."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Partner`."""
        self._calls = calls

    def list_items(
        self,
        *,
        region: str,
        on: date | None = None,
        search: str = "",
        scene: str | None = None,
        served: bool | None = None,
        after: str = "",
        limit: int = 100,
    ) -> ItemsPage:
        """A page of the items that count in a region; open to anyone."""
        return self._calls.ask(
            "/v1/items", ItemsPage, region=region, on=on, search=search, scene=scene, served=served, after=after,
            limit=limit,
        )  # fmt: skip

    def get_item(self, code: str, *, region: str, on: date | None = None) -> Item:
        """One item; open to anyone."""
        return self._calls.ask(f"/v1/items/{code}", Item, region=region, on=on)

    def publish_item(self, draft: ItemDraft) -> ItemPublished:
        """Put an entry on the list of the operator's region."""
        return self._calls.command("POST", "/v1/items", ItemPublished, body=draft)

    def end_item(self, code: str, *, until: date) -> ItemPublished:
        """End an entry: `until` is the first day on which it no longer counts."""
        return self._calls.command("POST", f"/v1/items/{code}/end", ItemPublished, body={"until": until})

    def list_recognitions(self, *, region: str | None = None) -> Recognitions:
        """Which regions recognise whose cards for what; open to anyone."""
        return self._calls.ask("/v1/recognitions", Recognitions, region=region)

    def set_recognition(
        self, *, from_region: str, scope: str, subject: str, valid_from: date, valid_until: date | None = None
    ) -> Changed:
        """Let another region's cards count in the operator's region."""
        body = {
            "from_region": from_region,
            "scope": scope,
            "subject": subject,
            "valid_from": valid_from,
            "valid_until": valid_until,
        }
        return self._calls.command("POST", "/v1/recognitions", Changed, body=body)

    def end_recognition(self, *, from_region: str, scope: str, subject: str, until: date) -> Changed:
        """Stop accepting another region's cards, from a day on."""
        body = {"from_region": from_region, "scope": scope, "subject": subject, "until": until}
        return self._calls.command("POST", "/v1/recognitions/end", Changed, body=body)

    def register_provider(
        self,
        *,
        credit_code: str,
        name_zh: str,
        kind: str,
        name_en: str = "",
        receivable_limit_fen: int = 0,
        bank_reference: str | None = None,
    ) -> Pending:
        """Ask to register a provider; approved, it answers a `ProviderRegistered`."""
        body = {
            "credit_code": credit_code,
            "name_zh": name_zh,
            "name_en": name_en,
            "kind": kind,
            "receivable_limit_fen": receivable_limit_fen,
            "bank_reference": bank_reference,
        }
        return self._calls.command("POST", "/v1/providers", Pending, body=body)

    def get_provider(self, provider_id: str) -> Provider:
        """A provider of the caller's region; staff see their own."""
        return self._calls.ask(f"/v1/providers/{provider_id}", Provider)

    def list_terminals(self, provider_id: str) -> TerminalsOfProvider:
        """The terminals of a provider."""
        return self._calls.ask(f"/v1/providers/{provider_id}/terminals", TerminalsOfProvider)

    def register_place(self, *, provider_id: str, division: str, name_zh: str, name_en: str = "") -> PlaceRegistered:
        """Register a place of a provider."""
        body = {"provider_id": provider_id, "division": division, "name_zh": name_zh, "name_en": name_en}
        return self._calls.command("POST", "/v1/places", PlaceRegistered, body=body)

    def register_terminal(
        self,
        *,
        provider_id: str,
        place_id: str,
        label: str,
        public_key: str,
        purposes: tuple[str, ...],
        learns: tuple[str, ...] = (),
        items: tuple[str, ...] | None = None,
    ) -> TerminalRegistered:
        """Register a terminal; `public_key` is its COSE_Key in base64url, its token is shown once."""
        body = {
            "provider_id": provider_id,
            "place_id": place_id,
            "label": label,
            "public_key": public_key,
            "purposes": purposes,
            "learns": learns,
            "items": items,
        }
        return self._calls.command("POST", "/v1/terminals", TerminalRegistered, body=body)

    def get_terminal(self, terminal_id: str) -> TerminalView:
        """A terminal of the caller's region; staff see their provider's, a terminal itself."""
        return self._calls.ask(f"/v1/terminals/{terminal_id}", TerminalView)

    def allow_purposes(
        self,
        terminal_id: str,
        *,
        purposes: tuple[str, ...],
        learns: tuple[str, ...] = (),
        items: tuple[str, ...] | None = None,
    ) -> Changed:
        """Set what a terminal is for, what it may learn, and which items it serves (None: all of its purposes)."""
        body = {"purposes": purposes, "learns": learns, "items": items}
        return self._calls.command("POST", f"/v1/terminals/{terminal_id}/purposes", Changed, body=body)

    def revoke_terminal(self, terminal_id: str) -> Pending:
        """Ask to take a terminal out of service for good; approved, it answers a `Changed`."""
        return self._calls.command("POST", f"/v1/terminals/{terminal_id}/revoke", Pending)
