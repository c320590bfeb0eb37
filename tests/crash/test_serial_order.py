"""The checker of histories finds an order where there is one, and says so where there is none."""

import random
from datetime import date, timedelta

import pytest

from tests.crash.serial_order import Deed, NoSerialOrderError, Terms, What, explain

DAY = date(2026, 11, 25)
LOW, DAY_LIMIT = "BALANCE_IS_TOO_LOW", "SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"


def a_deed(
    name: str, asked_at: float, heard_at: float, fen: int, said: str = "", what: What = What.ANSWERED, on: date = DAY
) -> Deed:
    return Deed(name, what, fen, asked_at, heard_at, said, on)


def test_taps_at_once_are_explained_by_whichever_order_fits() -> None:
    refused_first_asked = [a_deed("a", 0, 9, 80, LOW), a_deed("b", 1, 2, 60), a_deed("c", 3, 4, 40)]

    assert 0 == explain(Terms(100), refused_first_asked).purse_fen


def test_a_tap_taken_back_makes_room_for_another() -> None:
    deeds = [a_deed("a", 0, 1, 100), a_deed("b", 2, 9, 100), a_deed("a", 3, 4, 100, "admitted", What.BACK)]

    assert 0 == explain(Terms(100), deeds).purse_fen


def test_bare_codes_are_counted_by_days_and_stay_counted_when_taken_back() -> None:
    deeds = [
        a_deed("a", 0, 1, 60, what=What.SHOWN),
        a_deed("a", 2, 3, 60, "admitted", What.BACK),
        a_deed("b", 4, 5, 60, DAY_LIMIT, What.SHOWN),
        a_deed("c", 6, 7, 60, what=What.SHOWN, on=DAY + timedelta(days=1)),
    ]

    standing = explain(Terms(500, limit_fen=60, day_limit_fen=100), deeds)

    assert (440, 60, 60) == (standing.purse_fen, standing.shown_fen(DAY), standing.shown_fen(DAY + timedelta(days=1)))


@pytest.mark.parametrize(
    "deeds",
    [
        pytest.param([a_deed("a", 0, 9, 60), a_deed("b", 0, 9, 60)], id="the same fen paid twice"),
        pytest.param([a_deed("a", 0, 9, 60), a_deed("b", 0, 9, 30, LOW)], id="refused though there was enough"),
        pytest.param(
            [a_deed("a", 0, 1, 60, LOW), a_deed("b", 2, 3, 60)], id="refused before the payment that was in its way"
        ),
        pytest.param(
            [a_deed("a", 0, 1, 60), a_deed("a", 2, 3, 60, "admitted", What.BACK), a_deed("b", 4, 5, 60, LOW)],
            id="what was taken back did not come back",
        ),
        pytest.param(
            [a_deed("a", 0, 1, 200, LOW), a_deed("a", 2, 3, 200, "admitted", What.BACK)],
            id="something came back of what was refused",
        ),
        pytest.param(
            [a_deed("a", 0, 9, 50, what=What.SHOWN), a_deed("b", 0, 9, 40, what=What.SHOWN)],
            id="two bare codes beyond the limit of the day",
        ),
        pytest.param([a_deed("a", 0, 9, 51, what=What.SHOWN)], id="a bare code beyond the limit"),
        pytest.param([a_deed("a", 0, 9, 50, DAY_LIMIT, What.SHOWN)], id="a limit of the day that was not reached"),
    ],
)
def test_a_history_that_no_order_explains_is_refused(deeds: list[Deed]) -> None:
    with pytest.raises(NoSerialOrderError, match="then none of these: "):
        explain(Terms(100, limit_fen=50, day_limit_fen=80), deeds)


def test_a_long_history_of_many_at_once_is_explained_and_one_wrong_answer_in_it_is_found(seed: int) -> None:
    deeds = a_serial_day(random.Random(seed))
    refused = next(deed for deed in deeds if deed.said == LOW)

    standing = explain(Terms(100_000), deeds)

    assert 100_000 - sum(deed.amount_fen for deed in deeds if not deed.said) == standing.purse_fen
    with pytest.raises(NoSerialOrderError):
        explain(Terms(100_000), [deed._replace(said="") if deed is refused else deed for deed in deeds])


def a_serial_day(chance: random.Random) -> list[Deed]:
    """Taps decided one after the other, up to eight of them asked and not yet answered at any moment."""
    purse_fen, deeds = 100_000, []
    for number in range(300):
        fen = chance.randrange(100, 4_000)
        said = "" if fen <= purse_fen else LOW
        purse_fen -= 0 if said else fen
        deeds.append(a_deed(str(number), number - chance.random() * 4, number + chance.random() * 4, fen, said))
    return deeds
