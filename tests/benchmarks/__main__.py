"""Runs the benchmarks: every module of this folder that has a `main`, or those that are named on the command line."""

import importlib
import pkgutil
import sys

import tests.benchmarks


def main(wanted: list[str]) -> int:
    """Runs the named benchmarks, or all; an unknown name runs none."""
    known = sorted(
        module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__) if module.name != "__main__"
    )
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(known) or 'none yet'}.")
        return 2
    for name in wanted or known:
        print(f"# {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
