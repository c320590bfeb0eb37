"""What schemathesis loads: how callers get in, one more check, and a count of what came back.

`YIKATONG_FUZZ_CALLERS` names a file with the callers, `YIKATONG_FUZZ_TALLY` one for the count.
"""

import atexit
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import httpx
import msgspec
import schemathesis
from schemathesis import AuthContext, Case, CheckContext, GenerationMode, HookContext, Response

from tests.fuzz.api.keys import CALLERS_OF_JIANGSU, Callers, Keys, Tally

_callers = msgspec.json.decode(Path(os.environ["YIKATONG_FUZZ_CALLERS"]).read_bytes(), type=Callers)
_MALFORMED = {"BODY_IS_NOT_ACCEPTED", "BODY_IS_NOT_JSON", "QUERY_IS_NOT_ACCEPTED", "CONTENT_TYPE_IS_NOT_JSON"}
_tally: dict[str, Counter[int]] = defaultdict(Counter)
_calls_of_operation: Counter[str] = Counter()


class Party:
    """One kind of caller: the token it shows, until it is told that the token has ended."""

    def __init__(self, keys: Keys) -> None:
        self._tokens = list(keys.tokens)
        self._sign_ins = list(keys.sign_ins)
        self._token: str | None = None

    def token(self, base_url: str) -> str | None:
        """The present token; None for nobody, and when no way in is left."""
        if self._token is None:
            self._token = self._tokens.pop(0) if self._tokens else self._sign_in(base_url)
        return self._token

    def hear_of_the_end(self, shown: str) -> None:
        """Take the next token when it is the present one that has ended."""
        if shown == self._token:
            self._token = None

    def _sign_in(self, base_url: str) -> str | None:
        while self._sign_ins:
            answer = httpx.post(f"{base_url}/v1/sessions", json=self._sign_ins[0], timeout=60, trust_env=False)
            if answer.is_success:
                token: str = answer.json()["token"]
                return token
            del self._sign_ins[0]
        return None


_parties = {name: Party(keys) for name, keys in _callers.keys.items()}


@schemathesis.auth(refresh_interval=None)
class Door:
    """Lets a caller in: the one that is tried, or else those whom an operation admits, in turn."""

    def get(self, case: Case[Any], context: AuthContext) -> str | None:
        """The token of whose turn it is."""
        party = _parties.get(_callers.only or _of_trade_ins(context, _in_turn(context)))
        return None if party is None else party.token(context.operation.schema.get_base_url().rstrip("/"))

    def set(self, case: Case[Any], data: str | None, context: AuthContext) -> None:
        """Show the token."""
        if data is not None:
            case.headers["Authorization"] = f"Bearer {data}"


def _in_turn(context: AuthContext) -> str:
    """One of those whom an operation admits; nobody for what is open to anyone."""
    schemes = [name for one in context.operation.definition.raw.get("security", []) for name in one]
    if not schemes:
        return "nobody"
    label = context.operation.label
    _calls_of_operation[label] += 1
    scheme: str = schemes[_calls_of_operation[label] % len(schemes)]
    return scheme.removesuffix("Session").removesuffix("Key")


def _of_trade_ins(context: AuthContext, kind: str) -> str:
    """Whoever trades e-bikes in is of Jiangsu."""
    of_jiangsu = CALLERS_OF_JIANGSU.format(kind)
    return of_jiangsu if "/trade-in/" in context.operation.path and of_jiangsu in _parties else kind


@schemathesis.check
def what_fits_the_document_is_read(context: CheckContext, response: Response, case: Case[Any]) -> None:
    """What fits the schema may be refused by its room, for a reason of its own, but not for its form.

    One exception: JSON Schema calls 500.0 a whole number. We read amounts strictly, and a caller that computes money
    in floats should hear of it.
    """
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if response.status_code not in (400, 422):
        return
    problem = response.json()
    if problem["reason"] in _MALFORMED and "got `float`" not in problem["detail"]:
        raise AssertionError(f"It fits the document, and is refused: {problem['detail']}")


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """Count the answer, and notice that a token has ended."""
    _tally[case.operation.label][response.status_code] += 1
    shown = response.request.headers.get("Authorization", "")
    if response.status_code == 401 and isinstance(shown, str):
        for party in _parties.values():
            party.hear_of_the_end(shown.removeprefix("Bearer "))


@atexit.register
def _write_tally() -> None:
    counted = Tally(statuses={name: dict(of) for name, of in _tally.items()})
    Path(os.environ["YIKATONG_FUZZ_TALLY"]).write_bytes(msgspec.json.encode(counted))
