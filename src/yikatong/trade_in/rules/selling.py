"""A sale with the subsidy taken off: paid by a tap, taken back as if it had not been, or returned with its goods."""

from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from msgspec import structs

from yikatong.ledger.model import digest_id
from yikatong.trade_in.model import Act, Actor, Deed, SaleAtTill
from yikatong.trade_in.rules.claims import decide_move
from yikatong.trade_in.rules.keeping import deed_row
from yikatong.trade_in.rules.money import hold_again


def sell(one: SaleAtTill, *, tap_id: UUID, today: date, now: datetime) -> SaleAtTill:
    """A tap pays an entered sale: the claim is sold and paid in one deed, and what it leaves is to be released.

    Refuses as `decide_move`, in its order.
    """
    sale, claim = one.sale, one.kept.claim
    deed = Deed(
        act=Act.DEDUCT,
        actor=Actor.STORE,
        by=sale.provider_id,
        on=sale.bought_on,
        fen=sale.subsidy_fen,
        price_fen=sale.price_fen,
        new_code=sale.new_code,
        until=claim.valid_until,
    )
    sold = _do(one, deed, request_id=tap_id, today=today, now=now)
    rest_fen = claim.money.held_fen - sale.subsidy_fen
    kept = structs.replace(sold.kept, to_release_fen=sold.kept.to_release_fen + rest_fen)
    return structs.replace(sold, kept=kept, sale=structs.replace(sale, tap_id=tap_id))


def undo_sale(one: SaleAtTill, *, today: date, now: datetime) -> SaleAtTill:
    """A till takes back the tap that paid a sale: the sale waits again, and nothing is to be released.

    What the sale had left is held again while it still lies in the claim's account, for the sale may be entered anew
    at another price. Refuses as `decide_move`, in its order.
    """
    assert one.sale.tap_id is not None, "only what was paid is taken back"
    request_id = digest_id(b"undo deduction", one.sale.tap_id.bytes, time_of=one.sale.tap_id)
    deed = Deed(
        act=Act.UNDO_DEDUCTION,
        actor=Actor.PLATFORM,
        by=one.sale.tap_id,
        on=today,
        fen=one.sale.subsidy_fen,
        price_fen=one.sale.price_fen,
    )
    undone = _do(one, deed, request_id=request_id, today=today, now=now)
    claim, rest_fen = undone.kept.claim, undone.kept.to_release_fen
    claim = structs.replace(claim, money=hold_again(claim.money, rest_fen))
    kept = structs.replace(undone.kept, claim=claim, to_release_fen=0)
    return structs.replace(undone, kept=kept, sale=structs.replace(one.sale, tap_id=None))


def return_sale(one: SaleAtTill, *, refund_id: UUID, today: date, now: datetime) -> SaleAtTill:
    """A store takes goods back: the claim is returned, and the subsidy paid back out of what the store is owed.

    Two deeds of one moment. The chance stays used, and so do both codes. Refuses as `decide_move`, in its order.
    """
    by = one.sale.provider_id
    goods = Deed(act=Act.RETURN_GOODS, actor=Actor.STORE, by=by, on=today)
    returned = _do(one, goods, request_id=refund_id, today=today, now=now)
    owed_fen = returned.kept.claim.money.owed_back_fen
    request_id = digest_id(b"pay back", refund_id.bytes, time_of=refund_id)
    back = Deed(act=Act.PAY_BACK, actor=Actor.FINANCE, by=by, on=today, fen=owed_fen)
    return structs.replace(_do(returned, back, request_id=request_id, today=today, now=now), is_over=True)


def _do(one: SaleAtTill, deed: Deed, *, request_id: UUID, today: date, now: datetime) -> SaleAtTill:
    before = one.kept.claim
    claim = decide_move(before, deed, today=today)
    after = structs.replace(one.kept, version=one.kept.version + 1, claim=claim, changed_at=now)
    row = deed_row(
        deed,
        request_id=request_id,
        digest=sha256(request_id.bytes + one.sale.request_id.bytes).digest(),
        before=before,
        after=after,
        decision_id=one.sale.decision_id if deed.act is Act.DEDUCT else None,
    )
    return structs.replace(one, kept=after, deeds=(*one.deeds, row))
