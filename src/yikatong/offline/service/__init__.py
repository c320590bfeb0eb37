"""What the routes ask of offline, each inside the caller's transaction."""

from yikatong.offline.service.allowances import end_allowance, grant_allowance, list_allowances
from yikatong.offline.service.disputes import (
    answer_dispute,
    decide_dispute,
    list_disputes,
    list_disputes_of_provider,
    state_dispute,
)
from yikatong.offline.service.sheets import make_sheet
from yikatong.offline.service.uploads import Uploading, take_upload

__all__ = [
    "Uploading",
    "answer_dispute",
    "decide_dispute",
    "end_allowance",
    "grant_allowance",
    "list_allowances",
    "list_disputes",
    "list_disputes_of_provider",
    "make_sheet",
    "state_dispute",
    "take_upload",
]
