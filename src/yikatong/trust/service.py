"""What other rooms use of trust, by subject."""

from yikatong.trust.algorithms import (
    algorithm_of,
    key_id_of,
    new_signing_key,
    parse_verifying_key,
    probe_sm2,
    signing_key,
    verifying_key,
)
from yikatong.trust.gbt32905_sm3.digests import Sm3, digest_sm3
from yikatong.trust.held_lists import LIFE as TRUST_LIST_LIFE
from yikatong.trust.held_lists import (
    find_status_list,
    hold_status_list,
    hold_trust_list,
    pin_own_roots,
    publish_trust_list,
    read_held_trust_list,
    renew_trust_list,
)
from yikatong.trust.keys_at_rest.external_holder import ExternalKeyHolder
from yikatong.trust.keys_at_rest.file_holder import FileKeyHolder, open_key_folder
from yikatong.trust.keys_at_rest.key_file import KeysAtRestError
from yikatong.trust.keys_at_rest.vault import (
    KeyHolderVault,
    OpenDataKey,
    alias_key_name,
    keys_of_region,
    region_key_name,
    split_key_name,
    wanted_keys,
)
from yikatong.trust.measure import VerificationCost, bare_check, measure_verification
from yikatong.trust.region_keys import list_standings, publish_region_keys, republish_trust_list
from yikatong.trust.rfc2104_hmac.marks import mark, mark_many
from yikatong.trust.rfc5297_siv.alias import ALIAS_OVERHEAD, open_alias, seal_alias
from yikatong.trust.rfc8392_cwt.claims import decode_claims, encode_claims
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode
from yikatong.trust.rfc9052_cose.keys import decode_cose_key, encode_cose_key, from_cose_map, to_cose_map
from yikatong.trust.rfc9052_cose.sign1 import decode_sign1, sign_sign1, verify_sign1
from yikatong.trust.rfc9106_argon2.passwords import hash_password, verify_password
from yikatong.trust.rfc9285_base45.base45 import decode_base45, encode_base45
from yikatong.trust.sp800_38d_gcm.seal import new_data_key, seal, unseal, unwrap, wrap
from yikatong.trust.token_status_list.status_list import (
    CLOCK_SKEW,
    INVALID,
    SUSPENDED,
    VALID,
    StatusListBuilder,
    accept_status_list,
    read_status_list,
    sign_status_list,
    status_at,
    verify_fresh,
)
from yikatong.trust.trusted_regions.document import sign_trust_list, verify_trust_list
from yikatong.trust.trusted_regions.rules import (
    accept_trust_list,
    accept_trust_lists,
    get_region_key,
    keys_change_at,
    keys_in_force,
    verify_fresh_trust_list,
)

__all__ = [
    "ALIAS_OVERHEAD",
    "CLOCK_SKEW",
    "INVALID",
    "SUSPENDED",
    "TRUST_LIST_LIFE",
    "VALID",
    "ExternalKeyHolder",
    "FileKeyHolder",
    "KeyHolderVault",
    "KeysAtRestError",
    "OpenDataKey",
    "Sm3",
    "StatusListBuilder",
    "VerificationCost",
    "accept_status_list",
    "accept_trust_list",
    "accept_trust_lists",
    "algorithm_of",
    "alias_key_name",
    "bare_check",
    "decode_base45",
    "decode_claims",
    "decode_cose_key",
    "decode_sign1",
    "decode_strict",
    "digest_sm3",
    "encode",
    "encode_base45",
    "encode_claims",
    "encode_cose_key",
    "find_status_list",
    "from_cose_map",
    "get_region_key",
    "hash_password",
    "hold_status_list",
    "hold_trust_list",
    "key_id_of",
    "keys_change_at",
    "keys_in_force",
    "keys_of_region",
    "list_standings",
    "mark",
    "mark_many",
    "measure_verification",
    "new_data_key",
    "new_signing_key",
    "open_alias",
    "open_key_folder",
    "parse_verifying_key",
    "pin_own_roots",
    "probe_sm2",
    "publish_region_keys",
    "publish_trust_list",
    "read_held_trust_list",
    "read_status_list",
    "region_key_name",
    "renew_trust_list",
    "republish_trust_list",
    "seal",
    "seal_alias",
    "sign_sign1",
    "sign_status_list",
    "sign_trust_list",
    "signing_key",
    "split_key_name",
    "status_at",
    "to_cose_map",
    "unseal",
    "unwrap",
    "verify_fresh",
    "verify_fresh_trust_list",
    "verify_password",
    "verify_sign1",
    "verify_trust_list",
    "verifying_key",
    "wanted_keys",
    "wrap",
]
