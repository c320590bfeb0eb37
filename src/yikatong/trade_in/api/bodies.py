"""What routes of a trade-in take."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.kernel.ids import ClaimIdText
from yikatong.kernel.money import AmountFen
from yikatong.places.model import DivisionCodeText

VehicleCodeText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32,
        description="whole-vehicle code (整车编码): 15 digits, from frame and certificate",
        examples=["117622400000001"],
    ),
]
ModelText = Annotated[str, Meta(max_length=60, description="model (型号), as on the certificate", examples=["TDT-01Z"])]
Facts = Annotated[
    dict[
        Annotated[str, Meta(pattern="^[a-z][a-z_]{1,39}$")],
        Annotated[str, Meta(min_length=1, max_length=400)],
    ],
    Meta(
        max_length=30,
        description="facts of the programme that this party states, as `yikatong decide` takes them",
        examples=[{"old_is_plated": "yes"}],
    ),
]
ProofText = Annotated[
    str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the proof in hexadecimal", examples=["0" * 63 + "1"])
]
PageSize = Annotated[int, Meta(ge=1, le=200)]


class RequestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step; the same request again is already so, another under its id is refused."""

    request_id: UUID


class StepBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step and the day on which it happened."""

    on: date


class ApplicationBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resident asks to be qualified for one old bike at one place."""

    place: DivisionCodeText
    old_code: VehicleCodeText
    facts: Facts


class SubmitBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim is submitted, or mended and submitted again, with the papers that were given."""

    facts: Facts = {}


class ReceiveBody(StepBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An old bike is received: its code as read from the frame."""

    old_code: VehicleCodeText
    facts: Facts = {}


class DismantleBody(StepBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An old bike is dismantled, with the digest of its proof (拆解证明)."""

    proof: ProofText


class SaleBody(StepBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new bike is sold: price after discounts and before the subsidy, tax included."""

    price_fen: AmountFen
    new_code: VehicleCodeText
    model: ModelText = ""
    facts: Facts = {}


class RegisterBody(StepBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new bike got its plate: its code as registered."""

    new_code: VehicleCodeText
    facts: Facts = {}


class CheckBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the department saw for itself; the formula decides with everything that is known."""

    facts: Facts = {}


class MendBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim is sent back to be mended before a day; the usual term when left out."""

    until: date | None = None


class PayBackBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of what a store owes is taken back."""

    fen: AmountFen


class ClaimsOfPlaceQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of claims of a place, in order of id."""

    place: DivisionCodeText
    after: ClaimIdText | None = None
    limit: PageSize = 100


class ByCodeQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code of the old or the new bike."""

    code: VehicleCodeText
