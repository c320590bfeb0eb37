"""Where the database is."""

import msgspec


class ServerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """How to connect: as the owner of the schema, and as the role that serves traffic.

    Both are connection strings or URLs of libpq. Without `serving_conninfo` the owner's connection takes on the
    serving role after it connects.
    """

    conninfo: str
    serving_conninfo: str | None = None
