"""HTTP routes of the ledger: residents read their accounts; operators read, grant, freeze and lift a freeze."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct

from yikatong.access.model import Reason as AccessReason
from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardsReason
from yikatong.cards.model import Terms, Vault
from yikatong.kernel.ids import AccountIdText, ResidentId, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.money import AmountFen
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service
from yikatong.ledger.model import Account, AccountName, Reason
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind

_DAYS_SHOWN = 31
_FIRST_DAY = date(2000, 1, 1)
_LAST_DAY = date(2999, 12, 31)

BenefitCode = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9-]{1,31}$", description="code of the benefit", examples=["elder-meal"])
]


class AccountAnswer(Struct, frozen=True, kw_only=True):
    """One account: `available_fen` is posted less held; `label` is a benefit's code."""

    account: AccountIdText
    kind: str
    label: str
    posted_fen: int
    held_fen: int
    available_fen: int
    frozen_at: datetime | None
    closed_at: datetime | None


class AccountsAnswer(Struct, frozen=True, kw_only=True):
    """A resident's accounts, by kind and label."""

    accounts: tuple[AccountAnswer, ...]


class StatementQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which days; the last 31 when left out."""

    from_on: Annotated[date | None, Meta(description="first day")] = None
    until_on: Annotated[date | None, Meta(description="the day after the last")] = None


class LineAnswer(Struct, frozen=True, kw_only=True):
    """One entry: positive came in, negative went out. `reference` is what it was for, as a tap."""

    transfer: str
    kind: str
    reference: str
    posted_at: datetime
    amount_fen: int


class StatementAnswer(Struct, frozen=True, kw_only=True):
    """An account's entries between the balance before and the balance after them."""

    account: AccountIdText
    from_on: date
    until_on: date
    opening_fen: int
    lines: tuple[LineAnswer, ...]
    closing_fen: int


class GrantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is paid into a benefit account, which is opened if need be."""

    benefit: BenefitCode
    amount_fen: AmountFen


class Accounts:
    """Handlers of the routes of accounts."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    async def list_own(self, call: Call, body: None, query: None) -> AccountsAnswer:
        """Show the wallet's holder their accounts."""
        return await self._show_accounts(call, *self._holder(call))

    async def state_own(self, call: Call, body: None, query: StatementQuery) -> StatementAnswer:
        """Show the wallet's holder the entries of an account."""
        return await self._state(call, query, *self._holder(call))

    async def list_accounts(self, call: Call, body: None, query: None) -> AccountsAnswer:
        """Show an operator a resident's accounts."""
        return await self._show_accounts(call, *await self._looked_at(call))

    async def state(self, call: Call, body: None, query: StatementQuery) -> StatementAnswer:
        """Show an operator the entries of a resident's account."""
        return await self._state(call, query, *await self._looked_at(call))

    async def freeze(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Freeze an account."""
        bucket, resident_id = await self._resident(call)
        account = (await self._account(call, bucket, resident_id)).name
        change = await service.freeze_account(call.conn, bucket=bucket, account=account, now=call.now)
        return ChangeAnswer(change=change)

    async def unfreeze(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Lift an account's freeze."""
        bucket, resident_id = await self._resident(call)
        account = (await self._account(call, bucket, resident_id)).name
        return ChangeAnswer(change=await service.unfreeze_account(call.conn, bucket=bucket, account=account))

    async def grant(self, call: Call, body: GrantBody, query: None) -> AccountAnswer:
        """Pay into a benefit account."""
        bucket, resident_id = await self._resident(call)
        account = await service.grant_benefit(
            call.conn,
            bucket=bucket,
            resident_id=resident_id,
            benefit=body.benefit,
            amount_fen=body.amount_fen,
            reference=call.by().id,
            now=call.now,
            ids=call.ids,
        )
        return await self._show(call, bucket, account)

    def _holder(self, call: Call) -> tuple[int, ResidentId]:
        resident_id = call.by().resident_id
        assert resident_id is not None, "a wallet has a holder"
        call.concerns(resident_id)
        return cards.address_of(resident_id, terms=self._terms)

    async def _resident(self, call: Call) -> tuple[int, ResidentId]:
        resident = await cards.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=self._terms
        )
        call.concerns(resident.id)
        return resident.bucket, resident.id

    async def _looked_at(self, call: Call) -> tuple[int, ResidentId]:
        resident = await cards.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self._vault,
            terms=self._terms,
            now=call.now,
        )
        call.concerns(resident.id)
        return resident.bucket, resident.id

    async def _account(self, call: Call, bucket: int, resident_id: ResidentId) -> Account:
        """The account named in the address, if it is this resident's. Refuses ACCOUNT_IS_UNKNOWN."""
        shown_id = call.path["account"]
        for account in await service.accounts_of(call.conn, bucket=bucket, owner_id=resident_id):
            if show_id("account", account.id) == shown_id:
                return account
        raise Refused(Reason.ACCOUNT_IS_UNKNOWN)

    async def _show_accounts(self, call: Call, bucket: int, resident_id: ResidentId) -> AccountsAnswer:
        accounts = await service.accounts_of(call.conn, bucket=bucket, owner_id=resident_id)
        return AccountsAnswer(accounts=tuple([await self._show(call, bucket, account.name) for account in accounts]))

    async def _show(self, call: Call, bucket: int, name: AccountName) -> AccountAnswer:
        account = await service.find_account(call.conn, bucket=bucket, account=name)
        assert account is not None
        balance = await service.get_balance(call.conn, bucket=bucket, account=name, now=call.now)
        return AccountAnswer(
            account=show_id("account", name.id),
            kind=name.kind.value,
            label=name.label,
            posted_fen=balance.posted_fen,
            held_fen=balance.held_fen,
            available_fen=balance.available_fen,
            frozen_at=account.frozen_at,
            closed_at=account.closed_at,
        )

    async def _state(self, call: Call, query: StatementQuery, bucket: int, resident_id: ResidentId) -> StatementAnswer:
        account = await self._account(call, bucket, resident_id)
        until_on = query.until_on or day_of(call.now) + timedelta(days=1)
        if not _FIRST_DAY <= until_on <= _LAST_DAY:
            raise Refused(Reason.STATEMENT_RANGE_IS_WRONG)
        statement = await service.statement_of(
            call.conn,
            bucket=bucket,
            account=account.name,
            from_on=query.from_on or until_on - timedelta(days=_DAYS_SHOWN),
            until_on=until_on,
        )
        return StatementAnswer(
            account=show_id("account", statement.account_id),
            from_on=statement.from_on,
            until_on=statement.until_on,
            opening_fen=statement.opening_fen,
            lines=tuple(
                LineAnswer(
                    transfer=show_id("transfer", line.transfer_id),
                    kind=line.kind.value,
                    reference=line.reference.hex,
                    posted_at=line.posted_at,
                    amount_fen=line.amount_fen,
                )
                for line in statement.lines
            ),
            closing_fen=statement.closing_fen,
        )


_SCOPE = (
    CardsReason.RESIDENT_IS_NOT_KNOWN,
    AccessReason.REGION_IS_OUT_OF_SCOPE,
    AccessReason.DIVISION_IS_OUT_OF_SCOPE,
)
_OWN: dict[str, Any] = {"method": "GET", "kind": RouteKind.QUERY, "callers": (CallerKind.WALLET,), "tag": "ledger"}
_LOOK: dict[str, Any] = {
    "method": "GET", "kind": RouteKind.QUERY, "callers": (CallerKind.OPERATOR,), "tag": "ledger",
    "permission": "ledger.read", "looks": True,
}  # fmt: skip
_COMMAND: dict[str, Any] = {
    "method": "POST", "kind": RouteKind.COMMAND, "callers": (CallerKind.OPERATOR,), "tag": "ledger"
}  # fmt: skip


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of residents' accounts. Grants, and lifting a freeze, take a second person."""
    on = Accounts(terms=terms, vault=vault)
    accounts = "/v1/residents/{resident_id}/accounts"
    one = accounts + "/{account}"
    of_account = (*_SCOPE, Reason.ACCOUNT_IS_UNKNOWN)
    stated = (Reason.ACCOUNT_IS_UNKNOWN, Reason.STATEMENT_RANGE_IS_WRONG)
    return (
        Route(path="/v1/wallet/accounts", name="ledger.list_own_accounts", summary_en="List your accounts",
              summary_zh="查询本人账户", handle=on.list_own, answer=AccountsAnswer, **_OWN),
        Route(path="/v1/wallet/accounts/{account}/statement", name="ledger.state_own_account",
              summary_en="Read the entries of your account", summary_zh="查询本人账户明细", handle=on.state_own,
              query=StatementQuery, answer=StatementAnswer, reasons=stated, **_OWN),
        Route(path=accounts, name="ledger.list_accounts", summary_en="List a resident's accounts",
              summary_zh="查询持卡人账户", handle=on.list_accounts, answer=AccountsAnswer, reasons=cards.LOOK, **_LOOK),
        Route(path=one + "/statement", name="ledger.state_account", summary_en="Read the entries of an account",
              summary_zh="查询持卡人账户明细", handle=on.state, query=StatementQuery, answer=StatementAnswer,
              reasons=(*cards.LOOK, *stated), **_LOOK),
        Route(path=one + "/freeze", name="ledger.freeze_account", summary_en="Freeze an account",
              summary_zh="冻结账户", handle=on.freeze, answer=ChangeAnswer, permission="ledger.freeze",
              reasons=of_account, **_COMMAND),
        Route(path=one + "/unfreeze", name="ledger.unfreeze_account", summary_en="Lift an account's freeze",
              summary_zh="解除账户冻结", handle=on.unfreeze, answer=ChangeAnswer, permission="ledger.freeze",
              second_person=True, reasons=of_account, **_COMMAND),
        Route(path="/v1/residents/{resident_id}/grants", name="ledger.grant_benefit",
              summary_en="Pay into a benefit account", summary_zh="发放待遇", handle=on.grant, body=GrantBody,
              answer=AccountAnswer, permission="ledger.grant", second_person=True,
              reasons=(*_SCOPE, Reason.ACCOUNT_IS_CLOSED, Reason.ACCOUNT_IS_FROZEN), **_COMMAND),
    )  # fmt: skip
