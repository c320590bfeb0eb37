"""The door of wallets that come in crowds: who comes at once is looked up at once."""

from collections.abc import Sequence

from yikatong.access import service as access
from yikatong.app.house import House
from yikatong.app.http.reasons import Reason
from yikatong.plumbing.gathering import Gathering
from yikatong.plumbing.http import Caller

BATCH_MAX = 64
LINE_MAX = 1_024


class WalletDoor:
    """Authenticates callers of one worker, in batches."""

    def __init__(self, house: House) -> None:
        """Nothing is looked up yet."""
        self._house = house
        self._line: Gathering[str, Caller] = Gathering(
            self._authenticate,
            key_of=lambda token: None,
            batch_max=BATCH_MAX,
            line_max=LINE_MAX,
            busy=Reason.SERVER_IS_BUSY,
        )

    async def authenticate(self, token: str) -> Caller:
        """The caller with a token. Refuses as `access.authenticate`, and SERVER_IS_BUSY."""
        return await self._line.submit(token)

    async def close(self) -> None:
        """Finish the batch at hand; callers still in line are refused."""
        await self._line.close()

    async def _authenticate(self, tokens: Sequence[str]) -> list[Caller | Exception]:
        async with self._house.database.transaction() as conn:
            return [*await access.authenticate_many(conn, tokens=tokens, now=self._house.clock.now())]
