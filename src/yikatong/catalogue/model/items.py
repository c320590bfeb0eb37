"""The application item list: scenes, classes, forms, what may be learnt, and an entry with its terms."""

import re
from datetime import date
from enum import StrEnum

import msgspec

from yikatong.kernel.outcomes import Change
from yikatong.kernel.periods import is_in_force


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
    (用卡形式). `line` names who serves it: a service line, or `desk` for what a counter does without a tap; None while
    nobody does. `least_strength` is 1 shown, 2 answered, 3 confirmed; `assurance_level` 0 none, 1 phone, 2 real name,
    3 face, 4 face and password. `funding` is tried in order: `benefit:<code>`, `purse`, `bank`. `amount_fen_max` is 0
    for an item without an amount; above `confirm_above_fen` the resident confirms first. `clause` says where the terms
    come from.
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
        return is_in_force(self, on)

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
