"""Which items a terminal serves without a network."""

import pytest
from msgspec.structs import replace

from tests.support.builders.catalogue import a_terminal_value, an_item
from yikatong.offline.rules import find_offline_item


@pytest.mark.parametrize(
    ("line", "is_served"), [("retail", True), ("presence", True), ("subsidised", False), ("desk", False), (None, False)]
)
def test_only_lines_that_need_no_facts_of_now_serve_without_a_network(line: str | None, is_served: bool) -> None:
    item = an_item(line=line, least_strength=2, funding=("purse", "bank"))
    terminal = replace(a_terminal_value(), purposes=(item.scene,), items=None)

    assert is_served is (find_offline_item(item, terminal) is not None)
