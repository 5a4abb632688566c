"""What elements load, share and cancel, and what is shown instead, in a headless Chromium."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from browser import devtools, run, visit

if TYPE_CHECKING:
    from selenium import webdriver

# Counts fetches and what workers do from here on; the workers of the page that are not busy stay.
COUNTED = """
    const counts = { fetched: 0, aborted: 0, posted: 0, ended: 0, revoked: 0 };
    const [{ fetch }, { postMessage, terminate }, { revokeObjectURL }] = [window, Worker.prototype, URL];
    window.fetch = (url, options) => {
      counts.fetched++;
      options?.signal?.addEventListener("abort", () => counts.aborted++);
      return fetch(url, options);
    };
    Worker.prototype.postMessage = function (...all) { counts.posted++; postMessage.apply(this, all); };
    Worker.prototype.terminate = function () { counts.ended++; terminate.call(this); };
    URL.revokeObjectURL = (url) => { counts.revoked++; revokeObjectURL(url); };
    const wait = (time) => new Promise((done) => setTimeout(done, time));
"""


def test_forty_copies_of_an_image_are_fetched_and_decoded_once(page: webdriver.Chrome) -> None:
    script = """
        const copies = Array.from({ length: 40 }, () => make("kmq-image", { src: "/made/sprite.kmq" }));
        await Promise.all(copies.map(shown));
        const later = make("kmq-image", { src: "/made/sprite.kmq" });
        await shown(later);
        const addresses = new Set([...copies, later].map((element) => imageOf(element).src));
        return [counts.fetched, counts.posted, addresses.size, later.naturalWidth];
    """
    assert run(page, COUNTED + script) == [1, 1, 1, 320]


def test_copies_of_an_animation_are_decoded_once_and_play_on_their_own(page: webdriver.Chrome) -> None:
    script = """
        const copies = [0, 1].map(() => make("kmq-image", { src: "/made/endless.kmq" }));
        await Promise.all(copies.map(shown));
        copies[0].pause();
        return [counts.fetched, counts.posted, copies.map((element) => element.paused)];
    """
    assert run(page, COUNTED + script) == [1, 1, [True, False]]


def test_a_broken_image_is_tried_again_when_another_element_asks(page: webdriver.Chrome) -> None:
    script = """
        const outcomes = [];
        for (let i = 0; i < 2; i++) outcomes.push(await shown(make("kmq-image", { src: "/vectors/bad-checksum.kmq" })));
        return [outcomes, counts.fetched];
    """
    assert run(page, COUNTED + script) == [["error", "error"], 2]


def test_elements_that_are_removed_stop_fetching_and_decoding(page: webdriver.Chrome) -> None:
    script = """
        const most = Math.min(4, navigator.hardwareConcurrency);
        const gone = Array.from({ length: most + 3 }, (_, i) => make("kmq-image", { src: `/made/large.kmq?${i}` }));
        const box = make("div", {});
        document.body.append(box);
        box.append(...gone);
        const reasons = gone.map((element) => element.decode().catch((error) => error.name));
        while (counts.posted < most) await wait(10);
        await wait(300);
        box.remove();
        const sprite = make("kmq-image", { src: "/made/sprite.kmq" });
        const outcome = await shown(sprite);
        return [outcome, counts.posted - most, counts.ended - most, [...new Set(await Promise.all(reasons))],
          gone.some((element) => element.complete)];
    """
    assert run(page, COUNTED + script) == ["load", 1, 0, ["AbortError"], False]


def test_an_element_that_is_removed_while_it_fetches_ends_the_request_and_begins_anew_when_it_returns(
    page: webdriver.Chrome,
) -> None:
    script = """
        const element = make("kmq-image", { src: "/slow/made/sprite.kmq" });
        document.body.append(element);
        await wait(100);
        element.remove();
        await wait(100);
        const removed = [counts.fetched, counts.aborted, element.complete];
        const outcome = await shown(element);
        return [removed, outcome, counts.fetched, element.complete];
    """
    assert run(page, COUNTED + script) == [[1, 1, False], "load", 2, True]


def test_an_element_that_is_moved_goes_on_loading(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/slow/made/sprite.kmq" });
        const loaded = shown(element);
        await wait(100);
        document.body.prepend(element);
        return [await loaded, counts.fetched, counts.aborted];
    """
    assert run(page, COUNTED + script) == ["load", 1, 0]


def test_what_one_element_gives_up_another_still_gets(page: webdriver.Chrome) -> None:
    script = """
        const [stays, goes] = [0, 1].map(() => make("kmq-image", { src: "/slow/made/sprite.kmq" }));
        const loaded = shown(stays);
        shown(goes);
        await wait(100);
        goes.remove();
        return [await loaded, counts.fetched, counts.aborted, goes.complete];
    """
    assert run(page, COUNTED + script) == ["load", 1, 0, False]


def test_a_new_src_ends_the_decoding_of_the_old_one(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/large.kmq" });
        document.body.append(element);
        while (counts.posted < 1) await wait(10);
        element.src = "/made/sprite.kmq";
        await element.decode();
        return [counts.posted, counts.ended, element.naturalWidth];
    """
    assert run(page, COUNTED + script) == [2, 1, 320]


def test_an_element_that_was_never_in_the_document_loads_like_an_img(page: webdriver.Chrome) -> None:
    script = """
        const element = document.createElement("kmq-image");
        element.src = "/made/sprite.kmq";
        await element.decode();
        return [element.naturalWidth, element.complete];
    """
    assert run(page, script) == [320, True]


def test_pictures_that_no_element_has_any_more_are_given_back(page: webdriver.Chrome) -> None:
    script = """
        globalThis.counts = counts;
        await shown(make("kmq-image", { src: "/made/sprite.kmq" }));
        document.querySelector("kmq-image").remove();
    """
    run(page, COUNTED + script)
    for _ in range(40):
        devtools(page, "HeapProfiler.collectGarbage", {})
        if run(page, "await new Promise((done) => setTimeout(done, 50)); return counts.revoked"):
            break
    script = """
        await shown(make("kmq-image", { src: "/made/sprite.kmq" }));
        return [counts.revoked, counts.fetched];
    """
    assert run(page, script) == [1, 2]


def test_the_image_that_is_saved_or_dragged_is_a_png_of_the_same_palette_and_indices(
    page: webdriver.Chrome, made: Path
) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/sprite.kmq" });
        await shown(element);
        const image = imageOf(element);
        return [image.tagName, image.draggable, hex(await bytesOf(image.src))];
    """
    tag, draggable, content = run(page, script)
    assert (tag, draggable) == ("IMG", True)
    with Image.open(BytesIO(bytes.fromhex(content))) as png, Image.open(made / "sprite.kmq") as stored:
        assert (png.format, png.mode) == ("PNG", "P")
        assert np.array_equal(np.asarray(png), np.asarray(stored))
        assert np.array_equal(np.asarray(png.convert("RGBA")), np.asarray(stored.convert("RGBA")))


FALLBACK = '<kmq-image src="{src}" alt="A fox" width="80"><img slot="fallback" src="{png}" loading="lazy"></kmq-image>'


@pytest.mark.parametrize(("src", "requests"), [("/made/sprite.kmq", 0), ("/vectors/bad-checksum.kmq", 1)])
def test_a_child_img_is_fetched_and_shown_when_decoding_fails(page: webdriver.Chrome, src: str, requests: int) -> None:
    script = """
        const box = make("div", {});
        document.body.append(box);
        box.innerHTML = a[0];
        const [element, child] = [box.firstChild, box.querySelector("img")];
        await element.decode().catch(() => {});
        await new Promise((done) => setTimeout(done, 300));
        const fetched = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("?fallback"));
        const { width, height } = child.getBoundingClientRect();
        return [fetched.length, element.offsetWidth, width, height];
    """
    got = run(page, script, FALLBACK.format(src=src, png="/made/sprite.png?fallback"))
    assert got == [requests, 80, 80 * requests, 80 * requests]


def test_without_scripts_the_child_img_is_shown(browser: webdriver.Chrome, address: str) -> None:
    devtools(browser, "Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{address}/fallback.html")
        for _ in range(50):
            with Image.open(BytesIO(browser.get_screenshot_as_png())) as shot:
                color = shot.convert("RGB").getpixel((88, 60))
            if color != (255, 255, 255):
                break
    finally:
        devtools(browser, "Emulation.setScriptExecutionDisabled", {"value": False})
    assert color != (255, 255, 255)


def test_with_scripts_the_child_img_is_not_even_fetched(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/fallback.html")
    script = """
        await customElements.whenDefined("kmq-image");
        await document.querySelector("kmq-image").decode();
        await new Promise((done) => setTimeout(done, 300));
        return performance.getEntriesByType("resource").map(({ name }) => name.split("/").pop());
    """
    names = run(browser, script)
    assert "sprite.kmq" in names
    assert "sprite.png?instead" not in names


def test_images_are_shown_under_the_strict_policy_of_the_documentation(browser: webdriver.Chrome, address: str) -> None:
    visit(browser, f"{address}/strict/page.html")
    script = """
        const violations = [];
        document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
        const elements = ["sprite", "endless"].map((name) => make("kmq-image", { src: `/made/${name}.kmq` }));
        const outcomes = await Promise.all(elements.map(shown));
        return [outcomes, counts.posted, elements.map((element) => element.clientWidth), violations];
    """
    assert run(browser, COUNTED + script) == [["load", "load"], 2, [320, 30], []]
