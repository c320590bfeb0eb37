"""What schemathesis loads: how a caller gets in, one more check, and a count of what came back.

`YIKATONG_FUZZ_KEYS` names a file with the caller's keys, `YIKATONG_FUZZ_TALLY` one for the count.
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

from tests.fuzz.api.keys import Keys, Tally

_keys = msgspec.json.decode(Path(os.environ["YIKATONG_FUZZ_KEYS"]).read_bytes(), type=Keys)
_tokens = list(_keys.tokens)
_sign_ins = list(_keys.sign_ins)
_MALFORMED = {"BODY_IS_NOT_ACCEPTED", "BODY_IS_NOT_JSON", "QUERY_IS_NOT_ACCEPTED", "CONTENT_TYPE_IS_NOT_JSON"}
_tally: dict[str, Counter[int]] = defaultdict(Counter)


@schemathesis.auth(refresh_interval=86_400, retry_on=[401])
class Door:
    """Gets a caller in, and once more when its session was ended."""

    def get(self, case: Case[Any], context: AuthContext) -> str | None:
        """The next token, else a fresh session; None for nobody, and when no way is left."""
        if _tokens:
            return _tokens.pop(0)
        while _sign_ins:
            address = f"{context.operation.schema.get_base_url().rstrip('/')}/v1/sessions"
            answer = httpx.post(address, json=_sign_ins[0], timeout=60, trust_env=False)
            if answer.is_success:
                token: str = answer.json()["token"]
                return token
            del _sign_ins[0]
        return None

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
        """Show the token."""
        case.headers["Authorization"] = f"Bearer {data}"


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
    """Count the answer."""
    _tally[case.operation.label][response.status_code] += 1


@atexit.register
def _write_tally() -> None:
    counted = Tally(statuses={name: dict(of) for name, of in _tally.items()})
    Path(os.environ["YIKATONG_FUZZ_TALLY"]).write_bytes(msgspec.json.encode(counted))
