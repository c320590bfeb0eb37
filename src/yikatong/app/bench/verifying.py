"""What reading a card code costs beside the bare signature check of the crypto library."""

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import Stage
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, CodeKind, Posture, ReadCode
from yikatong.codes.service import OwnRegion, RegionView, SeenCertificates
from yikatong.kernel.ids import ProviderId, ResidentId
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.collector import rest_the_collector
from yikatong.plumbing.ids import SystemIds
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey, Standing

AIM_SEEN, AIM_NEW, AIM_OTHER = 0.85, 0.6, 0.4
TOGETHER = 64
"""Codes read in one go, as a worker reads those that arrive together."""
_ROUNDS = 10
_OWN, _OTHER = "990100", "990200"


def bench_verify_seen(stage: Stage) -> Row:
    """The certificate was seen before: only the show key's signature is checked."""
    world = CodesWorld(stage.plan.codes, region=_OWN)
    view = world.at_home(seen_max=2 * stage.plan.codes)
    world.read_all(view)
    return world.row("verify-seen", "certificate seen before", AIM_SEEN, lambda: view)


def bench_verify_new(stage: Stage) -> Row:
    """An own-region certificate that is new: its alias is opened, its show key parsed."""
    world = CodesWorld(stage.plan.codes, region=_OWN)
    return world.row("verify-new", "own region's certificate, new", AIM_NEW, lambda: world.at_home(seen_max=0))


def bench_verify_other(stage: Stage) -> Row:
    """Another region's certificate that is new: its region's signature is a second check."""
    world = CodesWorld(stage.plan.codes, region=_OTHER)
    return world.row("verify-other", "another region's certificate, new", AIM_OTHER, world.elsewhere)


class CodesWorld:
    """A region's keys and answered codes of many show keys, as texts; and the same signatures for the bare check."""

    def __init__(self, count: int, *, region: str) -> None:
        """Make them; each code has a certificate of its own."""
        self._clock = SystemClock()
        self._ids = SystemIds(self._clock)
        self._region = region
        self._region_key = trust.new_signing_key(Algorithm.ES256)
        self._key_id = trust.key_id_of(self._region_key.public_key)
        self._alias_key = secrets.token_bytes(32)
        self.texts: list[str] = []
        self.bare: list[Callable[[], None]] = []
        now = self._clock.now()
        for serial in range(count):
            show_key = trust.new_signing_key(Algorithm.ES256)
            code = self._code(show_key, serial, now)
            self.texts.append(codes.write_code(code))
            self.bare.append(trust.bare_check(code, show_key.public_key))

    def at_home(self, *, seen_max: int) -> RegionView:
        """The view of a counter of the region."""
        own = {self._region: OwnRegion((self._alias_key,))}
        return RegionView(keys={}, own=own, bucket_count=1, seen=SeenCertificates(seen_max))

    def elsewhere(self) -> RegionView:
        """The view of another region's counter that trusts the region."""
        keys = {self._region: {self._key_id: trust.verifying_key(self._region_key.public_key)}}
        return RegionView(keys=keys, own={}, bucket_count=1, seen=SeenCertificates(0))

    def read_all(self, view: RegionView) -> None:
        """Read all codes, some together. Raises RuntimeError when one is refused."""
        for start in range(0, len(self.texts), TOGETHER):
            for read in codes.read_codes_of_any_age(self.texts[start : start + TOGETHER], regions=view):
                if not isinstance(read, ReadCode):
                    raise RuntimeError(f"a code was refused: {read}")

    def row(self, name: str, what: str, aim: float, view: Callable[[], RegionView]) -> Row:
        """Read all and check all in turns; each is judged by its cheapest round, in processor time.

        The collector rests as in a worker, for both.
        """
        rest_the_collector()
        bare_seconds, read_seconds = [], []
        for _ in range(_ROUNDS):
            bare_seconds.append(_seconds_of(self._run_bare))
            present = view()
            read_seconds.append(_seconds_of(lambda seen=present: self.read_all(seen)))  # type: ignore[misc]
        count = len(self.texts)
        bare, read = count / min(bare_seconds), count / min(read_seconds)
        return Row(
            name=name,
            measure=f"codes verified, {what}, against the crypto library's bare signature check",
            aim=aim,
            judged=Judged.RATIO_AT_LEAST,
            unit="codes/s/core",
            figure=round(read, 1),
            ratio=round(read / bare, 3),
            says=f"{TOGETHER} codes read together, as a worker reads them",
            details={
                "bare_per_second": round(bare, 1),
                "read_microseconds": round(1e6 / read, 1),
                "bare_microseconds": round(1e6 / bare, 1),
            },
        )

    def _run_bare(self) -> None:
        for check in self.bare:
            check()

    def _code(self, show_key: SigningKey, serial: int, now: datetime) -> bytes:
        resident_id = ResidentId(self._ids.new())
        certificate = codes.issue_certificate(
            region=self._region,
            alias=codes.seal_resident(self._region, self._alias_key, resident_id, serial),
            expires_at=codes.expiry_of(now),
            show_key=show_key.public_key,
            standing=Standing(level=2, concession=0, status_index=70_000 + serial),
            region_key=self._region_key,
            key_id=self._key_id,
        )
        return codes.mint_code(
            certificate=certificate,
            show_key=show_key,
            made_at=now,
            kind=CodeKind.PAYMENT,
            nonce=secrets.token_bytes(8),
            posture=Posture.CLEAR,
            answer=Asked(
                nonce=secrets.token_bytes(8),
                amount_fen=1_250,
                payee_id=ProviderId(UUID(int=self._ids.new().int)),
                item_number=7,
            ),
        )


def _seconds_of(call: Callable[[], None]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began
