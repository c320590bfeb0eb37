"""Lists and pledges in the database: whole or not at all, the same twice, asked by place, city and province."""

from datetime import date

import pytest

from tests.support.builders.store_lists import (
    JOINED,
    PLEDGE_HEADINGS,
    SALE_HEADINGS,
    a_code,
    a_row,
    a_spreadsheet,
    a_text_table,
)
from tests.support.world import a_city_code, a_region_code
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Connection, Database
from yikatong.programmes.service import read_shelf
from yikatong.trade_in.model import ImportedList, PartyKind, Reason
from yikatong.trade_in.service.lists import find_listed, import_parties, list_parties
from yikatong.trade_in.service.pledges import find_pledged_price, import_past_sales, import_pledges, list_pledges

pytestmark = pytest.mark.anyio

KNOWN_ON = date(2025, 6, 1)
SHELF = read_shelf()


def counts(imported: ImportedList) -> tuple[Change, int, int, int]:
    return imported.change, imported.added_count, imported.changed_count, imported.same_count


async def is_listed(conn: Connection, place: str, number: int, on: date, kind: PartyKind = PartyKind.STORE) -> bool:
    return await find_listed(conn, place=place, kind=kind, credit_code=a_code(number), on=on) is not None


async def test_nanjings_list_is_taken_in_and_the_same_list_again_changes_nothing(db: Database) -> None:
    place = a_region_code()
    data = a_spreadsheet([a_row(number) for number in range(1_029)])
    async with db.transaction() as conn:
        first = await import_parties(conn, place=place, data=data)
        again = await import_parties(conn, place=place, data=data)
        page = await list_parties(conn, place=place, kind=PartyKind.STORE, on=JOINED, after=a_code(1_019), limit=20)

    assert (Change.DONE, 1_029, 0, 0) == counts(first)
    assert (Change.ALREADY_SO, 0, 0, 1_029) == counts(again)
    assert [a_code(number) for number in range(1_020, 1_029)] == [party.credit_code for party in page]


async def test_a_list_with_one_wrong_line_leaves_everything_as_it_was(db: Database) -> None:
    place = a_region_code()
    rows = [a_row(1), [a_code(2), "", "超市", "2024-10-20", ""], a_row(3)]
    async with db.transaction() as conn:
        with pytest.raises(Refused) as caught:
            await import_parties(conn, place=place, data=a_text_table(rows))
        assert not await is_listed(conn, place, 1, JOINED)

    assert (Reason.LIST_HAS_ERRORS, 2) == (caught.value.reason, caught.value.about["error_count"])
    assert (
        "名称 name: 单元格为空 the cell is empty; 类别 kind: 类别应为门店或回收企业 neither a store nor a recycler"
        == (caught.value.about["line_3"])
    )


async def test_a_party_counts_from_its_first_day_until_its_end_in_every_place_below(db: Database) -> None:
    city = a_city_code()
    county = city[:4] + "16"
    end = date(2025, 1, 1)
    async with db.transaction() as conn:
        await import_parties(conn, place=city, data=a_text_table([a_row(1), a_row(2, kind="recycler")]))
        await import_parties(conn, place=city, data=a_text_table([a_row(1, listed_until=end)]))

        assert not await is_listed(conn, county, 1, date(2024, 9, 13))
        assert await is_listed(conn, county, 1, JOINED)
        assert await is_listed(conn, city, 1, date(2024, 12, 31))
        assert not await is_listed(conn, county, 1, end)
        assert not await is_listed(conn, county, 2, JOINED)
        assert await is_listed(conn, county, 2, JOINED, PartyKind.RECYCLER)
        assert not await is_listed(conn, "650100", 1, JOINED)


async def test_pledges_count_under_the_rule_of_the_places_sheet(db: Database) -> None:
    # Nantong's sheet of 2024 asks the lowest price of the month before; a made-up city under Jiangsu has its rule.
    own = a_region_code()
    place, number = f"3209{own[4:]}", int(own)
    async with db.transaction() as conn:
        await import_parties(conn, place=place, data=a_text_table([a_row(number)]))
        rows = [[a_code(number), "tdt-01z", "2399.90", "2024-10-01", "2025-01-01", "最低价"]]
        prices = a_text_table(rows, headings=PLEDGE_HEADINGS)
        first = await import_pledges(conn, place=place, data=prices, shelf=SHELF, known_on=KNOWN_ON)
        again = await import_pledges(conn, place=place, data=prices, shelf=SHELF, known_on=KNOWN_ON)
        asked = [
            await find_pledged_price(conn, place=place, credit_code=a_code(number), model=model, on=on)
            for model, on in (
                (" ＴＤＴ-01Z", date(2024, 10, 1)),
                ("TDT-01Z", date(2024, 12, 31)),
                ("TDT-01Z", date(2025, 1, 1)),
                ("TDT-02Z", date(2024, 10, 1)),
            )
        ]
        with pytest.raises(Refused) as caught:
            wrong = a_text_table([[*rows[0][:5], "平均价"]], headings=PLEDGE_HEADINGS)
            await import_pledges(conn, place=place, data=wrong, shelf=SHELF, known_on=KNOWN_ON)

    assert (Change.DONE, Change.ALREADY_SO) == (first.change, again.change)
    assert [239_990, 239_990, None, None] == asked
    assert "rule" in str(caught.value.about["line_2"])


async def test_pledges_are_worked_out_from_the_month_before_the_store_joined(db: Database) -> None:
    own = a_region_code()
    place, number = f"3209{own[4:]}", int(own)
    sales = a_text_table(
        [
            [a_code(number), "A", "2025-01-10", "2000", "1"],
            [a_code(number), "A", "2025-02-09", "2300", "2"],
            [a_code(number), "A", "2025-02-10", "1", "99"],
        ],
        headings=SALE_HEADINGS,
    )
    async with db.transaction() as conn:
        await import_parties(conn, place=place, data=a_text_table([a_row(number, listed_from="2025-02-10")]))
        await import_past_sales(conn, place=place, data=sales, shelf=SHELF, known_on=KNOWN_ON)
        (pledge,) = await list_pledges(
            conn, place=place, credit_code=a_code(number), on=date(2025, 3, 1), after="", limit=10
        )

    assert (220_000, date(2025, 2, 10)) == (pledge.price_fen, pledge.valid_from)
