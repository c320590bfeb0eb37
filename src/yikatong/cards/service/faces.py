"""Proving a resident by their face."""

from typing import Any

import psycopg

from yikatong.cards.model import Person, Reason, Vault
from yikatong.cards.outside import FaceAnswer, FaceCheck
from yikatong.cards.service.people import view_person
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused

Conn = psycopg.AsyncConnection[Any]


async def verify_face(
    conn: Conn, *, bucket: int, resident_id: ResidentId, face: str, check: FaceCheck, vault: Vault
) -> Person:
    """Give the person whose live face it is; called before a gate is passed, so that a slow check holds nobody up.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, PERSON_IS_ERASED, FACE_DOES_NOT_MATCH.
    """
    person = await view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
    answer = await check.compare_face(name=person.name, id_number=person.id_number, face=face)
    if answer is not FaceAnswer.MATCHED:
        raise Refused(Reason.FACE_DOES_NOT_MATCH)
    return person
