"""The day as it is told: one line a tap, each compared with what the story expects, and sums kept for the evening."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.padding import Padding
from rich.text import Text

from simulator.calls import ApiRefusal
from simulator.http_wallet import HttpWallet
from simulator.stories.neighbour import Neighbour
from simulator.stories.stage import Stage, StoryFailedError
from simulator.stories.till import Till
from yikatong.catalogue.model import Item
from yikatong.client.receipts import Admitted, Refused, Tap, Waiting
from yikatong.kernel.money import show_yuan

WHO_CELLS = 6
WHERE_CELLS = 4
ITEM_CELLS = 31
AMOUNT_CELLS = 7
MILLISECONDS_CELLS = 6
SOURCE_WORDS = {"bank": "银行 bank", "purse": "钱包 purse"}
HARMLESS = frozenset({"name_masked", "age_band"})
"""What a terminal learned that may be read on a screen."""
STRANGER = "冒名者"
"""Who stands there when it is nobody the platform knows."""

Make = Callable[[], Tap]


class Day:
    """Tells taps as they happen and remembers what they came to."""

    def __init__(self, stage: Stage) -> None:
        """Nothing has happened yet."""
        self._stage = stage
        self.told = 0
        self.first_tap_seconds: float | None = None
        self.reasons: Counter[str] = Counter()
        self.sales: defaultdict[str, list[int]] = defaultdict(list)
        self.given_back: defaultdict[str, list[int]] = defaultdict(list)
        self.debits: list[int] = []
        self.credits: list[int] = []
        self.notices: defaultdict[str, Counter[str]] = defaultdict(Counter)

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
        self._count_payment(who, till, parts)
        says = _show_parts(parts) if parts else _show_learned(tap.receipt.learned)
        self._tell(at, who.part.name_zh, till, item, sum(parts.values()), "[green]✓[/green]", says, milliseconds)
        return tap

    def refuses(
        self, at: str, who: Neighbour | None, till: Till, item: str, make: Make, *, reason: str, amount_fen: int = 0
    ) -> Refused:
        """A tap that is refused for this reason; the platform says why in both languages."""
        tap, milliseconds = self._time(make)
        name = STRANGER if who is None else who.part.name_zh
        if not isinstance(tap, Refused):
            raise StoryFailedError(f"{at} {name}, {item}: {reason} was expected, and it was {_ended(tap)}")
        self._stage.expect(reason, tap.reason, f"{at} {name}, {item}: why it is refused")
        self.reasons[reason] += 1
        says = "[red]" + reason.lower().replace("_", " ") + "[/red]"
        self._tell(at, name, till, item, amount_fen, "[red]✗[/red]", says, milliseconds)
        self._explain(f"{tap.says.zh} {tap.says.en}")
        return tap

    def waits_and_confirms(
        self, at: str, who: Neighbour, till: Till, item: str, make: Make, *, paid_by: Mapping[str, int]
    ) -> Admitted:
        """A tap that waits until its resident has read payee and amount on their own phone, and signed."""
        tap, milliseconds = self._time(make)
        if not isinstance(tap, Waiting):
            raise StoryFailedError(f"{at} {who.part.name_en}, {item}: it should wait, and it was {_ended(tap)}")
        self._stage.expect("confirmation", tap.waits_for, f"{at} {item}: what it waits for")
        amount_fen = sum(paid_by.values())
        waits = "[yellow]等待本人确认 waits for the phone[/yellow]"
        self._tell(at, who.part.name_zh, till, item, amount_fen, "[yellow]…[/yellow]", waits, milliseconds)
        self.notices[who.part.key]["tap_waits"] += 1
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
        self._count_payment(who, till, dict(paid_by))
        says = "已确认 confirmed, " + _show_parts(paid_by)
        self._tell(at, who.part.name_zh, till, item, amount_fen, "[green]✓[/green]", says, milliseconds)
        return ended

    def refunds(self, at: str, who: Neighbour, till: Till, tap: Admitted, *, amount_fen: int, bank_fen: int) -> None:
        """The provider gives a part of a payment back, `bank_fen` of it to the bank account."""
        began = time.perf_counter()
        done = till.terminal.refund(tap.receipt.tap, amount_fen)
        milliseconds = (time.perf_counter() - began) * 1000
        self._stage.expect(amount_fen, done.amount_fen, f"{at}: what was given back")
        self._count_given_back(who, till, amount_fen, bank_fen=bank_fen, template="tap_refunded")
        left = f"退款 refunded; {show_yuan(done.left_fen)} 未退 kept"
        self._tell(at, who.part.name_zh, till, tap.receipt.item, -amount_fen, "[green]↩[/green]", left, milliseconds)

    def reverses(self, at: str, who: Neighbour, till: Till, tap: Admitted, *, bank_fen: int) -> None:
        """The terminal takes a whole payment back."""
        began = time.perf_counter()
        done = till.terminal.reverse(tap.request_id)
        milliseconds = (time.perf_counter() - began) * 1000
        self._stage.expect("admitted", done.found, f"{at}: what the reversal met")
        amount_fen = tap.receipt.amount_fen or 0
        self._count_given_back(who, till, amount_fen, bank_fen=bank_fen, template="tap_reversed")
        says = "冲正 reversed, the answer was lost"
        self._tell(at, who.part.name_zh, till, tap.receipt.item, -amount_fen, "[green]↩[/green]", says, milliseconds)

    def happens(self, at: str, what_zh: str, what_en: str) -> None:
        """Something that is no tap."""
        self._stage.console.print(f"{at}   [dim]{what_zh}  {what_en}[/dim]", soft_wrap=True)

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

    def _count_payment(self, who: Neighbour, till: Till, parts: Mapping[str, int]) -> None:
        if not parts:
            return
        self.sales[till.shop.key].append(sum(parts.values()))
        self.notices[who.part.key]["tap_paid"] += 1
        if "bank" in parts:
            self.debits.append(parts["bank"])

    def _count_given_back(self, who: Neighbour, till: Till, amount_fen: int, *, bank_fen: int, template: str) -> None:
        self.given_back[till.shop.key].append(amount_fen)
        self.notices[who.part.key][template] += 1
        if bank_fen:
            self.credits.append(bank_fen)

    def _tell(
        self, at: str, who: str, till: Till, item: str, amount_fen: int, mark: str, says: str, milliseconds: float
    ) -> None:
        self.told += 1
        line = Text.assemble(
            at,
            " ",
            _fit(who, WHO_CELLS),
            " ",
            _fit(till.shop.short_zh, WHERE_CELLS),
            " ",
            (_fit(_both(till.item(item)), ITEM_CELLS), "cyan"),
            _right(show_yuan(amount_fen) if amount_fen else "", AMOUNT_CELLS),
            _right(f"{milliseconds:.0f}ms", MILLISECONDS_CELLS),
            " ",
            Text.from_markup(f"{mark} {says}"),
        )
        self._stage.console.print(line, soft_wrap=True)
        if self.told == 1:
            self._stage.console.print(f"        [dim]first tap after {self.first_tap_seconds:.1f} s[/dim]")

    def _explain(self, text: str) -> None:
        self._stage.console.print(Padding(Text(text, style="dim"), (0, 0, 0, 12)))


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


def _both(item: Item) -> str:
    return f"{item.name_zh} {item.name_en}"


def _show_parts(parts: Mapping[str, int]) -> str:
    return " + ".join(f"{SOURCE_WORDS.get(source, '补贴 benefit')} {show_yuan(fen)}" for source, fen in parts.items())


def _show_learned(learned: Mapping[str, str]) -> str:
    """What the terminal was told: values of little weight, and only the kinds of those that matter."""
    told = [learned[kind] if kind in HARMLESS else kind for kind in sorted(learned)]
    return "到场 present" + ("; told " + ", ".join(told) if told else "")


def _fit(text: str, cells: int) -> str:
    """A text of exactly so many cells, with an ellipsis where it was cut."""
    if cell_len(text) > cells:
        text = set_cell_size(text, cells - 1).rstrip() + "…"
    return set_cell_size(text, cells)


def _right(text: str, cells: int) -> str:
    return " " * max(0, cells - cell_len(text)) + text
