"""The vault: a field opens for its owner and name, an ID number has one mark, a password is proved."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    sealed = key.seal(NAME, field="name")
    again = vault.open_data_key(key.wrapped, owner=owner)

    assert NAME == again.open(sealed, field="name")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        again.open(sealed, field="phone")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        vault.open_data_key(key.wrapped, owner=other)


@pytest.fixture(scope="module", params=list(SealCipher))
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> KeyHolderVault:
    """A vault that seals, wraps and marks by the ciphers of either family, made once for many examples."""
    holder = opened(tmp_path_factory.mktemp("kept"), cipher=request.param)
    return KeyHolderVault(holder, IDS, request.param)


@given(texts=st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=40)), max_size=4))
@settings(max_examples=20, deadline=None)
def test_many_owners_are_sealed_as_if_one_by_one(kept: KeyHolderVault, texts: list[tuple[bytes, bytes]]) -> None:
    people = [(IDS.new(), pair) for pair in texts]
    sealed = kept.seal_each(people, fields=("name", "phone"))
    keys = [kept.open_data_key(wrapped, owner=owner) for (owner, _), (wrapped, _) in zip(people, sealed, strict=True)]

    assert texts == [
        (key.open(name, field="name"), key.open(phone, field="phone"))
        for key, (_, (name, phone)) in zip(keys, sealed, strict=True)
    ]
    nonces = [wrapped[6:18] for wrapped, _ in sealed] + [seal[2:14] for _, seals in sealed for seal in seals]
    assert len(nonces) == len(set(nonces))


def test_each_of_many_owners_has_a_key_that_opens_nothing_of_another(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    one, other = IDS.new(), IDS.new()
    (wrapped, (sealed,)), (_, (sealed_for_other,)) = vault.seal_each([(one, [NAME]), (other, [NAME])], fields=["name"])
    key = vault.open_data_key(wrapped, owner=one)

    assert NAME == key.open(sealed, field="name")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        key.open(sealed, field="phone")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        key.open(sealed_for_other, field="name")
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        vault.open_data_key(wrapped, owner=other)


@given(texts=st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=40)), max_size=4))
@settings(max_examples=20, deadline=None)
def test_many_owners_are_opened_as_if_one_by_one(kept: KeyHolderVault, texts: list[tuple[bytes, bytes]]) -> None:
    owners = [IDS.new() for _ in texts]
    sealed = kept.seal_each(list(zip(owners, texts, strict=True)), fields=("name", "phone"))
    people = [(owner, wrapped, seals) for owner, (wrapped, seals) in zip(owners, sealed, strict=True)]

    assert [list(pair) for pair in texts] == kept.open_each(people, fields=("name", "phone"))


def test_of_many_owners_none_is_opened_when_one_seal_is_anothers(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    one, other = IDS.new(), IDS.new()
    (wrapped, (sealed,)), (wrapped_for_other, (sealed_for_other,)) = vault.seal_each(
        [(one, [NAME]), (other, [NAME])], fields=["name"]
    )

    for bent in (
        [(one, wrapped, (sealed,)), (other, wrapped_for_other, (sealed,))],
        [(one, wrapped, (sealed,)), (other, wrapped, (sealed_for_other,))],
        [(one, wrapped, (sealed,)), (other, wrapped_for_other, (sealed_for_other[:-1],))],
    ):
        with refuses(Reason.SEAL_DOES_NOT_OPEN):
            vault.open_each(bent, fields=["name"])
    with refuses(Reason.SEAL_DOES_NOT_OPEN):
        vault.open_each([(one, wrapped, (sealed,))], fields=["phone"])


def test_who_lacks_a_field_is_not_sealed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        a_vault(tmp_path).seal_each([(IDS.new(), [NAME])], fields=["name", "phone"])


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


def test_many_id_numbers_have_the_marks_that_each_has_alone(kept: KeyHolderVault) -> None:
    numbers = ["11010519491231002X", "440524188001010014", "11010519491231002X"]

    assert [kept.mark_id_number(number) for number in numbers] == kept.mark_id_numbers(numbers)


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
