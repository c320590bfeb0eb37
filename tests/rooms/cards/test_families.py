"""Guardians, family service within both published limits, concessions, limits of minors."""

from datetime import date

import pytest

from tests.support.builders.cards import CardWorld, key_of
from yikatong.cards import service as cards
from yikatong.cards.model import FamilyKind, FamilyListName, Reason, RegionRule, Registered
from yikatong.cards.rules.families import FAMILY_LISTS, decide_family_member, decide_guardian
from yikatong.cards.rules.limits import decide_shown_limit
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database

TEN = FAMILY_LISTS[FamilyListName.TEN_PLACES]
EIGHT = FAMILY_LISTS[FamilyListName.EIGHT_RELATIVES]
OLD, CHILD, SPOUSE, OTHER = FamilyKind.ELDERLY, FamilyKind.CHILD, FamilyKind.SPOUSE, FamilyKind.OTHER


@pytest.mark.parametrize(
    ("guardian_age", "ward_age", "expected"),
    [
        (17, 18, Reason.GUARDIAN_MUST_BE_ADULT),
        (18, 18, Reason.RESIDENT_IS_NOT_A_MINOR),
        (18, 17, None),
    ],
)
def test_a_guardian_is_an_adult_and_the_ward_a_minor(guardian_age: int, ward_age: int, expected: Reason | None) -> None:
    assert expected is decide_guardian(guardian_age=guardian_age, ward_age=ward_age)


@pytest.mark.parametrize(
    ("name", "kind", "taken", "age", "face", "photo", "expected"),
    [
        ("ten_places", OLD, [OLD] * 3, 60, False, False, None),
        ("ten_places", OLD, [OLD] * 4, 60, False, False, Reason.FAMILY_PLACES_ARE_TAKEN),
        ("ten_places", OLD, [], 59, False, False, Reason.FAMILY_MEMBER_KIND_DOES_NOT_FIT),
        ("ten_places", CHILD, [CHILD] * 2, 15, False, False, Reason.FAMILY_MEMBER_NEEDS_PHOTO),
        ("ten_places", CHILD, [CHILD] * 2, 15, False, True, None),
        ("ten_places", CHILD, [CHILD] * 2, 16, False, False, None),
        ("ten_places", CHILD, [CHILD] * 3, 15, False, True, Reason.FAMILY_PLACES_ARE_TAKEN),
        ("ten_places", CHILD, [], 18, False, True, Reason.FAMILY_MEMBER_KIND_DOES_NOT_FIT),
        ("ten_places", SPOUSE, [SPOUSE], 40, False, False, Reason.FAMILY_PLACES_ARE_TAKEN),
        ("ten_places", OTHER, [OTHER], 40, False, False, None),
        ("ten_places", OTHER, [OTHER] * 2, 40, False, False, Reason.FAMILY_PLACES_ARE_TAKEN),
        ("eight_relatives", OTHER, [OTHER] * 7, 40, True, False, None),
        ("eight_relatives", OTHER, [OTHER] * 8, 40, True, False, Reason.FAMILY_PLACES_ARE_TAKEN),
        ("eight_relatives", OTHER, [], 18, False, True, Reason.FAMILY_MEMBER_MUST_SHOW_FACE),
        ("eight_relatives", CHILD, [], 17, False, False, Reason.FAMILY_MEMBER_NEEDS_PHOTO),
        ("eight_relatives", CHILD, [], 17, False, True, None),
        ("eight_relatives", SPOUSE, [SPOUSE], 40, True, False, Reason.FAMILY_PLACES_ARE_TAKEN),
    ],
)
def test_both_published_limits_hold(
    name: str,
    kind: FamilyKind,
    taken: list[FamilyKind],
    age: int,
    face: bool,
    photo: bool,
    expected: Reason | None,
) -> None:
    answer = decide_family_member(
        limits=FAMILY_LISTS[FamilyListName(name)],
        kind=kind,
        taken=taken,
        age=age,
        face_matched=face,
        has_photo=photo,
    )

    assert expected is answer


def test_the_two_lists_are_the_published_ones() -> None:
    # Published for the family service of the e-card: 4 elderly, 3 children, 1 spouse, 2 others; or 8 relatives.
    assert (10, 8) == (TEN.places_max, EIGHT.places_max)
    assert {OLD: 4, CHILD: 3, SPOUSE: 1, OTHER: 2} == TEN.places_by_kind


@pytest.mark.parametrize(
    ("limit_fen", "day_fen", "age", "expected"),
    [
        (0, 0, 10, None),
        (1, 1, 17, Reason.MINORS_HAVE_NO_SMALL_PAYMENTS),
        (0, 1, 17, Reason.MINORS_HAVE_NO_SMALL_PAYMENTS),
        (5_000, 20_000, 18, None),
        (50_000, 200_000, 40, None),
        (50_001, 200_000, 40, Reason.SMALL_PAYMENT_LIMIT_IS_TOO_HIGH),
        (50_000, 200_001, 40, Reason.SMALL_PAYMENT_LIMIT_IS_TOO_HIGH),
        (5_001, 5_000, 40, Reason.SMALL_PAYMENT_LIMIT_IS_TOO_HIGH),
    ],
)
def test_a_minor_has_no_small_payments_and_nobody_large_ones(
    limit_fen: int, day_fen: int, age: int, expected: Reason | None
) -> None:
    assert expected is decide_shown_limit(limit_fen=limit_fen, day_limit_fen=day_fen, age=age)


@pytest.mark.anyio
async def test_nobody_is_their_own_guardian(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        child = await world.a_resident(born_on=date(2016, 3, 1))
        with pytest.raises(Refused, match="RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY"):
            await world.guarded(child, by=child)


async def add(world: CardWorld, holder: Registered, member: Registered, kind: FamilyKind) -> Change:
    return await cards.add_family_member(
        world.conn,
        **key_of(holder),
        member_id=member.resident_id,
        kind=kind,
        face_matched=False,
        has_photo=True,
        terms=world.terms,
        vault=world.vault,
        now=world.now,
        ids=world.ids,
    )


@pytest.mark.anyio
async def test_a_relative_is_added_once_and_may_come_back(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        holder, child = await world.a_resident(), await world.a_resident(born_on=date(2016, 3, 1))
        first, second = await add(world, holder, child, CHILD), await add(world, holder, child, CHILD)
        gone = await cards.remove_family_member(conn, **key_of(holder), member_id=child.resident_id, now=world.now)
        back = await add(world, holder, child, CHILD)

    assert [Change.DONE, Change.ALREADY_SO, Change.DONE, Change.DONE] == [first, second, gone, back]


@pytest.mark.anyio
async def test_the_region_chooses_its_list(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        holder, friend = await world.a_resident(), await world.a_resident()
        await cards.put_region_rule(
            conn, region=world.region, rule=RegionRule(family_list=FamilyListName.EIGHT_RELATIVES)
        )
        with pytest.raises(Refused, match="FAMILY_MEMBER_MUST_SHOW_FACE"):
            await add(world, holder, friend, OTHER)
        with pytest.raises(Refused, match="RESIDENT_CANNOT_BE_THEIR_OWN_FAMILY"):
            await add(world, holder, holder, OTHER)


@pytest.mark.anyio
async def test_a_concession_is_seen_by_taps_while_it_holds(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()

        async def grant(until: date) -> Change:
            return await cards.grant_concession(
                conn, **key_of(resident), class_="senior", valid_until=until, now=world.now
            )

        async def held_on(day: date) -> tuple[str, ...]:
            return (await cards.get_holder(conn, **key_of(resident), on=day)).concessions

        assert Change.DONE is await grant(date(2027, 1, 1))
        assert Change.ALREADY_SO is await grant(date(2027, 1, 1))
        assert ("senior",) == await held_on(date(2026, 12, 31))
        assert () == await held_on(date(2027, 1, 1))
        assert () == await held_on(date(2026, 11, 24))
        ended = [await cards.end_concession(conn, **key_of(resident), class_="senior", now=world.now) for _ in range(2)]
        assert [Change.DONE, Change.ALREADY_SO] == ended
        assert () == await held_on(date(2026, 11, 25))
        with pytest.raises(Refused, match="CONCESSION_IS_NOT_KNOWN"):
            await cards.end_concession(conn, **key_of(resident), class_="student", now=world.now)


@pytest.mark.anyio
async def test_limits_and_freezes_stand_on_the_gate(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()

        async def limit(fen: int) -> Change:
            return await cards.set_small_payment_limit(
                conn,
                **key_of(resident),
                limit_fen=fen,
                day_limit_fen=4 * fen,
                unknown_posture_allowed=False,
                vault=world.vault,
                now=world.now,
                ids=world.ids,
            )

        before = await cards.get_gate(conn, **key_of(resident))
        assert [Change.DONE, Change.ALREADY_SO] == [await limit(5_000), await limit(5_000)]
        freezes = [await cards.freeze_payments(conn, **key_of(resident), now=world.now) for _ in range(2)]
        after = await cards.get_gate(conn, **key_of(resident))
        lifted = [await cards.unfreeze_payments(conn, **key_of(resident)) for _ in range(2)]

    assert (0, 0) == (before.shown_limit_fen, before.shown_day_limit_fen)
    assert (5_000, 20_000, world.now) == (after.shown_limit_fen, after.shown_day_limit_fen, after.payments_frozen_at)
    assert [Change.DONE, Change.ALREADY_SO] == freezes == lifted
