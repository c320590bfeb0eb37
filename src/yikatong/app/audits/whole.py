"""All that an audit looked at, together: the rooms, and what was asked for beside them."""

from typing import NamedTuple

import msgspec

from yikatong.app.audits.decisions import DecisionAudit
from yikatong.app.audits.rooms import Audited
from yikatong.sealing.audit import LogAudit


class Whole(NamedTuple):
    """What each room's audit found, and those of decisions and of the sealed log where they were asked for."""

    rooms: tuple[Audited, ...]
    decisions: DecisionAudit | None
    log: LogAudit | None

    def differences(self) -> list[str]:
        """Every difference that is listed, the gravest first."""
        return [
            *(line for room in self.rooms for line in room.differences),
            *(() if self.decisions is None else self.decisions.differences),
            *(() if self.log is None else self.log.differences),
        ]


def encode_audit(whole: Whole) -> str:
    """The whole audit as JSON; decisions and log stand in it when they were asked for."""
    said: dict[str, object] = {"differences": whole.differences(), "rooms": whole.rooms}
    more = {"decisions": whole.decisions, "log": whole.log}
    return msgspec.json.encode(said | {name: one for name, one in more.items() if one is not None}).decode()
