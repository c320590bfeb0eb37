"""The e-card: issued at level 1, bound to a bank account at level 2, associated again once its card is in order."""

from datetime import date, datetime
from typing import Any

import psycopg

from yikatong.cards.model import (
    Association,
    BankBinding,
    Card,
    ECard,
    ECardCommand,
    ECardState,
    Issued,
    Reason,
    Vault,
)
from yikatong.cards.outside import AccountVerdict, BankAccounts
from yikatong.cards.rules.e_cards import E_CARD_YEARS, e_card_state, is_suspended, verify_e_card_command
from yikatong.cards.rules.holder import decide_card_in_order
from yikatong.cards.rules.life import add_months
from yikatong.cards.rules.numbering import write_sign_no
from yikatong.cards.service.gates import get_living_resident, pass_gate
from yikatong.cards.service.life import get_card
from yikatong.cards.service.passwords import verify_new_password
from yikatong.cards.service.people import view_person
from yikatong.cards.store import devices as device_store
from yikatong.cards.store import e_cards as store
from yikatong.kernel.identifiers.bank_card import read_bank_card_number
from yikatong.kernel.ids import DeviceId, ECardId, ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

REASON_BY_VERDICT: dict[AccountVerdict, Reason] = {
    AccountVerdict.NOT_THE_HOLDERS: Reason.BANK_ACCOUNT_IS_NOT_THE_HOLDERS,
    AccountVerdict.NOT_ACTIVE: Reason.BANK_ACCOUNT_IS_NOT_ACTIVE,
    AccountVerdict.ANOTHER_PHONE: Reason.BANK_PHONE_IS_NOT_IN_USE,
}


async def find_e_card(conn: Conn, *, bucket: int, resident_id: ResidentId) -> ECard | None:
    """A resident's e-card, suspended or not, unless cancelled."""
    return await store.find_e_card(conn, bucket=bucket, resident_id=resident_id)


async def get_e_card(conn: Conn, *, bucket: int, resident_id: ResidentId) -> ECard:
    """As `find_e_card`; refuses ECARD_IS_NOT_ISSUED."""
    e_card = await store.find_e_card(conn, bucket=bucket, resident_id=resident_id)
    if e_card is None:
        raise Refused(Reason.ECARD_IS_NOT_ISSUED)
    return e_card


def state_of(e_card: ECard | None, card: Card | None) -> ECardState:
    """Tell an e-card's state from itself and its card."""
    if e_card is None:
        return ECardState.NONE
    suspended = is_suspended(
        card_is_the_e_cards=card is not None and card.id == e_card.card_id,
        card_state=None if card is None else card.state,
        card_state_version=None if card is None else card.state_version,
        associated_version=e_card.associated_version,
    )
    return e_card_state(level=e_card.level, suspended=suspended)


def verify_card_in_order(card: Card, *, on: date) -> Card:
    """Give the card back when it may be used; refuses as `rules.holder.decide_card_in_order`."""
    refused = decide_card_in_order(card.state, expires_on=card.expires_on, on=on)
    if refused is not None:
        raise Refused(refused)
    return card


async def issue_e_card(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    password: str,
    channel: str,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Issued:
    """Issue an e-card at level 1 (一级签发) and open it in a channel.

    One that is issued is ALREADY_SO, and its password stays.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, PERSON_IS_ERASED, the password rules, RESIDENT_IS_DECEASED,
    RESIDENT_HAS_LEFT, RESIDENT_HAS_NO_CARD, why the card is not in order, ECARD_IS_SUSPENDED.
    """
    person = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    password_hash = await verify_new_password(password, id_number=person.id_number, vault=vault)
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    await get_living_resident(conn, bucket=bucket, resident_id=resident_id)
    card = await get_card(conn, bucket=bucket, resident_id=resident_id)
    verify_card_in_order(card, on=day_of(now))
    known = await store.find_e_card(conn, bucket=bucket, resident_id=resident_id)
    change = verify_e_card_command(state_of(known, card), ECardCommand.ISSUE)
    if known is not None and change is None:
        return Issued(e_card_id=known.id, change=Change.ALREADY_SO)
    e_card_id = ECardId(ids.new())
    await store.insert_e_card(
        conn,
        bucket=bucket,
        e_card_id=e_card_id,
        resident_id=resident_id,
        card_id=card.id,
        sign_no=write_sign_no(ids.random_bytes(16)),
        valid_until=add_months(day_of(now), 12 * E_CARD_YEARS),
        associated_version=gate.version,
        password_hash=password_hash,
        now=now,
    )
    await store.link_channel(
        conn, bucket=bucket, e_card_id=e_card_id, resident_id=resident_id, channel=channel, now=now
    )
    await notices.tell(conn, Template.E_CARD_ISSUED, bucket=bucket, resident_id=resident_id, now=now, ids=ids)
    return Issued(e_card_id=e_card_id, change=Change.DONE)


async def bind_bank(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    bank_card_number: str,
    phone: str,
    bank: BankAccounts,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Change:
    """Bind the account of the card's bank and sign the e-card at level 2 (二级签发). The number is not kept.

    The bank is asked before the gate is passed, so that a slow bank keeps nobody waiting.
    Refuses, in this order: the reasons of `read_bank_card_number`, RESIDENT_IS_NOT_KNOWN, PERSON_IS_ERASED,
    RESIDENT_HAS_NO_CARD, ECARD_IS_NOT_ISSUED, BANK_ACCOUNT_IS_NOT_THE_HOLDERS, BANK_ACCOUNT_IS_NOT_ACTIVE,
    BANK_PHONE_IS_NOT_IN_USE, why the card is not in order, ECARD_IS_SUSPENDED, BANK_IS_NOT_THE_CARDS_BANK.
    """
    number = read_bank_card_number(bank_card_number)
    person = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    asked_card = await get_card(conn, bucket=bucket, resident_id=resident_id)
    await get_e_card(conn, bucket=bucket, resident_id=resident_id)
    answer = await bank.confirm_account(
        bank_code=asked_card.bank_code,
        bank_card_number=number.text,
        name=person.name,
        id_number=person.id_number,
        phone=phone,
    )
    if answer.verdict is not AccountVerdict.GOOD:
        raise Refused(REASON_BY_VERDICT[answer.verdict])
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    card = await get_card(conn, bucket=bucket, resident_id=resident_id)
    verify_card_in_order(card, on=day_of(now))
    if card.bank_code != asked_card.bank_code:
        raise Refused(Reason.BANK_IS_NOT_THE_CARDS_BANK)
    e_card = await get_e_card(conn, bucket=bucket, resident_id=resident_id)
    verify_e_card_command(state_of(e_card, card), ECardCommand.BIND_BANK)
    known = await store.find_bank_binding(conn, bucket=bucket, resident_id=resident_id)
    if known is not None and (known.bank_code, known.token) == (card.bank_code, answer.token):
        return Change.ALREADY_SO
    await store.end_bank_binding(conn, bucket=bucket, resident_id=resident_id, now=now)
    await store.insert_bank_binding(
        conn,
        bucket=bucket,
        binding_id=ids.new(),
        resident_id=resident_id,
        bank_code=card.bank_code,
        token=answer.token,
        tail=answer.tail,
        now=now,
    )
    await store.set_e_card_level(conn, bucket=bucket, e_card_id=e_card.id, level=2)
    await notices.tell(conn, Template.E_CARD_LEVEL_2, bucket=bucket, resident_id=resident_id, now=now, ids=ids)
    return Change.DONE


async def unbind_bank(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> Change:
    """Unbind the bank account; the e-card goes back to level 1. Refuses RESIDENT_IS_NOT_KNOWN, ECARD_IS_NOT_ISSUED."""
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    e_card = await get_e_card(conn, bucket=bucket, resident_id=resident_id)
    if not await store.end_bank_binding(conn, bucket=bucket, resident_id=resident_id, now=now):
        return Change.ALREADY_SO
    await store.set_e_card_level(conn, bucket=bucket, e_card_id=e_card.id, level=1)
    return Change.DONE


async def find_bank_binding(conn: Conn, *, bucket: int, resident_id: ResidentId) -> BankBinding | None:
    """The bank account bound to a resident's e-card, or None."""
    return await store.find_bank_binding(conn, bucket=bucket, resident_id=resident_id)


async def associate(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> Change:
    """Associate a suspended e-card with the card in force, once that is in order; the caller has proved the holder.

    It is signed anew, at level 2 when the account bound is of the card's bank, else at level 1 without an account.
    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, RESIDENT_IS_DECEASED, RESIDENT_HAS_LEFT, RESIDENT_HAS_NO_CARD,
    why the card is not in order, ECARD_IS_NOT_ISSUED.
    """
    gate = await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    await get_living_resident(conn, bucket=bucket, resident_id=resident_id)
    card = await get_card(conn, bucket=bucket, resident_id=resident_id)
    verify_card_in_order(card, on=day_of(now))
    e_card = await get_e_card(conn, bucket=bucket, resident_id=resident_id)
    state = state_of(e_card, card)
    is_over = day_of(now) >= e_card.valid_until
    if verify_e_card_command(state, ECardCommand.ASSOCIATE) is None and not is_over:
        return Change.ALREADY_SO
    binding = await store.find_bank_binding(conn, bucket=bucket, resident_id=resident_id)
    is_of_the_bank = binding is not None and binding.bank_code == card.bank_code
    if not is_of_the_bank:
        await store.end_bank_binding(conn, bucket=bucket, resident_id=resident_id, now=now)
    await store.associate_e_card(
        conn,
        bucket=bucket,
        e_card_id=e_card.id,
        card_id=card.id,
        associated_version=gate.version,
        valid_until=add_months(day_of(now), 12 * E_CARD_YEARS),
        level=2 if is_of_the_bank else 1,
    )
    return Change.DONE


async def unlink_channel(
    conn: Conn, *, bucket: int, resident_id: ResidentId, channel: str, now: datetime, ids: Ids
) -> tuple[Change, list[DeviceId]]:
    """Close an e-card in a channel (解除关联) and revoke the channel's devices, which are given back.

    Refuses RESIDENT_IS_NOT_KNOWN, ECARD_IS_NOT_ISSUED.
    """
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    e_card = await get_e_card(conn, bucket=bucket, resident_id=resident_id)
    changed = await store.unlink_channel(conn, bucket=bucket, e_card_id=e_card.id, channel=channel, now=now)
    devices = await device_store.list_devices(conn, bucket=bucket, resident_id=resident_id)
    revoked = await device_store.revoke_devices(conn, bucket=bucket, resident_id=resident_id, channel=channel, now=now)
    for device in devices:
        if device.id in revoked:
            await notices.tell(
                conn,
                Template.DEVICE_REMOVED,
                bucket=bucket,
                resident_id=resident_id,
                now=now,
                ids=ids,
                device=device.platform,
            )
    return Change.of(changed), revoked


async def list_channels(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Association, ...]:
    """The channels in which a resident's e-card is or was open; none without an e-card."""
    e_card = await store.find_e_card(conn, bucket=bucket, resident_id=resident_id)
    if e_card is None:
        return ()
    return await store.list_channels(conn, bucket=bucket, e_card_id=e_card.id)
