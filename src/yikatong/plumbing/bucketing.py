"""Over how many buckets residents' rows are spread: the database knows it; settings that say otherwise are refused."""

from typing import Any

from psycopg import AsyncConnection

from yikatong.plumbing.queries import load_queries
from yikatong.plumbing.settings import PREFIX, SettingsError

_QUERIES = load_queries("yikatong.plumbing")


async def find_bucket_count(conn: AsyncConnection[Any]) -> int | None:
    """The database's number of buckets; None before anything has served from it."""
    row = await (await conn.execute(_QUERIES["find_bucket_count"])).fetchone()
    return None if row is None else int(row[0])


async def verify_bucket_count(conn: AsyncConnection[Any], bucket_count: int) -> None:
    """Go on only with the database's own number of buckets; a database that has none takes this one.

    Raises SettingsError: rows would be looked for, and written, where nobody finds them.
    """
    await conn.execute(_QUERIES["claim_bucket_count"], {"bucket_count": bucket_count})
    known = await find_bucket_count(conn)
    if known != bucket_count:
        variable = f"{PREFIX}BUCKET_COUNT"
        raise SettingsError(
            f"数据库的分桶数为{known}，{variable}为{bucket_count}。请把设置改为{known}；"
            f"要改变分桶数，请停止服务后运行yikatong db distribute --rebucket {bucket_count}。 "
            f"The database has {known} buckets and {variable} says {bucket_count}. Set it to {known}; to change the "
            f"number of buckets, stop serving and run yikatong db distribute --rebucket {bucket_count}."
        )


async def set_bucket_count(conn: AsyncConnection[Any], bucket_count: int) -> None:
    """Write the number of buckets that rows were moved to, in the transaction that moved them."""
    await conn.execute(_QUERIES["set_bucket_count"], {"bucket_count": bucket_count})
