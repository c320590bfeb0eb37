"""People of a story choose what the platform takes."""

import secrets

import pytest

from simulator.stories.neighbour import draw_password
from yikatong.cards.rules.passwords import decide_password

ID_NUMBER = "990101195203070028"


def test_a_password_that_would_be_refused_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([272_727, 123_456, 520_307, 271_828])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(drawn))

    assert "271828" == draw_password(id_number=ID_NUMBER)
    assert decide_password("271828", id_number=ID_NUMBER) is None
