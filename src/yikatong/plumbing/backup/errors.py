"""Why a backup was not made or a restore not done; each says in both languages what is missing and what to do."""


class BackupError(RuntimeError):
    """A backup cannot be made, or a restore cannot be done; nothing was changed."""

    def __init__(self, en: str, zh: str) -> None:
        """One sentence, or two, in each language."""
        super().__init__(f"{en}\n{zh}")
        self.en = en
        self.zh = zh
