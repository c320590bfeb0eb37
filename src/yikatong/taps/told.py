"""What residents are told of taps: a notice in the words of the catalogue, written with the tap it tells of."""

from datetime import datetime
from uuid import UUID

from yikatong.catalogue.model import Snapshot
from yikatong.notices.model import PARAM_LENGTH_MAX, Draft, Template


def draft_of(
    template: Template,
    snapshot: Snapshot,
    *,
    resident_id: UUID,
    provider_id: UUID,
    now: datetime,
    item: str | None = None,
    amount_fen: int | None = None,
    deadline_at: datetime | None = None,
) -> Draft | None:
    """The notice of what happened to a tap; none for a provider that the catalogue no longer has.

    CODE_USED_TWICE tells no amount, TAP_PAID and TAP_WAITS the item, TAP_WAITS the deadline and not when it began.
    Names longer than a notice takes are cut.
    """
    provider = snapshot.find_provider(provider_id)
    if provider is None:
        return None
    params: dict[str, str | int] = {"place": _cut(provider.name_zh), "place_en": _cut(provider.name_en)}
    if deadline_at is None:
        params["happened_at"] = now.isoformat()
    else:
        params["expires_at"] = deadline_at.isoformat()
    if template is not Template.CODE_USED_TWICE:
        params["amount_fen"] = amount_fen or 0
    if item is not None:
        found = snapshot.find_item(provider.region, item)
        params["item"] = item if found is None else _cut(found.name_zh)
        params["item_en"] = item if found is None else _cut(found.name_en)
    return Draft(resident_id=resident_id, template=template, params=params, made_at=now)


def _cut(name: str) -> str:
    return name[:PARAM_LENGTH_MAX]
