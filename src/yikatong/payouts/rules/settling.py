"""Pure decisions: a day's statement, what it pays, how a request to a bank goes on, and where a bank disagrees."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from io import StringIO
from uuid import UUID

from msgspec import structs

from yikatong.kernel.ids import ProviderId, TransferId
from yikatong.kernel.instants import epoch_ms, start_of
from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import DayTotal, TransferKind, digest_id
from yikatong.payouts.model import (
    BankDid,
    BankDifference,
    BankNeverHeard,
    BankRefused,
    BankRequest,
    BankReversed,
    BankStanding,
    DayLine,
    DayLineKind,
    DebitRequest,
    ProviderStatement,
    Reason,
    RequestState,
)
from yikatong.sealing.model import Leaf, LeafKind
from yikatong.sealing.service import encode_fields, hash_leaf

SETTLING_GRACE = timedelta(minutes=5)
"""Batches that began before midnight have ended this long after it."""

UNRESOLVED = frozenset({RequestState.ASKED, RequestState.UNKNOWN, RequestState.REVERSING})

_SETTLED = (TransferKind.SETTLEMENT, TransferKind.RETURN)


def verify_day_has_ended(day: date, *, now: datetime) -> None:
    """Go on if a Shanghai day is over for the ledger too; refuses STATEMENT_DAY_HAS_NOT_ENDED."""
    if now < start_of(day + timedelta(days=1)) + SETTLING_GRACE:
        raise Refused(Reason.STATEMENT_DAY_HAS_NOT_ENDED, day=day.isoformat())


def state_day(provider_id: ProviderId, day: date, totals: Iterable[DayTotal]) -> ProviderStatement:
    """Make the statement of a day from what the ledger says of each bucket; without any, a day of zeros."""
    every = list(totals)
    counts = {kind: sum(total.counts.get(kind, 0) for total in every) for kind in TransferKind}
    sums = {kind: sum(total.sums_fen.get(kind, 0) for total in every) for kind in TransferKind}
    opening_fen = sum(total.opening_fen for total in every)
    closing_fen = sum(total.closing_fen for total in every)
    sales_fen = sums[TransferKind.PAYMENT]
    refunds_fen = -sums[TransferKind.REFUND]
    reversals_fen = -sums[TransferKind.REVERSAL]
    settled_fen = -sum(sums[kind] for kind in _SETTLED)
    netted_fen = -sums[TransferKind.DEBT]
    return ProviderStatement(
        provider_id=provider_id,
        day_on=day,
        opening_fen=opening_fen,
        sales_count=counts[TransferKind.PAYMENT],
        sales_fen=sales_fen,
        refunds_count=counts[TransferKind.REFUND],
        refunds_fen=refunds_fen,
        reversals_count=counts[TransferKind.REVERSAL],
        reversals_fen=reversals_fen,
        settled_fen=settled_fen,
        netted_fen=netted_fen,
        other_fen=closing_fen - opening_fen - sales_fen + refunds_fen + reversals_fen + settled_fen + netted_fen,
        closing_fen=closing_fen,
    )


def digest_statement(statement: ProviderStatement) -> bytes:
    """The SHA-256 of a statement's CSV text, so that both sides can say which statement they mean."""
    return sha256(show_csv([statement]).encode()).digest()


def leaf_of_statement(statement: ProviderStatement, *, digest: bytes, made_at: datetime) -> Leaf:
    """The leaf of a statement in the sealed log, under an id of provider and day."""
    id = digest_id(b"statement", statement.provider_id.bytes, statement.day_on.isoformat().encode())
    return Leaf(LeafKind.STATEMENT, id, hash_leaf(encode_fields((*structs.astuple(statement), digest, made_at))))


def show_csv(statements: Sequence[ProviderStatement]) -> str:
    """Statements as CSV (RFC 4180), amounts in yuan with two places, a header line first."""
    out = StringIO()
    writer = csv.writer(out)
    fields = ProviderStatement.__struct_fields__
    writer.writerow([field.replace("_fen", "_yuan") for field in fields])
    for statement in statements:
        writer.writerow([_show_field(field, getattr(statement, field)) for field in fields])
    return out.getvalue()


def _show_field(field: str, value: object) -> str:
    if field.endswith("_fen"):
        assert isinstance(value, int)
        return show_yuan(value)
    return str(value)


def price_payable(totals: Iterable[DayTotal]) -> dict[int, int]:
    """What of a day's closing balance has still to be settled, by bucket; zero buckets are left out.

    Settlements posted after the day have taken their part already, so days settled late or twice pay nothing twice.
    """
    payable = {total.bucket: total.closing_fen + total.settled_later_fen for total in totals}
    return {bucket: fen for bucket, fen in payable.items() if fen != 0}


def split_netting(payable: Mapping[int, int], *, debt_fen: int) -> dict[int, int]:
    """What a provider's debt takes of what is payable, by bucket: as much as both have, and nothing where none is due.

    It comes out of the buckets that owe the provider, in their order; those that stand below zero give nothing.
    """
    left_fen = min(debt_fen, sum(payable.values()))
    netted: dict[int, int] = {}
    for bucket, fen in sorted(payable.items()):
        taken_fen = min(fen, left_fen)
        if taken_fen > 0:
            netted[bucket] = taken_fen
            left_fen -= taken_fen
    return netted


def decide_debt(closings: Sequence[int], *, term_days: int) -> bool:
    """Whether a receivable has been below zero at the end of each of the last days of the term.

    `closings` are the closing balances of the last days, newest first.
    """
    return len(closings) >= term_days and all(closing < 0 for closing in closings[:term_days])


def transfer_id_of(provider_id: ProviderId, day: date, *, bucket: int, kind: TransferKind) -> TransferId:
    """The id of a provider's transfer for a day: the same when it is tried again."""
    midnight = UUID(int=epoch_ms(start_of(day)) << 80)
    parts = (kind.value.encode(), provider_id.bytes, day.isoformat().encode(), bucket.to_bytes(2))
    return TransferId(digest_id(*parts, time_of=midnight))


def netting_id_of(provider_id: ProviderId, day: date, *, bucket: int) -> TransferId:
    """The id of the transfer that takes a debt out of what is due for a day: the same when it is tried again."""
    midnight = UUID(int=epoch_ms(start_of(day)) << 80)
    parts = (b"netting", provider_id.bytes, day.isoformat().encode(), bucket.to_bytes(2))
    return TransferId(digest_id(*parts, time_of=midnight))


def balance_request_id_of(transfer_id: TransferId) -> UUID:
    """The id of the request for a balance that a transfer set aside: the same when it is tried again."""
    return digest_id(b"balance", transfer_id.bytes, time_of=transfer_id)


def balance_transfer_id_of(request_id: UUID, *, kind: TransferKind) -> TransferId:
    """The id of the transfer that ends a payout of a balance."""
    return TransferId(digest_id(kind.value.encode(), request_id.bytes, time_of=request_id))


def is_same_request(known: BankRequest, request: DebitRequest) -> bool:
    """Whether a journalled request asks what this one asks."""
    return (known.kind, known.bank_code, known.bank_token, known.amount_fen) == (
        request.kind,
        request.bank_code,
        request.bank_token,
        request.amount_fen,
    )


def apply_standing(known: BankRequest, standing: BankStanding | None, *, now: datetime) -> BankRequest:
    """How a request goes on once the bank has said how it stands (None: the bank did not answer).

    An end stays. A request that is to be undone stays so until the bank has undone it, or refused it in the first
    place. A bank that never heard of the id says nothing yet: the request may still be on its way.
    """
    if known.state in (RequestState.REFUSED, RequestState.REVERSED):
        return known
    if isinstance(standing, BankReversed):
        return structs.replace(
            known,
            state=RequestState.REVERSED,
            booked_on=standing.booked_on,
            reversed_on=standing.reversed_on,
            changed_at=now,
        )
    if known.state is RequestState.DONE:
        return known
    if isinstance(standing, BankRefused):
        return structs.replace(known, state=RequestState.REFUSED, refusal=standing.refusal, changed_at=now)
    if isinstance(standing, BankDid):
        return structs.replace(
            known,
            state=_unless_reversing(known, RequestState.DONE),
            bank_reference=standing.bank_reference,
            booked_on=standing.booked_on,
            changed_at=now,
        )
    assert standing is None or isinstance(standing, BankNeverHeard)
    return structs.replace(known, state=_unless_reversing(known, RequestState.UNKNOWN), changed_at=now)


def _unless_reversing(known: BankRequest, state: RequestState) -> RequestState:
    return RequestState.REVERSING if known.state is RequestState.REVERSING else state


def compare_day(ours: Iterable[BankRequest], lines: Iterable[DayLine], *, day: date) -> tuple[BankDifference, ...]:
    """Compare what we know a bank booked on a day with what it lists, both ways, by id and kind."""
    known: list[DayLine] = []
    for request in ours:
        assert request.amount_fen is not None
        if request.booked_on == day:
            known.append(DayLine(request.id, DayLineKind(request.kind.value), request.amount_fen))
        if request.reversed_on == day:
            known.append(DayLine(request.id, DayLineKind.REVERSAL, request.amount_fen))
    our_sums, bank_sums = _sum_lines(known), _sum_lines(lines)
    return tuple(
        BankDifference(*key, our_sums.get(key), bank_sums.get(key))
        for key in sorted(our_sums.keys() | bank_sums.keys())
        if our_sums.get(key) != bank_sums.get(key)
    )


def _sum_lines(lines: Iterable[DayLine]) -> dict[tuple[UUID, DayLineKind], int]:
    """A line that is listed twice counts twice, so that a double booking is a difference."""
    sums: dict[tuple[UUID, DayLineKind], int] = {}
    for line in lines:
        sums[line.id, line.kind] = sums.get((line.id, line.kind), 0) + line.amount_fen
    return sums
