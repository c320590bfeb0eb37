"""Many residents at once: a register that moves in, or a made-up population.

Rows go in by COPY instead of one statement a person. The result is the same as that of `register_resident`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import msgspec
import psycopg

from yikatong.cards.model import GuardianRelation, Person, ResidentStatus, Terms, Vault
from yikatong.cards.service.people import seal_person
from yikatong.cards.store.rows import QUERIES, fetch_column
from yikatong.kernel.identifiers.reasons import Reason as IdReason
from yikatong.kernel.identifiers.resident_id import SYNTHETIC_PREFIX
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.outcomes import Refused

Conn = psycopg.AsyncConnection[Any]


class Newcomer(NamedTuple):
    """A person to be registered under an id that the caller chose, with guardians who come in the same way.

    `person` is what `read_person` gives for the form, so a register is read before it comes here.
    """

    id: ResidentId
    division: str
    person: Person
    guardians: tuple[tuple[ResidentId, GuardianRelation], ...] = ()


class _Rows(NamedTuple):
    """The rows of each table, in the order of its COPY."""

    id_marks: list[tuple[Any, ...]]
    residents: list[tuple[Any, ...]]
    persons: list[tuple[Any, ...]]
    gates: list[tuple[Any, ...]]
    guardians: list[tuple[Any, ...]]


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
    marks = [vault.mark_id_number(number) for number in numbers]
    known = set(await fetch_column(conn, QUERIES["list_known_marks"], {"marks": marks}))
    fresh = [(mark, newcomer) for mark, newcomer in zip(marks, newcomers, strict=True) if mark not in known]
    rows = _rows_of(fresh, region=region, terms=terms, vault=vault, now=now)
    for (name, types), table in zip(_COPIES.items(), rows, strict=True):
        await _copy(conn, QUERIES[name], types, table)
    return len(fresh)


_COPIES: dict[str, tuple[str, ...]] = {
    "copy_id_marks": ("bytea", "uuid", "timestamptz"),
    "copy_residents": ("int2", "uuid", "text", "text", "text", "timestamptz", "timestamptz"),
    "copy_persons": ("int2", "uuid", *["bytea"] * 9),
    "copy_gates": ("int2", "uuid", "int8", "int8", "int8", "int8", "bool"),
    "copy_guardians": ("int2", "uuid", "uuid", "text", "timestamptz"),
}
"""The statements in the order of `_Rows`, with the types of their columns."""


def _rows_of(
    fresh: Iterable[tuple[bytes, Newcomer]], *, region: str, terms: Terms, vault: Vault, now: datetime
) -> _Rows:
    rows = _Rows([], [], [], [], [])
    alive = ResidentStatus.ALIVE.value
    for mark, newcomer in fresh:
        resident_id = newcomer.id
        bucket = bucket_of(resident_id, terms.bucket_count)
        sealed = seal_person(newcomer.person, resident_id=resident_id, vault=vault)
        rows.id_marks.append((mark, resident_id, now))
        rows.residents.append((bucket, resident_id, region, newcomer.division, alive, now, now))
        rows.persons.append((bucket, resident_id, *msgspec.structs.astuple(sealed)))
        rows.gates.append((bucket, resident_id, 0, 0, 0, 0, False))
        for guardian_id, relation in newcomer.guardians:
            rows.guardians.append((bucket, resident_id, guardian_id, relation.value, now))
    return rows


async def _copy(conn: Conn, statement: LiteralString, types: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    async with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row(row)
