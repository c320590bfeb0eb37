"""Whether a tap may be admitted without a network: pure decisions over what a terminal holds."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from yikatong.codes.model import CertifiedChip, OfflineAllowance, OfflineItem, OfflineSheet, ReadCode, Strength
from yikatong.codes.model import Reason as CodeReason
from yikatong.codes.rules.code import decide_age, decide_answer
from yikatong.codes.rules.foreign import decide_certificate
from yikatong.codes.rules.sheet import key_digest
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.terminal.model import Case, Certified, Reason, Shown, Standing, Taken
from yikatong.trust import service as trust

TRUST_LIST_AGE_MAX = trust.TRUST_LIST_LIFE / 2 + timedelta(days=7)
"""A list is renewed at half of its life; a week more to fetch it."""
CLOCK_LEEWAY = timedelta(seconds=60)


def verify_standing(standing: Standing, *, now: datetime) -> OfflineSheet:
    """Give the sheet by which a terminal may serve now.

    Refuses, in this order:
        SHEET_IS_NOT_HELD                    nothing was fetched yet
        TERMINAL_CLOCK_IS_BEHIND             by more than a minute, behind the latest time that was seen
        SHEET_IS_TOO_OLD                     its end has come
        OFFLINE_TRUST_LIST_IS_NOT_HELD       nothing was fetched yet
        TRUST_LIST_IS_EXPIRED, TRUST_LIST_IS_TOO_OLD    22 days at most
    """
    sheet = standing.sheet
    if sheet is None:
        raise Refused(Reason.SHEET_IS_NOT_HELD)
    if now < standing.latest_seen_at - CLOCK_LEEWAY:
        raise Refused(Reason.TERMINAL_CLOCK_IS_BEHIND)
    if now >= sheet.expires_at:
        raise Refused(Reason.SHEET_IS_TOO_OLD)
    if standing.trust_list is None:
        raise Refused(Reason.OFFLINE_TRUST_LIST_IS_NOT_HELD)
    trust.verify_fresh_trust_list(standing.trust_list, now=now, age_max=TRUST_LIST_AGE_MAX)
    return sheet


def verify_item(sheet: OfflineSheet, *, item: str, amount_fen: int | None) -> OfflineItem:
    """Give the item, when it may be served without a network for this amount.

    Refuses, in this order: ITEM_IS_NOT_SERVED_OFFLINE, OFFLINE_AMOUNT_IS_MISSING, OFFLINE_AMOUNT_IS_NOT_TAKEN,
    OFFLINE_AMOUNT_IS_TOO_LARGE.
    """
    entry = next((entry for entry in sheet.items if entry.code == item), None)
    if entry is None:
        raise Refused(Reason.ITEM_IS_NOT_SERVED_OFFLINE, item=item)
    if entry.takes_amount and amount_fen is None:
        raise Refused(Reason.OFFLINE_AMOUNT_IS_MISSING)
    if not entry.takes_amount and amount_fen is not None:
        raise Refused(Reason.OFFLINE_AMOUNT_IS_NOT_TAKEN)
    if amount_fen is not None and not 0 < amount_fen <= entry.amount_fen_max:
        raise Refused(Reason.OFFLINE_AMOUNT_IS_TOO_LARGE, amount_fen_max=entry.amount_fen_max)
    return entry


def show_code(read: ReadCode) -> Shown:
    """What a code shows."""
    claims = read.claims
    return Shown(
        is_chip=False,
        made_at=read.made_at,
        holder=read.alias,
        nonce=read.nonce,
        key=read.show_key.data,
        region=read.region,
        certified=None if claims is None else Certified(expires_at=claims.expires_at, status_index=claims.status_index),
        answer=read.answer,
        strength=Strength.SHOWN if read.answer is None else Strength.ANSWERED,
    )


def show_chip(chip: CertifiedChip) -> Shown:
    """What a chip shows: it always answers, and proves who holds it when its password was typed."""
    said, certificate = chip.presentation, chip.certificate
    return Shown(
        is_chip=True,
        made_at=said.made_at,
        holder=f"{said.region} {said.card_number}".encode(),
        nonce=said.asked.nonce,
        key=certificate.public_key.data,
        region=said.region,
        certified=Certified(expires_at=certificate.expires_at, status_index=certificate.status_index),
        answer=said.asked,
        strength=chip.strength,
    )


def decide_shown(case: Case, *, now: datetime) -> outcomes.Reason | None:
    """Say why a code or a chip whose signatures are genuine is not taken; None when it is.

    Refuses, in this order:
        CODE_IS_FROM_THE_FUTURE, CODE_IS_TOO_OLD    not of this minute (codes)
        CODE_WAS_SEEN_BEFORE                        taken before, here or where the memory is shared
        ISSUING_REGION_IS_UNKNOWN                   its region signed nothing that is known here
        (codes' reasons of `decide_certificate`)    expired, no list or too old a list, stopped
        (codes' reasons of `decide_answer`)         another answer than what was asked
        CODE_MUST_ANSWER_THE_TERMINAL               value, or the item's strength, needs an answer
        CHIP_MUST_VERIFY_ITS_PASSWORD               the item's strength needs it; of value the allowance says
    """
    shown = case.shown
    age = decide_age(shown.made_at, now=now)
    if age is not None:
        return age
    if case.was_seen:
        return Reason.CODE_WAS_SEEN_BEFORE
    if shown.certified is None:
        return CodeReason.ISSUING_REGION_IS_UNKNOWN
    refused = decide_certificate(
        case.status_list,
        expires_at=shown.certified.expires_at,
        status_index=shown.certified.status_index,
        now=now,
        age_max=case.item.status_age_max,
    ) or decide_answer(shown.answer, case.asked)
    if refused is not None:
        return refused
    needs_answer = case.item.takes_amount or case.item.least_strength > Strength.SHOWN
    if not needs_answer or shown.strength >= Strength.ANSWERED:
        return None
    if not shown.is_chip:
        return Reason.CODE_MUST_ANSWER_THE_TERMINAL
    return None if case.item.takes_amount else Reason.CHIP_MUST_VERIFY_ITS_PASSWORD


def verify_allowance(
    sheet: OfflineSheet, case: Case, *, taken: Mapping[UUID, Taken], now: datetime
) -> OfflineAllowance | None:
    """Give the allowance that pays, or None where nothing is paid; the one that ends first is used first.

    `taken` is what this memory took of each. The wallet's clock and the terminal's both have to stand before the end.
    Refuses, in this order: ALLOWANCE_IS_NOT_HELD, ALLOWANCE_HAS_ENDED, CHIP_MUST_VERIFY_ITS_PASSWORD (none does
    without), ALLOWANCE_IS_USED_UP.
    """
    if case.amount_fen is None:
        return None
    held = [one for one in sheet.allowances if _is_for(one, case)]
    if not held:
        raise Refused(Reason.ALLOWANCE_IS_NOT_HELD)
    at = max(now, case.shown.made_at)
    living = [one for one in held if one.begins_at <= case.shown.made_at and at < one.accept_until]
    if not living:
        raise Refused(Reason.ALLOWANCE_HAS_ENDED)
    if case.shown.strength < Strength.ANSWERED:
        living = [one for one in living if one.without_pin]
        if not living:
            raise Refused(Reason.CHIP_MUST_VERIFY_ITS_PASSWORD)
    for one in sorted(living, key=lambda one: (one.accept_until, one.id.int)):
        if left_of(one, taken) >= case.amount_fen:
            return one
    raise Refused(Reason.ALLOWANCE_IS_USED_UP, left_fen=max(left_of(one, taken) for one in living))


def left_of(allowance: OfflineAllowance, taken: Mapping[UUID, Taken]) -> int:
    """What may still be taken of an allowance; never below zero.

    A whole memory knows all that was taken. One that was lost, or was not shared, learns from the sheet what was posted
    without it. The larger of both counts.
    """
    here = taken.get(allowance.id, Taken())
    return max(0, allowance.amount_fen - max(here.fen, allowance.posted_fen + here.uncounted_fen))


def _is_for(allowance: OfflineAllowance, case: Case) -> bool:
    return allowance.scene_group is case.item.scene_group and key_digest(case.shown.key) in allowance.key_digests
