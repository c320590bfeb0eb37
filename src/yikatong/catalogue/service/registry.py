"""Use cases of the registry: providers, their places, their terminals.

Each change moves the catalogue's version on before it writes: changes take turns, so that a worker that has read a
version has read every change up to it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.access import service as access
from yikatong.catalogue import rules, store
from yikatong.catalogue.model import (
    DataKind,
    Place,
    Provider,
    ProviderKind,
    Reason,
    RegisteredPlace,
    RegisteredProvider,
    RegisteredTerminal,
    Scene,
    Terminal,
)
from yikatong.catalogue.service.items import SUBJECT
from yikatong.kernel.identifiers.credit_code import read_credit_code
from yikatong.kernel.ids import PlaceId, ProviderId, TerminalId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places import service as places
from yikatong.places.model import enclosing_codes
from yikatong.plumbing import versions
from yikatong.plumbing.http import CallerKind
from yikatong.plumbing.ids import Ids
from yikatong.trust import service as trust


async def register_provider(
    conn: AsyncConnection[Any],
    *,
    region: str,
    credit_code: str,
    name_zh: str,
    name_en: str,
    kind: ProviderKind,
    receivable_limit_fen: int,
    bank_reference: str | None,
    now: datetime,
    ids: Ids,
) -> RegisteredProvider:
    """Register an organisation in a hosted region; the same particulars again are already so.

    `bank_reference` is the settlement bank's own handle for the account, never its number.

    Refuses, in this order:
        CREDIT_CODE_IS_MALFORMED, CREDIT_CODE_CHECK_CHARACTER_IS_WRONG
        REGION_IS_UNKNOWN, REGION_IS_NOT_HOSTED
        PROVIDER_IS_REGISTERED_DIFFERENTLY    the region knows the code with other particulars
    """
    code = read_credit_code(credit_code)
    await places.get_hosted_region(conn, code=region)
    provider = Provider(
        id=ProviderId(ids.new()),
        region=region,
        credit_code=code,
        name_zh=name_zh,
        name_en=name_en,
        kind=kind,
        receivable_limit_fen=receivable_limit_fen,
        bank_reference=bank_reference,
        registered_at=now,
    )
    version = await versions.bump(conn, subject=SUBJECT)
    if await store.insert_provider(conn, provider=provider, version=version):
        return RegisteredProvider(Change.DONE, provider)
    known = await store.find_provider_by_credit_code(conn, region=region, credit_code=code)
    if known is None or not rules.is_same_registration(known, provider):
        raise Refused(Reason.PROVIDER_IS_REGISTERED_DIFFERENTLY)
    return RegisteredProvider(Change.ALREADY_SO, known)


async def find_provider(conn: AsyncConnection[Any], *, provider_id: UUID) -> Provider | None:
    """A provider by its id, of whatever region, or None."""
    return await store.find_provider(conn, provider_id=provider_id)


async def get_provider(conn: AsyncConnection[Any], *, region: str, provider_id: UUID) -> Provider:
    """A provider of a region; refuses PROVIDER_IS_UNKNOWN."""
    provider = await store.find_provider(conn, provider_id=provider_id)
    if provider is None or provider.region != region:
        raise Refused(Reason.PROVIDER_IS_UNKNOWN)
    return provider


async def list_provider_ids(conn: AsyncConnection[Any], *, region: str) -> list[UUID]:
    """The ids of a region's providers, in no order."""
    return await store.list_provider_ids(conn, region=region)


async def register_place(
    conn: AsyncConnection[Any],
    *,
    region: str,
    provider_id: UUID,
    division: str,
    name_zh: str,
    name_en: str,
    now: datetime,
    ids: Ids,
) -> RegisteredPlace:
    """Register where a provider serves; the same place again is already so.

    Refuses, in this order: PROVIDER_IS_UNKNOWN, DIVISION_IS_UNKNOWN, PLACE_IS_REGISTERED_DIFFERENTLY.
    """
    provider = await get_provider(conn, region=region, provider_id=provider_id)
    await places.get_division(conn, code=division, on=day_of(now))
    place = Place(
        id=PlaceId(ids.new()),
        provider_id=provider.id,
        division=division,
        name_zh=name_zh,
        name_en=name_en,
        registered_at=now,
    )
    version = await versions.bump(conn, subject=SUBJECT)
    if await store.insert_place(conn, place=place, version=version):
        return RegisteredPlace(Change.DONE, place)
    known = await store.find_place_by_name(conn, provider_id=provider.id, name_zh=name_zh)
    if known is None or not rules.is_same_registration(known, place):
        raise Refused(Reason.PLACE_IS_REGISTERED_DIFFERENTLY)
    return RegisteredPlace(Change.ALREADY_SO, known)


async def get_place(conn: AsyncConnection[Any], *, provider_id: UUID, place_id: UUID) -> Place:
    """A place of a provider; refuses PLACE_IS_UNKNOWN."""
    place = await store.find_place(conn, place_id=place_id)
    if place is None or place.provider_id != provider_id:
        raise Refused(Reason.PLACE_IS_UNKNOWN)
    return place


async def register_terminal(
    conn: AsyncConnection[Any],
    *,
    region: str,
    provider_id: UUID,
    place_id: UUID,
    label: str,
    purposes: Sequence[Scene],
    learns: Sequence[DataKind],
    items: Sequence[str] | None,
    public_key: bytes,
    now: datetime,
    ids: Ids,
) -> RegisteredTerminal:
    """Register a terminal by the COSE_Key of its challenges, and issue the secret key it calls with.

    The secret key is shown in this answer only. The same public key at the same place again is already so, and
    issues nothing: a terminal that lost its secret key is revoked and registered with a fresh public key.

    Refuses, in this order:
        KEY_IS_MALFORMED, SM2_IS_NOT_AVAILABLE_HERE          trust cannot read the public key
        PROVIDER_IS_UNKNOWN, PLACE_IS_UNKNOWN
        ITEM_IS_NOT_ON_THE_LIST, PURPOSES_DO_NOT_COVER_THE_ITEM, PURPOSES_DO_NOT_COVER_THE_DATA
                                                             see `rules.verify_terminal_terms`
        TERMINAL_KEY_IS_REGISTERED                           another terminal has the key, or had it once
    """
    key = trust.parse_verifying_key(trust.decode_cose_key(public_key)).public_key
    provider = await get_provider(conn, region=region, provider_id=provider_id)
    place = await get_place(conn, provider_id=provider.id, place_id=place_id)
    await _verify_terms(conn, region=region, purposes=purposes, learns=learns, items=items, now=now)
    terminal = Terminal(
        id=TerminalId(ids.new()),
        provider_id=provider.id,
        place_id=place.id,
        region=region,
        label=label,
        purposes=tuple(purposes),
        learns=tuple(learns),
        items=None if items is None else tuple(items),
        algorithm=key.algorithm.name,
        public_key=trust.encode_cose_key(key),
        registered_at=now,
    )
    version = await versions.bump(conn, subject=SUBJECT)
    if not await store.insert_terminal(conn, terminal=terminal, version=version):
        return await _find_same_terminal(conn, terminal)
    issued = await access.issue_key(
        conn,
        kind=CallerKind.TERMINAL,
        subject_id=terminal.id,
        region=region,
        provider_id=provider.id,
        place_id=place.id,
        permissions=frozenset(),
        label=label,
        expires_at=None,
        now=now,
        ids=ids,
    )
    return RegisteredTerminal(change=Change.DONE, terminal=terminal, key_id=issued.key_id, token=issued.token)


async def _find_same_terminal(conn: AsyncConnection[Any], terminal: Terminal) -> RegisteredTerminal:
    known = await store.find_terminal_by_key(conn, public_key=terminal.public_key)
    if known is None or known.revoked_at is not None or not rules.is_same_registration(known, terminal):
        raise Refused(Reason.TERMINAL_KEY_IS_REGISTERED)
    return RegisteredTerminal(change=Change.ALREADY_SO, terminal=known, key_id=None, token=None)


async def _verify_terms(
    conn: AsyncConnection[Any],
    *,
    region: str,
    purposes: Sequence[Scene],
    learns: Sequence[DataKind],
    items: Sequence[str] | None,
    now: datetime,
) -> None:
    on_list = await store.list_items_in_force(conn, areas=enclosing_codes(region), on=day_of(now))
    rules.verify_terminal_terms(on_list, purposes=purposes, learns=learns, items=items)


async def get_terminal(conn: AsyncConnection[Any], *, region: str, terminal_id: UUID) -> Terminal:
    """A terminal of a region, revoked or not; refuses TERMINAL_IS_UNKNOWN."""
    terminal = await store.find_terminal(conn, terminal_id=terminal_id)
    if terminal is None or terminal.region != region:
        raise Refused(Reason.TERMINAL_IS_UNKNOWN)
    return terminal


async def list_terminals_of_provider(
    conn: AsyncConnection[Any], *, region: str, provider_id: UUID
) -> tuple[Terminal, ...]:
    """The terminals of a provider, oldest first; refuses PROVIDER_IS_UNKNOWN."""
    await get_provider(conn, region=region, provider_id=provider_id)
    return await store.list_terminals_of_provider(conn, provider_id=provider_id)


async def allow_purposes(
    conn: AsyncConnection[Any],
    *,
    region: str,
    terminal_id: UUID,
    purposes: Sequence[Scene],
    learns: Sequence[DataKind],
    items: Sequence[str] | None,
    now: datetime,
) -> Change:
    """Set what a terminal is for, what it may learn, and which items it serves (None: all of its purposes).

    Refuses, in this order: TERMINAL_IS_UNKNOWN, TERMINAL_IS_REVOKED, then the reasons of
    `rules.verify_terminal_terms`.
    """
    terminal = await get_terminal(conn, region=region, terminal_id=terminal_id)
    if terminal.revoked_at is not None:
        raise Refused(Reason.TERMINAL_IS_REVOKED)
    wanted = (tuple(purposes), tuple(learns), None if items is None else tuple(items))
    if wanted == (terminal.purposes, terminal.learns, terminal.items):
        return Change.ALREADY_SO
    await _verify_terms(conn, region=region, purposes=purposes, learns=learns, items=items, now=now)
    version = await versions.bump(conn, subject=SUBJECT)
    await store.update_terminal_terms(
        conn, terminal_id=terminal.id, purposes=purposes, learns=learns, items=items, version=version
    )
    return Change.DONE


async def revoke_terminal(conn: AsyncConnection[Any], *, region: str, terminal_id: UUID, now: datetime) -> Change:
    """Take a terminal out of service for good, with the secret keys it calls with.

    It counts from the next batch on. Refuses TERMINAL_IS_UNKNOWN.
    """
    terminal = await get_terminal(conn, region=region, terminal_id=terminal_id)
    version = await versions.bump(conn, subject=SUBJECT)
    if not await store.revoke_terminal(conn, terminal_id=terminal.id, revoked_at=now, version=version):
        return Change.ALREADY_SO
    await access.revoke_keys_of(conn, subject_id=terminal.id, now=now)
    return Change.DONE
