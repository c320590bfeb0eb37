"""What `yikatong explain` and `yikatong replay` do and say: why a claim got what it got, and whether it still would."""

import sys
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import typer
from rich.markup import escape

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.access import service as access
from yikatong.access.model import Record, RecordKind
from yikatong.app.commands.command_line import ask_database, errors, out
from yikatong.app.commands.deciding import say_refused
from yikatong.app.commands.decision_words import (
    print_decision,
    print_names,
    print_reasons,
    show_act,
    show_name,
    table_of_steps,
)
from yikatong.app.keys import open_keys
from yikatong.cards.model import Vault
from yikatong.kernel.ids import read_id, show_id
from yikatong.kernel.instants import show_moment
from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places.model import enclosing_codes
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Connection
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Decision, Formula, SingleChange, Step
from yikatong.sealing import service as sealing
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import DecisionRow, Reason
from yikatong.trade_in.service.explaining import Opened, open_decisions
from yikatong.trust import service as trust

PERMISSION = "trade_in.commerce"
TOLD_OF_A_DIFFERENCE = ("amount_fen", "amount_if_met_fen", "reason", "failed", "formula_digest", "sheet_digest")
"""Fields whose values hold nothing of a person; of others a difference tells its name alone, steps apart."""


class Look(NamedTuple):
    """Who looks at what a person stated, and what for."""

    token: str
    purpose: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about a claim with its rule; `decision` and what would have changed it only for who may see them."""

    act: str
    decided_at: datetime
    reason: str | None
    failed: tuple[str, ...]
    amount_fen: int
    assumed: tuple[str, ...]
    steps: tuple[Step, ...]
    formula: str
    formula_digest: str
    sheet: str
    sheet_digest: str
    inputs_digest: str
    decision: Decision | None = None
    single_changes: tuple[SingleChange, ...] = ()


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about a claim, recomputed: where it differs, nowhere if it is equal."""

    act: str
    decided_at: datetime
    formula: str
    sheet: str
    known_on: str
    differences: tuple[dict[str, str], ...]


def explain_claim(claim: str, look: Look | None, settings: Settings, *, json: bool) -> None:
    """Say how every decision about a claim came about; with a look also what was stated, which leaves a record."""
    claim_id = _read_claim(claim)
    shelf = programmes.read_shelf()

    async def read(conn: Connection) -> list[Explained]:
        if look is not None:
            return [_opened(shelf, one) for one in await _look_at(conn, claim_id, look, settings)]
        rows = await trade_in.list_decisions(conn, claim_id=claim_id, bucket_count=settings.bucket_count)
        if not rows:
            raise Refused(Reason.CLAIM_IS_UNKNOWN)
        return [_closed(row) for row in rows]

    try:
        explained = ask_database(settings, read)
    except Refused as refused:
        say_refused(refused, json=json)
    if json:
        sys.stdout.write(msgspec.json.encode({"claim": claim, "decisions": explained}).decode() + "\n")
        return
    for one in explained:
        print_explained(one)


def _read_claim(text: str) -> UUID:
    try:
        return read_id("claim", text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]} is no id of a claim 不是申领编号") from None


def open_keys_of(settings: Settings) -> Vault:
    """This installation's vault; what is left for the sealed log is marked by the same keys."""
    clock = SystemClock()
    ids = SystemIds(clock)
    keys = open_keys(settings, clock=clock, ids=ids)
    sealing.mark_leaves_by(keys)
    return trust.KeyHolderVault(keys, ids)


async def _look_at(conn: Connection, claim_id: UUID, look: Look, settings: Settings) -> tuple[Opened, ...]:
    """What was stated, for an operator of commerce whose region and divisions the claim lies in; leaves a record.

    Refuses what `authenticate` refuses, then CALLER_IS_NOT_ADMITTED, PERMISSION_IS_MISSING, PURPOSE_IS_MISSING,
    CLAIM_IS_UNKNOWN (also of another region), DIVISION_IS_OUT_OF_SCOPE, PERSON_IS_ERASED.
    """
    clock = SystemClock()
    now, ids = clock.now(), SystemIds(clock)
    caller = await access.authenticate(conn, token=look.token, now=now)
    access.verify_kind(caller, admitted=(CallerKind.OPERATOR,))
    access.verify_permission(caller, PERMISSION)
    purpose = access.verify_purpose(look.purpose or None)
    vault = open_keys_of(settings)
    opened = await open_decisions(conn, claim_id=claim_id, vault=vault, bucket_count=settings.bucket_count)
    _verify_place(caller, opened[0].row.place)
    record = Record(
        record_id=ids.new(),
        recorded_at=now,
        kind=RecordKind.LOOK,
        what="trade_in.explain",
        by_kind=caller.kind.value,
        by_id=caller.id,
        region=caller.region,
        resident_ids=(opened[0].row.resident_id,),
        subjects=(show_id("claim", claim_id),),
        request_id=ids.new().hex,
        request_digest=None,
        outcome=Change.DONE.value,
        purpose=purpose,
        approval_id=None,
    )
    await access.write_record(conn, record=record, bucket_count=settings.bucket_count)
    return opened


def _verify_place(caller: Caller, place: str) -> None:
    if caller.region not in enclosing_codes(place):
        raise Refused(Reason.CLAIM_IS_UNKNOWN)
    access.verify_division(caller, division=place)


def _closed(row: DecisionRow) -> Explained:
    return Explained(
        act=row.act,
        decided_at=row.decided_at,
        reason=row.reason,
        failed=row.failed,
        amount_fen=row.amount_fen,
        assumed=row.assumed,
        steps=msgspec.json.decode(row.steps, type=tuple[Step, ...]),
        formula=row.formula,
        formula_digest=row.formula_digest.hex(),
        sheet=row.sheet,
        sheet_digest=row.sheet_digest.hex(),
        inputs_digest=row.inputs_digest.hex(),
    )


def _opened(shelf: programmes.Shelf, one: Opened) -> Explained:
    changes = programmes.find_single_changes(shelf, one.decision)
    return msgspec.structs.replace(_closed(one.row), decision=one.decision, single_changes=changes)


def print_explained(one: Explained) -> None:
    """One decision as a person reads it."""
    formula = _formula_of(one.formula)
    out.print(f"\n[bold]{show_act(one.act)}[/bold] {show_moment(one.decided_at)}", soft_wrap=True)
    print_names(
        "当时未知，按最有利计 not known then, taken at its best: ",
        [show_name(formula.find_fact(name), name) for name in one.assumed],
    )
    if one.decision is not None:
        _print_inputs(one.decision, formula)
        print_decision(formula, one.decision, one.single_changes)
    else:
        _print_steps(one)
    for name, digest in (("公式 formula", one.formula_digest), ("规则表 sheet", one.sheet_digest)):
        out.print(f"{name} SHA-256 {digest}", soft_wrap=True)
    out.print(f"输入 inputs SHA-256 {one.inputs_digest}", soft_wrap=True)


def _print_steps(one: Explained) -> None:
    show_table(out, Both("计算步骤", "steps"), table_of_steps(one.steps))
    out.print()
    if one.reason is None:
        out.print(f"[bold green]补贴 subsidy ¥{show_yuan(one.amount_fen)}[/bold green]")
    else:
        out.print(f"[bold red]不予补贴 no subsidy: {', '.join(one.failed)}[/bold red]", soft_wrap=True)
        print_reasons(_formula_of(one.formula), one.failed)
    out.print(f"规则表 sheet {one.sheet}, 公式 formula {one.formula}", soft_wrap=True)


def _formula_of(name: str) -> Formula:
    """The newest version of a decision's formula: every version keeps the names of facts and reasons."""
    return programmes.read_shelf().newest_formula(name.partition("/")[0])


def _print_inputs(decision: Decision, formula: Formula) -> None:
    table = a_table(Column("事实", "fact"), Column("内容", "stated"))
    for name, text in decision.inputs.items():
        table.add_row(show_name(formula.find_fact(name), name), escape(text))
    show_table(out, Both(f"输入 {decision.on}", f"inputs, known on {decision.known_on}"), table)


def replay_claim(claim: str, settings: Settings, *, json: bool) -> None:
    """Recompute every decision about a claim under the rule and the knowledge of its day; ends with 1 if one differs.

    What was sealed is opened in memory alone; nothing of a person is shown.
    """
    claim_id = _read_claim(claim)
    shelf = programmes.read_shelf()
    vault = open_keys_of(settings)

    async def read(conn: Connection) -> list[Replayed]:
        opened = await open_decisions(conn, claim_id=claim_id, vault=vault, bucket_count=settings.bucket_count)
        return [_replayed(shelf, one) for one in opened]

    try:
        replayed = ask_database(settings, read)
    except Refused as refused:
        say_refused(refused, json=json)
    if json:
        sys.stdout.write(msgspec.json.encode({"claim": claim, "decisions": replayed}).decode() + "\n")
    else:
        _print_replayed(replayed)
    if any(one.differences for one in replayed):
        raise typer.Exit(1)


def _replayed(shelf: programmes.Shelf, one: Opened) -> Replayed:
    differences = [_told(found) for found in programmes.find_differences(shelf, one.decision)]
    differences += [
        {"field": f"row.{name}", "kept": str(in_row), "replayed": str(sealed)}
        for name, in_row, sealed in one.row_differences()
    ]
    return Replayed(
        act=one.row.act,
        decided_at=one.row.decided_at,
        formula=one.row.formula,
        sheet=one.row.sheet,
        known_on=one.row.known_on.isoformat(),
        differences=tuple(differences),
    )


def _told(found: programmes.Difference) -> dict[str, str]:
    is_told = found.field in TOLD_OF_A_DIFFERENCE or found.field.startswith("steps")
    return {"field": found.field} | ({"kept": found.kept, "replayed": found.replayed} if is_told else {})


def _print_replayed(replayed: list[Replayed]) -> None:
    for one in replayed:
        rule = f"{one.sheet}, {one.formula}, 所知日 known on {one.known_on}"
        step = f"{show_act(one.act)} {show_moment(one.decided_at)}"
        if not one.differences:
            out.print(f"[green]一致 equal[/green] {step}: {rule}", soft_wrap=True)
            continue
        errors.print(f"[red]不一致 differs[/red] {step}: {rule}", soft_wrap=True)
        for found in one.differences:
            said = f": {found['kept']} → {found['replayed']}" if "kept" in found else ""
            errors.print(f"  {escape(found['field'] + said)}", soft_wrap=True)


def read_token(file: Path) -> str:
    """A session's token from a file. Raises typer.BadParameter."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--token-file: {error}") from None
