"""An alias opens only with its key, its context and all of its bits."""

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from tests.rooms.trust.vectors import vectors
from tests.support.builders.trust import refuses
from yikatong.trust.model import Reason
from yikatong.trust.service import ALIAS_OVERHEAD, open_alias, seal_alias

KEY = bytes(range(64))


@pytest.mark.parametrize("vector", vectors("ciphers", "aes_siv"), ids=lambda vector: vector["name"])
def test_the_example_of_rfc_5297_is_sealed_and_opened(vector: dict[str, Any]) -> None:
    key, context, plaintext, sealed = (
        bytes.fromhex(vector[name]) for name in ("key", "context", "plaintext", "sealed")
    )

    assert sealed == seal_alias(key, plaintext, context)
    assert plaintext == open_alias(key, sealed, context)


@pytest.mark.parametrize("size", [32, 48, 64])
def test_an_alias_opens_with_its_key(size: int) -> None:
    key, plain = os.urandom(size), os.urandom(22)
    alias = seal_alias(key, plain)

    assert plain == open_alias(key, alias)
    assert len(plain) + ALIAS_OVERHEAD == len(alias)
    assert alias == seal_alias(key, plain)


def test_any_flipped_bit_is_refused() -> None:
    alias = seal_alias(KEY, b"card and serial")
    for bit in range(len(alias) * 8):
        flipped = bytearray(alias)
        flipped[bit // 8] ^= 1 << bit % 8
        with refuses(Reason.ALIAS_DOES_NOT_OPEN):
            open_alias(KEY, bytes(flipped))


def test_another_key_or_context_does_not_open_it() -> None:
    alias = seal_alias(KEY, b"card and serial", b"region 990100")

    with refuses(Reason.ALIAS_DOES_NOT_OPEN):
        open_alias(KEY, alias, b"region 990101")
    with refuses(Reason.ALIAS_DOES_NOT_OPEN):
        open_alias(KEY[::-1], alias, b"region 990100")


@pytest.mark.parametrize("alias", [b"", bytes(15), bytes(16)])
def test_what_is_too_short_for_an_alias_is_refused(alias: bytes) -> None:
    with refuses(Reason.ALIAS_DOES_NOT_OPEN):
        open_alias(KEY, alias)


def test_a_seal_of_the_bare_library_opens() -> None:
    assert b"serial 7" == open_alias(KEY, AESSIV(KEY).encrypt(b"serial 7", [b"here"]), b"here")
