"""Routes of the counter for the e-card: issued, associated again, bound to a bank account, a new password."""

from msgspec import Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Reason, Resident, Terms, Vault
from yikatong.cards.service import LIVING, NOT_IN_ORDER, SCOPE
from yikatong.desk import service
from yikatong.desk.api.shapes import (
    BANK,
    NEW_PASSWORD,
    BankCardText,
    ChannelText,
    NewPasswordText,
    PhoneText,
    command,
)
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.http import Call, ChangeAnswer, Route


class ECardBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password that the resident typed at the counter, and the channel to open."""

    password: NewPasswordText
    channel: ChannelText = "wallet"


class ECardAnswer(Struct, frozen=True, kw_only=True):
    """The e-card, issued now or already."""

    e_card_id: str
    change: Change


class BankBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account of the card's bank and the phone in use; neither is kept."""

    bank_card_number: BankCardText
    phone: PhoneText


class PasswordBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password that the resident typed at the counter."""

    password: NewPasswordText


class ECards:
    """Handlers of the routes of e-cards."""

    def __init__(self, *, terms: Terms, vault: Vault, bank_accounts: cards.BankAccounts) -> None:
        self._terms = terms
        self._vault = vault
        self._bank_accounts = bank_accounts

    async def _resident(self, call: Call) -> Resident:
        return await cards.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=self._terms
        )

    async def issue_e_card(self, call: Call, body: ECardBody, query: None) -> ECardAnswer:
        """Issue the e-card at level 1."""
        it = await self._resident(call)
        issued = await cards.issue_e_card(
            call.conn,
            bucket=it.bucket,
            resident_id=it.id,
            password=body.password,
            channel=body.channel,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        return ECardAnswer(e_card_id=show_id("e_card", issued.e_card_id), change=issued.change)

    async def associate(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Associate the e-card again; the operator has seen the holder."""
        it = await self._resident(call)
        change = await service.associate(call.conn, bucket=it.bucket, resident_id=it.id, now=call.now)
        return ChangeAnswer(change=change)

    async def bind_bank(self, call: Call, body: BankBody, query: None) -> ChangeAnswer:
        """Bind the bank account: level 2."""
        it = await self._resident(call)
        change = await cards.bind_bank(
            call.conn,
            bucket=it.bucket,
            resident_id=it.id,
            bank_card_number=body.bank_card_number,
            phone=body.phone,
            bank=self._bank_accounts,
            vault=self._vault,
            now=call.now,
            ids=call.ids,
        )
        return ChangeAnswer(change=change)

    async def set_password(self, call: Call, body: PasswordBody, query: None) -> ChangeAnswer:
        """Set a new password; the operator has seen the holder."""
        it = await self._resident(call)
        await cards.set_password(
            call.conn, bucket=it.bucket, resident_id=it.id, password=body.password, vault=self._vault
        )
        return ChangeAnswer(change=Change.DONE)


def routes(*, terms: Terms, vault: Vault, bank_accounts: cards.BankAccounts) -> tuple[Route, ...]:
    """The routes of e-cards at the counter."""
    it = ECards(terms=terms, vault=vault, bank_accounts=bank_accounts)
    one = "/v1/residents/{resident_id}/e-card"
    return (
        command(
            "POST",
            one,
            "issue_e_card",
            "Issue the e-card at level 1",
            "签发电子社保卡（一级）",
            handle=it.issue_e_card,
            body=ECardBody,
            answer=ECardAnswer,
            permission="desk.e_card",
            reasons=(
                *SCOPE,
                Reason.PERSON_IS_ERASED,
                *NEW_PASSWORD,
                *LIVING,
                *NOT_IN_ORDER,
                Reason.ECARD_IS_SUSPENDED,
            ),
        ),
        command(
            "POST",
            one + "/association",
            "associate_e_card",
            "Associate a suspended e-card again",
            "重新关联电子社保卡",
            handle=it.associate,
            permission="desk.e_card",
            reasons=(*SCOPE, *LIVING, *NOT_IN_ORDER, Reason.ECARD_IS_NOT_ISSUED),
        ),
        command(
            "POST",
            one + "/bank-account",
            "bind_bank_account",
            "Bind the card's bank account: level 2",
            "绑定银行账户（二级签发）",
            handle=it.bind_bank,
            body=BankBody,
            permission="desk.e_card",
            reasons=(*SCOPE, *NOT_IN_ORDER, *BANK),
        ),
        command(
            "PUT",
            one + "/password",
            "reset_password",
            "Set a new e-card password for a holder who stands here",
            "重置电子社保卡密码",
            handle=it.set_password,
            body=PasswordBody,
            permission="desk.e_card",
            reasons=(
                *SCOPE,
                Reason.PERSON_IS_ERASED,
                *NEW_PASSWORD,
                Reason.ECARD_IS_NOT_ISSUED,
                Reason.PASSWORD_IS_THE_SAME_AS_BEFORE,
            ),
        ),
    )
