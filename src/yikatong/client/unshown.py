"""Values that do not show their secrets when they are printed or logged."""

from typing import Any, ClassVar

from msgspec import Struct


class Unshown(Struct, frozen=True, kw_only=True):
    """A value whose fields named in `secret_fields` are left out of its representation."""

    secret_fields: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The fields as a pretty printer shows them."""
        return [(name, "…" if name in self.secret_fields else getattr(self, name)) for name in self.__struct_fields__]
