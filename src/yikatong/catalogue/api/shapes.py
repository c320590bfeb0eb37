"""What goes in and out of the catalogue's HTTP routes."""

from base64 import urlsafe_b64encode
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.catalogue.model import (
    DataKind,
    Form,
    Item,
    ItemClass,
    Place,
    Provider,
    ProviderKind,
    Recognition,
    RecognitionScope,
    Scene,
    Terminal,
)
from yikatong.kernel.ids import PlaceIdText, ProviderIdText, TerminalIdText, show_id
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.kernel.outcomes import Change
from yikatong.places.model import DivisionCodeText

ItemCode = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=24,
        description="code of an item of the application item list (应用事项)",
        examples=["community-meal"],
    ),
]
NameZh = Annotated[str, Meta(min_length=1, max_length=120, examples=["亭亭社区食堂"])]
NameEn = Annotated[str, Meta(max_length=120, examples=["Tingting community canteen"])]
Label = Annotated[str, Meta(min_length=1, max_length=120, examples=["收银台1号"])]
LimitFen = Annotated[int, Meta(ge=0, le=AMOUNT_FEN_MAX, description="fen (分)", examples=[500000])]
CreditCodeText = Annotated[
    str,
    Meta(
        min_length=18,
        max_length=18,
        description="unified social credit code (统一社会信用代码, GB 32100)",
        examples=["91350100M000100Y43"],
    ),
]
BankReference = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z][A-Za-z0-9._:-]{2,63}$",
        description="the settlement bank's own handle for the account, never its number",
        examples=["settle-tingting-canteen"],
    ),
]
FundingWord = Annotated[
    str,
    Meta(pattern="^(bank|purse|benefit:[a-z0-9]+(-[a-z0-9]+)*)$", max_length=40, examples=["benefit:elder-meal"]),
]
PublicKeyText = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9_-]+$",
        max_length=400,
        description="base64url, without padding, of the COSE_Key (RFC 9052) whose private half signs challenges",
        examples=["pAECIAEhWCBlnEpsAn-_UFU06y47dp5GV3NBAxVQb2K0uKgsiGTkOCL1"],
    ),
]
Purposes = Annotated[tuple[Scene, ...], Meta(min_length=1, max_length=20)]
Learns = Annotated[tuple[DataKind, ...], Meta(max_length=20)]
ItemCodes = Annotated[tuple[ItemCode, ...], Meta(min_length=1, max_length=200)]


class ItemQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For which region and day to show an item."""

    region: DivisionCodeText = "000000"
    on: Annotated[date | None, Meta(description="the day asked about; today when left out")] = None


class ItemsQuery(ItemQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which items to list."""

    search: Annotated[str, Meta(max_length=60, description="in codes, names and aliases", examples=["图书"])] = ""
    scene: Scene | None = None
    item_class: ItemClass | None = None
    form: Form | None = None
    served: Annotated[bool | None, Meta(description="true: a service line of this platform serves it")] = None
    after: Annotated[str, Meta(max_length=24, description="`next_after` of the page before")] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class ItemsAnswer(Struct, frozen=True):
    """A page of the application item list; `next_after` is null on the last page."""

    items: tuple[Item, ...]
    next_after: str | None


class PublishItemBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An entry for the item list of the caller's region."""

    code: ItemCode
    list_version: Annotated[str, Meta(min_length=1, max_length=60, examples=["2026-11"])]
    source: Annotated[str, Meta(min_length=1, max_length=300, description="the document that names the item")]
    name_zh: Annotated[str, Meta(min_length=1, max_length=120, examples=["社区食堂用餐"])]
    name_en: Annotated[str, Meta(min_length=1, max_length=200, examples=["Community canteen meal"])]
    aliases: Annotated[tuple[Annotated[str, Meta(max_length=120)], ...], Meta(max_length=20)] = ()
    scenario_zh: Annotated[str, Meta(min_length=1, max_length=400, description="业务场景说明")]
    place_zh: Annotated[str, Meta(min_length=1, max_length=200, description="应用场所")]
    forms: Annotated[tuple[Form, ...], Meta(min_length=1, max_length=6, description="用卡形式")]
    item_class: ItemClass
    scene: Scene
    line: Annotated[str, Meta(pattern="^[a-z][a-z_]{0,31}$", examples=["retail"])] | None = None
    least_strength: Annotated[int, Meta(ge=1, le=3, description="1 shown, 2 answered, 3 confirmed")]
    assurance_level: Annotated[int, Meta(ge=0, le=4)]
    learns: Annotated[tuple[DataKind, ...], Meta(min_length=1, max_length=20)]
    funding: Annotated[tuple[FundingWord, ...], Meta(max_length=10)] = ()
    amount_required: bool = False
    amount_fen_max: LimitFen = 0
    confirm_above_fen: LimitFen | None = None
    clause: Annotated[str, Meta(max_length=400)] = ""
    valid_from: date
    valid_until: date | None = None


class EndItemBody(Struct, frozen=True, forbid_unknown_fields=True):
    """When an entry ends: the first day on which it no longer counts."""

    until: date


class PublishedItemAnswer(Struct, frozen=True):
    """An entry as it now stands."""

    change: Change
    item: Item


class ProviderBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An organisation to register in the caller's region."""

    credit_code: CreditCodeText
    name_zh: NameZh
    name_en: NameEn = ""
    kind: ProviderKind
    receivable_limit_fen: LimitFen = 0
    bank_reference: BankReference | None = None


class ProviderView(Struct, frozen=True, kw_only=True):
    """A provider (服务机构)."""

    id: ProviderIdText
    region: DivisionCodeText
    credit_code: CreditCodeText
    name_zh: str
    name_en: str
    kind: ProviderKind
    receivable_limit_fen: int
    bank_reference: str | None
    registered_at: datetime


class ProviderAnswer(Struct, frozen=True):
    """A provider as it now stands."""

    change: Change
    provider: ProviderView


class PlaceBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a provider serves."""

    provider_id: ProviderIdText
    division: DivisionCodeText
    name_zh: NameZh
    name_en: NameEn = ""


class PlaceView(Struct, frozen=True, kw_only=True):
    """A place (服务场所) of a provider."""

    id: PlaceIdText
    provider_id: ProviderIdText
    division: DivisionCodeText
    name_zh: str
    name_en: str
    registered_at: datetime


class PlaceAnswer(Struct, frozen=True):
    """A place as it now stands."""

    change: Change
    place: PlaceView


class PurposesBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a terminal is for, what it may learn, and which items it serves (null: all of its purposes)."""

    purposes: Purposes
    learns: Learns = ()
    items: ItemCodes | None = None


class TerminalBody(PurposesBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A terminal to register at a place of a provider."""

    provider_id: ProviderIdText
    place_id: PlaceIdText
    label: Label
    public_key: PublicKeyText


class TerminalView(Struct, frozen=True, kw_only=True):
    """A terminal (终端): what it is for and what it may learn."""

    id: TerminalIdText
    provider_id: ProviderIdText
    place_id: PlaceIdText
    region: DivisionCodeText
    label: str
    purposes: tuple[Scene, ...]
    learns: tuple[DataKind, ...]
    items: tuple[str, ...] | None
    algorithm: str
    public_key: str
    registered_at: datetime
    revoked_at: datetime | None


class TerminalAnswer(Struct, frozen=True, kw_only=True):
    """A terminal as it now stands. `token` is the secret key it calls with: shown once, null when already so."""

    change: Change
    terminal: TerminalView
    token: str | None = None


class TerminalsAnswer(Struct, frozen=True):
    """The terminals of a provider, oldest first."""

    terminals: tuple[TerminalView, ...]


class RecognisedBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose cards count in the caller's region, and for what."""

    from_region: DivisionCodeText
    scope: RecognitionScope
    subject: Annotated[str, Meta(max_length=24, description="an item class or an item code", examples=["payment"])]


class RecognitionBody(RecognisedBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another region's cards shall count in the caller's region."""

    valid_from: date
    valid_until: date | None = None


class EndRecognitionBody(RecognisedBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When another region's cards stop counting in the caller's region: the first day on which they no longer do."""

    until: date


class RecognitionsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose recognitions to list: those a region gives or enjoys, or all."""

    region: DivisionCodeText | None = None


class RecognitionsAnswer(Struct, frozen=True):
    """Recognitions between regions."""

    recognitions: tuple[Recognition, ...]


def show_provider(provider: Provider) -> ProviderView:
    """A provider as the outside sees it."""
    return ProviderView(
        id=show_id("provider", provider.id),
        region=provider.region,
        credit_code=provider.credit_code,
        name_zh=provider.name_zh,
        name_en=provider.name_en,
        kind=provider.kind,
        receivable_limit_fen=provider.receivable_limit_fen,
        bank_reference=provider.bank_reference,
        registered_at=provider.registered_at,
    )


def show_place(place: Place) -> PlaceView:
    """A place as the outside sees it."""
    return PlaceView(
        id=show_id("place", place.id),
        provider_id=show_id("provider", place.provider_id),
        division=place.division,
        name_zh=place.name_zh,
        name_en=place.name_en,
        registered_at=place.registered_at,
    )


def show_terminal(terminal: Terminal) -> TerminalView:
    """A terminal as the outside sees it."""
    return TerminalView(
        id=show_id("terminal", terminal.id),
        provider_id=show_id("provider", terminal.provider_id),
        place_id=show_id("place", terminal.place_id),
        region=terminal.region,
        label=terminal.label,
        purposes=terminal.purposes,
        learns=terminal.learns,
        items=terminal.items,
        algorithm=terminal.algorithm,
        public_key=urlsafe_b64encode(terminal.public_key).rstrip(b"=").decode(),
        registered_at=terminal.registered_at,
        revoked_at=terminal.revoked_at,
    )
