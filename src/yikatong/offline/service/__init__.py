"""What the routes ask of offline, each inside the caller's transaction."""

from yikatong.offline.service.allowances import end_allowance, grant_allowance, list_allowances, list_disputes
from yikatong.offline.service.sheets import make_sheet
from yikatong.offline.service.uploads import Uploading, take_upload

__all__ = [
    "Uploading",
    "end_allowance",
    "grant_allowance",
    "list_allowances",
    "list_disputes",
    "make_sheet",
    "take_upload",
]
