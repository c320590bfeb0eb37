"""Decisions are pure, refusals are named, and nothing swallows a fault it does not know."""

import ast

import pytest

from tests.house.house import PACKAGE, REPOSITORY, SIMULATOR, imports, module_of, parse, place, python_files

IMPURE = {
    "aiohttp", "asyncio", "httpx", "logging", "os", "pathlib", "psycopg", "psycopg_pool", "random", "requests",
    "secrets", "shutil", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
IMPURE_CALLS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid1", "uuid4", "uuid.uuid1", "uuid.uuid4",
    "open", "print", "input",
}  # fmt: skip
PURE_FILES = {"rules", "model", "reasons", "formulas"}


def is_pure_by_rule(module: str) -> bool:
    """Whether a module is one of a room's pure files, or in the kernel."""
    parts = module.split(".")
    return parts[1] == "kernel" or (len(parts) > 2 and parts[2] in PURE_FILES)


def faults_of_purity(module: str, tree: ast.Module) -> list[str]:
    """A pure file imports nothing that reads the world, and calls no clock and no chance."""
    room = module.split(".")[1]
    worldly = {f"yikatong.{room}.{file}" for file in ("store", "service", "api", "jobs", "audit")}
    faults = [
        f"{module}:{line} imports {name}"
        for name, line in imports(tree)
        if name.split(".")[0] in IMPURE or ".".join(name.split(".")[:3]) in worldly
    ]
    faults += [
        f"{module}:{node.lineno} calls {name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (name := _name(node.func)) in IMPURE_CALLS
    ]
    faults += [
        f"{module}:{n.lineno} is async" for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef | ast.Await)
    ]
    return faults


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults_of_catching(where: str, tree: ast.Module) -> list[str]:
    """Nothing catches every exception, unless it passes the exception on when it has tidied up."""
    return [
        f"{where}:{node.lineno} catches everything"
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node.type) and not _raises_again(node)
    ]


def _catches_everything(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_catches_everything(part) for part in caught.elts)
    return caught is None or _name(caught) in ("Exception", "BaseException")


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) and node.exc is None for node in handler.body)


BANNED_BEGINNINGS = ("check_", "process_", "handle_", "is_valid_")


def faults_of_verbs(where: str, tree: ast.Module) -> list[str]:
    """Functions are named by the house's verbs, and a verification never answers yes or no."""
    faults = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.lstrip("_").startswith(BANNED_BEGINNINGS):
                faults.append(f"{where}:{node.lineno} {node.name} has a name that says too little")
            if node.name.lstrip("_").startswith("verify_") and node.returns and _name(node.returns) == "bool":
                faults.append(f"{where}:{node.lineno} {node.name} answers yes or no")
    return faults


def faults_of_describing(where: str, tree: ast.Module, *, functions_too: bool) -> list[str]:
    """A module says what it is; so does each public function of rules and service, in a sentence."""
    faults = [] if ast.get_docstring(tree) else [f"{where} does not say what it is"]
    if functions_too:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                paragraph = (ast.get_docstring(node) or "").split("\n\n")[0]
                if not paragraph.endswith((".", ":")):
                    faults.append(f"{where}:{node.lineno} {node.name} does not say what it does")
    return faults


FILES = python_files(PACKAGE)


def test_rules_models_and_the_kernel_read_no_clock_no_chance_and_no_world() -> None:
    assert [] == [
        fault
        for file in FILES
        if "." in (module := module_of(file)) and is_pure_by_rule(module)
        for fault in faults_of_purity(module, parse(file))
    ]


def test_nothing_but_the_edge_of_app_catches_every_exception() -> None:
    assert [] == [
        fault
        for file in python_files(PACKAGE, SIMULATOR, REPOSITORY / "tests")
        if not file.is_relative_to(PACKAGE / "app")
        for fault in faults_of_catching(place(file), parse(file))
    ]


def test_functions_are_named_by_the_verbs_of_the_house() -> None:
    assert [] == [fault for file in FILES for fault in faults_of_verbs(place(file), parse(file))]


def test_every_module_and_every_function_of_rules_and_service_says_what_it_is() -> None:
    assert [] == [
        fault
        for file in python_files(PACKAGE, SIMULATOR)
        if file.read_text(encoding="utf-8").strip()
        for fault in faults_of_describing(
            place(file), parse(file), functions_too=not {"rules", "service"}.isdisjoint(module_of(file).split("."))
        )
    ]


def test_no_test_uses_a_mocking_library() -> None:
    assert [] == [
        place(file)
        for file in python_files(REPOSITORY / "tests", SIMULATOR)
        for name, _ in imports(parse(file))
        if name.split(".")[0] in ("mock", "pytest_mock") or name.startswith("unittest.mock")
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("import time", "yikatong.shop.rules:1 imports time"),
        ("from random import choice", "yikatong.shop.rules:1 imports random.choice"),
        ("import psycopg", "yikatong.shop.rules:1 imports psycopg"),
        ("from yikatong.shop import store", "yikatong.shop.rules:1 imports yikatong.shop.store"),
        ("now = datetime.now(UTC)", "yikatong.shop.rules:1 calls datetime.now"),
        ("made = uuid4()", "yikatong.shop.rules:1 calls uuid4"),
        ("async def ask(): pass", "yikatong.shop.rules:1 is async"),
    ],
)
def test_a_rule_that_reads_the_world_is_caught(text: str, fault: str) -> None:
    assert [] == faults_of_purity("yikatong.shop.rules", ast.parse("import msgspec\nfrom datetime import date"))
    assert [fault] == faults_of_purity("yikatong.shop.rules", ast.parse(text))


@pytest.mark.parametrize(
    "caught", ["except:", "except Exception:", "except BaseException as e:", "except (OSError, Exception):"]
)
def test_catching_everything_is_caught_unless_it_is_passed_on(caught: str) -> None:
    assert ["shop:3 catches everything"] == faults_of_catching("shop", ast.parse(f"try:\n  sell()\n{caught}\n  pass"))
    assert [] == faults_of_catching("shop", ast.parse(f"try:\n  sell()\n{caught}\n  undo()\n  raise"))
    assert [] == faults_of_catching("shop", ast.parse("try:\n  sell()\nexcept OSError:\n  pass"))


def test_a_name_that_says_too_little_or_a_proof_that_answers_yes_or_no_is_caught() -> None:
    assert ["shop:1 check_price has a name that says too little"] == faults_of_verbs(
        "shop", ast.parse("def check_price(): pass")
    )
    assert ["shop:1 verify_seal answers yes or no"] == faults_of_verbs(
        "shop", ast.parse("def verify_seal() -> bool: ...")
    )


def test_a_module_or_function_that_does_not_say_what_it_is_is_caught() -> None:
    told = ast.parse('"""Shop."""\ndef sell():\n  """Sell one thing."""\ndef _own(): pass')

    assert [] == faults_of_describing("shop", told, functions_too=True)
    assert ["shop does not say what it is", "shop:1 sell does not say what it does"] == faults_of_describing(
        "shop", ast.parse("def sell(): pass"), functions_too=True
    )
