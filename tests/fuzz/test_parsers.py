"""Every parser of outside bytes takes some hundreds of inputs near genuine ones; `make soak` takes millions."""

import pytest

from tests.fuzz.parsers.every import every_harness
from tests.fuzz.parsers.mutation import mutations

HARNESSES = every_harness()
EXECUTIONS = 300
SEED = 20_261_125


@pytest.mark.parametrize("name", HARNESSES)
def test_whatever_the_bytes_a_parser_reads_them_or_refuses_in_its_own_words(name: str) -> None:
    harness = HARNESSES[name]

    for data in mutations(harness, count=EXECUTIONS, seed=SEED):
        try:
            harness.take(data)
        except Exception as fault:
            fault.add_note(f"{name} was given {data!r}")
            raise


@pytest.mark.parametrize("name", HARNESSES)
def test_a_harness_reads_genuine_input(name: str) -> None:
    harness = HARNESSES[name]

    assert any(harness.take(data) for data in harness.seeds()), "it would be blind to all but the first refusals"


@pytest.mark.parametrize("name", HARNESSES)
def test_mutations_are_the_same_for_a_seed_and_others_for_another(name: str) -> None:
    first, again, other = (list(mutations(HARNESSES[name], count=20, seed=seed)) for seed in (1, 1, 2))

    assert first == again
    assert first != other
