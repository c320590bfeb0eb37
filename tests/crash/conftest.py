"""Random moments come from one seed; a test that fails shows it."""

import os
import random

import pytest

pytest.register_assert_rewrite("tests.crash.agreement", "tests.crash.chain_books", "tests.crash.payout_books")


@pytest.fixture
def seed() -> int:
    """The seed of a test's random moments, another one each time unless YIKATONG_TESTS_SEED names it."""
    named = os.environ.get("YIKATONG_TESTS_SEED")
    seed = random.SystemRandom().randrange(1_000_000) if named is None else int(named)
    # pytest keeps it for itself unless the test fails.
    print(f"Again with the same seed: YIKATONG_TESTS_SEED={seed}")  # noqa: T201
    return seed
