"""Bytes as text in the URL-safe alphabet of RFC 4648 §5, without padding."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def read_base64url(text: str) -> bytes:
    """Read a text; what is none gives no bytes, which whoever takes them apart refuses by name."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def write_base64url(data: bytes) -> str:
    """Write bytes as a text."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
