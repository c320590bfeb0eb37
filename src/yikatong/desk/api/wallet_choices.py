"""Routes of what a holder chooses in the wallet: limits, bank account, family, devices, channels."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import FamilyKind, Reason, Shell, Terms, Vault
from yikatong.cards.service import LIVING, NOT_IN_ORDER
from yikatong.desk import service
from yikatong.desk.api.cards_shown import show_limits
from yikatong.desk.api.shapes import (
    BANK,
    PROVED_BY_PASSWORD,
    BankCardText,
    FaceText,
    LimitsAnswer,
    PasswordText,
    PhoneText,
    wallet_command,
    wallet_query,
)
from yikatong.desk.api.wallet_holder import holder_of, prove_password
from yikatong.kernel.ids import DeviceId, ResidentId, ResidentIdText, show_id
from yikatong.plumbing.http import Call, ChangeAnswer, Refusal, Route, read_or_refuse

LimitFen = Annotated[int, Meta(ge=0, le=1_000_000, description="fen; 0 is never", examples=[5000])]


class LimitsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a shown code may pay at once and in a day, and whether also where the wallet cannot know its posture."""

    tap_limit_fen: LimitFen
    day_limit_fen: LimitFen
    unknown_posture_allowed: Annotated[bool, Meta(examples=[False])] = False
    password: PasswordText


class OwnBankBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account of the card's bank and the phone in use; neither is kept."""

    bank_card_number: BankCardText
    phone: PhoneText
    password: PasswordText


class MemberBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relative: by name and ID number, with a live face or a photo where the region's list asks for them."""

    name: Annotated[str, Meta(min_length=1, max_length=60, examples=["王小小"])]
    id_number: Annotated[str, Meta(min_length=18, max_length=18, examples=["990101199003070015"])]
    kind: FamilyKind
    face: FaceText | None = None
    has_photo: Annotated[bool, Meta(examples=[True])] = False
    password: PasswordText


class MemberAnswer(Struct, frozen=True, kw_only=True):
    """One relative in the holder's family service."""

    member_id: ResidentIdText
    kind: FamilyKind


class MembersAnswer(Struct, frozen=True, kw_only=True):
    """The holder's family service."""

    members: tuple[MemberAnswer, ...]


class DeviceAnswer(Struct, frozen=True, kw_only=True):
    """One device of the holder."""

    device_id: str
    channel: str
    platform: str
    shell: Shell
    enrolled_at: datetime
    revoked_at: datetime | None


class DevicesAnswer(Struct, frozen=True, kw_only=True):
    """The holder's devices, the latest first."""

    devices: tuple[DeviceAnswer, ...]


class Choices:
    """Handlers of the routes of a holder's choices."""

    def __init__(
        self, *, terms: Terms, vault: Vault, face_check: cards.FaceCheck, bank_accounts: cards.BankAccounts
    ) -> None:
        self._terms = terms
        self._vault = vault
        self._face_check = face_check
        self._bank_accounts = bank_accounts

    async def limits(self, call: Call, body: None, query: None) -> LimitsAnswer:
        """Show the limits."""
        whose = holder_of(call, terms=self._terms)
        return await show_limits(call, **whose)

    async def set_limits(self, call: Call, body: LimitsBody, query: None) -> ChangeAnswer | Refusal:
        """Set the limits."""
        whose = holder_of(call, terms=self._terms)
        refusal = await prove_password(call, whose=whose, password=body.password, vault=self._vault)
        if refusal is not None:
            return refusal
        change = await cards.set_small_payment_limit(
            call.conn,
            **whose,
            limit_fen=body.tap_limit_fen,
            day_limit_fen=body.day_limit_fen,
            unknown_posture_allowed=body.unknown_posture_allowed,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        return ChangeAnswer(change=change)

    async def bind_bank(self, call: Call, body: OwnBankBody, query: None) -> ChangeAnswer | Refusal:
        """Bind the bank account."""
        whose = holder_of(call, terms=self._terms)
        refusal = await prove_password(call, whose=whose, password=body.password, vault=self._vault)
        if refusal is not None:
            return refusal
        change = await cards.bind_bank(
            call.conn,
            **whose,
            bank_card_number=body.bank_card_number,
            phone=body.phone,
            bank=self._bank_accounts,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        return ChangeAnswer(change=change)

    async def unbind_bank(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Unbind the bank account."""
        whose = holder_of(call, terms=self._terms)
        change = await cards.unbind_bank(call.conn, **whose, now=call.now)
        return ChangeAnswer(change=change)

    async def family(self, call: Call, body: None, query: None) -> MembersAnswer:
        """Show the family service."""
        whose = holder_of(call, terms=self._terms)
        members = await cards.list_family(call.conn, **whose)
        return MembersAnswer(
            members=tuple(MemberAnswer(member_id=show_id("resident", it.member_id), kind=it.kind) for it in members)
        )

    async def add_member(self, call: Call, body: MemberBody, query: None) -> ChangeAnswer | Refusal:
        """Add a relative."""
        whose = holder_of(call, terms=self._terms)
        refusal = await prove_password(call, whose=whose, password=body.password, vault=self._vault)
        if refusal is not None:
            return refusal
        member_id = await self._find_member(call, body)
        call.concerns(member_id)
        change = await cards.add_family_member(
            call.conn,
            **whose,
            member_id=member_id,
            kind=body.kind,
            face_matched=body.face is not None,
            has_photo=body.has_photo,
            terms=self._terms,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        return ChangeAnswer(change=change)

    async def remove_member(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Take a relative out."""
        whose = holder_of(call, terms=self._terms)
        shown_id = call.path["resident_id"]
        member_id = ResidentId(read_or_refuse("resident", shown_id, reason=Reason.FAMILY_MEMBER_IS_NOT_KNOWN))
        change = await cards.remove_family_member(call.conn, **whose, member_id=member_id, now=call.now)
        return ChangeAnswer(change=change)

    async def devices(self, call: Call, body: None, query: None) -> DevicesAnswer:
        """Show the devices."""
        whose = holder_of(call, terms=self._terms)
        devices = await cards.list_devices(call.conn, **whose)
        return DevicesAnswer(
            devices=tuple(
                DeviceAnswer(
                    device_id=show_id("device", it.id),
                    channel=it.channel,
                    platform=it.platform,
                    shell=it.shell,
                    enrolled_at=it.enrolled_at,
                    revoked_at=it.revoked_at,
                )
                for it in devices
            )
        )

    async def revoke_device(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Revoke a device."""
        whose = holder_of(call, terms=self._terms)
        device_id = DeviceId(read_or_refuse("device", call.path["device_id"], reason=Reason.DEVICE_IS_NOT_KNOWN))
        change = await service.revoke_device(call.conn, **whose, device_id=device_id, now=call.now, ids=call.ids)
        return ChangeAnswer(change=change)

    async def unlink(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Close the e-card in a channel."""
        whose = holder_of(call, terms=self._terms)
        channel = call.path["channel"]
        change = await service.unlink_channel(call.conn, **whose, channel=channel, now=call.now, ids=call.ids)
        return ChangeAnswer(change=change)

    async def _find_member(self, call: Call, body: MemberBody) -> ResidentId:
        """Find a relative by name and ID number, and compare their live face when one was sent."""
        bucket, member_id, _ = await cards.get_named(
            call.conn, id_number=body.id_number, name=body.name, terms=self._terms, vault=self._vault
        )
        if body.face is not None:
            await cards.verify_face(
                call.conn,
                bucket=bucket,
                resident_id=member_id,
                face=body.face,
                check=self._face_check,
                vault=self._vault,
            )
        return member_id


def routes(
    *, terms: Terms, vault: Vault, face_check: cards.FaceCheck, bank_accounts: cards.BankAccounts
) -> tuple[Route, ...]:
    """The routes of a holder's choices."""
    it = Choices(terms=terms, vault=vault, face_check=face_check, bank_accounts=bank_accounts)
    return (*_money_routes(it), *_family_routes(it), *_device_routes(it))


def _money_routes(it: Choices) -> tuple[Route, ...]:
    return (
        wallet_query(
            "/v1/wallet/limits",
            "view_own_limits",
            "Show what a shown code may pay",
            "查看小额免密限额",
            handle=it.limits,
            answer=LimitsAnswer,
            reasons=(Reason.RESIDENT_IS_NOT_KNOWN,),
        ),
        wallet_command(
            "PUT",
            "/v1/wallet/limits",
            "set_own_limits",
            "Set what a shown code may pay; zero until set",
            "设置小额免密限额",
            handle=it.set_limits,
            body=LimitsBody,
            reasons=(
                *PROVED_BY_PASSWORD,
                *LIVING,
                Reason.PERSON_IS_ERASED,
                Reason.MINORS_HAVE_NO_SMALL_PAYMENTS,
                Reason.SMALL_PAYMENT_LIMIT_IS_TOO_HIGH,
            ),
        ),
        wallet_command(
            "POST",
            "/v1/wallet/bank-account",
            "bind_own_bank_account",
            "Bind the card's bank account: level 2",
            "绑定银行账户（二级签发）",
            handle=it.bind_bank,
            body=OwnBankBody,
            reasons=(Reason.PASSWORD_IS_LOCKED, Reason.PASSWORD_IS_WRONG, *NOT_IN_ORDER, *BANK),
        ),
        wallet_command(
            "DELETE",
            "/v1/wallet/bank-account",
            "unbind_own_bank_account",
            "Unbind the bank account: level 1",
            "解绑银行账户",
            handle=it.unbind_bank,
            reasons=(Reason.ECARD_IS_NOT_ISSUED,),
        ),
    )


def _family_routes(it: Choices) -> tuple[Route, ...]:
    return (
        wallet_query(
            "/v1/wallet/family",
            "view_own_family",
            "Show the holder's family service",
            "查看亲情服务成员",
            handle=it.family,
            answer=MembersAnswer,
        ),
        wallet_command(
            "POST",
            "/v1/wallet/family",
            "add_family_member",
            "Add a relative to the family service",
            "添加亲情服务成员",
            handle=it.add_member,
            body=MemberBody,
            reasons=(
                *PROVED_BY_PASSWORD,
                Reason.IDENTITY_DOES_NOT_MATCH,
                Reason.PERSON_IS_ERASED,
                Reason.FACE_DOES_NOT_MATCH,
                Reason.RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY,
                *LIVING,
                Reason.FAMILY_MEMBER_KIND_DOES_NOT_FIT,
                Reason.FAMILY_PLACES_ARE_TAKEN,
                Reason.FAMILY_MEMBER_MUST_SHOW_FACE,
                Reason.FAMILY_MEMBER_NEEDS_PHOTO,
            ),
        ),
        wallet_command(
            "DELETE",
            "/v1/wallet/family/{resident_id}",
            "remove_family_member",
            "Take a relative out of the family service",
            "移除亲情服务成员",
            handle=it.remove_member,
            reasons=(Reason.FAMILY_MEMBER_IS_NOT_KNOWN,),
        ),
    )


def _device_routes(it: Choices) -> tuple[Route, ...]:
    return (
        wallet_query(
            "/v1/wallet/devices",
            "list_own_devices",
            "Show the holder's devices",
            "查看已登记设备",
            handle=it.devices,
            answer=DevicesAnswer,
        ),
        wallet_command(
            "DELETE",
            "/v1/wallet/devices/{device_id}",
            "revoke_own_device",
            "Revoke a device with its codes and sessions",
            "停用设备",
            handle=it.revoke_device,
            reasons=(Reason.DEVICE_IS_NOT_KNOWN,),
        ),
        wallet_command(
            "DELETE",
            "/v1/wallet/channels/{channel}",
            "unlink_own_channel",
            "Close the e-card in a channel",
            "解除渠道关联",
            handle=it.unlink,
            reasons=(Reason.ECARD_IS_NOT_ISSUED,),
        ),
    )
