"""What the embedded server is told: durable, small enough for a laptop, silent about people."""

from collections.abc import Mapping
from pathlib import Path

from yikatong.plumbing.postgres.archiving import Archiving, archive_settings, write_scripts

MEMORY_MB = 160
"""Enough for a laptop: the whole platform stays under 1 GB."""


def memory_settings(memory_mb: int) -> Mapping[str, str]:
    """What follows from the memory in which the server keeps pages; more pages are written out more rarely."""
    return {
        "shared_buffers": f"{memory_mb}MB",
        "effective_cache_size": f"{max(1024, 3 * memory_mb)}MB",
        "max_wal_size": f"{max(2048, 2 * memory_mb)}MB",
    }


SETTINGS: Mapping[str, str] = {
    # Durability is never traded.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    **memory_settings(MEMORY_MB),
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "temp_buffers": "4MB",
    "wal_buffers": "16MB",
    "max_connections": "60",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "io_workers": "2",
    "autovacuum_max_workers": "2",
    # Checkpoints are rare and spread, for each one makes the next write of every page longer.
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "min_wal_size": "256MB",
    "max_wal_senders": "2",
    "random_page_cost": "1.1",
    "jit": "off",
    # A log line of the server never carries a statement, a parameter, or the values of a failing row.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    # Time and text are the same on every machine.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "datestyle": "ISO, YMD",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
}


PORT = 5432
"""It is part of the socket's name; nothing listens on it."""


def write_configuration(
    folder: Path,
    *,
    socket_folder: Path,
    archiving: Archiving | None = None,
    overrides: Mapping[str, str],
) -> list[str]:
    """Write the server's three configuration files and its scripts into our own folder; gives the arguments for them.

    They lie outside the cluster, so that the account which runs the database cannot loosen its own rules.
    """
    listening = {
        "unix_socket_directories": str(socket_folder),
        "listen_addresses": "",
        "port": str(PORT),
    }
    write_scripts(folder)
    settings = {**SETTINGS, **archive_settings(folder, archiving), **listening, **overrides}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
    rules = [
        "local all all trust  # the socket's folder is closed to all but its owner",
        "local replication all trust  # a backup is a replication connection",
    ]
    arguments = []
    for option, name, text in (
        ("config_file", "postgresql.conf", lines),
        ("hba_file", "pg_hba.conf", rules),
        ("ident_file", "pg_ident.conf", ["# no maps"]),
    ):
        path = folder / name
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        path.chmod(0o644)
        arguments += ["-c", f"{option}={path}"]
    return arguments
