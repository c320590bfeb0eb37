"""The counter's own decisions: a tap's id, the order of its gates, refunds and reversals."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from yikatong.cards.model import Gate, Holder
from yikatong.catalogue.model import Item, Provider, Terminal
from yikatong.codes.model import Presented
from yikatong.kernel.ids import TapId, uuid_of
from yikatong.kernel.instants import epoch_ms
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.ledger.model import AccountKind, AccountName, Leg, bank_clearing, name_account
from yikatong.lines.model import Balances, Decision, Part, Refuse, ServiceLine, TapInHand
from yikatong.taps.model import Paid, Reason, Request, TapBody

_LOW_16 = 0xFFFF


def derive_tap_id(
    *, signed_at: datetime, terminal_id: UUID, request_id: str, nonce: bytes, resident_id: UUID, locator_key: bytes
) -> TapId:
    """Derive a tap's id: a UUIDv8 (RFC 9562 §5.8), the signed time in milliseconds first, then a digest.

    The same code at the same terminal under the same request id gives the same id, so a repeated request and a
    reversal find the tap. The last 16 bits are the resident's bucket bits under a mask only we can lift, so that
    a tap is found by its id alone while its id tells a provider nothing about whose it is.
    """
    digest = blake2b(digest_size=16)
    digest.update(terminal_id.bytes)
    digest.update(nonce)
    digest.update(request_id.encode())
    bits = int.from_bytes(digest.digest())
    number = (epoch_ms(signed_at) & 0xFFFF_FFFF_FFFF) << 80 | 0x8 << 76 | (bits >> 64 & 0xFFF) << 64
    number |= 0b10 << 62 | (bits & 0x3FFF_FFFF_FFFF) << 16
    return TapId(uuid_of(number | ((resident_id.int & _LOW_16) ^ _locator_mask(number, locator_key))))


def bucket_of_tap(tap_id: UUID, *, bucket_count: int, locator_key: bytes) -> int:
    """Say which bucket holds a tap, from its id alone."""
    return ((tap_id.int & _LOW_16) ^ _locator_mask(tap_id.int & ~_LOW_16, locator_key)) % bucket_count


def _locator_mask(number: int, locator_key: bytes) -> int:
    return int.from_bytes(blake2b(number.to_bytes(16), key=locator_key, digest_size=2).digest())


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides one tap: what was asked, what is known, in which state things are."""

    tap_id: TapId
    body: TapBody
    now: datetime
    terminal: Terminal | None
    provider: Provider | None
    item: Item | None
    line: ServiceLine | None
    presented: Presented
    age_reason: BaseReason | None
    holder: Holder | None
    holder_reason: BaseReason | None
    gate: Gate | None
    is_recognised: bool
    is_reversed: bool
    used_in: UUID | None
    is_confirmed: bool = False


def decide_tap(case: Case, *, line_facts: Sequence[Sequence[Any]], balances: Balances) -> Decision:
    """Decide one tap whose presentation is genuine.

    Refuses, in this order:
        TERMINAL_IS_NOT_REGISTERED             the terminal or its provider is unknown or revoked
        TAP_WAS_REVERSED                       a reversal overtook the original
        CODE_ALREADY_USED                      the code was spent before, by whatever tap
        (codes' reason of age)                 the code is too old, or from the future
        ITEM_IS_UNKNOWN                        not on the list of this region
        ITEM_HAS_NO_LINE                       on the list, but not served at terminals
        TERMINAL_MAY_NOT_OFFER_THIS_ITEM       outside the terminal's purpose
        TERMINAL_MAY_NOT_LEARN_THIS            asks for more than item and terminal may learn
        CARD_IS_UNKNOWN                        no such resident or gate here
        (cards' reasons)                       the card or e-card may not be used now
        REGION_DOES_NOT_RECOGNISE_THE_CARD     the item is not recognised for the card's home region
        (the line's reasons)                   amount, strength, limits, balance
    """
    refusal = _refuse_before_item(case) or _refuse_item(case) or _refuse_holder(case)
    if refusal is not None:
        return refusal
    assert case.line is not None
    return case.line.decide(tap_in_hand(case), line_facts, balances)


def tap_in_hand(case: Case) -> TapInHand:
    """What the line sees of a case that passed the counter's gates."""
    assert case.item is not None
    assert case.terminal is not None
    assert case.provider is not None
    assert case.holder is not None
    assert case.gate is not None
    return TapInHand(
        tap_id=case.tap_id,
        item=case.item,
        terminal=case.terminal,
        provider=case.provider,
        presented=case.presented,
        amount_fen=case.body.amount_fen,
        holder=case.holder,
        gate=case.gate,
        now=case.now,
        is_confirmed=case.is_confirmed,
    )


def _refuse_before_item(case: Case) -> Refuse | None:
    if case.terminal is None or case.provider is None or case.terminal.revoked_at is not None:
        return Refuse(Reason.TERMINAL_IS_NOT_REGISTERED)
    if case.is_reversed:
        return Refuse(Reason.TAP_WAS_REVERSED)
    if case.used_in is not None:
        return Refuse(Reason.CODE_ALREADY_USED)
    if case.age_reason is not None:
        return Refuse(case.age_reason)
    return None


def _refuse_item(case: Case) -> Refuse | None:
    terminal, item = case.terminal, case.item
    assert terminal is not None
    if item is None:
        return Refuse(Reason.ITEM_IS_UNKNOWN)
    if case.line is None:
        return Refuse(Reason.ITEM_HAS_NO_LINE)
    if item.scene not in terminal.purposes or (terminal.items is not None and item.code not in terminal.items):
        return Refuse(Reason.TERMINAL_MAY_NOT_OFFER_THIS_ITEM)
    for kind in case.body.learn:
        if kind not in item.learns or kind not in terminal.learns:
            return Refuse(Reason.TERMINAL_MAY_NOT_LEARN_THIS, {"data": kind})
    return None


def _refuse_holder(case: Case) -> Refuse | None:
    if case.holder is None or case.gate is None:
        return Refuse(Reason.CARD_IS_UNKNOWN)
    if case.holder_reason is not None:
        return Refuse(case.holder_reason)
    if not case.is_recognised:
        return Refuse(Reason.REGION_DOES_NOT_RECOGNISE_THE_CARD)
    return None


def decide_repeat(request: Request, *, body_digest: bytes) -> TapId | Reason:
    """Say what a request id that came before means: the tap it made, or a refusal for another body."""
    if request.body_digest != body_digest:
        return Reason.REQUEST_ID_IS_USED_FOR_ANOTHER_BODY
    return request.tap_id


def provider_account(provider_id: UUID) -> AccountName:
    """The account of what we owe a provider."""
    return _receivable_of(provider_id.int)


@lru_cache(maxsize=4_096)
def _receivable_of(provider: int) -> AccountName:
    return name_account(uuid_of(provider), AccountKind.PROVIDER_RECEIVABLE)


def provider_debt(provider_id: UUID) -> AccountName:
    """The account of what a provider owes us beyond what its receivable may owe."""
    return name_account(provider_id, AccountKind.PROVIDER_DEBT)


def legs_of(parts: Sequence[Part], *, provider_id: UUID, bank_code: str | None) -> tuple[Leg, ...]:
    """The sides of a payment: each part is taken from its source, the whole is owed to the provider."""
    legs = [
        Leg(part.account if part.account is not None else bank_clearing(bank_code or ""), -part.amount_fen)
        for part in parts
    ]
    return (*legs, Leg(provider_account(provider_id), sum(part.amount_fen for part in parts)))


def split_refund(parts: Sequence[Part], *, refunded_fen: int, amount_fen: int) -> tuple[Part, ...]:
    """Say to which sources a refund goes: the last that paid is given back first.

    The bank part paid last, so the resident's own money comes back before a benefit does.
    """
    skip_fen, left_fen, given = refunded_fen, amount_fen, []
    for part in reversed(parts):
        skipped = min(skip_fen, part.amount_fen)
        skip_fen -= skipped
        take = min(left_fen, part.amount_fen - skipped)
        left_fen -= take
        if take:
            given.append(Part(part.account, take, part.source))
    return tuple(given)


def decide_refund(
    paid: Paid | None,
    *,
    provider_id: UUID,
    amount_fen: int,
    receivable_fen: int,
    receivable_limit_fen: int,
    own_source_fen: int = 0,
) -> Reason | None:
    """Say whether a provider may give back an amount of a tap.

    `own_source_fen` of it was paid by a line's own source and is owed in any case: no limit speaks against it.

    Refuses, in this order:
        TAP_IS_UNKNOWN               no such tap, or another provider's
        TAP_MOVED_NO_MONEY           refused, reversed, or without an amount
        REFUND_IS_MORE_THAN_PAID     more than is left of the payment
        RECEIVABLE_LIMIT_EXCEEDED    the provider's receivable would fall below its limit
    """
    if paid is None or paid.provider_id != provider_id:
        return Reason.TAP_IS_UNKNOWN
    if paid.transfer_id is None or paid.amount_fen is None or paid.is_reversed:
        return Reason.TAP_MOVED_NO_MONEY
    if paid.refunded_fen + amount_fen > paid.amount_fen:
        return Reason.REFUND_IS_MORE_THAN_PAID
    resident_fen = amount_fen - own_source_fen
    if resident_fen > 0 and receivable_fen - resident_fen < -receivable_limit_fen:
        return Reason.RECEIVABLE_LIMIT_EXCEEDED
    return None
