"""Under what a deed is done, and what every deed needs: the claim under its resident's gate, and its rows."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import Applicant, ResidentStatus, Vault
from yikatong.cards.model import Reason as CardsReason
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.instants import age_on, day_of
from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.statements import run_in_order
from yikatong.programmes.model import Decision
from yikatong.programmes.model import Reason as ProgrammeReason
from yikatong.sealing import service as sealing
from yikatong.trade_in.model import ChainTerms, DecisionRow, DeedRow, KeptClaim, Reason
from yikatong.trade_in.rules.keeping import decision_row, encode_decision
from yikatong.trade_in.rules.leaves import leaf_of_decision, leaf_of_deed
from yikatong.trade_in.store import claims as claim_store
from yikatong.trade_in.store import deeds as deed_store

Conn = psycopg.AsyncConnection[Any]

SEALED_FIELD = "trade_in.decision"
"""The name under which a decision is sealed; it opens under no other."""


class Office(NamedTuple):
    """Under what a deed is done: sheets and terms, keys, the time, ids."""

    chain: ChainTerms
    vault: Vault
    now: datetime
    ids: Ids

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return day_of(self.now)

    def bucket_of(self, id: UUID) -> int:
        """The bucket of a resident or of a claim, whose id ends as its resident's."""
        return bucket_of(id, self.chain.bucket_count)


async def lock_claim(conn: Conn, *, claim_id: UUID, office: Office) -> KeptClaim:
    """A claim, locked after its resident's gate. Refuses CLAIM_IS_UNKNOWN."""
    bucket = office.bucket_of(claim_id)
    resident_id = await claim_store.find_claimant(conn, bucket=bucket, claim_id=claim_id)
    if resident_id is None:
        raise Refused(Reason.CLAIM_IS_UNKNOWN)
    await cards.lock_gate(conn, bucket=bucket, resident_id=resident_id)
    kept = await claim_store.lock_claim(conn, bucket=bucket, claim_id=claim_id)
    assert kept is not None, "a claim is never deleted"
    return kept


async def get_applicant(conn: Conn, *, kept: KeptClaim, office: Office) -> Applicant:
    """The resident of a claim. Refuses PERSON_IS_ERASED."""
    resident_id = ResidentId(kept.claim.resident_id)
    found = await cards.open_applicants(conn, bucket=kept.bucket, resident_ids=[resident_id], vault=office.vault)
    if resident_id not in found:
        raise Refused(CardsReason.PERSON_IS_ERASED)
    return found[resident_id]


def verify_applicant(applicant: Applicant | None) -> Applicant:
    """An applicant who is known and can be served.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN (also of the erased), APPLICANT_IS_DECEASED.
    """
    if applicant is None:
        raise Refused(CardsReason.RESIDENT_IS_NOT_KNOWN)
    if applicant.status is not ResidentStatus.ALIVE:
        raise Refused(Reason.APPLICANT_IS_DECEASED)
    return applicant


def age_of(applicant: Applicant, *, on: date) -> str:
    """Completed years on a day as a fact; 0 before the birth."""
    return str(age_on(max(on, applicant.born_on), born_on=applicant.born_on))


def keep_decision(
    decision: Decision,
    *,
    applicant: Applicant,
    claim_id: UUID,
    resident_id: UUID,
    request_id: UUID,
    act: str,
    assumed: tuple[str, ...],
    office: Office,
) -> DecisionRow:
    """A decision as it will be kept, sealed with the key of its resident."""
    return decision_row(
        decision,
        bucket=office.bucket_of(claim_id),
        decision_id=office.ids.new(),
        claim_id=claim_id,
        resident_id=resident_id,
        request_id=request_id,
        act=act,
        assumed=assumed,
        sealed=applicant.key.seal(encode_decision(decision), field=SEALED_FIELD),
        now=office.now,
    )


def refusal_of(decision: Decision, *, office: Office) -> Refused:
    """What a decision that gives nothing refuses with: the formula's first reason, and what it would have wanted."""
    return Refused(_reason_of(decision, office=office), **_wanted(decision))


def _reason_of(decision: Decision, *, office: Office) -> KernelReason:
    formula = office.chain.shelf.formulas[decision.formula].formula
    return next(reason for reason in formula.order if reason.name == decision.reason)


def _wanted(decision: Decision) -> dict[str, str | int]:
    if decision.reason == ProgrammeReason.FACT_IS_NOT_GIVEN.name:
        return {"facts": ", ".join(sorted({name for check in decision.checks for name in check.missing}))}
    check = next((one for one in decision.checks if one.reason == decision.reason), None)
    if check is None:
        return {}
    told = {"fact": check.fact, "least": check.least, "most": check.most, "wants": check.wants, "clause": check.clause}
    return {name: text for name, text in told.items() if text}


async def write_down(conn: Conn, *, deeds: Sequence[DeedRow], decisions: Sequence[DecisionRow], office: Office) -> None:
    """Write deeds and decisions, and leave their leaves for the sealer."""
    if deeds:
        await deed_store.insert_deeds(conn, deeds=deeds)
    if decisions:
        await deed_store.insert_decisions(conn, decisions=decisions)
    leaves = [leaf_of_deed(deed) for deed in deeds] + [leaf_of_decision(one) for one in decisions]
    if leaves:
        await run_in_order(conn, [sealing.leaving(leaves, now=office.now)])
