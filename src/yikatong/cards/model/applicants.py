"""What a decision about an applicant needs of the register."""

from datetime import date
from typing import NamedTuple

from yikatong.cards.model.states import ResidentStatus
from yikatong.cards.model.vault import DataKey


class Applicant(NamedTuple):
    """How a resident stands, when they were born, and their data key, open in memory."""

    status: ResidentStatus
    born_on: date
    key: DataKey
