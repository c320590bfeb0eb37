"""Random interleavings of everybody's deeds skip no state, count no vehicle twice and lose no fen.

A small platform keeps what the tables will keep: claims, the budget, who holds which code, how often a person counts.
Each deed is whole or did nothing. What must hold is written down here a second time, without the table of moves.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple
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
    Spending,
    Step,
    Terms,
)
from yikatong.trade_in.rules import decide_move, list_spendings, resume, uses_chance, verify_free

CODES = tuple(f"1176124000000{number:02}" for number in range(5))
BUDGET_FEN = 120_000
CLAIMS_PER_PERSON = 2
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
        ClaimState.QUALIFIED: frozenset({ClaimState.DRAFT, ClaimState.PAID}),
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


ENDING = frozenset({Act.WITHDRAW, Act.EXPIRE, Act.REJECT, Act.STOP, Act.RETURN_GOODS, Act.RECLAIM, Act.BANK_RETURNS})


def fits(claim: Claim, *, ends: bool) -> list[tuple[Act, Actor]]:
    """What the table allows now, of what goes on or of what ends, so that most deeds get far."""
    return [
        pair
        for pair, row in MOVES.items()
        if ends == (row.act in ENDING)
        and row.mode in (None, claim.terms.mode)
        and claim.state in row.claim
        and claim.old in row.old
        and claim.plate in row.plate
        and claim.new in row.new
    ]


class Try(NamedTuple):
    """One thing to try; `kind` says whether it is what comes next, an end, or whatever comes to mind."""

    kind: str
    which: int
    what: int
    fen: int
    code: str
    ago: int
    lasts: int
    store: UUID
    days: int


POOLS: Mapping[str, tuple[Any, ...]] = {
    "kind": ("next",) * 12 + ("anything",) * 3 + ("end", "resume"),
    "which": tuple(range(6)),
    "what": tuple(range(24)),
    "fen": (20_000, 30_000, 30_000, 30_000, 1, 50_000, 0),
    "code": CODES,
    "ago": (0,) * 7 + (1, 3, -1),
    "lasts": (9, 5, 3, 20, 0),
    "store": (STORE, STORE, STORE, OTHER_STORE),
    "days": (0, 0, 0, 0, 1, 3, 6),
}
"""From what everything is drawn, by the search and by the walks."""
OPENINGS = (
    (RESIDENT, CODES[0], Mode.CLAIM_LATER),
    (OTHER_RESIDENT, CODES[0], Mode.CLAIM_LATER),
    (RESIDENT, CODES[1], Mode.DEDUCT_AT_SALE),
    (OTHER_RESIDENT, CODES[2], Mode.DEDUCT_AT_SALE),
    (RESIDENT, CODES[2], Mode.CLAIM_LATER),
    (OTHER_RESIDENT, CODES[1], Mode.CLAIM_LATER),
)
"""Six drafts for three old bikes; the new bikes are among the same codes."""


class World:
    """Two residents, two stores, five vehicles, too little money, a few weeks."""

    def __init__(self) -> None:
        self.platform = Platform()
        self.today = TODAY
        self.histories: dict[UUID, list[Claim]] = {}
        self.acts: set[Act] = set()
        for number, (resident, code, mode) in enumerate(OPENINGS):
            needs = (Step.HAND_IN, Step.PURCHASE) if number % 2 else ()
            self.keep(a_claim(number=100 + number, resident=resident, old_code=code, mode=mode, needs=needs))

    def keep(self, claim: Claim) -> None:
        """A draft begins."""
        self.platform.claims[claim.claim_id] = claim
        self.histories[claim.claim_id] = [claim]

    def attempt(self, one: Try) -> None:
        """Try one thing; what is refused has changed nothing."""
        self.today += timedelta(days=one.days)
        claims = list(self.platform.claims.values())
        claim = claims[one.which % len(claims)]
        if one.kind == "resume":
            self.resume(claim, mode=claims[one.what % len(claims)].terms.mode)
            return
        pairs = list(MOVES) if one.kind == "anything" else fits(claim, ends=one.kind == "end")
        if pairs:
            self.deed(claim, pairs[one.what % len(pairs)], one)

    def deed(self, claim: Claim, pair: tuple[Act, Actor], one: Try) -> None:
        """Somebody does something to a claim."""
        act, actor = pair
        deed = a_deed(
            act,
            actor=actor,
            by={Actor.RESIDENT: claim.resident_id, Actor.STORE: one.store}.get(actor),
            on=self.today - timedelta(days=one.ago),
            fen=one.fen,
            price_fen=45_000,
            new_code=one.code,
            until=self.today + timedelta(days=one.lasts),
        )
        try:
            after = self.platform.do(claim.claim_id, deed, today=self.today)
        except (Refused, NothingLeftError):
            assert claim is self.platform.claims[claim.claim_id]
        else:
            self.acts.add(act)
            self.histories[claim.claim_id].append(after)

    def resume(self, claim: Claim, *, mode: Mode) -> None:
        """A resident begins anew with the goods of a claim that ended unpaid."""
        claim_id = UUID(int=100 + len(self.platform.claims))
        try:
            resumed = resume(claim, claim_id=claim_id, terms=Terms(mode=mode))
        except Refused:
            assert claim.was_resumed or claim.state not in (ClaimState.EXPIRED, ClaimState.WITHDRAWN)
            return
        self.platform.claims[claim.claim_id] = resumed.ended
        self.keep(resumed.draft)
        for spending in list_spendings(resumed.draft):
            self.platform.held[spending.code] = spending

    def verify(self) -> None:
        """Everything that must hold at every moment."""
        self.money_is_conserved()
        self.money_is_where_the_state_says()
        self.no_vehicle_counts_twice()
        self.whoever_was_paid_used_vehicles_and_a_chance()
        self.no_state_is_skipped()
        self.nobody_is_paid_before_the_public_term_is_over()

    def money_is_conserved(self) -> None:
        """Every fen of the budget is left, held, paid or owed back; each claim's parts sum to its reserve."""
        moneys = [claim.money for claim in self.platform.claims.values()]
        out = sum(money.held_fen + money.paid_fen + money.owed_back_fen for money in moneys)

        assert BUDGET_FEN == self.platform.left_fen + out
        for money in moneys:
            back = money.released_fen + money.reclaimed_fen
            assert money.reserved_fen == money.held_fen + money.paid_fen + money.owed_back_fen + back

    def money_is_where_the_state_says(self) -> None:
        """Only a paid claim has been paid, only what was undone owes, and what ended holds nothing."""
        for claim in self.platform.claims.values():
            assert (claim.state is ClaimState.PAID) == (claim.money.paid_fen > 0)
            assert not claim.money.owed_back_fen or claim.state in (ClaimState.REFUNDED, ClaimState.RECLAIMED)
            assert not claim.money.held_fen or claim.state not in ENDS | {ClaimState.DRAFT, ClaimState.PAID}

    def no_vehicle_counts_twice(self) -> None:
        """Each code stands once, old or new, over all claims that got money or hold some, and where it is held."""
        claims = self.platform.claims.values()
        spendings = [spending for claim in claims for spending in list_spendings(claim)]
        codes = [claim.old_code for claim in claims if uses_chance(claim)]
        codes += [claim.new_code for claim in claims if uses_chance(claim) and claim.new_code]

        assert {spending.code: spending for spending in spendings} == self.platform.held
        assert len(spendings) == len(self.platform.held)
        assert len(codes) == len(set(codes))

    def whoever_was_paid_used_vehicles_and_a_chance(self) -> None:
        """No money without both: an end with money, even money that came back, keeps vehicle and chance."""
        for claim in self.platform.claims.values():
            money = claim.money
            if money.paid_fen or money.owed_back_fen or money.reclaimed_fen:
                assert uses_chance(claim)
                assert claim.old_code in self.platform.held
            if claim.new is not NewState.NOT_BOUGHT and not claim.was_resumed:
                assert claim.claim_id == self.platform.held[claim.new_code].claim_id

    def no_state_is_skipped(self) -> None:
        """Each claim came to where it stands step by step, and left no end; the last step is looked at."""
        for history in self.histories.values():
            for before, after in pairwise(history[-2:]):
                if after.state is not before.state:
                    assert before.state not in ENDS
                    known = COMES_FROM[after.terms.mode].get(after.state)
                    assert known is None or before.state in known
                assert OLD_ORDER.index(before.old) <= OLD_ORDER.index(after.old)
                assert after.old is not OldState.DISMANTLED or before.old in OLD_ORDER[2:]
                undone = (before.new, after.new) == (NewState.SOLD, NewState.NOT_BOUGHT)
                assert NEW_ORDER.index(before.new) <= NEW_ORDER.index(after.new) or (
                    undone and (before.state, after.state) == (ClaimState.PAID, ClaimState.QUALIFIED)
                )
                assert after.new is NewState.NOT_BOUGHT or before.new is not NewState.NOT_BOUGHT or after.days.bought_on

    def nobody_is_paid_before_the_public_term_is_over(self) -> None:
        """A claim that is paid later was public until a day that has come."""
        for claim in self.platform.claims.values():
            if claim.terms.mode is Mode.CLAIM_LATER and claim.state in (ClaimState.APPROVED, ClaimState.PAID):
                assert claim.public_until is not None
                assert claim.public_until <= self.today


class Interleavings(RuleBasedStateMachine):
    """A search for the shortest history that breaks something."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(one=st.builds(Try, **{name: st.sampled_from(pool) for name, pool in POOLS.items()}))
    def attempt(self, *, one: Try) -> None:
        """Whatever is drawn."""
        self.world.attempt(one)

    @invariant()
    def verify(self) -> None:
        """Nothing is broken."""
        self.world.verify()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)


def test_long_walks_break_nothing_and_every_act_is_done_on_the_way() -> None:
    """The same walks in every run, long enough that each act of the table succeeds somewhere."""
    acts: set[Act] = set()
    random = Random(20241024)
    for _ in range(80):
        world = World()
        for _ in range(150):
            world.attempt(Try(**{name: random.choice(pool) for name, pool in POOLS.items()}))
            world.verify()
        acts |= world.acts

    assert set(Act) == acts
