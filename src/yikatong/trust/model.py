"""The types of trust: algorithms, keys, envelopes, claims, lists, and the reasons why something is not trusted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Protocol

import msgspec

from yikatong.trust.reasons import Reason as Reason


class Algorithm(IntEnum):
    """A signature algorithm under its COSE number (RFC 9053 §2; SM2: private use, docs/formats/envelopes)."""

    ES256 = -7
    EDDSA = -8
    SM2 = -65918


SM2_SIGNER_ID = b"1234567812345678"
"""The signer id that enters an SM2 digest unless a region sets another (GB/T 35276-2017)."""


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as bytes: a compressed point of 33 bytes (ES256, SM2) or the 32 bytes of an Ed25519 key."""

    algorithm: Algorithm
    data: bytes


class SigningKey(Protocol):
    """A private key that signs; made once and kept."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign a message; the signature is 64 bytes (r then s, or the Ed25519 signature)."""
        ...

    def private_bytes(self) -> bytes:
        """The 32 secret bytes, for keeping the key encrypted at rest."""
        ...


class VerifyingKey(Protocol):
    """A public key, parsed; made once and kept."""

    @property
    def public_key(self) -> PublicKey:
        """The key as bytes, with the algorithm it is pinned to."""
        ...

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when the signature is the key's over the message; raise Refused SIGNATURE_DOES_NOT_MATCH otherwise."""
        ...


class Sign1(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a COSE_Sign1 (RFC 9052 §4.2), taken apart and not yet verified.

    `protected` is the header as signed; `algorithm`, `key_id` and `type` (RFC 9596) are what the headers say.
    """

    protected: bytes
    algorithm: int
    key_id: bytes | None
    payload: bytes
    signature: bytes
    type: str | int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate says of its card: level, concession number (0: none), place in the status list."""

    level: int
    concession: int
    status_index: int


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a CWT (RFC 8392 §3.1), its confirmation key (RFC 8747 §3.2) and our own claim, the standing."""

    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None
    expires_at: datetime | None = None
    not_before_at: datetime | None = None
    issued_at: datetime | None = None
    cwt_id: bytes | None = None
    confirmation: PublicKey | None = None
    standing: Standing | None = None


CborMap = dict[Any, Any]


class StatusList(msgspec.Struct, frozen=True, kw_only=True):
    """A status list as read (Token Status List §4, §5.2): `bits` for each place, least significant first, in `data`.

    `ttl_seconds` is how long a copy may be kept before a newer one is asked for.
    """

    subject: str
    issued_at: datetime
    expires_at: datetime | None
    ttl_seconds: int | None
    bits: int
    data: bytes


class RegionKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a region on the trust list; `valid_until` is exclusive, `revoked_at` is None while it is good."""

    region: str
    key_id: bytes
    public_key: PublicKey
    valid_from_at: datetime
    valid_until: datetime
    revoked_at: datetime | None = None


class TrustList(msgspec.Struct, frozen=True, kw_only=True):
    """The list of trusted regions: `sequence` only grows; `roots` are the keys that may sign the next list."""

    sequence: int
    issued_at: datetime
    expires_at: datetime
    roots: tuple[PublicKey, ...]
    keys: tuple[RegionKey, ...]


class HeldTrustList(msgspec.Struct, frozen=True, kw_only=True):
    """What a verifier holds: the roots it accepts next, and the last accepted list with its envelope, if any."""

    roots: tuple[PublicKey, ...]
    trust_list: TrustList | None = None
    envelope: bytes = b""


class SealCipher(IntEnum):
    """A cipher of seals, under its number in their header; the length of a key says which it is for."""

    AES_256_GCM = 1
    SM4_GCM = 2


class KeyKind(StrEnum):
    """What a held key does: sign, wrap other keys, make marks, or be a secret that is used in this process."""

    SIGNING = "signing"
    WRAPPING = "wrapping"
    MARKING = "marking"
    SECRET = "secret"  # noqa: S105  a kind of key, no secret


class WantedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a holder is to have: its name, what it does, and for signing its algorithm.

    `cipher` counts for wrapping keys, and for marking keys, which mark by SM3 where SM4 is chosen.
    """

    name: str
    kind: KeyKind
    algorithm: Algorithm | None = None
    cipher: SealCipher = SealCipher.AES_256_GCM


class HeldKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is held, without its secret; the newest of a name is the present one."""

    name: str
    kind: KeyKind
    key_id: bytes
    made_at: datetime
    public_key: PublicKey | None = None


class KeyState(StrEnum):
    """What a held key does now.

    Present: it signs, wraps, marks or seals what is new. Former: what it did is still believed or opened. Not
    published: it is a region's newest key, and no list names it. Ended and revoked: nobody believes it any more.
    """

    PRESENT = "present"
    FORMER = "former"
    NOT_PUBLISHED = "not_published"
    ENDED = "ended"
    REVOKED = "revoked"


class KeyStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A held key with its state; `ends_at` is when a region's key ends or ended by the list, None for other keys."""

    key: HeldKey
    state: KeyState
    ends_at: datetime | None = None


class HeldSigner(msgspec.Struct, frozen=True, kw_only=True):
    """The present signing key of a name, with the id that goes into headers."""

    key_id: bytes
    key: SigningKey


class KeyHolder(Protocol):
    """Holds the private and master keys, in files or in a cryptographic module; nothing secret but `secrets` leaves it.

    Calls are plain calls: a file holder works in memory; a module is asked over a local socket within a short time
    limit and may refuse any call with KEY_HOLDER_DOES_NOT_ANSWER.
    """

    def held_keys(self) -> tuple[HeldKey, ...]:
        """Every key, oldest first."""
        ...

    def signer(self, name: str) -> HeldSigner:
        """The present signing key of a name; refuses with KEY_IS_NOT_HELD."""
        ...

    def sign(self, key_id: bytes, message: bytes) -> bytes:
        """Sign with a key by its id; refuses with KEY_IS_NOT_HELD."""
        ...

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """Wrap a data key with the present master key."""
        ...

    def wrap_many(self, parts: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap several data keys, each with its context, as `wrap` does."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap with whichever master key wrapped it; refuses with SEAL_DOES_NOT_OPEN."""
        ...

    def unwrap_many(self, parts: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Unwrap several data keys, each for its context, as `unwrap` does."""
        ...

    def mark(self, name: str, text: bytes) -> bytes:
        """The 32-byte mark of a text; refuses with KEY_IS_NOT_HELD."""
        ...

    def mark_many(self, name: str, texts: Iterable[bytes]) -> list[bytes]:
        """The marks of several texts, in their order; refuses with KEY_IS_NOT_HELD."""
        ...

    def secrets(self, name: str) -> tuple[bytes, ...]:
        """The 64-byte secrets of a name, the present one first; refuses with KEY_IS_NOT_HELD."""
        ...

    def reload(self) -> None:
        """Learn of keys that another process made."""
        ...
