"""What `yikatong audit` recomputes of notices."""

from typing import Any

from psycopg import AsyncConnection

from yikatong.notices import store
from yikatong.notices.model import Template


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every notice that was sent without a try or whose template is not known."""
    rows = await store.list_impossible(conn, templates=[template.value for template in Template])
    return [f"notices: notice {row['notice_id']} ({row['template']}) cannot be" for row in rows]
