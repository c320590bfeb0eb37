"""Random interleavings of everybody's deeds skip no state, count no vehicle twice and lose no fen.

A small platform keeps what the tables will keep: claims, the budget, who holds which code, how often a person counts.
Each deed is whole or did nothing. What must hold is written down here a second time, without the table of moves.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.builders.trade_in import (
    OTHER_RESIDENT,
    OTHER_STORE,
    RESIDENT,
    STORE,
    TODAY,
    a_claim,
    a_deed,
)
from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import (
    MOVES,
    Act,
    Actor,
    Claim,
    ClaimState,
    Deed,
    Mode,
    NewState,
    OldState,
    PlateState,
    Spending,
    Step,
    Terms,
)
from yikatong.trade_in.rules import decide_move, list_spendings, resume, uses_chance, verify_free

CODES = tuple(f"1176124000000{number:02}" for number in range(5))
BUDGET_FEN = 120_000
CLAIMS_PER_PERSON = 2
FENS = (1, 20_000, 30_000, 50_000)
DAYS = 30
ENDS = frozenset({ClaimState.EXPIRED, ClaimState.WITHDRAWN, ClaimState.REFUNDED, ClaimState.RECLAIMED})
COMES_FROM: Mapping[Mode, Mapping[ClaimState, frozenset[ClaimState]]] = {
    Mode.CLAIM_LATER: {
        ClaimState.QUALIFIED: frozenset({ClaimState.DRAFT}),
        ClaimState.SUBMITTED: frozenset({ClaimState.QUALIFIED, ClaimState.REJECTED}),
        ClaimState.CHECKED: frozenset({ClaimState.SUBMITTED}),
        ClaimState.PUBLISHED: frozenset({ClaimState.CHECKED}),
        ClaimState.APPROVED: frozenset({ClaimState.PUBLISHED, ClaimState.PAID}),
        ClaimState.PAID: frozenset({ClaimState.APPROVED}),
    },
    Mode.DEDUCT_AT_SALE: {
        ClaimState.QUALIFIED: frozenset({ClaimState.DRAFT}),
        ClaimState.PAID: frozenset({ClaimState.QUALIFIED}),
        ClaimState.SUBMITTED: frozenset(),
        ClaimState.REJECTED: frozenset(),
    },
}
"""From where each state is reached; what is not named may be reached from any that has not ended."""
OLD_ORDER = (OldState.OWNED, OldState.IN_STORE, OldState.AT_RECYCLER, OldState.DISMANTLED)
NEW_ORDER = (NewState.NOT_BOUGHT, NewState.SOLD, NewState.REGISTERED, NewState.RETURNED)


class NothingLeftError(Exception):
    """The budget or the person's chances are used up; in the house the ledger and the formula say so."""


class Platform:
    """Everything that a commit would change, changed at once or not at all."""

    def __init__(self) -> None:
        self.claims: dict[UUID, Claim] = {}
        self.left_fen = BUDGET_FEN
        self.held: dict[str, Spending] = {}

    def do(self, claim_id: UUID, deed: Deed, *, today: date) -> Claim:
        """Do a deed: the claim, the budget, the codes and the person's count move together."""
        before = self.claims[claim_id]
        after = decide_move(before, deed, today=today)
        left_fen = self.left_fen - taken_fen(after) + taken_fen(before)
        owned = [claim for claim in self.claims.values() if claim.resident_id == before.resident_id]
        counted = sum(uses_chance(after if claim is before else claim) for claim in owned)
        if left_fen < 0 or counted > CLAIMS_PER_PERSON:
            raise NothingLeftError
        kept = {code: held for code, held in self.held.items() if held.claim_id != claim_id}
        for spending in list_spendings(after):
            verify_free(kept.get(spending.code), spending)
            kept[spending.code] = spending
        self.claims[claim_id], self.left_fen, self.held = after, left_fen, kept
        return after


def taken_fen(claim: Claim) -> int:
    """What a claim has taken out of the budget: its reserve, less what came back."""
    return claim.money.reserved_fen - claim.money.released_fen - claim.money.reclaimed_fen


def fits(claim: Claim) -> list[tuple[Act, Actor]]:
    """What the table allows now, so that half of all deeds get far."""
    return [
        pair
        for pair, row in MOVES.items()
        if row.mode in (None, claim.terms.mode)
        and claim.state in row.claim
        and claim.old in row.old
        and claim.plate in row.plate
        and claim.new in row.new
    ]


class Interleavings(RuleBasedStateMachine):
    """Two residents, two stores, five vehicles, little money, a month."""

    def __init__(self) -> None:
        super().__init__()
        self.platform = Platform()
        self.histories: dict[UUID, list[Claim]] = {}
        self.today = TODAY

    @rule(
        resident=st.sampled_from((RESIDENT, OTHER_RESIDENT)),
        code=st.sampled_from(CODES[:3]),
        mode=st.sampled_from(Mode),
        needs=st.sets(st.sampled_from((Step.HAND_IN, Step.PURCHASE))),
        plate=st.sampled_from((PlateState.NONE, PlateState.REGISTERED)),
    )
    def open_claim(self, *, resident: UUID, code: str, mode: Mode, needs: set[Step], plate: PlateState) -> None:
        """A resident begins."""
        number = 100 + len(self.platform.claims)
        claim = a_claim(number=number, resident=resident, old_code=code, mode=mode, needs=needs, plate=plate)
        self.platform.claims[claim.claim_id] = claim
        self.histories[claim.claim_id] = [claim]

    @rule(which=st.integers(0, 20), mode=st.sampled_from(Mode))
    def resume_claim(self, *, which: int, mode: Mode) -> None:
        """A resident begins anew with the goods of a claim that ended unpaid."""
        if not self.histories:
            return
        claim = list(self.platform.claims.values())[which % len(self.platform.claims)]
        claim_id = UUID(int=100 + len(self.platform.claims))
        try:
            resumed = resume(claim, claim_id=claim_id, terms=Terms(mode=mode))
        except Refused:
            assert claim.was_resumed or claim.state not in (ClaimState.EXPIRED, ClaimState.WITHDRAWN)
            return
        self.platform.claims[claim.claim_id] = resumed.ended
        self.platform.claims[claim_id] = resumed.draft
        for spending in list_spendings(resumed.draft):
            self.platform.held[spending.code] = spending
        self.histories[claim_id] = [resumed.draft]

    @rule(days=st.integers(1, 8))
    def wait(self, *, days: int) -> None:
        """Time passes."""
        self.today = min(self.today + timedelta(days=days), TODAY + timedelta(days=DAYS))

    @rule(
        which=st.integers(0, 20),
        likely=st.booleans(),
        what=st.integers(0, 1_000),
        fen=st.sampled_from((*FENS, 50_000, 50_000, 0)),
        code=st.sampled_from(CODES),
        ago=st.sampled_from((0, 0, 0, 1, 3, -1)),
        lasts=st.sampled_from((0, 5, 5, 15)),
        store=st.sampled_from((STORE, STORE, OTHER_STORE)),
    )
    def deed(
        self, *, which: int, likely: bool, what: int, fen: int, code: str, ago: int, lasts: int, store: UUID
    ) -> None:
        """Somebody does something to one of the claims, mostly what the table allows."""
        if not self.histories:
            return
        claim = list(self.platform.claims.values())[which % len(self.platform.claims)]
        pairs = (fits(claim) if likely else []) or list(MOVES)
        act, actor = pairs[what % len(pairs)]
        by = {Actor.RESIDENT: claim.resident_id, Actor.STORE: store}.get(actor)
        on = self.today - timedelta(days=ago)
        until = self.today + timedelta(days=lasts)
        deed = a_deed(act, actor=actor, by=by, on=on, fen=fen, price_fen=45_000, new_code=code, until=until)
        try:
            after = self.platform.do(claim.claim_id, deed, today=self.today)
        except (Refused, NothingLeftError):
            assert claim is self.platform.claims[claim.claim_id]
        else:
            self.histories[claim.claim_id].append(after)

    @invariant()
    def money_is_conserved(self) -> None:
        """Every fen of the budget is left, held, paid or owed back; each claim's parts sum to its reserve."""
        moneys = [claim.money for claim in self.platform.claims.values()]
        out = sum(money.held_fen + money.paid_fen + money.owed_back_fen for money in moneys)

        assert BUDGET_FEN == self.platform.left_fen + out
        for money in moneys:
            back = money.released_fen + money.reclaimed_fen
            assert money.reserved_fen == money.held_fen + money.paid_fen + money.owed_back_fen + back

    @invariant()
    def money_is_where_the_state_says(self) -> None:
        """Only a paid claim has been paid, only what was undone owes, and what ended holds nothing."""
        for claim in self.platform.claims.values():
            assert (claim.state is ClaimState.PAID) == (claim.money.paid_fen > 0)
            assert not claim.money.owed_back_fen or claim.state in (ClaimState.REFUNDED, ClaimState.RECLAIMED)
            assert not claim.money.held_fen or claim.state not in ENDS | {ClaimState.DRAFT, ClaimState.PAID}

    @invariant()
    def no_vehicle_counts_twice(self) -> None:
        """Each code stands once, old or new, over all claims that got money or hold some, and where it is held."""
        claims = self.platform.claims.values()
        spendings = [spending for claim in claims for spending in list_spendings(claim)]
        codes = [claim.old_code for claim in claims if uses_chance(claim)]
        codes += [claim.new_code for claim in claims if uses_chance(claim) and claim.new_code]

        assert {spending.code: spending for spending in spendings} == self.platform.held
        assert len(spendings) == len(self.platform.held)
        assert len(codes) == len(set(codes))

    @invariant()
    def whoever_was_paid_used_vehicles_and_a_chance(self) -> None:
        """No money without both: an end with money, even money that came back, keeps vehicle and chance."""
        for claim in self.platform.claims.values():
            money = claim.money
            if money.paid_fen or money.owed_back_fen or money.reclaimed_fen:
                assert uses_chance(claim)
                assert claim.old_code in self.platform.held

    @invariant()
    def no_state_is_skipped(self) -> None:
        """Each claim came to where it stands step by step, and left no end."""
        for history in self.histories.values():
            for before, after in pairwise(history):
                if after.state is not before.state:
                    assert before.state not in ENDS
                    known = COMES_FROM[after.terms.mode].get(after.state)
                    assert known is None or before.state in known
                assert OLD_ORDER.index(before.old) <= OLD_ORDER.index(after.old)
                assert after.old is not OldState.DISMANTLED or before.old in OLD_ORDER[2:]
                assert NEW_ORDER.index(before.new) <= NEW_ORDER.index(after.new)
                assert after.new is NewState.NOT_BOUGHT or before.new is not NewState.NOT_BOUGHT or after.days.bought_on

    @invariant()
    def nobody_is_paid_before_the_public_term_is_over(self) -> None:
        """A claim that is paid later was public until a day that has come."""
        for claim in self.platform.claims.values():
            if claim.terms.mode is Mode.CLAIM_LATER and claim.state in (ClaimState.APPROVED, ClaimState.PAID):
                assert claim.public_until is not None
                assert claim.public_until <= self.today


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
