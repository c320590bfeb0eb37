"""The log's segments: their names, their order over timelines, and whether one is whole.

PostgreSQL's log is one sequence of bytes; a position in it is an LSN. It is cut into segments of 16 MiB, whose names
say timeline and number. A **timeline** begins when a database is restored: the numbers go on, the history is another
one. Its history file says from which timeline it left, and where. (PostgreSQL 18 manual, 25.3.6.)
"""

import re
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import NamedTuple

SEGMENT_BYTES = 16 * 1024 * 1024
_SEGMENTS_PER_LOG = 0x1_0000_0000 // SEGMENT_BYTES
_NAME = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
_HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_FIRST_PAGE = Struct("=HHIQIxxxxQII")
"""Magic, flags, timeline, position, rest of a record, system identifier, segment size, page size."""


class Segment(NamedTuple):
    """A segment of the log: the timeline that wrote it, and its number, the same on every timeline."""

    timeline: int
    number: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.timeline:08X}{self.number // _SEGMENTS_PER_LOG:08X}{self.number % _SEGMENTS_PER_LOG:08X}"


class SegmentIsDamagedError(Exception):
    """A segment's file does not hold what its name says."""


def read_segment_name(name: str) -> Segment | None:
    """The segment that a file's name says; None for any other file of the archive."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    timeline, log, rest = (int(part, 16) for part in match.groups())
    return Segment(timeline, log * _SEGMENTS_PER_LOG + rest) if rest < _SEGMENTS_PER_LOG else None


def read_history_name(name: str) -> int | None:
    """The timeline whose history a file tells; None for any other file."""
    match = _HISTORY.fullmatch(name)
    return int(match[1], 16) if match else None


def number_at(lsn: str) -> int:
    """The number of the segment in which a position lies."""
    return read_lsn(lsn) // SEGMENT_BYTES


def read_lsn(lsn: str) -> int:
    """A position as the server writes it (`0/16B3748`) as a number of bytes."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) | int(low, 16)


class Fork(NamedTuple):
    """Where a timeline was left for the next one: the position up to which it counts."""

    timeline: int
    until_lsn: int


class Line(NamedTuple):
    """A timeline with those it came from, oldest first: the one history that a restore follows."""

    timeline: int
    forks: tuple[Fork, ...] = ()

    def at(self, number: int) -> Segment:
        """The segment of a number on this line; where it forks within one, the newer timeline's holds both parts."""
        for fork in self.forks:
            if number < fork.until_lsn // SEGMENT_BYTES:
                return Segment(fork.timeline, number)
        return Segment(self.timeline, number)

    def holds(self, *, timeline: int, lsn: int) -> bool:
        """Whether a position of a timeline lies on this line, not on a stretch that a restore left behind."""
        for fork in self.forks:
            if fork.timeline == timeline:
                return lsn <= fork.until_lsn
        return timeline == self.timeline


def read_history(timeline: int, text: str) -> Line:
    """Read a history file: a line for each timeline that was left, with the position."""
    forks = []
    for line in text.splitlines():
        fields = line.split("#")[0].split()
        if len(fields) >= 2:
            forks.append(Fork(int(fields[0]), read_lsn(fields[1])))
    return Line(timeline, tuple(forks))


class Run(NamedTuple):
    """Segments that follow each other without a gap; `gap` is the first that is missing though later ones are there."""

    segments: tuple[Segment, ...]
    gap: Segment | None


def run_from(number: int, *, line: Line, present: Iterable[Segment]) -> Run:
    """The segments of a line from a number on, as far as none is missing."""
    there = {segment.number for segment in present if segment == line.at(segment.number) and segment.number >= number}
    end = number
    while end in there:
        end += 1
    later = any(other > end for other in there)
    return Run(tuple(line.at(one) for one in range(number, end)), line.at(end) if later else None)


def verify_segment(data: bytes, segment: Segment, *, system_identifier: int) -> bytes:
    """The bytes of a segment, when they are the segment's and of this database; raises SegmentIsDamagedError."""
    if len(data) != SEGMENT_BYTES:
        raise SegmentIsDamagedError(f"{segment.name} has {len(data)} bytes instead of {SEGMENT_BYTES}")
    _, _, timeline, position, _, system, size, _ = _FIRST_PAGE.unpack_from(data)
    if position != segment.number * SEGMENT_BYTES or timeline > segment.timeline or size != SEGMENT_BYTES:
        raise SegmentIsDamagedError(f"{segment.name} holds another part of the log")
    if system != system_identifier:
        raise SegmentIsDamagedError(f"{segment.name} is of another database")
    return data


def decide_unneeded(names: Iterable[str], *, kept_numbers: Iterable[int]) -> list[str]:
    """The files of an archive that no kept backup needs: what lies before the first segment of the oldest.

    Numbers go on over timelines, so the number alone decides. Histories of timelines stay; without a backup all stays.
    """
    first = min(kept_numbers, default=0)
    unneeded = []
    for name in names:
        segment = read_segment_name(name[:24])
        if segment is not None and segment.number < first:
            unneeded.append(name)
    return sorted(unneeded)


def line_of(timeline: int, histories: Mapping[int, str]) -> Line:
    """The line that ends in a timeline; the first one has no history."""
    text = histories.get(timeline)
    return Line(timeline) if text is None else read_history(timeline, text)
