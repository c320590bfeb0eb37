"""The types of trust: algorithms, keys, envelopes, claims, lists, and the reasons why something is not trusted."""

from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol

import msgspec

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText


class Algorithm(IntEnum):
    """A signature algorithm under its COSE number (RFC 9053 §2; SM2: private use, docs/formats/envelopes)."""

    ES256 = -7
    EDDSA = -8
    SM2 = -65918


SM2_SIGNER_ID = b"1234567812345678"
"""The signer id that enters an SM2 digest unless a region sets another (GB/T 35276-2017 §10)."""


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

    `protected` is the header as signed; `algorithm` and `key_id` are what the headers say.
    """

    protected: bytes
    algorithm: int
    key_id: bytes | None
    payload: bytes
    signature: bytes


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


class Reason(outcomes.Reason):
    """Why something is not trusted."""

    ENVELOPE_IS_TOO_LARGE = ReasonText(
        413,
        "The signed message is larger than this place accepts.",
        "签名报文超过此处允许的长度。",
        "Nothing was read. Send a message within the stated size.",
        "报文未被读取，请按规定长度发送。",
    )
    ENVELOPE_IS_MALFORMED = ReasonText(
        400,
        "The signed message is not a well-formed COSE_Sign1.",
        "签名报文不是格式正确的 COSE_Sign1。",
        "Nothing was kept. Scan again, or report the sender's software.",
        "未保留任何内容，请重新扫码，或反馈发送方软件问题。",
    )
    CLAIMS_ARE_MALFORMED = ReasonText(
        400,
        "The claims of the certificate cannot be read.",
        "证书声明无法读取。",
        "Nothing was kept. Refresh the certificate.",
        "未保留任何内容，请刷新证书。",
    )
    KEY_IS_MALFORMED = ReasonText(
        400,
        "The key is not a valid key of its algorithm.",
        "密钥不是该算法的有效密钥。",
        "Nothing was kept. Make a new key and try again.",
        "未保留任何内容，请生成新的密钥后重试。",
    )
    ALGORITHM_IS_NOT_KNOWN = ReasonText(
        422,
        "The key or message names an algorithm that is not used here.",
        "密钥或报文所用算法不在本平台支持范围内。",
        "Nothing was kept. Use ES256, EdDSA or SM2.",
        "未保留任何内容，请使用 ES256、EdDSA 或 SM2。",
    )
    ALGORITHM_IS_NOT_THE_PINNED_ONE = ReasonText(
        403,
        "The message names another algorithm than the one its key is pinned to.",
        "报文所用算法与该密钥指定的算法不一致。",
        "Nothing was accepted. A genuine sender uses the pinned algorithm.",
        "未接受该报文，真实发送方只会使用指定算法。",
    )
    SIGNATURE_DOES_NOT_MATCH = ReasonText(
        403,
        "The signature is not this key's signature of this message.",
        "签名与密钥和报文不符。",
        "Nothing was accepted. Show a fresh code.",
        "未接受该报文，请出示新的卡码。",
    )
    SM2_IS_NOT_AVAILABLE_HERE = ReasonText(
        422,
        "This machine's cryptographic library has no SM2.",
        "本机密码库不支持 SM2。",
        "Nothing was checked. Install OpenSSL 3 (libcrypto.so.3) with SM2, or use an outside module.",
        "未进行校验，请安装支持 SM2 的 OpenSSL 3（libcrypto.so.3），或使用外部密码机。",
    )
    TEXT_IS_NOT_BASE45 = ReasonText(
        400,
        "The scanned text is not Base45.",
        "扫描到的文本不是 Base45 编码。",
        "Nothing was kept. Scan again.",
        "未保留任何内容，请重新扫码。",
    )
    ALIAS_DOES_NOT_OPEN = ReasonText(
        403,
        "The alias was not sealed by this region.",
        "该别名不是本地区签发的。",
        "Nothing was accepted. Refresh the certificate.",
        "未接受该别名，请刷新证书。",
    )
