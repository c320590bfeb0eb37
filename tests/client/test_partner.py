"""A partner's commands carry a key of their own, and with a journal they survive a crash."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.client.platform import NOON, Platform, Play, Said, said_no
from tests.client.world import JOURNAL_KEY, a_connection
from yikatong.client.answers import Changed
from yikatong.client.catalogue import ProviderRegistered
from yikatong.client.journal import Journal, Kind
from yikatong.client.partner import Operator
from yikatong.client.problems import AnswerIsUnknown, Problem, RequestIsNotInTheJournal, ServerIsAway
from yikatong.kernel.outcomes import Change

OPERATOR = "opr_" + "1" * 32
RESIDENT = "res_" + "2" * 32


def an_operator(platform: Platform, folder: Path) -> Operator:
    """An operator whose console keeps a journal."""
    journal = Journal.open(folder / "console.journal", owner=OPERATOR, key=JOURNAL_KEY)
    return Operator(a_connection(platform), journal)


def test_a_command_that_is_repeated_is_done_once(platform: Platform) -> None:
    platform.plays.extend([Play.CUT_AFTER, Play.CUT_HALFWAY])
    with Operator(a_connection(platform)) as operator:
        assert Changed(change=Change.DONE) == operator.cards.report_loss(RESIDENT, formal=False)

    assert (3, 1) == (len(platform.heard), len(platform.commands))
    assert 1 == len({heard.headers["idempotency-key"] for heard in platform.heard})


def test_two_commands_with_the_same_words_are_two(platform: Platform) -> None:
    with Operator(a_connection(platform)) as operator:
        operator.residents.freeze_payments(RESIDENT)
        operator.residents.freeze_payments(RESIDENT)

    assert 2 == len(platform.commands)


def test_a_refused_command_says_why_and_names_the_request(platform: Platform) -> None:
    platform.answers["POST", f"/v1/residents/{RESIDENT}/card/lock"] = lambda heard: said_no(
        409, "CARD_IS_CANCELLED", instance=heard.headers["x-request-id"], detail="The card is cancelled."
    )
    with Operator(a_connection(platform)) as operator, pytest.raises(Problem) as problem:
        operator.cards.lock(RESIDENT, reason="lost at the market")

    assert ("CARD_IS_CANCELLED", 409) == (problem.value.reason, problem.value.status)
    assert problem.value.request_id == platform.heard[0].headers["x-request-id"]
    assert "CARD_IS_CANCELLED: The card is cancelled." in str(problem.value)


def test_a_command_of_unknown_end_is_heard_by_a_later_process(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with an_operator(platform, tmp_path) as operator, pytest.raises(AnswerIsUnknown):
        operator.cards.report_loss(RESIDENT, formal=True)

    with an_operator(platform, tmp_path) as operator:
        found = operator.recover()

        assert [f"/v1/residents/{RESIDENT}/card/loss"] == [each.path for each in found]
        assert {"change": "done"} == msgspec.json.decode(found[0].answer or b"")
        assert [] == operator.recover()
    assert 1 == len(platform.commands)


def test_the_answer_of_a_journalled_command_can_be_heard_with_its_type(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with an_operator(platform, tmp_path) as operator:
        with pytest.raises(AnswerIsUnknown) as unknown:
            operator.cards.report_loss(RESIDENT, formal=True)

        assert Change.DONE is operator.repeat(unknown.value.request_id, Changed).change
        with pytest.raises(RequestIsNotInTheJournal):
            operator.repeat("another", Changed)
    assert 1 == len(platform.commands)


def test_a_command_done_under_an_earlier_session_ends_by_that_reason(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with an_operator(platform, tmp_path) as operator:
        with pytest.raises(AnswerIsUnknown):
            operator.residents.freeze_payments(RESIDENT)
        path = f"/v1/residents/{RESIDENT}/payments/freeze"
        platform.answers["POST", path] = lambda heard: said_no(409, "ANSWER_CANNOT_BE_REPEATED")

        assert ["ANSWER_CANNOT_BE_REPEATED"] == [each.reason for each in operator.recover()]
        assert [] == operator.recover()


def test_an_ended_session_says_nothing_of_what_may_have_arrived(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with an_operator(platform, tmp_path) as operator:
        with pytest.raises(AnswerIsUnknown):
            operator.residents.freeze_payments(RESIDENT)
        platform.plays.extend([Play.DOOR] * 3)

        assert [(None, None)] == [(each.answer, each.reason) for each in operator.recover()]
        assert [Change.DONE.value] == [msgspec.json.decode(each.answer or b"")["change"] for each in operator.recover()]


def test_a_command_that_was_never_sent_does_not_stand_open(platform: Platform, tmp_path: Path) -> None:
    platform.kill()
    with an_operator(platform, tmp_path) as operator:
        with pytest.raises(ServerIsAway):
            operator.residents.freeze_payments(RESIDENT)

        assert [] == operator.recover()


def test_queries_leave_nothing_in_the_journal(platform: Platform, tmp_path: Path) -> None:
    with an_operator(platform, tmp_path) as operator, pytest.raises(Problem):
        operator.people.list_roles()

    with Journal.open(tmp_path / "console.journal", owner=OPERATOR, key=JOURNAL_KEY) as journal:
        assert [] == [entry for entry in journal.list_all() if entry.kind is Kind.COMMAND]


def test_what_a_second_person_approved_is_read_with_its_type(platform: Platform) -> None:
    provider = {
        "id": "prv_1", "region": "500116", "credit_code": "91350100M000100Y43", "name_zh": "食堂", "name_en": "",
        "kind": "canteen", "receivable_limit_fen": 0, "bank_reference": None, "registered_at": "2026-11-25T04:00:00Z",
    }  # fmt: skip
    answer = {
        "approval_id": "apr_1",
        "what": "register_provider",
        "status": 200,
        "answer": {"change": "done", "provider": provider},
    }
    platform.answers["POST", "/v1/approvals/apr_1/approve"] = lambda heard: Said(200, msgspec.json.encode(answer))
    with Operator(a_connection(platform)) as operator:
        approved = operator.approvals.approve("apr_1")

    assert "食堂" == approved.read(ProviderRegistered).provider.name_zh


def test_a_partner_hears_when_its_key_will_expire_and_goes_on_knowing_it(platform: Platform) -> None:
    roles = b'{"roles": []}'
    said = [Said(200, roles), Said(200, roles, key_expires_at="2026-12-25T04:00:00+00:00"), Said(200, roles)]
    platform.answers["GET", "/v1/roles"] = lambda heard: said.pop(0)
    known = []
    with Operator(a_connection(platform)) as operator:
        while said:
            operator.people.list_roles()
            known.append(operator.key_expires_at)

    assert [None, NOON + timedelta(days=30), NOON + timedelta(days=30)] == known
