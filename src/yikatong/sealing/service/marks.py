"""What this process marks leaves by that it leaves for the sealer."""

from collections.abc import Sequence

from yikatong.sealing.model import Leaf
from yikatong.sealing.rules.marks import mark_leaves
from yikatong.sealing.service.keys import leaf_secrets_of
from yikatong.trust.model import KeyHolder


class NoLeafSecretError(RuntimeError):
    """A process leaves a leaf before it took up the secret; what it was about to write is rolled back."""


class _Process:
    """A process has the keys of one installation, and leaves are left deep inside what other rooms do: so its secret
    is kept here once, and not handed through every call that may end in a row.
    """

    secret: bytes | None = None


def mark_leaves_by(holder: KeyHolder) -> None:
    """Mark the leaves that this process leaves from now on by the holder's present secret; refuses as the holder does.

    The secret stays in memory, so a leaf is left also while no key holder answers.
    """
    _Process.secret = leaf_secrets_of(holder)[0]


def marks_of(leaves: Sequence[Leaf]) -> list[bytes]:
    """The marks of leaves that this process leaves. Raises NoLeafSecretError."""
    if _Process.secret is None:
        raise NoLeafSecretError("this process has not taken up the secret by which leaves are marked")
    return mark_leaves(leaves, secret=_Process.secret)
