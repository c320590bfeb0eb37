"""Every harness there is, by the subject it belongs to: a module beside this one, loaded when it is asked for."""

from importlib import import_module

from tests.fuzz.parsers.harness import Harness

SUBJECTS = (
    "formats",
    "codes",
    "lists",
    "files",
    "bank_files",
    "answers",
    "calls",
    "numbers",
    "programmes",
    "store_lists",
)


def harnesses_of(subject: str) -> dict[str, Harness]:
    """The harnesses of a subject, by their whole names (`codes.chip`)."""
    module = import_module(f"tests.fuzz.parsers.{subject}")
    return {f"{subject}.{harness.name}": harness for harness in module.HARNESSES}


def every_harness() -> dict[str, Harness]:
    """All of them."""
    return {name: harness for subject in SUBJECTS for name, harness in harnesses_of(subject).items()}


def find_harness(name: str) -> Harness:
    """One by its whole name; raises KeyError."""
    return harnesses_of(name.partition(".")[0])[name]
