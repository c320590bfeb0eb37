"""A resident's phone: the wallet, its camera, and its calls to the platform over the real API."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

import msgspec

from simulator.calls import Calls
from simulator.face import Capture
from simulator.outside import CapturedShape
from simulator.wallet import Wallet
from yikatong.cards import service as cards
from yikatong.codes.api import RefreshAnswer
from yikatong.codes.model import Asked, CodeKind, IssuedCertificate, Posture, SceneGroup
from yikatong.desk.api.shapes import CardAnswer, WalletAnswer
from yikatong.kernel.ids import DeviceId, ProviderId, ResidentId, TapId, read_id
from yikatong.kernel.instants import epoch_ms, from_epoch_ms
from yikatong.notices.api import NoticeAnswer, NoticesAnswer
from yikatong.plumbing.clock import Clock, SystemClock
from yikatong.plumbing.http import ChangeAnswer
from yikatong.taps.api import WaitingTap, WaitingTaps
from yikatong.taps.model import Receipt

CHANNEL = "wallet"
PLATFORM = "android"
NOTICES_AT_ONCE = 100


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a phone, as their identity card says."""

    name: str
    id_number: str


class HttpWallet:
    """A phone with a wallet; nothing works before `enrol`, and no code before `refresh`."""

    def __init__(
        self, *, platform: Calls, outside: Calls, holder: Holder, password: str, clock: Clock | None = None
    ) -> None:
        """`platform` needs no token; `outside` is where the face check's component answers."""
        self._anyone = platform
        self._outside = outside
        self._holder = holder
        self._password = password
        self._clock = clock or SystemClock()
        self._session: Calls | None = None
        self.wallet = Wallet()
        self.resident_id: ResidentId | None = None

    def enrol(self, *, card_number: str) -> None:
        """Enrol this phone by name, card, live face and password; gives the e-card at level 1 if there is none."""
        made_at = from_epoch_ms(epoch_ms(self._clock.now()))
        key = self.wallet.public_key
        message = cards.enrolment_message(
            id_number=self._holder.id_number, card_number=card_number, key=key, made_at=made_at
        )
        body = {
            "name": self._holder.name,
            "id_number": self._holder.id_number,
            "card_number": card_number,
            "face": self.look_into_the_camera(),
            "password": self._password,
            "channel": CHANNEL,
            "platform": PLATFORM,
            "shell": "native",
            "algorithm": key.algorithm.name,
            "public_key": _write(key.data),
            "made_at_ms": epoch_ms(made_at),
            "signature": _write(self.wallet.enrolment_key.sign(message)),
        }
        self._take_session(self._anyone.post("/v1/wallet/enrolments", WalletAnswer, body))

    def refresh(self) -> None:
        """Get a fresh pool of certificates and set the clock."""
        now = self._clock.now()
        body = {"request": _write(self.wallet.refresh_request(now))}
        answer = self.calls.post("/v1/wallet/refresh", RefreshAnswer, body)
        issued = tuple(
            IssuedCertificate(
                scene_group=one.scene_group,
                show_key=_read(one.show_key),
                certificate=_read(one.certificate),
                expires_at=one.expires_at,
            )
            for one in answer.certificates
        )
        self.wallet.take_certificates(issued)
        self.wallet.set_clock(server_time=answer.server_time, now=now)

    def card(self) -> CardAnswer:
        """The holder's card and e-card."""
        return self.calls.get("/v1/wallet/card", CardAnswer)

    def set_limits(self, *, tap_limit_fen: int, day_limit_fen: int) -> ChangeAnswer:
        """Set what a shown code may pay."""
        body = {"tap_limit_fen": tap_limit_fen, "day_limit_fen": day_limit_fen, "password": self._password}
        return self.calls.call("PUT", "/v1/wallet/limits", ChangeAnswer, body)

    def bind_bank(self, *, bank_card_number: str, phone: str) -> ChangeAnswer:
        """Bind the card's bank account: level 2."""
        body = {"bank_card_number": bank_card_number, "phone": phone, "password": self._password}
        return self.calls.post("/v1/wallet/bank-account", ChangeAnswer, body)

    def add_child(self, *, name: str, id_number: str) -> ChangeAnswer:
        """Add a child to the family service, with a photo."""
        body = {
            "name": name, "id_number": id_number, "kind": "child", "has_photo": True, "password": self._password
        }  # fmt: skip
        return self.calls.post("/v1/wallet/family", ChangeAnswer, body)

    def report_loss(self) -> ChangeAnswer:
        """Report the card lost for the time being."""
        return self.calls.post("/v1/wallet/card/loss", ChangeAnswer)

    def release_loss(self) -> ChangeAnswer:
        """Release the loss report by face and password."""
        return self.calls.post("/v1/wallet/card/release", ChangeAnswer, self._proof())

    def associate(self) -> ChangeAnswer:
        """Associate the e-card with the card again."""
        return self.calls.post("/v1/wallet/card/association", ChangeAnswer, self._proof())

    def waiting(self) -> tuple[WaitingTap, ...]:
        """Taps that wait for the holder, as the server shows them."""
        return self.calls.get("/v1/wallet/taps/waiting", WaitingTaps).taps

    def confirm(self, waiting: WaitingTap, *, agreed: bool = True) -> Receipt:
        """Sign yes or no to a waiting tap, over what the server says of it."""
        tap_id = TapId(read_id("tap", waiting.tap))
        asked = Asked(
            nonce=b"\x00" * 8,
            amount_fen=waiting.amount_fen,
            payee_id=ProviderId(read_id("provider", waiting.payee)),
            item_number=waiting.item_number,
        )
        signed = self.wallet.confirm(tap_id=tap_id, asked=asked, agreed=agreed, now=self._clock.now())
        return self.calls.post(f"/v1/wallet/taps/{waiting.tap}/confirm", Receipt, {"confirmation": _write(signed)})

    def notices(self) -> tuple[NoticeAnswer, ...]:
        """What the holder was told, the newest first."""
        return self.calls.get(f"/v1/wallet/notices?limit={NOTICES_AT_ONCE}", NoticesAnswer).notices

    def show_code(
        self,
        *,
        kind: CodeKind = CodeKind.PAYMENT,
        scene: SceneGroup = SceneGroup.RETAIL,
        posture: Posture | None = None,
        at: datetime | None = None,
    ) -> str:
        """A bare code as the screen shows it; `at` is when it was made, now when left out."""
        return self.wallet.show_code(at or self._clock.now(), kind=kind, scene=scene, posture=posture)

    def scan(self, challenge_text: str, *, scene: SceneGroup = SceneGroup.RETAIL) -> str:
        """Scan a till's code and answer it."""
        return self.wallet.answer(challenge_text, self._clock.now(), scene=scene)

    def look_into_the_camera(self) -> str:
        """Hold one's own face before the camera; gives the capture's reference."""
        capture = Capture(name=self._holder.name, id_number=self._holder.id_number)
        return self._outside.post("/face/simulator/captures", CapturedShape, capture).face

    @property
    def calls(self) -> Calls:
        """The phone's own calls."""
        assert self._session is not None, "a wallet is enrolled before it is used"
        return self._session

    def _proof(self) -> dict[str, Any]:
        return {"face": self.look_into_the_camera(), "password": self._password}

    def _take_session(self, opened: WalletAnswer) -> None:
        self._session = self._anyone.as_caller(opened.token)
        self.resident_id = ResidentId(read_id("resident", opened.resident_id))
        self.wallet.enrolled_as(DeviceId(read_id("device", opened.device_id)))


def _write(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
