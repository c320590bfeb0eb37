"""The page of moves is what the table says."""

from tests.house.house import REPOSITORY
from yikatong.app.reference import moves_page
from yikatong.trade_in.model import MOVES


def test_the_page_of_moves_is_what_the_code_says() -> None:
    page = REPOSITORY / "docs" / "reference" / "trade-in-moves.md"

    assert moves_page() == page.read_text(encoding="utf-8"), "write it anew with `yikatong reference`"


def test_every_move_stands_on_the_page() -> None:
    page = moves_page()

    assert [] == [pair for pair in MOVES if f"| {pair[0].value} | {pair[1].value} |" not in page]
