"""Routes by which a wallet is opened, and the holder's card in it: seen, reported lost, brought back."""

from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Enrolment, Reason, Shell, Terms, Vault
from yikatong.cards.service import LIVING, NOT_IN_ORDER
from yikatong.desk import service
from yikatong.desk.api.cards_shown import show_card
from yikatong.desk.api.shapes import (
    NEW_PASSWORD,
    PROVED_BY_PASSWORD,
    CardAnswer,
    ChannelText,
    FaceText,
    KeyText,
    MillisecondsText,
    NewPasswordText,
    PasswordText,
    SignatureText,
    WalletAnswer,
    actor_of,
    wallet_command,
    wallet_query,
)
from yikatong.desk.api.wallet_holder import Whose, holder_of, prove_password
from yikatong.desk.model import WalletOpened
from yikatong.kernel.base64url import read_base64url
from yikatong.kernel.ids import DeviceId, DeviceIdText, ResidentIdText, read_id, show_id
from yikatong.kernel.instants import from_epoch_ms
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Refusal, Route
from yikatong.trust.model import Algorithm, PublicKey
from yikatong.trust.model import Reason as TrustReason

ANYONE: tuple[CallerKind, ...] = ()


class EnrolmentBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who one is, which card, a live face, a password, and a new key that signed all this."""

    name: Annotated[str, Meta(min_length=1, max_length=60, examples=["王秀英"])]
    id_number: Annotated[str, Meta(min_length=18, max_length=18, examples=["99010119550307003X"])]
    card_number: Annotated[str, Meta(pattern="^[A-Z][0-9]{8}$", examples=["A12345678"])]
    face: FaceText
    password: PasswordText
    channel: ChannelText = "wallet"
    platform: Annotated[str, Meta(pattern="^[a-z][a-z0-9_.-]{1,31}$", examples=["android"])]
    shell: Shell
    algorithm: Annotated[str, Meta(pattern="^(ES256|EDDSA|SM2)$", examples=["ES256"])]
    public_key: KeyText
    made_at_ms: MillisecondsText
    signature: SignatureText


class SessionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An enrolled device's signature, made now."""

    resident_id: ResidentIdText
    device_id: DeviceIdText
    made_at_ms: MillisecondsText
    signature: SignatureText


class ProofBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Face and password together; neither alone is proof."""

    face: FaceText
    password: PasswordText


class NewPasswordBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A live face and the new password."""

    face: FaceText
    new_password: NewPasswordText


class Wallet:
    """Handlers of the routes of the wallet."""

    def __init__(self, *, terms: Terms, vault: Vault, face_check: cards.FaceCheck) -> None:
        self._terms = terms
        self._vault = vault
        self._face_check = face_check

    async def enrol(self, call: Call, body: EnrolmentBody, query: None) -> WalletAnswer | Refusal:
        """Enrol a device."""
        opened = await service.enrol(
            call.conn,
            enrolment=_enrolment_of(body),
            check=self._face_check,
            vault=self._vault,
            terms=self._terms,
            now=call.now,
            ids=call.ids,
        )
        if isinstance(opened, Refused):
            return Refusal(opened)
        return _show(opened)

    async def open_again(self, call: Call, body: SessionBody, query: None) -> WalletAnswer:
        """Open a session by a signature."""
        bucket, resident_id = cards.address_of(read_id("resident", body.resident_id), terms=self._terms)
        opened = await service.open_again(
            call.conn,
            bucket=bucket,
            resident_id=resident_id,
            device_id=DeviceId(read_id("device", body.device_id)),
            made_at=from_epoch_ms(body.made_at_ms),
            signature=read_base64url(body.signature),
            now=call.now,
            ids=call.ids,
        )
        return _show(opened)

    async def card(self, call: Call, body: None, query: None) -> CardAnswer:
        """Show the holder's card."""
        whose = holder_of(call, terms=self._terms)
        return await show_card(call, **whose)

    async def report_loss(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Report the card lost for the time being; an open session is enough, for haste matters more than proof."""
        whose = holder_of(call, terms=self._terms)
        change = await service.report_loss(
            call.conn, **whose, formal=False, by=actor_of(call), now=call.now, ids=call.ids
        )
        return ChangeAnswer(change=change)

    async def release_loss(self, call: Call, body: ProofBody, query: None) -> ChangeAnswer | Refusal:
        """Release the loss report."""
        whose = holder_of(call, terms=self._terms)
        refused = await self._prove(call, body, whose=whose)
        if refused is not None:
            return refused
        change = await service.release(call.conn, **whose, by=actor_of(call), now=call.now, ids=call.ids)
        return ChangeAnswer(change=change)

    async def associate(self, call: Call, body: ProofBody, query: None) -> ChangeAnswer | Refusal:
        """Associate the e-card with the card again."""
        whose = holder_of(call, terms=self._terms)
        refused = await self._prove(call, body, whose=whose)
        if refused is not None:
            return refused
        change = await service.associate(call.conn, **whose, now=call.now)
        return ChangeAnswer(change=change)

    async def set_password(self, call: Call, body: NewPasswordBody, query: None) -> ChangeAnswer:
        """Set a new password, proved by face on an enrolled device."""
        whose = holder_of(call, terms=self._terms)
        await cards.verify_face(call.conn, **whose, face=body.face, check=self._face_check, vault=self._vault)
        await cards.set_password(call.conn, **whose, password=body.new_password, vault=self._vault)
        return ChangeAnswer(change=Change.DONE)

    async def _prove(self, call: Call, body: ProofBody, *, whose: Whose) -> Refusal | None:
        """Prove the holder by face, then password; a counted attempt is kept."""
        await cards.verify_face(call.conn, **whose, face=body.face, check=self._face_check, vault=self._vault)
        return await prove_password(call, whose=whose, password=body.password, vault=self._vault)


def _enrolment_of(body: EnrolmentBody) -> Enrolment:
    return Enrolment(
        name=body.name,
        id_number=body.id_number,
        card_number=body.card_number,
        face=body.face,
        password=body.password,
        channel=body.channel,
        platform=body.platform,
        shell=body.shell,
        key=PublicKey(algorithm=Algorithm[body.algorithm], data=read_base64url(body.public_key)),
        made_at=from_epoch_ms(body.made_at_ms),
        signature=read_base64url(body.signature),
    )


def _show(opened: WalletOpened) -> WalletAnswer:
    return WalletAnswer(
        resident_id=show_id("resident", opened.resident_id),
        e_card_id=show_id("e_card", opened.e_card_id),
        device_id=show_id("device", opened.device_id),
        token=opened.token,
        ends_at=opened.ends_at,
        server_time=opened.server_time,
    )


_PROVED = (Reason.PERSON_IS_ERASED, Reason.FACE_DOES_NOT_MATCH)
_SIGNED = (
    Reason.DEVICE_MESSAGE_IS_STALE,
    TrustReason.KEY_IS_MALFORMED,
    TrustReason.SIGNATURE_DOES_NOT_MATCH,
)


def routes(*, terms: Terms, vault: Vault, face_check: cards.FaceCheck) -> tuple[Route, ...]:
    """The routes of the wallet and its card."""
    handlers = Wallet(terms=terms, vault=vault, face_check=face_check)
    return (*_opening_routes(handlers), *_card_routes(handlers))


def _opening_routes(handlers: Wallet) -> tuple[Route, ...]:
    return (
        wallet_command(
            "POST",
            "/v1/wallet/enrolments",
            "enrol_device",
            "Enrol a device by real name, card, face and password",
            "登记设备并开通电子社保卡",
            callers=ANYONE,
            handle=handlers.enrol,
            body=EnrolmentBody,
            answer=WalletAnswer,
            reasons=(
                *_SIGNED,
                TrustReason.SM2_IS_NOT_AVAILABLE_HERE,
                Reason.IDENTITY_DOES_NOT_MATCH,
                *_PROVED,
                *LIVING,
                *NOT_IN_ORDER,
                *NEW_PASSWORD,
                Reason.PASSWORD_IS_LOCKED,
                Reason.PASSWORD_IS_WRONG,
                Reason.DEVICE_LIMIT_IS_REACHED,
                Reason.DEVICE_KEY_IS_ALREADY_ENROLLED,
            ),
        ),
        wallet_command(
            "POST",
            "/v1/wallet/sessions",
            "open_wallet_session",
            "Open a session with an enrolled device's signature",
            "以设备签名登录",
            callers=ANYONE,
            handle=handlers.open_again,
            body=SessionBody,
            answer=WalletAnswer,
            reasons=(
                *_SIGNED,
                Reason.DEVICE_IS_NOT_KNOWN,
                Reason.DEVICE_IS_REVOKED,
                TrustReason.SM2_IS_NOT_AVAILABLE_HERE,
            ),
        ),
    )


def _card_routes(handlers: Wallet) -> tuple[Route, ...]:
    return (
        wallet_query(
            "/v1/wallet/card",
            "view_own_card",
            "Show the holder's card and e-card",
            "查看本人社保卡",
            handle=handlers.card,
            answer=CardAnswer,
            reasons=(Reason.RESIDENT_HAS_NO_CARD,),
        ),
        wallet_command(
            "POST",
            "/v1/wallet/card/loss",
            "report_own_loss",
            "Report the own card lost for the time being; its codes stop at once",
            "本人临时挂失",
            handle=handlers.report_loss,
            reasons=(
                Reason.RESIDENT_HAS_NO_CARD,
                Reason.CARD_IS_BEING_MADE,
                Reason.CARD_IS_NOT_ACTIVE,
                Reason.CARD_IS_LOCKED,
                Reason.CARD_IS_CANCELLED,
            ),
        ),
        wallet_command(
            "POST",
            "/v1/wallet/card/release",
            "release_own_loss",
            "Release the own loss report by face and password",
            "本人解除挂失",
            handle=handlers.release_loss,
            body=ProofBody,
            reasons=(
                *_PROVED,
                *PROVED_BY_PASSWORD,
                Reason.RESIDENT_HAS_NO_CARD,
                Reason.CARD_IS_BEING_MADE,
                Reason.CARD_IS_NOT_ACTIVE,
                Reason.CARD_IS_LOCKED,
                Reason.CARD_IS_CANCELLED,
                Reason.FORMAL_LOSS_CANNOT_BE_UNDONE,
            ),
        ),
        wallet_command(
            "POST",
            "/v1/wallet/card/association",
            "associate_own_e_card",
            "Associate the own e-card again by face and password",
            "本人重新关联电子社保卡",
            handle=handlers.associate,
            body=ProofBody,
            reasons=(*_PROVED, *PROVED_BY_PASSWORD, *LIVING, *NOT_IN_ORDER),
        ),
        wallet_command(
            "PUT",
            "/v1/wallet/password",
            "set_own_password",
            "Set a new password by face",
            "刷脸重置密码",
            handle=handlers.set_password,
            body=NewPasswordBody,
            reasons=(
                *_PROVED,
                *NEW_PASSWORD,
                Reason.ECARD_IS_NOT_ISSUED,
                Reason.PASSWORD_IS_THE_SAME_AS_BEFORE,
            ),
        ),
    )
