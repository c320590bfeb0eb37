"""The simulator's wallet: it shows, answers and confirms without a network, and takes its scenes' keys in turn."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from simulator.wallet import Wallet, WalletIsEmpty
from tests.support.builders.codes import KeyedRegion, a_challenge, asked
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import CodeKind, IssuedCertificate, Posture, SceneGroup
from yikatong.kernel.ids import DeviceId, ResidentId, TapId
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

REGION = KeyedRegion()


def a_filled_wallet(*, clock_wrong_by: timedelta = timedelta(0)) -> Wallet:
    """A wallet that was refreshed at noon; its own clock may be wrong."""
    wallet = Wallet()
    wallet.enrolled_as(DeviceId(uuid4()))
    assert wallet.device_id is not None
    wallet.set_clock(server_time=NOON, now=NOON + clock_wrong_by)
    wallet.take_certificates(answer_to(wallet, wallet.refresh_request(NOON + clock_wrong_by)))
    return wallet


def answer_to(wallet: Wallet, asked_for: bytes) -> tuple[IssuedCertificate, ...]:
    """The certificates that a wallet asked the region for."""
    assert wallet.device_id is not None
    request = codes.read_refresh(
        asked_for, device_id=wallet.device_id, device_key=trust.verifying_key(wallet.public_key), now=NOON
    )
    resident_id = ResidentId(uuid4())
    return tuple(
        IssuedCertificate(
            key.scene_group,
            key.public_key.data,
            REGION.certify(key.public_key, resident_id=resident_id, serial=serial),
            codes.expiry_of(NOON),
        )
        for serial, key in enumerate(request.show_keys)
    )


def test_a_wallet_shows_codes_of_two_keys_in_turn() -> None:
    wallet = a_filled_wallet()
    view = REGION.seen_at_home()
    keys = [codes.read_code(wallet.show_code(NOON), regions=view, now=NOON).show_key for _ in range(4)]

    assert keys[:2] == keys[2:]
    assert keys[0] != keys[1]


def test_scenes_share_no_key_no_alias_and_no_nonce() -> None:
    wallet = a_filled_wallet()
    view = REGION.seen_at_home()
    reads = [
        codes.read_code(wallet.show_code(NOON, scene=scene), regions=view, now=NOON)
        for scene in SceneGroup
        for _ in range(2)
    ]

    assert 8 == len({read.show_key.data for read in reads})
    assert 8 == len({read.alias for read in reads})
    assert 8 == len({read.nonce for read in reads})


def test_a_wrong_clock_is_corrected_by_the_servers_time() -> None:
    wallet = a_filled_wallet(clock_wrong_by=timedelta(hours=5))
    text = wallet.show_code(NOON + timedelta(hours=5, seconds=20))
    read = codes.read_code(text, regions=REGION.seen_at_home(), now=NOON + timedelta(seconds=20))

    assert NOON + timedelta(seconds=20) == read.made_at


def test_an_answer_signs_what_the_till_asked_and_says_what_it_is_for() -> None:
    terminal_key = trust.new_signing_key(Algorithm.ES256)
    challenge = a_challenge()
    text = a_filled_wallet().answer(
        codes.write_challenge(challenge, terminal_key),
        NOON,
        terminal_key=trust.verifying_key(terminal_key.public_key),
        posture=Posture.IN_A_CALL,
    )
    read = codes.read_code(text, regions=REGION.seen_at_home(), now=NOON)

    assert codes.decide_answer(read.answer, challenge) is None
    assert read.answer is not None
    assert (CodeKind.PAYMENT, Posture.IN_A_CALL) == (read.kind, read.posture)


def test_a_confirmation_is_signed_by_the_enrolment_key() -> None:
    wallet = a_filled_wallet()
    tap_id = TapId(UUID(int=5))
    data = wallet.confirm(tap_id=tap_id, asked=asked(), agreed=True, now=NOON)
    key = trust.verifying_key(wallet.public_key)

    assert codes.read_confirmation(data, device_key=key, now=NOON).agreed


def test_an_empty_wallet_says_so() -> None:
    with pytest.raises(WalletIsEmpty):
        Wallet().show_code(NOON)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_refreshes_under_way_at_once_the_later_one_stays_and_each_key_has_its_certificate(
    order: tuple[int, int],
) -> None:
    wallet = a_filled_wallet()
    requests = [wallet.refresh_request(NOON) for _ in range(2)]
    answers = [answer_to(wallet, request) for request in requests]

    for number in (*order, *order):
        wallet.take_certificates(answers[number])
    shown = [codes.read_code(wallet.show_code(NOON), regions=REGION.seen_at_home(), now=NOON) for _ in range(2)]

    assert {read.show_key.data for read in shown} <= {one.show_key for one in answers[1]}
