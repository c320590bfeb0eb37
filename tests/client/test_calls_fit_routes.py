"""What the client sends is what the routes take, and what the routes may answer is what the client reads."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client.every_call import APR, NOW, OPERATOR_CALLS, STAFF_CALLS, TERMINAL_CALLS, WALLET_CALLS
from tests.client.platform import Everywhere, Heard, Platform, Said, said_no
from tests.client.values import values_of
from tests.client.world import CODE, a_connection, a_till
from tests.support.builders.trade_in import some_chain_terms
from yikatong.access import api as access_api
from yikatong.app.http.approvals import approve_route
from yikatong.app.http.decoding import body_reader, query_reader
from yikatong.app.http.dispatch import PendingAnswer
from yikatong.app.http.health import TimeAnswer
from yikatong.app.http.problems import DOOR_REASONS as DOOR
from yikatong.app.http.problems import Problem as ProblemShown
from yikatong.app.reference import all_reasons
from yikatong.cards import api as cards_api
from yikatong.catalogue import api as catalogue_api
from yikatong.client.accounts import Account, Claimed
from yikatong.client.answers import Changed
from yikatong.client.approvals import Approved, MinorLook
from yikatong.client.cards import Cancelled, CardRule
from yikatong.client.catalogue import ItemDraft, ProviderRegistered
from yikatong.client.connection import DOOR_REASONS, KEY_REASONS
from yikatong.client.partner import Operator, Staff, open_session
from yikatong.client.payouts import Applied, Budget
from yikatong.client.problems import ProblemDetails
from yikatong.client.receipts import (
    Attested,
    Outcome,
    Receipt,
    RefundRequest,
    ReversalRequest,
    ServerTime,
    TapRequest,
)
from yikatong.client.sending import by_presentation, tap_request
from yikatong.client.wallet import Wallet
from yikatong.desk import api as desk_api
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import api as ledger_api
from yikatong.payouts import api as payouts_api
from yikatong.plumbing.http import CallerKind, Route, RouteKind
from yikatong.programmes import api as programmes_api
from yikatong.programmes.service import read_shelf
from yikatong.reports import api as reports_api
from yikatong.taps import api as taps_api
from yikatong.taps import model as taps_model
from yikatong.taps.follow_ups import ReversalBody
from yikatong.trade_in import api as trade_in_api

NOTHING: Any = None
"""What routes hold to do their work; here nobody works."""

A_DESK = trade_in_api.Desk(
    chain=some_chain_terms(read_shelf()), vault=NOTHING, vehicles=NOTHING, own_commit=NOTHING,
    admit=NOTHING,
)  # fmt: skip


def all_routes() -> dict[str, Route]:
    """The routes that partners, counters and terminals call, by name."""
    routes = (
        *access_api.routes(bucket_count=1),
        *catalogue_api.routes(),
        *cards_api.routes(terms=NOTHING, vault=NOTHING),
        *desk_api.routes(terms=NOTHING, vault=NOTHING, face_check=NOTHING, bank_accounts=NOTHING),
        *ledger_api.routes(terms=NOTHING, vault=NOTHING),
        *payouts_api.routes(terms=NOTHING, vault=NOTHING),
        *taps_api.routes(lambda: NOTHING),
        *trade_in_api.routes(A_DESK),
        *programmes_api.routes(A_DESK.chain.shelf),
        *reports_api.routes(A_DESK.chain.shelf, bucket_count=1),
        approve_route({}),
    )
    return {route.name: route for route in routes}


ROUTES = all_routes()


class Desk:
    """Reads each request as the route would, and answers what it is told."""

    def __init__(self, platform: Platform, operator: Operator, staff: Staff, wallet: Wallet) -> None:
        self.platform = platform
        self.operator = operator
        self.staff = staff
        self.wallet = wallet
        self.answer = b""
        self.asked: list[tuple[str, Any, Any]] = []
        self.route: Route | None = None

    def expect(self, route: Route, answer: Any) -> None:
        """Await a call of one route and answer it."""
        self.route, self.answer = route, msgspec.json.encode(answer)
        self.platform.answers.clear()
        self.platform.answers = Everywhere(self.take)

    def take(self, heard: Heard) -> Said:
        """Read a request as the route would; what does not fit is refused, so that the call fails."""
        route = self.route
        assert route is not None
        pattern = re.sub(r"\{[a-z_]+\}", "[^/]+", route.path)
        is_kept = route.kind is RouteKind.COMMAND and bool(route.callers) and route.tag != "taps"
        faults = [
            name
            for name, fits_it in {
                "method": route.method == heard.method,
                "path": re.fullmatch(pattern, heard.path) is not None,
                "Idempotency-Key": is_kept == ("idempotency-key" in heard.headers),
                "Purpose": route.looks == ("purpose" in heard.headers),
            }.items()
            if not fits_it
        ]
        try:
            read = (body_reader(route.body)(heard.body), query_reader(route.query)(heard.query))
        except Refused as refused:
            faults.append(f"{refused.reason.name} {refused.about}")
        if faults:
            return said_no(400, "CALL_DOES_NOT_FIT", detail=", ".join(faults))
        self.asked.append((route.name, *read))
        return Said(202 if route.second_person else route.status, self.answer)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Platform() as platform, a_connection(platform) as connection:
        yield Desk(platform, Operator(connection), Staff(connection), Wallet(connection))


def answers_of(route: Route) -> st.SearchStrategy[Any]:
    """Answers of a route; one that waits for a second person answers who is waited for."""
    if not route.second_person:
        return values_of(route.answer)
    assert {"approval_id", "expires_at"} == set(PendingAnswer.__struct_fields__)
    return st.just({"approval_id": APR, "expires_at": "2026-11-26T04:00:00Z"})


def fits(read: Any, sent: Any) -> bool:
    """Whether a typed answer holds everything that was sent."""
    return bool(msgspec.json.decode(msgspec.json.encode(read)) == sent)


def verify_fits(desk: Desk, name: str, data: st.DataObject, call: Callable[[], Any]) -> None:
    """A call sends what its route takes, and reads whole whatever the route may answer."""
    sent = data.draw(answers_of(ROUTES[name]))
    desk.expect(ROUTES[name], sent)
    read = call()

    assert name == desk.asked[-1][0]
    assert fits(read, sent)


IN_THIS_TEST = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", OPERATOR_CALLS)
@IN_THIS_TEST
@given(data=st.data())
def test_an_operators_call_fits_its_route_both_ways(desk: Desk, name: str, data: st.DataObject) -> None:
    verify_fits(desk, name, data, lambda: OPERATOR_CALLS[name](desk.operator))


@pytest.mark.parametrize("name", STAFF_CALLS)
@IN_THIS_TEST
@given(data=st.data())
def test_a_call_of_a_providers_staff_fits_its_route_both_ways(desk: Desk, name: str, data: st.DataObject) -> None:
    verify_fits(desk, name, data, lambda: STAFF_CALLS[name](desk.staff))


@pytest.mark.parametrize("name", WALLET_CALLS)
@IN_THIS_TEST
@given(data=st.data())
def test_a_wallets_call_fits_its_route_both_ways(desk: Desk, name: str, data: st.DataObject) -> None:
    verify_fits(desk, name, data, lambda: WALLET_CALLS[name](desk.wallet))


@pytest.mark.parametrize("name", TERMINAL_CALLS)
@IN_THIS_TEST
@given(data=st.data())
def test_a_terminals_call_fits_its_route_both_ways(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    with a_till(desk.platform, tmp_path_factory.mktemp("till")) as till:
        verify_fits(desk, name, data, lambda: TERMINAL_CALLS[name](till))


@IN_THIS_TEST
@given(sent=values_of(ROUTES["sign_in"].answer))
def test_signing_in_fits_its_route(desk: Desk, sent: dict[str, Any]) -> None:
    desk.expect(ROUTES["sign_in"], sent)
    session = open_session(
        desk.platform.address, region="500116", login_name="li.na", password="a", new_password="another-password"
    )

    assert "sign_in" == desk.asked[-1][0]
    assert fits(session, sent)


ONCE_APPROVED: dict[str, type[Any]] = {
    "set_attestation_limits": Changed,
    "ask_minor_look": MinorLook,
    "register_provider": ProviderRegistered,
    "revoke_terminal": Changed,
    "erase_person": Changed,
    "put_card_rule": Changed,
    "cancel_card": Cancelled,
    "ledger.unfreeze_account": Changed,
    "ledger.grant_benefit": Account,
    "claim_kept_balance": Claimed,
    "payouts.fund_budget": Budget,
    "payouts.apply_for_payment": Applied,
    "payouts.revoke_application": Changed,
}
"""What the commands that wait for a second person answer when they have run, as the client's methods say."""


def test_every_command_that_waits_has_an_answer_for_when_it_has_run() -> None:
    assert set(ONCE_APPROVED) == {
        name for name, route in ROUTES.items() if route.second_person and name not in NOT_FOR_THE_CLIENT
    }


@pytest.mark.parametrize("name", ONCE_APPROVED)
@IN_THIS_TEST
@given(data=st.data())
def test_what_a_command_answers_once_it_is_approved_is_read_whole(name: str, data: st.DataObject) -> None:
    sent = data.draw(values_of(ROUTES[name].answer))
    approved = Approved(approval_id=APR, what=name, status=200, answer=msgspec.Raw(msgspec.json.encode(sent)))

    assert fits(approved.read(ONCE_APPROVED[name]), sent)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (TapRequest, taps_model.TapBody),
        (Attested, taps_model.AttestedBody),
        (ReversalRequest, ReversalBody),
        (RefundRequest, ROUTES["refund_tap"].body),
        (ItemDraft, ROUTES["publish_item"].body),
        (CardRule, ROUTES["put_card_rule"].body),
    ],
)
def test_a_body_has_every_field_that_its_route_takes(ours: type[Any], theirs: type[Any]) -> None:
    assert set(theirs.__struct_fields__) == set(ours.__struct_fields__)


def test_a_tap_ends_for_the_client_as_it_may_end_at_the_platform() -> None:
    assert {outcome.value for outcome in taps_model.Outcome} == {outcome.value for outcome in Outcome}


def test_the_doors_reasons_are_those_of_the_platform() -> None:
    assert {reason.name for reason in DOOR} == KEY_REASONS | {"SESSION_HAS_ENDED"}
    assert {reason.name for room in all_reasons().values() for reason in room} >= DOOR_REASONS


NOT_FOR_THE_CLIENT = {
    # Opened by `Operator.sign_in`.
    "sign_in",
    # Answered to a terminal by `Terminal.poll`.
    "get_tap",
}


def test_no_route_for_operators_and_terminals_was_forgotten() -> None:
    callers = {CallerKind.OPERATOR, CallerKind.PARTNER, CallerKind.TERMINAL}
    of_trade_ins = callers | {CallerKind.STAFF, CallerKind.WALLET}
    wanted = {
        name
        for name, route in ROUTES.items()
        if route.tag == "programmes" or (of_trade_ins if route.tag == "trade-in" else callers) & set(route.callers)
    }
    made = {*OPERATOR_CALLS, *STAFF_CALLS, *TERMINAL_CALLS, *WALLET_CALLS}

    assert set() == wanted - made - NOT_FOR_THE_CLIENT


@IN_THIS_TEST
@given(sent=values_of(taps_model.Receipt))
def test_every_receipt_is_read_whole(sent: dict[str, Any]) -> None:
    read = msgspec.json.decode(msgspec.json.encode(sent), type=Receipt)

    assert fits(read, {name: value for name, value in sent.items() if name != "poll"})


@IN_THIS_TEST
@given(sent=values_of(ProblemShown))
def test_every_problem_is_read(sent: dict[str, Any]) -> None:
    read = msgspec.json.decode(msgspec.json.encode(sent), type=ProblemDetails)

    assert (sent["reason"], sent["about"], sent["instance"]) == (read.reason, read.about, read.instance)


def test_the_platforms_time_is_read(desk: Desk) -> None:
    answer = TimeAnswer(now=NOW.isoformat(), epoch_ms=1)

    assert NOW == msgspec.json.decode(msgspec.json.encode(answer), type=ServerTime).now


ATTESTED = Attested(
    operator_token="yk_secret-session-token", document="resident_id_card", document_number="99010119550307003X",
    why="phone and card left at home", attested_at=NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    "presented", [{"code": CODE, "answers": "0" * 16}, {"chip": "AAAA", "answers": "0" * 16}, {"attested": ATTESTED}]
)
def test_taps_and_their_reversals_are_read_as_they_were_meant(presented: dict[str, Any]) -> None:
    body = TapRequest(request_id="request-1", item="meal", amount_fen=1_200, learn=("name",), **presented)
    read = body_reader(taps_model.TapBody)(tap_request(body).body or b"")

    assert ("meal", 1_200, ("name",)) == (read.item, read.amount_fen, read.learn)
    assert [body.code, body.chip, body.answers] == [read.code, read.chip, read.answers]
    assert msgspec.to_builtins(body.attested) == msgspec.to_builtins(read.attested)
    if body.attested is None:
        reversal = body_reader(ReversalBody)(msgspec.json.encode(by_presentation(body)))
        assert ["request-1", "meal", 1_200, body.code, body.chip, body.answers] == [
            reversal.request_id, reversal.item, reversal.amount_fen, reversal.code, reversal.chip, reversal.answers
        ]  # fmt: skip
