"""Decoding: a body and a query become the types a route names, or a refusal that names the field."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from yikatong.app.http.far_instants import find_far_instant, may_be_far, may_hold_instant
from yikatong.app.http.line_ends import find_line_end, may_hold_line_break
from yikatong.app.http.reasons import Reason
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused

_PARAMETERS_MAX = 40
_NUL_IN_JSON = b"\\u0000"
"""How JSON writes U+0000, which the database keeps in no text; it has no use in any field."""


def body_reader(shape: Any) -> Callable[[bytes], Any]:
    """A reader of bodies of one type; a route without a body takes none, or an empty object.

    Refuses BODY_IS_NOT_JSON, then BODY_IS_NOT_ACCEPTED.
    """
    if shape is None:
        return _read_no_body
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(shape)
    kind = msgspec.inspect.type_info(shape)
    has_instants = may_hold_instant(kind)

    def read(body: bytes) -> Any:
        if _NUL_IN_JSON in body:
            raise Refused(Reason.BODY_IS_NOT_ACCEPTED, fault="It holds the character U+0000", field="$")
        try:
            value = decoder.decode(body)
        except msgspec.ValidationError as error:
            raise _refused(Reason.BODY_IS_NOT_ACCEPTED, error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refused(Reason.BODY_IS_NOT_JSON) from None
        if may_hold_line_break(body):
            _verify_line_ends(value, kind, Reason.BODY_IS_NOT_ACCEPTED)
        if has_instants and may_be_far(body) and (place := find_far_instant(value, kind)) is not None:
            raise Refused(Reason.BODY_IS_NOT_ACCEPTED, fault="It is of no year from 1970 to 2999", field=place)
        return value

    return read


def query_reader(shape: Any) -> Callable[[str], Any]:
    """A reader of queries into one Struct; a route without a query passes over what is sent.

    A parameter comes once, unless its field is a sequence. Refuses QUERY_IS_NOT_ACCEPTED.
    """
    if shape is None:
        return _read_no_query
    kind = msgspec.inspect.type_info(shape)
    fields = msgspec.structs.fields(shape)
    repeated = {field.encode_name for field in fields if _has_kind(field.type, msgspec.inspect.CollectionType)}
    numbers = {field.encode_name: field.type for field in fields if _has_kind(field.type, *_WRITTEN_BARE)}

    def read(query: str) -> Any:
        values = _read_parameters(query, repeated=repeated)
        for name in numbers.keys() & values.keys():
            values[name] = _read_bare(values[name], numbers[name], name=name)
        try:
            value = msgspec.convert(values, shape)
        except msgspec.ValidationError as error:
            raise _refused(Reason.QUERY_IS_NOT_ACCEPTED, error) from None
        _verify_line_ends(value, kind, Reason.QUERY_IS_NOT_ACCEPTED)
        return value

    return read


def _verify_line_ends(value: Any, kind: msgspec.inspect.Type, reason: outcomes.Reason) -> None:
    place = find_line_end(value, kind)
    if place is not None:
        raise Refused(reason, fault="It ends with a line break", field=place)


_WRITTEN_BARE = (msgspec.inspect.IntType, msgspec.inspect.FloatType, msgspec.inspect.BoolType)
"""What a query can only write as text. All else is converted strictly: a number is no instant, `null` is no absence."""


def _read_bare(text: Any, kind: Any, *, name: str) -> Any:
    try:
        value = msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(Reason.QUERY_IS_NOT_ACCEPTED, error, under=f".{name}") from None
    if value is None:
        raise Refused(Reason.QUERY_IS_NOT_ACCEPTED, fault="It is not of its type", field=f"$.{name}")
    return value


def _read_no_body(body: bytes) -> None:
    if body.strip() not in (b"", b"{}"):
        raise Refused(Reason.BODY_IS_NOT_ACCEPTED, fault="This address takes no body", field="$")


def _read_no_query(query: str) -> None:
    return None


def _read_parameters(query: str, *, repeated: set[str]) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_PARAMETERS_MAX, errors="strict")
    except ValueError:
        raise Refused(Reason.QUERY_IS_NOT_ACCEPTED, fault="It cannot be read", field="$") from None
    values: dict[str, Any] = {}
    for name, value in pairs:
        if "\0" in value:
            raise Refused(Reason.QUERY_IS_NOT_ACCEPTED, fault="It holds the character U+0000", field=f"$.{name[:80]}")
        if name in repeated:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise Refused(Reason.QUERY_IS_NOT_ACCEPTED, fault="It came twice", field=f"$.{name[:80]}")
        else:
            values[name] = value
    return values


def _has_kind(kind: Any, *wanted: type[msgspec.inspect.Type]) -> bool:
    return any(isinstance(one, wanted) for one in _kinds_of(kind))


def _kinds_of(kind: Any) -> tuple[msgspec.inspect.Type, ...]:
    info = msgspec.inspect.type_info(kind)
    if isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    return info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)


def _refused(reason: outcomes.Reason, error: msgspec.ValidationError, *, under: str = "") -> Refused:
    """msgspec says what is wrong and, behind ` - at `, where as a JSON path; `under` goes between `$` and the rest."""
    fault, _, place = str(error).partition(" - at ")
    return Refused(reason, fault=fault.rstrip("."), field="$" + under + place.strip("`").removeprefix("$"))
