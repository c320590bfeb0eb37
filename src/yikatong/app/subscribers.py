"""Who hears of what: news goes up from rooms by the outbox, and here it is handed on."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import structlog

from yikatong.app.caches import WorkerCaches
from yikatong.cards import service as cards
from yikatong.cards.model import Vault
from yikatong.desk import service as desk
from yikatong.kernel.ids import ResidentId, bucket_of, read_id
from yikatong.notices import service as notices
from yikatong.notices.model import Template
from yikatong.payouts import service as payouts
from yikatong.payouts.model import DebitRequest, RequestKind
from yikatong.plumbing import versions
from yikatong.plumbing.database import Connection
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.outbox import Event, Subscriber, one_by_one
from yikatong.sealing import service as sealing
from yikatong.taps import service as taps
from yikatong.taps.counter.writes import TOPIC as TAPS
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import ChainTerms

_LATE_TEMPLATES = {"tap_paid": Template.TAP_PAID, "code_used_twice": Template.CODE_USED_TWICE}
_CARD_TEMPLATES = {
    "activate": Template.CARD_ACTIVATED,
    "report_temporary_loss": Template.CARD_REPORTED_LOST,
    "report_formal_loss": Template.CARD_REPORTED_LOST,
    "release_loss": Template.CARD_RELEASED,
    "lock": Template.CARD_LOCKED,
    "replace": Template.CARD_REPLACED,
}
Hear = Callable[[Connection, Event, dict[str, Any]], Awaitable[None]]


log = structlog.get_logger("yikatong.app")


class Subscribers:
    """Hands events to notices and to the banks' journal; each effect is in the transaction that removes the event."""

    def __init__(
        self,
        *,
        ids: Ids,
        bucket_count: int,
        caches: WorkerCaches,
        chain: ChainTerms | None = None,
        vault: Vault | None = None,
    ) -> None:
        """`caches` give the catalogue, for the names in notices; under `chain` and `vault` claims follow payouts."""
        self._ids = ids
        self._bucket_count = bucket_count
        self._caches = caches
        self._chain = chain
        self._vault = vault
        self._ask_bank_by_kind: dict[str, Hear] = {
            "bank_back": self._want_debit_back,
            "bank_credit": self._ask_credit,
        }

    def by_topic(self) -> Mapping[str, tuple[Subscriber, ...]]:
        """Every topic that is published, with who hears of it; a topic without hearers is only removed."""
        return {
            TAPS: (one_by_one(self._hear_taps),),
            cards.CARD_CHANGED: (one_by_one(self._hear_card),),
            desk.CARD_ENDED: (one_by_one(self._hear_card_ended),),
            payouts.BALANCE_ENDED: (one_by_one(self._hear_balance_ended),),
            sealing.SET_ASIDE: (one_by_one(_hear_set_aside),),
            payouts.LINES_MOVED: (one_by_one(self._hear_lines_moved),),
            payouts.ROSTER_MOVED: (one_by_one(self._hear_roster_moved),),
            trade_in.ROSTER_PAGE: (one_by_one(self._hear_roster_page),),
            trade_in.PAYMENTS_PAGE: (one_by_one(self._hear_payments_page),),
        }

    async def _hear_taps(self, conn: Connection, event: Event) -> None:
        """What taps made without a network tell residents, and what banks are asked for."""
        for told in event.payload["events"]:
            if told["kind"] in _LATE_TEMPLATES:
                await self._tell_of_late_tap(conn, event, told)
            else:
                await self._ask_bank_by_kind[told["kind"]](conn, event, told)

    async def _tell_of_late_tap(self, conn: Connection, event: Event, told: dict[str, Any]) -> None:
        await self._caches.renew(await versions.read_all(conn))
        draft = taps.draft_of(
            _LATE_TEMPLATES[told["kind"]],
            self._caches.snapshot,
            resident_id=UUID(told["resident"]),
            provider_id=UUID(told["provider"]),
            now=event.made_at,
            item=told.get("item"),
            amount_fen=told.get("amount_fen"),
        )
        if draft is not None:
            # By the resident: the event may be older than the present number of buckets.
            bucket = bucket_of(draft.resident_id, self._bucket_count)
            await notices.send_many(conn, bucket=bucket, drafts=[draft], ids=self._ids)

    async def _hear_card(self, conn: Connection, event: Event) -> None:
        template = _CARD_TEMPLATES.get(event.payload["command"])
        if template is not None:
            await self._tell(conn, event, template)

    async def _hear_card_ended(self, conn: Connection, event: Event) -> None:
        """A card ended; what was in its purse, if anything, is on its way to a bank or kept."""
        balance_fen = event.payload["amount_fen"]
        if balance_fen:
            await self._tell(conn, event, Template.CARD_CANCELLED_WITH_BALANCE, balance_fen=balance_fen)
        else:
            await self._tell(conn, event, Template.CARD_CANCELLED)

    async def _hear_balance_ended(self, conn: Connection, event: Event) -> None:
        """A bank credited such a balance, or did not take it."""
        template = Template.BALANCE_PAID_OUT if event.payload["is_paid"] else Template.BALANCE_KEPT
        await self._tell(conn, event, template, balance_fen=event.payload["amount_fen"])

    async def _hear_lines_moved(self, conn: Connection, event: Event) -> None:
        """Payments of a batch were paid, came back or were stopped: their payees are told, and claims follow."""
        moved = payouts.read_moved(event.payload)
        if (under := self._following(event)) is not None:
            await trade_in.hear_payments(conn, moved=moved, under=under)
        await payouts.tell_payees(conn, moved=moved, now=event.made_at, ids=self._ids, bucket_count=self._bucket_count)

    async def _hear_roster_moved(self, conn: Connection, event: Event) -> None:
        """A roster went on, or lost a line: the claims on it follow."""
        if (under := self._following(event)) is not None:
            await trade_in.hear_roster(conn, moved=payouts.read_roster_moved(event.payload), under=under)

    async def _hear_roster_page(self, conn: Connection, event: Event) -> None:
        if (under := self._following(event)) is not None:
            await trade_in.follow_roster(conn, page=trade_in.read_page(event.payload), under=under)

    async def _hear_payments_page(self, conn: Connection, event: Event) -> None:
        if (under := self._following(event)) is not None:
            await trade_in.follow_payments(conn, moved=payouts.read_moved(event.payload), under=under)

    def _following(self, event: Event) -> trade_in.Office | None:
        """Under what claims follow an event, as of its instant; None where no chain is run."""
        if self._chain is None or self._vault is None:
            return None
        return trade_in.Office(self._chain, self._vault, event.made_at, self._ids)

    async def _tell(self, conn: Connection, event: Event, template: Template, **params: int) -> None:
        """Send the resident of an event a notice."""
        resident_id = read_id("resident", event.payload["resident_id"])
        bucket = bucket_of(resident_id, self._bucket_count)
        now = event.made_at
        await notices.tell(conn, template, bucket=bucket, resident_id=resident_id, now=now, ids=self._ids, **params)

    async def _want_debit_back(self, conn: Connection, event: Event, told: dict[str, Any]) -> None:
        """A debit for a tap that came to nothing: undone if it happened, prevented if it has yet to."""
        await payouts.want_back(conn, request_id=UUID(told["tap"]), kind=RequestKind.DEBIT, now=event.made_at)

    async def _ask_credit(self, conn: Connection, event: Event, told: dict[str, Any]) -> None:
        """The bank's part of a refund, to the account that paid; journalled here, and brought about by a job."""
        debit = await payouts.get_request(conn, request_id=UUID(told["tap"]))
        assert debit.bank_code is not None
        assert debit.bank_token is not None
        request = DebitRequest(
            id=UUID(told["refund"]),
            kind=RequestKind.CREDIT,
            bank_code=debit.bank_code,
            bank_token=debit.bank_token,
            amount_fen=told["amount_fen"],
            payee=str(ResidentId(UUID(told["resident"]))),
            memo=told["tap"],
        )
        await payouts.ask_bank(conn, request=request, now=event.made_at)


async def _hear_set_aside(conn: Connection, event: Event) -> None:
    """Tell whoever runs the platform, once for each find: somebody put rows where only the platform writes."""
    found = event.payload
    log.error("leaves were put in behind the platform's back", count=found["count"], leaves=found["leaves"])
