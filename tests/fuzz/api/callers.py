"""How callers of each kind get in: an operator, staff, a partner, a wallet, each with all that its kind may have."""

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

import msgspec

from simulator.calls import Calls
from simulator.stories.neighbour import Neighbour
from yikatong.access.api.keys import IssuedKeyAnswer
from yikatong.access.service.starting_roles import STARTING_ROLES
from yikatong.cards import service as cards
from yikatong.client.answers import Session
from yikatong.client.people import NewAccount
from yikatong.desk.api.shapes import WalletAnswer
from yikatong.kernel.ids import show_id
from yikatong.kernel.instants import epoch_ms, from_epoch_ms

SPARE = 3
"""A caller may end its own session, or be suspended by its own call; then the next of its kind takes over."""


def an_operator(steward: Calls, login_name: str, *, region: str) -> dict[str, Any]:
    """An operator with every role there is."""
    made = steward.post("/v1/operators", NewAccount, {"login_name": login_name, "display_name": "万能经办人"})
    for role in STARTING_ROLES:
        steward.post(f"/v1/operators/{made.id}/roles", msgspec.Raw, {"role": role.name})
    return _with_own_password("operator", made, steward, region=region)


def a_member_of_staff(steward: Calls, provider: str, login_name: str, *, region: str) -> dict[str, Any]:
    """Somebody who may do at a provider all that staff may."""
    body = {
        "provider_id": provider,
        "login_name": login_name,
        "display_name": "店员",
        "permissions": ["access.staff", "payouts.read", "taps.refund", "trade_in.store", "trade_in.recycler"],
    }
    return _with_own_password("staff", steward.post("/v1/staff", NewAccount, body), steward, region=region)


def _with_own_password(kind: str, made: NewAccount, calls: Calls, *, region: str) -> dict[str, Any]:
    """Change the first password, and give the body by which to sign in from now on."""
    who = {"kind": kind, "region": region, "login_name": made.login_name}
    password = secrets.token_urlsafe(15)
    first = {**who, "password": made.first_password, "new_password": password}
    calls.post("/v1/sessions", Session, first)
    return {**who, "password": password}


def a_partners_key(steward: Calls) -> str:
    """The key of a partner with every permission that partners have."""
    made = steward.post("/v1/partners", dict[str, str], {"name_zh": "市图书馆", "name_en": "City Library"})
    body = {"label": "borrowing desk", "permissions": ["trade_in.police", "trade_in.bank"]}
    return steward.post(f"/v1/partners/{made['partner_id']}/keys", IssuedKeyAnswer, body).token


def wallet_token(anyone: Calls, neighbour: Neighbour, *, now: datetime) -> str:
    """One more session of a resident's phone."""
    wallet, resident_id = neighbour.phone.wallet, neighbour.phone.resident_id
    assert wallet.device_id is not None
    assert resident_id is not None
    made_at = from_epoch_ms(epoch_ms(now))
    message = cards.session_message(resident_id=resident_id, device_id=wallet.device_id, made_at=made_at)
    body = {
        "resident_id": show_id("resident", resident_id),
        "device_id": show_id("device", wallet.device_id),
        "made_at_ms": epoch_ms(made_at),
        "signature": urlsafe_b64encode(wallet.enrolment_key.sign(message)).rstrip(b"=").decode(),
    }
    return anyone.post("/v1/wallet/sessions", WalletAnswer, body).token
