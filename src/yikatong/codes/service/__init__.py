"""What other rooms use of codes: reading and deciding presentations, giving and stopping certificates, status lists."""

from yikatong.codes.rules.attested import decide_attested
from yikatong.codes.rules.certificate import expiry_of, issue_certificate, seal_resident
from yikatong.codes.rules.challenge import read_challenge, verify_challenge, write_challenge
from yikatong.codes.rules.chip import present_chip, read_chip, sign_chip, verify_chip
from yikatong.codes.rules.code import decide_age, decide_answer, decide_presented, mint_code, write_code
from yikatong.codes.rules.confirmation import decide_confirmation, read_confirmation, sign_confirmation
from yikatong.codes.rules.foreign import decide_foreign
from yikatong.codes.rules.reading import read_code, read_code_of_any_age, read_codes_of_any_age
from yikatong.codes.rules.refresh import read_refresh, sign_refresh
from yikatong.codes.rules.regions import OwnRegion, RegionView, SeenCertificates
from yikatong.codes.rules.sheet import key_digest, sign_sheet
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, status_list_name
from yikatong.codes.rules.status_delta import (
    DELTA_CONTEXT,
    accept_status_delta,
    apply_changes,
    edition_digest,
    open_status_delta,
    sign_status_delta,
)
from yikatong.codes.service.certificates import restore_certificates, revoke_certificates, suspend_certificates
from yikatong.codes.service.chips import certify_chip, restore_chip_certificates
from yikatong.codes.service.keys import Issuer, get_issuer, view_at, view_regions
from yikatong.codes.service.refreshing import RefreshWork, give_certificates, lock_for_refresh, refresh
from yikatong.codes.service.status_lists import get_status_lists, make_status_deltas, publish_status_list
from yikatong.codes.store import find_certificate_at, find_certificates, find_chip_certificate_at, list_show_keys

__all__ = [
    "BITS",
    "BLOCK_SIZE",
    "DELTA_CONTEXT",
    "Issuer",
    "OwnRegion",
    "RefreshWork",
    "RegionView",
    "SeenCertificates",
    "accept_status_delta",
    "apply_changes",
    "certify_chip",
    "decide_age",
    "decide_answer",
    "decide_attested",
    "decide_confirmation",
    "decide_foreign",
    "decide_presented",
    "edition_digest",
    "expiry_of",
    "find_certificate_at",
    "find_certificates",
    "find_chip_certificate_at",
    "get_issuer",
    "get_status_lists",
    "give_certificates",
    "issue_certificate",
    "key_digest",
    "list_show_keys",
    "lock_for_refresh",
    "make_status_deltas",
    "mint_code",
    "open_status_delta",
    "present_chip",
    "publish_status_list",
    "read_challenge",
    "read_chip",
    "read_code",
    "read_code_of_any_age",
    "read_codes_of_any_age",
    "read_confirmation",
    "read_refresh",
    "refresh",
    "restore_certificates",
    "restore_chip_certificates",
    "revoke_certificates",
    "seal_resident",
    "sign_chip",
    "sign_confirmation",
    "sign_refresh",
    "sign_sheet",
    "sign_status_delta",
    "status_list_name",
    "suspend_certificates",
    "verify_challenge",
    "verify_chip",
    "view_at",
    "view_regions",
    "write_challenge",
    "write_code",
]
