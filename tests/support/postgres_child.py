"""A process of its own that runs an embedded server until its input closes."""

import sys
from pathlib import Path

from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.postgres.server import EmbeddedPostgres


def main(folder: str) -> None:
    """Start, say the address and the postmaster's process id on one line each, wait; or say why not."""
    server = EmbeddedPostgres(Path(folder))
    try:
        address = server.start()
    except EmbeddedPostgresError as error:
        print(f"{type(error).__name__}: {error}", flush=True)  # noqa: T201  this is how it answers the test
        return
    print(f"{address.conninfo}\n{server.pid}", flush=True)  # noqa: T201  this is how it answers the test
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
