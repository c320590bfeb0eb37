"""What was decided about a claim, opened with its resident's key: every step, clause and input."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import DataKey, Vault
from yikatong.cards.model import Reason as CardsReason
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import Decision
from yikatong.trade_in.model import DecisionRow, Reason
from yikatong.trade_in.rules.keeping import list_row_differences
from yikatong.trade_in.service.offices import SEALED_FIELD
from yikatong.trade_in.store import deeds

Conn = psycopg.AsyncConnection[Any]
_decode = msgspec.json.Decoder(Decision).decode


class Opened(NamedTuple):
    """A decision as its row has it, and what was sealed in it."""

    row: DecisionRow
    decision: Decision

    def row_differences(self) -> tuple[tuple[str, Any, Any], ...]:
        """Where the row says otherwise than what was sealed: field, in the row, as sealed."""
        return list_row_differences(self.row, self.decision)


async def open_decisions(conn: Conn, *, claim_id: UUID, vault: Vault, bucket_count: int) -> tuple[Opened, ...]:
    """The decisions about a claim, or about an application that opened none, the oldest first.

    The caller verifies who may see them and records the look. Refuses, in this order:
        CLAIM_IS_UNKNOWN    nothing was decided under this id
        PERSON_IS_ERASED    the key of its resident is gone
    """
    bucket = bucket_of(claim_id, bucket_count)
    rows = await deeds.list_decisions(conn, bucket=bucket, claim_id=claim_id)
    if not rows:
        raise Refused(Reason.CLAIM_IS_UNKNOWN)
    resident_id = ResidentId(rows[0].resident_id)
    applicants = await cards.open_applicants(conn, bucket=bucket, resident_ids=[resident_id], vault=vault)
    if resident_id not in applicants:
        raise Refused(CardsReason.PERSON_IS_ERASED)
    return tuple(open_row(row, key=applicants[resident_id].key) for row in rows)


def open_row(row: DecisionRow, *, key: DataKey) -> Opened:
    """A decision opened with its resident's key; refuses SEAL_DOES_NOT_OPEN when it was not sealed with it."""
    return Opened(row, _decode(key.open(row.sealed, field=SEALED_FIELD)))
