"""A terminal without a network: it asks, verifies, journals, says yes or a named no, and uploads when it can."""

import secrets
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import msgspec

from yikatong.codes.model import Asked, Challenge, OfflineAllowance
from yikatong.codes.rules.challenge import write_challenge
from yikatong.codes.rules.chip import read_chip
from yikatong.codes.rules.chip_certificate import certify_presentation
from yikatong.codes.rules.reading import read_code_of_any_age
from yikatong.codes.rules.status import block_and_place
from yikatong.kernel.base64url import write_base64url
from yikatong.kernel.ids import TerminalId, show_id
from yikatong.kernel.instants import epoch_ms, from_epoch_ms
from yikatong.kernel.outcomes import Refused
from yikatong.terminal.lists import HeldLists
from yikatong.terminal.memory import MEMORY_ID_BYTES, Memory
from yikatong.terminal.model import (
    Admitted,
    Asking,
    Case,
    ChallengeMade,
    Reason,
    Shown,
    Standing,
    Upload,
    Uploaded,
)
from yikatong.terminal.platform import Platform
from yikatong.terminal.rules import (
    decide_shown,
    left_of,
    show_chip,
    show_code,
    verify_allowance,
    verify_item,
    verify_standing,
)
from yikatong.trust.model import PublicKey, SigningKey, StatusList

CHALLENGE_LIFE = timedelta(minutes=3)
REMEMBERS = timedelta(days=45)
"""Longer than acceptance (30 days) and upload term (14 days) together: by then no allowance of that time counts."""
_NONCE_BYTES = 8
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class OfflineTerminal:
    """One terminal over a memory. Terminals of one place open the same file and so see what the others took."""

    def __init__(
        self,
        memory: Memory,
        *,
        region: str,
        terminal_id: TerminalId,
        signing_key: SigningKey,
        roots: tuple[PublicKey, ...],
        now: Callable[[], datetime] | None = None,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`signing_key` signs challenges, as it was registered; `roots` are pinned when the terminal is installed.

        `now` is the terminal's clock, that of the machine when left out.
        """
        self._memory = memory
        self._region = region
        self._terminal_id = terminal_id
        self._signing_key = signing_key
        self._now = now or _machine_time
        self._random_bytes = random_bytes
        self.lists = HeldLists(memory, roots=roots, region=region, terminal_id=terminal_id, now=self._now())

    def fetch(self, platform: Platform) -> None:
        """Fetch everything newer, in the order in which one is verified by the other; what is refused changes nothing.

        Raises PlatformIsAway, and Refused for what is not genuine or older than what is held.
        """
        self.lists.hold_trust_list(platform.trust_list(), now=self._now())
        if not self._fetch_deltas(platform):
            self.lists.hold_status_lists(self._region, platform.status_lists(self._region), now=self._now())
        self.lists.hold_sheet(platform.sheet(), now=self._now())

    def _fetch_deltas(self, platform: Platform) -> bool:
        """Bring the status lists up to date by deltas; whether that could be done, else whole lists are fetched."""
        issued_at = self.lists.edition_issued_at(self._region)
        deltas = None if issued_at is None else platform.status_deltas(self._region, since=issued_at)
        if deltas is None:
            return False
        try:
            self.lists.hold_status_deltas(self._region, deltas, now=self._now())
        except Refused:
            return False
        return True

    def challenge(self, item: str, amount_fen: int | None = None) -> ChallengeMade:
        """Make a till's code for a wallet to scan; good for 3 minutes and one answer.

        Refuses as `verify_standing`, then as `verify_item`.
        """
        now = self._now()
        sheet = verify_standing(self._standing(), now=now)
        entry = verify_item(sheet, item=item, amount_fen=amount_fen)
        challenge = Challenge(
            nonce=self._random_bytes(_NONCE_BYTES),
            amount_fen=amount_fen or 0,
            payee_id=sheet.payee_id,
            item_number=entry.number,
            region=self._region,
            terminal_id=self._terminal_id,
            payee_name=sheet.payee_name,
            item_name=entry.name,
            made_at=now,
            expires_at=now + CHALLENGE_LIFE,
        )
        with self._memory.writing():
            self._memory.ask(challenge, terminal=self._terminal_id, expires_at=challenge.expires_at)
        return ChallengeMade(write_challenge(challenge, self._signing_key), challenge.nonce.hex())

    def tap(self, *, item: str, code: str, amount_fen: int | None = None, answers: str | None = None) -> Admitted:
        """Admit a tap by a card code, or refuse it; what is admitted is on the disk when this returns.

        `answers` is the nonce of the challenge that the code answers. Whoever repeats an admitted code is refused with
        CODE_WAS_SEEN_BEFORE: after a power failure `admitted` says whether the yes was reached.
        Refuses as `verify_standing`, `verify_item`, `read_code_of_any_age`, `decide_shown`, `verify_allowance`, in this
        order.
        """
        asking = Asking(item=item, amount_fen=amount_fen, answers=answers)
        return self._admit(
            asking, code, lambda now: show_code(read_code_of_any_age(code, regions=self.lists.view(now=now)))
        )

    def tap_chip(
        self, *, item: str, chip: bytes, certificate: bytes, answers: str, amount_fen: int | None = None
    ) -> Admitted:
        """Admit a tap by the chip of a plastic card, which answers the challenge of nonce `answers`, or refuse it.

        `certificate` is what the reader finds on the chip beside its key. For the rest as `tap`; refuses as
        `verify_standing`, `verify_item`, `read_chip`, `certify_presentation`, `decide_shown`, `verify_allowance`.
        """

        def show(now: datetime) -> Shown:
            return show_chip(
                certify_presentation(
                    read_chip(chip), certificate, regions=self.lists.view(now=now), terminal_id=self._terminal_id
                )
            )

        return self._admit(Asking(item=item, amount_fen=amount_fen, answers=answers), chip, show)

    def tap_attested(self) -> NoReturn:
        """Refuse ATTESTED_IS_NOT_SERVED_OFFLINE: nothing signed that a terminal holds could bear an operator out."""
        raise Refused(Reason.ATTESTED_IS_NOT_SERVED_OFFLINE)

    def _admit(self, asking: Asking, presented: str | bytes, show: Callable[[datetime], Shown]) -> Admitted:
        now = from_epoch_ms(epoch_ms(self._now()))
        with self._memory.writing():
            sheet = verify_standing(self._standing(), now=now)
            entry = verify_item(sheet, item=asking.item, amount_fen=asking.amount_fen)
            shown = show(now)
            case = Case(
                item=entry,
                amount_fen=asking.amount_fen,
                shown=shown,
                asked=self._asked(asking, item_number=entry.number, now=now),
                was_seen=self._memory.was_seen(made_at=shown.made_at, alias=shown.holder, nonce=shown.nonce),
                status_list=self._status_of(shown, now=now),
            )
            reason = decide_shown(case, now=now)
            if reason is not None:
                raise Refused(reason)
            taken = self._memory.taken(uploaded=sheet.uploaded)
            allowance = verify_allowance(sheet, case, taken=taken, now=now)
            return self._write(shown, presented=presented, asking=asking, allowance=allowance, now=now)

    def _status_of(self, shown: Shown, *, now: datetime) -> StatusList | None:
        if shown.certified is None:
            return None
        return self.lists.status_list(shown.region, block_and_place(shown.certified.status_index)[0], now=now)

    def left_fen(self) -> dict[str, int]:
        """What may still be taken of each allowance of the sheet, by the allowance's id."""
        sheet = self.lists.sheet
        if sheet is None:
            return {}
        taken = self._memory.taken(uploaded=sheet.uploaded)
        return {show_id("allowance", one.id): left_of(one, taken) for one in sheet.allowances}

    def admitted(self) -> list[Upload]:
        """What waits to be uploaded, in order, each with its signed code."""
        return [msgspec.json.decode(body, type=Upload) for _, body in self._memory.pending(self._terminal_id)]

    def answered(self) -> list[Uploaded]:
        """What the platform said of what was uploaded, in order."""
        return self._memory.answers(self._terminal_id)

    def upload(self, platform: Platform) -> list[Uploaded]:
        """Upload what waits, in order; each answer is on the disk before the next goes out.

        Raises PlatformIsAway; what was not answered goes out again as the same bytes, and is done once.
        """
        answers = []
        for _, body in self._memory.pending(self._terminal_id):
            said = platform.upload(body)
            with self._memory.writing():
                self._memory.answer(self._terminal_id, said)
            answers.append(said)
        return answers

    def forget(self) -> None:
        """Forget what no longer decides anything: codes and answered taps of more than 45 days ago.

        Days are counted to the latest time that was seen, not to a clock that may have run ahead.
        """
        with self._memory.writing():
            latest_seen_at = self._standing().latest_seen_at
            if latest_seen_at > _NEVER:
                self._memory.forget(before=min(self._now(), latest_seen_at) - REMEMBERS)

    def _standing(self) -> Standing:
        seen = self.lists.latest_issued_at()
        accepted = self._memory.latest_accepted_at()
        return Standing(
            sheet=self.lists.sheet,
            trust_list=self.lists.trust_list,
            latest_seen_at=max([*seen, accepted or _NEVER], default=_NEVER),
        )

    def _asked(self, asking: Asking, *, item_number: int, now: datetime) -> Asked | None:
        """What was asked under a nonce, with the item and amount that are served now; None when nothing was."""
        if asking.answers is None:
            return None
        asked = self._memory.asked(bytes.fromhex(asking.answers), terminal=self._terminal_id, now=now)
        if asked is None:
            return None
        return msgspec.structs.replace(asked, item_number=item_number, amount_fen=asking.amount_fen or 0)

    def _next_sequence(self) -> int:
        """The next number; a memory that was put back from an older copy goes on behind what the sheet has of it."""
        sheet = self.lists.sheet
        lines = () if sheet is None else sheet.uploaded
        uploaded = (
            one.sequence for one in lines if (one.terminal_id, one.memory) == (self._terminal_id, self._memory.id)
        )
        return max(self._memory.next_sequence(self._terminal_id), 1 + max(uploaded, default=0))

    def _write(
        self,
        shown: Shown,
        *,
        presented: str | bytes,
        asking: Asking,
        allowance: OfflineAllowance | None,
        now: datetime,
    ) -> Admitted:
        """Journal an admitted tap: its number, what was presented as evidence, the spent challenge, what it takes."""
        memory, sequence = self._memory, self._next_sequence()
        request_id = f"offline-{memory.id.hex()}-{sequence}"
        upload = Upload(
            memory=memory.id.hex(),
            sequence=sequence,
            request_id=request_id,
            item=asking.item,
            code=presented if isinstance(presented, str) else None,
            chip=None if isinstance(presented, str) else write_base64url(presented),
            accepted_at=now,
            amount_fen=asking.amount_fen,
            answers=asking.answers if shown.answer is not None else None,
            allowance=None if allowance is None else show_id("allowance", allowance.id),
        )
        memory.see(made_at=shown.made_at, alias=shown.holder, nonce=shown.nonce)
        if shown.answer is not None:
            memory.spend(shown.answer.nonce)
        memory.write_tap(
            terminal=self._terminal_id,
            sequence=sequence,
            allowance_id=None if allowance is None else allowance.id,
            amount_fen=asking.amount_fen,
            accepted_at=now,
            body=msgspec.json.encode(upload),
        )
        return Admitted(
            sequence=sequence,
            request_id=request_id,
            item=asking.item,
            amount_fen=asking.amount_fen,
            allowance_id=None if allowance is None else allowance.id,
            accepted_at=now,
        )


def open_memory(file: Path, *, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Memory:
    """Open the memory of a terminal, or of the terminals of one place; raises MemoryIsNotReadable."""
    try:
        return Memory.open(file, new_id=random_bytes(MEMORY_ID_BYTES))
    except sqlite3.DatabaseError as fault:
        raise MemoryIsNotReadable(str(fault)) from None


class MemoryIsNotReadable(Exception):  # noqa: N818  a state of the file, not a fault of the program
    """The file is no memory of a terminal, or its disk lost what it had said was written."""


def _machine_time() -> datetime:
    return datetime.now(UTC)
