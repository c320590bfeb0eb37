"""Keeps secrets, ID numbers, account numbers and card codes out of logs, whatever was passed to the logger.

Fields are hidden by name; texts by pattern: our own tokens (`ykk_`, `yks_`), 17 digits and a digit or X (GB 11643), 16
to 19 digits (bank cards, also in groups), a card code from `YK1:` on. Our own typed ids and UUIDs are told apart first,
or a run of digits in one of them would be hidden.
"""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

_SECRET_NAMES = re.compile(
    r"passw|pwd|pepper|secret|credential|authorization|cookie|private|api_?key|master_?key|data_?key|signing_?key"
    r"|token|nonce|^pin$|id_?number|account_?number|card_?number|phone|mobile|(full|real|given|family|person)_?name"
    r"|address_?line|^code$|card_?code|qr",
    re.IGNORECASE,
)
_PATTERNS = re.compile(
    r"(?P<token>\byk[ks]_[0-9A-Za-z_-]+)"
    r"|(?P<ours>\b[a-z]{3}_[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b)"
    r"|(?P<code>YK1:(?:[0-9A-Z $%*+\-./:]*[0-9A-Z$%*+\-./:])?)"
    r"|(?P<password>(?<=://)[^\s:/@]*:[^\s/@]+(?=@))"
    r"|(?P<id>(?<!\d)\d{17}[\dXx](?!\d))"
    r"|(?P<account>(?<!\d)\d(?:[ -]?\d){15,18}(?!\d))"
)
_IN_PLACE_OF = {
    "token": "[token]",
    "code": "[card code]",
    "password": HIDDEN,
    "id": "[id number]",
    "account": "[account number]",
}
_DIGITS_16 = 10**15
_DEPTH_MAX = 8
_FAILURE_CHARACTERS_MAX = 500


def scrub_text(text: str) -> str:
    """The text with what must not be logged replaced by what it was."""
    return _PATTERNS.sub(_replace, text)


def scrub(value: Any, *, depth: int = 0) -> Any:
    """The value with every text, number, key and element in it scrubbed; bytes become their length."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return scrub_text(str(value)) if abs(value) >= _DIGITS_16 else value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if depth >= _DEPTH_MAX:
        return HIDDEN
    if isinstance(value, Mapping):
        return scrub_fields(value, depth=depth + 1)
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(item, depth=depth + 1) for item in value]
    return scrub_text(str(value))


def scrub_fields(fields: Mapping[Any, Any], *, depth: int = 0) -> dict[str, Any]:
    """Named fields, those of secrets hidden by their names, the others scrubbed."""
    return {
        scrub_text(str(name)): HIDDEN if _SECRET_NAMES.search(str(name)) else scrub(value, depth=depth)
        for name, value in fields.items()
    }


def describe_failure(failure: BaseException) -> str:
    """A failure in one scrubbed line, its kind and what it says, with no character that the database cannot keep."""
    said = f"{type(failure).__name__}: {failure}".replace("\x00", "\ufffd").encode(errors="replace").decode()
    return scrub_text(said)[:_FAILURE_CHARACTERS_MAX]


def _replace(match: re.Match[str]) -> str:
    kind = match.lastgroup
    return match[0] if kind is None or kind == "ours" else _IN_PLACE_OF[kind]
