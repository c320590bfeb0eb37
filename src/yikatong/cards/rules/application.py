"""Who may apply for a card, and who may do it for them (Xiong'an application rules)."""

from yikatong.cards.model import Reason, ResidentStatus

APPLIES_ALONE_FROM_AGE = 16
PHOTO_FROM_AGE = 7
ADULT_FROM_AGE = 18


def decide_standing(status: ResidentStatus) -> Reason | None:
    """Say why a resident cannot be served by reason of who they are now: deceased, or settled abroad."""
    if status is ResidentStatus.DEAD:
        return Reason.RESIDENT_IS_DECEASED
    if status is ResidentStatus.LEFT:
        return Reason.RESIDENT_HAS_LEFT
    return None


def decide_application(
    *, status: ResidentStatus, age: int, holds_card: bool, is_first: bool, by_guardian: bool, has_photo: bool
) -> Reason | None:
    """Say why a card may not be applied for, or None. `age` is in completed years.

    Refuses, in this order:
        RESIDENT_IS_DECEASED, RESIDENT_HAS_LEFT
        RESIDENT_ALREADY_HOLDS_A_CARD  one person may not hold two
        GUARDIAN_MUST_APPLY            a first card under 16 without a recorded guardian
        PHOTO_IS_REQUIRED              from seven years of age; younger children get a default picture
    """
    refused = decide_standing(status)
    if refused is not None:
        return refused
    if holds_card:
        return Reason.RESIDENT_ALREADY_HOLDS_A_CARD
    if is_first and age < APPLIES_ALONE_FROM_AGE and not by_guardian:
        return Reason.GUARDIAN_MUST_APPLY
    if age >= PHOTO_FROM_AGE and not has_photo:
        return Reason.PHOTO_IS_REQUIRED
    return None
