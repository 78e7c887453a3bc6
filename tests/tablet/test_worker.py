"""That the app and its prepared interviews open without a network, always in one release, and a new one when told."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as BrowserError

from tests.tablet.conftest import Device
from tests.tablet.street import A, B, Street

pytestmark = pytest.mark.usefixtures("rough_network")

INTERVIEW = "/tablet/interview/ABC?lang=zh-Hans"
AREAS = "/tablet/areas/1.json"


def ready(device: Device) -> Device:
    """The app is open and its worker answers for it."""
    device.load().run("window.registration = await m.release.register((waiting) => (window.waiting = waiting));")
    device.run("await navigator.serviceWorker.ready")
    until(device.page, "Boolean(navigator.serviceWorker.controller)")
    return device


def until(page: Page, condition: str) -> None:
    """Waits for something in the page; the policy of our pages lets Playwright's own way not run."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(30)
    raise AssertionError(f"never: {condition}")


def prepare(device: Device, *urls: str) -> dict[str, Any]:
    """Have the worker keep what an interview needs."""
    told: dict[str, Any] = device.run("return m.release.prepare(given)", urls or (INTERVIEW, AREAS))
    return told


def deploy(device: Device, street: Street, release: str = B) -> None:
    """The server has a new release, and the tablet looks for it."""
    street.release = release
    device.run("await registration.update()")


def take_over(device: Device) -> None:
    """The new release takes over, and the page has been loaded again."""
    with device.page.expect_event("load"):
        device.start("m.release.takeOver(waiting)")
    until(device.page, "Boolean(navigator.serviceWorker.controller)")


def open_page(page: Page, street: Street, path: str) -> str:
    """What stands on the page, or "offline"."""
    try:
        page.goto(street.url + path)
    except BrowserError:
        return "offline"
    return page.inner_text("p, h1, pre")


def caches(device: Device) -> list[str]:
    """The names of what is kept."""
    names: list[str] = device.page.evaluate("caches.keys()")
    return names


def test_the_app_opens_without_a_network(device: Device, street: Street, context: BrowserContext) -> None:
    ready(device)
    context.set_offline(True)
    for path in ("/tablet/?lang=zh-Hans", "/tablet/?lang=en", "/tablet/", "/tablet/#enrol=ABC"):
        assert open_page(device.page, street, path) == f"/tablet/ {A}", path
    device.load()  # with all its modules
    assert open_page(device.page, street, INTERVIEW) == "offline"


def test_a_prepared_interview_does_too_with_its_lists_of_areas(
    device: Device, street: Street, context: BrowserContext
) -> None:
    assert prepare(ready(device)) == {"ok": True}
    context.set_offline(True)
    assert open_page(device.page, street, INTERVIEW) == f"/tablet/interview/ABC {A}"
    lists = "return Promise.all(given.map(async (code) => (await fetch(`/areas/1/${code}.json`)).json()))"
    assert device.load().run(lists, ["51", "5116"]) == [[["5116", "岳", "Yue"]]] * 2
    assert device.run("return fetch('/areas/1/99.json').catch(() => 'offline')") == "offline"


def test_a_portal_never_takes_the_place_of_what_is_kept(device: Device, street: Street) -> None:
    ready(device)
    street.portal = True
    told = prepare(device)
    assert (told["ok"], told["problem"]) == (False, "not_ours")
    assert open_page(device.page, street, "/tablet/?lang=en") == f"/tablet/ {A}"
    assert open_page(device.page, street, INTERVIEW) == "Welcome to the market hall"
    street.portal = False
    assert open_page(device.page, street, INTERVIEW) == f"/tablet/interview/ABC {A}"  # it was not kept


def test_what_is_sent_passes_the_worker_by(device: Device, street: Street, context: BrowserContext) -> None:
    ready(device).keep(1)
    seen: list[str] = []
    context.on("request", lambda request: seen.append(request.method if request.service_worker else "from the page"))
    assert device.sync()["sent"] == 1
    assert seen
    assert "POST" not in seen
    assert device.page.evaluate("fetch('/tablet/?lang=en', { method: 'POST', body: '{}' }).then(() => 1, () => 1)") == 1


def test_without_a_network_preparing_says_so(device: Device, context: BrowserContext) -> None:
    ready(device)
    context.set_offline(True)
    assert prepare(device) == {"ok": False, "problem": "offline", "url": INTERVIEW}


# --- a new release -----------------------------------------------------------------------------------------------


def text(device: Device, path: str) -> str:
    """What a page says that is asked for without leaving the present one."""
    script = "return fetch(given).then((answer) => answer.text()).then((page) => page.match(/<p>(.*)<[/]p>/)[1])"
    said: str = device.run(script + ".catch(() => 'offline')", path)
    return said


def course(device: Device, street: Street, context: BrowserContext) -> list[object]:
    """A new release comes while an interview is prepared, and is told to take over when the network has gone."""
    prepare(ready(device))
    deploy(device, street)
    until(device.page, "registration.installing === null")
    seen: list[object] = [text(device, path) for path in ("/tablet/?lang=en", INTERVIEW)]
    if device.page.evaluate("registration.waiting === null"):
        return [*seen, "it did not wait"]
    context.set_offline(True)
    take_over(device)
    seen.append(device.page.inner_text("p"))
    device.load(release=B)
    lists = "return fetch('/areas/1/51.json').then((answer) => answer.json()).catch(() => 'offline')"
    return [*seen, text(device, INTERVIEW), device.run(lists), caches(device)]


FAULTLESS = [
    *(f"/tablet/ {A}", f"/tablet/interview/ABC {A}"),
    *(f"/tablet/ {B}", f"/tablet/interview/ABC {B}", [["5116", "岳", "Yue"]], [f"minsheng-tablet-{B}"]),
]


def test_a_new_release_waits_until_it_is_told_and_then_takes_over_with_every_prepared_interview(
    device: Device, street: Street, context: BrowserContext
) -> None:
    assert course(device, street, context) == FAULTLESS


FAULTS = [
    ("it does not wait", "event.waitUntil(install(", "worker.skipWaiting(install("),
    ("it begins without what was prepared", "of await preparedEarlier(worker, name, release)", "of []"),
    ("the old caches stay", "if (cache !== name) await worker.caches.delete(cache)", "void cache"),
    ("they go too early", "const told = await prepare(", "await activate(worker, name); const told = await prepare("),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(device: Device, street: Street, context: BrowserContext, old: str, new: str) -> None:
    street.plant(B, "tablet/worker.mjs", old, new)
    assert course(device, street, context) != FAULTLESS


def test_an_open_page_gets_its_files_from_its_own_release(device: Device, street: Street) -> None:
    ready(device)
    street.plant(B, "tablet/bytes.mjs", "export const utf8", "export const release = 'B';\nexport const utf8")
    deploy(device, street)
    until(device.page, "Boolean(window.waiting)")
    device.load(release=A)  # what the server would give under these addresses is no longer the same
    assert device.run("return m.bytes.release ?? 'A'") == "A"


def test_an_interview_of_a_wave_that_is_gone_does_not_hold_up_the_new_release(device: Device, street: Street) -> None:
    prepare(ready(device))
    street.gone.add("/tablet/interview/ABC")
    deploy(device, street)
    until(device.page, "Boolean(window.waiting)")
    take_over(device)
    assert device.page.inner_text("p") == f"/tablet/ {B}"


def test_a_release_that_changes_while_it_is_fetched_is_not_installed(device: Device, street: Street) -> None:
    ready(device)
    street.release, street.lagging = B, A  # the worker is that of B already, pages and files are still those of A
    device.run("await registration.update().catch(() => {})")
    until(device.page, "registration.installing === null")
    assert device.page.evaluate("registration.waiting") is None
    assert caches(device) == [f"minsheng-tablet-{A}"]
    assert open_page(device.page, street, "/tablet/?lang=en") == f"/tablet/ {A}"


def test_preparing_under_an_old_release_says_that_there_is_a_new_one(device: Device, street: Street) -> None:
    ready(device)
    street.release = B
    assert prepare(device, INTERVIEW) == {"ok": False, "problem": "other_release", "url": INTERVIEW}
