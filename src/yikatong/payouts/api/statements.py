"""HTTP routes of payouts: a provider's statement of a day, as JSON and as CSV text."""

from datetime import date
from typing import Any
from uuid import UUID

from msgspec import Struct

from yikatong.catalogue import service as catalogue
from yikatong.kernel.ids import ProviderId, ProviderIdText, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.payouts import service
from yikatong.payouts.model import ProviderStatement, Reason
from yikatong.payouts.rules.settling import digest_statement, show_csv
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind, read_or_refuse


class DayStatementAnswer(Struct, frozen=True, kw_only=True):
    """One day of a provider, amounts in fen. `final` is false while the day is not stated yet.

    `opening_fen + sales_fen - refunds_fen - reversals_fen - settled_fen - netted_fen + other_fen = closing_fen`; the
    digest is the SHA-256 of the CSV text.
    """

    provider: ProviderIdText
    day: date
    final: bool
    opening_fen: int
    sales_count: int
    sales_fen: int
    refunds_count: int
    refunds_fen: int
    reversals_count: int
    reversals_fen: int
    settled_fen: int
    netted_fen: int
    other_fen: int
    closing_fen: int
    digest: str


class CsvAnswer(Struct, frozen=True):
    """The same as a file: its name and its text (RFC 4180, amounts in yuan)."""

    file_name: str
    text: str


async def _own(call: Call) -> tuple[ProviderStatement, bool]:
    provider_id = call.by().provider_id
    if provider_id is None:
        raise Refused(Reason.STATEMENT_PROVIDER_IS_UNKNOWN)
    return await _statement(call, provider_id)


async def _of_provider(call: Call) -> tuple[ProviderStatement, bool]:
    provider_id = read_or_refuse("provider", call.path["provider"], reason=Reason.STATEMENT_PROVIDER_IS_UNKNOWN)
    provider = await catalogue.find_provider(call.conn, provider_id=provider_id)
    if provider is None or provider.region != call.by().region:
        raise Refused(Reason.STATEMENT_PROVIDER_IS_UNKNOWN)
    return await _statement(call, provider_id)


async def _statement(call: Call, provider_id: UUID) -> tuple[ProviderStatement, bool]:
    return await service.get_statement(
        call.conn, provider_id=ProviderId(provider_id), day=_read_day(call.path["day"]), now=call.now
    )


def _read_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(Reason.STATEMENT_DAY_IS_NOT_A_DAY) from None
    # Before the platform was there no day has anything to state, and the first days of the calendar have no day before.
    if day.year < 2000 or day.isoformat() != text:
        raise Refused(Reason.STATEMENT_DAY_IS_NOT_A_DAY)
    return day


def _show(statement: ProviderStatement, final: bool) -> DayStatementAnswer:
    fields = {name: getattr(statement, name) for name in ProviderStatement.__struct_fields__}
    del fields["provider_id"], fields["day_on"]
    return DayStatementAnswer(
        provider=show_id("provider", statement.provider_id),
        day=statement.day_on,
        final=final,
        digest=digest_statement(statement).hex(),
        **fields,
    )


def _show_file(statement: ProviderStatement) -> CsvAnswer:
    return CsvAnswer(f"statement-{statement.day_on.isoformat()}.csv", show_csv([statement]))


async def _get_own(call: Call, body: None, query: None) -> DayStatementAnswer:
    return _show(*await _own(call))


async def _get_own_csv(call: Call, body: None, query: None) -> CsvAnswer:
    return _show_file((await _own(call))[0])


async def _get_of_provider(call: Call, body: None, query: None) -> DayStatementAnswer:
    return _show(*await _of_provider(call))


async def _get_of_provider_csv(call: Call, body: None, query: None) -> CsvAnswer:
    return _show_file((await _of_provider(call))[0])


_REASONS = (
    Reason.STATEMENT_DAY_IS_NOT_A_DAY,
    Reason.STATEMENT_DAY_HAS_NOT_BEGUN,
    Reason.STATEMENT_PROVIDER_IS_UNKNOWN,
)


def _route(path: str, name: str, summary_en: str, summary_zh: str, **parts: Any) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        tag="payouts",
        summary_en=summary_en,
        summary_zh=summary_zh,
        kind=RouteKind.QUERY,
        reasons=_REASONS,
        **parts,
    )


def routes() -> tuple[Route, ...]:
    """The statement of a day: of the caller's own provider, and for operators of any provider of their region."""
    own = {"callers": (CallerKind.STAFF, CallerKind.TERMINAL)}
    operators = {"callers": (CallerKind.OPERATOR,), "permission": "payouts.read"}
    return (
        _route("/v1/provider/statements/{day}", "payouts.get_own_statement", "Read your statement of a day",
               "查询本机构日对账单", handle=_get_own, answer=DayStatementAnswer, **own),
        _route("/v1/provider/statements/{day}/csv", "payouts.get_own_statement_csv", "Take your statement as CSV text",
               "下载本机构日对账单", handle=_get_own_csv, answer=CsvAnswer, **own),
        _route("/v1/providers/{provider}/statements/{day}", "payouts.get_statement", "Read a provider's statement",
               "查询服务机构日对账单", handle=_get_of_provider, answer=DayStatementAnswer, **operators),
        _route("/v1/providers/{provider}/statements/{day}/csv", "payouts.get_statement_csv",
               "Take a provider's statement as CSV text", "下载服务机构日对账单", handle=_get_of_provider_csv,
               answer=CsvAnswer, **operators),
    )  # fmt: skip
