"""`python -m analysis`: the library from the command line."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from analysis import from_file, mode_simulation
from analysis.coverage import KINDS, REPEATS, SEED, SETTINGS, coverage, documents, settings, summary, table
from analysis.planning import adaptive_simulation, planning_commands
from analysis.quality import command as quality
from analysis.small_area import reference, study
from analysis.solve import CaseError, solve_file

_SIMULATIONS: Mapping[str, Callable[..., str]] = {
    "adaptive": adaptive_simulation.answer,
    "modes": mode_simulation.answer,
    "small-area-study": study.answer,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 = done, 1 = some task is not supported, 2 = the case cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m analysis", description="Design-based estimates.")
    commands = parser.add_subparsers(dest="command", required=True)
    solve = commands.add_parser("solve", help="answer a case file and print the answers in its shape")
    solve.add_argument("case", type=Path, help="case.json, beside its data")
    held = commands.add_parser("coverage", help="how often the intervals hold the truth, in cities where it is known")
    held.add_argument("--seed", type=_natural, default=SEED, help="of the random numbers (%(default)s)")
    held.add_argument("--repeats", type=_positive, default=REPEATS, help="samples of each setting (%(default)s)")
    held.add_argument("--cities", action="store_true", help="a summary of all kinds of city, not one kind in full")
    held.add_argument("--json", action="store_true", help="print JSON, not a table")
    estimate = commands.add_parser("estimate", help="estimates from a file of rows, with their intervals")
    from_file.add_arguments(estimate)
    small = commands.add_parser("small-area", help="answer a small-area reference case by every method")
    small.add_argument("folder", type=Path, help="with units.csv, areas.csv and population.csv")
    small.add_argument("--threshold", type=float, required=True, help="the rate that areas are held against")
    small.add_argument("--json", action="store_true", help="print JSON in the shape of expected.json, not a table")
    plan = commands.add_parser("plan", help="sample size, allocation, and what it asks of volunteers")
    planning_commands.add_arguments(plan)
    saves = commands.add_parser("adaptive", help="how many interviews adaptive placing saves, in cities that are known")
    saves.add_argument("--seed", type=_natural, default=adaptive_simulation.SEED, help="(%(default)s)")
    saves.add_argument("--repeats", type=_positive, default=adaptive_simulation.REPEATS, help="cities (%(default)s)")
    saves.add_argument("--json", action="store_true", help="print JSON, not a table")
    modes = commands.add_parser("modes", help="what weights and models make of open answers, in cities that are known")
    modes.add_argument("--seed", type=_natural, default=mode_simulation.SEED, help="(%(default)s)")
    modes.add_argument("--repeats", type=_positive, default=mode_simulation.REPEATS, help="waves (%(default)s)")
    modes.add_argument("--json", action="store_true", help="print JSON, not a table")
    better = commands.add_parser("small-area-study", help="rules for small areas in cities that are known")
    better.add_argument("--seed", type=_natural, default=study.SEED, help="(%(default)s)")
    better.add_argument("--repeats", type=_positive, default=study.REPEATS, help="cities (%(default)s)")
    better.add_argument("--json", action="store_true", help="print JSON, not a table")
    looked_at = commands.add_parser("quality", help="signs of made-up or drilled answers, unit by unit, as evidence")
    quality.add_arguments(looked_at)
    chosen = parser.parse_args(arguments)
    told: dict[str, tuple[Callable[[argparse.Namespace], str], argparse.ArgumentParser]] = {
        "estimate": (from_file.answer, estimate),
        "plan": (planning_commands.answer, plan),
        "quality": (quality.answer, looked_at),
    }
    if chosen.command in told:
        answer, command = told[chosen.command]
        return _printed(lambda: answer(chosen), command)
    if chosen.command in _SIMULATIONS:
        simulated = _SIMULATIONS[chosen.command]
        return _printed(lambda: simulated(chosen.seed, chosen.repeats, as_json=chosen.json), saves)
    if chosen.command == "small-area":
        return _small_area(chosen.folder, chosen.threshold, small, as_json=chosen.json)
    if chosen.command == "coverage":
        return _coverage(chosen.seed, chosen.repeats, cities=chosen.cities, as_json=chosen.json)
    return _solve(chosen.case, solve)


def _printed(answer: Callable[[], str], command: argparse.ArgumentParser) -> int:
    """Print the answer; what the library refuses is said in a line, with exit status 2."""
    try:
        print(answer())
    except ValueError as refused:
        command.exit(2, f"{refused}\n")
    return 0


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("a number of 0 or more is needed")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a number of 1 or more is needed")
    return number


def _solve(case: Path, command: argparse.ArgumentParser) -> int:
    try:
        answer, supported = solve_file(case)
    except (OSError, CaseError) as problem:
        command.exit(2, f"{case} cannot be read: {problem}\n")
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=1)
    print()
    return 0 if supported else 1


def _coverage(seed: int, repeats: int, *, cities: bool, as_json: bool) -> int:
    chosen = [setting for kind in KINDS for setting in settings(kind)] if cities else SETTINGS
    rows = [coverage(setting, repeats, seed) for setting in chosen]
    shown = summary if cities else table
    print(json.dumps(documents(rows), indent=1, allow_nan=False) if as_json else shown(rows))
    return 0


def _small_area(folder: Path, threshold: float, command: argparse.ArgumentParser, *, as_json: bool) -> int:
    try:
        document = reference.answer(reference.read_case(folder, threshold))
    except (OSError, ValueError) as problem:
        command.exit(2, f"{folder} cannot be answered: {problem}\n")
    print(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) if as_json else reference.table(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
