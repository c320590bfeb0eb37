"""Cards as the counter asks of them: from application to the end, e-cards, and production batches."""

from datetime import date, datetime
from typing import ClassVar

from msgspec import Struct

from yikatong.client.answers import Changed, Pending
from yikatong.client.calls import Calls
from yikatong.client.unshown import Unshown
from yikatong.kernel.outcomes import Change


class Limits(Struct, frozen=True, kw_only=True):
    """What a shown code may pay, and whether payments are frozen."""

    tap_limit_fen: int
    day_limit_fen: int
    unknown_posture_allowed: bool
    payments_are_frozen: bool


class Card(Unshown, frozen=True, kw_only=True):
    """A resident's card and e-card as they stand."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"card_number", "bank_card_tail"})

    card_id: str
    card_number: str | None
    state: str
    official_code: str
    bank_code: str
    issued_on: date | None
    expires_on: date | None
    e_card_id: str | None
    e_card_state: str
    level: int | None
    valid_until: date | None
    channels: tuple[str, ...]
    bank_card_tail: str | None
    limits: Limits


class Applied(Struct, frozen=True, kw_only=True):
    """The card that will be made."""

    card_id: str


class Replaced(Struct, frozen=True, kw_only=True):
    """The card that ended and the one that will be made."""

    old_card_id: str
    new_card_id: str


class Cancelled(Struct, frozen=True, kw_only=True):
    """The card that ended, where its holder's purse goes, and how much was moved."""

    change: Change
    card_id: str
    balance: str
    moved_fen: int


class ECardIssued(Struct, frozen=True, kw_only=True):
    """The e-card, issued now or already."""

    e_card_id: str
    change: Change


class CardBatch(Struct, frozen=True, kw_only=True):
    """A batch of cards at the card maker, or back."""

    batch_id: str
    batch_number: str
    card_count: int
    state: str
    made_count: int | None
    made_at: datetime
    returned_at: datetime | None


class CardBatchFile(Unshown, frozen=True, kw_only=True):
    """What bank and card maker get, in CSV."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"file"})

    file: str


class CardReturn(Struct, frozen=True, kw_only=True):
    """What a return file brought."""

    change: Change
    made_count: int
    failed_count: int


class CardRule(Struct, frozen=True, kw_only=True):
    """What a region has decided for itself about cards."""

    formal_loss_can_be_released: bool
    replacement_wait_months: int
    family_list: str


class Cards:
    """What an operator asks about cards."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def view(self, resident_id: str, *, purpose: str) -> Card:
        """A resident's card and e-card; the look is kept with its purpose."""
        return self._calls.ask(_of(resident_id), Card, purpose=purpose)

    def apply(
        self, resident_id: str, *, bank_code: str, has_photo: bool = True, guardian_id: str | None = None
    ) -> Applied:
        """Apply for a card; a guardian applies for a child under 16."""
        body = {"bank_code": bank_code, "has_photo": has_photo, "guardian_id": guardian_id}
        return self._calls.command("POST", _of(resident_id) + "/application", Applied, body=body)

    def activate(self, resident_id: str) -> Changed:
        """Hand a card out and activate it."""
        return self._calls.command("POST", _of(resident_id) + "/activation", Changed)

    def report_loss(self, resident_id: str, *, formal: bool) -> Changed:
        """Report a card lost; its codes stop at once. A formal report may be final in the region."""
        return self._calls.command("POST", _of(resident_id) + "/loss", Changed, body={"formal": formal})

    def release_loss(self, resident_id: str) -> Changed:
        """Release a loss report."""
        return self._calls.command("POST", _of(resident_id) + "/release", Changed)

    def lock(self, resident_id: str, *, reason: str) -> Changed:
        """Lock a card; the reason holds nothing personal."""
        return self._calls.command("POST", _of(resident_id) + "/lock", Changed, body={"reason": reason})

    def unlock(self, resident_id: str, *, reason: str) -> Changed:
        """Unlock a card."""
        return self._calls.command("POST", _of(resident_id) + "/unlock", Changed, body={"reason": reason})

    def replace(self, resident_id: str, *, why: str, has_photo: bool = False, bank_code: str | None = None) -> Replaced:
        """Replace a card; `why` is the official code: 1 damaged, 5 other, 6 expired, 7 face data changed."""
        body = {"why": why, "has_photo": has_photo, "bank_code": bank_code}
        return self._calls.command("POST", _of(resident_id) + "/replacement", Replaced, body=body)

    def cancel(self, resident_id: str, *, why: str) -> Pending:
        """Ask to end a card without a successor; approved, it answers a `Cancelled`."""
        return self._calls.command("POST", _of(resident_id) + "/cancellation", Pending, body={"why": why})

    def issue_e_card(self, resident_id: str, *, password: str, channel: str = "wallet") -> ECardIssued:
        """Issue the e-card at level 1 with the password that the resident typed."""
        body = {"password": password, "channel": channel}
        return self._calls.command("POST", _e_card_of(resident_id), ECardIssued, body=body)

    def associate_e_card(self, resident_id: str) -> Changed:
        """Associate a suspended e-card again."""
        return self._calls.command("POST", _e_card_of(resident_id) + "/association", Changed)

    def bind_bank_account(self, resident_id: str, *, bank_card_number: str, phone: str) -> Changed:
        """Bind the card's bank account: level 2."""
        body = {"bank_card_number": bank_card_number, "phone": phone}
        return self._calls.command("POST", _e_card_of(resident_id) + "/bank-account", Changed, body=body)

    def reset_password(self, resident_id: str, *, password: str) -> Changed:
        """Set a new e-card password that the resident typed."""
        return self._calls.command("PUT", _e_card_of(resident_id) + "/password", Changed, body={"password": password})

    def make_batch(self, *, cards_max: int = 1000) -> CardBatch:
        """Put waiting cards into a production batch."""
        return self._calls.command("POST", "/v1/card-batches", CardBatch, body={"cards_max": cards_max})

    def view_batch(self, batch_id: str) -> CardBatch:
        """A production batch."""
        return self._calls.ask(f"/v1/card-batches/{batch_id}", CardBatch)

    def write_batch_file(self, batch_id: str, *, purpose: str) -> CardBatchFile:
        """The file that bank and card maker get; every person in it is looked at."""
        return self._calls.ask(f"/v1/card-batches/{batch_id}/file", CardBatchFile, purpose=purpose)

    def read_return(self, batch_id: str, *, file: str) -> CardReturn:
        """Read the card maker's return file in, whole or not at all."""
        return self._calls.command("POST", f"/v1/card-batches/{batch_id}/return", CardReturn, body={"file": file})

    def get_rule(self, region: str) -> CardRule:
        """What a region has decided about cards."""
        return self._calls.ask(f"/v1/regions/{region}/card-rule", CardRule)

    def put_rule(self, region: str, rule: CardRule) -> Pending:
        """Ask to decide for a region about cards; approved, it answers a `Changed`."""
        body = {name: getattr(rule, name) for name in rule.__struct_fields__}
        return self._calls.command("PUT", f"/v1/regions/{region}/card-rule", Pending, body=body)


def _of(resident_id: str) -> str:
    return f"/v1/residents/{resident_id}/card"


def _e_card_of(resident_id: str) -> str:
    return f"/v1/residents/{resident_id}/e-card"
