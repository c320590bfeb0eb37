"""In what form personal fields are accepted, and shown."""

import re
from datetime import date

from yikatong.cards.model import NewPerson, Person, Reason
from yikatong.kernel.identifiers.resident_id import read_id_number
from yikatong.kernel.outcomes import Refused

ID_TYPES = ("1", "8", "16", "18", "19")
"""Resident ID card, household book, residence permits: the certificates that bear an 18-character number."""

_NATION = re.compile(r"0[1-9]|[1-4][0-9]|5[0-6]|9[78]")
_PHONE = re.compile(r"\+?[0-9]{7,15}")
SEX_CODE = {"male": "1", "female": "2"}


def read_person(new: NewPerson, *, on: date, synthetic_allowed: bool) -> Person:
    """Read a form into a person; birth date and sex are those of the ID number.

    Refuses, in this order:
        PERSONAL_FIELD_IS_NOT_VALID  field name, id_type, nation, phone or address, named in `field`
        the reasons of `read_id_number`
    """
    if not (1 <= len(new.name) <= 60 and new.name.isprintable() and new.name == new.name.strip()):
        raise Refused(Reason.PERSONAL_FIELD_IS_NOT_VALID, field="name")
    if new.id_type not in ID_TYPES:
        raise Refused(Reason.PERSONAL_FIELD_IS_NOT_VALID, field="id_type")
    if not _NATION.fullmatch(new.nation):
        raise Refused(Reason.PERSONAL_FIELD_IS_NOT_VALID, field="nation")
    verify_contact(phone=new.phone, address=new.address)
    number = read_id_number(new.id_number, day=on, synthetic_allowed=synthetic_allowed)
    return Person(
        name=new.name,
        id_number=number.text,
        id_type=new.id_type,
        sex=SEX_CODE[number.sex.value],
        birth=number.born_on,
        nation=new.nation,
        phone=new.phone,
        address=new.address,
    )


def verify_contact(*, phone: str, address: str) -> None:
    """Return when phone (7 to 15 digits) and address (5 to 70 characters) are in their form, or empty.

    Refuses PERSONAL_FIELD_IS_NOT_VALID, phone before address.
    """
    if phone and not _PHONE.fullmatch(phone):
        raise Refused(Reason.PERSONAL_FIELD_IS_NOT_VALID, field="phone")
    if address and not (5 <= len(address) <= 70 and address.isprintable()):
        raise Refused(Reason.PERSONAL_FIELD_IS_NOT_VALID, field="address")


def mask_name(name: str) -> str:
    """Write a name for a screen that others see: the first character, then stars."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def mask_id_number(id_number: str) -> str:
    """Write an ID number for a screen: the first three and last four characters, stars between."""
    return id_number[:3] + "*" * 11 + id_number[-4:]


def mask_phone(phone: str) -> str:
    """Write a phone number for a screen: the first three and last four digits."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 7 else "****"
