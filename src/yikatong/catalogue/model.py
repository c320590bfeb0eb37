"""The application item list, providers, places, terminals: frozen values, and the view of them that taps use."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

import msgspec

from yikatong.catalogue.reasons import Reason
from yikatong.kernel.ids import PlaceId, ProviderId, TerminalId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places.model import enclosing_codes

__all__ = [
    "DataKind",
    "Form",
    "FormBasis",
    "Item",
    "ItemClass",
    "ItemTerms",
    "Place",
    "Provider",
    "ProviderKind",
    "PublishedItem",
    "Reason",
    "Recognition",
    "RecognitionKey",
    "RecognitionScope",
    "RegisteredPlace",
    "RegisteredProvider",
    "RegisteredTerminal",
    "Scene",
    "SceneGroup",
    "Snapshot",
    "Terminal",
    "is_item_code",
    "scene_group",
]


class SceneGroup(StrEnum):
    """Scenes that share no show key, so that their providers cannot compare notes."""

    TRANSIT = "transit"
    HEALTH = "health"
    RETAIL = "retail"
    PLACES = "places"


class Scene(StrEnum):
    """What part of life an item belongs to; also what a terminal may be for."""

    HR = "hr"
    CARD = "card"
    BENEFITS = "benefits"
    HEALTH = "health"
    TRANSIT = "transit"
    CULTURE = "culture"
    GOVERNMENT = "government"
    COMMUNITY = "community"
    EDUCATION = "education"
    UTILITIES = "utilities"
    RETAIL = "retail"


_GROUP_OF_SCENE = {
    Scene.TRANSIT: SceneGroup.TRANSIT,
    Scene.HEALTH: SceneGroup.HEALTH,
    Scene.COMMUNITY: SceneGroup.RETAIL,
    Scene.UTILITIES: SceneGroup.RETAIL,
    Scene.RETAIL: SceneGroup.RETAIL,
}


def scene_group(scene: Scene) -> SceneGroup:
    """The group whose show key a wallet uses in a scene; everything that is not named is a place one enters."""
    return _GROUP_OF_SCENE.get(scene, SceneGroup.PLACES)


class ItemClass(StrEnum):
    """The published classes of card use (类别)."""

    IDENTITY = "identity"
    """Identity voucher 身份凭证."""
    QUERY = "query"
    """Self query 自助查询."""
    PAYMENT = "payment"
    """Paying a fee or a purchase 缴费, 金融支付."""
    BENEFIT = "benefit"
    """Receiving a benefit 待遇领取."""
    SETTLEMENT = "settlement"
    """Medical settlement 就医结算."""
    RECORD = "record"
    """Information kept in or behind the card 信息记录."""


class Form(StrEnum):
    """How a card is used for an item (用卡形式)."""

    CARD = "card"
    QR = "qr"
    FACE = "face"
    ONLINE = "online"
    ACCOUNT = "account"
    DOCUMENT = "document"


class FormBasis(StrEnum):
    """Whether the source states the forms, or they follow from the class of the item."""

    STATED = "stated"
    CLASS_RULE = "class_rule"


class DataKind(StrEnum):
    """What a terminal may learn of the resident."""

    PRESENCE_ONLY = "presence_only"
    HOME_REGION = "home_region"
    AGE_BAND = "age_band"
    CONCESSION = "concession"
    NAME_MASKED = "name_masked"
    NAME = "name"
    CARD_NUMBER = "card_number"
    INSURED_PERSON = "insured_person"
    ID_NUMBER = "id_number"


_ITEM_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ITEM_CODE_LENGTH_MAX = 24


def is_item_code(text: str) -> bool:
    """Whether a text has the form of an item's code: words of small letters and digits, joined by hyphens."""
    return len(text) <= ITEM_CODE_LENGTH_MAX and _ITEM_CODE.fullmatch(text) is not None


class ItemTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry of the application item list (应用项目清单) says, for a region or for the whole country ("000000").

    The four legal columns are the name (应用事项), `scenario_zh` (业务场景说明), `place_zh` (应用场所) and `forms`
    (用卡形式). `line` names the service line that serves it, None while none does. `least_strength` is 1 shown,
    2 answered, 3 confirmed; `assurance_level` 0 none, 1 phone, 2 real name, 3 face, 4 face and password. `funding` is
    tried in order: `benefit:<code>`, `purse`, `bank`. `amount_fen_max` is 0 for an item without an amount; above
    `confirm_above_fen` the resident confirms first. `clause` says where the terms come from.
    """

    code: str
    region: str
    list_version: str
    source: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()
    scenario_zh: str
    place_zh: str
    forms: tuple[Form, ...]
    form_basis: FormBasis = FormBasis.STATED
    item_class: ItemClass
    scene: Scene
    line: str | None = None
    least_strength: int
    assurance_level: int
    learns: tuple[DataKind, ...]
    funding: tuple[str, ...] = ()
    amount_required: bool = False
    amount_fen_max: int = 0
    confirm_above_fen: int | None = None
    clause: str = ""
    valid_from: date
    valid_until: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Whether the entry counts on a day."""
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)

    def item_key(self) -> tuple[str, str]:
        """Region and code: of these, one entry counts on a day."""
        return (self.region, self.code)

    def is_of(self, list_name: str) -> bool:
        """Whether the entry came by a version of a list; list versions read `<name> <version>`."""
        return self.list_version.startswith(list_name + " ")

    def search_text(self) -> str:
        """What a search looks through: code, names and aliases, in small letters."""
        return "\n".join((self.code, self.name_zh, self.name_en, *self.aliases)).casefold()


class Item(ItemTerms, frozen=True, kw_only=True):
    """An entry of the application item list, with the small number that stands for its code where bytes count."""

    number: int


class PublishedItem(msgspec.Struct, frozen=True):
    """An entry as it now stands on the list."""

    change: Change
    item: Item


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
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


areas_of = lru_cache(maxsize=4096)(enclosing_codes)
"""The areas whose lists count in a region, nearest first; kept, because every tap asks."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the tap path asks of the catalogue, in memory, as of one catalogue version.

    Items keep their future and past entries, so one snapshot serves across midnight.
    """

    version: int
    items: Mapping[tuple[str, str], tuple[Item, ...]]
    code_of_number: Mapping[int, str]
    terminals: Mapping[UUID, Terminal]
    providers: Mapping[UUID, Provider]
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

    def find_item_by_number(self, region: str, number: int, on: date | None = None) -> Item | None:
        """As `find_item`, by the number inside a card code's answer."""
        code = self.code_of_number.get(number)
        return None if code is None else self.find_item(region, code, on)

    def get_item(self, region: str, code: str, on: date | None = None) -> Item:
        """As `find_item`; refuses ITEM_IS_NOT_ON_THE_LIST."""
        item = self.find_item(region, code, on)
        if item is None:
            raise Refused(Reason.ITEM_IS_NOT_ON_THE_LIST, item=code, region=region)
        return item

    def find_terminal(self, terminal_id: UUID) -> Terminal | None:
        """A terminal by its id, revoked or not."""
        return self.terminals.get(terminal_id)

    def get_terminal(self, terminal_id: UUID) -> Terminal:
        """A terminal in service; refuses TERMINAL_IS_UNKNOWN, then TERMINAL_IS_REVOKED."""
        terminal = self.terminals.get(terminal_id)
        if terminal is None:
            raise Refused(Reason.TERMINAL_IS_UNKNOWN)
        if terminal.revoked_at is not None:
            raise Refused(Reason.TERMINAL_IS_REVOKED)
        return terminal

    def find_provider(self, provider_id: UUID) -> Provider | None:
        """A provider by its id."""
        return self.providers.get(provider_id)

    def get_provider(self, provider_id: UUID) -> Provider:
        """A provider by its id; refuses PROVIDER_IS_UNKNOWN."""
        provider = self.providers.get(provider_id)
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
