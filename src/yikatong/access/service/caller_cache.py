"""Callers of the tap route, kept in a worker so that a key is looked up once and not per tap."""

from datetime import datetime

from yikatong.access.model import Authenticated
from yikatong.plumbing.http import Caller


class CallerCache:
    """Authenticated callers by the digest of their key, valid for one version of the subject "access".

    Each batch reads the versions and calls `forget_all_if`, so a revocation counts from the next batch on.
    Sessions are not kept: they end without a new version.
    """

    def __init__(self, *, size_max: int = 100_000) -> None:
        """Keeps at most `size_max` callers; when full, the longest kept half goes."""
        self._callers: dict[bytes, Authenticated] = {}
        self._size_max = size_max
        self._version = -1

    @property
    def version(self) -> int:
        """The version for which what is kept is valid; read it before authenticating what will be put."""
        return self._version

    def find(self, token_digest: bytes, *, now: datetime) -> Caller | None:
        """The caller with a key, while its time is not over."""
        kept = self._callers.get(token_digest)
        return kept.caller if kept is not None and kept.until > now else None

    def put(self, token_digest: bytes, authenticated: Authenticated, *, version: int) -> None:
        """Keep a caller who was authenticated at a version; one of an older version is not kept."""
        if version != self._version:
            return
        if len(self._callers) >= self._size_max:
            for digest in list(self._callers)[: self._size_max // 2]:
                del self._callers[digest]
        self._callers[token_digest] = authenticated

    def forget_all_if(self, version: int) -> None:
        """Forget everyone if the version is another than the one what is kept is valid for."""
        if version != self._version:
            self._callers.clear()
            self._version = version
