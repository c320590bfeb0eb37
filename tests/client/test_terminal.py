"""A till gets typed answers, and knows what it does not know."""

from datetime import date, timedelta
from pathlib import Path
from threading import Event

import msgspec
import pytest

from tests.client.platform import REMEDY, SAYS, Platform, Play, Said, said_no, tap_id_of
from tests.client.world import ATTESTED, CODE, IMPATIENT, LEAVES_IT_UNKNOWN, TILL, TILL_KEY, Pauses, a_till
from tests.support.world import FixedClock
from yikatong.client.connection import Patience
from yikatong.client.journal import Kind
from yikatong.client.problems import (
    AnswerIsUnknown,
    Problem,
    RequestIdIsTaken,
    ServerIsAway,
)
from yikatong.client.receipts import Admitted, Refused, Waiting
from yikatong.client.terminal import Recovered
from yikatong.codes import service as codes
from yikatong.trust import service as trust


def test_an_admitted_tap_has_its_receipt_and_ends_in_the_journal(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")

        assert isinstance(tap, Admitted)
        assert (tap_id_of("request-1"), 1_200) == (tap.receipt.tap, tap.receipt.amount_fen)
        assert [] == till.unfinished()


def test_a_refused_tap_says_why_in_both_languages_and_keeps_its_receipt(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="forbidden", code=CODE, request_id="request-1")

        assert isinstance(tap, Refused)
        assert "TERMINAL_MAY_NOT_OFFER_THIS_ITEM" == tap.reason
        assert (SAYS["zh"], REMEDY["en"]) == (tap.says.zh, tap.remedy.en)
        assert tap.receipt is not None and tap_id_of("request-1") == tap.receipt.tap
        assert [] == till.unfinished()


def test_a_refusal_before_a_card_is_known_has_no_receipt(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="meal", code="unreadable")

        assert isinstance(tap, Refused)
        assert ("CODE_IS_NOT_READABLE", None) == (tap.reason, tap.receipt)
        assert [] == till.unfinished()


def test_a_waiting_tap_stays_open_until_a_poll_hears_its_end(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="waits", amount_fen=500, code=CODE, request_id="request-1")
        assert isinstance(tap, Waiting)
        assert "resident" == tap.waits_for
        assert isinstance(till.poll(tap.tap), Waiting)
        assert ["request-1"] == [entry.request_id for entry in till.unfinished()]

        platform.admit("request-1")

        assert isinstance(till.poll(tap.tap), Admitted)
        assert [] == till.unfinished()


def test_the_request_is_on_disk_before_it_is_sent(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        seen_open: list[list[str]] = []
        platform.at_moment = lambda moment: (
            seen_open.append([entry.request_id for entry in till.unfinished()]) if moment == "arrived" else None
        )
        till.tap(item="meal", amount_fen=1, code=CODE, request_id="request-1")

        assert [["request-1"]] == seen_open


@pytest.mark.parametrize("play", LEAVES_IT_UNKNOWN)
def test_a_try_without_a_settling_answer_is_repeated_with_the_same_bytes(
    platform: Platform, tmp_path: Path, play: Play
) -> None:
    platform.plays.extend([play, play])
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="meal", amount_fen=1_200, code=CODE)

        assert isinstance(tap, Admitted)
    assert 3 == len(platform.heard)
    assert 1 == len({heard.body for heard in platform.heard})
    assert {tap.request_id: 1_200} == platform.paid()


@pytest.mark.parametrize("play", LEAVES_IT_UNKNOWN)
def test_after_all_tries_the_answer_is_unknown_and_stands_open(platform: Platform, tmp_path: Path, play: Play) -> None:
    platform.plays.extend([play] * 3)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown) as unknown:
            till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")

        assert "request-1" == unknown.value.request_id
        assert ["request-1"] == [entry.request_id for entry in till.unfinished()]
        assert [Admitted] == [type(found.result) for found in till.recover()]
        assert [] == till.unfinished()
    assert {"request-1": 1_200} == platform.paid()


def test_an_answer_after_the_till_gave_up_is_heard_by_recover(platform: Platform, tmp_path: Path) -> None:
    platform.plays.append(Play.LATE)
    was_done = Event()
    platform.at_moment = lambda moment: was_done.set() if moment == "done" else None
    with a_till(platform, tmp_path, patience=IMPATIENT) as till, pytest.raises(AnswerIsUnknown):
        till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")
    # On a busy machine the platform looks at the request only now, and the next one must not be taken for it.
    was_done.wait()

    with a_till(platform, tmp_path) as till:
        assert [Admitted] == [type(found.result) for found in till.recover()]
    assert {"request-1": 1_200} == platform.paid()


def test_what_was_never_sent_is_known_not_to_have_happened(platform: Platform, tmp_path: Path) -> None:
    platform.kill()
    with a_till(platform, tmp_path) as till:
        with pytest.raises(ServerIsAway):
            till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")
        assert [] == till.unfinished()

        platform.start()
        tap = till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")

        assert isinstance(tap, Admitted)


def test_a_server_that_dies_with_a_request_leaves_it_unknown(platform: Platform, tmp_path: Path) -> None:
    platform.at_moment = lambda moment: platform.kill() if moment == "done" else None
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown) as unknown:
            till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")
        assert unknown.value.server_is_away
        assert [Recovered(kind=Kind.TAP, request_id="request-1")] == till.recover()

        platform.at_moment = lambda moment: None
        platform.start()

        assert [Admitted] == [type(found.result) for found in till.recover()]
    assert {"request-1": 1_200} == platform.paid()


def test_a_revoked_key_is_a_no_to_a_first_try(platform: Platform, tmp_path: Path) -> None:
    platform.plays.append(Play.DOOR)
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="meal", amount_fen=1_200, code=CODE)

        assert isinstance(tap, Refused)
        assert "KEY_IS_REVOKED" == tap.reason
        assert [] == till.unfinished()


def test_a_revoked_key_says_nothing_of_a_try_that_may_have_arrived(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER, Play.DOOR, Play.DOOR])
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")

        assert ["request-1"] == [entry.request_id for entry in till.unfinished()]
    assert {"request-1": 1_200} == platform.paid()


def test_a_refusal_that_names_the_request_settles_a_repetition(platform: Platform, tmp_path: Path) -> None:
    platform.plays.append(Play.CUT_AFTER)
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="meal", code="unreadable")

        assert isinstance(tap, Refused)
        assert [] == till.unfinished()


@pytest.mark.parametrize(("reason", "settles"), [("SESSION_HAS_ENDED", True), ("KEY_IS_REVOKED", False)])
def test_an_operators_ended_session_settles_a_repetition_and_a_revoked_key_does_not(
    platform: Platform, tmp_path: Path, reason: str, settles: bool
) -> None:
    platform.plays.extend([Play.CUT_BEFORE] * 3)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=1_200, attested=ATTESTED, request_id="request-1")
        platform.answers["POST", "/v1/taps"] = lambda heard: said_no(401, reason, instance="request-1")

        assert [Refused if settles else type(None)] == [type(found.result) for found in till.recover()]
        assert settles == (till.unfinished() == [])


def test_a_receipt_of_another_request_settles_nothing(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        till.tap(item="meal", amount_fen=1, code=CODE, request_id="request-1")
        _, receipt = platform.taps["request-1"]
        platform.answers["POST", "/v1/taps"] = lambda heard: Said(200, msgspec.json.encode(receipt))

        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=2, code=CODE, request_id="request-2")


def test_the_same_request_again_gets_the_same_receipt(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        first = till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")

        assert first == till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")
        assert [] == till.unfinished()
    assert {"request-1": 1_200} == platform.paid()


def test_a_request_id_with_another_content_is_stopped_before_it_is_sent(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")

        with pytest.raises(RequestIdIsTaken):
            till.tap(item="meal", amount_fen=1_300, code=CODE, request_id="request-1")
    assert 1 == len(platform.heard)


def test_a_tap_that_the_platform_could_not_read_is_not_journalled(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        for wrong in ({"amount_fen": -1}, {"amount_fen": 10**14}, {"request_id": "short"}, {"chip": "AAAA"}):
            with pytest.raises(ValueError, match=r"."):
                till.tap(**{"item": "meal", "code": CODE, **wrong})  # type: ignore[arg-type]

        assert [] == till.unfinished()
    assert [] == platform.heard


def test_pauses_grow_and_follow_retry_after_within_their_bound(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_BEFORE, Play.CUT_BEFORE, Play.CUT_BEFORE, Play.BUSY])
    pauses = Pauses()
    patience = Patience(answer_seconds=30, tries=5, first_pause_seconds=0.2, pause_seconds_max=0.9)
    with a_till(platform, tmp_path, patience=patience, sleep=pauses) as till:
        till.tap(item="meal", amount_fen=1, code=CODE)

    first, second, third, asked = pauses.seconds
    assert 0.1 <= first <= 0.2 <= second <= 0.4 <= third <= 0.8
    assert 0.9 == asked


def test_a_challenge_is_signed_by_the_tills_key_for_the_item_and_the_amount(platform: Platform, tmp_path: Path) -> None:
    platform.answers["GET", "/v1/items/meal"] = lambda heard: Said(200, msgspec.json.encode(an_item("meal", number=7)))
    clock = FixedClock()
    with a_till(platform, tmp_path, clock=clock) as till:
        shown = till.challenge("meal", 1_200)
        till.challenge("meal")

    key = trust.verifying_key(TILL_KEY.public_key)
    challenge = codes.verify_challenge(shown.text, terminal_key=key, now=clock.now())
    assert (7, 1_200, shown.nonce) == (challenge.item_number, challenge.amount_fen, challenge.nonce.hex())
    assert (TILL.provider_name, "社区食堂用餐") == (challenge.payee_name, challenge.item_name)
    assert 1 == len(platform.heard)


def test_a_till_whose_clock_is_wrong_dates_challenges_by_the_platforms(platform: Platform, tmp_path: Path) -> None:
    clock = FixedClock()
    now = clock.now() + timedelta(hours=3)
    platform.answers["GET", "/v1/time"] = lambda heard: Said(200, msgspec.json.encode({"now": now, "epoch_ms": 1}))
    platform.answers["GET", "/v1/items/meal"] = lambda heard: Said(200, msgspec.json.encode(an_item("meal", number=7)))
    with a_till(platform, tmp_path, clock=clock) as till:
        assert now == till.server_time()
        shown = till.challenge("meal")

    assert now == codes.read_challenge(shown.text, now=now).made_at


def test_items_come_from_all_pages(platform: Platform, tmp_path: Path) -> None:
    def page(heard: object) -> Said:
        is_first = "after=&" in heard.query or heard.query.endswith("after=")  # type: ignore[attr-defined]
        code, after = ("bread", "bread") if is_first else ("meal", None)
        return Said(200, msgspec.json.encode({"items": [an_item(code, number=1)], "next_after": after}))

    platform.answers["GET", "/v1/items"] = page
    with a_till(platform, tmp_path) as till:
        assert ["bread", "meal"] == [item.code for item in till.items(served=True)]
    assert all("region=920001" in heard.query and "served=true" in heard.query for heard in platform.heard)


def test_a_statement_and_a_problem_of_it_are_typed(platform: Platform, tmp_path: Path) -> None:
    of_kinds = [f"{kind}_{what}" for kind in ("sales", "refunds", "reversals") for what in ("count", "fen")]
    fields = ("opening_fen", *of_kinds, "settled_fen", "netted_fen", "other_fen")
    answer = {"provider": TILL.provider, "day": "2026-11-25", "final": False, "digest": "00", "closing_fen": 9}
    answer |= dict.fromkeys(fields, 0)
    platform.answers["GET", "/v1/provider/statements/2026-11-25"] = lambda heard: Said(200, msgspec.json.encode(answer))
    platform.answers["GET", "/v1/provider/statements/2026-11-26"] = lambda heard: said_no(
        409, "STATEMENT_DAY_HAS_NOT_BEGUN", instance="the-request", about={"day": "2026-11-26"}
    )
    with a_till(platform, tmp_path) as till:
        assert 9 == till.statement(date(2026, 11, 25)).closing_fen
        with pytest.raises(Problem) as problem:
            till.statement(date(2026, 11, 26))

    assert ("STATEMENT_DAY_HAS_NOT_BEGUN", "the-request") == (problem.value.reason, problem.value.request_id)
    assert (SAYS["en"], {"day": "2026-11-26"}) == (problem.value.says.en, problem.value.about)


def an_item(code: str, *, number: int) -> dict[str, object]:
    return {
        "number": number, "code": code, "region": "000000", "list_version": "1", "source": "s",
        "name_zh": "社区食堂用餐", "name_en": "Meal", "aliases": [], "scenario_zh": "s", "place_zh": "p",
        "forms": ["qr"], "form_basis": "stated", "item_class": "payment", "scene": "community",
        "line": "retail", "least_strength": 1,
        "assurance_level": 1, "learns": [], "funding": [], "amount_required": True, "amount_fen_max": 10_000,
        "confirm_above_fen": None, "clause": "", "valid_from": "2026-01-01", "valid_until": None, "added_later": 1,
    }  # fmt: skip
