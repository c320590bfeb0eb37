"""A region, a till and wallets in no database: what tests of a terminal without a network share."""

from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from uuid import UUID

import msgspec

from simulator.chip import Chip
from simulator.wallet import Certified
from tests.support.world import NOON, FixedClock
from yikatong.codes.model import (
    Asked,
    ChipCertificate,
    CodeKind,
    OfflineAllowance,
    OfflineItem,
    OfflineSheet,
    Posture,
    SceneGroup,
    StatusDelta,
    UploadedLine,
)
from yikatong.codes.rules.certificate import issue_certificate
from yikatong.codes.rules.challenge import read_challenge
from yikatong.codes.rules.chip_certificate import sign_chip_certificate
from yikatong.codes.rules.code import mint_code, write_code
from yikatong.codes.rules.sheet import key_digest, sign_sheet
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, status_list_name
from yikatong.codes.rules.status_delta import changes_between, edition_digest, sign_status_delta
from yikatong.kernel.ids import ProviderId, TerminalId
from yikatong.terminal.memory import Memory
from yikatong.terminal.model import Admitted
from yikatong.terminal.offline import OfflineTerminal, open_memory
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, RegionKey, Standing, StatusList, TrustList

REGION = "990101"
TILL = TerminalId(UUID(int=0x71))
MEAL, ENTRY, DESK = "meal", "entry", "desk"
PIN = "739164"
ROOT, REGION_KEY, TILL_KEY = (trust.new_signing_key(Algorithm.ES256) for _ in range(3))
KEY_ID = trust.key_id_of(REGION_KEY.public_key, 8)
ALLOWANCE = UUID(int=0xA1)
_numbers = count(1)


class Phone(msgspec.Struct, frozen=True):
    """A wallet with one certificate, at a place of the status list."""

    certified: Certified
    place: int


def a_phone(*, place: int = 5, expires_at: datetime = NOON + timedelta(hours=72)) -> Phone:
    """A phone with a certificate of the region."""
    key = trust.new_signing_key(Algorithm.ES256)
    certificate = issue_certificate(
        region=REGION,
        alias=next(_numbers).to_bytes(38),
        expires_at=expires_at,
        show_key=key.public_key,
        standing=Standing(level=1, concession=0, status_index=place),
        region_key=REGION_KEY,
        key_id=KEY_ID,
    )
    return Phone(Certified(key, certificate, expires_at), place)


def a_code(phone: Phone, now: datetime, *, answer: Asked | None = None) -> str:
    """A code of this moment."""
    code = mint_code(
        certificate=phone.certified.certificate,
        show_key=phone.certified.key,
        made_at=now,
        kind=CodeKind.PAYMENT,
        nonce=next(_numbers).to_bytes(8),
        posture=Posture.CLEAR,
        answer=answer,
    )
    return write_code(code)


def an_item(number: int, code: str, *, takes_amount: bool, least_strength: int, hours: int) -> OfflineItem:
    """An item as a sheet has it."""
    return OfflineItem(
        number=number,
        code=code,
        name=code,
        scene_group=SceneGroup.RETAIL,
        least_strength=least_strength,
        takes_amount=takes_amount,
        amount_fen_max=10_000 if takes_amount else 0,
        status_age_max=timedelta(hours=hours),
    )


ITEMS = (
    an_item(1, MEAL, takes_amount=True, least_strength=2, hours=24),
    an_item(2, ENTRY, takes_amount=False, least_strength=1, hours=24),
    an_item(3, DESK, takes_amount=False, least_strength=2, hours=12),
)


class Card(msgspec.Struct, frozen=True):
    """A plastic card in a hand, with what is written on its chip."""

    chip: Chip
    certificate: bytes


def a_card(*, place: int = 15, expires_at: datetime = NOON + timedelta(days=700)) -> Card:
    """A card with a certified chip, at a place of the status list; its password is 739164."""
    chip = Chip(card_number=f"A{next(_numbers):08d}", region=REGION, pin=PIN)
    certificate = ChipCertificate(
        region=REGION,
        card_number=chip.card_number,
        public_key=chip.public_key,
        status_index=place,
        expires_at=expires_at,
    )
    return Card(chip, sign_chip_certificate(certificate, REGION_KEY, key_id=KEY_ID))


def an_allowance(holder: Phone | Card, **changes: object) -> OfflineAllowance:
    """50 yuan for a week."""
    key = holder.chip.public_key if isinstance(holder, Card) else holder.certified.key.public_key
    allowance = OfflineAllowance(
        id=ALLOWANCE,
        scene_group=SceneGroup.RETAIL,
        amount_fen=5_000,
        posted_fen=0,
        begins_at=NOON - timedelta(days=1),
        accept_until=NOON + timedelta(days=7),
        key_digests=(key_digest(key.data),),
    )
    return msgspec.structs.replace(allowance, **changes)


def a_sheet(
    *allowances: OfflineAllowance,
    now: datetime = NOON,
    terminal_id: TerminalId = TILL,
    uploaded: tuple[UploadedLine, ...] = (),
) -> bytes:
    """A signed sheet of the till."""
    sheet = OfflineSheet(
        region=REGION,
        terminal_id=terminal_id,
        payee_id=ProviderId(UUID(int=2)),
        payee_name="亭亭社区食堂",
        issued_at=now,
        expires_at=now + timedelta(days=7),
        items=ITEMS,
        allowances=allowances,
        uploaded=uploaded,
    )
    return sign_sheet(sheet, REGION_KEY, key_id=KEY_ID)


@cache
def a_trust_list(now: datetime = NOON, *, sequence: int = 1, revoked_at: datetime | None = None) -> bytes:
    """The signed list of trusted regions; it is signed once, and whoever fetches it gets the same."""
    key = RegionKey(
        region=REGION,
        key_id=KEY_ID,
        public_key=REGION_KEY.public_key,
        valid_from_at=NOON - timedelta(days=30),
        valid_until=NOON + timedelta(days=300),
        revoked_at=revoked_at,
    )
    trust_list = TrustList(
        sequence=sequence,
        issued_at=now,
        expires_at=now + timedelta(days=30),
        roots=(ROOT.public_key,),
        keys=(key,),
    )
    return trust.sign_trust_list(trust_list, ROOT)


def a_status_list(
    now: datetime = NOON, *, stopped: dict[int, int] | None = None, days: int = 1, number: int = 0
) -> bytes:
    """The signed status list of a block."""
    status_list = StatusList(
        subject=status_list_name(REGION, number),
        issued_at=now,
        expires_at=now + timedelta(days=days),
        ttl_seconds=600,
        bits=BITS,
        data=_packed(stopped or {}),
    )
    return trust.sign_status_list(status_list, REGION_KEY, KEY_ID)


class Till:
    """A till over a file, with a clock that is set."""

    def __init__(self, file: Path, *, clock: FixedClock | None = None, terminal_id: TerminalId = TILL) -> None:
        self.clock = clock or FixedClock()
        self.memory: Memory = open_memory(file)
        self.kit = OfflineTerminal(
            self.memory,
            region=REGION,
            terminal_id=terminal_id,
            signing_key=TILL_KEY,
            roots=(ROOT.public_key,),
            now=self.clock.now,
        )

    def hold_all(self, *allowances: OfflineAllowance, stopped: dict[int, int] | None = None, days: int = 1) -> None:
        """Hold the three lists as of now."""
        now = self.clock.now()
        self.kit.lists.hold_trust_list(a_trust_list(now), now=now)
        self.kit.lists.hold_status_lists(REGION, [(0, a_status_list(now, stopped=stopped, days=days))], now=now)
        self.kit.lists.hold_sheet(a_sheet(*allowances, now=now), now=now)

    def pay(self, phone: Phone, amount_fen: int = 1_200) -> Admitted:
        """A meal, answered by the wallet."""
        asked = self.kit.challenge(MEAL, amount_fen)
        answer = read_challenge(asked.text, now=self.clock.now())
        code = a_code(phone, self.clock.now(), answer=answer)
        return self.kit.tap(item=MEAL, amount_fen=amount_fen, code=code, answers=asked.nonce)

    def insert(self, card: Card, item: str, amount_fen: int | None = None, *, pin: str | None = None) -> Admitted:
        """A card in the reader, which asks its chip."""
        asked = self.kit.challenge(item, amount_fen)
        chip = card.chip.present(
            read_challenge(asked.text, now=self.clock.now()), terminal_id=TILL, now=self.clock.now(), pin=pin
        )
        return self.kit.tap_chip(
            item=item, amount_fen=amount_fen, chip=chip, certificate=card.certificate, answers=asked.nonce
        )

    def enter(self, phone: Phone) -> Admitted:
        """A bare code at the gate."""
        return self.kit.tap(item=ENTRY, code=a_code(phone, self.clock.now()))


def a_status_delta(
    before: dict[int, int],
    after: dict[int, int],
    *,
    base: datetime,
    now: datetime,
    blocks_beside: tuple[int, ...] = (),
    **changes: object,
) -> bytes:
    """A signed delta of block 0: what was stopped before and is stopped after, by place; blocks beside it stay."""
    beside = {number: _packed({}) for number in blocks_beside}
    blocks = [{0: _packed(stopped), **beside} for stopped in (before, after)]
    delta = StatusDelta(
        region=REGION,
        base_at=base,
        issued_at=now,
        expires_at=now + timedelta(days=1),
        changes=changes_between(*blocks),
        digest=edition_digest(blocks[1]),
    )
    return sign_status_delta(msgspec.structs.replace(delta, **changes), REGION_KEY, key_id=KEY_ID)


def _packed(stopped: dict[int, int]) -> bytes:
    builder = trust.StatusListBuilder(places=BLOCK_SIZE, bits=BITS)
    for place, status in stopped.items():
        builder.set(place, status)
    return builder.packed()
