"""Where the rooms are, and what their Python says."""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "src" / "yikatong"
SIMULATOR = REPOSITORY / "simulator"


def rooms() -> list[Path]:
    """The folders of all rooms, by name; a folder without a room card is not furnished yet."""
    return sorted(card.parent for card in PACKAGE.glob("*/__init__.py"))


def python_files(*folders: Path) -> list[Path]:
    """All Python files under some folders."""
    return sorted(file for folder in folders for file in folder.rglob("*.py") if "__pycache__" not in file.parts)


def parse(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def place(file: Path) -> str:
    """A file as people name it: its path in the repository."""
    return str(file.relative_to(REPOSITORY))


def module_of(file: Path) -> str:
    """The module that a file under `src` or `simulator` is."""
    root = REPOSITORY / "src" if file.is_relative_to(REPOSITORY / "src") else REPOSITORY
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module a file imports, with its line; `from a import b` counts as a.b, which b may be or not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            for alias in node.names:
                yield f"{source}.{alias.name}", node.lineno


def docstrings(tree: ast.AST) -> set[int]:
    """The identities of the string nodes that are docstrings, so that other strings can be told from them."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found
