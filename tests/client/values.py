"""Values of the types that routes answer, drawn by Hypothesis from what msgspec knows of a type."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
_INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def values_of(of_type: Any) -> st.SearchStrategy[Any]:
    """Plain values (dicts, lists, texts) as JSON carries a type."""
    return _strategy(inspect.type_info(of_type)).map(msgspec.to_builtins)


def _strategy(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.Metadata():
            return _strategy(info.type)
        case inspect.StructType():
            return st.fixed_dictionaries({field.encode_name: _strategy(field.type) for field in info.fields})
        case inspect.UnionType():
            return st.one_of([_strategy(part) for part in info.types])
        case inspect.VarTupleType() | inspect.ListType():
            return st.lists(_strategy(info.item_type), max_size=2)
        case inspect.DictType():
            return st.dictionaries(_strategy(info.key_type), _strategy(info.value_type), max_size=2)
        case inspect.EnumType():
            return st.sampled_from(list(info.cls))
        case inspect.LiteralType():
            return st.sampled_from(info.values)
        case inspect.StrType():
            return _TEXT if info.pattern is None else st.from_regex(info.pattern, fullmatch=True)
        case inspect.IntType():
            return st.integers(info.ge if info.ge is not None else -(2**40), info.le if info.le is not None else 2**40)
        case inspect.BytesType():
            return st.binary(max_size=40)
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateTimeType():
            return _INSTANTS
        case inspect.UUIDType():
            return st.uuids().map(str)
        case inspect.DateType():
            return st.dates()
        case inspect.NoneType():
            return st.none()
        case inspect.AnyType() | inspect.RawType():
            return st.just({"change": "done"})
    raise NotImplementedError(type(info).__name__)
