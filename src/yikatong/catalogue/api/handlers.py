"""Handlers of the catalogue's HTTP routes: parse, call, render."""

from typing import Any
from uuid import UUID

import msgspec

from yikatong.access import service as access
from yikatong.catalogue import service
from yikatong.catalogue.api import shapes
from yikatong.catalogue.model import ItemTerms, Reason, Recognition, Terminal, is_item_code
from yikatong.kernel.base64url import read_base64url
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, read_or_refuse


def _read_code(call: Call) -> str:
    """The item code in the path; what cannot be one is on no list."""
    code = call.path["code"]
    if not is_item_code(code):
        raise Refused(Reason.ITEM_IS_NOT_ON_THE_LIST)
    return code


async def list_items(call: Call, body: None, query: shapes.ItemsQuery) -> shapes.ItemsAnswer:
    """A page of the item list."""
    found = await service.list_items(
        call.conn,
        region=query.region,
        on=query.on or day_of(call.now),
        search=query.search,
        scene=query.scene,
        item_class=query.item_class,
        form=query.form,
        served=query.served,
        after=query.after,
        limit=query.limit + 1,
    )
    page = tuple(found[: query.limit])
    return shapes.ItemsAnswer(items=page, next_after=page[-1].code if len(found) > len(page) else None)


async def get_item(call: Call, body: None, query: shapes.ItemQuery) -> Any:
    """One item."""
    on = query.on or day_of(call.now)
    return await service.get_item(call.conn, region=query.region, code=_read_code(call), on=on)


async def publish_item(call: Call, body: shapes.PublishItemBody, query: None) -> shapes.PublishedItemAnswer:
    """Put an entry on the list of the caller's region."""
    terms = ItemTerms(region=call.by().region, **msgspec.structs.asdict(body))
    published = await service.publish_item(call.conn, terms=terms)
    return shapes.PublishedItemAnswer(published.change, published.item)


async def end_item(call: Call, body: shapes.EndItemBody, query: None) -> shapes.PublishedItemAnswer:
    """End an entry of the caller's region."""
    ended = await service.end_item(
        call.conn, region=call.by().region, code=_read_code(call), until=body.until, now=call.now
    )
    return shapes.PublishedItemAnswer(ended.change, ended.item)


async def register_provider(call: Call, body: shapes.ProviderBody, query: None) -> shapes.ProviderAnswer:
    """Register a provider in the caller's region."""
    registered = await service.register_provider(
        call.conn, region=call.by().region, now=call.now, ids=call.ids, **msgspec.structs.asdict(body)
    )
    return shapes.ProviderAnswer(registered.change, shapes.show_provider(registered.provider))


async def get_provider(call: Call, body: None, query: None) -> shapes.ProviderView:
    """A provider of the caller's region; staff see their own."""
    provider = await service.get_provider(call.conn, region=call.by().region, provider_id=_read_seen_provider(call))
    return shapes.show_provider(provider)


async def list_terminals(call: Call, body: None, query: None) -> shapes.TerminalsAnswer:
    """The terminals of a provider of the caller's region; staff see their own provider's."""
    found = await service.list_terminals_of_provider(
        call.conn, region=call.by().region, provider_id=_read_seen_provider(call)
    )
    return shapes.TerminalsAnswer(tuple(shapes.show_terminal(terminal) for terminal in found))


def _read_seen_provider(call: Call) -> UUID:
    """The provider in the path; to staff any but their own is unknown."""
    provider_id = read_or_refuse("provider", call.path["id"], reason=Reason.PROVIDER_IS_UNKNOWN)
    caller = call.by()
    if caller.kind is CallerKind.STAFF and caller.provider_id != provider_id:
        raise Refused(Reason.PROVIDER_IS_UNKNOWN)
    return provider_id


async def register_place(call: Call, body: shapes.PlaceBody, query: None) -> shapes.PlaceAnswer:
    """Register a place; an operator only within the divisions held."""
    access.verify_division(call.by(), division=body.division)
    registered = await service.register_place(
        call.conn,
        region=call.by().region,
        provider_id=read_or_refuse("provider", body.provider_id, reason=Reason.PROVIDER_IS_UNKNOWN),
        division=body.division,
        name_zh=body.name_zh,
        name_en=body.name_en,
        now=call.now,
        ids=call.ids,
    )
    return shapes.PlaceAnswer(registered.change, shapes.show_place(registered.place))


async def register_terminal(call: Call, body: shapes.TerminalBody, query: None) -> shapes.TerminalAnswer:
    """Register a terminal and show its secret key once."""
    registered = await service.register_terminal(
        call.conn,
        region=call.by().region,
        provider_id=read_or_refuse("provider", body.provider_id, reason=Reason.PROVIDER_IS_UNKNOWN),
        place_id=read_or_refuse("place", body.place_id, reason=Reason.PLACE_IS_UNKNOWN),
        label=body.label,
        purposes=body.purposes,
        learns=body.learns,
        items=body.items,
        public_key=read_base64url(body.public_key),
        now=call.now,
        ids=call.ids,
    )
    terminal = shapes.show_terminal(registered.terminal)
    return shapes.TerminalAnswer(change=registered.change, terminal=terminal, token=registered.token)


async def get_terminal(call: Call, body: None, query: None) -> shapes.TerminalView:
    """A terminal: operators see their region's, staff their provider's, a terminal itself."""
    return shapes.show_terminal(await _find_seen_terminal(call))


async def _find_seen_terminal(call: Call) -> Terminal:
    caller = call.by()
    terminal_id = read_or_refuse("terminal", call.path["id"], reason=Reason.TERMINAL_IS_UNKNOWN)
    terminal = await service.get_terminal(call.conn, region=caller.region, terminal_id=terminal_id)
    is_others = caller.kind is CallerKind.TERMINAL and caller.id != terminal.id
    is_other_providers = caller.kind is CallerKind.STAFF and caller.provider_id != terminal.provider_id
    if is_others or is_other_providers:
        raise Refused(Reason.TERMINAL_IS_UNKNOWN)
    return terminal


async def allow_purposes(call: Call, body: shapes.PurposesBody, query: None) -> ChangeAnswer:
    """Set what a terminal is for."""
    change = await service.allow_purposes(
        call.conn,
        region=call.by().region,
        terminal_id=read_or_refuse("terminal", call.path["id"], reason=Reason.TERMINAL_IS_UNKNOWN),
        purposes=body.purposes,
        learns=body.learns,
        items=body.items,
        now=call.now,
    )
    return ChangeAnswer(change=change)


async def revoke_terminal(call: Call, body: None, query: None) -> ChangeAnswer:
    """Take a terminal out of service for good."""
    terminal_id = read_or_refuse("terminal", call.path["id"], reason=Reason.TERMINAL_IS_UNKNOWN)
    change = await service.revoke_terminal(call.conn, region=call.by().region, terminal_id=terminal_id, now=call.now)
    return ChangeAnswer(change=change)


async def list_recognitions(call: Call, body: None, query: shapes.RecognitionsQuery) -> shapes.RecognitionsAnswer:
    """Recognitions of a region, or all."""
    found = await service.list_recognitions(call.conn, region=query.region)
    return shapes.RecognitionsAnswer(found)


async def set_recognition(call: Call, body: shapes.RecognitionBody, query: None) -> ChangeAnswer:
    """Let another region's cards count in the caller's."""
    recognition = Recognition(to_region=call.by().region, **msgspec.structs.asdict(body))
    return ChangeAnswer(change=await service.set_recognition(call.conn, recognition=recognition))


async def end_recognition(call: Call, body: shapes.EndRecognitionBody, query: None) -> ChangeAnswer:
    """Stop accepting another region's cards in the caller's."""
    change = await service.end_recognition(
        call.conn,
        from_region=body.from_region,
        to_region=call.by().region,
        scope=body.scope,
        subject=body.subject,
        until=body.until,
        now=call.now,
    )
    return ChangeAnswer(change=change)
