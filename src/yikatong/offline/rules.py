"""What may be granted, what an uploaded tap is worth, and how old a status list may be for an item: pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from yikatong.catalogue.model import Item, Terminal, scene_group
from yikatong.codes import service as codes
from yikatong.codes.model import CertificateState, OfflineAllowance, OfflineItem, ReadCode, Strength
from yikatong.kernel.ids import HoldId, TransferId
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.ledger.model import AccountKind, Leg, TransferDraft, TransferKind, digest_id, name_account
from yikatong.lines.rules import PURSE, account_of_source
from yikatong.offline.model import Allowance, Case, Dispute, Outcome, Reason
from yikatong.taps.model import Reason as TapReason

ALLOWANCE_FEN_MAX = 20_000
ALLOWANCES_MAX = 5
ACCEPTED_FOR_MAX = timedelta(days=30)
ADULT_AGE = 18
SHEET_LIFE = timedelta(days=7)
CLOCK_LEEWAY = timedelta(minutes=5)
_AGE_MAX, _AGE_MAX_OF_PROOF = timedelta(hours=24), timedelta(hours=12)


def decide_grant(*, amount_fen: int, days: int, age: int, living_count: int) -> Reason | None:
    """Say why an allowance is not granted.

    Refuses, in this order: MINORS_HAVE_NO_ALLOWANCES, ALLOWANCE_IS_TOO_LARGE, ALLOWANCE_IS_TOO_LONG,
    ALLOWANCES_ARE_TOO_MANY.
    """
    if age < ADULT_AGE:
        return Reason.MINORS_HAVE_NO_ALLOWANCES
    if amount_fen > ALLOWANCE_FEN_MAX:
        return Reason.ALLOWANCE_IS_TOO_LARGE
    if timedelta(days=days) > ACCEPTED_FOR_MAX:
        return Reason.ALLOWANCE_IS_TOO_LONG
    return Reason.ALLOWANCES_ARE_TOO_MANY if living_count >= ALLOWANCES_MAX else None


def hold_id_of(allowance: Allowance, number: int) -> HoldId:
    """The hold that carries an allowance under a number; derived, so that no repetition makes a second."""
    return HoldId(digest_id(b"allowance", allowance.id.bytes, number.to_bytes(4), time_of=allowance.id))


def status_age_max(item: Item) -> timedelta:
    """How old a status list may be: 24 hours where a shown code is enough or an allowance bounds the loss, else 12."""
    return _AGE_MAX if item.amount_required or item.least_strength == Strength.SHOWN else _AGE_MAX_OF_PROOF


_ONLINE_ONLY = frozenset({None, "desk", "subsidised"})
"""Lines that serve nothing without the network; a subsidised sale is decided on the claim as it stands."""


def find_offline_item(item: Item, terminal: Terminal) -> OfflineItem | None:
    """The item as a terminal serves it without a network; None when it may not.

    It must be the terminal's, be served by a service line that needs no facts of now, need no more than an answer, and
    pay, if it does, from the purse; above what its holder would have to confirm, it is for the network.
    """
    is_offered = item.scene in terminal.purposes and (terminal.items is None or item.code in terminal.items)
    pays_otherwise = item.amount_required and "purse" not in item.funding
    if not is_offered or item.line in _ONLINE_ONLY or item.least_strength > Strength.ANSWERED or pays_otherwise:
        return None
    confirm_above_fen = item.amount_fen_max if item.confirm_above_fen is None else item.confirm_above_fen
    return OfflineItem(
        number=item.number,
        code=item.code,
        name=item.name_zh[:40],
        scene_group=scene_group(item.scene),
        least_strength=item.least_strength,
        takes_amount=item.amount_required,
        amount_fen_max=min(item.amount_fen_max, confirm_above_fen, ALLOWANCE_FEN_MAX),
        status_age_max=status_age_max(item),
    )


def fit_allowances(allowances: Sequence[OfflineAllowance], *, bytes_max: int) -> tuple[OfflineAllowance, ...]:
    """The allowances, the earliest granted first, as far as they fit a sheet; without the others it can be read.

    What one takes is estimated from above.
    """
    fitting: list[OfflineAllowance] = []
    for one in allowances:
        bytes_max -= _ALLOWANCE_BYTES + _DIGEST_BYTES * len(one.key_digests)
        if bytes_max < 0:
            break
        fitting.append(one)
    return tuple(fitting)


_ALLOWANCE_BYTES, _DIGEST_BYTES = 80, 17


def decide_genuine(case: Case) -> BaseReason | None:
    """Say why an uploaded tap does not count at all, as of the time the wallet signed.

    Refuses, in this order:
        UPLOAD_IS_FROM_THE_FUTURE            more than five minutes ahead of now
        TAP_WAS_REVERSED                     it was taken back before it came
        CODE_ALREADY_USED                    by another tap, online or uploaded; both codes are kept
        REQUEST_CAME_BEFORE_ITS_UPLOAD       its request id is another tap's
        (codes' reasons of age)              the code was not of that minute
        ITEM_IS_NOT_FOR_OFFLINE              not this terminal's, or not without a network, or not this amount
        OFFLINE_CERTIFICATE_HAD_EXPIRED      72 hours bind a terminal without a network
        CHIP_WAS_NOT_CERTIFIED               no certificate of the chip counted then
        OFFLINE_CERTIFICATE_WAS_STOPPED      by more than the item's largest age before
        (codes' reasons of `decide_presented`, for a chip those of `decide_answer`)
        CODE_ANSWERED_NOTHING                value, or the item's strength, needs an answer
        CHIP_WAS_WITHOUT_ITS_PASSWORD        the same for a chip, unless the allowance does without
    """
    signed_at, now = case.presented.signed_at, case.now
    if max(case.accepted_at, signed_at) > now + CLOCK_LEEWAY:
        return Reason.UPLOAD_IS_FROM_THE_FUTURE
    if case.is_reversed:
        return TapReason.TAP_WAS_REVERSED
    if case.used_in is not None:
        return TapReason.CODE_ALREADY_USED
    if case.request_is_taken:
        return Reason.REQUEST_CAME_BEFORE_ITS_UPLOAD
    age = codes.decide_age(signed_at, now=case.accepted_at)
    if age is not None:
        return age
    entry = None if case.item is None else find_offline_item(case.item, case.terminal)
    if entry is None or entry.takes_amount != (case.amount_fen is not None):
        return Reason.ITEM_IS_NOT_FOR_OFFLINE
    if case.amount_fen is not None and case.amount_fen > entry.amount_fen_max:
        return Reason.ITEM_IS_NOT_FOR_OFFLINE
    return _decide_chip(case, entry) if case.read is None else _decide_certificate(case, case.read, entry)


def _decide_chip(case: Case, entry: OfflineItem) -> BaseReason | None:
    found, signed_at = case.chip, case.presented.signed_at
    if found is None:
        return Reason.CHIP_WAS_NOT_CERTIFIED
    if found.state is not CertificateState.ACTIVE and signed_at > found.state_at + entry.status_age_max:
        return Reason.OFFLINE_CERTIFICATE_WAS_STOPPED
    difference = codes.decide_answer(case.answer, case.asked)
    if difference is not None:
        return difference
    allowed = entry.takes_amount and case.allowance is not None and case.allowance.without_pin
    needs_pin = (entry.takes_amount or entry.least_strength > Strength.SHOWN) and not allowed
    if needs_pin and case.presented.strength < Strength.ANSWERED:
        return Reason.CHIP_WAS_WITHOUT_ITS_PASSWORD
    return None


def _decide_certificate(case: Case, read: ReadCode, entry: OfflineItem) -> BaseReason | None:
    found, made_at = case.certificate, read.made_at
    stored = None if found is None else found.stored
    if found is not None and stored is not None:
        if made_at >= found.expires_at:
            return Reason.OFFLINE_CERTIFICATE_HAD_EXPIRED
        if stored.state != CertificateState.ACTIVE and made_at > found.state_at + entry.status_age_max:
            return Reason.OFFLINE_CERTIFICATE_WAS_STOPPED
        stored = replace(stored, state=CertificateState.ACTIVE.value)
    presented = codes.decide_presented(read, stored, now=made_at, expected=case.asked)
    if isinstance(presented, BaseReason):
        return presented
    needs_answer = entry.takes_amount or entry.least_strength > Strength.SHOWN
    if needs_answer and presented.strength < Strength.ANSWERED:
        return Reason.CODE_ANSWERED_NOTHING
    return None


def decide_payable(case: Case) -> Reason | None:
    """Say why a genuine tap for an amount cannot be taken from its allowance; each makes it a dispute.

    Refuses, in this order: ALLOWANCE_IS_NOT_FOR_THIS (unknown, another terminal's, another scene's),
    ALLOWANCE_WAS_OVER (signed before it was granted, or not before its end), UPLOAD_CAME_TOO_LATE, ALLOWANCE_WAS_SPENT.
    """
    allowance, terminal = case.allowance, case.terminal
    if allowance is None or case.item is None or allowance.scene_group is not scene_group(case.item.scene):
        return Reason.ALLOWANCE_IS_NOT_FOR_THIS
    if allowance.place_id != terminal.place_id or allowance.provider_id != terminal.provider_id:
        return Reason.ALLOWANCE_IS_NOT_FOR_THIS
    if allowance.terminal_id not in (None, terminal.id):
        return Reason.ALLOWANCE_IS_NOT_FOR_THIS
    if not _second_of(allowance.granted_at) <= case.presented.signed_at < allowance.accept_until:
        return Reason.ALLOWANCE_WAS_OVER
    if case.now >= allowance.upload_until:
        return Reason.UPLOAD_CAME_TOO_LATE
    return Reason.ALLOWANCE_WAS_SPENT if (case.amount_fen or 0) > allowance.left_fen else None


def outcome_of(reason: BaseReason | None, *, is_genuine: bool, amount_fen: int | None) -> Outcome:
    """What an uploaded tap became: a genuine one for money that no hold pays is a dispute."""
    if reason is None:
        return Outcome.POSTED
    return Outcome.DISPUTED if is_genuine and amount_fen is not None else Outcome.REFUSED


def correction_of(dispute: Dispute) -> TransferDraft:
    """The transfer that pays a provider for whom a dispute was decided: from the purse, once, as a correction."""
    return TransferDraft(
        id=TransferId(digest_id(b"dispute", dispute.tap_id.bytes, time_of=dispute.tap_id)),
        kind=TransferKind.CORRECTION,
        reference=dispute.tap_id,
        legs=(
            Leg(account_of_source(dispute.resident_id, PURSE), -dispute.amount_fen),
            Leg(name_account(dispute.provider_id, AccountKind.PROVIDER_RECEIVABLE), dispute.amount_fen),
        ),
    )


def _second_of(instant: datetime) -> datetime:
    """A wallet signs whole seconds."""
    return instant.replace(microsecond=0)
