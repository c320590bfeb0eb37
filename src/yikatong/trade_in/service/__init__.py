"""What other rooms use of the trade-in: one function a use case, taking an open transaction first."""

from yikatong.trade_in.rules.coupons import list_disagreements
from yikatong.trade_in.service.acting import act
from yikatong.trade_in.service.admitting import Ends, OwnCommit, admit, admit_in_turn, admit_many
from yikatong.trade_in.service.applying import (
    claim_old_codes,
    give_codes_back,
    qualify,
    qualify_many,
)
from yikatong.trade_in.service.clawing import claw_back_from_store
from yikatong.trade_in.service.counting import claim_new_code, free_new_code
from yikatong.trade_in.service.coupons import UsableCoupon, find_coupon_of, list_usable_coupons, use_coupon
from yikatong.trade_in.service.drafting import Wish, wish_of
from yikatong.trade_in.service.following import (
    PAYMENTS_PAGE,
    ROSTER_PAGE,
    follow_payments,
    follow_roster,
    hear_payments,
    hear_roster,
    list_payments_at_odds,
    read_page,
)
from yikatong.trade_in.service.handing import send_to_payouts
from yikatong.trade_in.service.looking import (
    find_prepared_sale,
    get_claim,
    get_claim_of_code,
    list_claims,
    list_claims_of_resident,
    list_decisions,
    list_deeds,
    list_overnight_at,
    list_overnight_of_store,
    list_unmet,
    list_without_plate,
)
from yikatong.trade_in.service.offices import SEALED_FIELD, Office
from yikatong.trade_in.service.preparing import cancel_sale, prepare_sale
from yikatong.trade_in.service.rostering import roster_claims, stop_payment
from yikatong.trade_in.service.selling import load_sales, return_sale, sell, undo_sale, write_sales
from yikatong.trade_in.service.tidying import (
    drop_stale_sale,
    expire,
    list_ended,
    list_stale_codes,
    list_stale_sales,
    list_to_release,
    release_rest,
    settle_code,
)
from yikatong.trade_in.service.turning_away import turn_away

__all__ = [
    "PAYMENTS_PAGE",
    "ROSTER_PAGE",
    "SEALED_FIELD",
    "Ends",
    "Office",
    "OwnCommit",
    "UsableCoupon",
    "Wish",
    "act",
    "admit",
    "admit_in_turn",
    "admit_many",
    "cancel_sale",
    "claim_new_code",
    "claim_old_codes",
    "claw_back_from_store",
    "drop_stale_sale",
    "expire",
    "find_coupon_of",
    "find_prepared_sale",
    "follow_payments",
    "follow_roster",
    "free_new_code",
    "get_claim",
    "get_claim_of_code",
    "give_codes_back",
    "hear_payments",
    "hear_roster",
    "list_claims",
    "list_claims_of_resident",
    "list_decisions",
    "list_deeds",
    "list_disagreements",
    "list_ended",
    "list_overnight_at",
    "list_overnight_of_store",
    "list_payments_at_odds",
    "list_stale_codes",
    "list_stale_sales",
    "list_to_release",
    "list_unmet",
    "list_usable_coupons",
    "list_without_plate",
    "load_sales",
    "prepare_sale",
    "qualify",
    "qualify_many",
    "read_page",
    "release_rest",
    "return_sale",
    "roster_claims",
    "sell",
    "send_to_payouts",
    "settle_code",
    "stop_payment",
    "turn_away",
    "undo_sale",
    "use_coupon",
    "wish_of",
    "write_sales",
]
