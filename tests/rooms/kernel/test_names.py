"""Names are compared as people read them."""

import pytest

from yikatong.kernel.names import fold_name


@pytest.mark.parametrize(
    "written",
    [
        "买买提•吐尔逊",
        "买买提‧吐尔逊",
        "买买提∙吐尔逊",
        "买买提⋅吐尔逊",
        "买买提・吐尔逊",
        "买买提･吐尔逊",
        "买买提.吐尔逊",
        "买买提．吐尔逊",
        "买买提 · 吐尔逊",
        "买买提\u200b·吐尔逊\u3000",
    ],
)
def test_a_name_with_another_dot_or_blank_is_the_same(written: str) -> None:
    assert fold_name("买买提·吐尔逊") == fold_name(written)


def test_width_case_and_the_blank_in_a_short_name_do_not_count() -> None:
    assert fold_name("John Smith") == fold_name("ＪＯＨＮ　ＳＭＩＴＨ")
    assert fold_name("王明") == fold_name("王　明")


@pytest.mark.parametrize(
    ("one", "other"), [("王小明", "王小朋"), ("买买提·吐尔逊", "买买提吐尔逊"), ("王小明", "小明王")]
)
def test_another_name_is_another(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)
