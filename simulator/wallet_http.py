"""A wallet that talks to the platform: it enrols, refreshes, sets limits, reads notices, and answers taps that wait."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

import msgspec

from simulator.calls import Calls
from simulator.wallet import KEYS_PER_SCENE, Wallet
from yikatong.cards import service as cards
from yikatong.codes.model import Asked, IssuedCertificate, Posture, SceneGroup
from yikatong.kernel.ids import DeviceId, ProviderId, ResidentId, TapId, read_id, show_id
from yikatong.kernel.instants import epoch_ms


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a resident types and shows to enrol: name, numbers, a live face, the e-card's password."""

    name: str
    id_number: str
    card_number: str
    face: str
    password: str


class OpenedShape(msgspec.Struct, frozen=True):
    """An open wallet."""

    resident_id: str
    e_card_id: str
    device_id: str
    token: str
    server_time: datetime


class CertificateShape(msgspec.Struct, frozen=True):
    """One certificate of a refresh."""

    scene_group: SceneGroup
    show_key: str
    certificate: str
    expires_at: datetime


class RefreshedShape(msgspec.Struct, frozen=True):
    """What a refresh gives."""

    certificates: tuple[CertificateShape, ...]
    server_time: datetime


class WaitingShape(msgspec.Struct, frozen=True):
    """A tap that waits, with what the wallet shows before it signs."""

    tap: str
    amount_fen: int
    payee: str
    payee_name_zh: str
    item_number: int
    item_name_zh: str
    deadline_at: datetime


class WaitingListShape(msgspec.Struct, frozen=True):
    """Taps that wait, oldest first."""

    taps: tuple[WaitingShape, ...]


class WordsShape(msgspec.Struct, frozen=True):
    """A notice in one language."""

    title: str
    text: str


class NoticeShape(msgspec.Struct, frozen=True):
    """What the resident was told."""

    notice_id: str
    made_at: datetime
    zh: WordsShape
    en: WordsShape


class NoticesShape(msgspec.Struct, frozen=True):
    """A page of notices, the newest first."""

    notices: tuple[NoticeShape, ...]


class HttpWallet:
    """A wallet with a network; `wallet` is its offline half."""

    def __init__(self, calls: Calls, wallet: Wallet) -> None:
        """Without a session until `enrol` or `open_session`."""
        self._open = calls
        self._calls = calls
        self.wallet = wallet
        self.resident_id: ResidentId | None = None

    def enrol(self, identity: Identity, *, now: datetime, platform: str = "android", shell: str = "native") -> None:
        """Enrol this device, and remember who it is and what time it is."""
        made_at = now + self.wallet.clock_offset
        key = self.wallet.public_key
        message = cards.enrolment_message(
            id_number=identity.id_number, card_number=identity.card_number, key=key, made_at=made_at
        )
        body = {
            **msgspec.structs.asdict(identity),
            "platform": platform,
            "shell": shell,
            "algorithm": key.algorithm.name,
            "public_key": _write(key.data),
            "made_at_ms": epoch_ms(made_at),
            "signature": _write(self.wallet.enrolment_key.sign(message)),
        }
        self._take(self._open.post("/v1/wallet/enrolments", OpenedShape, body), now=now)

    def open_session(self, *, now: datetime) -> None:
        """Open a new session by the device's signature."""
        assert self.resident_id is not None
        assert self.wallet.device_id is not None
        made_at = now + self.wallet.clock_offset
        message = cards.session_message(resident_id=self.resident_id, device_id=self.wallet.device_id, made_at=made_at)
        body = {
            "resident_id": show_id("resident", self.resident_id),
            "device_id": show_id("device", self.wallet.device_id),
            "made_at_ms": epoch_ms(made_at),
            "signature": _write(self.wallet.enrolment_key.sign(message)),
        }
        self._take(self._open.post("/v1/wallet/sessions", OpenedShape, body), now=now)

    def refresh(self, *, now: datetime, per_scene: int = KEYS_PER_SCENE) -> None:
        """Fill the pool with fresh certificates and set the clock."""
        request = self.wallet.refresh_request(now, per_scene=per_scene)
        given = self._calls.post("/v1/wallet/refresh", RefreshedShape, {"request": _write(request)})
        self.wallet.take_certificates(
            tuple(
                IssuedCertificate(one.scene_group, _read(one.show_key), _read(one.certificate), one.expires_at)
                for one in given.certificates
            )
        )
        self.wallet.set_clock(server_time=given.server_time, now=now)

    def set_limits(
        self, *, tap_limit_fen: int, day_limit_fen: int, password: str, unknown_posture_allowed: bool = False
    ) -> None:
        """Set what a shown code may pay."""
        body = {
            "tap_limit_fen": tap_limit_fen,
            "day_limit_fen": day_limit_fen,
            "unknown_posture_allowed": unknown_posture_allowed,
            "password": password,
        }
        self._calls.send("PUT", "/v1/wallet/limits", body)

    def bind_bank_account(self, *, bank_card_number: str, phone: str, password: str) -> None:
        """Bind the card's bank account: the e-card becomes level 2."""
        body = {"bank_card_number": bank_card_number, "phone": phone, "password": password}
        self._calls.send("POST", "/v1/wallet/bank-account", body)

    def report_loss(self) -> None:
        """Report the card lost for the time being."""
        self._calls.send("POST", "/v1/wallet/card/loss")

    def notices(self) -> tuple[NoticeShape, ...]:
        """What the resident was told, the newest first."""
        return self._calls.get("/v1/wallet/notices", NoticesShape).notices

    def waiting(self) -> tuple[WaitingShape, ...]:
        """Taps that wait for a yes or a no."""
        return self._calls.get("/v1/wallet/taps/waiting", WaitingListShape).taps

    def confirm(
        self, waiting: WaitingShape, *, agreed: bool, now: datetime, posture: Posture | None = None
    ) -> dict[str, Any]:
        """Sign yes or no over what the server showed; the receipt as it comes."""
        asked = Asked(
            nonce=bytes(8),
            amount_fen=waiting.amount_fen,
            payee_id=ProviderId(read_id("provider", waiting.payee)),
            item_number=waiting.item_number,
        )
        tap_id = TapId(read_id("tap", waiting.tap))
        signed = self.wallet.confirm(tap_id=tap_id, asked=asked, agreed=agreed, now=now, posture=posture)
        path = f"/v1/wallet/taps/{waiting.tap}/confirm"
        return self._calls.post(path, dict[str, Any], {"confirmation": _write(signed)})

    def _take(self, opened: OpenedShape, *, now: datetime) -> None:
        self.resident_id = ResidentId(read_id("resident", opened.resident_id))
        self.wallet.enrolled_as(DeviceId(read_id("device", opened.device_id)))
        self.wallet.set_clock(server_time=opened.server_time, now=now)
        self._calls = self._open.as_caller(opened.token)


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _write(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
