"""Reads the vectors of trust; SOURCES.md beside them says where each came from."""

from pathlib import Path
from typing import Any

import yaml

from yikatong.trust.model import Algorithm, PublicKey

FOLDER = Path(__file__).parents[2] / "vectors" / "trust"


def vectors(name: str, part: str) -> Any:
    """One part of a vector file."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))[part]


def a_point(x: str, y: str) -> bytes:
    """A compressed point from its coordinates in hex."""
    return bytes((2 + int(y, 16) % 2,)) + bytes.fromhex(x)


def a_public_key(vector: dict[str, str]) -> PublicKey:
    """A key of a vector file, given by algorithm, x and, for points, y."""
    data = a_point(vector["x"], vector["y"]) if "y" in vector else bytes.fromhex(vector["x"])
    return PublicKey(algorithm=Algorithm[vector["algorithm"]], data=data)
