"""What is presented at a terminal, read, stored and decided: frozen values."""

from yikatong.catalogue.model import SceneGroup
from yikatong.codes.model.certificates import (
    CertificateAt,
    ChipCertificate,
    ChipCertificateAt,
    IssuedCertificate,
    Refreshed,
    RefreshRequest,
    RegionClaims,
    ShowKey,
    StoredCertificate,
)
from yikatong.codes.model.offline import OfflineAllowance, OfflineItem, OfflineSheet, UploadedLine
from yikatong.codes.model.presented import (
    Asked,
    Attestation,
    CertifiedChip,
    Challenge,
    ChipPresentation,
    Confirmation,
    Presented,
    ReadChip,
    ReadCode,
    StoredChip,
)
from yikatong.codes.model.status import PublishedList, StatusChanges, StatusDelta, StatusEdition, StatusStep
from yikatong.codes.model.words import CertificateState, CodeKind, DocumentSeen, Form, Posture, Strength
from yikatong.codes.reasons import Reason

__all__ = [
    "Asked",
    "Attestation",
    "CertificateAt",
    "CertificateState",
    "CertifiedChip",
    "Challenge",
    "ChipCertificate",
    "ChipCertificateAt",
    "ChipPresentation",
    "CodeKind",
    "Confirmation",
    "DocumentSeen",
    "Form",
    "IssuedCertificate",
    "OfflineAllowance",
    "OfflineItem",
    "OfflineSheet",
    "Posture",
    "Presented",
    "PublishedList",
    "ReadChip",
    "ReadCode",
    "Reason",
    "RefreshRequest",
    "Refreshed",
    "RegionClaims",
    "SceneGroup",
    "ShowKey",
    "StatusChanges",
    "StatusDelta",
    "StatusEdition",
    "StatusStep",
    "StoredCertificate",
    "StoredChip",
    "Strength",
    "UploadedLine",
]
