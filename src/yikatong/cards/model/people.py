"""Residents, the personal fields, families and concessions, and who does a command."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

import msgspec

from yikatong.cards.model.states import FamilyKind, FamilyListName, GuardianRelation, ResidentStatus
from yikatong.kernel.ids import ResidentId
from yikatong.plumbing.ids import Ids


class RegionRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a region has decided for itself about cards."""

    formal_loss_can_be_released: bool = False
    replacement_wait_months: int = 6
    family_list: FamilyListName = FamilyListName.TEN_PLACES


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the installation decided for cards.

    `synthetic_allowed` admits made-up residents of the unassigned division 9901xx.
    """

    bucket_count: int = 1
    synthetic_allowed: bool = False
    devices_max: int = 5


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does a command: the kind of caller (`operator`, `wallet`, `job`, `taps`) and its id."""

    kind: str
    id: UUID


class CardStep(TypedDict):
    """What every step of a card's life is told: whose card it is, who takes the step, when, and new ids."""

    bucket: int
    resident_id: ResidentId
    by: Actor
    now: datetime
    ids: Ids


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The personal fields, unsealed.

    `id_type` is the certificate code (1: resident ID card), `nation` the code of GB/T 3304 (01 to 56).
    """

    name: str
    id_number: str
    id_type: str
    sex: str
    birth: date
    nation: str
    phone: str
    address: str

    def __repr__(self) -> str:
        return "Person(sealed)"


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The personal fields as a form gives them; sex and birth date stand in the ID number."""

    name: str
    id_number: str
    id_type: str = "1"
    nation: str = "01"
    phone: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return "NewPerson(sealed)"


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A person served, without anything personal."""

    bucket: int
    id: ResidentId
    region: str
    division: str
    status: ResidentStatus
    made_at: datetime
    status_at: datetime


class Guardian(msgspec.Struct, frozen=True, kw_only=True):
    """One guardian of a ward."""

    resident_id: ResidentId
    guardian_id: ResidentId
    relation: GuardianRelation
    made_at: datetime


class FamilyMember(msgspec.Struct, frozen=True, kw_only=True):
    """A relative whose e-card a holder may show."""

    resident_id: ResidentId
    member_id: ResidentId
    kind: FamilyKind
    made_at: datetime


class Concession(msgspec.Struct, frozen=True, kw_only=True):
    """A concession and its days; `class_` is never told to a terminal that learns only that one is valid."""

    resident_id: ResidentId
    class_: str
    granted_on: date
    valid_until: date
