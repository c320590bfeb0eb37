"""Regions with keys, certificates, codes and challenges, for tests of codes and above."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg

from simulator.wallet import Wallet
from tests.support.builders.cards import CardWorld
from tests.support.world import NOON, SeededIds
from yikatong.cards.model import Registered
from yikatong.codes import service as codes
from yikatong.codes.model import (
    Asked,
    Challenge,
    CodeKind,
    Posture,
    ReadCode,
    Refreshed,
    StoredCertificate,
)
from yikatong.codes.service import OwnRegion, RegionView, SeenCertificates
from yikatong.kernel.ids import DeviceId, ECardId, ProviderId, ResidentId, TerminalId
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, KeyHolder, PublicKey, SigningKey, Standing

BUCKET_COUNT = 16
CANTEEN = UUID("01890000-0000-7000-8000-000000000001")


class KeyedRegion:
    """A region with the keys it issues certificates with."""

    def __init__(self, code: str = "990101", *, algorithm: Algorithm = Algorithm.ES256) -> None:
        self.code = code
        self.key = trust.new_signing_key(algorithm)
        self.key_id = trust.key_id_of(self.key.public_key)
        self.alias_key = uuid4().bytes + uuid4().bytes + uuid4().bytes + uuid4().bytes

    def certify(
        self,
        show_key: PublicKey,
        *,
        resident_id: ResidentId,
        serial: int = 0,
        made_at: datetime = NOON,
        standing: Standing | None = None,
    ) -> bytes:
        """A certificate of this region."""
        return codes.issue_certificate(
            region=self.code,
            alias=codes.seal_resident(self.code, self.alias_key, resident_id, serial),
            expires_at=codes.expiry_of(made_at),
            show_key=show_key,
            standing=standing or Standing(level=2, concession=0, status_index=70_000),
            region_key=self.key,
            key_id=self.key_id,
        )

    def seen_at_home(self, *, seen_max: int = 0) -> RegionView:
        """The view of a counter of this region."""
        own = {self.code: OwnRegion((self.alias_key,))}
        return RegionView(keys={}, own=own, bucket_count=BUCKET_COUNT, seen=SeenCertificates(seen_max))

    def seen_elsewhere(self) -> RegionView:
        """The view of another region's counter that trusts this one."""
        keys = {self.code: {self.key_id: trust.verifying_key(self.key.public_key)}}
        return RegionView(keys=keys, own={}, bucket_count=BUCKET_COUNT, seen=SeenCertificates(0))


class CertifiedPhone:
    """A phone with one show key and its certificate."""

    def __init__(
        self,
        region: KeyedRegion | None = None,
        *,
        algorithm: Algorithm = Algorithm.ES256,
        serial: int = 7,
        made_at: datetime = NOON,
        standing: Standing | None = None,
    ) -> None:
        self.region = region or KeyedRegion()
        self.resident_id = ResidentId(uuid4())
        self.serial = serial
        self.show_key: SigningKey = trust.new_signing_key(algorithm)
        self.certificate = self.region.certify(
            self.show_key.public_key,
            resident_id=self.resident_id,
            serial=serial,
            made_at=made_at,
            standing=standing,
        )

    def code_bytes(
        self,
        *,
        made_at: datetime = NOON,
        kind: CodeKind = CodeKind.PAYMENT,
        posture: Posture = Posture.CLEAR,
        nonce: bytes = b"\x01\x02\x03\x04\x05\x06\x07\x08",
        answer: Asked | None = None,
    ) -> bytes:
        """A code of this phone, as signed."""
        return codes.mint_code(
            certificate=self.certificate,
            show_key=self.show_key,
            made_at=made_at,
            kind=kind,
            nonce=nonce,
            posture=posture,
            answer=answer,
        )

    def code(self, *, made_at: datetime = NOON, answer: Asked | None = None) -> str:
        """The text of a code of this phone."""
        return codes.write_code(self.code_bytes(made_at=made_at, answer=answer))

    def read(self, *, made_at: datetime = NOON, answer: Asked | None = None) -> ReadCode:
        """A code of this phone, read by a counter of its own region."""
        text = self.code(made_at=made_at, answer=answer)
        return codes.read_code(text, regions=self.region.seen_at_home(), now=made_at)

    def stored(self, *, state: str = "active", made_at: datetime = NOON) -> StoredCertificate:
        """The certificate as the region keeps it."""
        return StoredCertificate(
            resident_id=self.resident_id,
            serial=self.serial,
            e_card_id=ECardId(uuid4()),
            device_id=DeviceId(uuid4()),
            region=self.region.code,
            algorithm=int(self.show_key.public_key.algorithm),
            show_key=self.show_key.public_key.data,
            state=state,
            made_at=made_at,
        )


def asked(
    *,
    nonce: bytes = b"till0001",
    amount_fen: int = 1_880,
    payee_id: UUID = CANTEEN,
    item_number: int = 42,
) -> Asked:
    """What a till asks to be signed."""
    return Asked(nonce=nonce, amount_fen=amount_fen, payee_id=ProviderId(payee_id), item_number=item_number)


def a_challenge(
    *,
    region: str = "990101",
    made_at: datetime = NOON,
    life: timedelta = timedelta(minutes=2),
    said: Asked | None = None,
) -> Challenge:
    """A till's code, not yet signed."""
    said = said or asked()
    return Challenge(
        region=region,
        terminal_id=TerminalId(UUID("01890000-0000-7000-8000-0000000000aa")),
        nonce=said.nonce,
        amount_fen=said.amount_fen,
        payee_id=said.payee_id,
        payee_name="亭亭社区食堂",
        item_number=said.item_number,
        item_name="社区就餐",
        made_at=made_at,
        expires_at=made_at + life,
    )


def changed(challenge: Challenge, **fields: object) -> Challenge:
    """A challenge with some fields changed."""
    return msgspec.structs.replace(challenge, **fields)


def keys_of(*regions: str) -> KeyHolder:
    """A key holder with fresh keys of these regions alone; its folder is gone, the keys are in memory."""
    with TemporaryDirectory() as folder:
        return trust.open_key_folder(
            Path(folder) / "keys",
            key_encryption_key=os.urandom(32),
            wanted=[key for region in regions for key in trust.keys_of_region(region)],
            now=NOON,
            ids=SeededIds(),
        )


class CodeWorld(CardWorld):
    """A world of cards whose residents have wallets."""

    def __init__(self, conn: psycopg.AsyncConnection[Any], *, now: datetime = NOON) -> None:
        super().__init__(conn, now=now)
        self.keys = keys_of(self.region)

    def regions(self, *, seen_max: int = 0) -> RegionView:
        """What the region's own counter knows."""
        own = {self.region: OwnRegion(self.keys.secrets(f"alias-{self.region}"))}
        return RegionView(keys={}, own=own, bucket_count=self.terms.bucket_count, seen=SeenCertificates(seen_max))

    async def a_wallet(self, resident: Registered) -> Wallet:
        """An enrolled wallet of a resident, not refreshed yet."""
        wallet = Wallet()
        enrolled = await self.enrolled(resident, key=wallet.enrolment_key)
        wallet.enrolled_as(enrolled.device_id)
        return wallet

    async def refreshed(self, resident: Registered, wallet: Wallet, *, per_scene: int = 2) -> Refreshed:
        """Refresh a wallet at the world's time."""
        assert wallet.device_id is not None
        refreshed = await codes.refresh(
            self.conn,
            bucket=resident.bucket,
            resident_id=resident.resident_id,
            device_id=wallet.device_id,
            request=wallet.refresh_request(self.now, per_scene=per_scene),
            holder=self.keys,
            now=self.now,
            ids=self.ids,
        )
        wallet.take_certificates(refreshed.certificates)
        wallet.set_clock(server_time=refreshed.server_time, now=self.now)
        return refreshed

    async def a_filled_wallet(self, resident: Registered) -> Wallet:
        """An enrolled and refreshed wallet of a resident."""
        wallet = await self.a_wallet(resident)
        await self.refreshed(resident, wallet)
        return wallet


__all__ = [
    "BUCKET_COUNT",
    "CertifiedPhone",
    "CodeWorld",
    "KeyedRegion",
    "a_challenge",
    "asked",
    "changed",
    "keys_of",
]
