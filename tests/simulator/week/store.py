"""A store of e-bikes under a programme that pays a part at the till: its sheet, too little money, buyers, bikes."""

from datetime import date
from random import Random
from typing import NamedTuple

from tests.support.builders.catalogue import TerminalWithKeys, a_code, a_provider, a_terminal, item_terms
from tests.support.builders.counter import CounterWorld, Phone
from tests.support.builders.programmes import a_sheet, a_sheet_text, a_shelf
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import DataKind, Item, Provider, Scene
from yikatong.kernel.ids import TransferId
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget
from yikatong.plumbing.database import Connection
from yikatong.trade_in.model import ChainTerms

BUYERS = 3
BUYERS_PURSE_FEN = 900_000
SUBSIDY_FEN = 50_000
FUNDED_FEN = 3 * SUBSIDY_FEN + 10_000
_OLD_BIKES, _NEW_BIKES = 5, 4
_PLACE = "990201"
"""One that no region has, so that the budget's accounts are the same in every run."""
_SHEET_TERMS = {
    "per_person": "{count: 2, per: scheme, clause: notice}",
    "battery": "[{old: lithium, new: lithium, effect: replace_flat, amount: 400, clause: notice}]",
}
"""Who buys lithium again leaves a rest of what was reserved."""


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


async def a_store(worker: CounterWorld, *, seed: int) -> Store:
    """Open the store; its buyers have money and one of them a bank."""
    random = Random(seed)
    async with worker.db.transaction() as conn:
        provider = await a_provider(conn, worker.ids, region=worker.region, now=worker.clock.now())
        till = await a_terminal(
            conn, worker.ids, provider=provider, purposes=(Scene.COMMUNITY,), learns=(DataKind.PRESENCE_ONLY,)
        )
        item = await _publish(conn, worker)
        await _fund(conn, worker)
    text = a_sheet_text(
        _SHEET_TERMS, place=_PLACE, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01"
    )
    chain = ChainTerms(
        shelf=a_shelf(a_sheet(text, name=f"{_PLACE}-2026-01-01")),
        bucket_count=1,
        qualification_days=3,
        claim_days=5,
        code_minutes=15,
    )
    codes = [f"{number:015d}" for number in random.sample(range(10**14), _OLD_BIKES + _NEW_BIKES)]
    return Store(
        place=_PLACE,
        provider=provider,
        till=till,
        item=item,
        chain=chain,
        buyers=[await worker.a_phone(purse_fen=BUYERS_PURSE_FEN, with_bank=number == 0) for number in range(BUYERS)],
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


async def _fund(conn: Connection, worker: CounterWorld) -> None:
    await ledger.fund_budget(
        conn,
        budget=name_budget(f"trade_in:{_PLACE}:{worker.clock.now().year}"),
        amount_fen=FUNDED_FEN,
        transfer_id=TransferId(worker.ids.new()),
        reference=worker.ids.new(),
        now=worker.clock.now(),
        bucket_count=1,
    )
