"""Ids of access in addresses and bodies: read, or refused as unknown."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from yikatong.access.model import Reason
from yikatong.plumbing.http import read_or_refuse

Region = Annotated[str, Meta(pattern="^[0-9]{6}$", description="division code of the region", examples=["500116"])]
LoginName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]{1,63}$", examples=["li.na"])]
DisplayName = Annotated[
    str, Meta(min_length=1, max_length=64, description="as colleagues know them", examples=["窗口3"])
]
RoleName = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,39}$", examples=["counter"])]
NewPassword = Annotated[str, Meta(min_length=12, max_length=128, examples=["correct-horse-battery"])]
Divisions = Annotated[
    tuple[Annotated[str, Meta(pattern="^[0-9]{2,6}$", examples=["500116"])], ...],
    Meta(max_length=50, description="prefixes of division codes; none means the whole region", examples=[["500116"]]),
]
Permissions = Annotated[
    tuple[Annotated[str, Meta(pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$", examples=["desk.*"])], ...],
    Meta(max_length=100, examples=[["desk.*", "cards.read"]]),
]
PageSize = Annotated[int, Meta(ge=1, le=200, description="how many at most")]


def read_operator_id(text: str) -> UUID:
    """An operator's id; refuses OPERATOR_IS_UNKNOWN."""
    return read_or_refuse("operator", text, reason=Reason.OPERATOR_IS_UNKNOWN)


def read_key_id(text: str) -> UUID:
    """A key's id; refuses ACCESS_KEY_ID_IS_UNKNOWN."""
    return read_or_refuse("key", text, reason=Reason.ACCESS_KEY_ID_IS_UNKNOWN)
