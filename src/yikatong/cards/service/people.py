"""Residents and their personal fields: registered once by ID number, sealed, viewed, erased."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import DataKey, NewPerson, Person, Reason, Registered, Resident, ResidentStatus, Terms, Vault
from yikatong.cards.rules.persons import read_person, verify_contact
from yikatong.cards.service.gates import get_resident, pass_gate
from yikatong.cards.store import residents as store
from yikatong.cards.store.residents import SealedPerson
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.instants import age_on, day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

FIELDS = ("name", "id_number", "id_type", "sex", "birth", "nation", "phone", "address")


async def register_resident(
    conn: Conn,
    *,
    region: str,
    division: str,
    person: NewPerson,
    terms: Terms,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Registered:
    """Register a person by ID number; the same name and number in the same region again is ALREADY_SO.

    Refuses, in this order:
        PERSONAL_FIELD_IS_NOT_VALID, then the reasons of `read_id_number`
        ID_NUMBER_IS_ALREADY_REGISTERED  under another name, or in another region
    """
    whole = read_person(person, on=day_of(now), synthetic_allowed=terms.synthetic_allowed)
    resident_id = ResidentId(ids.new())
    mark = vault.mark_id_number(whole.id_number)
    if not await store.claim_id_mark(conn, mark=mark, resident_id=resident_id, now=now):
        return await _find_registered(conn, mark=mark, region=region, name=whole.name, terms=terms, vault=vault)
    bucket = bucket_of(resident_id, terms.bucket_count)
    resident = Resident(
        bucket=bucket,
        id=resident_id,
        region=region,
        division=division,
        status=ResidentStatus.ALIVE,
        made_at=now,
        status_at=now,
    )
    await store.insert_resident(conn, resident=resident)
    sealed = seal_person(whole, resident_id=resident_id, vault=vault)
    await store.insert_person(conn, bucket=bucket, resident_id=resident_id, person=sealed)
    await store.insert_gate(conn, bucket=bucket, resident_id=resident_id)
    return Registered(resident_id=resident_id, bucket=bucket, change=Change.DONE)


async def _find_registered(
    conn: Conn, *, mark: bytes, region: str, name: str, terms: Terms, vault: Vault
) -> Registered:
    resident_id = await store.find_resident_id_by_mark(conn, mark=mark)
    if resident_id is None:
        raise Refused(Reason.ID_NUMBER_IS_ALREADY_REGISTERED)
    bucket = bucket_of(resident_id, terms.bucket_count)
    resident = await get_resident(conn, bucket=bucket, resident_id=resident_id)
    known = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    if (resident.region, known.name) != (region, name):
        raise Refused(Reason.ID_NUMBER_IS_ALREADY_REGISTERED)
    return Registered(resident_id=resident_id, bucket=bucket, change=Change.ALREADY_SO)


def seal_person(person: Person, *, resident_id: ResidentId, vault: Vault) -> SealedPerson:
    """Seal every field under a new data key of the resident."""
    ((wrapped_key, seals),) = vault.seal_each([(resident_id, texts_of(person))], fields=FIELDS)
    return SealedPerson(wrapped_key=wrapped_key, **dict(zip(FIELDS, seals, strict=True)))


def texts_of(person: Person) -> tuple[bytes, ...]:
    """The fields of a person as they are sealed, in the order of FIELDS."""
    return (
        person.name.encode(),
        person.id_number.encode(),
        person.id_type.encode(),
        person.sex.encode(),
        person.birth.isoformat().encode(),
        person.nation.encode(),
        person.phone.encode(),
        person.address.encode(),
    )


async def find_by_id_number(conn: Conn, *, id_number: str, vault: Vault) -> ResidentId | None:
    """Who bears an ID number; a final x counts as X."""
    return await store.find_resident_id_by_mark(conn, mark=vault.mark_id_number(id_number.upper()))


async def get_named(
    conn: Conn, *, id_number: str, name: str, terms: Terms, vault: Vault
) -> tuple[int, ResidentId, Person]:
    """Who bears an ID number and a name, with their bucket; the caller records the look.

    Refuses IDENTITY_DOES_NOT_MATCH for every mismatch, so that nobody learns who is registered here.
    """
    found = await find_by_id_number(conn, id_number=id_number, vault=vault)
    if found is None:
        raise Refused(Reason.IDENTITY_DOES_NOT_MATCH)
    bucket, resident_id = address_of(found, terms=terms)
    person = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    if person.name != name:
        raise Refused(Reason.IDENTITY_DOES_NOT_MATCH)
    return bucket, resident_id, person


async def view_person(conn: Conn, *, bucket: int, resident_id: ResidentId, vault: Vault) -> Person:
    """A person's fields, unsealed; the caller records the look.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, PERSON_IS_ERASED.
    """
    sealed, key = await _open_sealed(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    return _unseal(sealed, key=key)


async def _open_sealed(
    conn: Conn, *, bucket: int, resident_id: ResidentId, vault: Vault
) -> tuple[SealedPerson, DataKey]:
    """A person's sealed fields and the key that opens them; refuses as `view_person` does."""
    sealed = await store.find_sealed_person(conn, bucket=bucket, resident_id=resident_id)
    if sealed is None:
        raise Refused(Reason.RESIDENT_IS_NOT_KNOWN)
    if sealed.wrapped_key is None:
        raise Refused(Reason.PERSON_IS_ERASED)
    return sealed, vault.open_data_key(sealed.wrapped_key, owner=resident_id)


def _unseal(sealed: SealedPerson, *, key: DataKey) -> Person:
    texts = {field: key.open(getattr(sealed, field), field=field).decode() for field in FIELDS}
    birth = date.fromisoformat(texts.pop("birth"))
    return Person(birth=birth, **texts)


async def age_of(conn: Conn, *, bucket: int, resident_id: ResidentId, on: date, vault: Vault) -> int:
    """A person's completed years on a day; refuses as `view_person` does."""
    person = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    return age_on(on, born_on=person.birth)


async def change_contact(
    conn: Conn, *, bucket: int, resident_id: ResidentId, phone: str, address: str, vault: Vault
) -> Change:
    """Replace phone and address.

    Refuses, in this order: PERSONAL_FIELD_IS_NOT_VALID, RESIDENT_IS_NOT_KNOWN, PERSON_IS_ERASED.
    """
    verify_contact(phone=phone, address=address)
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    sealed, key = await _open_sealed(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    known = _unseal(sealed, key=key)
    if (known.phone, known.address) == (phone, address):
        return Change.ALREADY_SO
    await store.set_contact(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        phone=key.seal(phone.encode(), field="phone"),
        address=key.seal(address.encode(), field="address"),
    )
    return Change.DONE


async def erase_person(conn: Conn, *, bucket: int, resident_id: ResidentId, vault: Vault, now: datetime) -> Change:
    """Destroy a person's data key, every sealed field and the mark; amounts and proofs stay.

    Refuses RESIDENT_IS_NOT_KNOWN. Personal Information Protection Law, article 47.
    """
    await pass_gate(conn, bucket=bucket, resident_id=resident_id)
    sealed = await store.find_sealed_person(conn, bucket=bucket, resident_id=resident_id)
    if sealed is None or sealed.wrapped_key is None:
        return Change.ALREADY_SO
    person = _unseal(sealed, key=vault.open_data_key(sealed.wrapped_key, owner=resident_id))
    await store.delete_id_mark(conn, mark=vault.mark_id_number(person.id_number), resident_id=resident_id)
    return Change.of(await store.erase_person(conn, bucket=bucket, resident_id=resident_id, now=now))


def address_of(resident_id: UUID, *, terms: Terms) -> tuple[int, ResidentId]:
    """The bucket of a resident, and the id as a resident's."""
    return bucket_of(resident_id, terms.bucket_count), ResidentId(resident_id)
