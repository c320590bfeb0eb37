"""What follows a tap at a counter: asked after, confirmed, taken back, given back; and its resident's limits."""

from typing import Any
from uuid import UUID

from tests.support.builders.catalogue import TerminalWithKeys
from tests.support.builders.counter import BUCKET, CounterWorld, Phone
from yikatong.cards import service as cards
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, Posture
from yikatong.kernel.ids import ProviderId, TapId, read_id
from yikatong.plumbing.http import Caller
from yikatong.taps.counter.works import ConfirmWork, Refunded, Reversed, ReverseWork
from yikatong.taps.follow_ups import ReversalBody
from yikatong.taps.model import Receipt, TapBody
from yikatong.trust import service as trust


def id_of(receipt: Receipt) -> TapId:
    """The tap of a receipt."""
    return TapId(read_id("tap", receipt.tap))


async def opted_in(
    world: CounterWorld, phone: Phone, *, limit_fen: int, day_limit_fen: int, unknown_posture: bool = False
) -> None:
    """Let a resident allow small payments by bare codes."""
    async with world.db.transaction() as conn:
        await cards.set_small_payment_limit(
            conn,
            bucket=BUCKET,
            resident_id=phone.resident.resident_id,
            limit_fen=limit_fen,
            day_limit_fen=day_limit_fen,
            unknown_posture_allowed=unknown_posture,
            vault=world.vault,
            now=world.clock.now(),
            ids=world.ids,
        )


def asked_of_wallet(world: CounterWorld, *, amount_fen: int, **changes: Any) -> Asked:
    """What the server shows the wallet of a meal that waits."""
    asked = {"payee_id": ProviderId(world.provider.id), "item_number": world.meal.number, **changes}
    return Asked(nonce=b"\0" * 8, amount_fen=amount_fen, **asked)


async def confirmed(
    world: CounterWorld,
    phone: Phone,
    tap_id: TapId,
    *,
    amount_fen: int,
    agreed: bool = True,
    posture: Posture | None = None,
    signed_for: TapId | None = None,
    **changes: Any,
) -> Receipt:
    """Send a wallet's signed answer to a waiting tap; a test says what in it was signed for something else."""
    now = world.clock.now()
    data = phone.wallet.confirm(
        tap_id=signed_for or tap_id,
        asked=asked_of_wallet(world, amount_fen=amount_fen, **changes),
        agreed=agreed,
        now=now,
        posture=posture,
    )
    async with world.db.transaction() as conn:
        return await world.follow_ups.confirm(conn, caller=phone.caller, tap_id=tap_id, data=data, now=now)


def a_yes(world: CounterWorld, phone: Phone, tap_id: TapId, *, amount_fen: int) -> ConfirmWork:
    """A wallet's signed yes, as it comes to the counter."""
    now = world.clock.now()
    data = phone.wallet.confirm(
        tap_id=tap_id, asked=asked_of_wallet(world, amount_fen=amount_fen), agreed=True, now=now
    )
    key = trust.parse_verifying_key(phone.wallet.public_key)
    return ConfirmWork(
        tap_id=tap_id,
        bucket=BUCKET,
        resident_id=phone.resident.resident_id,
        confirmation=codes.read_confirmation(data, device_key=key, now=now),
    )


def a_reversal(world: CounterWorld, phone: Phone, tap_id: TapId) -> ReverseWork:
    """The till takes a tap back, as it comes to the counter."""
    return ReverseWork(
        tap_id=tap_id,
        bucket=BUCKET,
        resident_id=phone.resident.resident_id,
        terminal_id=world.till.terminal.id,
    )


async def polled(world: CounterWorld, tap_id: TapId, *, by: TerminalWithKeys | None = None) -> Receipt:
    """Ask how a tap stands, as a till."""
    async with world.db.transaction() as conn:
        return await world.follow_ups.poll(conn, caller=world.terminal_caller(by), tap_id=tap_id)


async def reversed_by(
    world: CounterWorld, body: TapBody, *, till: TerminalWithKeys | None = None, tap: str | None = None
) -> Reversed:
    """Take a tap back as its till does: by the code it carried, or by its id."""
    reversal = ReversalBody(
        request_id=body.request_id,
        code=body.code,
        answers=body.answers,
        item=body.item,
        amount_fen=body.amount_fen or 0,
        tap=tap,
    )
    async with world.db.transaction() as conn:
        return await world.follow_ups.reverse(
            conn, caller=world.terminal_caller(till), body=reversal, now=world.clock.now()
        )


async def refunded(
    world: CounterWorld, tap_id: TapId, amount_fen: int, *, request_id: str, caller: Caller | None = None
) -> Refunded:
    """Give money back for a tap, as the till unless another caller is named."""
    async with world.db.transaction() as conn:
        return await world.follow_ups.refund(
            conn,
            caller=caller or world.terminal_caller(),
            tap_id=tap_id,
            request_id=request_id,
            amount_fen=amount_fen,
        )


async def asked_back(world: CounterWorld) -> set[TapId]:
    """The taps whose debits the bank was asked to undo."""
    return await _told_of_bank(world, "bank_back")


async def credited(world: CounterWorld) -> set[TapId]:
    """The taps of which the bank was asked to give something back."""
    return await _told_of_bank(world, "bank_credit")


async def _told_of_bank(world: CounterWorld, kind: str) -> set[TapId]:
    async with world.db.owner_transaction() as conn:
        rows = await (await conn.execute("SELECT payload FROM plumbing.outbox WHERE topic = 'taps'")).fetchall()
    events = [event for (payload,) in rows for event in payload["events"]]
    return {TapId(UUID(event["tap"])) for event in events if event["kind"] == kind}
