"""Keys in a folder: made once, encrypted, closed to others, rotated without losing what the former ones did."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.builders.trust import refuses
from tests.support.world import NOON, SeededIds
from yikatong.trust.keys_at_rest.key_file import digest_of_key
from yikatong.trust.model import Algorithm, KeyKind, Reason, SealCipher, WantedKey
from yikatong.trust.service import (
    FileKeyHolder,
    KeysAtRestError,
    open_alias,
    open_key_folder,
    seal_alias,
    verifying_key,
    wanted_keys,
)

KEY = b"k" * 32
LATER = NOON + timedelta(seconds=1)
REGION = "region-990100"


def opened(
    folder: Path,
    *,
    key: bytes = KEY,
    former: bytes | None = None,
    algorithm: Algorithm = Algorithm.ES256,
    cipher: SealCipher = SealCipher.AES_256_GCM,
) -> FileKeyHolder:
    """The key folder of region 990100 under a folder, made when it is not there."""
    return open_key_folder(
        folder / "keys",
        key_encryption_key=key,
        former_key_encryption_key=former,
        wanted=wanted_keys("990100", algorithm=algorithm, cipher=cipher),
        now=NOON,
        ids=SeededIds(),
    )


def test_the_first_start_makes_every_wanted_key(tmp_path: Path) -> None:
    held = opened(tmp_path).held_keys()

    assert {
        "root": KeyKind.SIGNING,
        REGION: KeyKind.SIGNING,
        "alias-990100": KeyKind.SECRET,
        "master": KeyKind.WRAPPING,
        "id-number-mark": KeyKind.MARKING,
        "pepper": KeyKind.MARKING,
    } == {key.name: key.kind for key in held}


def test_later_starts_find_the_same_keys(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)

    assert first.held_keys() == second.held_keys()
    assert first.secrets("alias-990100") == second.secrets("alias-990100")
    assert first.mark("pepper", b"135790") == second.mark("pepper", b"135790")


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_held_key_signs_by_name_and_by_id(tmp_path: Path, algorithm: Algorithm) -> None:
    opened(tmp_path, algorithm=algorithm)
    holder = opened(tmp_path)
    signer = holder.signer(REGION)
    key = verifying_key(signer.key.public_key)

    assert algorithm is signer.key.public_key.algorithm
    key.verify(signer.key.sign(b"message"), b"message")
    key.verify(holder.sign(signer.key_id, b"message"), b"message")


@pytest.mark.parametrize("cipher", list(SealCipher))
def test_a_data_key_is_wrapped_and_unwrapped(tmp_path: Path, cipher: SealCipher) -> None:
    wrapped = opened(tmp_path, cipher=cipher).wrap(b"data key", b"owner")
    holder = opened(tmp_path)

    assert int(cipher) == wrapped[1]
    assert b"data key" == holder.unwrap(wrapped, b"owner")
    for bent, context in ((wrapped, b"other"), (wrapped[:2] + b"none" + wrapped[6:], b"owner"), (b"", b"owner")):
        with refuses(Reason.SEAL_DOES_NOT_OPEN):
            holder.unwrap(bent, context)


def test_files_and_folder_are_closed_to_others(tmp_path: Path) -> None:
    opened(tmp_path)
    folder = tmp_path / "keys"

    assert 0o700 == folder.stat().st_mode & 0o777
    assert {0o600} == {path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_no_secret_stands_in_a_file(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    written = b"".join(path.read_bytes() for path in (tmp_path / "keys").iterdir())

    assert holder.signer("root").key.private_bytes() not in written
    assert holder.secrets("alias-990100")[0][:16] not in written


def test_a_file_open_to_others_is_not_used(tmp_path: Path) -> None:
    opened(tmp_path)
    next((tmp_path / "keys").glob("root.*")).chmod(0o640)

    with pytest.raises(KeysAtRestError, match="open to others"):
        opened(tmp_path)


def test_another_key_encryption_key_opens_nothing(tmp_path: Path) -> None:
    opened(tmp_path)

    with pytest.raises(KeysAtRestError, match="the master key is another one"):
        opened(tmp_path, key=b"x" * 32)


def test_a_damaged_renamed_or_exchanged_file_is_not_used(tmp_path: Path) -> None:
    opened(tmp_path)
    folder = tmp_path / "keys"
    root, region = next(folder.glob("root.*")), next(folder.glob("region-*"))
    whole = root.read_bytes()

    for at in range(len(whole)):
        root.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with pytest.raises(KeysAtRestError):
            opened(tmp_path)
    root.write_bytes(region.read_bytes())
    with pytest.raises(KeysAtRestError, match="renamed"):
        opened(tmp_path)
    root.write_bytes(whole)
    root.rename(root.with_name(f"pepper.{root.name.split('.')[1]}.key"))
    with pytest.raises(KeysAtRestError, match="renamed"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["master", "id-number-mark", "pepper"])
def test_a_lost_key_is_not_quietly_made_anew(tmp_path: Path, name: str) -> None:
    opened(tmp_path)
    next((tmp_path / "keys").glob(f"{name}.*")).unlink()

    with pytest.raises(KeysAtRestError, match=f"has no key {name}"):
        opened(tmp_path)


def test_a_first_start_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    left = tmp_path / "keys.unfinished"
    left.mkdir()
    (left / "root.00.key").write_bytes(b"half")

    assert 6 == len(opened(tmp_path).held_keys())


def test_two_starts_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.rooms.trust.test_key_files import opened;"
        "print(opened(Path(sys.argv[1])).signer('root').key_id.hex())"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(3)
    ]

    assert 1 == len({start.communicate()[0] for start in starts})
    assert [0, 0, 0] == [start.returncode for start in starts]


def test_a_rotated_master_key_wraps_anew_and_still_opens_the_old(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    old = holder.wrap(b"data key", b"owner")
    holder.rotate("master", now=LATER)
    new = holder.wrap(b"data key", b"owner")
    again = opened(tmp_path)

    assert old[2:6] != new[2:6]
    assert [b"data key"] * 2 == [again.unwrap(wrapped, b"owner") for wrapped in (old, new)]


def test_a_rotated_region_key_signs_and_the_former_stays_held(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    former = holder.signer(REGION)
    new = holder.rotate(REGION, now=LATER)

    assert new.key_id == holder.signer(REGION).key_id
    verifying_key(former.key.public_key).verify(holder.sign(former.key_id, b"message"), b"message")


def test_a_rotated_alias_secret_comes_first_and_the_former_still_opens(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    alias = seal_alias(holder.secrets("alias-990100")[0], b"card")
    holder.rotate("alias-990100", now=LATER)
    secrets = holder.secrets("alias-990100")

    assert 2 == len(secrets)
    assert b"card" == open_alias(secrets[1], alias)
    with refuses(Reason.ALIAS_DOES_NOT_OPEN):
        open_alias(secrets[0], alias)


def test_marks_are_made_by_sm3_where_sm4_is_chosen(tmp_path: Path) -> None:
    holder = opened(tmp_path, cipher=SealCipher.SM4_GCM)
    again = opened(tmp_path)

    assert holder.mark("pepper", b"135790") == again.mark("pepper", b"135790")
    assert "sm3" == digest_of_key(bytes(64))
    assert "sha256" == digest_of_key(bytes(32))


def test_a_mark_key_is_not_rotated(tmp_path: Path) -> None:
    with pytest.raises(KeysAtRestError, match="makes marks"):
        opened(tmp_path).rotate("id-number-mark", now=LATER)


def test_a_key_is_not_rotated_twice_in_a_second(tmp_path: Path) -> None:
    with pytest.raises(KeysAtRestError, match="this very second"):
        opened(tmp_path).rotate("master", now=NOON)


def test_a_key_of_another_region_is_added_once(tmp_path: Path) -> None:
    holder, other_process = opened(tmp_path), opened(tmp_path)
    wanted = WantedKey(name="region-990200", kind=KeyKind.SIGNING, algorithm=Algorithm.SM2)
    holder.add(wanted, now=LATER)

    with pytest.raises(KeysAtRestError, match="already"):
        holder.add(wanted, now=LATER)
    with refuses(Reason.KEY_IS_NOT_HELD):
        other_process.signer("region-990200")
    other_process.reload()
    assert holder.signer("region-990200").key_id == other_process.signer("region-990200").key_id


@pytest.mark.parametrize("name", ["", "Root", "../root", "root.key", "a" * 65])
def test_a_name_that_is_no_file_name_is_not_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeysAtRestError, match="no name of a key"):
        opened(tmp_path).add(WantedKey(name=name, kind=KeyKind.SECRET), now=LATER)


def test_what_another_process_s_master_key_wrapped_is_opened(tmp_path: Path) -> None:
    holder, other_process = opened(tmp_path), opened(tmp_path)
    holder.rotate("master", now=LATER)

    assert b"data key" == other_process.unwrap(holder.wrap(b"data key", b"owner"), b"owner")


def test_a_new_file_that_does_not_open_leaves_the_keys_that_are_held(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    before = holder.held_keys()
    opened(tmp_path, key=b"n" * 32, former=KEY).rotate("master", now=LATER)
    holder.reload()

    assert before == holder.held_keys()
    with pytest.raises(KeysAtRestError, match="the master key is another one"):
        opened(tmp_path)


def test_a_key_made_meanwhile_is_encrypted_anew_with_the_others(tmp_path: Path) -> None:
    holder, other_process = opened(tmp_path), opened(tmp_path)
    other_process.rotate("master", now=LATER)
    holder.encrypt_anew(b"n" * 32)

    assert other_process.held_keys() == opened(tmp_path, key=b"n" * 32).held_keys()


def test_what_a_writer_left_is_removed_by_the_next(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    left = tmp_path / "keys" / "root.00.1.unfinished"
    left.write_bytes(b"half")
    holder.rotate("root", now=LATER)

    assert not left.exists()


def test_the_key_encryption_key_is_changed(tmp_path: Path) -> None:
    new = b"n" * 32
    holder = opened(tmp_path)
    holder.encrypt_anew(new)

    assert holder.held_keys() == opened(tmp_path, key=new).held_keys()
    with pytest.raises(KeysAtRestError):
        opened(tmp_path)


@pytest.mark.parametrize("reached", range(7))
def test_a_change_that_was_cut_off_after_any_file_is_opened_with_both_keys(tmp_path: Path, reached: int) -> None:
    new = b"n" * 32
    holder = opened(tmp_path)
    files = sorted((tmp_path / "keys").glob("*.key"))
    under_the_former = [file.read_bytes() for file in files]
    holder.encrypt_anew(new)
    for file, former in list(zip(files, under_the_former, strict=True))[reached:]:
        file.write_bytes(former)

    assert holder.held_keys() == opened(tmp_path, key=KEY, former=new).held_keys()
    again = opened(tmp_path, key=new, former=KEY)
    assert len(files) == again.encrypt_anew(new)
    assert holder.held_keys() == opened(tmp_path, key=new).held_keys()


def test_a_change_that_was_killed_leaves_a_folder_that_both_keys_open(tmp_path: Path) -> None:
    new = b"n" * 32
    before = opened(tmp_path).held_keys()
    code = (
        "import sys; from pathlib import Path; from tests.rooms.trust.test_key_files import KEY, opened\n"
        "holder = opened(Path(sys.argv[1]), former=b'n' * 32)\n"
        "while True:\n"
        "    holder.encrypt_anew(b'n' * 32)\n"
        "    print('there', flush=True)\n"
        "    holder.encrypt_anew(KEY)\n"
    )
    for _ in range(3):
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as changing:
            assert changing.stdout is not None
            assert "there\n" == changing.stdout.readline()
            changing.kill()

        assert before == opened(tmp_path, former=new).held_keys()


def test_a_wrong_key_changes_no_file(tmp_path: Path) -> None:
    opened(tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    with pytest.raises(KeysAtRestError, match="the master key is another one"):
        opened(tmp_path, key=b"x" * 32, former=b"y" * 32).encrypt_anew(b"z" * 32)

    assert before == {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}


def test_one_damaged_file_lets_no_other_be_changed(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    last = max((tmp_path / "keys").glob("*.key"))
    last.write_bytes(last.read_bytes()[:-1])
    before = {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    with pytest.raises(KeysAtRestError, match="damaged"):
        holder.encrypt_anew(b"n" * 32)

    assert before == {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}


def test_what_is_not_held_is_refused(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    master_id = next(key.key_id for key in holder.held_keys() if key.name == "master")

    for ask in (
        lambda: holder.signer("region-990200"),
        lambda: holder.sign(b"none", b"message"),
        lambda: holder.sign(master_id, b"message"),
        lambda: holder.mark("master", b"text"),
        lambda: holder.secrets("root"),
        lambda: holder.rotate("nobody", now=LATER),
    ):
        with refuses(Reason.KEY_IS_NOT_HELD):
            ask()
