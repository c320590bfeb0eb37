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
        self._debits: dict[UUID, dict[int, int]] = {}

    def tell(self, report: Report) -> None:
        """Keep a report; the same again in one file is kept once. Refuses BANK_FILE_CONTRADICTS_ITSELF.

        An account may show that a payment was booked and, further down, that it came back; what it shows as booked once
        more than that was taken from us twice.
        """
        # Reports of one batch come together and name it by one object, which is compared faster than its value.
        if report.batch_id is not self._batch_id:
            self._batch_id = report.batch_id
            self._of_batch = self._told.setdefault(report.batch_id, Told())
            self._seen_of_batch = self._seen.setdefault(report.batch_id, {})
        if self._is_strict and self._seen_of_batch.setdefault(report.line, report.outcome) is not report.outcome:
            raise Refused(Reason.BANK_FILE_CONTRADICTS_ITSELF, line=report.at)
        if not self._is_strict:
            self._weigh(report)
        self._of_batch.add(report)
        self._count += 1

    def _weigh(self, report: Report) -> None:
        debits = self._debits.setdefault(report.batch_id, {})
        debits[report.line] = debits.get(report.line, 0) + (1 if report.outcome is Outcome.PAID else -1)

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
            doubled={
                batch_id: frozenset(line for line, count in debits.items() if count > 1)
                for batch_id, debits in self._debits.items()
            },
        )
