"""A resident in a story: the person, the card in the pocket, the phone in the hand."""

import secrets
from collections import Counter
from datetime import date
from uuid import UUID

import msgspec

from simulator.chip import Chip
from simulator.http_wallet import Holder, HttpWallet
from simulator.stories.stage import Stage
from simulator.stories.telling import Both
from yikatong.cards.rules.passwords import decide_password
from yikatong.kernel.identifiers.resident_id import make_id_number
from yikatong.kernel.ids import read_id


def draw_password(*, id_number: str) -> str:
    """Six digits that a wallet takes: somebody whose first choice is refused chooses another."""
    drawn = ""
    while decide_password(drawn, id_number=id_number) is not None:
        drawn = f"{secrets.randbelow(1_000_000):06d}"
    return drawn


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Who someone is in a story; `age` counts back from the day it is played."""

    key: str
    name_zh: str
    name_en: str
    age: int
    is_woman: bool
    role_zh: str
    role_en: str
    has_phone: bool = True
    guardian: str | None = None
    relation: str | None = None
    bank_balance_fen: int | None = None
    purse_fen: int = 0
    meals_fen: int = 0
    limits_fen: tuple[int, int] | None = None

    @property
    def name(self) -> Both:
        """The name in both languages."""
        return Both(self.name_zh, self.name_en)


class Neighbour:
    """A part as it is played; `heard` counts what the platform had to tell them before the first tap."""

    resident_id: str
    chip: Chip
    pin: str
    bank_card_number: str
    phone: HttpWallet

    def __init__(self, part: Part, *, today: date, number: int) -> None:
        """`number` tells people born on one day apart; the ID number is of the unassigned division 9901xx."""
        self.part = part
        self.heard: Counter[str] = Counter()
        born_on = date(today.year - part.age, 1 + number % 10, 1 + number % 27)
        sequence = 2 * secrets.randbelow(500) + (0 if part.is_woman else 1)
        self.id_number = make_id_number(area=f"9901{secrets.randbelow(100):02d}", born_on=born_on, sequence=sequence)
        self.password = draw_password(id_number=self.id_number)
        self.mobile = f"199{secrets.randbelow(100_000_000):08d}"

    @property
    def uuid(self) -> UUID:
        """The resident's id, as messages name it."""
        return read_id("resident", self.resident_id)

    def take_phone(self, stage: Stage) -> None:
        """Get a phone with the wallet's app on it."""
        holder = Holder(name=self.part.name_zh, id_number=self.id_number)
        self.phone = HttpWallet(
            platform=stage.platform,
            outside=stage.outside,
            holder=holder,
            password=self.password,
            clock=stage.clock,
        )
