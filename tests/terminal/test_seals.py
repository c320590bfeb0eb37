"""A terminal that follows the log: receipts prove themselves, and a log that was cut or forked is told by name."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.support.world import NOON
from tests.terminal.sealed import LOG_KEY, SIGNER, ALog, kept_in, size_of
from yikatong.client.receipts import Receipt
from yikatong.kernel.outcomes import Refused
from yikatong.sealing.service import verify_head
from yikatong.terminal.model import Reason
from yikatong.terminal.offline import open_memory
from yikatong.terminal.platform import PlatformIsAway
from yikatong.terminal.seals import ALARMS_MAX, KeptLog
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, HeldSigner

LATER = NOON + timedelta(minutes=11)
LOG_KEYS = {SIGNER.key_id: trust.verifying_key(LOG_KEY.public_key)}


def a_log(*, batches: int) -> ALog:
    """A log of so many batches."""
    log = ALog()
    for number in range(batches):
        log.seal(100 + number)
    return log


def reason_of(call: Callable[[], object]) -> Reason:
    """Why it is refused."""
    with pytest.raises(Refused) as refused:
        call()
    assert isinstance(refused.value.reason, Reason)
    return refused.value.reason


def test_every_receipt_of_a_batch_proves_its_tap(tmp_path: Path) -> None:
    log, kept = ALog(), kept_in(tmp_path / "m")

    for receipt in log.seal(100, 200, 300, 400, 500):
        assert 5 == kept.verify_receipt(receipt, log).size
        entered = kept.verify_entered(receipt, log, now=NOON)
        assert entered is not None
        assert kept.head == entered


@pytest.mark.parametrize(
    "wrong", [{"amount_fen": 101}, {"reason": "CARD_IS_LOCKED"}, {"request_id": "another-1"}, {"item": "another"},
              {"decided_at": NOON + timedelta(seconds=1)}, {"tap": "tap_" + "0" * 32}],
)  # fmt: skip
def test_a_receipt_that_was_changed_proves_nothing(tmp_path: Path, wrong: dict[str, object]) -> None:
    log, kept = ALog(), kept_in(tmp_path / "m")
    receipt: Receipt = log.seal(100, 200)[0]

    assert Reason.RECEIPT_IS_NOT_WHAT_WAS_SEALED is reason_of(
        lambda: kept.verify_receipt(replace(receipt, **wrong), log)
    )


def test_a_receipt_without_a_seal_and_one_of_anothers_log_prove_nothing(tmp_path: Path) -> None:
    log, kept = ALog(), kept_in(tmp_path / "m")
    stranger = trust.new_signing_key(Algorithm.ES256)
    other = ALog(signer=HeldSigner(key_id=SIGNER.key_id, key=stranger))
    receipt = log.seal(100)[0]

    assert Reason.RECEIPT_HAS_NO_SEAL is reason_of(lambda: kept.verify_receipt(replace(receipt, seal=None), log))
    foreign = other.seal(100)[0]
    assert Reason.RECEIPT_IS_NOT_WHAT_WAS_SEALED is reason_of(lambda: kept.verify_receipt(foreign, other))


def test_a_series_that_was_met_is_verified_without_a_network_also_after_a_restart(tmp_path: Path) -> None:
    log = ALog()
    first, second = log.seal(100, 200)
    kept_in(tmp_path / "m").verify_receipt(first, log)
    log.is_away = True

    assert 2 == kept_in(tmp_path / "m").verify_receipt(second, log).size
    with pytest.raises(PlatformIsAway):
        kept_in(tmp_path / "other").verify_receipt(second, log)


def test_the_head_last_seen_is_there_after_a_restart_and_grows_with_the_log(tmp_path: Path) -> None:
    log = a_log(batches=3)
    assert 3 == size_of(kept_in(tmp_path / "m"), log)
    for batches in (1, 4, 0, 9):
        for _ in range(batches):
            log.seal(100)
        again = kept_in(tmp_path / "m")
        before = again.head
        after = again.follow(log, now=NOON).head
        assert before is not None
        assert after is not None
        assert batches == after.size - before.size
    assert [] == kept_in(tmp_path / "m").alarms


def test_an_empty_log_is_followed_from_its_first_batch(tmp_path: Path) -> None:
    log, kept = ALog(), kept_in(tmp_path / "m")

    assert 0 == size_of(kept, log)
    log.seal(100)
    assert 1 == size_of(kept, log)


@pytest.mark.parametrize(
    ("batches", "reason"),
    [
        (0, Reason.LOG_WAS_CUT_BACK),
        (2, Reason.LOG_WAS_CUT_BACK),
        (5, Reason.LOG_WAS_FORKED),
        (9, Reason.LOG_WAS_FORKED),
    ],
)
def test_another_log_in_place_of_the_one_that_was_seen_is_refused_by_name_and_both_heads_are_kept(
    tmp_path: Path, batches: int, reason: Reason
) -> None:
    log, kept = a_log(batches=5), kept_in(tmp_path / "m")
    assert 5 == size_of(kept, log)
    other = a_log(batches=batches)

    assert reason is reason_of(lambda: kept.follow(other, now=NOON))

    again = kept_in(tmp_path / "m")
    assert kept.head == again.head
    (alarm,) = again.alarms
    assert (reason.name, NOON) == (alarm.reason, alarm.seen_at)
    assert 5 == verify_head(alarm.held, log_keys=LOG_KEYS).size
    assert (other.heads()[0] or b"") == alarm.shown
    assert 5 == size_of(again, log)


def test_a_log_that_was_cut_and_grew_on_is_forked(tmp_path: Path) -> None:
    log, kept = a_log(batches=4), kept_in(tmp_path / "m")
    first = log.heads()[0]
    size_of(kept, log)
    cut = a_log(batches=2)
    for _ in range(6):
        cut.seal(999)

    assert Reason.LOG_WAS_FORKED is reason_of(lambda: kept.follow(cut, now=NOON))
    assert first == kept.alarms[0].held


def test_an_old_answer_that_comes_late_is_no_alarm(tmp_path: Path) -> None:
    log, kept = a_log(batches=3), kept_in(tmp_path / "m")
    old = log.heads()[0]
    for _ in range(3):
        log.seal(100)
    size_of(kept, log)
    log.shown = old

    assert 6 == size_of(kept, log)
    assert [] == kept.alarms


def test_a_head_that_no_pinned_key_signed_is_refused(tmp_path: Path) -> None:
    kept = kept_in(tmp_path / "m")
    key = trust.new_signing_key(Algorithm.ES256)
    other = ALog(signer=HeldSigner(key_id=trust.key_id_of(key.public_key), key=key))
    other.seal(100)

    assert Reason.LOG_HEAD_IS_NOT_GENUINE is reason_of(lambda: kept.follow(other, now=NOON))
    assert kept.head is None


def test_a_receipt_whose_batch_was_kept_out_of_the_log_is_told_after_ten_minutes(tmp_path: Path) -> None:
    log, kept = a_log(batches=2), kept_in(tmp_path / "m")
    (left_out,) = log.seal(100, enters=False)

    assert kept.verify_entered(left_out, log, now=NOON + timedelta(minutes=9)) is None
    assert Reason.RECEIPT_IS_NOT_IN_THE_LOG is reason_of(lambda: kept.verify_entered(left_out, log, now=LATER))


def test_another_batch_in_a_receipts_place_is_told(tmp_path: Path) -> None:
    log, kept = a_log(batches=2), kept_in(tmp_path / "m")
    (left_out,) = log.seal(100, enters=False)
    log.seal(200)

    assert Reason.RECEIPT_IS_NOT_IN_THE_LOG is reason_of(lambda: kept.verify_entered(left_out, log, now=NOON))


def test_a_pinned_witness_signs_the_log_that_is_shown_or_it_is_told(tmp_path: Path) -> None:
    log, other = a_log(batches=3), a_log(batches=3)
    kept = kept_in(tmp_path / "m", with_witness=True)
    assert kept.follow(log, now=NOON).witnessed_size is None
    log.witness()
    log.seal(100)
    assert 3 == kept.follow(log, now=NOON).witnessed_size
    other.witness()
    log.witnessed = other.witnessed

    assert Reason.WITNESS_SAW_ANOTHER_LOG is reason_of(lambda: kept.follow(log, now=NOON))
    log.witnessed = log.heads()[0]
    assert Reason.WITNESS_SAW_ANOTHER_LOG is reason_of(lambda: kept.follow(log, now=NOON))


def test_who_shows_less_than_the_witness_signed_is_told(tmp_path: Path) -> None:
    log, kept = a_log(batches=3), kept_in(tmp_path / "m", with_witness=True)
    old = log.heads()[0]
    log.seal(100)
    log.witness()
    cut = a_log(batches=3)
    cut.shown, cut.witnessed = old, log.witnessed

    assert Reason.LOG_WAS_CUT_BACK is reason_of(lambda: kept.follow(cut, now=NOON))


def test_terminals_that_share_a_memory_follow_one_head(tmp_path: Path) -> None:
    log = a_log(batches=2)
    first, second = kept_in(tmp_path / "m"), kept_in(tmp_path / "m")
    assert 2 == size_of(first, log)
    log.seal(100)
    assert 3 == size_of(second, log)

    assert second.head == first.head
    assert Reason.LOG_WAS_CUT_BACK is reason_of(lambda: first.follow(a_log(batches=2), now=NOON))


def test_alarms_are_bounded_and_a_repeated_one_is_kept_once(tmp_path: Path) -> None:
    log, kept = ALog(), kept_in(tmp_path / "m")
    for _ in range(ALARMS_MAX + 3):
        log.seal(100)
        size_of(kept, log)
        for _ in range(2):
            reason_of(lambda: kept.follow(ALog(), now=NOON))

    assert ALARMS_MAX == len(kept.alarms)


def test_after_an_auditor_looked_another_log_may_begin_and_the_alarms_stay(tmp_path: Path) -> None:
    kept, restored = kept_in(tmp_path / "m"), a_log(batches=2)
    size_of(kept, a_log(batches=3))
    reason_of(lambda: kept.follow(restored, now=NOON))

    kept.begin_anew()

    assert 2 == size_of(kept, restored)
    assert [Reason.LOG_WAS_CUT_BACK.name] == [alarm.reason for alarm in kept.alarms]


def test_a_file_that_ends_at_any_byte_has_every_head_that_was_given_before_it(tmp_path: Path) -> None:
    folder, log = tmp_path / "whole", ALog()
    folder.mkdir()
    kept = kept_in(folder / "m")
    ends: list[int] = []
    for _ in range(5):
        log.seal(100)
        size_of(kept, log)
        ends.append((folder / "m-wal").stat().st_size)
    whole, main = (folder / "m-wal").read_bytes(), (folder / "m").read_bytes()

    for cut in sorted({at for end in ends for at in (end - 1, end, end + 1)} | set(range(ends[0], len(whole), 1_021))):
        if not ends[0] <= cut <= len(whole):
            continue
        broken = tmp_path / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        broken.mkdir()
        (broken / "m").write_bytes(main)
        (broken / "m-wal").write_bytes(whole[:cut])
        head = kept_in(broken / "m").head
        assert head is not None
        assert sum(end <= cut for end in ends) == head.size


_CHILD = """
import sys
from pathlib import Path
from tests.terminal.sealed import LOG_KEY, ALog, kept_in, size_of
from yikatong.trust import service as trust
print(trust.encode_cose_key(LOG_KEY.public_key).hex(), flush=True)
log, kept = ALog(), kept_in(Path(sys.argv[1]))
while True:
    log.seal(100)
    print(size_of(kept, log), flush=True)
"""


def test_a_terminal_that_is_killed_knows_every_head_that_it_told(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603  our own interpreter and our own words
        [sys.executable, "-c", _CHILD, str(tmp_path / "m")], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as child:  # fmt: skip
        assert child.stdout is not None
        log_key = trust.decode_cose_key(bytes.fromhex(child.stdout.readline()))
        said = [int(child.stdout.readline()) for _ in range(4)]
        os.kill(child.pid, signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]

    head = KeptLog(open_memory(tmp_path / "m"), log_keys=[log_key]).head

    assert head is not None
    assert list(range(1, len(said) + 1)) == said
    assert head.size - len(said) in (0, 1)
