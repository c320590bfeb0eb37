"""The offline sheet: what a terminal may do without a network, signed by its region (docs/formats/offline-sheet.md)."""

from datetime import timedelta
from hashlib import sha256

from yikatong.codes.model import OfflineAllowance, OfflineItem, OfflineSheet, SceneGroup, Strength, UploadedLine
from yikatong.codes.rules.envelope import open_envelope
from yikatong.codes.rules.wire import (
    ITEM_NUMBER_MAX,
    read_amount,
    read_bytes,
    read_flag,
    read_list,
    read_number,
    read_region,
    read_seconds,
    read_text,
    read_uuid,
    seconds_of,
)
from yikatong.kernel.ids import ProviderId, TerminalId
from yikatong.trust import service as trust
from yikatong.trust.model import Sign1, SigningKey

SHEET_BYTES_MAX = 4 * 1024 * 1024
SHEET_CONTEXT = b"yikatong offline sheet"
KEY_DIGEST_BYTES = 16
MEMORY_BYTES = 8
_PARTS, _ITEM_PARTS, _ALLOWANCE_PARTS, _LINE_PARTS = 9, 8, 8, 3
_NAME_CHARS_MAX = 40
_CODE_CHARS_MAX = 48
_AGE_SECONDS_MAX = 30 * 86_400
_SEQUENCE_MAX = 2**53
_SCENES = {group.value: group for group in SceneGroup}


def key_digest(show_key: bytes) -> bytes:
    """How a sheet names a show key: the first 16 bytes of its SHA-256."""
    return sha256(show_key).digest()[:KEY_DIGEST_BYTES]


def sign_sheet(sheet: OfflineSheet, region_key: SigningKey, *, key_id: bytes) -> bytes:
    """Sign a sheet with the region's key."""
    parts: list[object] = [
        sheet.region,
        sheet.terminal_id.bytes,
        sheet.payee_id.bytes,
        sheet.payee_name[:_NAME_CHARS_MAX],
        seconds_of(sheet.issued_at),
        seconds_of(sheet.expires_at),
        [_write_item(item) for item in sheet.items],
        [_write_allowance(allowance) for allowance in sheet.allowances],
        [[line.terminal_id.bytes, line.memory, line.sequence] for line in sheet.uploaded],
    ]
    return trust.sign_sign1(trust.encode(parts), region_key, key_id=key_id, external_aad=SHEET_CONTEXT)


def open_sheet(data: bytes) -> tuple[Sign1, OfflineSheet]:
    """Take a sheet apart; its signature has yet to be verified. Raises ValueError for what is none."""
    envelope, values = open_envelope(data, SHEET_BYTES_MAX, _PARTS)
    items, allowances, uploaded = values[6:9]
    if type(items) is not list or type(allowances) is not list or type(uploaded) is not list:
        raise ValueError("items, allowances and uploads are lists")
    sheet = OfflineSheet(
        region=read_region(values[0]),
        terminal_id=TerminalId(read_uuid(values[1])),
        payee_id=ProviderId(read_uuid(values[2])),
        payee_name=read_text(values[3], _NAME_CHARS_MAX),
        issued_at=read_seconds(values[4]),
        expires_at=read_seconds(values[5]),
        items=tuple(_read_item(item) for item in items),
        allowances=tuple(_read_allowance(allowance) for allowance in allowances),
        uploaded=tuple(_read_line(line) for line in uploaded),
    )
    return envelope, sheet


def _write_item(item: OfflineItem) -> list[object]:
    return [
        item.number,
        item.code,
        item.name[:_NAME_CHARS_MAX],
        item.scene_group.value,
        item.least_strength,
        item.takes_amount,
        item.amount_fen_max,
        int(item.status_age_max.total_seconds()),
    ]


def _read_item(value: object) -> OfflineItem:
    values = read_list(value, _ITEM_PARTS)
    return OfflineItem(
        number=read_number(values[0], ITEM_NUMBER_MAX),
        code=read_text(values[1], _CODE_CHARS_MAX),
        name=read_text(values[2], _NAME_CHARS_MAX),
        scene_group=_read_scene_group(values[3]),
        least_strength=read_number(values[4], int(Strength.CONFIRMED)),
        takes_amount=read_flag(values[5]),
        amount_fen_max=read_amount(values[6]),
        status_age_max=timedelta(seconds=read_number(values[7], _AGE_SECONDS_MAX)),
    )


def _write_allowance(allowance: OfflineAllowance) -> list[object]:
    return [
        allowance.id.bytes,
        allowance.scene_group.value,
        allowance.amount_fen,
        allowance.posted_fen,
        seconds_of(allowance.begins_at),
        seconds_of(allowance.accept_until),
        list(allowance.key_digests),
        allowance.without_pin,
    ]


def _read_allowance(value: object) -> OfflineAllowance:
    values = read_list(value, _ALLOWANCE_PARTS)
    digests = values[6]
    if type(digests) is not list:
        raise ValueError("digests are a list")
    return OfflineAllowance(
        id=read_uuid(values[0]),
        scene_group=_read_scene_group(values[1]),
        amount_fen=read_amount(values[2]),
        posted_fen=read_amount(values[3]),
        begins_at=read_seconds(values[4]),
        accept_until=read_seconds(values[5]),
        key_digests=tuple(read_bytes(digest, KEY_DIGEST_BYTES) for digest in digests),
        without_pin=read_flag(values[7]),
    )


def _read_line(value: object) -> UploadedLine:
    values = read_list(value, _LINE_PARTS)
    return UploadedLine(
        terminal_id=TerminalId(read_uuid(values[0])),
        memory=read_bytes(values[1], MEMORY_BYTES),
        sequence=read_number(values[2], _SEQUENCE_MAX),
    )


def _read_scene_group(value: object) -> SceneGroup:
    if type(value) is not str or value not in _SCENES:
        raise ValueError("not a group of scenes")
    return _SCENES[value]
