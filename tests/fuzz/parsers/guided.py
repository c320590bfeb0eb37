"""One harness under a coverage-guided fuzzer: `python -m tests.fuzz.parsers.guided NAME [libFuzzer's words…]`.

A fault ends the process, and the input that led to it is written to a file; libFuzzer says which.
"""

import sys

import atheris

GUIDES = [
    "yikatong.app.http.bounds",
    "yikatong.app.http.decoding",
    "yikatong.app.http.dispatch",
    "yikatong.app.http.line_ends",
    "yikatong.app.outside",
    "yikatong.cards.rules",
    "yikatong.client.connection",
    "yikatong.client.problems",
    "yikatong.codes",
    "yikatong.kernel",
    "yikatong.payouts.messages",
    "yikatong.plumbing.settings",
    "yikatong.programmes.model",
    "yikatong.programmes.rules",
    "yikatong.sealing",
    "yikatong.trade_in.messages",
    "yikatong.trade_in.rules",
    "yikatong.trust",
    "tomllib",
]
"""Where the parsers are; what else is loaded beside them would only be noise."""


def main() -> None:
    """Run until the time is over or a fault is found."""
    name, *words = sys.argv[1:]
    with atheris.instrument_imports(include=GUIDES):
        # What was loaded before this block would be invisible to the guide.
        from tests.fuzz.parsers.every import find_harness

        harness = find_harness(name)

    def take(data: bytes) -> None:
        harness.take(data)

    atheris.Setup([sys.argv[0], *words], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
