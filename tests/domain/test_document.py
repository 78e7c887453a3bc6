"""Which YAML is read, what it becomes, and how a refusal names file and line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.document import Document, Reading, nearest, shown, spell
from survey.domain.problems import Invalid
from survey.yaml_source import LARGEST, read_yaml

BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True))

REFUSED = [
    ("nothing at all", "", "yaml_empty", 1),
    ("only a comment", "# nothing\n", "yaml_empty", 1),
    ("an object tag", "a: 1\nb: !!python/object/apply:os.system [ls]\n", "yaml_tag", 2),
    ("a harmless tag", "a: !!str 1\n", "yaml_tag", 1),
    ("an anchor", "a: &x 1\n", "yaml_alias", 1),
    ("an alias", "a: 1\nb: *x\n", "yaml_alias", 2),
    ("an alias bomb", BOMB, "yaml_alias", 1),
    ("a repeated key", "a: 1\nb: 2\na: 3\n", "yaml_duplicate_key", 3),
    ("a repeated key in braces", "{a: 1, a: 2}", "yaml_duplicate_key", 1),
    ("two documents", "a: 1\n---\nb: 2\n", "yaml_several_documents", 2),
    ("yes as a value", "a: 1\ncode: yes\n", "yaml_disputed_word", 2),
    ("off as a value", "code: Off\n", "yaml_disputed_word", 1),
    ("no as a key", "texts:\n  no: Nei\n", "yaml_disputed_word", 2),
    ("an octal number", "a: 010\n", "yaml_disputed_word", 1),
    ("a number with underscores", "a: 1_000\n", "yaml_disputed_word", 1),
    ("a hexadecimal number", "a: 0x1F\n", "yaml_disputed_word", 1),
    ("a time that YAML 1.1 reads as 570", "a: 9:30\n", "yaml_disputed_word", 1),
    ("not a number", "a: .nan\n", "yaml_disputed_word", 1),
    ("more than any number", "a: 1e999\n", "yaml_disputed_word", 1),
    ("a number as a key", "1: a\n", "yaml_key_not_text", 1),
    ("true as a key", "true: a\n", "yaml_key_not_text", 1),
    ("nothing as a key", "~: a\n", "yaml_key_not_text", 1),
    ("a list as a key", "? [a, b]\n: c\n", "yaml_key_not_text", 1),
    ("a tab for indentation", "a:\n\tb: 1\n", "yaml_syntax", 2),
    ("an unclosed bracket", "a: [1, 2\n", "yaml_syntax", 2),
    ("a colon without quotes", "a: b: c\n", "yaml_syntax", 1),
    ("sixty thousand brackets", "[" * 60_000, "yaml_too_deep", 1),
    ("NUL written out", "a: b\nc: \x00\n", "unreadable_text", 2),
    ("NUL escaped", 'a: b\nc: "\\0"\n', "unreadable_text", 2),
    ("half a surrogate pair", "a: \ud800\n", "unreadable_text", 1),
]


@pytest.mark.parametrize(("text", "code", "line"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_readers_disagree_on_or_nobody_needs_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(Invalid) as refusal:
        read_yaml(text, "form.yaml")
    first = refusal.value.problems[0]
    assert (first.code, first.line, first.file) == (code, line, "form.yaml")
    assert str(first).startswith(f"form.yaml:{line}: ")


def test_a_text_over_the_limit_is_refused_and_one_at_the_limit_is_read() -> None:
    with pytest.raises(Invalid) as refusal:
        read_yaml("#" * (LARGEST + 1), "form.yaml")
    assert refusal.value.problems[0].code == "yaml_too_large"
    assert read_yaml("a: 1 " + "#" * (LARGEST - 5), "form.yaml").tree == {"a": 1}


def test_bytes_that_are_not_utf8_are_refused_with_the_line() -> None:
    with pytest.raises(Invalid) as refusal:
        read_yaml("a: 1\nb: 民声\n".encode("gb18030"), "form.yaml")
    assert (refusal.value.problems[0].code, refusal.value.problems[0].line) == ("yaml_not_utf8", 2)


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert read_yaml("\ufeffa: 民声".encode(), "form.yaml").tree == {"a": "民声"}


def test_everything_wrong_in_a_file_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        read_yaml("a: yes\nb: &x 1\nb: 2\nc: 010\n", "form.yaml")
    assert [(problem.code, problem.line) for problem in refusal.value.problems] == [
        ("yaml_disputed_word", 1),
        ("yaml_alias", 2),
        ("yaml_duplicate_key", 3),
        ("yaml_disputed_word", 4),
    ]


def test_plain_words_are_text_numbers_and_truth_and_dates_stay_text() -> None:
    text = 'a: 12\nb: -0.5\nc: true\nd: ~\ne: "12"\nf: 2027-12-31\ng: 18-34\nh: 55+\ni: "yes"\nj: n'
    text += "\nk: 2027-01-01T08:00:00+08:00"
    assert read_yaml(text, "f").tree == {
        "a": 12,
        "b": -0.5,
        "c": True,
        "d": None,
        "e": "12",
        "f": "2027-12-31",
        "g": "18-34",
        "h": "55+",
        "i": "yes",
        "j": "n",
        "k": "2027-01-01T08:00:00+08:00",
    }


def test_each_part_knows_the_line_it_began_on() -> None:
    document = read_yaml("a: 1\nlist:\n  - x\n  - code: y\n    text:\n      en: z\n", "f")
    assert document.lines[("a",)] == 1
    assert document.lines[("list", 0)] == 3
    assert document.lines[("list", 1, "text")] == 5
    assert document.line(("list", 1, "text", "zh-Hans")) == 5  # absent: the part around it


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.text("aä民\U0001f600 :-#'\"\\\n\t{}[]&*!,y0.", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc民 :#-", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_json_is_yaml_and_is_read_as_json_reads_it(tree: object) -> None:
    assert read_yaml(json.dumps(tree, ensure_ascii=False), "f").tree == tree


@given(st.text(st.sampled_from("ab:-&*!?|>%@`{}[],#'\"\\ \n\t01~.yesno\x00é民\ud800"), max_size=60))
def test_no_text_whatever_raises_anything_but_a_refusal(text: str) -> None:
    try:
        assert isinstance(read_yaml(text, "f"), Document)
    except Invalid as refusal:
        assert all(str(problem) for problem in refusal.problems)  # noqa: PT017 (either outcome is right)


@given(st.binary(max_size=60))
def test_no_bytes_whatever_raise_anything_but_a_refusal(data: bytes) -> None:
    try:
        assert isinstance(read_yaml(data, "f"), Document)
    except Invalid as refusal:
        assert refusal.problems  # noqa: PT017 (either outcome is right)


def test_a_path_is_spelt_as_an_author_counts() -> None:
    assert spell(("sections", 0, "items", 2, "code")) == "sections[1].items[3].code"
    assert spell(()) == "file"


def test_a_wrong_value_is_repeated_short_and_printable() -> None:
    assert shown("a" * 100) == "a" * 60 + "…"
    assert shown("a\x00\n\ud800") == "a��\\ud800"


def test_the_nearest_known_word_is_suggested_only_when_it_is_near() -> None:
    assert nearest("categorys", ["categories", "code"]) == "categories"
    assert nearest("weight", ["categories", "code"]) is None


def test_reading_notes_each_wrong_part_and_goes_on() -> None:
    document = read_yaml("n: '1'\nflag: maybe\nday: 2027-02-30\nshare: 90\nword: 5\nlist: a\nextra: 1\n", "f")
    reading = Reading(document)
    tree = reading.mapping((), document.tree, ("n", "flag", "day", "share", "word", "list", "lost"))
    assert tree is not None
    reading.integer(("n",), tree["n"], 0, 9)
    reading.boolean(("flag",), tree["flag"])
    reading.day(("day",), tree["day"])
    reading.share(("share",), tree["share"])
    reading.text(("word",), tree["word"])
    assert list(reading.entries(("list",), tree["list"])) == []
    assert [(problem.field, problem.code, problem.line) for problem in reading.problems] == [
        ("extra", "document_unknown_key", 7),
        ("lost", "document_missing_key", 1),
        ("n", "document_not_integer", 1),
        ("flag", "document_not_boolean", 2),
        ("day", "document_not_date", 3),
        ("share", "document_not_share", 4),
        ("word", "document_quote_it", 5),
        ("list", "document_not_list", 6),
    ]
