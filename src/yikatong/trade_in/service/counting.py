"""What counts for a claim: the code of its new bike, once in the whole installation, and the scheme of its sale."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import Decision, Sheet
from yikatong.trade_in.model import PROGRAMME, ChainTerms, KeptClaim, Reason, Spending, VehicleRole
from yikatong.trade_in.rules.facts import verify_code
from yikatong.trade_in.rules.sheets import budget_code_of, count_key_of
from yikatong.trade_in.rules.vehicles import verify_free
from yikatong.trade_in.service.offices import Office
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]


async def count_code(conn: Conn, *, spending: Spending, office: Office) -> None:
    """Let a code count for a claim, claiming it if nobody did before. Refuses VEHICLE_IS_COUNTED_ALREADY."""
    holder = await vehicle_store.claim_code(conn, wanted=spending, held_until=office.now)
    verify_free(holder, spending)
    await vehicle_store.count_codes(conn, held=[(spending.code, spending.claim_id)])


async def claim_new_code(conn: Conn, *, claim_id: UUID, code: str, chain: ChainTerms, now: datetime) -> None:
    """Claim the code of a new bike for a claim, in a commit of its own before its sale.

    Refuses, in this order: VEHICLE_CODE_IS_NOT_VALID, VEHICLE_IS_COUNTED_ALREADY.
    """
    wanted = Spending(verify_code(code), VehicleRole.NEW, claim_id)
    holder = await vehicle_store.claim_code(conn, wanted=wanted, held_until=now + chain.code_term)
    verify_free(holder, wanted)


async def free_new_code(conn: Conn, *, claim_id: UUID, code: str) -> None:
    """Free the code of a new bike that was claimed for a sale of which nothing came, unless the claim counts it.

    It waits for nobody: a code that somebody has locked is freed by its term.
    """
    if await vehicle_store.lock_held_code(conn, code=code, claim_id=claim_id):
        await vehicle_store.give_held_codes_back(conn, held=[(code, claim_id)])


def verify_scheme(kept: KeptClaim, decision: Decision, *, office: Office) -> Sheet:
    """The sheet of a sale, if it counts its person and pays as the one under which the claim was qualified.

    Else whoever has used this year's chance would have another by a qualification of the year before, and one budget
    would pay what another was given for. Refuses SALE_IS_UNDER_ANOTHER_SCHEME.
    """
    sheets = office.chain.shelf.sheets_of(PROGRAMME)
    sheet = next(one for one in sheets if one.name == decision.sheet)
    counted, paid_by = count_key_of(sheet, on=decision.on), budget_code_of(sheet, on=decision.on)
    if (counted, paid_by) != (kept.count_key, kept.budget):
        raise Refused(Reason.SALE_IS_UNDER_ANOTHER_SCHEME, on=decision.on.isoformat())
    return sheet
