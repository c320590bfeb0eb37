"""The client's calls on a trade-in against the platform itself, in Jiangsu in October 2024, each party with its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import NamedTuple

import pytest

from simulator.stories.neighbour import Neighbour
from simulator.stories.trade_in_cast import BEGINS_ON, JIANGSU, OLD_CODES, PROVINCES, SALE
from simulator.stories.trade_in_morning import Town, open_province
from tests.support.database import a_database_to_serve_from
from tests.support.served_stage import a_served_stage
from yikatong.client.connection import Connection, Patience
from yikatong.client.partner import Operator, Partner, Staff
from yikatong.client.problems import Problem
from yikatong.client.receipts import Refused, Waiting
from yikatong.client.wallet import Wallet
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.database import Database

PATIENCE = Patience(answer_seconds=60)
WHY = "a test of the client"
LITHIUM = {"old_battery": "lithium"}
CASE = {"price": "1999.99", "old_battery": "lithium", "new_battery": "lead_acid"}


class ServedProvince(NamedTuple):
    """Where a province's platform answers, and who is there."""

    base_url: str
    town: Town


@pytest.fixture(scope="module")
def jiangsu(db: Database) -> Iterator[ServedProvince]:
    with (
        a_database_to_serve_from(db.address.conninfo) as address,
        a_served_stage(address, region=JIANGSU) as stage,
    ):
        yield ServedProvince(stage.platform.address, open_province(stage, PROVINCES[JIANGSU]))


def a_line(jiangsu: ServedProvince, token: str | None) -> Connection:
    """A connection of somebody, or of nobody."""
    return Connection(jiangsu.base_url, token=token, patience=PATIENCE)


@contextmanager
def an_office(jiangsu: ServedProvince, post: str) -> Iterator[Operator]:
    with Operator(a_line(jiangsu, jiangsu.town.posts[post].token)) as office:
        yield office


@contextmanager
def a_wallet(jiangsu: ServedProvince, who: Neighbour) -> Iterator[Wallet]:
    with Wallet(a_line(jiangsu, who.phone.calls.token)) as wallet:
        yield wallet


def test_anybody_finds_the_programmes_their_sheets_and_what_one_case_would_get(jiangsu: ServedProvince) -> None:
    with Partner(a_line(jiangsu, None)) as anybody:
        programmes = anybody.programmes.list().programmes
        sheets = anybody.programmes.list_sheets("trade_in", place=JIANGSU).sheets
        decided = anybody.programmes.decide("trade_in", place=JIANGSU, on=BEGINS_ON, facts=CASE)
        refused = anybody.programmes.decide(
            "trade_in", place=JIANGSU, on=BEGINS_ON, facts=CASE | {"age_years": "5"}, changes=True
        )
        with pytest.raises(Problem) as unreadable:
            anybody.programmes.decide("trade_in", place=JIANGSU, on=BEGINS_ON, facts=CASE | {"price": "cheap"})

    assert "price" in {fact.name for one in programmes if one.programme == "trade_in" for fact in one.facts}
    assert decided.sheet in {sheet.sheet for sheet in sheets}
    assert (40_000, None, 40_000) == (decided.amount_fen, decided.reason, decided.steps[-1].value)
    assert decided.known_on == BEGINS_ON
    assert "APPLICANT_IS_TOO_YOUNG" == refused.reason
    assert ["age_years"] == [change.fact for change in refused.single_changes]
    assert "FACT_IS_NOT_READABLE" == unreadable.value.reason


def test_resident_and_commerce_read_why_a_claim_got_what_it_got(jiangsu: ServedProvince) -> None:
    zhou, wu = jiangsu.town.people["zhou"], jiangsu.town.people["wu"]
    with a_wallet(jiangsu, zhou) as his, a_wallet(jiangsu, wu) as hers, an_office(jiangsu, "commerce") as commerce:
        opened = his.claims.qualify(place=JIANGSU, old_code=OLD_CODES["zhou"], facts=LITHIUM)
        claim_id = opened.claim.claim_id
        own = his.claims.list_decisions(claim_id, purpose=WHY).decisions
        seen = commerce.commerce.list_decisions(claim_id, purpose=WHY).decisions
        with pytest.raises(Problem) as of_another:
            hers.claims.list_decisions(claim_id, purpose=WHY)
        report = commerce.commerce.report(JIANGSU, first_on=BEGINS_ON, until_on=BEGINS_ON + timedelta(days=1))
        viewed = his.claims.view(claim_id, purpose=WHY)
        withdrawn = his.claims.withdraw(claim_id)

    assert Change.DONE is opened.change
    assert own == seen
    assert ("qualify", None, ()) == (own[0].act, own[0].reason, own[0].differs_in)
    assert "lithium" == own[0].stated["old_battery"]
    assert opened.claim.money.held_fen == own[0].amount_fen
    assert "CLAIM_IS_UNKNOWN" == of_another.value.reason
    assert report.total.qualified >= 1
    assert [JIANGSU] == sorted({line.place for line in report.report.lines})
    assert (claim_id, "qualified") == (viewed.claim_id, viewed.state)
    assert (Change.DONE, "withdrawn") == (withdrawn.change, withdrawn.state)


def test_finance_reads_that_no_payment_is_at_odds(jiangsu: ServedProvince) -> None:
    with an_office(jiangsu, "finance") as finance:
        page = finance.finance.list_payments_at_odds(place=JIANGSU)
        with pytest.raises(Problem) as elsewhere:
            finance.finance.list_payments_at_odds(place="330000")

    assert ((), None) == (page.payments, page.next_until)
    assert "REGION_IS_OUT_OF_SCOPE" == elsewhere.value.reason


def test_a_code_that_came_again_and_one_that_nobody_could_read_are_told_to_till_staff_and_region(
    jiangsu: ServedProvince,
) -> None:
    till, zhou = jiangsu.town.till, jiangsu.town.people["zhou"]
    assert till is not None
    code = zhou.phone.show_code(scene=till.scene(SALE))
    ends = [till.terminal.tap(item=SALE, amount_fen=100, code=code) for _ in range(2)]
    unread = till.terminal.tap(item=SALE, amount_fen=100, code="YK1:NOTHING")
    with Staff(a_line(jiangsu, jiangsu.town.store.token)) as store, an_office(jiangsu, "counter") as counter:
        at_the_till = till.terminal.evidence.list_second_uses()
        at_the_store = store.evidence.list_second_uses(limit=1)
        in_the_region = counter.evidence.list_second_uses(purpose=WHY, provider=till.registered.provider)
        unread_here = store.evidence.count_unread()
        unread_there = counter.evidence.count_unread(provider=till.registered.provider, day=unread_here.day)

    assert isinstance(ends[1], Refused)
    first, second = (end.receipt for end in ends if not isinstance(end, Waiting))
    assert first is not None
    assert second is not None
    assert isinstance(unread, Refused)
    (one,) = at_the_till.second_uses
    assert (second.tap, first.tap, "CODE_ALREADY_USED") == (one.tap, one.first_tap, one.reason)
    assert at_the_till == at_the_store
    assert [(zhou.resident_id, one.tap)] == [(use.resident, use.tap) for use in in_the_region.second_uses]
    assert [(till.id, unread.reason, 1)] == [(of.terminal, of.reason, of.count) for of in unread_here.unread]
    assert unread_here == unread_there
    assert date(2024, 10, 20) <= unread_here.day <= date(2024, 10, 21)
