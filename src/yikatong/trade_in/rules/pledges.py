"""Price pledges: what a place's sheet says they are, read from a table, or worked out from past sales."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from yikatong.trade_in.model import (
    Cell,
    Fault,
    LineError,
    ListMerge,
    PastSale,
    PledgeRule,
    PricePledge,
    ReadList,
    Table,
)
from yikatong.trade_in.rules.columns import (
    CODE_COLUMN,
    CellError,
    Column,
    in_order,
    read_count,
    read_day,
    read_model,
    read_price,
    read_rows,
)
from yikatong.trade_in.rules.lists import merge_list, verify_apart

_RULES = {
    "最低价": PledgeRule.LOWEST,
    "最低成交价": PledgeRule.LOWEST,
    "lowest": PledgeRule.LOWEST,
    "平均价": PledgeRule.AVERAGE,
    "平均成交价": PledgeRule.AVERAGE,
    "平均成交价格": PledgeRule.AVERAGE,
    "average": PledgeRule.AVERAGE,
    "备案价": PledgeRule.FILED,
    "filed": PledgeRule.FILED,
}
_MODEL = Column("model", frozenset({"型号", "车型", "产品型号", "规格型号", "model"}), read_model)


def _read_rule(cell: Cell, table: Table) -> PledgeRule:
    rule = _RULES.get(cell.text.lower()) or next((one for one in PledgeRule if one.value == cell.text), None)
    if rule is None:
        raise CellError(Fault.RULE_IS_ANOTHER)
    return rule


PLEDGE_COLUMNS = (
    CODE_COLUMN,
    _MODEL,
    Column(
        "price_fen", frozenset({"承诺价格", "价格", "承诺价", "承诺价格(元)", "承诺价格（元）", "price"}), read_price
    ),
    Column("valid_from", frozenset({"起始日期", "生效日期", "valid_from"}), read_day),
    Column("valid_until", frozenset({"失效日期", "valid_until"}), read_day, is_optional=True),
    Column("rule", frozenset({"依据", "承诺依据", "rule"}), _read_rule, is_optional=True),
)

SALE_COLUMNS = (
    CODE_COLUMN,
    _MODEL,
    Column("sold_on", frozenset({"成交日期", "销售日期", "开票日期", "sold_on"}), read_day),
    Column(
        "price_fen", frozenset({"成交价格", "成交价", "价格", "成交价格(元)", "成交价格（元）", "price"}), read_price
    ),
    Column("bikes", frozenset({"数量", "台数", "count"}), read_count, is_optional=True),
)

RuleOn = Callable[[date], PledgeRule | None]
"""Which rule a place's sheet has on a day; None where it asks no pledge, or does not say."""

IsListed = Callable[[str, date], bool]
"""Whether the store of a credit code is on the place's list on a day."""


def read_pledges(table: Table, *, place: str, rule_on: RuleOn, is_listed: IsListed) -> ReadList[PricePledge]:
    """The pledges that a table names for a place, each under the rule of its first day; every error of every line."""
    read = read_rows(table, PLEDGE_COLUMNS)
    errors = list(read.errors)
    rows = []
    for number, row in read.values:
        rule, said = rule_on(row["valid_from"]), row.get("rule")
        if not is_listed(row["credit_code"], row["valid_from"]):
            errors.append(LineError(number, "credit_code", Fault.STORE_IS_NOT_LISTED))
        elif rule is None:
            errors.append(LineError(number, "valid_from", Fault.PLACE_HAS_NO_PLEDGE))
        elif said not in (None, rule):
            errors.append(LineError(number, "rule", Fault.RULE_IS_ANOTHER))
        else:
            rows.append((number, PricePledge(place=place, **{"valid_until": None, **row, "rule": rule})))
    return verify_apart(rows, errors, key_of=_pledge_key, end="valid_until")


def merge_pledges(read: ReadList[PricePledge], known: Iterable[PricePledge]) -> ListMerge[PricePledge]:
    """What a list changes of what is known of its place. See `merge_list`."""
    return merge_list(read, known, key_of=_pledge_key)


def _pledge_key(pledge: PricePledge) -> tuple[str, str]:
    return pledge.credit_code, pledge.model


def read_past_sales(table: Table) -> ReadList[PastSale]:
    """The sales that a table names; a line without a count is one bike."""
    read = read_rows(table, SALE_COLUMNS)
    return ReadList(
        tuple((number, PastSale(**{**row, "bikes": row.get("bikes") or 1})) for number, row in read.values), read.errors
    )


class Joined(NamedTuple):
    """When a store joined (the first day of its listing) and when its place's policy began."""

    store_from: date
    policy_from: date


def work_out_pledges(
    read: ReadList[PastSale],
    *,
    place: str,
    rule_on: RuleOn,
    joined_of: Callable[[str], Joined | None],
) -> ReadList[PricePledge]:
    """The pledge of each store and model from its sales in the month that counts, valid from when the store joined.

    The month is the one before the policy where the rule is the lowest price, the one before the store joined where it
    is the average. Errors stand at the first line of a store and model.
    """
    by_key: dict[tuple[str, str], list[tuple[int, PastSale]]] = defaultdict(list)
    for number, sale in read.values:
        by_key[sale.credit_code, sale.model].append((number, sale))
    errors = list(read.errors)
    rows = []
    for (credit_code, model), sales in by_key.items():
        first = sales[0][0]
        joined = joined_of(credit_code)
        rule = None if joined is None else rule_on(joined.store_from)
        if joined is None:
            errors.append(LineError(first, "credit_code", Fault.STORE_IS_NOT_LISTED))
            continue
        if rule is None or rule is PledgeRule.FILED:
            errors.append(LineError(first, "credit_code", Fault.PLACE_HAS_NO_PLEDGE))
            continue
        before = joined.policy_from if rule is PledgeRule.LOWEST else joined.store_from
        price_fen = price_of_month((sale for _, sale in sales), rule=rule, before=before)
        if price_fen is None:
            errors.append(LineError(first, "sold_on", Fault.SALES_ARE_MISSING))
            continue
        rows.append(
            (
                first,
                PricePledge(
                    place=place,
                    credit_code=credit_code,
                    model=model,
                    valid_from=joined.store_from,
                    rule=rule,
                    price_fen=price_fen,
                ),
            )
        )
    return ReadList(tuple(rows), in_order(errors))


def month_before(day: date) -> date:
    """The day one month before another; the last of a month that is shorter."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))


def price_of_month(sales: Iterable[PastSale], *, rule: PledgeRule, before: date) -> int | None:
    """The lowest or the average price, in fen, of the sales in the month before a day; None when there are none.

    An average is weighted by how many were sold and rounded down: a price may not exceed it.
    """
    first = month_before(before)
    counted = [sale for sale in sales if first <= sale.sold_on < before]
    if not counted:
        return None
    if rule is PledgeRule.LOWEST:
        return min(sale.price_fen for sale in counted)
    return sum(sale.price_fen * sale.bikes for sale in counted) // sum(sale.bikes for sale in counted)
