"""What organisations outside must answer for cards. Adapters over HTTP, and the simulator, stand behind these."""

from enum import StrEnum
from typing import Protocol

import msgspec


class FaceAnswer(StrEnum):
    """What a face check says of a live face, a name and an ID number."""

    MATCHED = "matched"
    ANOTHER_PERSON = "another_person"
    NOT_LIVE = "not_live"
    NAME_DOES_NOT_MATCH = "name_does_not_match"


class FaceCheck(Protocol):
    """A real-person check with liveness (实人认证)."""

    async def compare_face(self, *, name: str, id_number: str, face: str) -> FaceAnswer:
        """Compare a captured face with the register's picture.

        `face` is the capture's opaque reference as the device got it from the check's own component; it names one
        liveness session and is good once.
        """
        ...


class AccountVerdict(StrEnum):
    """What a bank says of an account, a name and a phone."""

    GOOD = "good"
    NOT_THE_HOLDERS = "not_the_holders"
    NOT_ACTIVE = "not_active"
    ANOTHER_PHONE = "another_phone"


class AccountAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A bank's answer; `token` and `tail` (last four digits) are there when the verdict is GOOD."""

    verdict: AccountVerdict
    token: str = ""
    tail: str = ""


class BankAccounts(Protocol):
    """The name-account check (户名账号核验) of the card's bank."""

    async def confirm_account(
        self, *, bank_code: str, bank_card_number: str, name: str, id_number: str, phone: str
    ) -> AccountAnswer:
        """Say whether an account is the person's, active, and kept with this phone; give a token that stands for it."""
        ...
