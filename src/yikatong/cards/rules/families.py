"""Guardians, and the relatives whose e-cards a holder may show (亲情服务). The two published limits are data."""

from collections.abc import Sequence

import msgspec

from yikatong.cards.model import FamilyKind, FamilyListName, Reason
from yikatong.cards.rules.application import ADULT_FROM_AGE

ELDERLY_FROM_AGE = 60
CHILD_UNTIL_AGE = 18


class FamilyList(msgspec.Struct, frozen=True, kw_only=True):
    """A published limit: places in all and by kind; from which age a relative shows their face, under which a photo."""

    places_max: int
    places_by_kind: dict[FamilyKind, int]
    photo_under_age: int
    face_from_age: int | None


FAMILY_LISTS: dict[FamilyListName, FamilyList] = {
    FamilyListName.TEN_PLACES: FamilyList(
        places_max=10,
        places_by_kind={
            FamilyKind.ELDERLY: 4,
            FamilyKind.CHILD: 3,
            FamilyKind.SPOUSE: 1,
            FamilyKind.OTHER: 2,
        },
        photo_under_age=16,
        face_from_age=None,
    ),
    FamilyListName.EIGHT_RELATIVES: FamilyList(
        places_max=8,
        places_by_kind={FamilyKind.SPOUSE: 1},
        photo_under_age=ADULT_FROM_AGE,
        face_from_age=ADULT_FROM_AGE,
    ),
}


def decide_guardian(*, guardian_age: int, ward_age: int) -> Reason | None:
    """Say why somebody may not be recorded as a guardian, or None.

    Refuses, in this order: GUARDIAN_MUST_BE_ADULT, RESIDENT_IS_NOT_A_MINOR.
    """
    if guardian_age < ADULT_FROM_AGE:
        return Reason.GUARDIAN_MUST_BE_ADULT
    if ward_age >= ADULT_FROM_AGE:
        return Reason.RESIDENT_IS_NOT_A_MINOR
    return None


def decide_family_member(
    *,
    limits: FamilyList,
    kind: FamilyKind,
    taken: Sequence[FamilyKind],
    age: int,
    face_matched: bool,
    has_photo: bool,
) -> Reason | None:
    """Say why a relative may not be added to the kinds already taken, or None.

    Refuses, in this order:
        FAMILY_MEMBER_KIND_DOES_NOT_FIT  an elderly one under 60, a child of 18, a spouse under 18
        FAMILY_PLACES_ARE_TAKEN          in all, then of this kind
        FAMILY_MEMBER_MUST_SHOW_FACE     of the age at which the list asks for a face check
        FAMILY_MEMBER_NEEDS_PHOTO        under the age at which the list asks for a photo
    """
    if not _kind_fits(kind, age=age):
        return Reason.FAMILY_MEMBER_KIND_DOES_NOT_FIT
    if len(taken) >= limits.places_max:
        return Reason.FAMILY_PLACES_ARE_TAKEN
    if kind in limits.places_by_kind and taken.count(kind) >= limits.places_by_kind[kind]:
        return Reason.FAMILY_PLACES_ARE_TAKEN
    if limits.face_from_age is not None and age >= limits.face_from_age and not face_matched:
        return Reason.FAMILY_MEMBER_MUST_SHOW_FACE
    if age < limits.photo_under_age and not has_photo:
        return Reason.FAMILY_MEMBER_NEEDS_PHOTO
    return None


def _kind_fits(kind: FamilyKind, *, age: int) -> bool:
    if kind is FamilyKind.ELDERLY:
        return age >= ELDERLY_FROM_AGE
    if kind is FamilyKind.CHILD:
        return age < CHILD_UNTIL_AGE
    return kind is not FamilyKind.SPOUSE or age >= ADULT_FROM_AGE
