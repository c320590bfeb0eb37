"""A forger: makes a card code with keys of their own, in the name of a region that never saw them."""

import secrets
from datetime import datetime, timedelta

from yikatong.codes import service as codes
from yikatong.codes.model import CodeKind, Posture
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, Standing

_ALIAS_BYTES = 38


def forge_code(*, region: str, now: datetime) -> str:
    """The text of a code whose certificate claims to be a region's; its signatures fit each other, and nothing else."""
    show_key = trust.new_signing_key(Algorithm.ES256)
    false_key = trust.new_signing_key(Algorithm.ES256)
    certificate = codes.issue_certificate(
        region=region,
        alias=secrets.token_bytes(_ALIAS_BYTES),
        expires_at=codes.expiry_of(now - timedelta(hours=1)),
        show_key=show_key.public_key,
        standing=Standing(level=2, concession=0, status_index=1),
        region_key=false_key,
        key_id=trust.key_id_of(false_key.public_key),
    )
    code = codes.mint_code(
        certificate=certificate,
        show_key=show_key,
        made_at=now,
        kind=CodeKind.PAYMENT,
        nonce=secrets.token_bytes(8),
        posture=Posture.CLEAR,
    )
    return codes.write_code(code)
