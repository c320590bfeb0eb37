"""The day as it is told: one line a tap, each compared with what the story expects, and sums kept for the evening."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from simulator.calls import ApiRefusal
from simulator.http_wallet import HttpWallet
from simulator.stories.neighbour import Neighbour
from simulator.stories.stage import Stage, StoryFailedError
from simulator.stories.telling import Both, TapLine, set_tap, tell
from simulator.stories.till import Till
from yikatong.client.receipts import Admitted, Refused, Tap, Waiting
from yikatong.kernel.money import show_yuan

SOURCE_WORDS = {"bank": "银行 bank", "purse": "钱包 purse", "benefit": "补贴 benefit", "claim": "立减 subsidy"}
LEARNED_WORDS = {"name": "姓名 name", "id_number": "证号 ID"}
HARMLESS_WORDS = {"age_band": "年龄 age ", "name_masked": ""}
"""What a terminal learned that may be read on a screen, and the words that stand before it."""
STRANGER = Both("冒名者", "a stranger")
"""Who stands there when it is nobody the platform knows."""

Make = Callable[[], Tap]


class Day:
    """Tells taps as they happen and remembers what they came to.

    `told` counts lines; a tap that waits has two, a refund or reversal has one and is no tap.
    """

    def __init__(self, stage: Stage, *, item_words: Mapping[str, Both]) -> None:
        """Nothing has happened yet; `item_words` has each item of the story in a word."""
        self._stage = stage
        self._item_words = item_words
        self.again = stage.crew.met_before
        self.told = 0
        self.admitted = 0
        self.confirmed = 0
        self.reversals = 0
        self.first_tap_seconds: float | None = None
        self.reasons: Counter[str] = Counter()
        self.sales: defaultdict[str, list[int]] = defaultdict(list)
        self.refunded: defaultdict[str, list[int]] = defaultdict(list)
        self.reversed: defaultdict[str, list[int]] = defaultdict(list)
        self.debits: list[int] = []
        self.credits: list[int] = []
        self.notices: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.last_noticed: dict[str, str] = {}

    def admits(
        self,
        at: str,
        who: Neighbour,
        till: Till,
        item: str,
        make: Make,
        *,
        paid_by: Mapping[str, int] | None = None,
        learned: tuple[str, ...] = (),
    ) -> Admitted:
        """A tap that is admitted, paid by these sources, after which the terminal knows these things and no others."""
        tap, milliseconds = self._time(make)
        if not isinstance(tap, Admitted):
            raise StoryFailedError(f"{at} {who.part.name_en}, {item}: admitted was expected, and it was {_ended(tap)}")
        parts = dict(paid_by or {})
        found = {part.source: part.amount_fen for part in tap.receipt.paid_by}
        self._stage.expect(parts, found, f"{at} {item}: who paid")
        self._stage.expect(set(learned), set(tap.receipt.learned), f"{at} {item}: what the terminal learned")
        self.admitted += 1
        self._count_payment(at, who, till, parts)
        says = _show_parts(parts) if parts else _show_learned(tap.receipt.learned)
        self._tell(at, who.part.name, till, item, sum(parts.values()), milliseconds, mark="✓", style="green", says=says)
        return tap

    def refuses(
        self, at: str, who: Neighbour | None, till: Till, item: str, make: Make, *, reason: str, amount_fen: int = 0
    ) -> Refused:
        """A tap that is refused for this reason; the platform says why in both languages."""
        tap, milliseconds = self._time(make)
        name = STRANGER if who is None else who.part.name
        if not isinstance(tap, Refused):
            raise StoryFailedError(f"{at} {name.en}, {item}: {reason} was expected, and it was {_ended(tap)}")
        self._stage.expect(reason, tap.reason, f"{at} {name.en}, {item}: why it is refused")
        self.reasons[reason] += 1
        says = reason.lower().replace("_", " ")
        self._tell(at, name, till, item, amount_fen, milliseconds, mark="✗", style="red", says=says)
        tell(self._stage.console, Both(tap.says.zh, tap.says.en), lead="→ ")
        return tap

    def waits_and_confirms(
        self,
        at: str,
        who: Neighbour,
        till: Till,
        item: str,
        make: Make,
        *,
        paid_by: Mapping[str, int],
        says: str | None = None,
    ) -> Admitted:
        """A tap that waits until its resident has read payee and amount on their own phone, and signed.

        `says` is what its line ends in, which is else that it was confirmed and who paid.
        """
        tap, milliseconds = self._time(make)
        if not isinstance(tap, Waiting):
            raise StoryFailedError(f"{at} {who.part.name_en}, {item}: it should wait, and it was {_ended(tap)}")
        self._stage.expect("confirmation", tap.waits_for, f"{at} {item}: what it waits for")
        amount_fen = sum(paid_by.values())
        waits = "等待本人确认 waits for the phone"
        self._tell(at, who.part.name, till, item, amount_fen, milliseconds, mark="…", style="yellow", says=waits)
        self.hears(at, who, "tap_waits")
        began = time.perf_counter()
        (seen,) = who.phone.waiting()
        shown = (seen.tap, seen.amount_fen, seen.payee_name_zh)
        self._stage.expect((tap.tap, amount_fen, till.shop.name_zh), shown, f"{at} {item}: what the phone shows")
        who.phone.confirm(seen)
        ended = self._end_of(till, tap.tap)
        milliseconds = (time.perf_counter() - began) * 1000
        if not isinstance(ended, Admitted):
            raise StoryFailedError(f"{at} {item}: confirmed, and then it was {_ended(ended)}")
        found = {part.source: part.amount_fen for part in ended.receipt.paid_by}
        self._stage.expect(dict(paid_by), found, f"{at} {item}: who paid")
        self.admitted += 1
        self.confirmed += 1
        self._count_payment(at, who, till, dict(paid_by))
        says = says or "已确认 confirmed, " + _show_parts(paid_by)
        self._tell(at, who.part.name, till, item, amount_fen, milliseconds, mark="✓", style="green", says=says)
        return ended

    def refunds(self, at: str, who: Neighbour, till: Till, tap: Admitted, *, amount_fen: int, bank_fen: int) -> None:
        """The provider gives a part of a payment back, `bank_fen` of it to the bank account."""
        began = time.perf_counter()
        done = till.terminal.refund(tap.receipt.tap, amount_fen)
        milliseconds = (time.perf_counter() - began) * 1000
        self._stage.expect(amount_fen, done.amount_fen, f"{at}: what was given back")
        self.refunded[till.shop.key].append(amount_fen)
        self._hear_given_back(at, who, bank_fen=bank_fen, template="tap_refunded")
        left = f"退款 refunded, 余 {show_yuan(done.left_fen)} kept"
        self._tell_back(at, who, till, tap, amount_fen, milliseconds, says=left)

    def reverses(self, at: str, who: Neighbour, till: Till, tap: Admitted, *, bank_fen: int) -> None:
        """The terminal takes a whole payment back."""
        began = time.perf_counter()
        done = till.terminal.reverse(tap.request_id)
        milliseconds = (time.perf_counter() - began) * 1000
        self._stage.expect("admitted", done.found, f"{at}: what the reversal met")
        amount_fen = tap.receipt.amount_fen or 0
        self.reversed[till.shop.key].append(amount_fen)
        self.reversals += 1
        self._hear_given_back(at, who, bank_fen=bank_fen, template="tap_reversed")
        self._tell_back(at, who, till, tap, amount_fen, milliseconds, says="冲正 reversed")

    def says_what_was_counted(self) -> Both:
        """How many taps there were and what came of them, and beside them what is no tap."""
        refused, reasons = self.reasons.total(), len(self.reasons)
        refunds = sum(len(given_back) for given_back in self.refunded.values())
        zh = f"用卡{self.admitted + refused}次：办成{self.admitted}次（其中{self.confirmed}次先经手机确认）"
        en = (
            f"{self.admitted + refused} taps: {self.admitted} admitted ({self.confirmed} of them confirmed on the "
            "phone first)"
        )
        if refused:
            zh += f"，因{reasons}种原因拒绝{refused}次"
            en += f", {refused} refused for {reasons} different reasons"
        if refunds or self.reversals:
            zh += f"；另有退款{refunds}次、冲正{self.reversals}次，不计入用卡"
            en += f". Refunds ({refunds}) and reversals ({self.reversals}) are no taps and counted apart"
        return Both(f"{zh}。", f"{en}.")

    def happens(self, at: str, what_zh: str, what_en: str) -> None:
        """Something that is no tap."""
        tell(self._stage.console, Both(what_zh, what_en), at=at)

    def because(self, why_zh: str, why_en: str) -> None:
        """What is behind the next tap, for whoever reads."""
        tell(self._stage.console, Both(why_zh, why_en))

    def hears(self, at: str, who: Neighbour, template: str) -> None:
        """The platform has to tell a resident this."""
        self.notices[who.part.key][template] += 1
        self.last_noticed[who.part.key] = at

    def _end_of(self, till: Till, tap_id: str) -> Admitted | Refused:
        """What the till hears once the tap has ended."""

        def find() -> Admitted | Refused | None:
            found: Tap = till.terminal.poll(tap_id)
            if isinstance(found, Waiting):
                return None
            return found

        ended = self._stage.wait_for(find, about="终端查询结果 the till asks how the tap ended")
        assert isinstance(ended, Admitted | Refused)
        return ended

    def _time(self, make: Make) -> tuple[Tap, float]:
        began = time.perf_counter()
        tap = make()
        milliseconds = (time.perf_counter() - began) * 1000
        if self.first_tap_seconds is None:
            self.first_tap_seconds = time.monotonic() - self._stage.began
        return tap, milliseconds

    def _count_payment(self, at: str, who: Neighbour, till: Till, parts: Mapping[str, int]) -> None:
        if not parts:
            return
        self.sales[till.shop.key].append(sum(parts.values()))
        self.hears(at, who, "tap_paid")
        if "bank" in parts:
            self.debits.append(parts["bank"])

    def _hear_given_back(self, at: str, who: Neighbour, *, bank_fen: int, template: str) -> None:
        self.hears(at, who, template)
        if bank_fen:
            self.credits.append(bank_fen)

    def _tell_back(
        self, at: str, who: Neighbour, till: Till, tap: Admitted, amount_fen: int, milliseconds: float, *, says: str
    ) -> None:
        item = tap.receipt.item
        self._tell(at, who.part.name, till, item, -amount_fen, milliseconds, mark="↩", style="green", says=says)

    def _tell(
        self,
        at: str,
        who: Both,
        till: Till,
        item: str,
        amount_fen: int,
        milliseconds: float,
        *,
        mark: str,
        style: str,
        says: str,
    ) -> None:
        self.told += 1
        listed = till.item(item)
        line = TapLine(
            at=at,
            who=who,
            where=till.shop.short,
            item=Both(listed.name_zh, listed.name_en),
            item_word=self._item_words[item],
            amount_fen=amount_fen,
            milliseconds=milliseconds,
            mark=mark,
            style=style,
            says=says,
        )
        console = self._stage.console
        console.print(set_tap(line, width=console.width), soft_wrap=True)
        if self.told == 1:
            seconds = self.first_tap_seconds
            tell(
                console,
                Both(f"启动到第一次用卡{seconds:.1f}秒。", f"From the start to the first tap: {seconds:.1f} s."),
            )


def refusal_of(make: Callable[[], Any]) -> ApiRefusal:
    """The refusal of a call that is no tap; raises StoryFailedError when it was not refused."""
    try:
        make()
    except ApiRefusal as refusal:
        return refusal
    raise StoryFailedError("a call was done that should be refused")


def templates_of(phone: HttpWallet) -> Counter[str]:
    """What a phone was told, counted by kind."""
    return Counter(notice.template.value for notice in phone.notices())


def _ended(tap: Tap) -> str:
    if isinstance(tap, Refused):
        return f"refused: {tap.reason}"
    return f"waiting for {tap.waits_for}" if isinstance(tap, Waiting) else "admitted"


def _show_parts(parts: Mapping[str, int]) -> str:
    """Which money paid; how much of each is said only where there are two."""
    if len(parts) == 1:
        return SOURCE_WORDS[next(iter(parts))]
    return "+".join(f"{SOURCE_WORDS[source]} {show_yuan(fen)}" for source, fen in parts.items())


def _show_learned(learned: Mapping[str, str]) -> str:
    """What the terminal was told: values of little weight, and only the kinds of those that matter."""
    if not learned:
        return "到场 presence only"
    told = [
        HARMLESS_WORDS[kind] + learned[kind] if kind in HARMLESS_WORDS else LEARNED_WORDS.get(kind, kind)
        for kind in sorted(learned)
    ]
    return "告知 told " + ", ".join(told)
