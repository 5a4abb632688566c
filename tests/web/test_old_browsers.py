"""The element where parts of the browser are missing or older, in a headless Chromium whose parts are taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from browser import devtools, run, visit

if TYPE_CHECKING:
    from selenium import webdriver

NO_STATES = "delete ElementInternals.prototype.states;"
OLD_STATES = """
    const { add } = CustomStateSet.prototype;
    CustomStateSet.prototype.add = function (name) {
      if (!name.startsWith("--")) throw new DOMException("must begin with --", "SyntaxError");
      return add.call(this, name);
    };
"""
NO_ROLE = "delete ElementInternals.prototype.role; delete ElementInternals.prototype.ariaLabel;"
NO_WORKERS = "delete globalThis.Worker;"


@pytest.fixture
def older(browser: webdriver.Chrome, address: str) -> Iterator[Callable[[str], webdriver.Chrome]]:
    """A function that opens the page of the tests after a script has run."""
    added = []

    def open_page(script: str) -> webdriver.Chrome:
        answer = devtools(browser, "Page.addScriptToEvaluateOnNewDocument", {"source": script})
        added.append(answer["identifier"])
        visit(browser, f"{address}/page.html")
        return browser

    yield open_page
    for identifier in added:
        devtools(browser, "Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})


SHOW = """
    const still = make("kmq-image", { src: "/made/sprite.kmq", alt: "A fox", id: "it" });
    const moving = make("kmq-image", { src: "/made/endless.kmq" });
    const broken = make("kmq-image", { src: "/vectors/bad-checksum.kmq" });
    const outcomes = await Promise.all([still, moving, broken].map(shown));
    const states = ["loaded", "broken"].map((name) => [still, broken].map((element) => hasState(element, name)));
    return [outcomes, moving.paused, states];
"""


@pytest.mark.parametrize("missing", ["", NO_STATES, OLD_STATES, NO_ROLE, NO_WORKERS])
def test_images_are_shown_and_animations_play_without(older: Callable[[str], webdriver.Chrome], missing: str) -> None:
    outcomes, paused, states = run(older(missing), SHOW)
    assert (outcomes, paused) == (["load", "load", "error"], False)
    assert states == ([[False, False]] * 2 if missing == NO_STATES else [[True, False], [False, True]])


def test_a_state_ends_where_names_of_states_have_dashes(older: Callable[[str], webdriver.Chrome]) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/sprite.kmq" });
        await shown(element);
        const before = hasState(element, "loaded");
        element.removeAttribute("src");
        return [before, hasState(element, "loaded")];
    """
    assert run(older(OLD_STATES), script) == [True, False]


@pytest.mark.parametrize("missing", ["", NO_ROLE])
def test_screen_readers_get_the_alternative_text_without(
    older: Callable[[str], webdriver.Chrome], missing: str
) -> None:
    page = older(missing)
    run(page, SHOW)
    element = page.find_element("id", "it")
    assert (element.aria_role, element.accessible_name) == ("image", "A fox")
