"""Pure decisions about regions and divisions."""

from collections.abc import Iterable, Sequence
from datetime import date

from yikatong.kernel.identifiers import division as kernel_division
from yikatong.kernel.identifiers.division import DivisionCode, resolve_division
from yikatong.kernel.outcomes import Refused
from yikatong.places.model import NATIONAL, Division, Reason, Region, RegionName, enclosing_codes

_DISTRICTS = "市辖区"
"""How the names of codes end that only gather the districts of a municipality."""


def verify_can_open(region: Region) -> Region:
    """Return the region when it may be opened; refuses REGION_IS_THE_WHOLE_COUNTRY."""
    if region.code == NATIONAL:
        raise Refused(Reason.REGION_IS_THE_WHOLE_COUNTRY)
    return region


def name_region(divisions: Sequence[Division], *, code: str) -> RegionName:
    """The name of a region: that of its division, with the city and the province it lies in.

    `divisions` are those in force with the codes of `enclosing_codes`. The districts of a municipality are no city.
    A code that is not among them is named by its province and itself.
    """
    known = {division.code: division for division in divisions if not division.name_zh.endswith(_DISTRICTS)}
    inward_out = [known[enclosing] for enclosing in enclosing_codes(code) if enclosing in known]
    zh = "".join(division.name_zh for division in reversed(inward_out))
    en = ", ".join(division.name_en for division in inward_out)
    if code in known:
        return RegionName(zh=zh, en=en)
    return RegionName(zh=f"{zh or '地区'}{code}", en=f"{en or 'Region'} {code}")


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
