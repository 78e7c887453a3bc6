"""`python -m analysis`: the library from the command line. Prints JSON."""

import argparse
import json
import sys
from pathlib import Path

from analysis.solve import solve_file


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 = done, 1 = some task is not supported, 2 = the case cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m analysis", description="Design-based estimates.")
    commands = parser.add_subparsers(dest="command", required=True)
    solve = commands.add_parser("solve", help="answer a case file and print the answers in its shape")
    solve.add_argument("case", type=Path, help="case.json, beside its data")
    path = parser.parse_args(arguments).case
    try:
        answer, supported = solve_file(path)
    except (OSError, json.JSONDecodeError) as problem:
        solve.error(f"{path} cannot be read: {problem}")
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=1)
    print()
    return 0 if supported else 1


if __name__ == "__main__":
    sys.exit(main())
