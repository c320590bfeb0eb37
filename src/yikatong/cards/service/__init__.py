"""What other rooms use of cards: one function a use case, taking an open transaction first."""

from yikatong.cards.outside import BankAccounts, FaceCheck
from yikatong.cards.rules.device_messages import enrolment_message, session_message
from yikatong.cards.rules.devices import verify_device
from yikatong.cards.rules.e_cards import is_suspended
from yikatong.cards.rules.holder import (
    decide_card_of,
    decide_e_card_of,
    decide_freeze,
    decide_holder,
    decide_shown_payment,
    shown_spent_on,
)
from yikatong.cards.rules.persons import mask_name
from yikatong.cards.service.applications import apply_for_card
from yikatong.cards.service.devices import (
    enrol_device,
    get_device,
    list_devices,
    revoke_device,
    verify_enrolment_signature,
    verify_session_request,
)
from yikatong.cards.service.e_cards import (
    associate,
    bind_bank,
    find_bank_binding,
    find_e_card,
    get_e_card,
    issue_e_card,
    list_channels,
    state_of,
    unbind_bank,
    unlink_channel,
)
from yikatong.cards.service.endings import cancel_card, replace_card
from yikatong.cards.service.faces import verify_face
from yikatong.cards.service.families import (
    add_family_member,
    add_guardian,
    end_concession,
    end_guardian,
    grant_concession,
    list_concessions,
    list_family,
    list_guardians,
    remove_family_member,
)
from yikatong.cards.service.gates import (
    freeze_payments,
    get_gate,
    get_region_rule,
    get_resident,
    lock_gate,
    put_region_rule,
    unfreeze_payments,
)
from yikatong.cards.service.holders import get_holder
from yikatong.cards.service.life import (
    CARD_CHANGED,
    activate,
    find_card,
    find_card_by_number,
    get_card,
    list_card_events,
    lock_card,
    release_loss,
    report_formal_loss,
    report_temporary_loss,
    unlock_card,
)
from yikatong.cards.service.limits import set_small_payment_limit
from yikatong.cards.service.passwords import prove_password, set_password
from yikatong.cards.service.payees import list_payee_names, list_payees
from yikatong.cards.service.people import (
    address_of,
    age_of,
    change_contact,
    erase_person,
    find_by_id_number,
    get_named,
    register_resident,
    view_person,
)
from yikatong.cards.service.production import (
    get_batch,
    list_batch_cards,
    make_production_batch,
    read_return,
    write_batch_file,
)
from yikatong.cards.service.retention import forget_bank_bindings, forget_e_cards
from yikatong.cards.service.scopes import LOOK, SCOPE, get_resident_for, get_resident_to_look_at
from yikatong.cards.store.cards import list_chip_keys
from yikatong.cards.store.tap_batch import load_devices, load_holders, lock_gates, write_gates

__all__ = [
    "CARD_CHANGED",
    "LOOK",
    "SCOPE",
    "BankAccounts",
    "FaceCheck",
    "activate",
    "add_family_member",
    "add_guardian",
    "address_of",
    "age_of",
    "apply_for_card",
    "associate",
    "bind_bank",
    "cancel_card",
    "change_contact",
    "decide_card_of",
    "decide_e_card_of",
    "decide_freeze",
    "decide_holder",
    "decide_shown_payment",
    "end_concession",
    "end_guardian",
    "enrol_device",
    "enrolment_message",
    "erase_person",
    "find_bank_binding",
    "find_by_id_number",
    "find_card",
    "find_card_by_number",
    "find_e_card",
    "forget_bank_bindings",
    "forget_e_cards",
    "freeze_payments",
    "get_batch",
    "get_card",
    "get_device",
    "get_e_card",
    "get_gate",
    "get_holder",
    "get_named",
    "get_region_rule",
    "get_resident",
    "get_resident_for",
    "get_resident_to_look_at",
    "grant_concession",
    "is_suspended",
    "issue_e_card",
    "list_batch_cards",
    "list_card_events",
    "list_channels",
    "list_chip_keys",
    "list_concessions",
    "list_devices",
    "list_family",
    "list_guardians",
    "list_payee_names",
    "list_payees",
    "load_devices",
    "load_holders",
    "lock_card",
    "lock_gate",
    "lock_gates",
    "make_production_batch",
    "mask_name",
    "prove_password",
    "put_region_rule",
    "read_return",
    "register_resident",
    "release_loss",
    "remove_family_member",
    "replace_card",
    "report_formal_loss",
    "report_temporary_loss",
    "revoke_device",
    "session_message",
    "set_password",
    "set_small_payment_limit",
    "shown_spent_on",
    "state_of",
    "unbind_bank",
    "unfreeze_payments",
    "unlink_channel",
    "unlock_card",
    "verify_device",
    "verify_enrolment_signature",
    "verify_face",
    "verify_session_request",
    "view_person",
    "write_batch_file",
    "write_gates",
]
