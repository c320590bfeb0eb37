"""What routes of cards take and give, and how they are written."""

from datetime import date, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from yikatong.cards.model import CardState, FamilyKind, GuardianRelation, ResidentStatus
from yikatong.kernel.ids import ResidentIdText
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.http import CallerKind, ChangeAnswer, Route, RouteKind

IdNumberText = Annotated[
    str,
    Meta(
        min_length=15,
        max_length=18,
        description="ID number, also the social security number",
        examples=["99010119550307003X"],
    ),
]
NameText = Annotated[str, Meta(min_length=1, max_length=60, examples=["王秀英"])]
PhoneText = Annotated[str, Meta(max_length=16, examples=["13800000000"])]
AddressText = Annotated[str, Meta(max_length=70, examples=["珞璜镇亭亭社区一栋一单元"])]
DivisionText = Annotated[str, Meta(pattern="^[0-9]{6}([0-9]{3}){0,2}$", examples=["500116"])]
ClassText = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9_]{1,31}$", description="class of concession", examples=["senior"])
]


class RegisterBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person to be registered."""

    division: DivisionText
    name: NameText
    id_number: IdNumberText
    id_type: Annotated[str, Meta(pattern="^(1|8|16|18|19)$", description="certificate code", examples=["1"])] = "1"
    nation: Annotated[str, Meta(pattern="^[0-9]{2}$", description="GB/T 3304", examples=["01"])] = "01"
    phone: PhoneText = ""
    address: AddressText = ""


class RegisteredAnswer(Struct, frozen=True, kw_only=True):
    """The resident, registered now or already."""

    resident_id: ResidentIdText
    change: Change


class SearchBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to find."""

    id_number: IdNumberText


class FoundAnswer(Struct, frozen=True, kw_only=True):
    """Who bears the number."""

    resident_id: ResidentIdText
    division: str
    status: ResidentStatus


class PersonQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to show."""

    whole: Annotated[bool, Meta(description="true shows the fields unmasked")] = False


class PersonAnswer(Struct, frozen=True, kw_only=True):
    """A resident and the personal fields, masked unless asked for whole."""

    resident_id: ResidentIdText
    region: str
    division: str
    status: ResidentStatus
    name: str
    id_number: str
    sex: str
    birth: date | None
    nation: str
    phone: str
    address: str


class ContactBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New phone and address; empty removes one."""

    phone: PhoneText
    address: AddressText


class EventAnswer(Struct, frozen=True, kw_only=True):
    """One change of a card's state."""

    card_id: str
    command: str
    state_before: CardState | None
    state_after: CardState
    reason: str
    by_kind: str
    at: datetime


class EventsAnswer(Struct, frozen=True, kw_only=True):
    """Every change of state of a resident's cards, in order."""

    events: tuple[EventAnswer, ...]


class GuardianBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is the guardian; relation 21 father-son, 22 father-daughter, 31 mother-son, 32 mother-daughter, 0 other."""

    guardian_id: ResidentIdText
    relation: GuardianRelation


class GuardianAnswer(Struct, frozen=True, kw_only=True):
    """One guardian."""

    guardian_id: ResidentIdText
    relation: GuardianRelation


class RelativeAnswer(Struct, frozen=True, kw_only=True):
    """One relative in a family service."""

    member_id: ResidentIdText
    kind: FamilyKind


class FamilyAnswer(Struct, frozen=True, kw_only=True):
    """Guardians and family service of a resident."""

    guardians: tuple[GuardianAnswer, ...]
    members: tuple[RelativeAnswer, ...]


class ConcessionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A concession and the day before which it holds."""

    class_: ClassText
    valid_until: Annotated[date, Meta(examples=["2031-01-01"])]


class ConcessionAnswer(Struct, frozen=True, kw_only=True):
    """One concession and its days; `valid_until` is exclusive."""

    class_: str
    granted_on: date
    valid_until: date


class ConcessionsAnswer(Struct, frozen=True, kw_only=True):
    """A resident's concessions, past ones too."""

    concessions: tuple[ConcessionAnswer, ...]


def command(method: str, path: str, name: str, en: str, zh: str, **parts: Any) -> Route:
    """A command of cards; operators may call it and it answers whether anything changed, unless `parts` say else."""
    return Route(
        method=method,
        path=path,
        name=name,
        tag="cards",
        summary_en=en,
        summary_zh=zh,
        kind=RouteKind.COMMAND,
        **{"callers": (CallerKind.OPERATOR,), "answer": ChangeAnswer, **parts},
    )


def look(path: str, name: str, en: str, zh: str, **parts: Any) -> Route:
    """A look at a person by an operator, who says why."""
    return Route(
        path=path,
        name=name,
        tag="cards",
        summary_en=en,
        summary_zh=zh,
        kind=RouteKind.QUERY,
        callers=(CallerKind.OPERATOR,),
        permission="cards.read",
        looks=True,
        **{"method": "GET", **parts},
    )
