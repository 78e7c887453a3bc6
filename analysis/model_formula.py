"""The columns that a model formula stands for, named as R's `model.matrix` names them.

Main effects, `a:b`, `a*b`, parentheses, `-1` and `0+` of factors and numbers. A factor has a 0/1 column for each level
but the first where the term without it is in the model already, else one for each level (Chambers & Hastie 1992,
Statistical Models in S, section 2.4); without an intercept the first factor has all its levels.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.design import Floats

Term = frozenset[str]
INTERCEPT: Term = frozenset()
_TOKEN = re.compile(r"\s*(?:`([^`]*)`|([^\W\d][\w.]*|\.[^\W\d][\w.]*)|([01])|([+\-*:()~]))")


class FormulaError(ValueError):
    """The formula or its variables cannot be read; the message names what."""


def formula_columns(frame: pd.DataFrame, formula: str, levels: Mapping[str, Sequence[object]]) -> dict[str, Floats]:
    """Name and values (rows,) of each column. levels: of the factors, the reference first; others are numbers.

    Raises FormulaError for a variable that is missing, has gaps, or has values outside its levels.
    """
    terms, variables = _Reader(formula).read()
    pieces = {name: _pieces(frame, name, levels.get(name)) for name in variables}
    # Lower orders first, as R sorts them; the order decides which factors show all their levels.
    terms = sorted(terms, key=len)
    columns: dict[str, Floats] = {}
    all_levels_due = INTERCEPT not in terms
    for place, term in enumerate(terms):
        if term == INTERCEPT:
            columns["(Intercept)"] = np.ones(len(frame))
            continue
        parts: list[tuple[str, Floats]] = [("", np.ones(len(frame)))]
        for name in (variable for variable in variables if variable in term):
            rest = term - {name}
            all_of_it = bool(rest) and not any(rest <= earlier for earlier in terms[:place])
            if name in levels and all_levels_due:
                all_of_it, all_levels_due = True, False
            own = pieces[name][1:] if name in levels and not all_of_it else pieces[name]
            parts = [(f"{left}:{right}" if left else right, a * b) for right, b in own for left, a in parts]
        columns |= dict(parts)
    return columns


def _pieces(frame: pd.DataFrame, name: str, levels: Sequence[object] | None) -> list[tuple[str, Floats]]:
    if name not in frame:
        raise FormulaError(f"the data have no column {name}")
    column = frame[name]
    if column.isna().any():
        raise FormulaError(f"{name} has missing values, but every row needs its place in the calibration")
    if levels is None:
        try:
            return [(name, column.to_numpy(np.float64))]
        except ValueError:
            raise FormulaError(f"{name} is not a number, and no levels are given for it") from None
    try:
        known = pd.Series(list(levels)).astype(column.dtype)
    except ValueError:
        raise FormulaError(f"the levels of {name} are not of the kind of its values") from None
    unknown = sorted(map(str, set(column) - set(known)))
    if unknown:
        raise FormulaError(f"{name} has the value {', '.join(unknown[:10])}, which is not among its levels")
    return [
        (f"{name}{level}", np.asarray(column == value, dtype=np.float64))
        for level, value in zip(levels, known, strict=True)
    ]


class _Reader:
    """Recursive descent: sum of products of interactions of variables."""

    def __init__(self, formula: str) -> None:
        self.formula, self.place, self.tokens = formula, 0, list[str]()
        self.variables: list[str] = []
        at = 0
        while at < len(formula.rstrip()):
            found = _TOKEN.match(formula, at)
            if found is None:
                raise self._unread(formula[at:])
            quoted, bare, digit, sign = found.groups()
            name = quoted if quoted is not None else bare
            self.tokens.append(f"name {name}" if name is not None else digit or sign)
            at = found.end()
        if self.tokens[:1] == ["~"]:
            self.place = 1

    def read(self) -> tuple[list[Term], list[str]]:
        """The terms, and the variables in the order in which they occur."""
        terms = self._sum([INTERCEPT])
        if self.place < len(self.tokens):
            raise self._unread(self.tokens[self.place])
        return terms, self.variables

    def _unread(self, what: str) -> FormulaError:
        return FormulaError(f"the formula {self.formula} cannot be read at {what.removeprefix('name ')!r}")

    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _taken(self, *signs: str) -> str:
        sign = self._next()
        if sign in signs:
            self.place += 1
            return sign
        return ""

    def _sum(self, terms: list[Term]) -> list[Term]:
        sign = self._taken("+", "-") or "+"
        while sign:
            zero = self._taken("0")
            part = [INTERCEPT] if zero else self._product()
            added = (sign == "+") != bool(zero)  # `+ 0` is `- 1`, and `- 0` is `+ 1`
            terms = terms + [t for t in part if t not in terms] if added else [t for t in terms if t not in part]
            sign = self._taken("+", "-")
        return terms

    def _product(self) -> list[Term]:
        terms = self._interaction()
        while self._taken("*"):
            right = self._interaction()
            terms = list(dict.fromkeys([*terms, *right, *(a | b for a in terms for b in right)]))
        return terms

    def _interaction(self) -> list[Term]:
        terms = self._atom()
        while self._taken(":"):
            right = self._atom()
            terms = list(dict.fromkeys(a | b for a in terms for b in right))
        return terms

    def _atom(self) -> list[Term]:
        if self._taken("1"):
            return [INTERCEPT]
        if self._taken("("):
            terms = self._sum([])
            if not self._taken(")"):
                raise self._unread(self._next())
            return terms
        token = self._next()
        if not token.startswith("name "):
            raise self._unread(token)
        self.place += 1
        name = token.removeprefix("name ")
        if self._next() == "(":
            raise self._unread(name + "(")
        if name not in self.variables:
            self.variables.append(name)
        return [frozenset({name})]
