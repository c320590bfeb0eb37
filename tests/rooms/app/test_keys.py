"""Keys as whoever runs the platform changes them: given successors, encrypted by another master key, never lost."""

import base64
import os
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
import pytest
from typer.testing import CliRunner

from simulator.signer import serving
from simulator.wallet import Wallet
from tests.support.builders.codes import CodeWorld
from tests.support.database import a_fresh_database
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.app.caches import REGIONS
from yikatong.app.cli import app, main
from yikatong.app.key_changes import Rotation, rewrap_keys, rotate_key
from yikatong.app.keys import OVERLAP, list_key_standings, open_keys, publish_own_keys
from yikatong.codes import service as codes
from yikatong.codes.model import Reason as CodeReason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing import versions
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.settings import Settings, SettingsError
from yikatong.sealing import service as sealing
from yikatong.trust import service as trust
from yikatong.trust.keys_at_rest.key_file import read_key
from yikatong.trust.model import KeyHolder, KeyState
from yikatong.trust.service import KeysAtRestError

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)
KEYS = {name: base64.b64encode(name.encode() * 32).decode() for name in "abc"}


def settings_of(tmp_path: Path, region: str = "990100", **changes: Any) -> Settings:
    """Settings with a data folder of their own."""
    return Settings(data_folder=str(tmp_path / "house"), region=region, **changes)


def keys_at(settings: Settings, clock: FixedClock) -> KeyHolder:
    """The keys of settings, opened as a process would."""
    return open_keys(settings, clock=clock, ids=SeededIds())


def files_of(settings: Settings) -> dict[str, bytes]:
    """Everything in the folder of keys."""
    folder = Path(settings.data_folder) / "keys"
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class CutOffError(Exception):
    """The end of a process before it commits."""


class Regions:
    """A region's own counter and a peer's, which know its keys by the trust list."""

    def __init__(self, world: CodeWorld, clock: FixedClock) -> None:
        self.world = world
        self.clock = clock

    async def view(self, *, at_home: bool) -> codes.RegionView:
        """What a counter knows now."""
        keys, now = self.world.keys, self.clock.now()
        held = await trust.read_held_trust_list(self.world.conn, pinned=trust.pin_own_roots(keys), now=now)
        own = [self.world.region] if at_home else []
        return codes.view_regions(held.trust_list, holder=keys, own_regions=own, bucket_count=1, now=now)

    async def read(self, code: str, *, at_home: bool) -> bytes | None:
        """Read a code; the id of the region's key that signed it, where that was asked."""
        read = codes.read_code_of_any_age(code, regions=await self.view(at_home=at_home))
        return None if read.claims is None else read.claims.key_id


async def a_region_with_a_wallet(conn: Connection, tmp_path: Path, clock: FixedClock) -> tuple[Regions, Wallet, Any]:
    """A region whose keys are published and lie in files, and a resident's wallet, refreshed once."""
    world = CodeWorld(conn, now=clock.now())
    world.keys = keys_at(settings_of(tmp_path, world.region), clock)
    await publish_own_keys(conn, keys=world.keys, regions=[world.region], clock=clock)
    resident = await world.a_card_holder()
    wallet = await world.a_wallet(resident)
    await world.refreshed(resident, wallet)
    return Regions(world, clock), wallet, resident


async def test_codes_of_the_former_key_are_read_until_its_end_and_new_ones_are_by_the_new_key(
    db: Database, tmp_path: Path
) -> None:
    clock = FixedClock()
    async with db.transaction() as conn:
        regions, wallet, resident = await a_region_with_a_wallet(conn, tmp_path, clock)
        world = regions.world
        name = trust.region_key_name(world.region)
        former = world.keys.signer(name).key_id
        before = wallet.show_code(clock.now())
        clock.advance(SECOND)
        rotated = await rotate_key(conn, keys=world.keys, name=name, revoke_former=False, clock=clock)
        await world.refreshed(resident, wallet)
        after = wallet.show_code(clock.now())
        present = rotated.present.key.key_id

        assert rotated.former is not None
        assert (former, KeyState.FORMER, clock.now() + OVERLAP) == (
            rotated.former.key.key_id,
            rotated.former.state,
            rotated.former.ends_at,
        )
        clock.advance(OVERLAP - SECOND)
        assert [former, present] == [await regions.read(code, at_home=False) for code in (before, after)]
        clock.advance(SECOND)
        with pytest.raises(Refused) as ended:
            await regions.read(before, at_home=False)
        assert CodeReason.ISSUING_KEY_IS_UNKNOWN is ended.value.reason
        assert present == await regions.read(after, at_home=False)
        for code in (before, after):
            await regions.read(code, at_home=True)


async def test_a_stolen_key_s_codes_are_refused_by_peers_at_once_and_read_at_home(db: Database, tmp_path: Path) -> None:
    clock = FixedClock()
    async with db.transaction() as conn:
        regions, wallet, _ = await a_region_with_a_wallet(conn, tmp_path, clock)
        world = regions.world
        code = wallet.show_code(clock.now())
        clock.advance(SECOND)
        name = trust.region_key_name(world.region)
        rotated = await rotate_key(conn, keys=world.keys, name=name, revoke_former=True, clock=clock)

        assert rotated.former is not None
        assert KeyState.REVOKED is rotated.former.state
        with pytest.raises(Refused) as revoked:
            await regions.read(code, at_home=False)
        assert CodeReason.ISSUING_KEY_IS_UNKNOWN is revoked.value.reason
        await regions.read(code, at_home=True)


async def test_codes_with_aliases_of_the_former_secret_are_still_read(db: Database, tmp_path: Path) -> None:
    clock = FixedClock()
    async with db.transaction() as conn:
        regions, wallet, resident = await a_region_with_a_wallet(conn, tmp_path, clock)
        world = regions.world
        before = wallet.show_code(clock.now())
        clock.advance(SECOND)
        name = trust.alias_key_name(world.region)
        await rotate_key(conn, keys=world.keys, name=name, revoke_former=False, clock=clock)
        await world.refreshed(resident, wallet)

        for code in (before, wallet.show_code(clock.now())):
            read = codes.read_code_of_any_age(code, regions=await regions.view(at_home=True))
            assert resident.resident_id == read.resident_id


@pytest.mark.parametrize("name", ["region", "alias", "root", "master", "log", "log-leaf"])
async def test_a_rotation_tells_the_workers_to_read_again(db: Database, tmp_path: Path, name: str) -> None:
    clock = FixedClock()
    settings = settings_of(tmp_path)
    keys = keys_at(settings, clock)
    name = f"{name}-990100" if name in ("region", "alias") else name
    async with db.transaction() as conn:
        await publish_own_keys(conn, keys=keys, regions=["990100"], clock=clock)
        before = (await versions.read_all(conn))[REGIONS]
        clock.advance(SECOND)
        rotated = await rotate_key(conn, keys=keys, name=name, revoke_former=False, clock=clock)
        held = [key for key in keys.held_keys() if key.name == name]

        assert (Rotation.MADE, KeyState.PRESENT) == (rotated.done, rotated.present.state)
        assert rotated.former is not None
        assert [rotated.former.key.key_id, rotated.present.key.key_id] == [key.key_id for key in held]
        assert KeyState.FORMER is rotated.former.state
        assert before < (await versions.read_all(conn))[REGIONS]


def test_a_folder_from_before_the_log_gets_the_keys_of_the_log_at_the_next_start(tmp_path: Path) -> None:
    settings, clock = settings_of(tmp_path), FixedClock()
    keys_at(settings, clock)
    for file in (Path(settings.data_folder) / "keys" / "held").glob("log*.key"):
        file.unlink()

    made = keys_at(settings, clock)
    found = keys_at(settings, clock)

    assert 1 == len(sealing.leaf_secrets_of(made))
    assert sealing.leaf_secrets_of(made) == sealing.leaf_secrets_of(found)
    assert list(sealing.log_keys_of(made)) == list(sealing.log_keys_of(found))


def test_the_simulated_module_holds_every_key_that_an_installation_begins_with(tmp_path: Path) -> None:
    here, file = settings_of(tmp_path), tmp_path / "module.sock"
    words = [sys.executable, "-m", "simulator.signer", str(file), str(tmp_path / "module"), here.region]
    with subprocess.Popen(words, env={**os.environ, "YIKATONG_SIGNER_KEY": "6b" * 32}) as module:  # noqa: S603  our own
        try:
            until = time.monotonic() + 30
            while not file.exists() and time.monotonic() < until:
                time.sleep(0.05)
            with closing(trust.ExternalKeyHolder(str(file))) as outside:
                held = {key.name for key in outside.held_keys()}
        finally:
            module.terminate()

    assert {key.name for key in keys_at(here, FixedClock()).held_keys()} == held


async def test_a_rotation_cut_off_before_the_list_is_ended_by_the_same_command(db: Database, tmp_path: Path) -> None:
    clock = FixedClock()
    settings = settings_of(tmp_path)
    keys = keys_at(settings, clock)
    async with db.transaction() as conn:
        await publish_own_keys(conn, keys=keys, regions=["990100"], clock=clock)
    clock.advance(SECOND)
    with pytest.raises(CutOffError):
        async with db.transaction() as conn:
            made = await rotate_key(conn, keys=keys, name="region-990100", revoke_former=False, clock=clock)
            raise CutOffError
    started_again = keys_at(settings, clock)
    async with db.transaction() as conn:
        standings = await list_key_standings(conn, keys=started_again, clock=clock)
        assert KeyState.NOT_PUBLISHED in {it.state for it in standings if it.key.name == "region-990100"}
        ended = await rotate_key(conn, keys=started_again, name="region-990100", revoke_former=False, clock=clock)

    assert Rotation.PUBLISHED is ended.done
    assert made.present.key == ended.present.key


@pytest.mark.parametrize(
    ("name", "revoke_former", "said"),
    [
        ("region-440100", False, r"no key region/440100; there is: alias/990100, .*region/990100"),
        ("pepper", False, "makes marks"),
        ("master", True, "nothing revokes it"),
    ],
)
async def test_what_cannot_be_rotated_is_said_and_changes_nothing(
    db: Database, tmp_path: Path, name: str, revoke_former: bool, said: str
) -> None:
    clock = FixedClock()
    settings = settings_of(tmp_path)
    keys = keys_at(settings, clock)
    before = files_of(settings)
    clock.advance(SECOND)
    async with db.transaction() as conn:
        with pytest.raises(KeysAtRestError, match=said):
            await rotate_key(conn, keys=keys, name=name, revoke_former=revoke_former, clock=clock)

    assert before == files_of(settings)


async def test_a_module_makes_its_keys_itself_and_the_command_publishes_them(db: Database, tmp_path: Path) -> None:
    clock = FixedClock()
    inside = keys_at(settings_of(tmp_path), clock)
    assert isinstance(inside, trust.FileKeyHolder)
    with serving(tmp_path / "module", inside):
        keys = keys_at(settings_of(tmp_path, key_module_socket=str(tmp_path / "module")), clock)
        assert isinstance(keys, trust.ExternalKeyHolder)
        async with db.transaction() as conn:
            await publish_own_keys(conn, keys=keys, regions=["990100"], clock=clock)
            for name, said in (("region-990100", "Make the next one in the module"), ("master", "successor there")):
                with pytest.raises(KeysAtRestError, match=said):
                    await rotate_key(conn, keys=keys, name=name, revoke_former=False, clock=clock)
            clock.advance(SECOND)
            made = inside.rotate("region-990100", now=clock.now())
            published = await rotate_key(conn, keys=keys, name="region-990100", revoke_former=False, clock=clock)
        keys.close()

    assert (Rotation.PUBLISHED, made.key_id) == (published.done, published.present.key.key_id)


def test_another_master_key_takes_over_and_the_former_one_opens_nothing(tmp_path: Path) -> None:
    clock = FixedClock()
    former = settings_of(tmp_path, master_key=KEYS["a"])
    held = keys_at(former, clock).held_keys()
    both = settings_of(tmp_path, master_key=KEYS["a"], next_master_key=KEYS["b"])
    rewrapped = rewrap_keys(both, clock=clock, ids=SeededIds())

    assert (len(held), False) == (rewrapped.file_count, rewrapped.took_over)
    for settings in (both, settings_of(tmp_path, master_key=KEYS["b"])):
        assert held == keys_at(settings, clock).held_keys()
    with pytest.raises(KeysAtRestError, match="the master key is another one"):
        keys_at(former, clock)


def test_the_data_folder_s_own_master_key_is_replaced(tmp_path: Path) -> None:
    clock = FixedClock()
    settings = settings_of(tmp_path)
    held = keys_at(settings, clock).held_keys()
    before = files_of(settings)
    assert rewrap_keys(settings, clock=clock, ids=SeededIds(7)).took_over
    after = files_of(settings)

    assert held == keys_at(settings, clock).held_keys()
    assert before.keys() == after.keys()
    assert {"held.lock"} == {name for name in before if before[name] == after[name]}


def test_while_both_master_keys_are_at_hand_a_folder_changed_by_half_serves(tmp_path: Path) -> None:
    clock = FixedClock()
    settings = settings_of(tmp_path)
    held = keys_at(settings, clock).held_keys()
    folder = Path(settings.data_folder) / "keys"
    former_master, files = (folder / "master.key").read_bytes(), sorted((folder / "held").glob("*.key"))
    under_the_former = {file: file.read_bytes() for file in files[3:]}
    rewrap_keys(settings, clock=clock, ids=SeededIds(7))
    (folder / "master.key").rename(folder / "master.key.next")
    (folder / "master.key").write_bytes(former_master)
    (folder / "master.key").chmod(0o600)
    for file, content in under_the_former.items():
        file.write_bytes(content)

    assert held == keys_at(settings, clock).held_keys()
    assert rewrap_keys(settings, clock=clock, ids=SeededIds(8)).took_over
    assert held == keys_at(settings, clock).held_keys()
    assert not (folder / "master.key.next").exists()


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"master_key": KEYS["b"], "next_master_key": KEYS["c"]}, KeysAtRestError, "the master key is another one"),
        ({"master_key": KEYS["a"], "next_master_key": KEYS["a"]}, KeysAtRestError, "is the present one"),
        ({"master_key": KEYS["a"], "next_master_key": "c2hvcnQ="}, SettingsError, "next_master_key is not 32 bytes"),
        ({"master_key": KEYS["a"]}, SettingsError, "name it by next_master_key_file"),
        ({"master_key": KEYS["a"], "key_module_socket": "/none"}, KeysAtRestError, "A module holds the keys"),
    ],
)
def test_a_wrong_master_key_changes_nothing(
    tmp_path: Path, changes: dict[str, str], error: type[Exception], said: str
) -> None:
    clock = FixedClock()
    settings = settings_of(tmp_path, master_key=KEYS["a"])
    keys_at(settings, clock)
    before = files_of(settings)
    with pytest.raises(error, match=said):
        rewrap_keys(settings_of(tmp_path, **changes), clock=clock, ids=SeededIds())

    assert before == files_of(settings)


def test_where_there_are_no_keys_none_are_made(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    with pytest.raises(KeysAtRestError, match="There are no keys"):
        rewrap_keys(settings, clock=FixedClock(), ids=SeededIds())

    assert not Path(settings.data_folder).exists()


def said_by(address: ServerAddress, folder: Path, *words: str) -> str:
    """What a command says that finds its database by its address."""
    environment = {
        "YIKATONG_DATA_FOLDER": str(folder),
        "YIKATONG_DATABASE_URL": address.conninfo,
        "YIKATONG_SERVING_DATABASE_URL": address.serving_conninfo or "",
    }
    ended = CliRunner().invoke(app, list(words), env=environment)
    assert 0 == ended.exit_code, ended.output
    return ended.stdout


def all_said(address: ServerAddress, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Migrate, then rotate, list and rewrap: the keys as listed, and everything that was said."""
    said_by(address, folder, "db", "migrate")
    said = [
        said_by(address, folder, "keys", *words)
        for words in (
            ["rotate", "region/990100"],
            ["rotate", "root", "alias/990100", "master"],
            ["root"],
            ["list"],
            ["list", "--json"],
            ["rewrap"],
        )
    ]
    return msgspec.json.decode(said[4])["keys"], said


async def test_the_commands_list_rotate_and_rewrap_without_a_secret(db: Database, tmp_path: Path) -> None:
    keys = keys_at(Settings(data_folder=str(tmp_path)), FixedClock(NOON - timedelta(days=400)))
    with a_fresh_database(db.address.conninfo) as address:
        rows, said = await anyio.to_thread.run_sync(all_said, address, tmp_path)
    states = {name: [row["state"] for row in rows if row["purpose"] == name] for name in ("region", "alias", "log")}

    assert "published, made before" in said[0]
    assert {"region": ["present"], "alias": ["former", "present"], "log": ["present"]} == states
    assert trust.pin_own_roots(keys).roots == (trust.decode_cose_key(bytes.fromhex(said[2])),)
    assert ["ES256", None] == [
        next(row["algorithm"] for row in rows if row["purpose"] == name) for name in ("region", "master")
    ]
    assert {"id", "purpose", "region", "algorithm", "state", "made_at", "ends_at"} == set(rows[0])
    assert "12 key files are encrypted by the next master key" in said[-1]
    secrets = secrets_in(tmp_path)
    assert 12 == len(secrets)
    assert not any(text in line for secret in secrets for text in written(secret) for line in said)


def secrets_in(folder: Path) -> list[bytes]:
    """Every secret of the keys in a data folder that has its own master key."""
    master_key = base64.b64decode((folder / "keys" / "master.key").read_text())
    files = sorted((folder / "keys" / "held").glob("*.key"))
    return [read_key(file, master_key).secret for file in files]


def written(secret: bytes) -> tuple[str, ...]:
    """A secret as text, in the forms in which one might show it."""
    return secret.hex(), base64.b64encode(secret).decode().rstrip("="), repr(secret)


def test_a_mistake_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("YIKATONG_SETTINGS", "YIKATONG_DATABASE_URL", "YIKATONG_SERVING_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("YIKATONG_DATA_FOLDER", str(tmp_path / "house"))
    for words in (["list"], ["rotate", "master"], ["rewrap"]):
        monkeypatch.setattr(sys, "argv", ["yikatong", "keys", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (2, "", 1) == (ended.value.code, said.out, said.err.count("\n")), said
    assert not (tmp_path / "house").exists()
