"""Cards with the keys of trust: what is sealed opens again, for its owner and field alone."""

import os
from pathlib import Path

import pytest

from tests.support.builders.cards import CardWorld, key_of
from tests.support.world import NOON, SeededIds
from yikatong.cards import service as cards
from yikatong.cards.model import ECard, Vault
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust

pytestmark = pytest.mark.anyio


def a_vault(folder: Path) -> Vault:
    """A vault over fresh keys in a folder."""
    ids = SeededIds()
    holder = trust.open_key_folder(
        folder / "keys",
        key_encryption_key=os.urandom(32),
        wanted=trust.wanted_keys("990101"),
        now=NOON,
        ids=ids,
    )
    return trust.KeyHolderVault(holder, ids)


async def test_a_person_and_a_password_go_through_the_keys_of_trust(db: Database, tmp_path: Path) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        world.vault = a_vault(tmp_path)
        resident = await world.a_card_holder(name="王秀英")
        await world.with_e_card(resident)
        person = await cards.view_person(conn, **key_of(resident), vault=world.vault)
        found = await cards.find_by_id_number(conn, id_number=person.id_number, vault=world.vault)
        right = await world.proved(resident)
        wrong = await world.proved(resident, "000001")

    assert ("王秀英", resident.resident_id) == (person.name, found)
    assert isinstance(right, ECard)
    assert isinstance(wrong, Refused)


async def test_a_field_moved_to_another_person_or_column_does_not_open(db: Database, tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    async with db.owner_transaction() as conn:
        world = CardWorld(conn)
        world.vault = vault
        first, second = await world.a_resident(), await world.a_resident()
        look = "SELECT name, address FROM cards.person WHERE resident_id = %s"
        name, address = await (await conn.execute(look, [second.resident_id])).fetchone() or (b"", b"")
        for moved, column in ((first, name), (second, address)):
            move = "UPDATE cards.person SET name = %s WHERE resident_id = %s"
            await conn.execute(move, [column, moved.resident_id])
        for moved in (first, second):
            with pytest.raises(Refused, match="SEAL_DOES_NOT_OPEN"):
                await cards.view_person(conn, **key_of(moved), vault=vault)
