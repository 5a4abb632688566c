"""The element for still images, in a headless Chromium, next to <img>."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops

from browser import run
from places import ROOT

if TYPE_CHECKING:
    from selenium import webdriver

SCREENSHOT = ROOT / "docs" / "web.png"


@pytest.mark.parametrize("name", ["photo", "sprite", "pixel-art"])
def test_the_element_shows_the_pixels_that_img_shows_of_a_png(page: webdriver.Chrome, name: str) -> None:
    script = """
        const element = make("kmq-image", { src: `/made/${a[0]}.kmq` });
        const image = make("img", { src: `/made/${a[0]}.png` });
        const outcomes = await Promise.all([shown(element), shown(image)]);
        const { naturalWidth, naturalHeight } = image;
        const expected = pixelsOf(image, naturalWidth, naturalHeight);
        const got = pixelsOf(imageOf(element), naturalWidth, naturalHeight);
        return [outcomes, [element.naturalWidth, element.naturalHeight], [naturalWidth, naturalHeight],
          got.filter((value, i) => Math.abs(value - expected[i]) > (expected[i | 3] < 255 ? 1 : 0)).length];
    """
    outcomes, size, expected_size, different = run(page, script, name)
    assert outcomes == ["load", "load"]
    assert size == expected_size
    assert different == 0


LAYOUTS = [
    ({}, ""),
    ({"width": "120"}, ""),
    ({"height": "90"}, ""),
    ({"width": "120", "height": "31"}, ""),
    ({"width": "50%"}, ""),
    ({"width": "99", "height": "33"}, "height: auto"),
    ({"width": "99", "height": "33"}, "width: 200px"),
    ({}, "width: 77px"),
    ({}, "height: 77px"),
    ({}, "max-width: 100px"),
    ({}, "max-width: 100px; height: auto"),
    ({}, "width: 60px; height: 20px; object-fit: cover"),
    ({}, "display: block"),
    ({}, "display: block; width: 100%"),
    ({}, "display: none"),
    ({"width": "64"}, "padding: 5px; border: 3px solid red; margin: 2px"),
    ({}, "float: right; width: 40px"),
    ({}, "vertical-align: middle; width: 44px"),
    ({"hidden": ""}, ""),
]


@pytest.mark.parametrize(("attributes", "style"), LAYOUTS)
def test_the_element_takes_the_place_that_img_takes(
    page: webdriver.Chrome, attributes: dict[str, str], style: str
) -> None:
    script = """
        const boxes = [];
        for (const [tag, type] of [["img", "png"], ["kmq-image", "kmq"]]) {
          const around = make("div", { style: "width: 300px; border: 1px solid; position: absolute; top: 0; left: 0" });
          document.body.replaceChildren(around);
          const element = make(tag, { ...a[0], style: a[1], alt: "words", src: `/made/sprite.${type}` });
          around.append("text ", element, " text");
          await element.decode();
          const boxOf = (node) => {
            const { x, y, width, height } = node.getBoundingClientRect();
            return [x, y, width, height].map((value) => Math.round(value * 4) / 4);
          };
          boxes.push([boxOf(element), boxOf(around), element.width, element.height]);
        }
        return boxes;
    """
    expected, got = run(page, script, attributes, style)
    assert got == expected


def test_sizes_in_attributes_keep_the_place_of_an_image_that_is_not_there_yet(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { width: "120", height: "40", style: "width: 60px; height: auto" });
        document.body.append(element);
        return [element.complete, element.clientWidth, element.clientHeight];
    """
    assert run(page, script) == [True, 60, 20]


@pytest.mark.parametrize(
    ("file", "kind"),
    [("vectors/bad-checksum.kmq", "corrupt"), ("made/photo.png", "not-kmq"), ("vectors/nowhere.kmq", None), ("", None)],
)
def test_a_broken_image_shows_its_alternative_text(page: webdriver.Chrome, file: str, kind: str | None) -> None:
    script = """
        const element = make("kmq-image", { src: a[0] && `/${a[0]}`, alt: "A red house" });
        const outcome = await shown(element);
        const rejected = await element.decode().then(() => false, (error) => error === element.error);
        return [outcome, element.error.kind ?? null, rejected, element.complete, element.naturalWidth,
          element.shadowRoot.querySelector("[part=alt]").textContent, element.clientWidth > 50,
          hasState(element, "broken"), imageOf(element) === null];
    """
    assert run(page, script, file) == ["error", kind, True, True, 0, "A red house", True, True, True]


def test_an_image_that_is_shown_has_its_alternative_text_for_screen_readers_alone(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { id: "it", src: "/made/sprite.kmq", alt: "A fox" });
        await shown(element);
        return [element.shadowRoot.textContent, element.alt, hasState(element, "loaded")];
    """
    assert run(page, script) == ["", "A fox", True]
    element = page.find_element("id", "it")
    assert (element.aria_role, element.accessible_name) == ("image", "A fox")


def test_a_new_src_ends_a_load_that_is_not_done(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/slow/made/photo.kmq" });
        document.body.append(element);
        let events = 0;
        element.onload = element.onerror = () => events++;
        const first = element.decode().then(() => "decoded", (error) => error.name);
        await new Promise((done) => setTimeout(done, 200));
        const waiting = element.complete;
        element.src = "/made/pixel-art.kmq";
        await element.decode();
        const width = element.naturalWidth;
        await new Promise((done) => setTimeout(done, 1500));
        return [waiting, await first, events, width === element.naturalWidth, element.currentSrc.split("/").pop()];
    """
    assert run(page, script) == [False, "AbortError", 1, True, "pixel-art.kmq"]


def test_without_src_there_is_no_image(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/sprite.kmq" });
        await shown(element);
        element.removeAttribute("src");
        return [element.naturalWidth, element.complete, element.src, element.clientWidth, element.error];
    """
    assert run(page, script) == [0, True, "", 0, None]


def test_a_lazy_image_is_loaded_when_it_comes_near_the_window(page: webdriver.Chrome) -> None:
    script = """
        document.body.append(make("div", { style: "height: 5000px" }));
        const element = make("kmq-image", { src: "/made/sprite.kmq", loading: "lazy" });
        const loaded = shown(element);
        await new Promise((done) => setTimeout(done, 400));
        const before = [element.complete, element.naturalWidth];
        element.scrollIntoView();
        return [before, await loaded, element.naturalWidth > 0];
    """
    assert run(page, script) == [[False, 0], "load", True]


def test_a_lazy_image_that_becomes_eager_is_loaded(page: webdriver.Chrome) -> None:
    script = """
        document.body.append(make("div", { style: "height: 5000px" }));
        const element = make("kmq-image", { src: "/made/sprite.kmq", loading: "lazy" });
        const loaded = shown(element);
        await new Promise((done) => setTimeout(done, 200));
        const before = element.complete;
        element.loading = "eager";
        return [before, await loaded];
    """
    assert run(page, script) == [False, "load"]


def test_properties_set_before_the_element_is_known_count(page: webdriver.Chrome, address: str) -> None:
    script = """
        const { KmqImageElement } = await import("/web/kmq-image.js");
        const element = document.createElement("kmq-late");
        element.src = "/made/sprite.kmq";
        element.width = 50;
        document.body.append(element);
        customElements.define("kmq-late", class extends KmqImageElement {});
        await element.decode();
        return [element.src, element.clientWidth];
    """
    assert run(page, script) == [f"{address}/made/sprite.kmq", 50]


def test_a_page_of_elements_looks_as_its_screenshot_shows(
    browser: webdriver.Chrome, address: str, tmp_path: Path
) -> None:
    """Made anew with KMQ_SCREENSHOT=docs/web.png; compared by means of blocks, as fonts differ."""
    browser.set_window_size(752, 600)
    browser.get(f"{address}/gallery.html")
    script = """
        await customElements.whenDefined("kmq-image");
        const elements = [...document.querySelectorAll("kmq-image")];
        return Promise.all(elements.map((element) => element.decode().then(() => "shown", (error) => error.kind)));
    """
    assert run(browser, script) == ["shown"] * 5 + ["corrupt"]
    browser.save_screenshot(str(tmp_path / "page.png"))
    with Image.open(tmp_path / "page.png") as shot:
        taken = shot.convert("RGB").crop((0, 0, 736, 396))
    if "KMQ_SCREENSHOT" in os.environ:
        taken.save(os.environ["KMQ_SCREENSHOT"], "PNG8", colors=128)
    with Image.open(SCREENSHOT) as committed:
        expected = committed.convert("RGB")
    assert taken.size == expected.size
    if browser.name == "firefox":
        pytest.skip("its letters are of another width")
    difference = ImageChops.difference(taken.reduce(16), expected.reduce(16))
    assert max(high for _, high in difference.getextrema()) < 40
