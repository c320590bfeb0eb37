"""The item list that comes with the platform: data/items.csv, data/sources.csv and data/terms.yaml.

The list gathers items named in public sources, each with its source; it is not any official list. `items.csv` holds
the legal columns, one row an entry of each region it names; `sources.csv` the documents that rows cite by a short
tag; `terms.yaml` the terms of use, first by class of item, then by scene, then for single items that a service line
serves.
"""

import csv
from datetime import date
from importlib.resources import files
from typing import Any

import msgspec
import yaml

from yikatong.catalogue.model import FormBasis, Item, ItemClass
from yikatong.catalogue.rules import forms_of_class

LIST_NAME = "named-items"
"""The name of the platform's list; an installation gives its own entries another."""


class ItemList(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a list; the list version of its entries reads `<name> <version>`."""

    name: str
    version: str
    valid_from: date
    items: tuple[Item, ...]


def _read_text(name: str) -> str:
    return files(__package__).joinpath("data", name).read_text(encoding="utf-8")


def _read_rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_read_text(name).splitlines()))


def read_item_list(*, valid_from: date | None = None) -> ItemList:
    """Read the list that comes with the platform, in force from another day than its own where one is given.

    Raises ValueError naming the row that cannot be read.
    """
    terms = yaml.load(_read_text("terms.yaml"), Loader=yaml.CSafeLoader)
    sources = {row["tag"]: row["source"] for row in _read_rows("sources.csv")}
    begins = valid_from or terms["valid_from"]
    head = {"list_version": f"{LIST_NAME} {terms['version']}", "valid_from": begins}
    return ItemList(
        name=LIST_NAME,
        version=terms["version"],
        valid_from=begins,
        items=tuple(
            _read_item(row, region=region, terms=terms, sources=sources, head=head)
            for row in _read_rows("items.csv")
            for region in row["region"].split()
        ),
    )


def _read_item(
    row: dict[str, str], *, region: str, terms: dict[str, Any], sources: dict[str, str], head: dict[str, Any]
) -> Item:
    forms, form_basis = _read_forms(row["forms"], ItemClass(row["item_class"]))
    fields: dict[str, Any] = {
        **terms["by_class"][row["item_class"]],
        **terms["by_scene"].get(row["scene"], {}).get(row["item_class"], {}),
        **terms["by_item"].get(row["code"], {}),
        **head,
        **{name: value for name, value in row.items() if value},
        "number": int(row["number"]),
        "region": region,
        "aliases": [alias for alias in row["aliases"].split(";") if alias],
        "forms": forms,
        "form_basis": form_basis,
        "source": sources[row["source"]],
    }
    try:
        return msgspec.convert(fields, Item)
    except msgspec.ValidationError as error:
        raise ValueError(f"items.csv, {row['code']}: {error}") from error


def _read_forms(text: str, item_class: ItemClass) -> tuple[tuple[str, ...], FormBasis]:
    """Forms as the source states them; none, or those behind a plus sign, come on top of the class rule."""
    if text and not text.startswith("+"):
        return tuple(text.split()), FormBasis.STATED
    of_class = [form.value for form in forms_of_class(item_class)]
    return tuple(dict.fromkeys(of_class + text.removeprefix("+").split())), FormBasis.CLASS_RULE
