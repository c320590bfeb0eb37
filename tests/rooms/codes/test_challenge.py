"""The till's code: what it asks, who signed it, and how long it is good."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import qr
from tests.support.builders.codes import a_challenge, changed
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import Challenge, Reason
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

TERMINAL: SigningKey = trust.new_signing_key(Algorithm.ES256)


def verified(text: str, *, seconds_later: int = 0) -> Challenge:
    """A till's code as a wallet with the terminal's key reads it."""
    return codes.verify_challenge(
        text,
        terminal_key=trust.verifying_key(TERMINAL.public_key),
        now=NOON + timedelta(seconds=seconds_later),
    )


def refusal_of(ask: Callable[[], object]) -> object:
    """Why something is refused."""
    with pytest.raises(Refused) as refused:
        ask()
    return refused.value.reason


def test_what_a_till_asks_is_what_the_wallet_reads() -> None:
    text = codes.write_challenge(a_challenge(), TERMINAL)

    assert a_challenge() == verified(text)
    assert a_challenge() == codes.read_challenge(text, now=NOON)
    assert qr.version_of(text) <= 14


def test_a_till_code_is_refused_in_its_order() -> None:
    genuine = codes.write_challenge(a_challenge(), TERMINAL)
    forged = codes.write_challenge(a_challenge(), trust.new_signing_key(Algorithm.ES256))
    downgraded = codes.write_challenge(a_challenge(), trust.new_signing_key(Algorithm.EDDSA))

    assert Reason.CHALLENGE_IS_NOT_READABLE is refusal_of(lambda: verified("YK1:" + genuine[5:], seconds_later=900))
    assert Reason.CHALLENGE_SIGNATURE_IS_FALSE is refusal_of(lambda: verified(forged, seconds_later=900))
    assert Reason.CHALLENGE_SIGNATURE_IS_FALSE is refusal_of(lambda: verified(downgraded, seconds_later=900))
    assert Reason.CHALLENGE_IS_FROM_THE_FUTURE is refusal_of(lambda: verified(genuine, seconds_later=-31))
    assert Reason.CHALLENGE_HAS_EXPIRED is refusal_of(lambda: verified(genuine, seconds_later=120))
    assert a_challenge() == verified(genuine, seconds_later=119)


@pytest.mark.parametrize(
    "challenge",
    [
        changed(a_challenge(), nonce=b"short"),
        changed(a_challenge(), amount_fen=-1),
        changed(a_challenge(), amount_fen=10**14),
        changed(a_challenge(), payee_name=""),
        changed(a_challenge(), payee_name="长" * 41),
        changed(a_challenge(), item_name="line\nbreak"),
        changed(a_challenge(), item_number=2**31),
        changed(a_challenge(), region="99010"),
        a_challenge(life=timedelta(0)),
        a_challenge(life=timedelta(minutes=16)),
    ],
)
def test_a_challenge_out_of_its_bounds_is_not_readable(challenge: Challenge) -> None:
    text = codes.write_challenge(challenge, TERMINAL)

    assert Reason.CHALLENGE_IS_NOT_READABLE is refusal_of(lambda: verified(text))


@given(text=st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_refused_by_name(text: str) -> None:
    assert Reason.CHALLENGE_IS_NOT_READABLE is refusal_of(lambda: codes.read_challenge("YK1C:" + text, now=NOON))


def test_any_flipped_bit_is_refused() -> None:
    text = codes.write_challenge(a_challenge(), TERMINAL)
    data = trust.decode_base45(text[5:], 1_000)
    read = 0
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        try:
            verified("YK1C:" + trust.encode_base45(bytes(flipped)))
            read += 1
        except Refused:
            continue

    assert 0 == read
