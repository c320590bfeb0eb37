"""Devices: enrolled by real name, card, face and password; opened again by a signature; revoked."""

from datetime import datetime
from typing import Any

import psycopg

from yikatong.cards.model import Card, Device, ECardState, Enrolled, Enrolment, Person, Reason, Resident, Terms, Vault
from yikatong.cards.outside import FaceAnswer, FaceCheck
from yikatong.cards.rules.device_messages import decide_freshness, enrolment_message, session_message
from yikatong.cards.rules.devices import verify_device
from yikatong.cards.service.e_cards import associate, issue_e_card, state_of, verify_card_in_order
from yikatong.cards.service.gates import get_living_resident, get_resident, pass_gate
from yikatong.cards.service.life import find_card, get_card
from yikatong.cards.service.passwords import prove_password
from yikatong.cards.service.people import get_named
from yikatong.cards.store import devices as store
from yikatong.cards.store import e_cards as e_card_store
from yikatong.kernel.ids import DeviceId, ECardId, ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.plumbing.ids import Ids
from yikatong.trust.service import verifying_key

Conn = psycopg.AsyncConnection[Any]


async def enrol_device(
    conn: Conn,
    *,
    enrolment: Enrolment,
    face: FaceCheck,
    vault: Vault,
    terms: Terms,
    now: datetime,
    ids: Ids,
) -> Enrolled | Refused:
    """Enrol a device, issuing the e-card when there is none and associating it again when it was suspended.

    A Refused that is given back, not raised, has counted an attempt at the password: the caller commits it.
    Refuses, in this order:
        DEVICE_MESSAGE_IS_STALE
        KEY_IS_MALFORMED, SIGNATURE_DOES_NOT_MATCH   the new key did not sign the enrolment
        IDENTITY_DOES_NOT_MATCH                      nobody of that number, another name, or another card number
        FACE_DOES_NOT_MATCH
        RESIDENT_IS_DECEASED, RESIDENT_HAS_LEFT, then why the card is not in order
        the password rules for a new e-card; PASSWORD_IS_LOCKED, PASSWORD_IS_WRONG for one that stands
        DEVICE_LIMIT_IS_REACHED, DEVICE_KEY_IS_ALREADY_ENROLLED
    """
    verify_enrolment_signature(enrolment, now=now)
    resident, person, card = await _find_named(conn, enrolment, vault=vault, terms=terms)
    answer = await face.compare_face(name=person.name, id_number=person.id_number, face=enrolment.face)
    if answer is not FaceAnswer.MATCHED:
        named = answer is not FaceAnswer.NAME_DOES_NOT_MATCH
        raise Refused(Reason.FACE_DOES_NOT_MATCH if named else Reason.IDENTITY_DOES_NOT_MATCH)
    await get_living_resident(conn, bucket=resident.bucket, resident_id=resident.id)
    verify_card_in_order(card, on=day_of(now))
    e_card_id = await _open_e_card(conn, resident, enrolment, vault=vault, now=now, ids=ids)
    if isinstance(e_card_id, Refused):
        return e_card_id
    device_id = await _add_device(conn, resident, e_card_id, enrolment, terms=terms, now=now, ids=ids)
    return Enrolled(
        resident_id=resident.id,
        bucket=resident.bucket,
        region=resident.region,
        e_card_id=e_card_id,
        device_id=device_id,
    )


def verify_enrolment_signature(enrolment: Enrolment, *, now: datetime) -> Enrolment:
    """Give the enrolment back when its own key signed it just now; refuses as `enrol_device` begins."""
    stale = decide_freshness(enrolment.made_at, now=now)
    if stale is not None:
        raise Refused(stale)
    message = enrolment_message(
        id_number=enrolment.id_number,
        card_number=enrolment.card_number,
        key=enrolment.key,
        made_at=enrolment.made_at,
    )
    verifying_key(enrolment.key).verify(enrolment.signature, message)
    return enrolment


async def _find_named(conn: Conn, enrolment: Enrolment, *, vault: Vault, terms: Terms) -> tuple[Resident, Person, Card]:
    """Find who is named; one reason for every mismatch, so that nobody learns who is registered here."""
    bucket, resident_id, person = await get_named(
        conn, id_number=enrolment.id_number, name=enrolment.name, terms=terms, vault=vault
    )
    resident = await get_resident(conn, bucket=bucket, resident_id=resident_id)
    card = await find_card(conn, bucket=bucket, resident_id=resident_id)
    if card is None or card.card_number != enrolment.card_number:
        raise Refused(Reason.IDENTITY_DOES_NOT_MATCH)
    return resident, person, card


async def _open_e_card(
    conn: Conn, resident: Resident, enrolment: Enrolment, *, vault: Vault, now: datetime, ids: Ids
) -> ECardId | Refused:
    """Issue the e-card, or prove the password of the one that stands and bring it back into order."""
    bucket, resident_id = resident.bucket, resident.id
    known = await e_card_store.find_e_card(conn, bucket=bucket, resident_id=resident_id)
    if known is None:
        issued = await issue_e_card(
            conn,
            bucket=bucket,
            resident_id=resident_id,
            password=enrolment.password,
            channel=enrolment.channel,
            vault=vault,
            now=now,
            ids=ids,
        )
        return issued.e_card_id
    proved = await prove_password(
        conn, bucket=bucket, resident_id=resident_id, password=enrolment.password, vault=vault, now=now, ids=ids
    )
    if isinstance(proved, Refused):
        return proved
    card = await get_card(conn, bucket=bucket, resident_id=resident_id)
    if state_of(proved, card) is ECardState.SUSPENDED:
        await associate(conn, bucket=bucket, resident_id=resident_id, now=now)
    await e_card_store.link_channel(
        conn, bucket=bucket, e_card_id=proved.id, resident_id=resident_id, channel=enrolment.channel, now=now
    )
    return proved.id


async def _add_device(
    conn: Conn,
    resident: Resident,
    e_card_id: ECardId,
    enrolment: Enrolment,
    *,
    terms: Terms,
    now: datetime,
    ids: Ids,
) -> DeviceId:
    await pass_gate(conn, bucket=resident.bucket, resident_id=resident.id)
    devices = await store.list_devices(conn, bucket=resident.bucket, resident_id=resident.id)
    if sum(device.revoked_at is None for device in devices) >= terms.devices_max:
        raise Refused(Reason.DEVICE_LIMIT_IS_REACHED, devices_max=terms.devices_max)
    device_id = DeviceId(ids.new())
    is_new = await store.insert_device(
        conn,
        bucket=resident.bucket,
        device_id=device_id,
        resident_id=resident.id,
        e_card_id=e_card_id,
        channel=enrolment.channel,
        platform=enrolment.platform,
        shell=enrolment.shell,
        key=enrolment.key,
        signed_at=enrolment.made_at,
        now=now,
    )
    if not is_new:
        raise Refused(Reason.DEVICE_KEY_IS_ALREADY_ENROLLED)
    await notices.tell(
        conn,
        Template.DEVICE_ENROLLED,
        bucket=resident.bucket,
        resident_id=resident.id,
        now=now,
        ids=ids,
        device=enrolment.platform,
    )
    return device_id


async def get_device(conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId) -> Device:
    """One device in force; refuses DEVICE_IS_NOT_KNOWN, then DEVICE_IS_REVOKED."""
    found = await store.find_device(conn, bucket=bucket, resident_id=resident_id, device_id=device_id)
    return verify_device(found, resident_id=resident_id)


async def verify_session_request(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    device_id: DeviceId,
    made_at: datetime,
    signature: bytes,
    now: datetime,
) -> Device:
    """Give the device whose enrolment key signed for a session just now.

    Refuses, in this order: DEVICE_MESSAGE_IS_STALE (also one that was used, or an older one), DEVICE_IS_NOT_KNOWN,
    DEVICE_IS_REVOKED, SIGNATURE_DOES_NOT_MATCH.
    """
    stale = decide_freshness(made_at, now=now)
    if stale is not None:
        raise Refused(stale)
    device = await get_device(conn, bucket=bucket, resident_id=resident_id, device_id=device_id)
    message = session_message(resident_id=resident_id, device_id=device_id, made_at=made_at)
    verifying_key(device.key).verify(signature, message)
    is_later = await store.advance_session_signed(
        conn, bucket=bucket, resident_id=resident_id, device_id=device_id, signed_at=made_at
    )
    if not is_later:
        raise Refused(Reason.DEVICE_MESSAGE_IS_STALE)
    return device


async def list_devices(conn: Conn, *, bucket: int, resident_id: ResidentId) -> tuple[Device, ...]:
    """A resident's devices, the latest first, revoked ones too."""
    return await store.list_devices(conn, bucket=bucket, resident_id=resident_id)


async def revoke_device(
    conn: Conn, *, bucket: int, resident_id: ResidentId, device_id: DeviceId, now: datetime, ids: Ids
) -> Change:
    """Revoke a device; its enrolment key opens nothing any more. Refuses RESIDENT_IS_NOT_KNOWN, DEVICE_IS_NOT_KNOWN."""
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    device = await store.find_device(conn, bucket=bucket, resident_id=resident_id, device_id=device_id)
    if device is None:
        raise Refused(Reason.DEVICE_IS_NOT_KNOWN)
    revoked = await store.revoke_device(conn, bucket=bucket, resident_id=resident_id, device_id=device_id, now=now)
    if revoked:
        await notices.tell(
            conn,
            Template.DEVICE_REMOVED,
            bucket=bucket,
            resident_id=resident_id,
            now=now,
            ids=ids,
            device=device.platform,
        )
    return Change.of(revoked)
