"""What a return file tells, gathered while it is read."""

from uuid import UUID

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    STRICT_KINDS,
    Outcome,
    ReadFile,
    Reason,
    Report,
    ReturnKind,
    ReturnReason,
    Told,
    ToldPart,
)


class Telling:
    """Keeps reports by batch, and sees whether a file that speaks of our payments alone contradicts itself."""

    def __init__(self, kind: ReturnKind) -> None:
        """Nothing was told yet."""
        self._kind = kind
        self._told: dict[UUID, Told] = {}
        self._parts: list[ToldPart] = []
        self._seen: dict[UUID, dict[int, Outcome]] = {}
        self._count = 0
        self._pending = 0
        self._is_strict = kind in STRICT_KINDS
        self._batch_id: UUID | None = None
        self._of_batch = Told()
        self._seen_of_batch: dict[int, Outcome] = {}

    def tell(self, report: Report) -> None:
        """Keep a report; the same again in one file is kept once. Refuses BANK_FILE_CONTRADICTS_ITSELF.

        An account may show that a payment was booked and, further down, that it came back.
        """
        # Reports of one batch come together and name it by one object, which is compared faster than its value.
        if report.batch_id is not self._batch_id:
            self._batch_id = report.batch_id
            self._of_batch = self._told.setdefault(report.batch_id, Told())
            self._seen_of_batch = self._seen.setdefault(report.batch_id, {})
        if self._is_strict and self._seen_of_batch.setdefault(report.line, report.outcome) is not report.outcome:
            raise Refused(Reason.BANK_FILE_CONTRADICTS_ITSELF, line=report.at)
        self._of_batch.add(report)
        self._count += 1

    def tell_part(self, batch_id: UUID, part: int, outcome: Outcome, reason: ReturnReason | None) -> None:
        """Keep what is said of a whole part."""
        self._parts.append(ToldPart(batch_id, part, outcome, reason))

    def pending(self) -> None:
        """Count a payment that the bank has not ended."""
        self._pending += 1

    def ended(self, *, digest: bytes) -> ReadFile:
        """All of it."""
        return ReadFile(
            kind=self._kind,
            digest=digest,
            told=self._told,
            parts=tuple(self._parts),
            report_count=self._count,
            pending_count=self._pending,
        )
