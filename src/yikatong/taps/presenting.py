"""From what a terminal sent to a work for the counter: reading code, chip or an operator's word."""

from datetime import datetime
from hashlib import blake2b
from uuid import UUID

import msgspec

from yikatong.access import service as access
from yikatong.cards import service as cards
from yikatong.cards.model import Vault
from yikatong.catalogue.model import Item
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, Attestation, Presented, ReadCode, StoredChip
from yikatong.codes.model import Reason as CodesReason
from yikatong.kernel.base64url import read_base64url
from yikatong.kernel.ids import OperatorId, ProviderId, TerminalId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import digest_id
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.taps.counter.works import TapWork
from yikatong.taps.model import AttestedBody, Reason, TapBody
from yikatong.taps.reading import CodeReader
from yikatong.taps.rules import derive_tap_id
from yikatong.trust.model import Reason as TrustReason

ATTEST = "taps.attest"


READING_REASONS = (
    CodesReason.CODE_IS_TOO_LONG,
    CodesReason.CODE_VERSION_IS_UNKNOWN,
    CodesReason.CODE_IS_NOT_READABLE,
    CodesReason.ISSUING_REGION_IS_UNKNOWN,
    CodesReason.ALIAS_IS_FALSE,
    CodesReason.ISSUING_KEY_IS_UNKNOWN,
    CodesReason.CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE,
    CodesReason.CERTIFICATE_SIGNATURE_IS_FALSE,
    CodesReason.CODE_SIGNATURE_IS_FALSE,
    CodesReason.CHIP_IS_NOT_READABLE,
    CodesReason.CHIP_KEY_IS_UNKNOWN,
    CodesReason.CHIP_ALGORITHM_IS_NOT_THE_PINNED_ONE,
    CodesReason.CHIP_SIGNATURE_IS_FALSE,
    CodesReason.CHIP_ANSWERS_ANOTHER_TERMINAL,
    CodesReason.CODE_ANSWERS_ANOTHER_CHALLENGE,
    CodesReason.CODE_ANSWERS_ANOTHER_AMOUNT,
    CodesReason.CODE_ANSWERS_ANOTHER_PAYEE,
    CodesReason.CODE_ANSWERS_ANOTHER_ITEM,
    TrustReason.SM2_IS_NOT_AVAILABLE_HERE,
)
"""Why what was presented, a code or a chip, cannot be read or is not true."""


class Presenting(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a presentation needs: a reader of codes, keys, a database."""

    codes: CodeReader
    database: Database
    vault: Vault
    bucket_count: int
    locator_key: bytes


async def read_presentation(
    presenting: Presenting,
    *,
    caller: Caller,
    body: TapBody,
    body_digest: bytes,
    item: Item | None,
    now: datetime,
    access_version: int = 0,
) -> TapWork:
    """Read the one presentation of a tap; `access_version` is that for which its caller was authenticated.

    Refuses, in this order: PRESENTATION_IS_MISSING, then the reasons of codes for the form; for a code of another
    region, genuine or not, codes' reasons and then HOME_REGION_IS_NOT_CONNECTED; for a card number or document that
    nobody here has, CARD_IS_UNKNOWN.
    """
    if (body.code is None) + (body.chip is None) + (body.attested is None) != 2:
        raise Refused(Reason.PRESENTATION_IS_MISSING)
    assert caller.provider_id is not None
    asked: Asked | None
    read: ReadCode | Presented
    if body.code is not None:
        asked, read = await _read_code(presenting, caller=caller, body=body, item=item)
    else:
        asked, read = await _read_other(presenting, caller=caller, body=body, item=item, now=now)
    return _work(
        presenting,
        caller=caller,
        body=body,
        body_digest=body_digest,
        asked=asked,
        read=read,
        now=now,
        access_version=access_version,
    )


async def _read_other(
    presenting: Presenting, *, caller: Caller, body: TapBody, item: Item | None, now: datetime
) -> tuple[Asked, Presented]:
    """A chip's presentation or an operator's word."""
    asked = _asked(caller, body, item, nonce=_nonce_of(body))
    if body.chip is not None:
        return asked, await _read_chip(presenting, caller=caller, chip=body.chip, asked=asked)
    assert body.attested is not None
    presented = await _read_attested(
        presenting, caller=caller, attested=body.attested, asked=asked, request_id=body.request_id, now=now
    )
    return asked, presented


async def _read_code(
    presenting: Presenting, *, caller: Caller, body: TapBody, item: Item | None
) -> tuple[Asked | None, ReadCode]:
    assert body.code is not None
    read = await presenting.codes.read(body.code)
    if read.resident_id is None:
        raise Refused(Reason.HOME_REGION_IS_NOT_CONNECTED, region=read.region)
    asked = None
    if body.answers is not None:
        asked = _asked(caller, body, item, nonce=bytes.fromhex(body.answers))
        if item is None and read.answer is not None:
            # An unknown item has its own refusal later, which says more than a difference in the answer.
            asked = msgspec.structs.replace(asked, item_number=read.answer.item_number)
    return asked, read


async def _read_chip(presenting: Presenting, *, caller: Caller, chip: str, asked: Asked) -> Presented:
    read = codes.read_chip(read_base64url(chip))
    said = read.presentation
    async with presenting.database.transaction() as conn:
        card = await cards.find_card_by_number(
            conn, region=said.region, card_number=said.card_number, bucket_count=presenting.bucket_count
        )
    if card is None:
        raise Refused(Reason.CARD_IS_UNKNOWN)
    stored = StoredChip(
        card_id=card.id,
        resident_id=card.resident_id,
        bucket=card.bucket,
        public_key=card.chip_key,
    )
    return codes.verify_chip(read, stored, terminal_id=TerminalId(caller.id), expected=asked)


async def _read_attested(
    presenting: Presenting,
    *,
    caller: Caller,
    attested: AttestedBody,
    asked: Asked,
    request_id: str,
    now: datetime,
) -> Presented:
    async with presenting.database.transaction() as conn:
        operator = await access.authenticate(conn, token=attested.operator_token, now=now)
        access.verify_kind(operator, admitted=(CallerKind.OPERATOR,))
        access.verify_permission(operator, ATTEST)
        resident_id = await cards.find_by_id_number(conn, id_number=attested.document_number, vault=presenting.vault)
        if resident_id is None:
            raise Refused(Reason.CARD_IS_UNKNOWN)
        bucket = bucket_of(resident_id, presenting.bucket_count)
        resident = await cards.get_resident(conn, bucket=bucket, resident_id=resident_id)
        attestation = Attestation(
            operator_id=OperatorId(operator.id),
            resident_id=resident_id,
            region=resident.region,
            terminal_id=TerminalId(caller.id),
            document_seen=attested.document,
            reason=attested.why,
            requested_at=attested.attested_at,
            asked=asked,
        )
        presented = codes.decide_attested(attestation, bucket=bucket, card_id=None, now=now)
        if not isinstance(presented, Presented):
            raise Refused(presented)
        await access.claim_attestation(
            conn,
            operator_id=operator.id,
            day=day_of(now),
            tap_request=attestation_request(caller.id, request_id),
            amount_fen=asked.amount_fen,
            now=now,
        )
    return presented


def attestation_request(terminal_id: UUID, request_id: str) -> UUID:
    """The name under which an attested tap counts, once, against its operator's limits."""
    return digest_id(b"attested", terminal_id.bytes, request_id.encode())


def _asked(caller: Caller, body: TapBody, item: Item | None, *, nonce: bytes) -> Asked:
    assert caller.provider_id is not None
    return Asked(
        nonce=nonce,
        amount_fen=body.amount_fen or 0,
        payee_id=ProviderId(caller.provider_id),
        item_number=0 if item is None else item.number,
    )


def _nonce_of(body: TapBody) -> bytes:
    """The challenge's nonce; an operator's word answers none, so it gets one from its request."""
    if body.answers is not None:
        return bytes.fromhex(body.answers)
    return blake2b(body.request_id.encode(), digest_size=8).digest()


def _work(
    presenting: Presenting,
    *,
    caller: Caller,
    body: TapBody,
    body_digest: bytes,
    asked: Asked | None,
    read: ReadCode | Presented,
    now: datetime,
    access_version: int,
) -> TapWork:
    assert caller.provider_id is not None
    assert read.resident_id is not None
    assert read.bucket is not None
    signed_at = read.made_at if isinstance(read, ReadCode) else read.signed_at
    return TapWork(
        tap_id=derive_tap_id(
            signed_at=signed_at,
            terminal_id=caller.id,
            request_id=body.request_id,
            nonce=read.nonce,
            resident_id=read.resident_id,
            locator_key=presenting.locator_key,
        ),
        bucket=read.bucket,
        resident_id=read.resident_id,
        terminal_id=caller.id,
        provider_id=caller.provider_id,
        body=body,
        body_digest=body_digest,
        read=read,
        asked=asked,
        signed_at=signed_at,
        nonce=read.nonce,
        age_reason=codes.decide_age(signed_at, now=now),
        access_version=access_version,
    )
