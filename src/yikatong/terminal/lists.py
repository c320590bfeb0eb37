"""The signed things a terminal holds: each is verified when it comes and read back when the terminal starts."""

from collections.abc import Iterable
from datetime import datetime

from yikatong.codes.model import OfflineSheet, StatusEdition
from yikatong.codes.rules.regions import RegionView
from yikatong.codes.rules.sheet import SHEET_CONTEXT, open_sheet
from yikatong.kernel.ids import TerminalId
from yikatong.kernel.outcomes import Refused
from yikatong.terminal.memory import Memory
from yikatong.terminal.model import Reason
from yikatong.terminal.status import HeldStatus
from yikatong.trust import service as trust
from yikatong.trust.model import HeldTrustList, PublicKey, StatusList, TrustList, VerifyingKey
from yikatong.trust.model import Reason as TrustReason

_TRUST_LIST = "trust list"
_SHEET = "sheet "


class HeldLists:
    """What one terminal holds. Signatures are verified when a thing comes; the file is the terminal's own."""

    def __init__(
        self, memory: Memory, *, roots: tuple[PublicKey, ...], region: str, terminal_id: TerminalId, now: datetime
    ) -> None:
        """Read back what the memory holds; `roots` are the keys of the trust list's signers, pinned at installation."""
        self._memory = memory
        self._roots = roots
        self._region = region
        self._terminal_id = terminal_id
        self._trust = _read_trust(memory, roots, now=now)
        self._sheet = self._read_sheet()
        self._status = HeldStatus(memory, key_of=self._key)
        self._view: RegionView | None = None

    @property
    def trust_list(self) -> TrustList | None:
        """The list of trusted regions."""
        return self._trust.trust_list

    @property
    def sheet(self) -> OfflineSheet | None:
        """The terminal's sheet."""
        return self._sheet

    def hold_trust_list(self, envelope: bytes, *, now: datetime) -> None:
        """Hold a newer list; refuses as trust does, and then the list held before stands.

        Newer than what lies in the memory: a terminal that shares it may have held one meanwhile.
        """
        with self._memory.writing():
            before = self._held_trust(now=now)
            accepted = trust.accept_trust_list(envelope, before, now=now)
            if accepted is self._trust:
                return
            if accepted is not before:
                self._memory.hold(_TRUST_LIST, envelope, beside=_write_roots(before.roots))
        self._trust, self._view = accepted, None
        self._status.forget_read()

    def hold_sheet(self, envelope: bytes, *, now: datetime) -> None:
        """Hold a newer sheet.

        Refuses, in this order: SHEET_IS_NOT_READABLE; SHEET_IS_NOT_THE_TERMINALS; the key's reasons
        (OFFLINE_TRUST_LIST_IS_NOT_HELD, REGION_KEY_IS_NOT_TRUSTED and its like); the signature's; SHEET_IS_ROLLED_BACK;
        SHEET_IS_TOO_OLD.
        """
        try:
            signed, sheet = open_sheet(envelope)
        except ValueError:
            raise Refused(Reason.SHEET_IS_NOT_READABLE) from None
        if sheet.region != self._region or sheet.terminal_id != self._terminal_id:
            raise Refused(Reason.SHEET_IS_NOT_THE_TERMINALS)
        trust.verify_sign1(signed, self._key(self._region, signed.key_id, now=now), SHEET_CONTEXT)
        if self._sheet is not None and sheet.issued_at < self._sheet.issued_at:
            raise Refused(Reason.SHEET_IS_ROLLED_BACK)
        if now >= sheet.expires_at:
            raise Refused(Reason.SHEET_IS_TOO_OLD)
        with self._memory.writing():
            self._memory.hold(self._sheet_name, envelope)
        self._sheet = sheet

    def hold_status_lists(self, region: str, tokens: Iterable[tuple[int, bytes]], *, now: datetime) -> None:
        """Hold the newer whole lists of a region; refuses as trust does, and then all that were held before stand.

        A block that is no longer published has no certificate that has not expired: its list is dropped.
        """
        self._status.hold_lists(region, tokens, now=now)

    def hold_status_deltas(self, region: str, deltas: Iterable[bytes], *, now: datetime) -> None:
        """Bring the lists of a region up to date; refuses as `HeldStatus.hold_deltas`."""
        self._status.hold_deltas(region, deltas, now=now)

    def edition(self, region: str) -> StatusEdition | None:
        """The lists of a region that are held, when all are of one instant; None otherwise."""
        return self._status.edition(region)

    def edition_issued_at(self, region: str) -> datetime | None:
        """When the lists that are held of a region were issued; None when a delta can build on nothing."""
        return self._status.edition_issued_at(region)

    def status_list(self, region: str, number: int, *, now: datetime) -> StatusList | None:
        """The list of a block; None when none is held, or when its region's key does not count any more."""
        return self._status.status_list(region, number, now=now)

    def view(self, *, now: datetime) -> RegionView:
        """The regions whose codes can be verified now; none is the terminal's own, because it opens no alias."""
        view = self._view
        if view is None or (view.until is not None and now >= view.until):
            trust_list = self._trust.trust_list
            self._view = view = RegionView(
                keys={} if trust_list is None else trust.keys_in_force(trust_list, now=now),
                own={},
                bucket_count=1,
                trust_list=trust_list,
                until=None if trust_list is None else trust.keys_change_at(trust_list, now=now),
            )
        return view

    def latest_issued_at(self) -> list[datetime]:
        """When the things held were issued: the terminal's clock cannot be earlier."""
        issued = [one.issued_at for one in (self._sheet, self._trust.trust_list) if one is not None]
        latest = self._status.latest_issued_at()
        return issued if latest is None else [*issued, latest]

    def _held_trust(self, *, now: datetime) -> HeldTrustList:
        """The list as it lies in the memory."""
        held = self._memory.held(_TRUST_LIST)
        is_known = held is None or held[0] == self._trust.envelope
        return self._trust if is_known else _read_trust(self._memory, self._roots, now=now)

    @property
    def _sheet_name(self) -> str:
        return f"{_SHEET}{self._terminal_id.hex}"

    def _read_sheet(self) -> OfflineSheet | None:
        held = self._memory.held(self._sheet_name)
        return None if held is None else open_sheet(held[0])[1]

    def _key(self, region: str, key_id: bytes | None, *, now: datetime) -> VerifyingKey:
        if self._trust.trust_list is None:
            raise Refused(Reason.OFFLINE_TRUST_LIST_IS_NOT_HELD)
        if key_id is None:
            raise Refused(TrustReason.REGION_KEY_IS_NOT_TRUSTED, region=region)
        return trust.get_region_key(self._trust.trust_list, region=region, key_id=key_id, now=now)


def _write_roots(roots: tuple[PublicKey, ...]) -> bytes:
    return trust.encode([trust.encode_cose_key(root) for root in roots])


def _read_trust(memory: Memory, roots: tuple[PublicKey, ...], *, now: datetime) -> HeldTrustList:
    """The list as it was accepted: by the roots that were held before it came, whether or not it has expired since."""
    held = memory.held(_TRUST_LIST)
    if held is None:
        return HeldTrustList(roots=roots)
    before = tuple(trust.decode_cose_key(root) for root in trust.decode_strict(held[1]))
    trust_list = trust.verify_trust_list(held[0], before)
    return HeldTrustList(roots=trust_list.roots, trust_list=trust_list, envelope=held[0])
