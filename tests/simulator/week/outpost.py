"""Tills without a network: hours and days in the dark, clocks that are wrong, power that fails, lists played back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from tests.simulator.week.journal import Late
from tests.simulator.week.network import Call, Network
from tests.simulator.week.place import TILLS, Place, Worker
from tests.simulator.week.plastic import CHIP_ENTRY
from tests.simulator.week.told import TakenDark, Told, seconds_of
from tests.stateful.deeds import Sent
from tests.support.builders.counter import LOCATOR_KEY
from yikatong.codes import service as codes
from yikatong.kernel.base64url import read_base64url, write_base64url
from yikatong.kernel.ids import read_id, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.offline import service as offline
from yikatong.offline.model import UploadRow
from yikatong.taps.model import TapBody
from yikatong.terminal.model import Upload, Uploaded
from yikatong.terminal.offline import OfflineTerminal, open_memory
from yikatong.terminal.platform import PlatformIsAway
from yikatong.trust import service as trust

Lists = list[tuple[int, bytes]]
Hold = Callable[..., None]


class Outpost:
    """One terminal with a memory of its own; another of the same place has another."""

    def __init__(self, place: Place, network: Network, told: Told, random: Random, *, number: int) -> None:
        self._place = place
        self._network = network
        self._told = told
        self._random = random
        self._registered = place.outposts[number]
        self._file = place.folder / f"outpost-{number}"
        self._fetched: list[Lists] = []
        self._deltas: list[bytes] = []
        self.till = TILLS + number
        self.name = f"outpost {number}"
        self.wrong = timedelta(0)
        self.is_dark = False
        self._start()

    def _start(self) -> None:
        self._memory = open_memory(self._file, random_bytes=self._random.randbytes)
        self._kit = OfflineTerminal(
            self._memory,
            region=self._place.first.region,
            terminal_id=self._registered.terminal.id,
            signing_key=self._registered.signing_key,
            roots=trust.pin_own_roots(self._place.first.keys).roots,
            now=lambda: self._place.clock.now() + self.wrong,
            random_bytes=self._random.randbytes,
        )

    def lose_power(self) -> None:
        """Go off and come up again over the same file."""
        self._place.history.write(f"{self.name} loses its power")
        self.close()
        self._start()

    def close(self) -> None:
        """Close the file."""
        self._memory.close()

    @property
    def uploaded(self) -> list[Uploaded]:
        """What it was told of its taps, in order."""
        return self._kit.answered()

    async def fetch(self, *, even_if_dark: bool = False) -> None:
        """Fetch everything newer; in the dark only when its line comes back for a moment."""
        if self.is_dark and not even_if_dark:
            return
        lists = self._kit.lists
        await self._fetch("trust list", _trust_list, lists.hold_trust_list)
        since = lists.edition_issued_at(self._place.first.region)
        if since is None or not await self._fetch(
            "status deltas", partial(_status_deltas, since=since), self._hold_status_deltas
        ):
            await self._fetch("status lists", _status_lists, self._hold_status_lists)
        await self._fetch("sheet", partial(_sheet, terminal_id=self._registered.terminal.id), lists.hold_sheet)

    async def _fetch(self, what: str, call: Call[Any], hold: Hold) -> bool:
        """Ask for one thing and hold it; whether that could be done."""
        answer = await self._network.ask(f"{what} for {self.name}", call)
        if answer is None or isinstance(answer, Refused):
            return False
        try:
            hold(answer, now=self._place.clock.now() + self.wrong)
        except Refused as refused:
            self._place.history.write(f"{self.name} does not hold the {what}: {refused.reason.name}")
            return False
        return True

    def _hold_status_deltas(self, deltas: list[bytes], *, now: Any) -> None:
        """Now and then somebody puts one of before in front, or plays back older lists afterwards."""
        self._deltas += deltas
        if self._random.random() < 0.2:
            self._place.history.write(f"{self.name} is given a status delta of before")
            deltas = [self._random.choice(self._deltas), *deltas] if self._deltas else deltas
        self._kit.lists.hold_status_deltas(self._place.first.region, deltas, now=now)
        self._be_played_back(now=now, often=0.3)

    def _hold_status_lists(self, lists: Lists, *, now: Any) -> None:
        """Now and then somebody plays back older ones afterwards."""
        region = self._place.first.region
        self._kit.lists.hold_status_lists(region, lists, now=now)
        self._be_played_back(now=now, often=0.5)
        self._fetched.append(lists)

    def _be_played_back(self, *, now: Any, often: float) -> None:
        if self._fetched and self._random.random() < often:
            self._place.history.write(f"{self.name} is given status lists of before")
            lists = self._random.choice(self._fetched)
            self._kit.lists.hold_status_lists(self._place.first.region, lists, now=now)

    async def serve(self, resident: int, fen: int) -> Sent | None:
        """A meal, or for nothing an entry, by a phone; None when it is refused."""
        place, wallet = self._place, self._place.phones[resident].wallet
        how, item = ("answered", place.first.meal) if fen else ("entry", place.first.entry)
        number = self._told.a_number()
        try:
            asked = self._kit.challenge(item.code, fen) if fen else None
            await asyncio.sleep(self._random.choice((0.0, 2.0, 20.0)))
            # Now and then a phone has its time from the same wrong clock on the wall.
            now = place.clock.now() + (self.wrong if self._random.random() < 0.3 else timedelta(0))
            code = wallet.show_code(now) if asked is None else wallet.answer(asked.text, now)
        except Refused as refused:
            place.history.write(f"{self.name} serves nobody: {refused.reason.name}")
            return None
        body = TapBody(
            request_id=f"request-{number:05d}",
            item=item.code,
            amount_fen=fen or None,
            code=code,
            answers=None if asked is None else asked.nonce,
        )
        return self._admit(Sent(resident, number, number, self.till, how, fen, fen, seconds_of(now)), body)

    async def serve_card(self, resident: int, fen: int, *, how: str = CHIP_ENTRY) -> Sent | None:
        """The same by a plastic card in the reader, which has no clock but the outpost's."""
        place, card = self._place, self._place.cards[resident]
        item = place.first.meal if how != CHIP_ENTRY else place.first.entry
        number = self._told.a_number()
        try:
            asked = self._kit.challenge(item.code, fen or None)
            await asyncio.sleep(self._random.choice((0.0, 2.0, 20.0)))
            now = place.clock.now() + self.wrong
            chip = card.present(asked.text, terminal_id=self._registered.terminal.id, now=now, how=how)
        except Refused as refused:
            place.history.write(f"{self.name} serves no card: {refused.reason.name}")
            return None
        body = TapBody(
            request_id=f"request-{number:05d}",
            item=item.code,
            amount_fen=fen or None,
            chip=write_base64url(chip),
            answers=asked.nonce,
        )
        return self._admit(Sent(resident, number, number, self.till, how, fen, fen, seconds_of(now)), body)

    def attest(self) -> None:
        """Somebody has neither phone nor card, and an operator would vouch."""
        try:
            self._kit.tap_attested()
        except Refused as refused:
            self._place.history.write(f"{self.name} takes nobody's word: {refused.reason.name}")

    def serve_copy(self, sent: Sent) -> Sent | None:
        """The same code or what the same chip said, shown here once more by whoever kept it."""
        return self._admit(sent._replace(request=self._told.a_number(), till=self.till), self._told.bodies[sent])

    def _admit(self, sent: Sent, body: TapBody) -> Sent | None:
        try:
            self._tap(sent, body)
        except Refused as refused:
            what = f"{sent.fen} of {sent.resident} by {sent.how}"
            self._place.history.write(f"{self.name} refuses {what}: {refused.reason.name}")
            return None
        self._place.history.write(f"{self.name} takes by {sent.how}: {sent.fen} of {sent.resident}")
        self._told.bodies[sent] = body
        self._told.dark[_bytes_of(self._kit.admitted()[-1])] = TakenDark(self._place.clock.now(), sent)
        return sent

    def _tap(self, sent: Sent, body: TapBody) -> None:
        if body.chip is None:
            assert body.code is not None
            self._kit.tap(item=body.item, code=body.code, amount_fen=body.amount_fen, answers=body.answers)
            return
        assert body.answers is not None
        self._kit.tap_chip(
            item=body.item,
            chip=read_base64url(body.chip),
            certificate=self._place.cards[sent.resident].certificate,
            answers=body.answers,
            amount_fen=body.amount_fen,
        )

    async def upload(self) -> bool:
        """Upload what waits, in order, until no answer comes; says whether all was answered."""
        for one in self._kit.admitted():
            body = _bytes_of(one)
            call = partial(self._take, upload=one, body=body)
            answer = await self._network.ask(f"upload {one.sequence} of {self.name}", call)
            if not isinstance(answer, UploadRow):
                return False
            with suppress(PlatformIsAway):
                self._kit.upload(_OneAnswer(body, answer))
        return True

    async def _take(self, worker: Worker, *, upload: Upload, body: bytes) -> UploadRow:
        now = self._place.clock.now()
        uploading = offline.Uploading(
            memory=bytes.fromhex(upload.memory),
            sequence=upload.sequence,
            request_id=upload.request_id,
            item=upload.item,
            amount_fen=upload.amount_fen,
            code=upload.code,
            chip=None if upload.chip is None else read_base64url(upload.chip),
            answers=None if upload.answers is None else bytes.fromhex(upload.answers),
            allowance_id=None if upload.allowance is None else read_id("allowance", upload.allowance),
            accepted_at=upload.accepted_at,
            body=body,
        )
        async with worker.db.transaction() as conn:
            row = await offline.take_upload(
                conn, uploading, region=worker.region, terminal_id=self._registered.terminal.id,
                regions=worker.caches.regions, locator_key=LOCATOR_KEY, now=now, ids=self._place.ids,
            )  # fmt: skip
        self._place.journal.append(Late(now, self._told.dark[body].sent, upload, row))
        return row


def _bytes_of(upload: Upload) -> bytes:
    return msgspec.json.encode(upload)


class _OneAnswer:
    """A platform that answered one upload, and is away for all else."""

    def __init__(self, body: bytes, row: UploadRow) -> None:
        self._body: bytes | None = body
        self._row = row

    def trust_list(self) -> bytes:
        """Not asked."""
        raise PlatformIsAway

    def status_lists(self, region: str) -> Lists:
        """Not asked."""
        raise PlatformIsAway

    def status_deltas(self, region: str, *, since: datetime) -> list[bytes] | None:
        """Not asked."""
        raise PlatformIsAway

    def sheet(self) -> bytes:
        """Not asked."""
        raise PlatformIsAway

    def upload(self, body: bytes) -> Uploaded:
        """The answer that was heard, once."""
        if body != self._body:
            raise PlatformIsAway
        self._body, row = None, self._row
        tap = None if row.tap_id is None else show_id("tap", row.tap_id)
        return Uploaded(
            sequence=row.sequence, outcome=row.outcome, decided_at=row.decided_at, tap=tap, reason=row.reason
        )


async def _trust_list(worker: Worker) -> bytes:
    async with worker.db.transaction() as conn:
        pinned = trust.pin_own_roots(worker.keys)
        return (await trust.read_held_trust_list(conn, pinned=pinned, now=worker.clock.now())).envelope


async def _status_lists(worker: Worker) -> Lists:
    async with worker.db.transaction() as conn:
        return [(one.number, one.token) for one in await codes.get_status_lists(conn, region=worker.region)]


async def _status_deltas(worker: Worker, *, since: datetime) -> list[bytes]:
    async with worker.db.transaction() as conn:
        return list(await codes.make_status_deltas(conn, region=worker.region, since=since, holder=worker.keys))


async def _sheet(worker: Worker, *, terminal_id: UUID) -> bytes:
    async with worker.db.transaction() as conn:
        made = await offline.make_sheet(
            conn, region=worker.region, terminal_id=terminal_id, holder=worker.keys, now=worker.clock.now()
        )
        return made[1]
