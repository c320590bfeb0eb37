"""Residents with cards, e-cards and devices, for tests of cards and above; everything by the use cases themselves."""

import base64
import random
from collections.abc import Callable
from datetime import date, datetime
from itertools import count
from typing import Any, TypedDict
from uuid import UUID, uuid4

import msgspec
import psycopg

from tests.support.builders.vault import TestVault
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.cards import service as cards
from yikatong.cards.model import (
    Actor,
    Card,
    ECard,
    Enrolled,
    Enrolment,
    GuardianRelation,
    NewPerson,
    Registered,
    Shell,
    Terms,
    Vault,
)
from yikatong.cards.outside import AccountAnswer, AccountVerdict, FaceAnswer
from yikatong.cards.rules.return_file import COLUMNS
from yikatong.kernel.identifiers.bank_card import make_bank_card_number
from yikatong.kernel.identifiers.resident_id import make_id_number
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.notices import service as notices
from yikatong.plumbing.ids import Ids
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

Conn = psycopg.AsyncConnection[Any]

VAULT = TestVault()
TERMS = Terms(bucket_count=4, synthetic_allowed=True)
PASSWORD = "274813"
OPERATOR = Actor(kind="operator", id=UUID("01890000-0000-7000-8000-00000000000a"))
GROWN_UP = date(1980, 6, 1)
A_BANK = "102"
A_BANK_CARD = make_bank_card_number("621700123456789012")

_sequence = count(random.SystemRandom().randrange(30_000_000))


def an_id_number(born_on: date = GROWN_UP) -> str:
    """An ID number of an unassigned county that no other test uses."""
    number = next(_sequence)
    area = f"9901{number // 1000 % 100:02d}"
    # Three digits and a county are few for one birth date, so the day within the month moves too.
    day = born_on.replace(day=1 + number // 100_000 % 28) if born_on == GROWN_UP else born_on
    return make_id_number(area=area, born_on=day, sequence=number % 1000)


class FacesThatMatch:
    """A face check that answers what it was told to answer."""

    def __init__(self, answer: FaceAnswer = FaceAnswer.MATCHED) -> None:
        self.answer = answer

    async def compare_face(self, *, name: str, id_number: str, face: str) -> FaceAnswer:
        """The answer it was told."""
        return self.answer


class ABank:
    """A bank that knows every account, unless told another verdict; one token for one number."""

    def __init__(self, verdict: AccountVerdict = AccountVerdict.GOOD) -> None:
        self.verdict = verdict
        self._tokens: dict[str, str] = {}

    async def confirm_account(
        self, *, bank_code: str, bank_card_number: str, name: str, id_number: str, phone: str
    ) -> AccountAnswer:
        """The verdict it was told, with a token."""
        token = self._tokens.setdefault(bank_card_number, uuid4().hex)
        return AccountAnswer(verdict=self.verdict, token=token, tail=bank_card_number[-4:])


class Key(TypedDict):
    """Which resident a use case is for."""

    bucket: int
    resident_id: ResidentId


class Step(TypedDict):
    """Who does a step, when, with which ids."""

    by: Actor
    now: datetime
    ids: Ids


def key_of(resident: Registered) -> Key:
    """The arguments that name a resident."""
    return Key(bucket=resident.bucket, resident_id=resident.resident_id)


class CardWorld:
    """A region of its own with a clock, ids and what cards needs; methods are steps of a resident's life.

    `chips` are the keys of the chips that were made, by card number.
    """

    def __init__(self, conn: Conn, *, now: datetime = NOON, region: str | None = None) -> None:
        self.conn = conn
        self.now = now
        self.region = region or a_region_code()
        self.ids = SeededIds()
        self.vault: Vault = VAULT
        self.terms = TERMS
        self.bank = ABank()
        self.faces = FacesThatMatch()
        self.chips: dict[str, SigningKey] = {}

    def step(self) -> Step:
        """The arguments of a step that an operator does now."""
        return Step(by=OPERATOR, now=self.now, ids=self.ids)

    async def a_resident(
        self, *, born_on: date = GROWN_UP, name: str = "王小明", id_number: str | None = None
    ) -> Registered:
        """A registered resident without a card."""
        return await cards.register_resident(
            self.conn,
            region=self.region,
            division=self.region,
            person=NewPerson(
                name=name,
                id_number=id_number or an_id_number(born_on),
                phone="13800000000",
                address="亭亭社区一栋一单元",
            ),
            terms=self.terms,
            vault=self.vault,
            now=self.now,
            ids=self.ids,
        )

    async def applied(self, resident: Registered, *, guardian_id: ResidentId | None = None) -> None:
        """Let the resident apply for a card."""
        await cards.apply_for_card(
            self.conn,
            **key_of(resident),
            bank_code=A_BANK,
            has_photo=True,
            guardian_id=guardian_id,
            vault=self.vault,
            by=OPERATOR,
            now=self.now,
            ids=self.ids,
        )

    async def made(self) -> dict[str, SigningKey]:
        """Let every waiting card of the region be made; gives the chips' keys by card number."""
        batch = await cards.make_production_batch(
            self.conn, region=self.region, terms=self.terms, now=self.now, ids=self.ids
        )
        sent = await cards.write_batch_file(self.conn, batch_id=batch.id, terms=self.terms, vault=self.vault)
        data, chips = a_return_file(sent, issued_on=day_of(self.now))
        await cards.read_return(
            self.conn,
            batch_id=batch.id,
            data=data,
            terms=self.terms,
            vault=self.vault,
            by=OPERATOR,
            now=self.now,
        )
        self.chips |= chips
        return chips

    async def activated(self, resident: Registered) -> Card:
        """Activate the resident's card."""
        await cards.activate(
            self.conn,
            **key_of(resident),
            by=OPERATOR,
            now=self.now,
            ids=self.ids,
        )
        return await self.card_of(resident)

    async def card_of(self, resident: Registered) -> Card:
        """The resident's card in force, or the last one."""
        return await cards.get_card(self.conn, **key_of(resident))

    async def a_card_holder(self, *, born_on: date = GROWN_UP, name: str = "王小明") -> Registered:
        """A resident with an active card."""
        resident = await self.a_resident(born_on=born_on, name=name)
        await self.applied(resident)
        await self.made()
        await self.activated(resident)
        return resident

    async def guarded(self, ward: Registered, *, by: Registered) -> None:
        """Record somebody as the mother of a ward."""
        await cards.add_guardian(
            self.conn,
            bucket=ward.bucket,
            resident_id=ward.resident_id,
            guardian_id=by.resident_id,
            relation=GuardianRelation.MOTHER_SON,
            terms=self.terms,
            vault=self.vault,
            now=self.now,
            ids=self.ids,
        )

    async def proved(self, resident: Registered, password: str = PASSWORD) -> ECard | Refused:
        """Type the e-card's password."""
        return await cards.prove_password(
            self.conn, **key_of(resident), password=password, vault=self.vault, now=self.now, ids=self.ids
        )

    async def heard_by(self, resident: Registered) -> list[str]:
        """What a resident was told, in order."""
        found = await notices.list_notices(self.conn, **key_of(resident), before=None, limit=100)
        return [notice.template.value for notice in reversed(found)]

    async def with_e_card(self, resident: Registered, *, password: str = PASSWORD) -> None:
        """Issue the resident's e-card."""
        await cards.issue_e_card(
            self.conn,
            **key_of(resident),
            password=password,
            channel="wallet",
            vault=self.vault,
            now=self.now,
            ids=self.ids,
        )

    async def with_bank(self, resident: Registered, *, number: str = A_BANK_CARD) -> None:
        """Bind the resident's bank account."""
        await cards.bind_bank(
            self.conn,
            **key_of(resident),
            bank_card_number=number,
            phone="13800000000",
            bank=self.bank,
            vault=self.vault,
            now=self.now,
            ids=self.ids,
        )

    async def an_enrolment(
        self, resident: Registered, *, key: SigningKey, password: str = PASSWORD, made_at: datetime | None = None
    ) -> Enrolment:
        """What the resident's wallet sends to be enrolled, signed by a new key."""
        person = await cards.view_person(self.conn, **key_of(resident), vault=self.vault)
        card = await self.card_of(resident)
        assert card.card_number is not None
        unsigned = Enrolment(
            name=person.name,
            id_number=person.id_number,
            card_number=card.card_number,
            face="liveness-1",
            password=password,
            channel="wallet",
            platform="android",
            shell=Shell.NATIVE,
            key=key.public_key,
            made_at=made_at or self.now,
            signature=b"",
        )
        return signed_again(unsigned, key=key)

    async def enrolled(
        self, resident: Registered, *, key: SigningKey | None = None, password: str = PASSWORD
    ) -> Enrolled:
        """Enrol a device of the resident."""
        signer = key or trust.new_signing_key(Algorithm.ES256)
        answer = await cards.enrol_device(
            self.conn,
            enrolment=await self.an_enrolment(resident, key=signer, password=password),
            face=self.faces,
            vault=self.vault,
            terms=self.terms,
            now=self.now,
            ids=self.ids,
        )
        assert isinstance(answer, Enrolled)
        return answer


def signed_again(enrolment: Enrolment, *, key: SigningKey) -> Enrolment:
    """An enrolment with the key's signature over what it now says."""
    message = cards.enrolment_message(
        id_number=enrolment.id_number,
        card_number=enrolment.card_number,
        key=enrolment.key,
        made_at=enrolment.made_at,
    )
    return msgspec.structs.replace(enrolment, signature=key.sign(message))


def a_return_file(
    sent: bytes,
    *,
    issued_on: date,
    change: Callable[[list[list[str]]], None] = lambda rows: None,
) -> tuple[bytes, dict[str, SigningKey]]:
    """The card maker's answer to a batch file, every card made; `change` may spoil its lines. Gives the chips' keys."""
    lines = [line.split(",") for line in sent.decode().splitlines()]
    chips: dict[str, SigningKey] = {}
    rows = [lines[0], list(COLUMNS)]
    for sequence, card_number, id_number, name, bank_code in lines[2:]:
        chips[card_number] = trust.new_signing_key(Algorithm.ES256)
        rows.append(
            [
                sequence,
                card_number,
                id_number,
                name,
                f"{issued_on:%Y%m%d}",
                f"{issued_on.replace(year=issued_on.year + 10):%Y%m%d}",
                "A1B2C3D4",
                "3B9F95803FC7A08031E073FE211B63",
                bank_code,
                A_BANK_CARD,
                "",
                "A-01",
                "",
                "",
                "ES256",
                base64.urlsafe_b64encode(chips[card_number].public_key.data).decode().rstrip("="),
            ]
        )
    change(rows)
    return "\n".join(",".join(row) for row in rows).encode(), chips
