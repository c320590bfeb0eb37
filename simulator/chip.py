"""The chip of a plastic card: it keeps a key, counts its signatures, and knows the password typed into it."""

from datetime import datetime

from yikatong.codes import service as codes
from yikatong.codes.model import Asked, ChipPresentation
from yikatong.kernel.ids import TerminalId
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, PublicKey, SigningKey

PIN_TRIES = 6


class ChipIsLocked(Exception):  # noqa: N818  a chip that answers no more is no fault of the program
    """Too many wrong passwords were typed into the chip."""


class Chip:
    """A card in the hand of its holder."""

    def __init__(self, *, card_number: str, region: str, pin: str, key: SigningKey | None = None) -> None:
        """Make a chip with a key of its own, or the one given by the card maker."""
        self.card_number = card_number
        self.region = region
        self._pin = pin
        self._key = key or trust.new_signing_key(Algorithm.ES256)
        self._counter = 0
        self._tries_left = PIN_TRIES

    @property
    def public_key(self) -> PublicKey:
        """The public half, as the card maker returns it."""
        return self._key.public_key

    def present(self, asked: Asked, *, terminal_id: TerminalId, now: datetime, pin: str | None = None) -> bytes:
        """Sign what a terminal asks; with the right password the chip says so, without one it says that too.

        Raises ValueError for a wrong password, ChipIsLocked after six in a row.
        """
        if pin is not None:
            self._try_pin(pin)
        self._counter += 1
        return codes.sign_chip(
            ChipPresentation(
                card_number=self.card_number,
                region=self.region,
                asked=asked,
                terminal_id=terminal_id,
                made_at=now,
                counter=self._counter,
                pin_verified=pin is not None,
            ),
            self._key,
        )

    def _try_pin(self, pin: str) -> None:
        if self._tries_left == 0:
            raise ChipIsLocked
        if pin != self._pin:
            self._tries_left -= 1
            raise ValueError("the chip refuses this password")
        self._tries_left = PIN_TRIES
