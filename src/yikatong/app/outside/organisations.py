"""The organisations outside that this installation is connected to, by the addresses in its settings."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from yikatong.app.outside.bank import HttpBank
from yikatong.app.outside.bank_folder import FolderBankFiles
from yikatong.app.outside.bank_host import HostBankFiles
from yikatong.app.outside.bounded import bound_answers
from yikatong.app.outside.face import HttpFaceCheck
from yikatong.app.outside.messages import HttpMessageGateway
from yikatong.app.outside.missing import NoBank, NoFaceCheck
from yikatong.app.outside.vehicles import HttpVehicleRegister, NoVehicleRegister
from yikatong.app.outside.witness import HttpWitness
from yikatong.cards.outside import BankAccounts, FaceCheck
from yikatong.kernel.outcomes import Refused
from yikatong.notices.outside import MessageGateway
from yikatong.payouts.outside import Bank, BankFiles
from yikatong.plumbing.settings import Settings, SettingsError
from yikatong.sealing.outside import Witness
from yikatong.trade_in.outside import VehicleRegister
from yikatong.trust import service as trust
from yikatong.trust.model import VerifyingKey

_TIMEOUT = httpx.Timeout(8.0, connect=2.0)
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16)


@dataclass(frozen=True, kw_only=True)
class Organisations:
    """A bank, its files and account check, a face check, a message gateway, a witness, a register of vehicles."""

    bank: Bank
    bank_files: BankFiles | None = None
    accounts: BankAccounts
    face: FaceCheck
    gateway: MessageGateway | None
    witness: Witness | None
    vehicles: VehicleRegister = field(default_factory=NoVehicleRegister)


@asynccontextmanager
async def open_organisations(settings: Settings) -> AsyncIterator[Organisations]:
    """Connect to what the settings name; what they do not name refuses, saying which connection is missing.

    Without a message gateway there is none: notices are then read in the wallet alone; without a witness nobody
    outside keeps the log's heads. Raises as `verify_organisations`.
    """
    verify_organisations(settings)
    async with AsyncExitStack() as stack:

        async def client_of(url: str) -> httpx.AsyncClient:
            client = httpx.AsyncClient(
                base_url=url, timeout=_TIMEOUT, limits=_LIMITS, headers={"content-type": "application/json"}
            )
            return await stack.enter_async_context(bound_answers(client))

        bank = HttpBank(await client_of(settings.bank_url)) if settings.bank_url else NoBank()
        yield Organisations(
            bank=bank,
            bank_files=_files_of(
                await client_of(settings.bank_files_url) if settings.bank_files_url else None, settings
            ),
            accounts=bank,
            face=HttpFaceCheck(await client_of(settings.face_check_url)) if settings.face_check_url else NoFaceCheck(),
            gateway=HttpMessageGateway(await client_of(settings.message_gateway_url))
            if settings.message_gateway_url
            else None,
            witness=HttpWitness(await client_of(settings.witness_url), key=_witness_key(settings))
            if settings.witness_url
            else None,
            vehicles=HttpVehicleRegister(await client_of(settings.vehicle_register_url))
            if settings.vehicle_register_url
            else NoVehicleRegister(),
        )


def verify_organisations(settings: Settings) -> Settings:
    """Give the settings on when everybody outside can be called by them; a start asks before anything serves.

    Raises SettingsError for a host of bank files without a folder, and for a witness without its key.
    """
    if settings.bank_files_url and settings.bank_files_folder is None:
        raise SettingsError(
            "bank_files_url须同时设置bank_files_folder，草稿和发送记录放在那里。 "
            "bank_files_url needs bank_files_folder, where drafts and notes are kept."
        )
    if settings.witness_url:
        _witness_key(settings)
    return settings


def _files_of(client: httpx.AsyncClient | None, settings: Settings) -> BankFiles | None:
    """Bank files in a folder, or on a host with a folder of ours."""
    if settings.bank_files_folder is None:
        return None
    root = Path(settings.bank_files_folder)
    return FolderBankFiles(root) if client is None else HostBankFiles(root, client)


def _witness_key(settings: Settings) -> VerifyingKey:
    try:
        return trust.verifying_key(trust.decode_cose_key(bytes.fromhex(settings.witness_key or "")))
    except (ValueError, Refused):
        raise SettingsError(
            "设置了witness_url，witness_key就须是yikatong witness key所示的公钥。 "
            "With witness_url, witness_key must be the key that `yikatong witness key` shows."
        ) from None
