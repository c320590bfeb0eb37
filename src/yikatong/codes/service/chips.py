"""Certificates for the chips of plastic cards, so that a terminal without a network can verify them."""

from datetime import datetime
from functools import partial
from typing import Any

import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import Holder
from yikatong.codes import store
from yikatong.codes.model import CertificateState, ChipCertificate
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.chip_certificate import chip_expiry_of, sign_chip_certificate
from yikatong.codes.service.keys import get_issuer
from yikatong.codes.service.refreshing import take_indexes
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.statements import run_in_order
from yikatong.trust.model import Algorithm, KeyHolder, PublicKey

Conn = psycopg.AsyncConnection[Any]


async def certify_chip(
    conn: Conn, *, bucket: int, resident_id: ResidentId, holder: KeyHolder, now: datetime, ids: Ids
) -> tuple[ChipCertificate, bytes]:
    """Give the chip of a resident's card a certificate, to be written onto it; one that it had before stays good.

    The resident's serial row is locked before the card is looked at, as for a wallet's refresh.
    Refuses in this order: why the card may not be used now (cards' reasons), CHIP_KEY_IS_UNKNOWN,
    REGION_ISSUES_NO_CODES.
    """
    await store.lock_serial(conn, bucket=bucket, resident_id=resident_id)
    card_holder = await cards.get_holder(conn, bucket=bucket, resident_id=resident_id, on=day_of(now))
    refused = cards.decide_holder(card_holder, with_e_card=False)
    if refused is not None:
        raise Refused(refused)
    key = _chip_key(card_holder)
    assert card_holder.card_id is not None
    assert card_holder.card_number is not None
    issuer = get_issuer(holder, card_holder.region)
    expires_at = chip_expiry_of(now, card_expires_on=card_holder.card_expires_on)
    [index] = await take_indexes(
        partial(run_in_order, conn),
        region=card_holder.region,
        kind="chip",
        count=1,
        live_until=expires_at,
        now=now,
        ids=ids,
    )
    await store.insert_chip_certificate(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        card_id=card_holder.card_id,
        region=card_holder.region,
        status_index=index,
        expires_at=expires_at,
        now=now,
    )
    certificate = ChipCertificate(
        region=card_holder.region,
        card_number=card_holder.card_number,
        public_key=key,
        status_index=index,
        expires_at=expires_at,
    )
    return certificate, sign_chip_certificate(certificate, issuer.key, key_id=issuer.key_id)


async def restore_chip_certificates(conn: Conn, *, bucket: int, resident_id: ResidentId, now: datetime) -> int:
    """Bring back the certificates of a chip whose card is in order again; how many were suspended."""
    await store.lock_serial(conn, bucket=bucket, resident_id=resident_id)
    return await store.change_chip_states(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        states_before=[CertificateState.SUSPENDED],
        state=CertificateState.ACTIVE,
        now=now,
    )


def _chip_key(holder: Holder) -> PublicKey:
    if holder.chip_algorithm is None or holder.chip_public_key is None:
        raise Refused(Reason.CHIP_KEY_IS_UNKNOWN)
    return PublicKey(algorithm=Algorithm(holder.chip_algorithm), data=holder.chip_public_key)
