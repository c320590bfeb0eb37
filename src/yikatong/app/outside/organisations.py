"""The organisations outside that this installation is connected to, by the addresses in its settings."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from yikatong.app.outside.bank import HttpBank
from yikatong.app.outside.face import HttpFaceCheck
from yikatong.app.outside.messages import HttpMessageGateway
from yikatong.app.outside.missing import NoBank, NoFaceCheck
from yikatong.cards.outside import BankAccounts, FaceCheck
from yikatong.notices.outside import MessageGateway
from yikatong.payouts.outside import Bank
from yikatong.plumbing.settings import Settings

_TIMEOUT = httpx.Timeout(8.0, connect=2.0)
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16)


@dataclass(frozen=True, kw_only=True)
class Organisations:
    """A bank, its account check, a face check, a gateway for messages."""

    bank: Bank
    accounts: BankAccounts
    face: FaceCheck
    gateway: MessageGateway | None


@asynccontextmanager
async def open_organisations(settings: Settings) -> AsyncIterator[Organisations]:
    """Connect to what the settings name; what they do not name refuses, saying which connection is missing.

    Without a message gateway there is none: notices are then read in the wallet alone.
    """
    async with AsyncExitStack() as stack:

        async def client_of(url: str) -> httpx.AsyncClient:
            client = httpx.AsyncClient(
                base_url=url, timeout=_TIMEOUT, limits=_LIMITS, headers={"content-type": "application/json"}
            )
            return await stack.enter_async_context(client)

        bank = HttpBank(await client_of(settings.bank_url)) if settings.bank_url else NoBank()
        yield Organisations(
            bank=bank,
            accounts=bank,
            face=HttpFaceCheck(await client_of(settings.face_check_url)) if settings.face_check_url else NoFaceCheck(),
            gateway=HttpMessageGateway(await client_of(settings.message_gateway_url))
            if settings.message_gateway_url
            else None,
        )
