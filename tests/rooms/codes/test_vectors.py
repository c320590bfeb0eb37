"""Frozen presentations: whatever was once written must be read for ever, to the same meaning."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.builders.codes import a_challenge, asked
from yikatong.codes import service as codes
from yikatong.codes.model import ChipCertificate, CodeKind, Posture, StoredChip, Strength
from yikatong.codes.rules.chip_certificate import CHIP_CERTIFICATE_CONTEXT, open_chip_certificate
from yikatong.codes.service import OwnRegion, RegionView
from yikatong.kernel.ids import CardId, ResidentId
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, PublicKey

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "codes" / "presentations.json").read_text(encoding="utf-8")
)
MADE_AT = datetime.fromtimestamp(VECTORS["made_at"], UTC)


def public_key(algorithm: int, hexadecimal: str) -> PublicKey:
    """A public key of a vector."""
    return PublicKey(algorithm=Algorithm(algorithm), data=bytes.fromhex(hexadecimal))


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["name"])
def test_a_frozen_code_is_read_at_home(vector: dict[str, Any]) -> None:
    own = {vector["region"]: OwnRegion((bytes.fromhex(vector["alias_key"]),))}
    view = RegionView(keys={}, own=own, bucket_count=16)
    read = codes.read_code(vector["text"], regions=view, now=MADE_AT)

    assert (UUID(vector["resident_id"]), vector["serial"]) == (read.resident_id, read.serial)
    assert public_key(vector["algorithm"], vector["show_public_key"]) == read.show_key
    assert (CodeKind.PAYMENT, Posture.CLEAR, "0102030405060708") == (read.kind, read.posture, read.nonce.hex())
    assert (asked() if vector["answered"] else None) == read.answer
    assert vector["code"] == read.evidence.hex()


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["name"])
def test_a_frozen_code_is_read_elsewhere(vector: dict[str, Any]) -> None:
    key = trust.verifying_key(public_key(vector["algorithm"], vector["region_public_key"]))
    keys = {vector["region"]: {bytes.fromhex(vector["key_id"]): key}}
    read = codes.read_code(vector["text"], regions=RegionView(keys=keys, own={}, bucket_count=16), now=MADE_AT)

    assert read.claims is not None
    assert (2, 3, 70_000) == (read.claims.level, read.claims.concession, read.claims.status_index)


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["name"])
def test_a_frozen_alias_and_text_are_written_the_same_today(vector: dict[str, Any]) -> None:
    claims = trust.decode_claims(trust.decode_sign1(bytes.fromhex(vector["certificate"]), 256).payload)
    alias = codes.seal_resident(
        vector["region"],
        bytes.fromhex(vector["alias_key"]),
        ResidentId(UUID(vector["resident_id"])),
        vector["serial"],
    )

    assert alias == claims.cwt_id
    assert vector["text"] == codes.write_code(bytes.fromhex(vector["code"]))


def test_a_frozen_till_code_is_read() -> None:
    vector = VECTORS["challenge"]
    key = trust.verifying_key(public_key(Algorithm.ES256, vector["terminal_public_key"]))

    assert a_challenge() == codes.verify_challenge(vector["text"], terminal_key=key, now=MADE_AT)


def test_a_frozen_chip_is_read() -> None:
    vector = VECTORS["chip"]
    stored = StoredChip(
        card_id=CardId(UUID(int=1)),
        resident_id=ResidentId(UUID(int=2)),
        bucket=0,
        public_key=public_key(Algorithm.ES256, vector["card_public_key"]),
    )
    read = codes.read_chip(bytes.fromhex(vector["data"]))
    presented = codes.verify_chip(read, stored, terminal_id=read.presentation.terminal_id, expected=asked())

    assert ("A12345678", 5) == (read.presentation.card_number, presented.serial)
    assert Strength.ANSWERED is presented.strength


CERTIFICATES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "codes" / "chip_certificates.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", CERTIFICATES["certificates"], ids=lambda vector: vector["name"])
def test_a_frozen_certificate_of_a_chip_is_read(vector: dict[str, Any]) -> None:
    key = trust.verifying_key(public_key(CERTIFICATES["region_algorithm"], CERTIFICATES["region_public_key"]))
    envelope, certificate = open_chip_certificate(bytes.fromhex(vector["certificate"]))
    trust.verify_sign1(envelope, key, CHIP_CERTIFICATE_CONTEXT)

    assert CERTIFICATES["key_id"] == (envelope.key_id or b"").hex()
    assert certificate == ChipCertificate(
        region=vector["region"],
        card_number=vector["card_number"],
        public_key=public_key(vector["algorithm"], vector["public_key"]),
        status_index=vector["status_index"],
        expires_at=datetime.fromtimestamp(vector["expires_at"], UTC),
    )
