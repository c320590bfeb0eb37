"""Replay what a harness was given: `python -m tests.fuzz.parsers.replay NAME FILE`; a fault shows where it was."""

import sys
from pathlib import Path

from tests.fuzz.parsers.every import find_harness


def main() -> None:
    """Give one file to one harness."""
    name, file = sys.argv[1:]
    is_read = find_harness(name).take(Path(file).read_bytes())
    sys.stdout.write(f"{name}: {'read' if is_read else 'refused'}, and nothing is wrong with it\n")


if __name__ == "__main__":
    main()
