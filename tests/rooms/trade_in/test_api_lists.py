"""Commerce brings lists in over HTTP, whole or not at all; everybody reads them."""

from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from tests.support.builders.chain import a_code as a_vehicle
from tests.support.builders.store_lists import PLEDGE_HEADINGS, a_code, a_row, a_spreadsheet, a_text_table
from tests.support.builders.trade_in_town import TradeInTown, a_trade_in_town
from yikatong.kernel.instants import day_of
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

PLEDGED = {"price_pledge": "{rule: lowest_month_before_policy, clause: notice}"}


@pytest.fixture
async def town(db: Database) -> AsyncIterator[TradeInTown]:
    async with a_trade_in_town(db, terms=PLEDGED) as town:
        yield town


def shown(file: bytes) -> str:
    return b64encode(file).decode()


async def test_a_list_comes_in_whole_is_read_by_anybody_page_by_page_and_ends_by_its_day(town: TradeInTown) -> None:
    path = f"/v1/trade-in/places/{town.place.code}/parties"
    rows = [a_row(number, listed_from="2026-01-01", kind="recycler") for number in range(30, 35)]
    first = await town.call("commerce", "POST", path, {"file": shown(a_spreadsheet(rows))})
    again = await town.call("commerce", "POST", path, {"file": shown(a_spreadsheet(rows))})
    ending = [a_row(30, listed_from="2026-01-01", listed_until="2026-02-01", kind="recycler")]
    ended = await town.call("commerce", "POST", path, {"file": shown(a_text_table(ending, encoding="gb18030"))})
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await town.client.get(path, params={"kind": "recycler", "after": after, "limit": "2"})
        seen += [party["credit_code"] for party in page.json()["parties"]]
        after = page.json()["next_after"]

    assert [("done", 5, 0), ("already_so", 0, 0), ("done", 0, 1)] == [
        (one.json()["change"], one.json()["added_count"], one.json()["changed_count"]) for one in (first, again, ended)
    ]
    assert {a_code(number) for number in range(31, 35)} == set(seen) - {town.providers["recycler"].credit_code}
    assert sorted(seen) == seen


async def test_every_wrong_line_is_named_over_http_and_nothing_comes_in(town: TradeInTown) -> None:
    path = f"/v1/trade-in/places/{town.place.code}/parties"
    wrong = a_text_table([a_row(40), ["1", "", "超市", "2026-13-01", ""]])
    answer = await town.call("commerce", "POST", path, {"file": shown(wrong)})
    page = await town.client.get(path, params={"limit": "500"})

    assert (422, "LIST_HAS_ERRORS", 4) == (
        answer.status_code, answer.json()["reason"], answer.json()["about"]["error_count"]
    )  # fmt: skip
    assert "credit_code: 不是18位统一社会信用代码 no credit code of 18 characters" in answer.json()["about"]["line_3"]
    assert a_code(40) not in page.text


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("A", "LIST_FILE_CANNOT_BE_READ"),
        ("", "LIST_FILE_CANNOT_BE_READ"),
        (shown(b"PK\x03\x04"), "LIST_FILE_CANNOT_BE_READ"),
        (shown(b"a\n" * 20_001), "LIST_FILE_IS_TOO_LARGE"),
        ("???", "BODY_IS_NOT_ACCEPTED"),
    ],
)
async def test_what_is_no_list_is_refused(town: TradeInTown, file: str, reason: str) -> None:
    for what in ("parties", "prices"):
        path = f"/v1/trade-in/places/{town.place.code}/{what}"
        assert reason == (await town.call("commerce", "POST", path, {"file": file})).json()["reason"]


async def test_a_list_of_another_region_is_out_of_scope(town: TradeInTown) -> None:
    answer = await town.call("commerce", "POST", "/v1/trade-in/places/320100/parties", {"file": ""})

    assert "REGION_IS_OUT_OF_SCOPE" == answer.json()["reason"]


async def test_what_is_no_place_has_no_lists(town: TradeInTown) -> None:
    for what in ("parties", f"prices?credit_code={a_code(1)}"):
        answer = await town.client.get(f"/v1/trade-in/places/%C2%84/{what}")
        assert (404, "DIVISION_IS_UNKNOWN") == (answer.status_code, answer.json()["reason"])


async def test_a_pledged_price_is_read_by_anybody(town: TradeInTown) -> None:
    path = f"/v1/trade-in/places/{town.place.code}/prices"
    store = town.providers["store"].credit_code
    file = a_text_table([[store, "tdt-01z", "2399.90", "2026-02-01", "", ""]], headings=PLEDGE_HEADINGS)
    answer = await town.call("commerce", "POST", path, {"file": shown(file)})
    read = (await town.client.get(path, params={"credit_code": store})).json()

    assert "done" == answer.json()["change"], answer.text
    assert [("TDT-01Z", 239_990, "lowest_month_before_policy")] == [
        (one["model"], one["price_fen"], one["rule"]) for one in read["pledges"]
    ]


async def test_a_store_may_not_sell_above_what_it_pledged_for_the_model(db: Database) -> None:
    terms = {**PLEDGED, "mode": "{kind: claim_later, paid_by: treasury, clause: notice}"}
    async with a_trade_in_town(db, terms=terms) as town:
        today = day_of(town.place.now).isoformat()
        rows = [[town.providers["store"].credit_code, "tdt-01z", "2399.90", "2026-02-01", "", ""]]
        path = f"/v1/trade-in/places/{town.place.code}/prices"
        await town.call("commerce", "POST", path, {"file": shown(a_text_table(rows, headings=PLEDGE_HEADINGS))})
        claim = await town.done("resident", "/v1/wallet/trade-in/claims", **town.an_application(a_vehicle()))
        sale = {
            "on": today,
            "price_fen": 239_991,
            "new_code": a_vehicle(),
            "model": "TDT-01Z",
            "facts": {"new_battery": "lead_acid"},
        }
        selling = f"/v1/trade-in/store/claims/{claim['claim']['claim_id']}/sale"

        assert "PRICE_IS_OVER_THE_PLEDGE" == await town.refused("store", selling, **sale)
        assert "sold" == (await town.done("store", selling, **{**sale, "price_fen": 239_990}))["new"]


async def test_a_store_that_pledged_prices_takes_nothing_off_a_model_of_another_name_or_none(
    town: TradeInTown,
) -> None:
    await pledged(town, "store", "TDT-01Z", "2399.90")
    claim = await town.done("resident", "/v1/wallet/trade-in/claims", **town.an_application(a_vehicle()))
    path = f"/v1/trade-in/store/claims/{claim['claim']['claim_id']}/prepared-sale"

    for model in ("", "TDT 01Z", "TDT-02Z"):
        assert "FACT_IS_NOT_GIVEN" == await town.refused("store", path, **a_sale(town, 400_000, model=model))
    assert "PRICE_IS_OVER_THE_PLEDGE" == await town.refused("store", path, **a_sale(town, 239_991, model="tdt-01z"))
    await town.done("store", path, **a_sale(town, 239_990, model="ＴＤＴ-01Z"))
    await town.done("other_store", path, **a_sale(town, 400_000))


async def test_a_pledge_of_the_store_that_entered_a_sale_before_does_not_bind_another(town: TradeInTown) -> None:
    await pledged(town, "store", "TDT-01Z", "2399.90")
    claim = await town.done("resident", "/v1/wallet/trade-in/claims", **town.an_application(a_vehicle()))
    path = f"/v1/trade-in/store/claims/{claim['claim']['claim_id']}/prepared-sale"
    await town.done("store", path, **a_sale(town, 239_990, model="TDT-01Z"))
    await town.done("store", f"{path}/cancel")
    sale = a_sale(town, 400_000, model="TDT-01Z")

    assert "FACT_IS_NOT_GIVEN" == await town.refused(
        "other_store", path, **{**sale, "facts": {"new_battery": "lead_acid"}}
    )
    assert 400_000 == (await town.done("other_store", path, **sale))["sale"]["price_fen"]


async def pledged(town: TradeInTown, who: str, model: str, yuan: str) -> None:
    """A store pledges the price of a model."""
    rows = [[town.providers[who].credit_code, model, yuan, "2026-02-01", "", ""]]
    file = shown(a_text_table(rows, headings=PLEDGE_HEADINGS))
    answer = await town.call("commerce", "POST", f"/v1/trade-in/places/{town.place.code}/prices", {"file": file})
    assert answer.is_success, answer.text


def a_sale(town: TradeInTown, price_fen: int, *, model: str = "") -> dict[str, object]:
    """A sale of today with everything stated that can be known before it."""
    return {
        "on": day_of(town.place.now).isoformat(),
        "price_fen": price_fen,
        "new_code": a_vehicle(),
        "model": model,
        "facts": {"new_battery": "lead_acid", "new_is_certified": "yes", "invoice_names_applicant": "yes"},
    }
