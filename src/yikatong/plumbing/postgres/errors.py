"""Why an embedded server does not run; each message says what to do."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot run; the message is a sentence for the person at the keyboard."""


class DataFolderInUseError(EmbeddedPostgresError):
    """Another process has the data folder; the message says which."""


class DataFolderIsEmptyError(EmbeddedPostgresError):
    """No database was ever made in the data folder; the message says what makes one."""


class DataFolderOutOfReachError(EmbeddedPostgresError):
    """The account that runs the database cannot enter the data folder; the message names the closed folder."""


class DataFolderOfAnotherVersionError(EmbeddedPostgresError):
    """The data folder was written by another major version of PostgreSQL."""


class ServerDidNotStartError(EmbeddedPostgresError):
    """PostgreSQL ended before it took connections; the message carries the end of its log."""
