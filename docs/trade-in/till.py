"""A store's till: it asks for the whole price, the resident's phone signs, the subsidy is taken off; or it refunds.

    till.py pay PRICE_FEN NUMBER      NUMBER says which resident of the keys
    till.py refund TAP PRICE_FEN

The keys of a practice province are in the environment (`set -a; . "$KEYS/yunnan.sh"; set +a`), and KEYS says where.
"""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from simulator.calls import Calls
from simulator.http_wallet import Holder, HttpWallet
from yikatong.client.receipts import Admitted, Refused, Tap, Waiting
from yikatong.client.terminal import Terminal, TerminalIdentity
from yikatong.plumbing.clock import SystemClock
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

ITEM = "e-bike-trade-in"
KEYS = os.environ
CLOCK = SystemClock(shift=timedelta(seconds=int(KEYS["SHIFT_SECONDS"])))


def open_till() -> Terminal:
    """The client that a provider runs: its key and its journal are its own, and outlive a crash."""
    folder = Path(KEYS["KEYS"]).parent / "till"
    folder.mkdir(mode=0o700, exist_ok=True)
    journal_key = folder / "journal.key"
    if not journal_key.exists():
        journal_key.write_bytes(os.urandom(32))
    return Terminal.open(
        KEYS["B"],
        token=KEYS["TILL"],
        identity=TerminalIdentity(
            terminal=KEYS["TILL_ID"],
            region=KEYS["REGION"],
            provider=KEYS["STORE_ID"],
            provider_name=KEYS["STORE_NAME"],
        ),
        signing_key=trust.signing_key(Algorithm.ES256, bytes.fromhex(KEYS["TILL_KEY"])),
        journal_file=folder / f"{KEYS['TILL_ID']}.journal",
        journal_key=journal_key.read_bytes(),
        clock=CLOCK,
    )


def open_phone(number: str) -> HttpWallet:
    """The resident's phone, which the simulator plays."""
    phone = HttpWallet(
        platform=Calls(KEYS["B"]),
        outside=Calls(KEYS["OUTSIDE"]),
        holder=Holder(name=KEYS[f"NAME_{number}"], id_number=KEYS[f"ID_NUMBER_{number}"]),
        password=KEYS[f"WALLET_PASSWORD_{number}"],
        clock=CLOCK,
    )
    phone.enrol(card_number=KEYS[f"CARD_{number}"])
    phone.refresh()
    return phone


def pay(till: Terminal, phone: HttpWallet, *, amount_fen: int) -> Tap:
    """The till shows its code, the phone scans and answers it, and confirms what the server shows."""
    shown = till.challenge(ITEM, amount_fen)
    tap = till.tap(item=ITEM, amount_fen=amount_fen, code=phone.scan(shown.text), answers=shown.nonce)
    while isinstance(tap, Waiting):
        for waiting in phone.waiting():
            phone.confirm(waiting)
        time.sleep(0.5)
        tap = till.poll(tap.tap)
    return tap


def main(what: str, first: str, second: str) -> None:
    """Pay or refund, and say what came of it."""
    till = open_till()
    if what == "refund":
        refund = till.refund(first, int(second))
        said = f"refunded {refund.tap}: {refund.amount_fen} fen"
    else:
        said = show(pay(till, open_phone(second), amount_fen=int(first)))
    sys.stdout.write(f"{said}\n")
    till.close()


def show(tap: Tap) -> str:
    """What the till shows of a tap."""
    if isinstance(tap, Admitted):
        parts = ", ".join(f"{part.source} {part.amount_fen}" for part in tap.receipt.paid_by or ())
        return f"admitted {tap.receipt.tap}: {parts} fen"
    return f"{tap.reason}: {tap.says.zh} {tap.says.en}" if isinstance(tap, Refused) else str(tap)


main(*sys.argv[1:])
