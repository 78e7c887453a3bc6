"""Model formulas: R's names for the columns, and what cannot be read is named."""

import numpy as np
import pandas as pd
import pytest

from analysis.model_formula import FormulaError, formula_columns

FRAME = pd.DataFrame({"age": ["a", "b", "c"], "sex": ["F", "M", "F"], "x": [1.0, 2.0, 3.0], "my v": [1, 0, 1]})
LEVELS = {"age": ["a", "b", "c"], "sex": ["F", "M"]}

# R 4.2.2, colnames(model.matrix(formula, frame)), age and sex as factors.
R_NAMES = {
    "~age+sex": "(Intercept) ageb agec sexM",
    "~age*sex": "(Intercept) ageb agec sexM ageb:sexM agec:sexM",
    "~age-1": "agea ageb agec",
    "~0+age+sex+x": "agea ageb agec sexM x",
    "~sex+age:sex": "(Intercept) sexM sexF:ageb sexM:ageb sexF:agec sexM:agec",
    "~age:sex": "(Intercept) agea:sexF ageb:sexF agec:sexF agea:sexM ageb:sexM agec:sexM",
    "~age:sex-1": "agea:sexF ageb:sexF agec:sexF agea:sexM ageb:sexM agec:sexM",
    "~x-1": "x",
    "~ sex + x:sex": "(Intercept) sexM sexF:x sexM:x",
    "~x+0+x:age": "x x:agea x:ageb x:agec",
    "~1": "(Intercept)",
    "~(age+sex)*x": "(Intercept) ageb agec sexM x ageb:x agec:x sexM:x",
    "~-1+age*sex": "agea ageb agec sexM ageb:sexM agec:sexM",
}


@pytest.mark.parametrize("formula", R_NAMES)
def test_columns_are_named_as_in_r(formula: str) -> None:
    assert list(formula_columns(FRAME, formula, LEVELS)) == R_NAMES[formula].split()


def test_a_column_of_an_interaction_is_the_product_of_its_parts() -> None:
    found = formula_columns(FRAME, "~sex*x", LEVELS)
    assert found["sexM:x"].tolist() == [0.0, 2.0, 0.0]
    assert found["(Intercept)"].tolist() == [1.0, 1.0, 1.0]


def test_an_odd_name_stands_in_backticks() -> None:
    assert formula_columns(FRAME, "~`my v`", {})["my v"].tolist() == [1.0, 0.0, 1.0]


def test_levels_that_are_numbers_are_compared_as_numbers() -> None:
    frame = pd.DataFrame({"grade": [1, 2, 2]})
    assert formula_columns(frame, "~grade", {"grade": ["1", "2"]})["grade2"].tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("~town", "no column town"),
        ("~age+", "cannot be read"),
        ("~log(x)", r"cannot be read at 'log\('"),
        ("~(age", "cannot be read"),
        ("~age ? sex", "cannot be read at ' [?] sex'"),
        ("~age sex", "cannot be read at 'sex'"),
        ("~gap", "gap has missing values"),
    ],
)
def test_what_cannot_be_read_is_named(formula: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        formula_columns(FRAME.assign(gap=[1, np.nan, 2]), formula, LEVELS)


def test_values_outside_the_levels_are_named() -> None:
    with pytest.raises(FormulaError, match="age has the value c, which is not among its levels"):
        formula_columns(FRAME, "~age", {"age": ["a", "b"]})
    with pytest.raises(FormulaError, match="sex is not a number, and no levels are given"):
        formula_columns(FRAME, "~sex", {})
