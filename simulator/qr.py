"""QR pictures: written as PNG at error level M, read back from a picture."""

import struct
import zlib
from typing import Any

import zxingcpp

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_GREY_8_BIT = b"\x08\x00\x00\x00\x00"


def write_qr(text: str, *, module_pixels: int = 4) -> bytes:
    """Draw a text as a QR symbol of error level M with its quiet zone, as a grey PNG."""
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = symbol.to_image(scale=module_pixels, add_quiet_zones=True)
    return _png(memoryview(image))


def version_of(text: str) -> int:
    """The version of the symbol that a text takes at error level M: 17 + 4 · version modules a side."""
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = symbol.to_image(scale=1, add_quiet_zones=False)
    modules: int = image.shape[0]
    return (modules - 17) // 4


def read_qr(picture: Any) -> tuple[str, str]:
    """Read the one symbol in a picture (anything with the buffer of a grey image): its text and its error level.

    Raises ValueError when there is none, or more than one.
    """
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    if len(found) != 1:
        raise ValueError(f"{len(found)} symbols in the picture")
    return found[0].text, found[0].ec_level


def _png(pixels: memoryview) -> bytes:
    """A grey image as PNG (ISO/IEC 15948): signature, IHDR, IDAT, IEND."""
    assert pixels.shape is not None
    height, width = pixels.shape[0], pixels.shape[1]
    flat = pixels.tobytes()
    lines = b"".join(b"\x00" + flat[row * width : (row + 1) * width] for row in range(height))
    header = struct.pack("!II", width, height) + _GREY_8_BIT
    return _PNG_HEAD + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
