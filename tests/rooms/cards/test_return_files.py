"""Return files: read whole, or not at all, with every wrong line named."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.cards import OPERATOR, CardWorld, a_return_file, key_of
from yikatong.cards import service as cards
from yikatong.cards.model import BatchReturned, CancellationReason, CardState, ProductionBatch, Reason, Registered
from yikatong.cards.rules.return_file import RETURN_FILE_BYTES_MAX, read_return_file
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

Rows = list[list[str]]


class Batch:
    """Two residents whose cards are at the card maker."""

    def __init__(self, world: CardWorld, residents: list[Registered], batch: ProductionBatch, sent: bytes) -> None:
        self.world, self.residents, self.batch, self.sent = world, residents, batch, sent

    @classmethod
    async def sent_out(cls, conn: Any) -> "Batch":
        """Apply twice and send the batch out."""
        world = CardWorld(conn)
        residents = [await world.a_resident(name=name) for name in ("王小明", "李秀英")]
        for resident in residents:
            await world.applied(resident)
        batch = await cards.make_production_batch(
            conn, region=world.region, terms=world.terms, now=world.now, ids=world.ids
        )
        sent = await cards.write_batch_file(conn, batch_id=batch.id, terms=world.terms, vault=world.vault)
        return cls(world, residents, batch, sent)

    def file(self, change: Callable[[Rows], None] = lambda rows: None) -> bytes:
        """The card maker's answer, perhaps spoilt."""
        return a_return_file(self.sent, issued_on=day_of(self.world.now), change=change)[0]

    async def returned(self, data: bytes) -> BatchReturned:
        """Read a file in."""
        world = self.world
        return await cards.read_return(
            world.conn,
            batch_id=self.batch.id,
            data=data,
            terms=world.terms,
            vault=world.vault,
            by=OPERATOR,
            now=world.now,
        )

    async def states(self) -> list[CardState]:
        """Where the cards are."""
        return [(await self.world.card_of(resident)).state for resident in self.residents]


async def test_a_good_file_seals_every_card_once(db: Database) -> None:
    async with db.transaction() as conn:
        batch = await Batch.sent_out(conn)
        first = await batch.returned(batch.file())
        second = await batch.returned(batch.file())

        assert BatchReturned(change=Change.DONE, made_count=2, failed_count=0) == first
        assert BatchReturned(change=Change.ALREADY_SO, made_count=2, failed_count=0) == second
        assert [CardState.SEALED, CardState.SEALED] == await batch.states()


async def test_a_card_that_failed_waits_for_the_next_batch_under_its_number(db: Database) -> None:
    def fail_first(rows: Rows) -> None:
        rows[2] = [*rows[2][:4], "", "", "", "", rows[2][8], "", "", "", "bank", "开户失败", "", ""]

    async with db.transaction() as conn:
        batch = await Batch.sent_out(conn)
        numbers = {(await batch.world.card_of(resident)).card_number for resident in batch.residents}
        returned = await batch.returned(batch.file(fail_first))
        assert BatchReturned(change=Change.DONE, made_count=1, failed_count=1) == returned
        assert {CardState.MAKING, CardState.SEALED} == set(await batch.states())

        await batch.world.made()
        assert [CardState.SEALED, CardState.SEALED] == await batch.states()
        again = {(await batch.world.card_of(resident)).card_number for resident in batch.residents}
        assert numbers == again


def set_cell(row: int, column: int, text: str) -> Callable[[Rows], None]:
    """Spoil one cell."""

    def change(rows: Rows) -> None:
        rows[row][column] = text

    return change


def drop_last(rows: Rows) -> None:
    """Leave the last card out."""
    del rows[-1]


def double_first(rows: Rows) -> None:
    """Let the second line bear the first card's number."""
    rows[3][1] = rows[2][1]


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (set_cell(0, 1, "3"), "line_1", "the head count is 3, the file has 2 cards"),
        (set_cell(0, 0, "B20261125FFFFFFFFFFFF"), "line_1", "the file is another batch's"),
        (set_cell(0, 0, "b1"), "line_1", "the batch number or head count is not in its form"),
        (set_cell(1, 3, "Name"), "line_2", "the second line must name the columns in their order"),
        (set_cell(2, 0, "2"), "line_3", "the sequence number must be 1"),
        (set_cell(3, 1, "A1"), "line_4", "card_number is not in its form"),
        (set_cell(3, 1, "A00000000"), "line_4", "this card number is not in the batch"),
        (double_first, "line_4", "this card number stands twice"),
        (set_cell(2, 2, "99010119550307003X"), "line_3", "the card was ordered for another person"),
        (set_cell(2, 3, "张三"), "line_3", "the card was ordered for another person"),
        (set_cell(2, 8, "103"), "line_3", "the card was ordered with another bank"),
        (set_cell(2, 4, "20260230"), "line_3", "issued_on is not a day"),
        (set_cell(2, 5, "20200101"), "line_3", "expires_on is not after issued_on"),
        (set_cell(2, 7, "3B9"), "line_3", "answer_to_reset is not in its form"),
        (set_cell(2, 9, "6217001234567890128"), "line_3", "bank_card_number has a wrong check digit"),
        (set_cell(2, 12, "post office"), "line_3", "failed_stage must be bank or card_maker"),
        (set_cell(2, 12, "bank"), "line_3", "a card that failed has no dates and no chip key"),
        (set_cell(2, 14, "RSA"), "line_3", "chip_algorithm must be ES256, EDDSA or SM2"),
        (set_cell(2, 15, "AAAA"), "line_3", "chip_public_key is not in its form"),
        (set_cell(2, 15, "!" * 44), "line_3", "chip_public_key is not in its form"),
        (set_cell(2, 15, "A" * 44), "line_3", "chip_public_key is not a key of its algorithm"),
        (drop_last, "line_1", "the head count is 2, the file has 1 cards"),
    ],
)
async def test_one_wrong_line_is_named_and_nothing_of_the_file_counts(
    db: Database, change: Callable[[Rows], None], line: str, what: str
) -> None:
    async with db.transaction() as conn:
        batch = await Batch.sent_out(conn)
        with pytest.raises(Refused) as refused:
            await batch.returned(batch.file(change))

        assert Reason.RETURN_FILE_HAS_ERRORS is refused.value.reason
        assert what == refused.value.about[line]
        assert [CardState.MAKING, CardState.MAKING] == await batch.states()


async def test_a_refusal_never_quotes_a_person(db: Database) -> None:
    async with db.transaction() as conn:
        batch = await Batch.sent_out(conn)
        person = await cards.view_person(conn, **key_of(batch.residents[0]), vault=batch.world.vault)
        with pytest.raises(Refused) as refused:
            await batch.returned(batch.file(set_cell(2, 8, "103")))

    assert person.id_number not in str(refused.value.about)
    assert person.name not in str(refused.value.about)


async def test_a_card_cancelled_while_it_was_made_stays_cancelled(db: Database) -> None:
    async with db.transaction() as conn:
        batch = await Batch.sent_out(conn)
        await cards.cancel_card(conn, **key_of(batch.residents[0]), why=CancellationReason.DEATH, **batch.world.step())
        returned = await batch.returned(batch.file())

        assert (1, 1) == (returned.made_count, returned.failed_count)
        assert [CardState.CANCELLED, CardState.SEALED] == await batch.states()


async def test_a_batch_of_nothing_and_a_batch_nobody_made_are_refused(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        with pytest.raises(Refused, match="NO_CARDS_WAIT_TO_BE_MADE"):
            await world.made()
        with pytest.raises(Refused, match="CARD_BATCH_IS_NOT_KNOWN"):
            await cards.read_return(
                conn,
                batch_id=world.ids.new(),
                data=b"",
                terms=world.terms,
                vault=world.vault,
                by=OPERATOR,
                now=world.now,
            )


def test_a_file_too_large_is_not_read() -> None:
    with pytest.raises(Refused, match="RETURN_FILE_IS_TOO_LARGE"):
        read_return_file(b"0" * (RETURN_FILE_BYTES_MAX + 1))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"B20261125AAAA,1", b'B20261125AAAA,"1', b"B20261125AAAA,1\n" + b"x" * 2000, b"\n" * 6000],
)
def test_what_is_no_return_file_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(Refused, match="RETURN_FILE_HAS_ERRORS"):
        read_return_file(data)


@given(st.binary(max_size=400))
def test_bytes_that_no_card_maker_sent_are_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        read_return_file(data)
