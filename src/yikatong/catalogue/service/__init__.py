"""What other rooms use of the catalogue; every function that takes `conn` works in its open transaction."""

from yikatong.catalogue.seeds import ItemList, read_item_list
from yikatong.catalogue.service.items import (
    SUBJECT,
    SeededList,
    end_item,
    find_item,
    get_item,
    list_items,
    publish_item,
    seed_items,
)
from yikatong.catalogue.service.recognition import end_recognition, list_recognitions, set_recognition
from yikatong.catalogue.service.registry import (
    allow_purposes,
    find_provider,
    get_place,
    get_provider,
    get_terminal,
    list_provider_ids,
    list_terminals_of_provider,
    register_place,
    register_provider,
    register_terminal,
    revoke_terminal,
)
from yikatong.catalogue.service.snapshot import load_snapshot

__all__ = [
    "SUBJECT",
    "ItemList",
    "SeededList",
    "allow_purposes",
    "end_item",
    "end_recognition",
    "find_item",
    "find_provider",
    "get_item",
    "get_place",
    "get_provider",
    "get_terminal",
    "list_items",
    "list_provider_ids",
    "list_recognitions",
    "list_terminals_of_provider",
    "load_snapshot",
    "publish_item",
    "read_item_list",
    "register_place",
    "register_provider",
    "register_terminal",
    "revoke_terminal",
    "seed_items",
    "set_recognition",
]
