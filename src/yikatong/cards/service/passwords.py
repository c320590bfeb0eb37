"""The e-card's six-digit password: one for all channels, never proof alone, locked after six wrong attempts."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards.model import ECard, Reason, Vault
from yikatong.cards.rules.passwords import decide_attempt, decide_password
from yikatong.cards.service.gates import pass_gate
from yikatong.cards.service.people import view_person
from yikatong.cards.store import e_cards as store
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]


async def verify_new_password(password: str, *, id_number: str, vault: Vault) -> str:
    """Give the hash of a password that may be set; refuses as `rules.passwords.decide_password`."""
    refused = decide_password(password, id_number=id_number)
    if refused is not None:
        raise Refused(refused)
    return await vault.hash_password(password)


async def prove_password(
    conn: Conn, *, bucket: int, resident_id: ResidentId, password: str, vault: Vault, now: datetime, ids: Ids
) -> ECard | Refused:
    """Give the e-card whose password this is, or the refusal, whose counted attempt the caller must commit.

    Raises Refused RESIDENT_IS_NOT_KNOWN, ECARD_IS_NOT_ISSUED. Gives back, in this order, PASSWORD_IS_LOCKED,
    PASSWORD_IS_WRONG. The gate is held while the password is compared, so attempts cannot overlap. The attempt
    that locks the password tells the resident.
    """
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    e_card = await store.find_e_card(conn, bucket=bucket, resident_id=resident_id)
    if e_card is None:
        raise Refused(Reason.ECARD_IS_NOT_ISSUED)
    locked = decide_attempt(e_card.password_failures)
    if locked is not None:
        return Refused(locked)
    if not await vault.is_password(password, password_hash=e_card.password_hash):
        failures = e_card.password_failures + 1
        await store.set_password_failures(conn, bucket=bucket, e_card_id=e_card.id, failures=failures)
        if decide_attempt(failures) is not None:
            await notices.tell(conn, Template.PASSWORD_LOCKED, bucket=bucket, resident_id=resident_id, now=now, ids=ids)
        return Refused(Reason.PASSWORD_IS_WRONG)
    if e_card.password_failures:
        await store.set_password_failures(conn, bucket=bucket, e_card_id=e_card.id, failures=0)
    return e_card


async def set_password(conn: Conn, *, bucket: int, resident_id: ResidentId, password: str, vault: Vault) -> None:
    """Set a new password and forget wrong attempts; the caller has proved the holder by face or at a counter.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, PERSON_IS_ERASED, the password rules, ECARD_IS_NOT_ISSUED,
    PASSWORD_IS_THE_SAME_AS_BEFORE (also while locked: whoever tried it six times may have come close).
    """
    person = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    password_hash = await verify_new_password(password, id_number=person.id_number, vault=vault)
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    e_card = await store.find_e_card(conn, bucket=bucket, resident_id=resident_id)
    if e_card is None:
        raise Refused(Reason.ECARD_IS_NOT_ISSUED)
    if await vault.is_password(password, password_hash=e_card.password_hash):
        raise Refused(Reason.PASSWORD_IS_THE_SAME_AS_BEFORE)
    await store.set_e_card_password(conn, bucket=bucket, e_card_id=e_card.id, password_hash=password_hash)
