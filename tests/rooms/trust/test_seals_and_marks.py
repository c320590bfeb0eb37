"""Seals open with their key and context alone; marks are the digests of their standards; passwords prove themselves."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.trust.vectors import vectors
from tests.support.builders.trust import refuses
from tests.support.world import SeededIds
from yikatong.trust.model import Reason, SealCipher
from yikatong.trust.rfc9106_argon2.passwords import HASH_BYTES, LANES, MEMORY_KIB, PASSES
from yikatong.trust.service import hash_password, mark, new_data_key, seal, unseal, unwrap, verify_password, wrap
from yikatong.trust.sp800_38d_gcm.seal import decrypt, encrypt

IDS = SeededIds()
KEYS = {cipher: new_data_key(IDS, cipher) for cipher in SealCipher}
CIPHERS = pytest.mark.parametrize("cipher", list(SealCipher))


@pytest.mark.parametrize("vector", vectors("ciphers", "gcm"), ids=lambda vector: vector["name"])
def test_the_examples_of_gcm_are_encrypted_and_decrypted(vector: dict[str, Any]) -> None:
    key, nonce, associated, plaintext, sealed = (
        bytes.fromhex(vector[name]) for name in ("key", "nonce", "associated", "plaintext", "sealed")
    )

    assert sealed == encrypt(key, nonce, plaintext, associated)
    assert plaintext == decrypt(key, nonce, sealed, associated)


def test_sm4_is_the_cipher_of_gbt_32907() -> None:
    vector = vectors("ciphers", "sm4_block")
    encryptor = Cipher(SM4(bytes.fromhex(vector["key"])), ECB()).encryptor()  # noqa: S305  one block, as in the standard

    assert vector["ciphertext"] == encryptor.update(bytes.fromhex(vector["plaintext"])).hex()


@CIPHERS
@given(plain=st.binary(max_size=200), context=st.binary(max_size=40))
def test_what_is_sealed_opens(cipher: SealCipher, plain: bytes, context: bytes) -> None:
    sealed = seal(KEYS[cipher], plain, context, ids=IDS)

    assert plain == unseal(KEYS[cipher], sealed, context)
    assert (1, int(cipher), len(plain) + 30) == (sealed[0], sealed[1], len(sealed))


@CIPHERS
def test_any_flipped_bit_of_a_seal_is_refused(cipher: SealCipher) -> None:
    sealed = seal(KEYS[cipher], "张三".encode(), b"name", ids=IDS)
    for bit in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with refuses(Reason.SEAL_DOES_NOT_OPEN):
            unseal(KEYS[cipher], bytes(flipped), b"name")


@CIPHERS
def test_a_seal_does_not_open_elsewhere(cipher: SealCipher) -> None:
    sealed = seal(KEYS[cipher], b"13800000000", b"phone", ids=IDS)
    other = new_data_key(IDS, cipher)

    for key, context in ((KEYS[cipher], b"name"), (other, b"phone"), (b"short key", b"phone")):
        with refuses(Reason.SEAL_DOES_NOT_OPEN):
            unseal(key, sealed, context)


@CIPHERS
def test_any_cut_seal_is_refused(cipher: SealCipher) -> None:
    sealed = seal(KEYS[cipher], b"", b"name", ids=IDS)
    for size in range(len(sealed)):
        with refuses(Reason.SEAL_DOES_NOT_OPEN):
            unseal(KEYS[cipher], sealed[:size], b"name")


@CIPHERS
def test_a_wrapped_key_opens_with_its_master_key_and_context(cipher: SealCipher) -> None:
    wrapped = wrap(KEYS[cipher], b"mst1", b"data key", b"owner", ids=IDS)

    assert b"data key" == unwrap(KEYS[cipher], wrapped, b"owner")
    for bit in range(len(wrapped) * 8):
        flipped = bytearray(wrapped)
        flipped[bit // 8] ^= 1 << bit % 8
        with refuses(Reason.SEAL_DOES_NOT_OPEN):
            unwrap(KEYS[cipher], bytes(flipped), b"owner")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        unwrap(KEYS[cipher], wrapped, b"another owner")


def test_the_same_words_are_sealed_differently_each_time() -> None:
    key = KEYS[SealCipher.AES_256_GCM]

    assert seal(key, b"same", b"", ids=IDS) != seal(key, b"same", b"", ids=IDS)


@pytest.mark.parametrize("vector", vectors("digests", "hmac_sha256"), ids=lambda vector: vector["text"])
def test_a_mark_is_the_hmac_of_rfc_4231(vector: dict[str, Any]) -> None:
    assert vector["mark"] == mark(bytes.fromhex(vector["key"]), vector["text"].encode()).hex()


def test_a_mark_by_sm3_is_its_hmac_put_together_by_hand() -> None:
    key, text = b"k" * 32, b"11010519491231002X"
    block = key.ljust(64, b"\x00")
    inner = hashlib.new("sm3", bytes(byte ^ 0x36 for byte in block) + text).digest()
    outer = hashlib.new("sm3", bytes(byte ^ 0x5C for byte in block) + inner).digest()

    assert outer == mark(key, text, "sm3")


def test_the_password_that_was_set_matches_and_no_other() -> None:
    kept = hash_password(b"mark of 135790", b"s" * 16)

    verify_password(b"mark of 135790", kept)
    with refuses(Reason.PASSWORD_DOES_NOT_MATCH):
        verify_password(b"mark of 135791", kept)


@pytest.mark.parametrize("kept", ["", "$argon2id$v=19$m=1,t=1$x", "135790", "$2b$12$abc"])
def test_what_was_never_a_hash_matches_nothing(kept: str) -> None:
    with refuses(Reason.PASSWORD_DOES_NOT_MATCH):
        verify_password(b"mark of 135790", kept)


def test_a_second_implementation_hashes_alike() -> None:
    vector = vectors("digests", "argon2id")
    peer = Argon2id(
        salt=bytes.fromhex(vector["salt"]),
        length=32,
        iterations=vector["passes"],
        lanes=vector["lanes"],
        memory_cost=vector["memory_kib"],
        ad=bytes.fromhex(vector["associated"]),
        secret=bytes.fromhex(vector["secret"]),
    )
    ours = Argon2id(salt=b"s" * 16, length=HASH_BYTES, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB)

    assert vector["tag"] == peer.derive(bytes.fromhex(vector["password"])).hex()
    assert hash_password(b"mark", b"s" * 16) == ours.derive_phc_encoded(b"mark")
