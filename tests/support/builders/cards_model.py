"""A small model of one resident's card and e-card, written without the tables of rules, to judge them by."""

from dataclasses import dataclass, replace

COMMANDS = (
    "make",
    "activate",
    "temporary_loss",
    "formal_loss",
    "release",
    "lock",
    "unlock",
    "issue",
    "associate",
    "replace",
    "apply",
    "cancel",
)

DONE, SO = "done", "already_so"


@dataclass(frozen=True)
class ReferenceCard:
    """What a resident holds; `made`, `loss`, `locked` and `ended` together say the card's state.

    `e_card` is none, good or rests; a lost card may be found again here, as in a region that allows it.
    """

    made: bool = False
    activated: bool = False
    loss: str = ""
    locked: bool = False
    ended: bool = False
    e_card: str = "none"

    @property
    def state(self) -> str:
        """The state by its name."""
        if self.ended:
            return "cancelled"
        if not self.made:
            return "making"
        if not self.activated:
            return "sealed"
        return self.loss or ("locked" if self.locked else "active")

    @property
    def why_not(self) -> str:
        """Why a command that wants a card in order is refused."""
        return {
            "cancelled": "CARD_IS_CANCELLED",
            "making": "CARD_IS_BEING_MADE",
            "sealed": "CARD_IS_NOT_ACTIVE",
            "temporarily_lost": "CARD_IS_TEMPORARILY_REPORTED_LOST",
            "lost": "CARD_IS_REPORTED_LOST",
            "locked": "CARD_IS_LOCKED",
            "active": "",
        }[self.state]

    def after(self, command: str) -> tuple["ReferenceCard", str]:
        """The holding after a command, and what the command answered."""
        changed, answer = getattr(self, "_" + command)()
        if changed.state != "active" and changed.e_card == "good":
            changed = replace(changed, e_card="rests")
        return changed, answer

    def _make(self) -> tuple["ReferenceCard", str]:
        if self.state == "making":
            return replace(self, made=True), DONE
        return self, "NO_CARDS_WAIT_TO_BE_MADE"

    def _activate(self) -> tuple["ReferenceCard", str]:
        if self.state == "sealed":
            return replace(self, activated=True), DONE
        return self, self.why_not or SO

    def _temporary_loss(self) -> tuple["ReferenceCard", str]:
        if self.loss and not self.ended:
            return self, SO
        return (self, self.why_not) if self.why_not else (replace(self, loss="temporarily_lost"), DONE)

    def _formal_loss(self) -> tuple["ReferenceCard", str]:
        if self.state == "lost":
            return self, SO
        if self.why_not and self.state != "temporarily_lost":
            return self, self.why_not
        return replace(self, loss="lost"), DONE

    def _release(self) -> tuple["ReferenceCard", str]:
        if self.loss and not self.ended:
            return replace(self, loss=""), DONE
        return self, self.why_not or SO

    def _lock(self) -> tuple["ReferenceCard", str]:
        if self.state == "locked":
            return self, SO
        return (self, self.why_not) if self.why_not else (replace(self, locked=True), DONE)

    def _unlock(self) -> tuple["ReferenceCard", str]:
        if self.state == "locked":
            return replace(self, locked=False), DONE
        return self, self.why_not or SO

    def _issue(self) -> tuple["ReferenceCard", str]:
        if self.why_not:
            return self, self.why_not.replace("BEING_MADE", "NOT_ACTIVE")
        if self.e_card == "rests":
            return self, "ECARD_IS_SUSPENDED"
        return (self, SO) if self.e_card == "good" else (replace(self, e_card="good"), DONE)

    def _associate(self) -> tuple["ReferenceCard", str]:
        if self.why_not:
            return self, self.why_not.replace("BEING_MADE", "NOT_ACTIVE")
        if self.e_card == "none":
            return self, "ECARD_IS_NOT_ISSUED"
        return (self, SO) if self.e_card == "good" else (replace(self, e_card="good"), DONE)

    def _replace(self) -> tuple["ReferenceCard", str]:
        if self.state in ("making", "temporarily_lost", "cancelled"):
            return self, self.why_not
        # Every card here is younger than six months: only a lost one is replaced.
        if self.state != "lost":
            return self, "REPLACEMENT_IS_TOO_SOON"
        return ReferenceCard(e_card=self.e_card), DONE

    def _apply(self) -> tuple["ReferenceCard", str]:
        return (ReferenceCard(), DONE) if self.ended else (self, "RESIDENT_ALREADY_HOLDS_A_CARD")

    def _cancel(self) -> tuple["ReferenceCard", str]:
        return (self, SO) if self.ended else (replace(self, ended=True, e_card="none"), DONE)
