"""Routes of production batches: out to the card maker, and back."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.cards import service as cards
from yikatong.cards.model import ProductionBatch, Reason, Terms, Vault
from yikatong.desk.api.shapes import actor_of, command
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind, read_or_refuse

RETURN_BODY_BYTES_MAX = 8_388_608
"""A return file of 4 MiB, with what JSON adds to escape it."""


class BatchBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many cards at most."""

    cards_max: Annotated[int, Meta(ge=1, le=5000, examples=[1000])] = 1000


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """A batch of cards at the card maker, or back."""

    batch_id: str
    batch_number: str
    card_count: int
    state: str
    made_count: int | None
    made_at: datetime
    returned_at: datetime | None


class BatchFileAnswer(Struct, frozen=True, kw_only=True):
    """What bank and card maker get, in CSV."""

    file: str


class ReturnBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The card maker's return file, in CSV."""

    file: Annotated[
        str, Meta(max_length=4_194_304, examples=["B20261125A1B2C3D4E5F6,1\nsequence,card_number,id_number,name\n"])
    ]


class ReturnedAnswer(Struct, frozen=True, kw_only=True):
    """What the file brought."""

    change: Change
    made_count: int
    failed_count: int


class Batches:
    """Handlers of the routes of batches."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    async def make(self, call: Call, body: BatchBody, query: None) -> BatchAnswer:
        """Make a batch of the region's waiting cards."""
        batch = await cards.make_production_batch(
            call.conn,
            region=call.by().region,
            terms=self._terms,
            now=call.now,
            ids=call.ids,
            cards_max=body.cards_max,
        )
        return _show(batch)

    async def view(self, call: Call, body: None, query: None) -> BatchAnswer:
        """Show a batch."""
        return _show(await self._batch(call))

    async def file(self, call: Call, body: None, query: None) -> BatchFileAnswer:
        """Write the batch's file; every person in it was looked at."""
        batch = await self._batch(call)
        for card in await cards.list_batch_cards(call.conn, batch_id=batch.id, terms=self._terms):
            call.concerns(card.resident_id)
        data = await cards.write_batch_file(call.conn, batch_id=batch.id, terms=self._terms, vault=self._vault)
        return BatchFileAnswer(file=data.decode())

    async def take_back(self, call: Call, body: ReturnBody, query: None) -> ReturnedAnswer:
        """Read a return file in."""
        batch = await self._batch(call)
        returned = await cards.read_return(
            call.conn,
            batch_id=batch.id,
            data=body.file.encode(),
            terms=self._terms,
            vault=self._vault,
            by=actor_of(call),
            now=call.now,
        )
        return ReturnedAnswer(
            change=returned.change, made_count=returned.made_count, failed_count=returned.failed_count
        )

    async def _batch(self, call: Call) -> ProductionBatch:
        shown_id = call.path["card_batch_id"]
        batch_id = read_or_refuse("card_batch", shown_id, reason=Reason.CARD_BATCH_IS_NOT_KNOWN)
        batch = await cards.get_batch(call.conn, batch_id=batch_id)
        access.verify_region(call.by(), region=batch.region)
        return batch


def _show(batch: ProductionBatch) -> BatchAnswer:
    return BatchAnswer(
        batch_id=show_id("card_batch", batch.id),
        batch_number=batch.batch_number,
        card_count=batch.card_count,
        state=batch.state,
        made_count=batch.made_count,
        made_at=batch.made_at,
        returned_at=batch.returned_at,
    )


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of production batches."""
    handlers = Batches(terms=terms, vault=vault)
    one = "/v1/card-batches/{card_batch_id}"
    known = (Reason.CARD_BATCH_IS_NOT_KNOWN, AccessReason.REGION_IS_OUT_OF_SCOPE)
    return (
        command(
            "POST",
            "/v1/card-batches",
            "make_card_batch",
            "Put waiting cards into a production batch",
            "生成制卡批次",
            handle=handlers.make,
            body=BatchBody,
            answer=BatchAnswer,
            permission="desk.batches",
            reasons=(Reason.NO_CARDS_WAIT_TO_BE_MADE,),
        ),
        Route(
            method="GET",
            path=one,
            name="view_card_batch",
            tag="desk",
            summary_en="Show a production batch",
            summary_zh="查看制卡批次",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            handle=handlers.view,
            answer=BatchAnswer,
            permission="desk.batches",
            reasons=known,
        ),
        Route(
            method="GET",
            path=one + "/file",
            name="write_card_batch_file",
            tag="desk",
            summary_en="Write the file that bank and card maker get",
            summary_zh="导出制卡数据文件",
            kind=RouteKind.QUERY,
            callers=(CallerKind.OPERATOR,),
            handle=handlers.file,
            answer=BatchFileAnswer,
            permission="desk.batches",
            looks=True,
            reasons=(*known, Reason.PERSON_IS_ERASED),
        ),
        command(
            "POST",
            one + "/return",
            "read_card_return",
            "Read the card maker's return file in, whole or not at all",
            "导入制卡回盘文件",
            handle=handlers.take_back,
            body=ReturnBody,
            answer=ReturnedAnswer,
            permission="desk.batches",
            body_bytes_max=RETURN_BODY_BYTES_MAX,
            reasons=(
                *known,
                Reason.PERSON_IS_ERASED,
                Reason.RETURN_FILE_IS_TOO_LARGE,
                Reason.RETURN_FILE_HAS_ERRORS,
            ),
        ),
    )
