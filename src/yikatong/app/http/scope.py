"""Scope: what an address names must lie in the data its caller may see."""

from collections.abc import Mapping

from yikatong.access import service as access
from yikatong.kernel.ids import read_id
from yikatong.plumbing.http import Caller


def verify_scope(caller: Caller, *, path: Mapping[str, str]) -> Caller:
    """The caller, if the parts of the address named `region`, `division` and `provider_id` are theirs.

    Refuses in this order: REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE, PROVIDER_IS_OUT_OF_SCOPE. What an
    address does not name (the division of a card) its room verifies with the same functions. A provider id that
    cannot be read is left to the room, which has no such provider.
    """
    if "region" in path:
        access.verify_region(caller, region=path["region"])
    if "division" in path:
        access.verify_division(caller, division=path["division"])
    if "provider_id" in path and caller.provider_id is not None:
        try:
            provider_id = read_id("provider", path["provider_id"])
        except ValueError:
            return caller
        access.verify_provider(caller, provider_id=provider_id)
    return caller
