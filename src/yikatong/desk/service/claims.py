"""At the counter: what was kept of a cancelled card's balance is handed out to whoever claims it."""

from datetime import datetime

from yikatong.cards import service as cards
from yikatong.cards.model import Resident
from yikatong.desk import store
from yikatong.desk.model import Claimant, KeptPayout
from yikatong.desk.rules import verify_claim
from yikatong.desk.service.counter import WRITER
from yikatong.kernel.ids import OperatorId, TransferId
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, Leg, TransferDraft, TransferKind, bank_clearing, name_account
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.rows import Conn


async def pay_kept_balance(
    conn: Conn, *, resident: Resident, claimant: Claimant, operator_id: OperatorId, now: datetime, ids: Ids
) -> KeptPayout:
    """Hand out all that is kept of a resident's balance, in cash, at a counter of the card's bank, to which we owe it
    from now on; the operator has seen the claimant's document, and an heir's certificate.

    Refuses, in this order: RESIDENT_IS_NOT_KNOWN, RESIDENT_HAS_NO_CARD, NOTHING_IS_KEPT, CLAIMANT_DOES_NOT_FIT. The
    gate is held, so what is kept is handed out once.
    """
    bucket = resident.bucket
    await cards.lock_gate(conn, bucket=bucket, resident_id=resident.id)
    status = (await cards.get_resident(conn, bucket=bucket, resident_id=resident.id)).status
    card = await cards.get_card(conn, bucket=bucket, resident_id=resident.id)
    kept = name_account(resident.id, AccountKind.ESCHEAT)
    kept_fen = await ledger.open_balance(conn, buckets=[bucket], account=kept)
    payout = KeptPayout(
        bucket=bucket,
        transfer_id=TransferId(ids.new()),
        resident_id=resident.id,
        card_id=card.id,
        claimant=claimant,
        amount_fen=verify_claim(kept_fen, claimant=claimant, status=status),
        operator_id=operator_id,
        paid_at=now,
    )
    draft = TransferDraft(
        id=payout.transfer_id,
        kind=TransferKind.PAYOUT,
        reference=card.id,
        legs=(Leg(kept, -payout.amount_fen), Leg(bank_clearing(card.bank_code), payout.amount_fen)),
    )
    await ledger.post(conn, bucket=bucket, writer=WRITER, draft=draft, now=now)
    await store.insert_kept_payout(conn, payout=payout)
    return payout
