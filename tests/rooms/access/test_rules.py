"""Rights, scopes, limits and seals of access, decided without a database."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.world import NOON, SeededIds
from yikatong.access import rules
from yikatong.access.model import (
    SESSION_TERMS,
    Approval,
    ApprovalState,
    AttestationLimits,
    Credential,
    GrantedRole,
    Reason,
    Session,
)
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller, CallerKind

SOMEONE = UUID(int=1)
SECRET = b"s" * rules.SECRET_BYTES


def reason_of(refused: pytest.ExceptionInfo[Refused]) -> outcomes.Reason:
    return refused.value.reason


def a_caller(kind: CallerKind = CallerKind.OPERATOR, **parts: object) -> Caller:
    return Caller(**{"kind": kind, "id": SOMEONE, "region": "500116", **parts})  # type: ignore[arg-type]


def a_credential(**parts: object) -> Credential:
    secret = rules.read_key_token(rules.show_key_token(key_id=SOMEONE, secret=SECRET)).secret
    fields = {
        "key_id": SOMEONE,
        "secret_digest": rules.digest_of(secret),
        "kind": CallerKind.TERMINAL,
        "subject_id": SOMEONE,
        "region": "500116",
        "provider_id": None,
        "place_id": None,
        "permissions": (),
        "label": "till",
        "issued_at": NOON,
        "expires_at": None,
        "revoked_at": None,
    }
    return Credential(**{**fields, **parts})  # type: ignore[arg-type]


def test_a_key_s_token_reads_back_to_its_id_and_secret() -> None:
    token = rules.show_key_token(key_id=SOMEONE, secret=SECRET)

    assert SOMEONE == rules.read_key_token(token).key_id
    assert token.endswith(rules.read_key_token(token).secret)


@given(st.text(max_size=100))
def test_no_text_that_is_not_a_token_reads_as_one(text: str) -> None:
    for read in (rules.read_key_token, rules.verify_session_token):
        with pytest.raises(Refused) as refused:
            read(text)
        assert Reason.KEY_IS_UNKNOWN is reason_of(refused)


def test_a_token_with_its_id_in_capitals_is_unknown() -> None:
    token = rules.show_key_token(key_id=UUID(int=0xABCDEF), secret=SECRET)

    with pytest.raises(Refused) as refused:
        rules.read_key_token(token[:20] + token[20:36].upper() + token[36:])
    assert Reason.KEY_IS_UNKNOWN is reason_of(refused)


def test_a_key_is_refused_as_unknown_before_revoked_before_expired() -> None:
    both = a_credential(revoked_at=NOON, expires_at=NOON)
    secret = rules.read_key_token(rules.show_key_token(key_id=SOMEONE, secret=SECRET)).secret

    for credential, sent, expected in [
        (None, secret, Reason.KEY_IS_UNKNOWN),
        (both, "another", Reason.KEY_IS_UNKNOWN),
        (both, secret, Reason.KEY_IS_REVOKED),
        (a_credential(expires_at=NOON), secret, Reason.KEY_HAS_EXPIRED),
    ]:
        with pytest.raises(Refused) as refused:
            rules.verify_credential(credential, secret=sent, now=NOON)
        assert expected is reason_of(refused)


def test_a_key_works_until_the_instant_before_it_expires() -> None:
    secret = rules.read_key_token(rules.show_key_token(key_id=SOMEONE, secret=SECRET)).secret
    credential = a_credential(expires_at=NOON)

    assert SOMEONE == rules.verify_credential(credential, secret=secret, now=NOON - timedelta(microseconds=1)).id


def a_session(**parts: object) -> Session:
    token = rules.show_session_token(SECRET)
    fields = {
        "token_digest": rules.digest_of(token),
        "session_id": SOMEONE,
        "kind": CallerKind.OPERATOR,
        "subject_id": SOMEONE,
        "region": "500116",
        "provider_id": None,
        "place_id": None,
        "resident_id": None,
        "device_id": None,
        "permissions": (),
        "opened_at": NOON,
        "used_at": NOON,
        "ends_at": NOON + timedelta(hours=12),
        "ended_at": None,
    }
    return Session(**{**fields, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("session", "later"),
    [
        (a_session(ended_at=NOON), timedelta(seconds=1)),
        (a_session(), timedelta(minutes=30)),
        (a_session(used_at=NOON + timedelta(hours=11, minutes=59)), timedelta(hours=12)),
    ],
    ids=["signed out", "idle for half an hour", "whole time over"],
)
def test_a_session_ends(session: Session, later: timedelta) -> None:
    terms = SESSION_TERMS[CallerKind.OPERATOR]

    with pytest.raises(Refused) as refused:
        rules.verify_session(session, token=rules.show_session_token(SECRET), now=NOON + later, terms=terms)
    assert Reason.SESSION_HAS_ENDED is reason_of(refused)


def test_a_permission_is_held_by_its_name_by_its_room_or_by_all() -> None:
    for held in ("cards.issue", "cards.*", "*"):
        caller = a_caller(permissions=frozenset({held}))
        assert caller is rules.verify_permission(caller, "cards.issue")


def test_a_permission_of_another_room_or_name_does_not_help() -> None:
    caller = a_caller(permissions=frozenset({"cards.read", "desk.*"}))

    with pytest.raises(Refused) as refused:
        rules.verify_permission(caller, "cards.issue")
    assert Reason.PERMISSION_IS_MISSING is reason_of(refused)


@pytest.mark.parametrize("kind", [CallerKind.TERMINAL, CallerKind.WALLET])
def test_a_terminal_and_a_wallet_need_no_permission(kind: CallerKind) -> None:
    caller = a_caller(kind)

    assert caller is rules.verify_permission(caller, "cards.issue")


def test_an_operator_sees_the_divisions_under_each_prefix_and_no_others() -> None:
    caller = a_caller(divisions=("5001", "500234"))

    assert caller is rules.verify_division(caller, division="500116")
    for beyond in ("500235", "510000"):
        with pytest.raises(Refused) as refused:
            rules.verify_division(caller, division=beyond)
        assert Reason.DIVISION_IS_OUT_OF_SCOPE is reason_of(refused)


def test_an_operator_without_a_role_may_nothing_and_sees_nothing() -> None:
    caller = rules.operator_caller(operator_id=SOMEONE, region="500116", roles=())

    assert frozenset() == caller.permissions
    with pytest.raises(Refused):
        rules.verify_division(caller, division="500116")


def test_a_role_in_the_whole_region_widens_all_others() -> None:
    narrow = GrantedRole(name="counter", divisions=("500116",), permissions=("desk.*",))
    whole = GrantedRole(name="auditor", divisions=(), permissions=("access.records",))

    assert ("500116",) == rules.unite_roles([narrow])[1]
    assert () == rules.unite_roles([narrow, whole])[1]


@pytest.mark.parametrize(
    ("permissions", "divisions"),
    [(("cards.*",), ("500116",)), (("desk.serve",), ()), (("desk.serve",), ("50",)), (("*",), ("500116",))],
    ids=["a wider permission", "the whole region", "a wider division", "everything"],
)
def test_nobody_gives_away_more_than_they_hold(permissions: tuple[str, ...], divisions: tuple[str, ...]) -> None:
    giver = a_caller(permissions=frozenset({"desk.*", "cards.read"}), divisions=("5001",))

    rules.verify_may_give(giver, permissions=("desk.serve", "cards.read"), divisions=("500116",))
    with pytest.raises(Refused) as refused:
        rules.verify_may_give(giver, permissions=permissions, divisions=divisions)
    assert Reason.GRANT_EXCEEDS_OWN_RIGHTS is reason_of(refused)


def test_the_fifth_failure_in_a_row_locks_for_fifteen_minutes() -> None:
    assert (4, None) == rules.decide_lockout(failed_count=3, now=NOON)
    assert (0, NOON + timedelta(minutes=15)) == rules.decide_lockout(failed_count=4, now=NOON)


def an_approval(**parts: object) -> Approval:
    fields = {
        "approval_id": SOMEONE,
        "region": "500116",
        "what": "set_attestation_limits",
        "path": {},
        "query": b"",
        "body": b"{}",
        "purpose": None,
        "request_id": "r",
        "asked_by": UUID(int=2),
        "asked_at": NOON,
        "expires_at": NOON + timedelta(hours=72),
        "state": ApprovalState.PENDING,
        "decided_by": None,
        "decided_at": None,
    }
    return Approval(**{**fields, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("approval", "expected"),
    [
        (None, Reason.APPROVAL_IS_UNKNOWN),
        (an_approval(region="440100", asked_by=SOMEONE), Reason.APPROVAL_IS_UNKNOWN),
        (an_approval(asked_by=SOMEONE, state=ApprovalState.DECLINED), Reason.APPROVER_IS_THE_ASKER),
        (an_approval(state=ApprovalState.APPROVED, expires_at=NOON), Reason.APPROVAL_IS_DECIDED),
        (an_approval(expires_at=NOON), Reason.APPROVAL_HAS_EXPIRED),
    ],
)
def test_an_approval_is_refused_in_a_fixed_order(approval: Approval | None, expected: Reason) -> None:
    with pytest.raises(Refused) as refused:
        rules.verify_decidable(approval, decider=a_caller(), now=NOON)
    assert expected is reason_of(refused)


def test_an_operator_without_limits_attests_nothing_and_one_with_them_no_more_than_they_say() -> None:
    limits = AttestationLimits(tap_max_fen=100, day_max_fen=500)

    assert limits is rules.verify_tap_limit(limits, amount_fen=100)
    for held, expected in [(None, Reason.OPERATOR_MAY_NOT_ATTEST), (limits, Reason.OPERATOR_TAP_LIMIT_EXCEEDED)]:
        with pytest.raises(Refused) as refused:
            rules.verify_tap_limit(held, amount_fen=101)
        assert expected is reason_of(refused)


@pytest.mark.parametrize("purpose", [None, "", " ", "x", "x" * 601, "loss\nreport", "\u200bhidden"])
def test_a_purpose_is_a_short_readable_text(purpose: str | None) -> None:
    assert "挂失" == rules.verify_purpose(" 挂失 ")
    with pytest.raises(Refused) as refused:
        rules.verify_purpose(purpose)
    assert Reason.PURPOSE_IS_MISSING is reason_of(refused)


@pytest.mark.parametrize("key", ["", "x" * 129, "two words", "钥匙", "tab\t"])
def test_an_idempotency_key_is_visible_ascii(key: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.verify_idempotency_key(key)
    assert Reason.IDEMPOTENCY_KEY_IS_MALFORMED is reason_of(refused)


@given(answer=st.binary(max_size=200), token=st.text(max_size=30), key=st.text(max_size=30))
def test_a_kept_answer_opens_for_the_token_and_key_that_sealed_it_alone(answer: bytes, token: str, key: str) -> None:
    sealed = rules.seal_answer(answer, token=token, key=key, nonce=SeededIds(1).random_bytes(rules.NONCE_BYTES))

    assert answer == rules.open_answer(sealed, token=token, key=key)
    for other_token, other_key in [(token + "x", key), (token, key + "x")]:
        with pytest.raises(Refused) as refused:
            rules.open_answer(sealed, token=other_token, key=other_key)
        assert Reason.ANSWER_CANNOT_BE_REPEATED is reason_of(refused)


def test_requests_that_differ_in_where_a_part_ends_have_different_digests() -> None:
    assert rules.digest_request([b"ab", b"c"], key="k") != rules.digest_request([b"a", b"bc"], key="k")
