"""SM2 with SM3 by the system's libcrypto (OpenSSL 3), called without its headers.

The library is looked for once, at first use; `open_libcrypto` raises Refused SM2_IS_NOT_AVAILABLE_HERE when it is
absent or has no SM2. Calls release the interpreter's lock. Every handle is freed by its owner.
"""

import ctypes
import ctypes.util
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_void_p
from functools import lru_cache

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Reason

_NID_SM2 = 1172
_COMPRESSED = 2
_KEYPAIR_SELECTION = 0x87
"""EVP_PKEY_KEYPAIR: private key, public key, domain and other parameters."""
_PUBLIC_SELECTION = 0x86
_UNSIGNED_INTEGER, _UTF8_STRING, _OCTET_STRING = 2, 4, 5
DER_SIGNATURE_MAX = 72
POINT_BYTES = 33


class _Param(ctypes.Structure):
    """OSSL_PARAM."""

    _fields_ = (
        ("key", c_char_p),
        ("data_type", ctypes.c_uint),
        ("data", c_void_p),
        ("data_size", c_size_t),
        ("return_size", c_size_t),
    )


_POINTER, _BYTES, _SIZE = c_void_p, c_char_p, c_size_t
_SIGNATURES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "EVP_PKEY_CTX_new_from_name": (_POINTER, (_POINTER, _BYTES, _BYTES)),
    "EVP_PKEY_CTX_new": (_POINTER, (_POINTER, _POINTER)),
    "EVP_PKEY_CTX_free": (None, (_POINTER,)),
    "EVP_PKEY_fromdata_init": (c_int, (_POINTER,)),
    "EVP_PKEY_fromdata": (c_int, (_POINTER, POINTER(c_void_p), c_int, POINTER(_Param))),
    "EVP_PKEY_free": (None, (_POINTER,)),
    "EVP_PKEY_CTX_set1_id": (c_int, (_POINTER, _BYTES, c_int)),
    "EVP_MD_CTX_new": (_POINTER, ()),
    "EVP_MD_CTX_free": (None, (_POINTER,)),
    "EVP_MD_CTX_set_pkey_ctx": (None, (_POINTER, _POINTER)),
    "EVP_MD_fetch": (_POINTER, (_POINTER, _BYTES, _BYTES)),
    "EVP_DigestSignInit": (c_int, (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER)),
    "EVP_DigestSign": (c_int, (_POINTER, _BYTES, POINTER(c_size_t), _BYTES, _SIZE)),
    "EVP_DigestVerifyInit": (c_int, (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER)),
    "EVP_DigestVerify": (c_int, (_POINTER, _BYTES, _SIZE, _BYTES, _SIZE)),
    "EC_GROUP_new_by_curve_name": (_POINTER, (c_int,)),
    "EC_POINT_new": (_POINTER, (_POINTER,)),
    "EC_POINT_free": (None, (_POINTER,)),
    "EC_POINT_mul": (c_int, (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER, _POINTER)),
    "EC_POINT_point2oct": (c_size_t, (_POINTER, _POINTER, c_int, _BYTES, _SIZE, _POINTER)),
    "BN_bin2bn": (_POINTER, (_BYTES, c_int, _POINTER)),
    "BN_clear_free": (None, (_POINTER,)),
    "ERR_clear_error": (None, ()),
    "OpenSSL_version_num": (c_long, ()),
}


class Libcrypto:
    """The opened library with its SM3 digest and its SM2 curve, fetched once."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Bind the functions; raises AttributeError when one is missing and ValueError when SM2 or SM3 is."""
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self.call = library
        self.sm3: int | None = library.EVP_MD_fetch(None, b"SM3", None)
        self._curve: int | None = library.EC_GROUP_new_by_curve_name(_NID_SM2)
        if not self.sm3 or not self._curve:
            library.ERR_clear_error()
            raise ValueError("this libcrypto has no SM2 or no SM3")

    def point_of(self, private_bytes: bytes) -> bytes:
        """The compressed public point of a private number."""
        call = self.call
        number = call.BN_bin2bn(private_bytes, len(private_bytes), None)
        point = call.EC_POINT_new(self._curve)
        encoded = ctypes.create_string_buffer(POINT_BYTES)
        try:
            call.EC_POINT_mul(self._curve, point, number, None, None, None)
            size = call.EC_POINT_point2oct(self._curve, point, _COMPRESSED, encoded, POINT_BYTES, None)
        finally:
            call.EC_POINT_free(point)
            call.BN_clear_free(number)
        if size != POINT_BYTES:
            call.ERR_clear_error()
            raise Refused(Reason.KEY_IS_MALFORMED)
        return encoded.raw

    def new_key(self, *, point: bytes, private_bytes: bytes | None = None) -> int:
        """Make an EVP_PKEY; raises Refused KEY_IS_MALFORMED when the point is not on the curve. The caller frees it."""
        call = self.call
        context = call.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        key = c_void_p()
        selection = _PUBLIC_SELECTION if private_bytes is None else _KEYPAIR_SELECTION
        parameters = _key_parameters(point=point, private_bytes=private_bytes)
        try:
            made = call.EVP_PKEY_fromdata_init(context) == 1
            made = made and call.EVP_PKEY_fromdata(context, byref(key), selection, parameters) == 1
        finally:
            call.EVP_PKEY_CTX_free(context)
        if not made or not key.value:
            call.ERR_clear_error()
            raise Refused(Reason.KEY_IS_MALFORMED)
        return key.value

    def sign(self, key: int, *, signer_id: bytes, message: bytes) -> bytes:
        """Sign SM3(Z ‖ message) and return the DER signature."""
        call = self.call
        digest, context = self._begin(key, signer_id)
        signature, size = ctypes.create_string_buffer(DER_SIGNATURE_MAX), c_size_t(DER_SIGNATURE_MAX)
        try:
            done = call.EVP_DigestSignInit(digest, None, self.sm3, None, key) == 1
            done = done and call.EVP_DigestSign(digest, signature, byref(size), message, len(message)) == 1
        finally:
            self._end(digest, context)
        if not done:
            call.ERR_clear_error()
            raise OSError("libcrypto could not sign with SM2")
        return signature.raw[: size.value]

    def verify(self, key: int, *, signer_id: bytes, der: bytes, message: bytes) -> None:
        """Return when the DER signature is the key's; raise Refused SIGNATURE_DOES_NOT_MATCH otherwise."""
        call = self.call
        digest, context = self._begin(key, signer_id)
        try:
            matches = call.EVP_DigestVerifyInit(digest, None, self.sm3, None, key) == 1
            matches = matches and call.EVP_DigestVerify(digest, der, len(der), message, len(message)) == 1
        finally:
            self._end(digest, context)
        if not matches:
            call.ERR_clear_error()
            raise Refused(Reason.SIGNATURE_DOES_NOT_MATCH)

    def _begin(self, key: int, signer_id: bytes) -> tuple[int, int]:
        """A digest context whose key context knows the signer id, which must be set before the digest begins."""
        digest, context = self.call.EVP_MD_CTX_new(), self.call.EVP_PKEY_CTX_new(key, None)
        if self.call.EVP_PKEY_CTX_set1_id(context, signer_id, len(signer_id)) != 1:
            self._end(digest, context)
            raise OSError("libcrypto could not set the SM2 signer id")
        self.call.EVP_MD_CTX_set_pkey_ctx(digest, context)
        return digest, context

    def _end(self, digest: int, context: int) -> None:
        self.call.EVP_MD_CTX_free(digest)
        self.call.EVP_PKEY_CTX_free(context)


def _key_parameters(*, point: bytes, private_bytes: bytes | None) -> "ctypes.Array[_Param]":
    """OSSL_PARAM array of a key; the array keeps the bytes it points to alive."""
    entries = [(b"group", _UTF8_STRING, b"SM2"), (b"pub", _OCTET_STRING, point)]
    if private_bytes is not None:
        # libcrypto reads whole numbers in the machine's own byte order, which is little-endian on x86-64 and ARM.
        entries.append((b"priv", _UNSIGNED_INTEGER, private_bytes[::-1]))
    parameters = (_Param * (len(entries) + 1))()
    for slot, (name, kind, data) in zip(parameters, entries, strict=False):
        slot.key, slot.data_type, slot.data_size = name, kind, len(data)
        slot.data = ctypes.cast(c_char_p(data), c_void_p)
    parameters.kept_alive = entries  # type: ignore[attr-defined]
    return parameters


def find_libcrypto(*names: str | None) -> Libcrypto | None:
    """The first of these libraries that has SM2 and SM3, or None."""
    for name in names:
        if name is None:
            continue
        try:
            return Libcrypto(ctypes.CDLL(name))
        except (OSError, AttributeError, ValueError):
            continue
    return None


@lru_cache(maxsize=1)
def _find_once() -> Libcrypto | None:
    """The system's library; that there is none is remembered too, because looking again is slow."""
    return find_libcrypto("libcrypto.so.3") or find_libcrypto(ctypes.util.find_library("crypto"))


def open_libcrypto() -> Libcrypto:
    """The system's library, found once; refuses with SM2_IS_NOT_AVAILABLE_HERE when it is absent or lacks SM2."""
    found = _find_once()
    if found is None:
        raise Refused(Reason.SM2_IS_NOT_AVAILABLE_HERE)
    return found
