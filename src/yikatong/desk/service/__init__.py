"""What the edge uses of desk."""

from yikatong.desk.service.claims import pay_kept_balance
from yikatong.desk.service.counter import (
    CARD_ENDED,
    cancel,
    hand_out_and_activate,
    lock,
    purse_of,
    release,
    replace,
    report_loss,
    unlock,
)
from yikatong.desk.service.purses import top_up_purse
from yikatong.desk.service.wallets import (
    associate,
    enrol,
    open_again,
    revoke_device,
    unlink_channel,
)

__all__ = [
    "CARD_ENDED",
    "associate",
    "cancel",
    "enrol",
    "hand_out_and_activate",
    "lock",
    "open_again",
    "pay_kept_balance",
    "purse_of",
    "release",
    "replace",
    "report_loss",
    "revoke_device",
    "top_up_purse",
    "unlink_channel",
    "unlock",
]
