"""HTTP routes of notices: a wallet reads what its resident was told."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.kernel.ids import bucket_of, show_id
from yikatong.notices import service
from yikatong.notices.model import Notice, Reason, Template, Words
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind, read_or_refuse


class NoticesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page, the newest first."""

    before: (
        Annotated[str, Meta(pattern="^ntc_[0-9a-f]{32}$", description="the last notice of the page before")] | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=100, description="how many at most")] = 20


class NoticeAnswer(Struct, frozen=True, kw_only=True):
    """A notice in both languages."""

    notice_id: str
    template: Template
    made_at: datetime
    zh: Words
    en: Words


class NoticesAnswer(Struct, frozen=True, kw_only=True):
    """A page; `next_before` is null on the last one."""

    notices: tuple[NoticeAnswer, ...]
    next_before: str | None


def routes(*, bucket_count: int) -> tuple[Route, ...]:
    """The routes of notices."""

    async def list_notices(call: Call, body: None, query: NoticesQuery) -> NoticesAnswer:
        resident_id = call.by().resident_id
        assert resident_id is not None
        found = await service.list_notices(
            call.conn,
            bucket=bucket_of(resident_id, bucket_count),
            resident_id=resident_id,
            before=_read_before(query.before),
            limit=query.limit + 1,
        )
        page = found[: query.limit]
        return NoticesAnswer(
            notices=tuple(_show(notice) for notice in page),
            next_before=show_id("notice", page[-1].notice_id) if len(found) > len(page) else None,
        )

    return (
        Route(
            method="GET",
            path="/v1/wallet/notices",
            name="list_notices",
            tag="wallet",
            summary_en="Read what the resident was told",
            summary_zh="查看本人通知",
            kind=RouteKind.QUERY,
            callers=(CallerKind.WALLET,),
            handle=list_notices,
            query=NoticesQuery,
            answer=NoticesAnswer,
            reasons=(Reason.NOTICE_IS_UNKNOWN,),
        ),
    )


def _read_before(text: str | None) -> UUID | None:
    return None if text is None else read_or_refuse("notice", text, reason=Reason.NOTICE_IS_UNKNOWN)


def _show(notice: Notice) -> NoticeAnswer:
    words = service.word_notice(notice)
    return NoticeAnswer(
        notice_id=show_id("notice", notice.notice_id),
        template=notice.template,
        made_at=notice.made_at,
        zh=words.zh,
        en=words.en,
    )
