"""A ground for practice: the trade-in stands open in four provinces, and every party's keys lie in files.

Whoever connects a system to the platform takes a party's part with their own calls, and the others' where those must
come before. Nothing happens here by itself but the bank, which pays what it is sent.
"""

import os
from pathlib import Path
from shlex import quote
from threading import Event, Thread

from simulator.bank_files import FileBank
from simulator.stories.enrolling import BANK
from simulator.stories.neighbour import Neighbour, Part
from simulator.stories.office import Operator
from simulator.stories.stage import Stage, StoryFailedError
from simulator.stories.telling import Both
from simulator.stories.trade_in_cast import GUANGDONG, HEBEI, JIANGSU, REGIONS, STORES, YUNNAN
from simulator.stories.trade_in_cast import PROVINCES as IN_THE_STORY
from simulator.stories.trade_in_morning import Cast, Town, open_four_provinces

BUDGET_FEN = 10_000_000
FILES = {YUNNAN: "yunnan.sh", JIANGSU: "jiangsu.sh", GUANGDONG: "guangdong.sh", HEBEI: "hebei.sh"}
NAMES = (
    (Both("孙丽娟", "Sun Lijuan"), True, 44),
    (Both("马国强", "Ma Guoqiang"), False, 58),
    (Both("高敏", "Gao Min"), True, 31),
)
"""The three residents of each province."""
BANK_LOOKS_EVERY_SECONDS = 1.0


def practice_cast() -> Cast:
    """Three residents in each province, each with an old bike; as much money as anybody may need."""
    people = {region: tuple(_part(region, number) for number in range(1, len(NAMES) + 1)) for region in REGIONS}
    return Cast(
        provinces={region: IN_THE_STORY[region]._replace(budget_fen=BUDGET_FEN) for region in REGIONS},
        people=people,
        old_codes={
            part.key: old_code(region, number)
            for region in REGIONS
            for number, part in enumerate(people[region], start=1)
        },
    )


def _part(region: str, number: int) -> Part:
    name, is_woman, age = NAMES[number - 1]
    return Part(
        key=f"{region}-{number}",
        name_zh=name.zh,
        name_en=name.en,
        age=age,
        is_woman=is_woman,
        role_zh="练习",
        role_en="practises",
        bank_balance_fen=400_000,
    )


def old_code(region: str, number: int) -> str:
    """The code of somebody's old bike, whose plate the police know."""
    return f"1012220000{region[:2]}{number:03d}"


def new_code(region: str, number: int) -> str:
    """A code that no bike has yet."""
    return f"2073124000{region[:2]}{number:03d}"


class Practice:
    """The ground once it is open; `write` leaves everybody's keys, anew after some days."""

    def __init__(self, stage: Stage, *, folder: Path) -> None:
        """Open the four provinces; `folder` is for the files of keys, readable by their owner alone."""
        self.stage = stage
        self.folder = folder
        self.towns = open_four_provinces(stage, practice_cast())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def files(self) -> list[Path]:
        """Where the keys of each province lie."""
        return [self.folder / FILES[region] for region in self.towns]

    def write(self) -> None:
        """Write a file for each province, of lines that a shell reads."""
        for region, town in self.towns.items():
            self._write(region, town)

    def go_on(self, *, days: int) -> None:
        """Go on so many days, have everybody sign in anew, and write the keys again."""
        if days:
            self.stage.go_on(days=days)
        for town in self.towns.values():
            town.posts = {job: town.office.anew(who) for job, who in town.posts.items()}
            town.office.steward = town.office.anew(town.office.steward)
            town.office.second, town.office.counter = town.posts["second"], town.posts["counter"]
            town.store = town.office.anew(town.store, kind="staff")
            town.recycler = town.office.anew(town.recycler, kind="staff")
        self.write()

    def _write(self, region: str, town: Town) -> None:
        file = self.folder / FILES[region]
        lines = "".join(f"{name}={quote(value)}\n" for name, value in self._values(region, town).items())
        with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(lines)

    def _values(self, region: str, town: Town) -> dict[str, str]:
        values = {
            "B": self.stage.platform.address,
            "OUTSIDE": self.stage.outside.address,
            "REGION": region,
            "TODAY": self.stage.today.isoformat(),
            "SHIFT_SECONDS": str(int(self.stage.clock.shift.total_seconds())),
            "STORE_ID": town.providers["store"],
            "STORE_CREDIT_CODE": STORES[region].credit_code,
            "STORE_NAME": STORES[region].name_zh,
            "RECYCLER_ID": town.providers["recycler"],
            "POLICE": town.police.token,
        }
        for job, who in {
            "steward": town.office.steward,
            "store": town.store,
            "recycler": town.recycler,
            **town.posts,
        }.items():
            values |= _keys_of(job.upper(), who)
        if town.till is not None:
            values |= {
                "TILL": town.till.token,
                "TILL_ID": town.till.id,
                "TILL_KEY": town.till.signing_key.private_bytes().hex(),
            }
        for number, neighbour in enumerate(town.people.values(), start=1):
            values |= _resident(number, neighbour, region=region)
        return values


def _keys_of(name: str, who: Operator) -> dict[str, str]:
    return {name: who.token, f"{name}_LOGIN": who.own.login_name, f"{name}_PASSWORD": who.own.password}


def _resident(number: int, who: Neighbour, *, region: str) -> dict[str, str]:
    return {
        f"RESIDENT_{number}": who.phone.calls.token,
        f"NAME_{number}": who.part.name_zh,
        f"ID_NUMBER_{number}": who.id_number,
        f"CARD_{number}": who.chip.card_number,
        f"WALLET_PASSWORD_{number}": who.password,
        f"OLD_CODE_{number}": old_code(region, number),
        f"NEW_CODE_{number}": new_code(region, number),
    }


class PayingBank(Thread):
    """The simulated bank, which takes payment files and answers them until it is ended."""

    def __init__(self, stage: Stage) -> None:
        """Look into the folder in which the stage's platform and its bank exchange files."""
        super().__init__(name="bank", daemon=True)
        if stage.bank_files is None:
            raise StoryFailedError("this platform exchanges no files with banks")
        self._bank = FileBank(stage.bank_files / BANK, clock=stage.clock)
        self._ended = Event()

    def run(self) -> None:
        """Take in and answer, every second."""
        while not self._ended.wait(BANK_LOOKS_EVERY_SECONDS):
            if self._bank.take_in():
                self._bank.answer()

    def end(self) -> None:
        """End it, and wait until it has ended."""
        self._ended.set()
        self.join()
