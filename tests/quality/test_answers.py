"""The input contract takes what it says, and names what is wrong with the rest."""

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answers import Answers, AnswersError, Item, Unit, checked_answers, items_of_json
from tests.quality.waves import answers_of, frame_of, scale_items


def test_scales_run_from_the_best_to_the_worst_and_know_their_middle() -> None:
    answers = answers_of(frame_of(["abcde", "aac-."]))
    assert answers.scales[0].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert np.isnan(answers.scales[1, 3:]).all()
    assert answers.middle.tolist() == [[False, False, True, False, False]] * 2
    assert answers.dont_know[1].tolist() == [False, False, False, True, False]
    assert answers.best_share.tolist() == [0.2, 0.5]  # of those asked: don't know is not the best answer
    assert Item("q", ("yes", "no"), scale=True).middle is None


def test_an_interview_is_judged_under_its_volunteer_or_else_its_point() -> None:
    answers = answers_of(frame_of(["a", "a"], volunteer=["V", None], point=["P", "P"]))
    assert answers.unit(Unit.POINT).codes.tolist() == [-1, 0]
    assert answers.unit(Unit.VOLUNTEER).codes.tolist() == [0, -1]


def test_several_answers_are_one_set_in_any_order() -> None:
    item = Item("q", ("a", "b", "c"), multiple=True, dont_know="dk")
    answers = checked_answers(pd.DataFrame({"id": [1, 2, 3, 4], "q": ["a b", "b a", "c", "dk"]}), [item])
    codes = answers.codes[:, 0]
    assert codes[0] == codes[1] != codes[2]
    assert answers.dont_know[:, 0].tolist() == [False, False, False, True]


def test_times_may_be_missing() -> None:
    answers = answers_of(frame_of(["a", "a"], started=["2026-03-02 00:30", None], duration=["90", None]))
    assert answers.minute[0] == 30
    assert answers.seconds[0] == 90
    assert np.isnan(answers.minute[1])
    assert np.isnan(answers.seconds[1])


FRAME = frame_of(["ab", "ba"])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (FRAME.drop(columns="id"), "no column id"),
        (FRAME.assign(id="R"), "missing or repeated"),
        (FRAME.drop(columns="q2"), "no column q2"),
        (FRAME.assign(q1="z"), "q1 holds z"),
        (FRAME.assign(started="noon"), "started holds"),
        (FRAME.assign(duration="long"), "duration holds"),
        (FRAME.assign(duration=-1), "negative"),
    ],
)
def test_what_breaks_the_contract_is_named(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(AnswersError, match=message):
        checked_answers(frame, scale_items(2))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "not a list"),
        ([{"code": "q", "categories": ["a"], "order": 1}], "field order"),
        ([{"code": "q"}], "needs a text"),
        ([{"code": "q", "categories": ["a", "a"]}], "code of its own"),
        ([{"code": "q", "categories": ["a"], "scale": True, "multiple": True}], "one of the two"),
        ([{"code": "q", "categories": ["a"]}, {"code": "q", "categories": ["b"]}], "Item q is there twice"),
        ([{"code": "q", "categories": ["a", None]}], "text or a whole number"),
        ([{"code": "q", "categories": ["a"], "scale": "yes"}], "`scale` is true or false, not 'yes'"),
        ([{"code": "q", "categories": ["a"], "dont_know": ["x"]}], "`dont_know` is the text of its code"),
        ([{"code": "q", "categories": ["a"], "dont_know": {"a": 1}}], "`dont_know` is the text of its code"),
        ([{"code": "q", "categories": ["a"], "refused": 9}], "`refused` is the text of its code"),
    ],
)
def test_items_that_make_no_sense_are_refused(document: object, message: str) -> None:
    with pytest.raises(AnswersError, match=message):
        items_of_json(document)


def test_items_come_from_json() -> None:
    items = items_of_json([{"code": "q1", "categories": ["a", "b"], "scale": True, "dont_know": "dk"}])
    assert items == (Item("q1", ("a", "b"), scale=True, dont_know="dk"),)
    assert isinstance(checked_answers(frame_of(["a", "-"]), items), Answers)
