"""How a decision ends: done, already so, or refused for a named reason."""

from enum import Enum
from typing import Any, NamedTuple, Self


class ReasonText(NamedTuple):
    """What a refusal says to people.

    `status` is the HTTP status that carries it; `en` and `zh` say what happened;
    `remedy_en` and `remedy_zh` say what was kept and what to do next.
    """

    status: int
    en: str
    zh: str
    remedy_en: str
    remedy_zh: str


class Reason(Enum):
    """A refusal's name: a sentence in capitals. Each room subclasses it in its `model`.

    Two members with the same words would be one member with two names, so that is refused when the class is made.
    """

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        aliases = [name for name, member in cls.__members__.items() if member.name != name]
        if aliases:
            raise ValueError(f"reasons of {cls.__module__} with the same words as another: {', '.join(aliases)}")

    @property
    def text(self) -> ReasonText:
        """The words of this reason."""
        words: ReasonText = self.value
        return words


class Refused(Exception):  # noqa: N818  a refusal is an answer, not a fault of the program
    """A named refusal, raised by whatever must not be ignored.

    `about` carries facts the caller may show (never a secret, an ID number or an account number).
    """

    def __init__(self, reason: Reason, **about: str | int) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.about = about

    def __reduce__(self) -> tuple[Any, ...]:
        """What takes it from one process to another: its reason and what it is about."""
        return _refused_there, (self.reason, self.about)


def _refused_there(reason: Reason, about: dict[str, str | int]) -> Refused:
    return Refused(reason, **about)


class Change(Enum):
    """What a command did: it changed something, or things were already so."""

    DONE = "done"
    ALREADY_SO = "already_so"

    @classmethod
    def of(cls, changed: bool) -> Self:
        """DONE when `changed`, else ALREADY_SO."""
        return cls("done" if changed else "already_so")
