"""Many residents at once: a register that moves in, or a made-up population.

Rows go in by COPY instead of one statement a person. The result is the same as that of `register_resident`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from struct import Struct
from typing import Any, NamedTuple

import psycopg

from yikatong.cards.model import GuardianRelation, Person, ResidentStatus, Terms, Vault
from yikatong.cards.service.people import FIELDS, texts_of
from yikatong.cards.store.statements import STATEMENTS
from yikatong.kernel.identifiers.reasons import Reason as IdReason
from yikatong.kernel.identifiers.resident_id import SYNTHETIC_PREFIX
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing import wire
from yikatong.plumbing.copying import copy_rows, row_start, shared_values, values

Conn = psycopg.AsyncConnection[Any]


class Newcomer(NamedTuple):
    """A person to be registered under an id that the caller chose, with guardians who come in the same way.

    `person` is what `read_person` gives for the form, so a register is read before it comes here.
    """

    id: ResidentId
    division: str
    person: Person
    guardians: tuple[tuple[ResidentId, GuardianRelation], ...] = ()


async def register_newcomers(
    conn: Conn, newcomers: Sequence[Newcomer], *, region: str, terms: Terms, vault: Vault, now: datetime
) -> int:
    """Register those whose ID number is not known yet, and give how many they were.

    Somebody known is passed over, whatever name the register gives; an interrupted load is so continued.
    Refuses ID_NUMBER_IS_SYNTHETIC where made-up residents are not allowed, and then registers nobody of these.
    Raises psycopg.errors.UniqueViolation when another load registers the same person at the same moment, or when
    a number comes twice among these.
    """
    numbers = [newcomer.person.id_number for newcomer in newcomers]
    if not terms.synthetic_allowed and any(number.startswith(SYNTHETIC_PREFIX) for number in numbers):
        raise Refused(IdReason.ID_NUMBER_IS_SYNTHETIC)
    marks = vault.mark_id_numbers(numbers)
    known = set(await STATEMENTS.list_column(conn, "list_known_marks", marks=marks))
    fresh = [(mark, newcomer) for mark, newcomer in zip(marks, newcomers, strict=True) if mark not in known]
    for statement, rows in _tables_of(fresh, region=region, terms=terms, vault=vault, now=now):
        await copy_rows(conn, STATEMENTS[statement], rows)
    return len(fresh)


def _tables_of(
    fresh: Sequence[tuple[bytes, Newcomer]], *, region: str, terms: Terms, vault: Vault, now: datetime
) -> Iterator[tuple[str, list[bytes]]]:
    """The statement of each table and its rows; what a table needs is made when it is asked for."""
    at = shared_values(wire.instant(now))
    # In the order of marks, so that those which fall into one page of their index come one after the other.
    ordered = sorted((mark, one.id.bytes) for mark, one in fresh)
    yield "copy_id_marks", [_MARK_AND_ID.pack(3, len(mark), mark, len(raw_id), raw_id) + at for mark, raw_id in ordered]
    newcomers = [newcomer for _, newcomer in fresh]
    keys = [_key_of(one.id, terms.bucket_count) for one in newcomers]
    yield "copy_residents", _residents(keys, newcomers, region=region, at=at)
    yield "copy_persons", _persons(keys, newcomers, vault=vault)
    start = row_start(7)
    yield "copy_gates", [start + key + _UNTOUCHED_GATE for key in keys]
    yield "copy_guardians", _guardians(keys, newcomers, at=at)


_MARK_AND_ID = Struct("!hi32si16s")
_BUCKET_AND_ID = Struct("!ihi16s")
_UNTOUCHED_GATE = shared_values(wire.int8(0), wire.int8(0), wire.int8(0), wire.int8(0), wire.boolean(False))


def _key_of(resident_id: ResidentId, bucket_count: int) -> bytes:
    """The first two values of every table that belongs to people: bucket and id."""
    return _BUCKET_AND_ID.pack(2, bucket_of(resident_id, bucket_count), 16, resident_id.bytes)


def _residents(keys: Sequence[bytes], newcomers: Sequence[Newcomer], *, region: str, at: bytes) -> list[bytes]:
    start, of_region = row_start(7), values(region.encode())
    alive = values(ResidentStatus.ALIVE.value.encode()) + at + at
    return [
        b"".join((start, key, of_region, values(one.division.encode()), alive))
        for key, one in zip(keys, newcomers, strict=True)
    ]


def _persons(keys: Sequence[bytes], newcomers: Sequence[Newcomer], *, vault: Vault) -> list[bytes]:
    start = row_start(3 + len(FIELDS))
    sealed = vault.seal_each([(one.id, texts_of(one.person)) for one in newcomers], fields=FIELDS)
    return [start + key + values(wrapped, *seals) for key, (wrapped, seals) in zip(keys, sealed, strict=True)]


def _guardians(keys: Sequence[bytes], newcomers: Sequence[Newcomer], *, at: bytes) -> list[bytes]:
    start = row_start(5)
    return [
        start + key + values(guardian_id.bytes, relation.value.encode()) + at
        for key, one in zip(keys, newcomers, strict=True)
        for guardian_id, relation in one.guardians
    ]
