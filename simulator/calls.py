"""Calls to an HTTP API as one caller makes them: typed answers, and refusals by their reason."""

from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from yikatong.client.problems import ProblemDetails

Shape = TypeVar("Shape")

PATIENCE_SECONDS = 40.0
"""More than the platform's own patience, so that its answer is heard."""


class ApiRefusal(Exception):  # noqa: N818  a refusal is an answer, not a fault of the program
    """The platform said no."""

    def __init__(self, route: str, problem: ProblemDetails) -> None:
        super().__init__(f"{route}: {problem.status} {problem.reason} {dict(problem.about)}")
        self.reason = problem.reason
        self.problem = problem


class Calls:
    """One caller at one address, with or without a token."""

    def __init__(self, address: str, *, token: str | None = None, http: httpx.Client | None = None) -> None:
        """Callers of one address may share a client."""
        self.address = address
        self.http = http or httpx.Client(base_url=address, timeout=PATIENCE_SECONDS, trust_env=False)
        self._token = token

    @property
    def token(self) -> str:
        """The caller's token."""
        assert self._token is not None, "nobody in particular calls"
        return self._token

    def as_caller(self, token: str) -> Self:
        """The same connection with another caller's token."""
        return type(self)(self.address, token=token, http=self.http)

    def get(self, path: str, shape: type[Shape], *, purpose: str | None = None) -> Shape:
        """Ask something."""
        return self.call("GET", path, shape, purpose=purpose)

    def post(self, path: str, shape: type[Shape], body: Any = None, *, purpose: str | None = None) -> Shape:
        """Command something."""
        return self.call("POST", path, shape, body, purpose=purpose)

    def call(
        self, method: str, path: str, shape: type[Shape], body: Any = None, *, purpose: str | None = None
    ) -> Shape:
        """Call a route and read its answer; raises ApiRefusal, and httpx.HTTPStatusError for what is no answer."""
        response = self.send(method, path, body, purpose=purpose)
        if response.status_code == 204:
            return msgspec.convert(None, shape)
        return msgspec.json.decode(response.content, type=shape)

    def send(self, method: str, path: str, body: Any = None, *, purpose: str | None = None) -> httpx.Response:
        """Call a route; raises as `call`."""
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        if purpose is not None:
            headers["Purpose"] = quote(purpose)
        response = self.http.request(method, path, content=content, headers=headers)
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            raise ApiRefusal(f"{method} {path}", msgspec.json.decode(response.content, type=ProblemDetails))
        response.raise_for_status()
        return response
