"""A wallet: the keys of a resident's phone, and what it shows, answers and confirms; it works without a network."""

import secrets
from datetime import datetime, timedelta

import msgspec

from yikatong.codes import service as codes
from yikatong.codes.model import (
    Asked,
    Challenge,
    CodeKind,
    IssuedCertificate,
    Posture,
    RefreshRequest,
    SceneGroup,
    ShowKey,
)
from yikatong.kernel.ids import DeviceId, TapId
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, PublicKey, SigningKey, VerifyingKey

KEYS_PER_SCENE = 2
NONCE_BYTES = 8
UNANSWERED_MAX = 4
"""So many refreshes may be under way; older ones that nobody answered are given up."""


class WalletIsEmpty(Exception):  # noqa: N818  an empty wallet is a state, not a fault of the program
    """The wallet has no certificate for this scene; it must be refreshed with a network first."""


class Certified(msgspec.Struct, frozen=True):
    """A show key with the certificate the region gave for it."""

    key: SigningKey
    certificate: bytes
    expires_at: datetime


class Wallet:
    """The wallet on one phone: an enrolment key that is never shown, and a pool of show keys for each scene group."""

    def __init__(self) -> None:
        """Make a wallet with a fresh enrolment key; `posture` is what its shell reports where a call names no other."""
        self.enrolment_key = trust.new_signing_key(Algorithm.ES256)
        self.device_id: DeviceId | None = None
        self.posture = Posture.CLEAR
        self.clock_offset = timedelta(0)
        self._pool: dict[SceneGroup, list[Certified]] = {}
        self._asked: dict[bytes, tuple[int, SigningKey]] = {}
        self._request_count = self._pool_of_request = 0

    @property
    def public_key(self) -> PublicKey:
        """The public half of the enrolment key, given when the device is enrolled."""
        return self.enrolment_key.public_key

    def enrolled_as(self, device_id: DeviceId) -> None:
        """Remember the id under which the platform knows this device."""
        self.device_id = device_id

    def refresh_request(self, now: datetime, *, per_scene: int = KEYS_PER_SCENE) -> bytes:
        """Make fresh show keys for every scene group and ask for their certificates; `now` is the phone's own clock."""
        assert self.device_id is not None, "a wallet is enrolled before it is refreshed"
        scenes = [scene for scene in SceneGroup for _ in range(per_scene)]
        keys = [trust.new_signing_key(Algorithm.ES256) for _ in scenes]
        self._request_count += 1
        given_up = self._request_count - UNANSWERED_MAX
        self._asked = {data: asked for data, asked in self._asked.items() if asked[0] > given_up}
        self._asked |= {key.public_key.data: (self._request_count, key) for key in keys}
        request = RefreshRequest(
            device_id=self.device_id,
            made_at=self._true(now),
            nonce=secrets.token_bytes(NONCE_BYTES),
            show_keys=tuple(ShowKey(scene, key.public_key) for scene, key in zip(scenes, keys, strict=True)),
        )
        return codes.sign_refresh(request, self.enrolment_key)

    def take_certificates(self, issued: tuple[IssuedCertificate, ...]) -> None:
        """Put the certificates of a refresh in place of the old pool, each beside the key it was asked for.

        Of refreshes that were under way at once the one that was asked last stays, whichever is answered last. An
        answer to one that was given up, or that comes a second time, changes nothing.
        """
        pool: dict[SceneGroup, list[Certified]] = {}
        request = 0
        for one in issued:
            asked = self._asked.pop(one.show_key, None)
            if asked is None:
                return
            request, key = asked
            pool.setdefault(one.scene_group, []).append(Certified(key, one.certificate, one.expires_at))
        if request >= self._pool_of_request:
            self._pool, self._pool_of_request = pool, request

    def set_clock(self, *, server_time: datetime, now: datetime) -> None:
        """Correct the phone's clock by the server's time."""
        self.clock_offset = server_time - now

    def show_code(
        self,
        now: datetime,
        *,
        kind: CodeKind = CodeKind.PAYMENT,
        scene: SceneGroup = SceneGroup.RETAIL,
        posture: Posture | None = None,
    ) -> str:
        """The text of a bare code for one scene group; each call takes the next key of the pool."""
        return self._mint(now, kind=kind, scene=scene, posture=posture, answer=None)

    def look_at(self, challenge_text: str, now: datetime, *, terminal_key: VerifyingKey | None = None) -> Challenge:
        """Read a till's code, verified when the terminal's key is at hand; what the wallet shows before it answers."""
        if terminal_key is None:
            return codes.read_challenge(challenge_text, now=self._true(now))
        return codes.verify_challenge(challenge_text, terminal_key=terminal_key, now=self._true(now))

    def answer(
        self,
        challenge_text: str,
        now: datetime,
        *,
        scene: SceneGroup = SceneGroup.RETAIL,
        posture: Posture | None = None,
        terminal_key: VerifyingKey | None = None,
    ) -> str:
        """The text of a code that answers a till's code: its challenge, amount, payee and item are signed."""
        challenge = self.look_at(challenge_text, now, terminal_key=terminal_key)
        kind = CodeKind.PAYMENT if challenge.amount_fen else CodeKind.IDENTITY
        return self._mint(now, kind=kind, scene=scene, posture=posture, answer=challenge)

    def confirm(
        self, *, tap_id: TapId, asked: Asked, agreed: bool, now: datetime, posture: Posture | None = None
    ) -> bytes:
        """Sign yes or no to a tap that waits."""
        return codes.sign_confirmation(
            tap_id=tap_id,
            asked=asked,
            agreed=agreed,
            made_at=self._true(now),
            posture=self.posture if posture is None else posture,
            enrolment_key=self.enrolment_key,
        )

    def _mint(
        self, now: datetime, *, kind: CodeKind, scene: SceneGroup, posture: Posture | None, answer: Asked | None
    ) -> str:
        certified = self._next(scene)
        code = codes.mint_code(
            certificate=certified.certificate,
            show_key=certified.key,
            made_at=self._true(now),
            kind=kind,
            nonce=secrets.token_bytes(NONCE_BYTES),
            posture=self.posture if posture is None else posture,
            answer=answer,
        )
        return codes.write_code(code)

    def _next(self, scene: SceneGroup) -> Certified:
        """The next key of a scene's pool, in turn."""
        pool = self._pool.get(scene)
        if not pool:
            raise WalletIsEmpty(scene.value)
        certified = pool.pop(0)
        pool.append(certified)
        return certified

    def _true(self, now: datetime) -> datetime:
        return now + self.clock_offset
