"""A person's name as two offices write it: the same name with another dot, blank, width or case is the same."""

import unicodedata

_DOTS = dict.fromkeys(map(ord, ".•‧∙⋅●・"), "·")
"""Dots that stand between the parts of a name, beside the middle dot itself (U+00B7)."""


def fold_name(name: str) -> str:
    """A name as it is compared, never as it is shown or kept."""
    text = unicodedata.normalize("NFKC", name).translate(_DOTS)
    return "".join(letter for letter in text.casefold() if not letter.isspace() and letter.isprintable())
