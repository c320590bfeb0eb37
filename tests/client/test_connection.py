"""Where a client calls, how long it waits, and what it never says."""

import logging
from pathlib import Path

import pytest

from tests.client.platform import NOON, Platform, Play, Said
from tests.client.world import CODE, IMPATIENT, TOKEN, a_connection, a_till
from yikatong.client.connection import Connection, Patience
from yikatong.client.partner import Operator
from yikatong.client.people import IssuedKey, NewAccount
from yikatong.client.problems import AnswerIsUnknown, ServerIsAway
from yikatong.client.receipts import Attested, ServerTime
from yikatong.client.residents import Person

ID_NUMBER = "99010119550307003X"


@pytest.mark.parametrize(
    "address",
    ["http://platform.example", "http://till.example:8000", "platform.example", "ftp://127.0.0.1", "https:"],
)
def test_a_key_is_not_sent_in_the_clear_to_another_machine(address: str) -> None:
    with pytest.raises(ValueError, match=r"clear|https"):
        Connection(address, token=TOKEN)


def test_plain_http_to_another_machine_can_be_asked_for() -> None:
    Connection("http://till.example:8000", token=TOKEN, plaintext_allowed=True).close()
    Connection("https://platform.example", token=TOKEN).close()


def test_a_server_that_says_nothing_is_given_up(platform: Platform) -> None:
    platform.plays.append(Play.LATE)
    platform.answers["GET", "/v1/time"] = lambda heard: Said(200, b'{"now": "2026-11-25T04:00:00Z", "epoch_ms": 1}')
    with a_connection(platform, patience=IMPATIENT) as connection, pytest.raises(AnswerIsUnknown) as unknown:
        connection.ask("/v1/time", ServerTime)

    assert "ReadTimeout" == unknown.value.fault


def test_an_answer_without_end_is_given_up(platform: Platform) -> None:
    platform.answers["GET", "/v1/time"] = lambda heard: Said(200, b" " * 2_000)
    with (
        a_connection(platform, patience=Patience(answer_bytes_max=1_000)) as connection,
        pytest.raises(AnswerIsUnknown) as unknown,
    ):
        connection.ask("/v1/time", ServerTime)

    assert "TimeoutError" == unknown.value.fault


def test_a_redirect_is_not_followed(platform: Platform) -> None:
    platform.answers["GET", "/v1/time"] = lambda heard: Said(302, b"")
    with a_connection(platform) as connection, pytest.raises(AnswerIsUnknown):
        connection.ask("/v1/time", ServerTime)

    assert {"/v1/time"} == {heard.path for heard in platform.heard}


def test_a_connection_that_was_kept_and_is_dead_is_made_anew(platform: Platform) -> None:
    platform.answers["GET", "/v1/time"] = lambda heard: Said(200, b'{"now": "2026-11-25T04:00:00Z", "epoch_ms": 1}')
    with a_connection(platform) as connection:
        connection.ask("/v1/time", ServerTime)
        platform.kill()
        platform.start()

        assert NOON == connection.ask("/v1/time", ServerTime).now


def test_a_proxy_of_the_environment_is_not_used(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    platform.answers["GET", "/v1/time"] = lambda heard: Said(200, b'{"now": "2026-11-25T04:00:00Z", "epoch_ms": 1}')
    with a_connection(platform) as connection:
        assert NOON == connection.ask("/v1/time", ServerTime).now


def test_the_key_goes_along_and_a_purpose_may_be_chinese(platform: Platform) -> None:
    with a_connection(platform) as connection, pytest.raises(AnswerIsUnknown):
        platform.plays.extend([Play.PAGE] * 3)
        Operator(connection).residents.find(ID_NUMBER, purpose="补卡核验")

    headers = platform.heard[0].headers
    assert (f"Bearer {TOKEN}", "%E8%A1%A5%E5%8D%A1%E6%A0%B8%E9%AA%8C") == (headers["authorization"], headers["purpose"])
    assert ID_NUMBER not in platform.heard[0].path + platform.heard[0].query


def test_no_log_and_no_representation_shows_a_secret(
    platform: Platform, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    attested = Attested(
        operator_token="yk_operators-session",
        document="resident_id_card",
        document_number=ID_NUMBER,
        why="phone left at home",
        attested_at=NOON,
    )
    said = []
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown) as unknown:
            till.tap(item="meal", amount_fen=1, attested=attested)
        said += [repr(till), repr(till.unfinished()), str(unknown.value), repr(attested)]
        till.recover()
        till.tap(item="meal", amount_fen=1, code=CODE)
    platform.kill()
    with a_connection(platform) as connection:
        operator = Operator(connection)
        with pytest.raises(ServerIsAway) as away:
            operator.residents.register(division="500116", name="王秀英", id_number=ID_NUMBER)
        said += [repr(connection), repr(operator), str(away.value)]
    said += [
        repr(NewAccount(id="opr_1", login_name="li.na", first_password="a-first-password")),
        repr(IssuedKey(key_id="key_1", token=TOKEN)),
        repr(
            Person(
                resident_id="res_1", region="500116", division="500116", status="alive", name="王秀英",
                id_number=ID_NUMBER, sex="2", birth=NOON.date(), nation="01", phone="13800000000", address="亭亭社区",
            )
        ),
    ]  # fmt: skip

    everything = "\n".join([*said, *(record.getMessage() for record in caplog.records)])
    assert "HTTP" in caplog.text
    for secret in (TOKEN, "yk_operators-session", ID_NUMBER, CODE, "a-first-password", "王秀英", "13800000000", "亭亭"):
        assert secret not in everything
