"""The trade-in: the same old lithium bike in four provinces, those who get nothing, and the bank that pays later."""

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

import msgspec

from simulator.bank_files import FileBank
from simulator.calls import Calls
from simulator.stories.day import Day, refusal_of
from simulator.stories.enrolling import BANK
from simulator.stories.neighbour import Neighbour
from simulator.stories.office import Operator
from simulator.stories.stage import Stage, StoryFailedError
from simulator.stories.telling import Both, Column, a_table, show_table, tell
from simulator.stories.trade_in_cast import (
    GUANGDONG,
    HEBEI,
    ITEM_WORDS,
    JIANGSU,
    NEW_CODES,
    OLD_CODES,
    PRICE_FEN,
    REGIONS,
    SALE,
    YUNNAN,
)
from simulator.stories.trade_in_morning import Town, a_request_id, open_four_provinces
from yikatong.kernel.money import show_yuan

OWN = "/v1/wallet/trade-in/claims"
NEW_IS_LEAD_ACID = {
    "new_battery": "lead_acid",
    "new_is_certified": "yes",
    "invoice_names_applicant": "yes",
    "new_owner_is_applicant": "yes",
}
PAPERS = "old_plate,old_licence,person_with_old_photo,new_plate"
"""What is handed in with a claim."""
LOWEST_PRICE = "2099.00"
"""What the model cost at least in the month before the policy, as commerce looked it up."""
PUBLIC_DAYS = 12
"""Seven working days and the two weekends between them."""
PAID_SECONDS_MAX = 60.0


class TradeIn:
    """The story as it goes on: who stands where, which claims there are."""

    def __init__(self, stage: Stage) -> None:
        """Open the four provinces."""
        self.stage = stage
        self.day = Day(stage, item_words=ITEM_WORDS)
        stage.chapter("开门之前", "Before the doors open")
        self.towns = open_four_provinces(stage)
        if stage.bank_files is None:
            raise StoryFailedError("this platform exchanges no files with banks")
        self.bank = FileBank(stage.bank_files / BANK, clock=stage.clock)
        self.claims: dict[str, str] = {}
        self.got: dict[str, tuple[str, int, str]] = {}

    def apply(self, town: Town, who: Neighbour, **facts: str) -> str:
        """Somebody asks to be qualified from their phone; the most they can get is set aside."""
        body = self._application(town, OLD_CODES[who.part.key], **facts)
        claim = who.phone.calls.post(OWN, dict[str, Any], body)["claim"]["claim_id"]
        self.claims[who.part.key] = claim
        return str(claim)

    def is_turned_away(self, at: str, town: Town, who: Neighbour, old_code: str, *, reason: str) -> None:
        """Somebody asks and is refused."""
        body = self._application(town, old_code)
        self.refused(at, who.part.name, lambda: who.phone.calls.post(OWN, msgspec.Raw, body), reason=reason)

    def refused(self, at: str, who: Both, make: Callable[[], Any], *, reason: str) -> None:
        """A step that must be refused for this reason."""
        refusal = refusal_of(make)
        self.stage.expect(reason, refusal.reason, f"{at} {who.en}: why it is refused")
        self.stage.console.print(
            f"{at} {who.zh} {who.en} [red]✗ {reason.lower().replace('_', ' ')}[/red]", soft_wrap=True
        )
        tell(self.stage.console, Both(refusal.problem.says.zh, refusal.problem.says.en), lead="→ ")

    def step(self, calls: Calls, role: str, claim: str, step: str, **body: Any) -> dict[str, Any]:
        """A party's step on a claim."""
        path = f"/v1/trade-in/{role}/claims/{claim}/{step}"
        return calls.post(path, dict[str, Any], {"request_id": str(a_request_id()), **body})

    def hand_in(self, town: Town, key: str, *, at_store: bool) -> None:
        """The old bike goes to the recycler today, by the store or straight: lithium stays nowhere overnight."""
        handed = {"on": self.today, "old_code": OLD_CODES[key]}
        claim = self.claims[key]
        if at_store:
            self.step(town.store.calls, "store", claim, "receive", **handed)
            self.step(town.recycler.calls, "recycler", claim, "collect", **handed)
        else:
            self.step(town.recycler.calls, "recycler", claim, "receive", **handed)

    def dismantle(self, town: Town, key: str) -> None:
        """The recycler takes the old bike apart and keeps the proof."""
        proof = sha256(f"photographs of {OLD_CODES[key]}".encode()).hexdigest()
        self.step(town.recycler.calls, "recycler", self.claims[key], "dismantle", on=self.today, proof=proof)

    def sale_of(self, key: str, facts: Mapping[str, str] = NEW_IS_LEAD_ACID) -> dict[str, Any]:
        """What a store says of a sale."""
        return {"on": self.today, "price_fen": PRICE_FEN, "new_code": NEW_CODES[key], "facts": dict(facts)}

    def register(self, town: Town, key: str) -> None:
        """The new bike gets its plate."""
        body = {"on": self.today, "new_code": NEW_CODES[key], "facts": {"new_owner_is_applicant": "yes"}}
        self.step(town.police, "police", self.claims[key], "register", **body)

    def buy_at_the_till(self, at: str, town: Town, who: Neighbour, *, subsidy_fen: int) -> None:
        """The store enters the sale; the resident reads payee and price on the phone, signs, and pays the rest."""
        key, till = who.part.key, town.till
        assert till is not None
        said = self.step(town.store.calls, "store", self.claims[key], "prepared-sale", **self.sale_of(key))["sale"]
        self.stage.expect(subsidy_fen, said["subsidy_fen"], f"{at}: the subsidy of {who.part.name_en}")
        self.day.waits_and_confirms(
            at, who, till, SALE, lambda: till.by_scanning(who, item=SALE, amount_fen=PRICE_FEN),
            paid_by={"claim": subsidy_fen, "bank": PRICE_FEN - subsidy_fen},
            says=f"立减 off {show_yuan(subsidy_fen)}+银行 {show_yuan(PRICE_FEN - subsidy_fen)}",
        )  # fmt: skip
        self.note(town, who, subsidy_fen, "店里立减\ntaken off at the till")

    def note(self, town: Town, who: Neighbour, fen: int, how: str) -> None:
        """Remember what somebody got, for the table of the evening."""
        self.got[who.part.key] = (str(town.province.name), fen, how)

    def claim_of(self, who: Neighbour) -> dict[str, Any]:
        """How somebody's claim stands, as their phone shows it."""
        return who.phone.calls.get(f"{OWN}/{self.claims[who.part.key]}", dict[str, Any], purpose="own claim")

    @property
    def today(self) -> str:
        """The day in the story."""
        return self.stage.today.isoformat()

    def _application(self, town: Town, old_code: str, **facts: str) -> dict[str, Any]:
        stated = {"old_battery": "lithium", **facts}
        return {"request_id": str(a_request_id()), "place": town.province.region, "old_code": old_code, "facts": stated}


def play_trade_in(stage: Stage) -> Day:
    """Play the story; raises StoryFailedError where the platform does something else than the story says."""
    story = TradeIn(stage)
    stage.chapter("云南 · 店里立减", "Yunnan: taken off at the till")
    _yunnan(story)
    stage.chapter("江苏 · 三档，锂换铅再加一百", "Jiangsu: three tiers, a hundred more for lithium to lead-acid")
    _jiangsu(story)
    stage.chapter("广东 · 先注销报废，后购车申领", "Guangdong: deregister and scrap first, claim later")
    _guangdong(story)
    stage.chapter("河北 · 领券三天有效，看新车电池", "Hebei: a coupon of three days; the new battery counts")
    _hebei(story)
    stage.chapter("审核、公示", "Checked, and made public")
    rosters = {region: _roster(story, story.towns[region]) for region in (GUANGDONG, HEBEI)}
    story.day.happens(
        "17:30",
        f"公示七个工作日；故事接着讲{PUBLIC_DAYS}天之后。",
        f"Seven working days in public; {PUBLIC_DAYS} days later:",
    )
    with stage.work("平台换到那一天 the platform goes on to that day"):
        stage.go_on(days=PUBLIC_DAYS)
    stage.chapter("公示期满，银行打款", "The term is over; the bank pays")
    for region, roster in rosters.items():
        _pay(story, story.towns[region], roster)
    _show(story)
    return story.day


def _yunnan(story: TradeIn) -> None:
    town = story.towns[YUNNAN]
    yang = town.people["yang"]
    story.day.because(
        "杨凤英手机上申请，资金先预留；旧车当天交回收企业。",
        "Yang Fengying applies on her phone; her money is set aside, her old bike goes to the recycler the same day.",
    )
    story.apply(town, yang)
    story.hand_in(town, "yang", at_store=True)
    story.buy_at_the_till("09:40", town, yang, subsidy_fen=50_000)


def _jiangsu(story: TradeIn) -> None:
    town = story.towns[JIANGSU]
    zhou, wu = town.people["zhou"], town.people["wu"]
    yang = story.towns[YUNNAN].people["yang"]
    story.day.because(
        "杨凤英拿同一辆旧车再到江苏申请：整个平台只认一次。",
        "Yang Fengying tries the same old bike in Jiangsu: in all regions it counts once.",
    )
    story.is_turned_away("10:10", town, yang, OLD_CODES["yang"], reason="VEHICLE_IS_COUNTED_ALREADY")
    story.apply(town, zhou)
    story.hand_in(town, "zhou", at_store=True)
    assert town.off_the_list is not None
    off = town.off_the_list.calls
    story.day.because("周建国先到一家不在名单上的店。", "Zhou Jianguo first goes to a store that is on no list.")
    story.refused(
        "10:20", zhou.part.name,
        lambda: story.step(off, "store", story.claims["zhou"], "prepared-sale", **story.sale_of("zhou")),
        reason="STORE_IS_NOT_LISTED",
    )  # fmt: skip
    story.buy_at_the_till("10:30", town, zhou, subsidy_fen=40_000)
    story.day.because(
        "吴敏用自己的旧车再来，江苏的钱已用完。", "Wu Min comes back with her own bike; the money is used up."
    )
    story.is_turned_away("10:45", town, wu, OLD_CODES["wu"], reason="BUDGET_IS_USED_UP")


def _guangdong(story: TradeIn) -> None:
    town = story.towns[GUANGDONG]
    chen = town.people["chen"]
    story.apply(town, chen)
    story.day.because(
        "旧车还没注销报废、新车还没买，就来提交。",
        "He submits before the old bike is off the register and the new one is bought.",
    )
    submit = f"{OWN}/{story.claims['chen']}/submit"
    story.refused(
        "11:00", chen.part.name,
        lambda: chen.phone.calls.post(submit, msgspec.Raw, {"request_id": str(a_request_id())}),
        reason="CLAIM_LACKS_A_STEP",
    )  # fmt: skip
    story.step(town.police, "police", story.claims["chen"], "cancel-plate", on=story.today, old_code=OLD_CODES["chen"])
    story.hand_in(town, "chen", at_store=False)
    story.dismantle(town, "chen")
    story.step(town.store.calls, "store", story.claims["chen"], "sale", **story.sale_of("chen"))
    story.register(town, "chen")
    story.day.happens(
        "11:20",
        "旧车注销、拆解，新车按全价买下并上牌。",
        "The old bike is off the register and dismantled; the new one is paid in full and plated.",
    )
    _submit(story, town, chen, fen=50_000)


def _hebei(story: TradeIn) -> None:
    town = story.towns[HEBEI]
    liu = town.people["liu"]
    found = {battery: _calculate(story, new_battery=battery) for battery in ("lead_acid", "lithium")}
    story.stage.expect({"lead_acid": 39_999, "lithium": 19_999}, found, "what the calculator says for Hebei")
    story.apply(town, liu)
    story.hand_in(town, "liu", at_store=True)
    story.step(town.store.calls, "store", story.claims["liu"], "sale", **story.sale_of("liu"))
    story.register(town, "liu")
    story.day.happens(
        "11:50",
        "新车是铅酸电池，补20%；若是锂电池，计算器说只补10%，199.99元。",
        "The new bike is lead-acid, so 20 %; for lithium the calculator says 10 %, 199.99.",
    )
    _submit(story, town, liu, fen=39_999)


def _calculate(story: TradeIn, *, new_battery: str) -> int:
    """What anybody is told by the calculator, which asks for no name."""
    facts = {"price": show_yuan(PRICE_FEN), "old_battery": "lithium", "new_battery": new_battery}
    body = {"place": HEBEI, "on": story.today, "facts": facts}
    said = story.stage.platform.post("/v1/programmes/trade_in/decide", dict[str, Any], body)
    return int(said["amount_fen"])


def _submit(story: TradeIn, town: Town, who: Neighbour, *, fen: int) -> None:
    """The resident submits, commerce checks, and the formula says how much."""
    path, papers = f"{OWN}/{story.claims[who.part.key]}/submit", {"evidence": PAPERS}
    who.phone.calls.post(path, msgspec.Raw, {"request_id": str(a_request_id()), "facts": papers})
    facts = {"reference_price": LOWEST_PRICE}
    story.step(town.posts["commerce"].calls, "commerce", story.claims[who.part.key], "check", facts=facts)
    claim = story.claim_of(who)
    story.stage.expect(("checked", fen), (claim["state"], claim["amount_fen"]), f"the claim of {who.part.name_en}")
    story.note(town, who, fen, "公示后打款到社保卡\npaid to the card after publicity")


def _roster(story: TradeIn, town: Town) -> str:
    """Commerce makes a roster of what was checked; a clerk checks the people, a reviewer makes it public."""
    body = {"place": town.province.region, "title": f"{town.province.name.zh}电动自行车以旧换新补贴"}
    rostered = town.posts["commerce"].calls.post("/v1/trade-in/commerce/rosters", dict[str, Any], body)
    roster = str(rostered["roster_id"])
    town.posts["clerk"].calls.post(f"/v1/rosters/{roster}/check", msgspec.Raw)
    public = town.posts["second"].calls.post(f"/v1/rosters/{roster}/publish", dict[str, Any], {})
    until = date.fromisoformat(public["public_until"])
    story.day.happens(
        "17:00", f"{town.province.name.zh}：{rostered['line_count']}人公示到{until}前。",
        f"{town.province.name.en}: {rostered['line_count']} in public until {until}.",
    )  # fmt: skip
    return roster


def _pay(story: TradeIn, town: Town, roster: str) -> None:
    """The reviewer makes the roster final, two people apply for its payment, the bank pays by file."""
    office = town.office
    office.second, payer = office.anew(town.posts["second"]), office.anew(town.posts["payer"])
    office.second.calls.post(f"/v1/rosters/{roster}/finalise", msgspec.Raw)
    (who,) = [one for one in town.people.values() if one.part.key in story.claims]
    _wait_until(story, town, who, "approved")
    batch = payer.calls.post(f"/v1/rosters/{roster}/batch", dict[str, Any])["batch_id"]
    office.approved(payer, f"/v1/payout-batches/{batch}/apply", msgspec.Raw, {"pay_on": story.today})
    _let_the_bank_pay(story, payer, batch)
    _wait_until(story, town, who, "paid")
    fen = story.got[who.part.key][1]
    story.day.happens(
        "10:00",
        f"{who.part.name_zh}的{show_yuan(fen)}元已打到社保卡。",
        f"{show_yuan(fen)} yuan reached {who.part.name_en}'s card.",
    )


def _wait_until(story: TradeIn, town: Town, who: Neighbour, state: str) -> None:
    """Wait until finance sees somebody's claim in a state; what a roster went through reaches claims a moment later."""
    calls = town.office.anew(town.posts["finance"]).calls
    path = f"/v1/trade-in/finance/claims/{story.claims[who.part.key]}"
    story.stage.wait_for(
        lambda: True if calls.get(path, dict[str, Any], purpose="how it stands")["state"] == state else None,
        about=f"申领状态 the claim is {state}", seconds=PAID_SECONDS_MAX,
    )  # fmt: skip


def _let_the_bank_pay(story: TradeIn, payer: Operator, batch: str) -> None:
    """The bank takes the file that the platform left, and leaves its report."""
    bank = story.bank
    story.stage.wait_for(
        lambda: bank.take_in() or None,
        about="银行收到付款文件 the bank takes the file", seconds=PAID_SECONDS_MAX,
    )  # fmt: skip
    bank.answer()
    story.stage.wait_for(
        lambda: True if payer.calls.get(f"/v1/payout-batches/{batch}", dict[str, Any])["paid_count"] else None,
        about="回单入账 the report is read", seconds=PAID_SECONDS_MAX,
    )  # fmt: skip


def _show(story: TradeIn) -> None:
    """One line for each resident, with what the rule gave."""
    table = a_table(
        Column("居民", "resident"), Column("地区", "place"), Column("补贴", "subsidy", "right"), Column("怎样", "how")
    )
    for region in REGIONS:
        for key, who in story.towns[region].people.items():
            place, fen, how = story.got.get(
                key, (str(story.towns[region].province.name), 0, "预算已用完\nthe budget is used up")
            )
            table.add_row("\n".join(who.part.name), place, show_yuan(fen), how)
    show_table(
        story.stage.console, Both("同一辆旧车、同样的价格，单位：元", "one kind of old bike, one price, in yuan"), table
    )
    _show_claims(story)


def _show_claims(story: TradeIn) -> None:
    """Each claim's number, by which `yikatong explain` says how it was decided."""
    table = a_table(Column("申领编号", "claim"), Column("居民", "resident"))
    for region in REGIONS:
        for key, who in story.towns[region].people.items():
            if key in story.claims:
                table.add_row(story.claims[key], str(who.part.name))
    show_table(story.stage.console, Both("申领", "claims"), table)
    tell(
        story.stage.console,
        Both(
            "yikatong explain 编号，逐步说明核定；yikatong replay 编号，重算一遍；--data见下。",
            "yikatong explain CLAIM tells every step, yikatong replay CLAIM decides it again; --data is named below.",
        ),
    )
