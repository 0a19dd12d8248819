"""The size rules that no linter has: lines a file and a function, parameters a function."""

import ast
import subprocess
import sys
from pathlib import Path

FILE, FUNCTION, USUAL, SHARE, PARAMETERS = 400, 60, 30, 0.9, 6
GENERATED = ("backend/db/migrations/versions/",)


def main() -> int:
    wrong: list[str] = []
    lengths: list[int] = []
    for name in subprocess.check_output(["git", "ls-files", "*.py"], text=True).splitlines():
        path = Path(name)
        if name.startswith(GENERATED) or not path.exists():
            continue
        source = path.read_text()
        if (lines := source.count("\n")) > FILE:
            wrong.append(f"{name}: {lines} lines, at most {FILE}")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths.append((node.end_lineno or node.lineno) - node.lineno + 1)
                wrong.extend(f"{name}:{node.lineno} {node.name}: {what}" for what in _faults(node, name))
    long = sum(length > USUAL for length in lengths) / max(len(lengths), 1)
    if long > 1 - SHARE:
        wrong.append(f"{long:.0%} of all functions have more than {USUAL} lines, at most {1 - SHARE:.0%}")
    print("\n".join(wrong) or f"{len(lengths)} functions, {long:.1%} over {USUAL} lines")
    return 1 if wrong else 0


def _faults(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> list[str]:
    found = []
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if length > FUNCTION:
        found.append(f"{length} lines, at most {FUNCTION}")
    given = [arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")]
    # A constructor names its collaborators, a page of options or a route its query: keyword-only ones are not counted.
    if len(given) > PARAMETERS and not name.startswith("tests/"):
        found.append(f"{len(given)} positional parameters, at most {PARAMETERS}")
    return found


if __name__ == "__main__":
    sys.exit(main())
