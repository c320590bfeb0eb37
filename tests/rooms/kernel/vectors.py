"""Reads the kernel's vectors; SOURCES.md beside them says where each came from."""

from pathlib import Path
from typing import Any, cast

import yaml

FOLDER = Path(__file__).parents[2] / "vectors" / "kernel"


def vectors(name: str, part: str) -> list[dict[str, Any]]:
    """One part (`read` or `refused`) of a vector file."""
    content = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return cast(list[dict[str, Any]], content[part])
