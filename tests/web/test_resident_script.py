"""The one script of the resident's page: nothing got lost when it was put together, and browsers of 2019 can read it.

A parser (the one that node brings) reads what is served and what was written, and knows which year's syntax it is.
"""

import json
import re
import subprocess
from typing import Any

import pytest
from flask.testing import FlaskClient

from survey.web.assets import asset_url, whole_script
from tests import machine
from tests.field import Field

SCRIPT = "resident/page.mjs"
FETCHED_LATER = ("resident/later.mjs", "resident/work.mjs", "resident/aloud.mjs")
# What the browsers of 2019 (Chromium 66 in WeChat, Safari 12) lack, though their parsers would not mind.
TOO_NEW = {"structuredClone", "queueMicrotask", "globalThis", "submitter", "inert", "DecompressionStream", "BigInt"}
TOO_NEW_CALLS = {
    *("at", "flat", "flatMap", "fromEntries", "hasOwn", "matchAll", "replaceAll", "findLast", "toSorted", "any"),
    *("allSettled", "replaceChildren", "requestSubmit", "showModal", "checkVisibility", "toggleAttribute"),
    *("randomUUID", "timeout"),
}
_NODE = """
const acorn = require("internal/deps/acorn/acorn/dist/acorn");
const told = JSON.parse(require("fs").readFileSync(0, "utf8")).map((text) => {
  try {
    const tree = acorn.parse(text.replace(/\\bimport\\(/g, "load("), { ecmaVersion: 2019, sourceType: "module" });
    const [names, calls] = [new Set(), new Set()];
    const plain = JSON.stringify(tree, (key, value) => {
      if (value && value.type === "Identifier") names.add(value.name);
      if (value && value.type === "CallExpression" && value.callee.property) calls.add(value.callee.property.name);
      return ["start", "end", "raw"].includes(key) ? undefined : value;
    });
    return { tree: plain, names: [...names], calls: [...calls] };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(told));
"""


def parsed(*texts: str) -> list[dict[str, Any]]:
    """What a parser of 2019 makes of scripts: {tree, names, calls} or {error}."""
    node = machine.need(machine.NODE)
    told = subprocess.run(
        [node, "--expose-internals", "-e", _NODE], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found


def complaints(script: str) -> list[str]:
    """What a browser of 2019 would not understand."""
    (told,) = parsed(script)
    if "error" in told:
        return [told["error"]]
    lookbehind = ["(?<"] if re.search(r"\(\?<[=!]", script) else []  # Safari learned it in 2023
    return sorted(TOO_NEW & set(told["names"])) + sorted(TOO_NEW_CALLS & set(told["calls"])) + lookbehind


def written() -> str:
    """The modules as they were written, one after the other."""
    return whole_script(SCRIPT, packed=False)


@pytest.mark.parametrize("name", [SCRIPT, "instrument/validation.mjs", *FETCHED_LATER])
def test_browsers_of_2019_understand_it(name: str) -> None:
    assert complaints(whole_script(name)) == []


@pytest.mark.parametrize(
    "too_new",
    [
        *(
            "a?.b",
            "a ?? b",
            "a ||= b",
            "class A { #b }",
            "class A { static {} }",
            "await a",
            "1_000",
            "/(?<=a)b/",
            "1n",
        ),
        *("1n", "a.at(1)", "Object.fromEntries(a)", "a.replaceAll('b', 'c')", "structuredClone(a)", "event.submitter"),
    ],
)
def test_a_script_of_a_later_year_is_found(too_new: str) -> None:
    assert complaints(f"{written()}\n{too_new};") != []


@pytest.mark.parametrize("name", [SCRIPT, "resident/later.mjs"])
def test_putting_it_together_and_packing_it_changed_nothing(name: str) -> None:
    served, read = parsed(whole_script(name), whole_script(name, packed=False))
    assert "error" not in served
    assert served["tree"] == read["tree"]


def test_a_packing_that_changes_something_is_found() -> None:
    served, read = parsed(whole_script(SCRIPT).replace(" ", "", 1).replace('"send"', '"sent"', 1), written())
    assert served.get("tree") != read["tree"]


def test_the_page_asks_for_one_script_and_that_script_for_nothing_at_once(field: Field) -> None:
    client: FlaskClient = field.app.test_client()
    page = client.get(f"/r/{field.point.code}").text
    with field.app.test_request_context():
        address = asset_url(SCRIPT)
    assert re.findall(r'(?:src|href)="(/[^"]+)"', page) == [address]
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["Cache-Control"]
    script = client.get(address).text
    assert not re.search(r"^\s*(import\s|export\s)|//|/\*", script.replace("https://", ""), re.MULTILINE)
    later = set(re.findall(r'import\("(\./[^"]+)"\)', script))
    assert later == {f"./{name.rpartition('/')[2]}" for name in FETCHED_LATER}
    assert all(client.get(address.replace("page.mjs", name[2:])).status_code == 200 for name in later)
