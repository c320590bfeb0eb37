"""Lists of stores and recyclers: read from a table, and laid over what is known, all or nothing."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from yikatong.kernel.periods import Period, overlap
from yikatong.trade_in.model import Fault, LineError, ListedParty, ListMerge, PartyKind, ReadList, Table
from yikatong.trade_in.rules.columns import CODE_COLUMN, Column, in_order, read_day, read_kind, read_name, read_rows

PARTY_COLUMNS = (
    CODE_COLUMN,
    Column(
        "name",
        frozenset({"名称", "企业名称", "门店名称", "单位名称", "企业(门店)名称", "企业（门店）名称", "name"}),
        read_name,
    ),
    Column("kind", frozenset({"类别", "类型", "企业类别", "kind"}), read_kind),
    Column("listed_from", frozenset({"列入日期", "列入名单日期", "起始日期", "listed_from"}), read_day),
    Column("listed_until", frozenset({"移出日期", "移出名单日期", "listed_until"}), read_day, is_optional=True),
)

P = TypeVar("P", bound=Period)


def read_parties(table: Table, *, place: str) -> ReadList[ListedParty]:
    """The parties that a table lists for a place; every error of every line.

    A party may stand in several lines whose days do not overlap, and as store and recycler at once.
    """
    read = read_rows(table, PARTY_COLUMNS)
    rows = [(number, ListedParty(place=place, **{"listed_until": None, **row})) for number, row in read.values]
    return verify_apart(rows, read.errors, key_of=_party_key, end="listed_until")


def verify_apart(
    rows: Sequence[tuple[int, P]],
    errors: Iterable[LineError],
    *,
    key_of: Callable[[P], Hashable],
    end: str,
) -> ReadList[P]:
    """The rows of a file with the errors that they make together: an end before its beginning, two for the same day."""
    found = list(errors)
    seen: dict[Hashable, list[P]] = defaultdict(list)
    for number, row in rows:
        before = seen[key_of(row)]
        if row.valid_until is not None and row.valid_until <= row.valid_from:
            found.append(LineError(number, end, Fault.END_IS_NOT_AFTER_BEGINNING))
        elif any(overlap(other, row) for other in before):
            found.append(LineError(number, "", Fault.LINE_STANDS_TWICE))
        before.append(row)
    return ReadList(tuple(rows), in_order(found))


def _party_key(party: ListedParty) -> tuple[PartyKind, str]:
    return party.kind, party.credit_code


def merge_parties(read: ReadList[ListedParty], known: Iterable[ListedParty]) -> ListMerge[ListedParty]:
    """What a list changes of what is known of its place. See `merge_list`."""
    return merge_list(read, known, key_of=_party_key)


def merge_list(read: ReadList[P], known: Iterable[P], *, key_of: Callable[[P], Hashable]) -> ListMerge[P]:
    """Lay a list over what is known: an entry from the same day is replaced, another one must not overlap.

    Whoever is known and not in the file stays: a list is ended by a day, never by leaving somebody out.
    """
    by_key: dict[Hashable, dict[object, P]] = defaultdict(dict)
    for entry in known:
        by_key[key_of(entry)][entry.valid_from] = entry
    added: list[P] = []
    changed: list[P] = []
    errors = list(read.errors)
    standing = _standing_after(read, by_key, key_of)
    for number, row in read.values:
        before = by_key[key_of(row)].get(row.valid_from)
        others = [entry for entry in standing[key_of(row)] if entry.valid_from != row.valid_from]
        if any(overlap(entry, row) for entry in others):
            errors.append(LineError(number, "", Fault.DAYS_OVERLAP_WHAT_IS_KNOWN))
        elif before is None:
            added.append(row)
        elif before != row:
            changed.append(row)
    same_count = len(read.values) - len(added) - len(changed)
    return ListMerge(tuple(added), tuple(changed), same_count, in_order(errors))


def _standing_after(
    read: ReadList[P], by_key: dict[Hashable, dict[object, P]], key_of: Callable[[P], Hashable]
) -> dict[Hashable, list[P]]:
    """What of the known is not replaced by a row of the file."""
    replaced = {(key_of(row), row.valid_from) for _, row in read.values}
    return defaultdict(
        list,
        {
            key: [entry for entry in entries.values() if (key, entry.valid_from) not in replaced]
            for key, entries in by_key.items()
        },
    )
