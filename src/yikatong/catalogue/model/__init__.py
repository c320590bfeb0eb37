"""The catalogue's frozen values: items, providers and terminals, and the view of them that taps use."""

from yikatong.catalogue.model.items import (
    DataKind,
    Form,
    FormBasis,
    Item,
    ItemClass,
    ItemTerms,
    PublishedItem,
    Scene,
    SceneGroup,
    is_item_code,
    scene_group,
)
from yikatong.catalogue.model.registry import (
    Place,
    Provider,
    ProviderKind,
    Recognition,
    RecognitionKey,
    RecognitionScope,
    RegisteredPlace,
    RegisteredProvider,
    RegisteredTerminal,
    Terminal,
)
from yikatong.catalogue.model.snapshot import Snapshot
from yikatong.catalogue.reasons import Reason

__all__ = [
    "DataKind",
    "Form",
    "FormBasis",
    "Item",
    "ItemClass",
    "ItemTerms",
    "Place",
    "Provider",
    "ProviderKind",
    "PublishedItem",
    "Reason",
    "Recognition",
    "RecognitionKey",
    "RecognitionScope",
    "RegisteredPlace",
    "RegisteredProvider",
    "RegisteredTerminal",
    "Scene",
    "SceneGroup",
    "Snapshot",
    "Terminal",
    "is_item_code",
    "scene_group",
]
