"""The vault: a field opens for its owner and name, an ID number has one mark, a password is proved."""

from pathlib import Path

import pytest

from tests.rooms.trust.test_key_files import opened
from tests.support.builders.trust import refuses
from tests.support.world import SeededIds
from yikatong.cards.model import Vault
from yikatong.trust.model import Reason, SealCipher
from yikatong.trust.service import KeyHolderVault

pytestmark = pytest.mark.anyio
IDS = SeededIds()
NAME = "张三".encode()


def a_vault(folder: Path, cipher: SealCipher = SealCipher.AES_256_GCM) -> KeyHolderVault:
    """A vault over fresh keys."""
    return KeyHolderVault(opened(folder), IDS, cipher)


def test_it_is_the_vault_that_cards_asks_for(tmp_path: Path) -> None:
    vault: Vault = a_vault(tmp_path)

    assert 32 == len(vault.mark_id_number("11010519491231002X"))


@pytest.mark.parametrize("cipher", list(SealCipher))
def test_a_field_opens_for_its_owner_and_its_name_alone(tmp_path: Path, cipher: SealCipher) -> None:
    vault = a_vault(tmp_path, cipher)
    owner, other = IDS.new(), IDS.new()
    key = vault.new_data_key(owner=owner)
    sealed = key.seal_fields({"name": NAME, "phone": b"13800000000"})
    again = vault.open_data_key(key.wrapped, owner=owner)

    assert NAME == again.open(sealed["name"], field="name")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        again.open(sealed["name"], field="phone")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        vault.open_data_key(key.wrapped, owner=other)


def test_without_its_wrapped_key_nothing_opens_what_was_sealed(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    owner = IDS.new()
    sealed = vault.new_data_key(owner=owner).seal(NAME, field="name")

    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        vault.new_data_key(owner=owner).open(sealed, field="name")


def test_an_id_number_has_one_mark_and_another_has_another(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)

    assert vault.mark_id_number("11010519491231002X") == a_vault(tmp_path).mark_id_number("11010519491231002X")
    assert vault.mark_id_number("11010519491231002X") != vault.mark_id_number("440524188001010014")


async def test_a_password_is_proved_with_the_pepper_it_was_hashed_with(tmp_path: Path) -> None:
    vault = a_vault(tmp_path / "here")
    elsewhere = a_vault(tmp_path / "elsewhere")
    kept = await vault.hash_password("135790")

    assert await vault.is_password("135790", password_hash=kept)
    assert not await vault.is_password("135791", password_hash=kept)
    assert not await elsewhere.is_password("135790", password_hash=kept)
    with refuses(Reason.PASSWORD_DOES_NOT_MATCH):
        await vault.verify_password("135791", password_hash=kept)


async def test_one_password_is_hashed_differently_each_time(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)

    assert await vault.hash_password("135790") != await vault.hash_password("135790")
