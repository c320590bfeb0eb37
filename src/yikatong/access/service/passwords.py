"""Passwords of operators and staff: Argon2id (RFC 9106), computed off the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from yikatong.access.reasons import Reason
from yikatong.kernel.outcomes import Refused

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")
"""Each computation takes 64 MiB; more than two at once would cost the machine its memory."""

_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$rNGP+eXfH3GRcUNC871m/w$I9yoJHydpoZOoOl5iz6sOGKkcshdbkY5gXe4iJmxg/s"
"""Verified where no account is found, so that both answers take the same time; what it hashes lets nobody in."""


async def hash_password(password: str) -> str:
    """The Argon2id hash of a password, with a salt of its own."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, password)


async def verify_password(password: str, *, password_hash: str | None) -> str:
    """Give back the password if it is the one that was hashed; refuses SIGN_IN_FAILED, also for no hash at all."""
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(_THREADS, _HASHER.verify, password_hash or _NOBODY, password)
    except VerifyMismatchError:
        raise Refused(Reason.SIGN_IN_FAILED) from None
    if password_hash is None:
        raise Refused(Reason.SIGN_IN_FAILED)
    return password
