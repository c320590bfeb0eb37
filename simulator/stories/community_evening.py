"""When the doors have closed: statements, balances, the banks' day, notices; all as the story says."""

import re
from collections import Counter
from datetime import date

from msgspec import structs

from simulator.outside import DeliveredShape
from simulator.stories.community_morning import Town
from simulator.stories.day import Day, templates_of
from simulator.stories.enrolling import BANK
from simulator.stories.neighbour import Neighbour
from simulator.stories.stage import Stage
from simulator.stories.telling import Both, Column, a_table, fold, show_table, tell
from simulator.stories.till import Till
from yikatong.cards.rules.application import ADULT_FROM_AGE
from yikatong.client.receipts import Statement
from yikatong.kernel.money import show_yuan
from yikatong.ledger.api import AccountsAnswer
from yikatong.notices.outside import Message
from yikatong.payouts.outside import DayLine, DayLineKind

BALANCES = {
    "wang": {"purse": 5_000, "benefit": 2_200},
    "li": {"purse": 0, "benefit": 0},
    "chen": {"purse": 6_170},
    "zhang": {"purse": 0},
    "yu": {"purse": 0},
    "zhao": {"purse": 5_050},
    "yiming": {"purse": 150},
    "sun": {"purse": 2_500},
    "liu": {"purse": 0},
    "he": {"purse": 5_420},
}
"""What everybody has in the evening, in fen."""
CARDS_GIVEN = "06:30"
"""When the story has the cards handed out."""
PLAYED_AT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}")
OUTSIDE_SECONDS_MAX = 60.0
"""How long the world outside may take: whoever did not answer there is asked again after half a minute."""
NOTICE_MARGIN = 21
"""The cells of a notice's line that its words do not have."""
PURPOSE = "balance asked for at the counter"


class Evening:
    """Compares the evening with the morning; made in the morning."""

    def __init__(self, stage: Stage, town: Town) -> None:
        """Read what stood before the first tap: terminals and the bank may have had a day before."""
        self._stage = stage
        self._town = town
        self._began_on = stage.today
        self._statements = {key: self._statement(till) for key, till in town.tills.items()}
        self._bank = self._bank_day()

    def close(self, day: Day) -> None:
        """Show and compare everything."""
        self._stage.chapter("收工 · 对账单、余额与通知", "Closing: statements, balances, notices")
        self._close_statements(day)
        self._close_balances()
        self._close_bank(day)
        self._close_notices(day)

    def _close_statements(self, day: Day) -> None:
        table = a_table(
            Column("服务机构", "provider"),
            Column("笔数", "sales", "right"),
            Column("收款", "taken", "right"),
            Column("退款", "refunded", "right"),
            Column("冲正", "reversed", "right"),
            Column("应付", "due", "right"),
        )
        owed_fen = 0
        for key, till in self._town.tills.items():
            before, after = self._statements[key], self._statement(till)
            sales, refunded, reversed_ = day.sales[key], day.refunded[key], day.reversed[key]
            about = f"the statement of {till.shop.name_en}: "
            self._stage.expect(len(sales), after.sales_count - before.sales_count, about + "sales")
            self._stage.expect(sum(sales), after.sales_fen - before.sales_fen, about + "sales in fen")
            self._stage.expect(len(refunded), after.refunds_count - before.refunds_count, about + "refunds")
            self._stage.expect(sum(refunded), after.refunds_fen - before.refunds_fen, about + "refunds in fen")
            self._stage.expect(len(reversed_), after.reversals_count - before.reversals_count, about + "reversals")
            self._stage.expect(sum(reversed_), after.reversals_fen - before.reversals_fen, about + "reversals in fen")
            due = after.closing_fen - before.closing_fen
            self._stage.expect(sum(sales) - sum(refunded) - sum(reversed_), due, about + "what is due")
            shown = [show_yuan(amount) for amount in (sum(sales), sum(refunded), sum(reversed_), due)]
            table.add_row(f"{till.shop.name_zh}\n{till.shop.name_en}", str(len(sales)), *shown)
            owed_fen += after.closing_fen
        title = Both("服务机构日对账单，单位：元", f"providers' statements of {self._stage.today}, in yuan")
        show_table(self._stage.console, title, table)
        if day.again:
            tell(self._stage.console, _with_earlier_days(owed_fen))
        self._stage.console.print()

    def _close_balances(self) -> None:
        for key, expected in BALANCES.items():
            neighbour = self._town.people[key]
            office = self._town.away if key == "he" else self._town.home
            if neighbour.part.age < ADULT_FROM_AGE:
                office.may_look_at_minor(office.welfare, neighbour.resident_id, purpose=PURPOSE)
            path = f"/v1/residents/{neighbour.resident_id}/accounts"
            accounts = office.welfare.calls.get(path, AccountsAnswer, purpose=PURPOSE).accounts
            found = {account.kind: account.available_fen for account in accounts}
            self._stage.expect(expected, found, f"what {neighbour.part.name_en} has")
            self._stage.expect(
                [0], sorted({account.held_fen for account in accounts}), f"holds of {neighbour.part.name_en}"
            )
        self._stage.console.print("  钱包和补贴余额均与故事一致 every purse and benefit is as the story says")

    def _close_bank(self, day: Day) -> None:
        """What the bank booked: debits of taps, credits of refunds and reversals, and nothing else."""
        expected = Counter(
            [(DayLineKind.DEBIT.value, fen) for fen in day.debits]
            + [(DayLineKind.CREDIT.value, fen) for fen in day.credits]
        )
        found = self._stage.wait_for(
            lambda: booked if (booked := self._bank_day() - self._bank).total() >= expected.total() else None,
            about="等待银行入账 the bank books the refunds",
            seconds=OUTSIDE_SECONDS_MAX,
        )
        self._stage.expect(expected, found, "what the bank booked")
        debits, credits = sum(day.debits), sum(day.credits)
        self._stage.console.print(
            f"  银行扣款 bank debits {show_yuan(debits)}, 银行退回 bank credits {show_yuan(credits)}"
        )

    def _close_notices(self, day: Day) -> None:
        """Those with a phone read everything in the wallet; everybody gets it by push or SMS, once."""
        table = a_table(Column("居民", "resident"), Column("条数", "count"), Column("最近一条", "the latest"))
        for key, neighbour in self._town.people.items():
            expected = neighbour.heard + day.notices[key]
            about = f"{neighbour.part.name_en}'s notices"
            if neighbour.part.has_phone:
                self._stage.expect(expected, self._read(neighbour, expected.total(), about), about)
            latest = self._delivered(neighbour, expected, about)
            told = self._set_notice(latest, at=day.last_noticed.get(key, CARDS_GIVEN))
            table.add_row("\n".join(neighbour.part.name), str(expected.total()), told)
        title = Both("居民收到的通知，时刻按故事", "residents' notices, at the times of the story")
        show_table(self._stage.console, title, table)

    def _set_notice(self, latest: Both, *, at: str) -> str:
        """A notice as the table shows it, at the story's time instead of the minute in which it is played."""
        cells = self._stage.console.width - NOTICE_MARGIN
        zh, en = (PLAYED_AT.sub(f"{self._stage.today} {at}", text) for text in latest)
        return "\n".join((*fold(zh, cells=cells), *fold(en, cells=cells)))

    def _read(self, neighbour: Neighbour, count: int, about: str) -> Counter[str]:
        """What somebody reads in the wallet, once it is as many as there should be."""

        def find() -> Counter[str] | None:
            found = templates_of(neighbour.phone)
            return found if found.total() >= count else None

        return self._stage.wait_for(find, about=f"通知 {about}")

    def _delivered(self, neighbour: Neighbour, expected: Counter[str], about: str) -> Both:
        """The words of the last notice made, once all have come, each once; on the way one may overtake another."""
        path = f"/gateway/simulator/messages/{neighbour.uuid}"

        def find() -> list[Message] | None:
            messages = self._stage.outside.get(path, DeliveredShape).messages
            return messages if len(messages) >= expected.total() else None

        messages = self._stage.wait_for(find, about=f"推送 push of {about}", seconds=OUTSIDE_SECONDS_MAX)
        self._stage.expect(expected, Counter(message.template for message in messages), about + " by push")
        words = max(messages, key=lambda message: message.message_id).words
        return Both(words.zh.text, words.en.text)

    def _statement(self, till: Till) -> Statement:
        """The provider's statement since the story began: of one day, or of two when midnight fell into it."""
        first, *later = [till.terminal.statement(day) for day in self._days()]
        for statement in later:
            first = structs.replace(
                first,
                sales_count=first.sales_count + statement.sales_count,
                sales_fen=first.sales_fen + statement.sales_fen,
                refunds_count=first.refunds_count + statement.refunds_count,
                refunds_fen=first.refunds_fen + statement.refunds_fen,
                reversals_count=first.reversals_count + statement.reversals_count,
                reversals_fen=first.reversals_fen + statement.reversals_fen,
                closing_fen=statement.closing_fen,
            )
        return first

    def _bank_day(self) -> Counter[tuple[str, int]]:
        booked: Counter[tuple[str, int]] = Counter()
        for day in self._days():
            lines = self._stage.outside.get(f"/bank/days/{BANK}/{day.isoformat()}", list[DayLine])
            booked.update((line.kind.value, line.amount_fen) for line in lines)
        return booked

    def _days(self) -> list[date]:
        return sorted({self._began_on, self._stage.today})


def _with_earlier_days(owed_fen: int) -> Both:
    """Why the platform's own statements say more than the table."""
    return Both(
        f"表中只列这一次演出；平台出具的对账单还含此前演过的，应付合计{show_yuan(owed_fen)}。",
        "The table has this performance alone; the platform's statements hold the earlier ones too, and in all "
        f"{show_yuan(owed_fen)} are due.",
    )
