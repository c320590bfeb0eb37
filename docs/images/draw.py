"""Draws tap.svg, the picture of a tap: `python docs/images/draw.py`. It has a light ground of its own."""

from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1120, 470
INK, SOFT, LINE = "#1f2933", "#52606d", "#7b8794"
GROUND, CARD, COUNTER, STEP = "#ffffff", "#eef2f7", "#e3f2ec", "#ffffff"
FONT = "'Helvetica Neue', Arial, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"


def text(x: float, y: float, words: str, *, size: int = 15, fill: str = INK, bold: bool = False) -> str:
    """Words centred on a point."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="middle"{weight}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, *lines: str, fill: str = CARD, size: int = 15) -> str:
    """A box whose first line is the heading, the others softer beneath it."""
    step = size + 6
    top = y + height / 2 - step * (len(lines) - 1) / 2 + size / 3
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="9" fill="{fill}" '
        f'stroke="{LINE}" stroke-width="1.2"/>'
    ]
    for number, line in enumerate(lines):
        first = number == 0
        parts.append(
            text(x + width / 2, top + number * step, line, size=size if first else size - 2,
                 fill=INK if first else SOFT, bold=first)
        )  # fmt: skip
    return "".join(parts)


def arrow(*points: tuple[float, float], dashed: bool = False) -> str:
    """An arrow through some points."""
    path = " ".join(f"{'M' if number == 0 else 'L'}{x} {y}" for number, (x, y) in enumerate(points))
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.6" marker-end="url(#tip)"{dash}/>'


def draw() -> str:
    """The whole picture."""
    steps = ("lock 锁定", "read 读取", "decide 决定", "write 写入")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FONT}" role="img">',
        "<title>A tap 一次用卡</title>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>',
        f'<rect x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="14" fill="{GROUND}" stroke="{LINE}"/>',
        text(125, 40, "who presents 出示", size=13, fill=SOFT),
        box(25, 55, 200, 68, "e-card code 电子社保卡卡码", "signed by the phone"),
        box(25, 138, 200, 68, "plastic card 实体卡", "its chip signs, with a PIN"),
        box(25, 221, 200, 68, "an operator 经办人", "attests for who has neither"),
        arrow((225, 89), (262, 89), (262, 157), (288, 157)),
        arrow((225, 172), (288, 172)),
        arrow((225, 255), (262, 255), (262, 187), (288, 187)),
        text(378, 40, "where 何处", size=13, fill=SOFT),
        box(290, 55, 176, 234, "terminal 终端", "canteen 食堂", "shop 商店 · pharmacy 药店", "library 图书馆",
            "utility desk 缴费厅", "service hall 政务大厅"),
        arrow((466, 135), (508, 135)),
        arrow((508, 235), (466, 235)),
        text(487, 125, "tap", size=12, fill=SOFT),
        text(487, 256, "receipt", size=12, fill=SOFT),
        text(487, 272, "回执", size=12, fill=SOFT),
        text(705, 40, "the counter 受理", size=13, fill=SOFT),
        f'<rect x="510" y="55" width="390" height="234" rx="12" fill="{COUNTER}" stroke="{LINE}" stroke-width="1.2"/>',
        box(530, 75, 350, 56, "verify 验证", "whose card, which form, how strong", fill=STEP),
        arrow((705, 131), (705, 150)),
        f'<rect x="530" y="152" width="350" height="118" rx="9" fill="{STEP}" stroke="{LINE}" stroke-width="1.2"/>',
        text(705, 174, "one batch, one transaction 一批一事务", size=13, fill=SOFT),
        *(box(542 + 84 * number, 187, 76, 34, word, fill=CARD, size=13) for number, word in enumerate(steps)),
        text(705, 244, "admit 通过 · refuse, with its reason 拒绝并说明原因", size=13),
        text(705, 262, "or wait for the resident, or the bank 等待本人或银行", size=13, fill=SOFT),
        text(1010, 40, "what follows 随后", size=13, fill=SOFT),
        box(945, 55, 150, 68, "notice 通知", "to the resident"),
        box(945, 138, 150, 68, "statement 对账单", "to the provider"),
        box(945, 221, 150, 68, "bank 银行", "debit, refund, payout"),
        arrow((900, 89), (943, 89)),
        arrow((900, 172), (943, 172)),
        arrow((900, 255), (943, 255)),
        arrow((620, 289), (620, 343)),
        arrow((790, 289), (790, 343)),
        box(510, 345, 185, 92, "ledger 账本", "purse, benefit, bank:", "each transfer sums to 0"),
        box(715, 345, 185, 92, "record 留痕", "taps written once;", "who looked, and why"),
        box(25, 345, 441, 92, "the resident 持卡人", "reads payee and amount on the phone 核对收款方与金额",
            "reads notices, and who looked 查看通知和查询记录"),
        arrow((300, 345), (300, 317), (560, 317), (560, 291), dashed=True),
        text(400, 311, "yes or no, signed 签名确认", size=12, fill=SOFT),
        box(945, 345, 150, 92, "audit 审计", "recomputes", "everything"),
        arrow((943, 391), (902, 391), dashed=True),
        "</svg>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "tap.svg").write_text(draw(), encoding="utf-8")
