"""Numbers with units, and formulas over them: what is added has one unit, and what comes out is what was announced."""

import ast
import math
from collections.abc import Mapping
from typing import NamedTuple


class UnitError(ValueError):
    """Quantities of different units were added, or a formula gives another unit than it should."""


class Unit(NamedTuple):
    """Powers of named units, as `B/tap` or `core s/refresh`; without any it is a plain number, written `1`."""

    powers: tuple[tuple[str, int], ...]

    def times(self, other: "Unit", sign: int = 1) -> "Unit":
        """The unit of a product, or with -1 of a quotient."""
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + sign * power
        return Unit(tuple(sorted((name, power) for name, power in powers.items() if power)))

    def __str__(self) -> str:
        above = " ".join(name for name, power in self.powers for _ in range(power))
        below = " ".join(name for name, power in self.powers for _ in range(-power))
        return (above or "1") + (f"/{below}" if below else "")


class Quantity(NamedTuple):
    """A number of a unit."""

    value: float
    unit: Unit


def read_unit(text: str) -> Unit:
    """A unit as it is written: names above, after a slash names below."""
    above, _, below = text.partition("/")
    unit = Unit(())
    for names, sign in ((above, 1), (below, -1)):
        for name in names.split():
            if name != "1":
                unit = unit.times(Unit(((name, 1),)), sign)
    return unit


def evaluate(formula: str, known: Mapping[str, Quantity]) -> Quantity:
    """The value of a formula of names, numbers, `+ - * /`, parentheses and `ceil`.

    Raises UnitError for a sum of different units, KeyError for an unknown name, ValueError for anything else.
    """
    return _value_of(ast.parse(formula, mode="eval").body, known)


def evaluate_as(formula: str, unit: str, known: Mapping[str, Quantity]) -> Quantity:
    """The value of a formula that must have a unit. Raises UnitError when it has another."""
    value = evaluate(formula, known)
    if value.unit != read_unit(unit):
        raise UnitError(f"{formula} is {value.unit}, not {unit}")
    return value


def _value_of(node: ast.expr, known: Mapping[str, Quantity]) -> Quantity:
    match node:
        case ast.Name(id=name):
            return known[name]
        case ast.Constant(value=int() | float() as number):
            return Quantity(float(number), Unit(()))
        case ast.BinOp(left=left, op=op, right=right):
            return _combine(_value_of(left, known), op, _value_of(right, known))
        case ast.Call(func=ast.Name(id="ceil"), args=[inner]):
            value = _value_of(inner, known)
            return Quantity(float(math.ceil(value.value)), value.unit)
        case _:
            raise ValueError(f"no part of a formula: {ast.dump(node)}")


def _combine(left: Quantity, op: ast.operator, right: Quantity) -> Quantity:
    match op:
        case ast.Mult():
            return Quantity(left.value * right.value, left.unit.times(right.unit))
        case ast.Div():
            return Quantity(left.value / right.value, left.unit.times(right.unit, -1))
        case ast.Add() | ast.Sub():
            if left.unit != right.unit:
                raise UnitError(f"{left.unit} and {right.unit} are not added")
            sign = 1 if isinstance(op, ast.Add) else -1
            return Quantity(left.value + sign * right.value, left.unit)
        case _:
            raise ValueError(f"no part of a formula: {op}")
