"""The schemas of ISO 20022 messages as the standard's registration authority publishes them, and a parser's limits.

They lie in `data/iso20022`, each under the name of its message and version, unchanged.
"""

from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any

from lxml import etree

from yikatong.payouts.model import ReturnKind

PAYMENT = "pain.001.001.09"
"""The message that we write: CustomerCreditTransferInitiation."""

READ = {
    "pain.002.001.03": ReturnKind.STATUS,
    "pain.002.001.12": ReturnKind.STATUS,
    "camt.053.001.08": ReturnKind.STATEMENT,
    "camt.054.001.08": ReturnKind.NOTIFICATION,
}
"""The messages that we read, with their versions."""

PARSING: dict[str, Any] = {
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""How every message is parsed: nothing is fetched, and no text is larger than ten million bytes.

Whoever reads refuses a document type first, so that there is no entity that could be expanded. (A parser that is told
not to expand any, and to keep a schema, passes over a file that breaks off.)
"""


def namespace_of(message: str) -> str:
    """The namespace of a message and version."""
    return f"urn:iso:std:iso:20022:tech:xsd:{message}"


@cache
def schema_of(message: str) -> etree.XMLSchema:
    """The compiled schema of a message and version."""
    data = files("yikatong.payouts").joinpath("data", "iso20022", f"{message}.xsd").read_bytes()
    return etree.XMLSchema(etree.parse(BytesIO(data), etree.XMLParser(resolve_entities=False, no_network=True)))
