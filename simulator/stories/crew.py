"""Who was hired on an earlier day: a story played again on the same platform meets the same operators."""

import os
from pathlib import Path
from threading import Lock

import msgspec


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How an operator signs in."""

    login_name: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(login_name={self.login_name!r})"


class Crew:
    """Operators' credentials by region and job, in a file readable by its owner alone, or in memory only."""

    def __init__(self, file: Path | None) -> None:
        """Read what an earlier day left."""
        self._file = file
        self._turn = Lock()
        self._known: dict[str, Credentials] = {}
        if file is not None and file.exists():
            self._known = msgspec.json.decode(file.read_bytes(), type=dict[str, Credentials])
        self.met_before = bool(self._known)
        """Whether an earlier day hired somebody here, and so left its taps in the books."""

    def find(self, region: str, job: str) -> Credentials | None:
        """Who does a job in a region, if somebody was hired for it."""
        return self._known.get(f"{region} {job}")

    def remember(self, region: str, job: str, own: Credentials) -> None:
        """Keep who was hired."""
        with self._turn:
            self._known[f"{region} {job}"] = own
            if self._file is not None:
                fresh = self._file.with_suffix(".new")
                with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
                    out.write(msgspec.json.encode(self._known))
                fresh.replace(self._file)
