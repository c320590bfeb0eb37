"""The command that loads a made-up population seals it with the keys of the installation, in several processes."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.world import SeededIds, a_region_code
from yikatong.app.commands.population import load_population, open_vault
from yikatong.cards import service as cards
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.settings import Settings

pytestmark = pytest.mark.anyio


def the_settings(folder: Path, *, allowed: bool = True) -> Settings:
    """An installation of a region of its own, with its keys in a folder."""
    return Settings(data_folder=str(folder), region=a_region_code(), allow_synthetic_residents=allowed)


async def test_what_the_loading_processes_sealed_opens_by_the_installation_s_keys(db: Database, tmp_path: Path) -> None:
    settings, seed = the_settings(tmp_path), int(a_region_code()) * 1000
    loaded = load_population(settings, db.address, seed=seed, count=40, console=Console(file=StringIO()))
    vault = open_vault(settings)
    async with db.transaction() as conn:
        found = await conn.execute("SELECT bucket, id FROM cards.resident WHERE region = %s", [settings.region])
        residents = await found.fetchall()
        for bucket, resident_id in residents:
            seen = await cards.view_person(conn, bucket=bucket, resident_id=resident_id, vault=vault)
            assert resident_id == await cards.find_by_id_number(conn, id_number=seen.id_number, vault=vault)
            assert (True, True) == (seen.id_number.startswith("9901"), seen.address.startswith("虚构市"))

    assert (40, 0, 40) == (*loaded[:2], len(residents))


async def test_two_loading_processes_hold_the_same_keys_and_never_seal_alike(tmp_path: Path) -> None:
    settings, owner = the_settings(tmp_path), SeededIds().new()
    one, other = open_vault(settings), open_vault(settings)
    ((wrapped, sealed),), ((wrapped_again, sealed_again),) = (
        vault.seal_each([(owner, ["王伟".encode()])], fields=["name"]) for vault in (one, other)
    )

    assert one.mark_id_numbers(["990101195503070031"]) == other.mark_id_numbers(["990101195503070031"])
    assert "王伟".encode() == other.open_data_key(wrapped, owner=owner).open(*sealed, field="name")
    assert (wrapped, sealed) != (wrapped_again, sealed_again)


async def test_where_made_up_residents_are_not_allowed_none_is_loaded(db: Database, tmp_path: Path) -> None:
    settings, seed = the_settings(tmp_path, allowed=False), int(a_region_code()) * 1000

    with pytest.raises(Refused) as refusal:
        load_population(settings, db.address, seed=seed, count=1, console=Console(file=StringIO()))
    assert Reason.ID_NUMBER_IS_SYNTHETIC is refusal.value.reason
