"""The four tracks of a claim: the claim itself, the old bike, its plate, the new bike."""

from enum import StrEnum


class ClaimState(StrEnum):
    """How a claim stands. The last four are ends; `paid` is one unless goods or money come back."""

    DRAFT = "draft"
    QUALIFIED = "qualified"
    SUBMITTED = "submitted"
    CHECKED = "checked"
    PUBLISHED = "published"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REFUNDED = "refunded"
    RECLAIMED = "reclaimed"


class OldState(StrEnum):
    """Where the old bike is. Handed in means anywhere but with its owner."""

    OWNED = "owned"
    IN_STORE = "in_store"
    AT_RECYCLER = "at_recycler"
    DISMANTLED = "dismantled"


class PlateState(StrEnum):
    """Whether the old bike has a plate that is still registered."""

    NONE = "none"
    REGISTERED = "registered"
    CANCELLED = "cancelled"


class NewState(StrEnum):
    """How the new bike stands."""

    NOT_BOUGHT = "not_bought"
    SOLD = "sold"
    REGISTERED = "registered"
    RETURNED = "returned"


class Mode(StrEnum):
    """How the money reaches the resident: taken off at the till, or claimed and paid later."""

    DEDUCT_AT_SALE = "deduct_at_sale"
    CLAIM_LATER = "claim_later"
