"""What a terminal is told of the resident: only what the item and its own purpose allow, only when admitted."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import psycopg
from msgspec.structs import replace

from yikatong.cards import service as cards
from yikatong.cards.model import Holder, Person, Vault
from yikatong.cards.model import Reason as CardsReason
from yikatong.catalogue.model import DataKind
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import age_on, day_of
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Receipt, TapRow

_FROM_PERSON = frozenset(
    {DataKind.NAME, DataKind.NAME_MASKED, DataKind.ID_NUMBER, DataKind.AGE_BAND, DataKind.INSURED_PERSON}
)
_BANDS = ((14, "under 14"), (18, "14-17"), (60, "18-59"), (70, "60-69"), (200, "70 and over"))


async def tell_learned(conn: psycopg.AsyncConnection[Any], receipt: Receipt, *, row: TapRow, vault: Vault) -> Receipt:
    """Add to an admitted tap's receipt the data its terminal asked for; the tap's row is the record of the look.

    The batch has refused whatever item and terminal may not learn (TERMINAL_MAY_NOT_LEARN_THIS). What is told is of
    the day of the tap, however late its terminal asks again; of a person erased since, nothing is told any more.
    """
    resident_id, on = ResidentId(row.resident_id), day_of(row.decided_at)
    person = None
    if _FROM_PERSON.intersection(row.learned):
        try:
            person = await cards.view_person(conn, bucket=row.bucket, resident_id=resident_id, vault=vault)
        except Refused as refused:
            if refused.reason is not CardsReason.PERSON_IS_ERASED:
                raise
            return receipt
    holder = await cards.get_holder(conn, bucket=row.bucket, resident_id=resident_id, on=on)
    return replace(receipt, learned=learned_of(row.learned, holder=holder, person=person, on=on))


def learned_of(kinds: list[str], *, holder: Holder, person: Person | None, on: date) -> Mapping[str, str]:
    """What each kind of data says. A concession is only said to be valid, never of which kind or why."""
    told: dict[str, str] = {}
    for kind in kinds:
        match kind:
            case DataKind.HOME_REGION:
                told[kind] = holder.region
            case DataKind.CARD_NUMBER:
                told[kind] = holder.card_number or ""
            case DataKind.CONCESSION:
                told[kind] = "valid" if holder.concessions else "none"
            case DataKind.PRESENCE_ONLY:
                told[kind] = "present"
            case _:
                assert person is not None
                told[kind] = _of_person(kind, person, on=on)
    return told


def _of_person(kind: str, person: Person, *, on: date) -> str:
    if kind == DataKind.NAME:
        return person.name
    if kind == DataKind.NAME_MASKED:
        return cards.mask_name(person.name)
    if kind == DataKind.AGE_BAND:
        age = age_on(on, born_on=person.birth)
        return next(band for until, band in _BANDS if age < until)
    return person.id_number
