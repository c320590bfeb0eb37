"""A store of e-bikes under a programme that pays a part at the till: too little money, buyers, bikes."""

from datetime import date
from random import Random
from typing import NamedTuple

from tests.simulator.week.sheets import AT_THE_TILL, SUBSIDY_FEN
from tests.support.builders.catalogue import TerminalWithKeys, a_code, a_provider, a_terminal, item_terms
from tests.support.builders.counter import CounterWorld, Phone
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import DataKind, Item, Provider, Scene
from yikatong.kernel.ids import TransferId
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget
from yikatong.plumbing.database import Connection
from yikatong.trade_in.model import ChainTerms

BUYERS = 3
FUNDED_FEN = 3 * SUBSIDY_FEN + 10_000
_OLD_BIKES, _NEW_BIKES = 5, 4


def has_bank_too(buyer: int) -> bool:
    """Whether a bank pays what a buyer's purse does not have; their sales wait for it."""
    return buyer != BUYERS - 1


def buyers_purse_fen(buyer: int) -> int:
    """What a buyer begins with: too little for one bike where a bank helps out."""
    return 90_000 if has_bank_too(buyer) else 900_000


class Store(NamedTuple):
    """The store, its till, and what is bought there; it stands under a sheet of its own."""

    place: str
    provider: Provider
    till: TerminalWithKeys
    item: Item
    chain: ChainTerms
    buyers: list[Phone]
    old_codes: list[str]
    new_codes: list[str]


async def a_store(worker: CounterWorld, *, chain: ChainTerms, seed: int) -> Store:
    """Open the store; its buyers have money or a bank."""
    random = Random(seed)
    async with worker.db.transaction() as conn:
        provider = await a_provider(conn, worker.ids, region=worker.region, now=worker.clock.now())
        till = await a_terminal(
            conn, worker.ids, provider=provider, purposes=(Scene.COMMUNITY,), learns=(DataKind.PRESENCE_ONLY,)
        )
        item = await _publish(conn, worker)
        await fund(conn, worker, place=AT_THE_TILL, fen=FUNDED_FEN)
    codes = [f"{number:015d}" for number in random.sample(range(10**14), _OLD_BIKES + _NEW_BIKES)]
    return Store(
        place=AT_THE_TILL,
        provider=provider,
        till=till,
        item=item,
        chain=chain,
        buyers=[
            await worker.a_phone(purse_fen=buyers_purse_fen(buyer), with_bank=has_bank_too(buyer))
            for buyer in range(BUYERS)
        ],
        old_codes=codes[:_OLD_BIKES],
        new_codes=codes[_OLD_BIKES:],
    )


async def _publish(conn: Connection, worker: CounterWorld) -> Item:
    terms = item_terms(
        worker.region,
        code=a_code(worker.ids),
        line="subsidised",
        least_strength=2,
        funding=("purse", "bank"),
        amount_fen_max=1_000_000,
        confirm_above_fen=600_000,
        valid_from=date(2026, 1, 1),
    )
    return (await catalogue.publish_item(conn, terms=terms)).item


async def fund(conn: Connection, worker: CounterWorld, *, place: str, fen: int) -> None:
    """Give a place money for the year."""
    await ledger.fund_budget(
        conn,
        budget=name_budget(f"trade_in:{place}:{worker.clock.now().year}"),
        amount_fen=fen,
        transfer_id=TransferId(worker.ids.new()),
        reference=worker.ids.new(),
        now=worker.clock.now(),
        bucket_count=1,
    )
