"""Pure decisions about regions and divisions."""

from collections.abc import Iterable
from datetime import date

from yikatong.kernel.identifiers import division as kernel_division
from yikatong.kernel.identifiers.division import DivisionCode, resolve_division
from yikatong.kernel.outcomes import Refused
from yikatong.places.model import NATIONAL, Division, Reason, Region


def verify_can_open(region: Region) -> Region:
    """Return the region when it may be opened; refuses REGION_IS_THE_WHOLE_COUNTRY."""
    if region.code == NATIONAL:
        raise Refused(Reason.REGION_IS_THE_WHOLE_COUNTRY)
    return region


def list_successors(history: Iterable[Division], *, code: str, on: date) -> tuple[str, ...]:
    """The codes that on a day stand where `code` once stood, sorted: itself, its successors, or none."""
    known = [
        kernel_division.Division(
            code=DivisionCode(division.code),
            name=division.name_zh,
            valid_from=division.valid_from,
            valid_until=division.valid_until,
            successors=tuple(DivisionCode(successor) for successor in division.successors),
        )
        for division in history
    ]
    return resolve_division(known, DivisionCode(code), on=on)
