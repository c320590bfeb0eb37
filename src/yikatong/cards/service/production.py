"""Making cards: a batch goes out to bank and card maker; its return file is read in whole or not at all."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import (
    Actor,
    BatchReturned,
    Card,
    CardCommand,
    CardState,
    ProductionBatch,
    Reason,
    Terms,
    Vault,
)
from yikatong.cards.rules.numbering import CARD_NUMBER_BYTES, write_batch_number, write_card_number
from yikatong.cards.rules.return_file import (
    CARDS_IN_BATCH_MAX,
    ExpectedCard,
    LineError,
    ReturnFile,
    ReturnLine,
    compare_return,
    read_return_file,
    refuse_lines,
)
from yikatong.cards.service.gates import pass_gate
from yikatong.cards.service.life import move_card
from yikatong.cards.service.people import view_person
from yikatong.cards.store import cards as store
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.ids import Ids
from yikatong.trust.model import PublicKey
from yikatong.trust.service import verifying_key

Conn = psycopg.AsyncConnection[Any]

BATCH_FILE_COLUMNS = ("sequence", "card_number", "id_number", "name", "bank_code")

_NUMBER_TRIES_MAX = 50


async def make_production_batch(
    conn: Conn, *, region: str, terms: Terms, now: datetime, ids: Ids, cards_max: int = CARDS_IN_BATCH_MAX
) -> ProductionBatch:
    """Put the cards of a region that wait into a batch, the longest waiting of each bucket first, and number them.

    Gates are passed in the order of bucket and resident. Refuses NO_CARDS_WAIT_TO_BE_MADE.
    """
    batch_id = ids.new()
    count = 0
    for bucket in range(terms.bucket_count):
        waiting = await store.list_cards_to_make(conn, bucket=bucket, region=region, limit=cards_max - count)
        for card in sorted(waiting, key=lambda waiting_card: waiting_card.resident_id):
            await pass_gate(conn, bucket=bucket, resident_id=card.resident_id)
            number = card.card_number or await _claim_number(conn, card, ids=ids)
            count += await store.put_card_in_batch(
                conn, bucket=bucket, card_id=card.id, batch_id=batch_id, card_number=number
            )
    if count == 0:
        raise Refused(Reason.NO_CARDS_WAIT_TO_BE_MADE)
    number = write_batch_number(ids.random_bytes(6), on=day_of(now))
    await store.insert_batch(conn, batch_id=batch_id, region=region, batch_number=number, card_count=count, now=now)
    return await get_batch(conn, batch_id=batch_id)


async def _claim_number(conn: Conn, card: Card, *, ids: Ids) -> str:
    """Draw numbers until one is free: a region of a hundred million cards draws 1.04 times on average."""
    for _ in range(_NUMBER_TRIES_MAX):
        number = write_card_number(ids.random_bytes(CARD_NUMBER_BYTES))
        if await store.claim_card_number(
            conn, card_number=number, region=card.region, resident_id=card.resident_id, card_id=card.id
        ):
            return number
    raise RuntimeError("no free card number was found: the region's numbers are nearly used up")


async def get_batch(conn: Conn, *, batch_id: UUID) -> ProductionBatch:
    """One production batch; refuses CARD_BATCH_IS_NOT_KNOWN."""
    batch = await store.find_batch(conn, batch_id=batch_id)
    if batch is None:
        raise Refused(Reason.CARD_BATCH_IS_NOT_KNOWN)
    return batch


async def list_batch_cards(conn: Conn, *, batch_id: UUID, terms: Terms) -> list[Card]:
    """The cards of a batch, in the order of bucket and resident."""
    cards: list[Card] = []
    for bucket in range(terms.bucket_count):
        cards += await store.list_batch_cards(conn, bucket=bucket, batch_id=batch_id)
    return cards


async def write_batch_file(conn: Conn, *, batch_id: UUID, terms: Terms, vault: Vault) -> bytes:
    """Write what bank and card maker get of a batch, in UTF-8 CSV; the caller records the look at its persons.

    Refuses CARD_BATCH_IS_NOT_KNOWN.
    """
    batch = await get_batch(conn, batch_id=batch_id)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((batch.batch_number, batch.card_count))
    writer.writerow(BATCH_FILE_COLUMNS)
    cards = await list_batch_cards(conn, batch_id=batch_id, terms=terms)
    for sequence, card in enumerate(await _expected(conn, cards, vault=vault), start=1):
        writer.writerow((sequence, card.card_number, card.id_number, card.name, card.bank_code))
    return text.getvalue().encode()


async def _expected(conn: Conn, cards: Sequence[Card], *, vault: Vault) -> list[ExpectedCard]:
    expected = []
    for card in cards:
        person = await view_person(conn, bucket=card.bucket, resident_id=card.resident_id, vault=vault)
        assert card.card_number is not None
        expected.append(
            ExpectedCard(
                card_number=card.card_number,
                id_number=person.id_number,
                name=person.name,
                bank_code=card.bank_code,
            )
        )
    return expected


async def read_return(
    conn: Conn,
    *,
    batch_id: UUID,
    data: bytes,
    terms: Terms,
    vault: Vault,
    by: Actor,
    now: datetime,
) -> BatchReturned:
    """Read a return file in: made cards are sealed (封存), failed ones wait for the next batch. All or nothing.

    A batch that has returned is ALREADY_SO. A card cancelled while it was being made stays cancelled.
    Refuses, in this order:
        CARD_BATCH_IS_NOT_KNOWN
        RETURN_FILE_IS_TOO_LARGE
        RETURN_FILE_HAS_ERRORS    with `line_<n>` for each wrong line: form first, then batch, totals and persons
    """
    batch = await store.lock_batch(conn, batch_id=batch_id)
    if batch is None:
        raise Refused(Reason.CARD_BATCH_IS_NOT_KNOWN)
    if batch.state == "returned":
        made = batch.made_count or 0
        return BatchReturned(change=Change.ALREADY_SO, made_count=made, failed_count=batch.card_count - made)
    file = read_return_file(data)
    cards = await list_batch_cards(conn, batch_id=batch_id, terms=terms)
    errors = _keys_at_fault(file) + compare_return(file, await _expected(conn, cards, vault=vault))
    if file.batch_number != batch.batch_number:
        errors = (LineError(1, "the file is another batch's"),)
    if errors:
        raise refuse_lines(errors)
    return await _take_in(conn, batch, file, cards, by=by, now=now)


def _keys_at_fault(file: ReturnFile) -> tuple[LineError, ...]:
    """Find chip keys that are no key of their algorithm."""
    errors = []
    for line in file.lines:
        if line.chip_algorithm is None or line.chip_public_key is None:
            continue
        try:
            verifying_key(PublicKey(algorithm=line.chip_algorithm, data=line.chip_public_key))
        except Refused:
            errors.append(LineError(line.line, "chip_public_key is not a key of its algorithm"))
    return tuple(errors)


async def _take_in(
    conn: Conn,
    batch: ProductionBatch,
    file: ReturnFile,
    cards: Sequence[Card],
    *,
    by: Actor,
    now: datetime,
) -> BatchReturned:
    line_by_number = {line.card_number: line for line in file.lines}
    made_count = 0
    for card in cards:
        assert card.card_number is not None
        made_count += await _take_in_card(conn, card, line_by_number[card.card_number], by=by, now=now)
    await store.set_batch_returned(conn, batch_id=batch.id, made_count=made_count, now=now)
    return BatchReturned(change=Change.DONE, made_count=made_count, failed_count=batch.card_count - made_count)


async def _take_in_card(conn: Conn, card: Card, line: ReturnLine, *, by: Actor, now: datetime) -> bool:
    """Seal a card that was made, or let one that failed wait again; whether it was made."""
    gate = await pass_gate(conn, bucket=card.bucket, resident_id=card.resident_id)
    current = await store.find_card(conn, bucket=card.bucket, card_id=card.id)
    if current is None or current.state is not CardState.MAKING:
        return False
    if line.chip_algorithm is None or line.chip_public_key is None:
        await store.take_card_from_batch(conn, bucket=card.bucket, card_id=card.id)
        return False
    assert line.issued_on is not None
    assert line.expires_on is not None
    key = PublicKey(algorithm=line.chip_algorithm, data=line.chip_public_key)
    await store.set_card_made(
        conn,
        bucket=card.bucket,
        card_id=card.id,
        chip_key=key,
        issued_on=line.issued_on,
        expires_on=line.expires_on,
    )
    command, sealed = CardCommand.SEAL, CardState.SEALED
    await move_card(conn, current, to=sealed, command=command, reason="", gate=gate, by=by, now=now)
    return True
