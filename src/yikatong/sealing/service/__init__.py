"""What other rooms use of sealing: leaves of their rows, seals of a batch, proofs of the log."""

from yikatong.sealing.rules.statements import (
    series_of,
    verify_batch,
    verify_head,
    verify_series,
    verify_witnessed,
    witness_head,
)
from yikatong.sealing.rules.trees import encode_fields, hash_leaf, verify_consistency, verify_inclusion
from yikatong.sealing.service.keys import (
    LEAF_SECRET,
    LOG_KEY,
    WANTED_KEYS,
    WANTED_LEAF_SECRET,
    WANTED_LOG_KEY,
    leaf_secrets_of,
    log_keys_of,
)
from yikatong.sealing.service.log import find_seal, get_certificate, get_head, prove_consistency, prove_inclusion
from yikatong.sealing.service.marks import mark_leaves_by
from yikatong.sealing.service.sealer import SET_ASIDE, Sealer
from yikatong.sealing.service.series import Sealed, Unsealed, Writer, leave, leaving
from yikatong.sealing.service.witnessing import show_to_witness, sign_as_witness

__all__ = [
    "LEAF_SECRET",
    "LOG_KEY",
    "SET_ASIDE",
    "WANTED_KEYS",
    "WANTED_LEAF_SECRET",
    "WANTED_LOG_KEY",
    "Sealed",
    "Sealer",
    "Unsealed",
    "Writer",
    "encode_fields",
    "find_seal",
    "get_certificate",
    "get_head",
    "hash_leaf",
    "leaf_secrets_of",
    "leave",
    "leaving",
    "log_keys_of",
    "mark_leaves_by",
    "prove_consistency",
    "prove_inclusion",
    "series_of",
    "show_to_witness",
    "sign_as_witness",
    "verify_batch",
    "verify_consistency",
    "verify_head",
    "verify_inclusion",
    "verify_series",
    "verify_witnessed",
    "witness_head",
]
