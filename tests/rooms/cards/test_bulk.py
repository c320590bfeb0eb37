"""Residents who come by many at once leave the rows that each would have left at a counter."""

from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders.cards import TERMS, VAULT, an_id_number
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.cards import audit
from yikatong.cards import service as cards
from yikatong.cards.bulk import Newcomer, register_newcomers
from yikatong.cards.model import GuardianRelation, NewPerson
from yikatong.cards.rules.persons import read_person
from yikatong.kernel.ids import ResidentId, bucket_of, show_id
from yikatong.kernel.outcomes import Change
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 25)
IDS = SeededIds()

NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60)
FORMS = st.builds(
    dict[str, str],
    name=NAMES,
    id_type=st.sampled_from(["1", "8", "16"]),
    nation=st.sampled_from(["01", "56", "97"]),
    phone=st.sampled_from(["", "15400000001", "+8615400000001"]),
    address=st.just("") | st.text(st.characters(categories=["L", "N"]), min_size=5, max_size=70),
)
DIVISIONS = st.sampled_from(["990101", "990101001", "990101001002"])


def a_newcomer(form: dict[str, str], division: str) -> tuple[Newcomer, NewPerson]:
    """Somebody new with these fields, and the form of it."""
    new = NewPerson(id_number=an_id_number(), **form)
    return Newcomer(ResidentId(IDS.new()), division, read_person(new, on=TODAY, synthetic_allowed=True)), new


async def rows_of(conn: psycopg.AsyncConnection[Any], newcomer: ResidentId) -> list[tuple[Any, ...]]:
    """What a resident's rows hold, apart from id, bucket and what is sealed."""
    cursor = await conn.execute(
        """SELECT r.region, r.division, r.status, r.made_at, r.status_at, g.version, g.shown_limit_fen,
            g.shown_day_limit_fen, g.shown_on, g.shown_spent_fen, g.unknown_posture_allowed, g.payments_frozen_at,
            p.erased_at, octet_length(p.wrapped_key), octet_length(p.name), octet_length(p.address)
        FROM cards.resident r
        JOIN cards.person p ON (p.bucket, p.resident_id) = (r.bucket, r.id)
        JOIN cards.gate g ON (g.bucket, g.resident_id) = (r.bucket, r.id) WHERE r.id = %s""",
        [newcomer],
    )
    marks = await conn.execute("SELECT made_at FROM cards.id_mark WHERE resident_id = %s", [newcomer])
    # Apart, because marks lie elsewhere than their residents on a cluster.
    return [*await cursor.fetchall(), *await marks.fetchall()]


@given(form=FORMS, division=DIVISIONS)
@settings(max_examples=30, deadline=None)
async def test_somebody_leaves_the_rows_of_who_came_to_the_counter(
    db: Database, form: dict[str, str], division: str
) -> None:
    newcomer, new = a_newcomer(form, division)
    region, bucket = a_region_code(), bucket_of(newcomer.id, TERMS.bucket_count)
    async with db.transaction() as conn:
        await register_newcomers(conn, [newcomer], region=region, terms=TERMS, vault=VAULT, now=NOON)
        at_counter = await cards.register_resident(
            conn,
            region=region,
            division=division,
            person=NewPerson(id_number=an_id_number(), **form),
            terms=TERMS,
            vault=VAULT,
            now=NOON,
            ids=IDS,
        )
        seen = await cards.view_person(conn, bucket=bucket, resident_id=newcomer.id, vault=VAULT)
        again = await cards.register_resident(
            conn, region=region, division=division, person=new, terms=TERMS, vault=VAULT, now=NOON, ids=IDS
        )

        assert newcomer.person == seen
        assert (newcomer.id, Change.ALREADY_SO) == (again.resident_id, again.change)
        assert 2 == len(await rows_of(conn, newcomer.id))
        assert await rows_of(conn, at_counter.resident_id) == await rows_of(conn, newcomer.id)


async def test_guardians_are_kept_with_the_ward_and_an_audit_finds_no_difference(db: Database) -> None:
    form = {"name": "欧阳若汐"}
    (mother, _), (child, _) = a_newcomer(form, "990101"), a_newcomer(form, "990101")
    child = child._replace(guardians=((mother.id, GuardianRelation.MOTHER_DAUGHTER),))
    async with db.transaction() as conn:
        await register_newcomers(conn, [child, mother], region=a_region_code(), terms=TERMS, vault=VAULT, now=NOON)
        bucket = bucket_of(child.id, TERMS.bucket_count)
        (guardian,) = await cards.list_guardians(conn, bucket=bucket, resident_id=child.id)
        names = [show_id("resident", one.id) for one in (mother, child)]

        assert (mother.id, GuardianRelation.MOTHER_DAUGHTER) == (guardian.guardian_id, guardian.relation)
        assert [] == [line for line in await audit.audit(conn) if any(name in line for name in names)]


async def test_one_of_many_is_erased_and_the_others_stay(db: Database) -> None:
    pair = [a_newcomer({"name": name}, "990101")[0] for name in ("王伟", "李静")]
    (gone, bucket), (stays, other) = ((one, bucket_of(one.id, TERMS.bucket_count)) for one in pair)
    async with db.transaction() as conn:
        await register_newcomers(conn, pair, region=a_region_code(), terms=TERMS, vault=VAULT, now=NOON)
        await cards.erase_person(conn, bucket=bucket, resident_id=gone.id, vault=VAULT, now=NOON)

        assert None is await cards.find_by_id_number(conn, id_number=gone.person.id_number, vault=VAULT)
        assert stays.person == await cards.view_person(conn, bucket=other, resident_id=stays.id, vault=VAULT)


async def test_a_number_that_comes_twice_registers_nobody(db: Database) -> None:
    newcomer, _ = a_newcomer({"name": "王伟"}, "990101")
    twin = newcomer._replace(id=ResidentId(IDS.new()))
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with db.transaction() as conn:
            await register_newcomers(conn, [newcomer, twin], region=a_region_code(), terms=TERMS, vault=VAULT, now=NOON)
    async with db.transaction() as conn:
        assert None is await cards.find_by_id_number(conn, id_number=newcomer.person.id_number, vault=VAULT)
