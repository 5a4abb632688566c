"""The page of `kmq compare`, opened from disk in a headless Chromium, driven by Selenium."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import browser as browsers
from places import SAMPLES

# Asked for, missing parts are a failure; in other runs, these tests are not for every machine.
if "KMQ_TEST_WEB" not in os.environ:
    pytest.skip("KMQ_TEST_WEB is not set: tox -e web runs the tests in Chromium", allow_module_level=True)

from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from pillow_kmq.compare import table
from pillow_kmq.comparing.page import Compared, html_page
from pillow_kmq.comparing.row import Rows, cells


@pytest.fixture(scope="module")
def images() -> list[Compared]:
    found = []
    for name, against in (("photo.png", ("webp", "pillow")), ("sprite.png", ("webp",))):
        with Image.open(SAMPLES / name) as image:
            part = image.crop((100, 0, 340, 200))
        found.append(Compared(name, table(part, (4, 16, 64), against=against, name=name)))
    return found


@pytest.fixture(scope="module")
def address(images: list[Compared], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html_page(images), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    if os.environ.get("KMQ_BROWSER") == "firefox":
        pytest.skip("needs Chromium's developer tools")
    driver = browsers.start(requests=True)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Iterator[webdriver.Chrome]:
    """The page, as it is when it was opened. No test may leave an error on the console."""
    set_up(browser, 1100, 900)
    browser.get(address)
    shown(browser)
    yield browser
    assert browser.get_log("browser") == []


def set_up(browser: webdriver.Chrome, width: int, height: int, *, dark: bool = False, touch: bool = False) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def shown(page: webdriver.Chrome) -> None:
    """Wait until the chosen picture is shown."""
    script = "const stage = document.querySelector('#stage'); return 'shown' in stage.dataset && !stage.ariaBusy"
    WebDriverWait(page, 30).until(lambda _: page.execute_script(script))


def element(page: webdriver.Chrome, selector: str) -> Any:
    return page.find_element(By.CSS_SELECTOR, selector)


def choose(page: webdriver.Chrome, label: str, colors: str | None = None) -> None:
    Select(element(page, "#label")).select_by_value(label)
    if colors is not None:
        Select(element(page, "#colors")).select_by_value(colors)
    shown(page)


def view(page: webdriver.Chrome, name: str) -> None:
    page.execute_script(f"document.querySelector('[name=view][value={name}]').click()")
    shown(page)


def split(page: webdriver.Chrome) -> float:
    return float(page.execute_script("return document.querySelector('#split').value"))


def pixels(page: webdriver.Chrome, pane: str) -> np.ndarray:
    """Return what a canvas holds, uint8[h, w, 4]."""
    url = page.execute_script(f"return document.querySelector('#{pane} canvas').toDataURL()")
    return np.array(Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))


def row_of(rows: Rows, label: str, colors: int | None) -> int:
    return next(i for i, row in enumerate(rows) if (row.label, row.colors) == (label, colors))


def test_it_opens_with_the_original_and_a_palette_image(page: webdriver.Chrome, images: list[Compared]) -> None:
    rows = images[0].rows
    assert np.array_equal(pixels(page, "before")[..., :3], np.array(rows.original))
    index = int(element(page, "#stage").get_attribute("data-shown"))
    assert (rows[index].label, rows[index].colors) == ("PNG", 64)


@pytest.mark.parametrize("label", ["PNG", ".kmq deflate", ".kmq fast", ".kmq default", ".kmq max", "lossless WebP"])
def test_every_format_shows_the_pixels_of_its_row(page: webdriver.Chrome, images: list[Compared], label: str) -> None:
    choose(page, label, "16")
    expected = np.array(images[0].rows[row_of(images[0].rows, label, 16)].image.convert("RGBA"))
    assert np.array_equal(pixels(page, "after"), expected)


def test_kmq_files_are_decoded_with_their_alpha(page: webdriver.Chrome, images: list[Compared]) -> None:
    Select(element(page, "#image")).select_by_visible_text("sprite.png")
    choose(page, ".kmq default", "64")
    found = pixels(page, "after")
    expected = np.array(images[1].rows[row_of(images[1].rows, ".kmq default", 64)].image.convert("RGBA"))
    assert np.array_equal(found[..., 3], expected[..., 3])
    opaque = expected[..., 3] == 255
    assert np.array_equal(found[opaque], expected[opaque])


def test_numbers_are_those_of_the_rows(page: webdriver.Chrome, images: list[Compared]) -> None:
    script = """
        const textsOf = (row) => [...row.cells].map((cell) => cell.textContent.trim());
        return [...document.querySelectorAll(".image")].map((section) =>
          [...section.querySelectorAll("tbody tr")].map(textsOf));
    """
    found = page.execute_script(script)
    assert found == [[cells(row, image.rows.measured()) for row in image.rows] for image in images]
    for number, row in enumerate(images[0].rows):
        page.execute_script(f"document.querySelector('tr[data-row=\"{number}\"]').click()")
        assert element(page, "#command").text == row.command
        assert f"Bytes {row.bytes:,} " in element(page, "#figures").text
    shown(page)


@pytest.mark.parametrize("label", ["PNG", ".kmq max", "Pillow, PNG"])
def test_the_mean_of_the_difference_map_is_the_distance_of_the_row(
    page: webdriver.Chrome, images: list[Compared], label: str
) -> None:
    choose(page, label, "16")
    view(page, "map")
    row = images[0].rows[row_of(images[0].rows, label, 16)]
    assert float(element(page, "#stage").get_attribute("data-mean")) == pytest.approx(row.delta_e, abs=1e-4)
    same = np.all(np.array(row.image.convert("RGB")) == np.array(images[0].rows.original), axis=2)
    dark = pixels(page, "after")[..., :3].max(axis=2) <= 4
    assert np.array_equal(same, dark)


def test_the_slider_follows_the_mouse(page: webdriver.Chrome) -> None:
    stage = element(page, "#stage")
    width = stage.size["width"]
    ActionChains(page).move_to_element(stage).click_and_hold().move_by_offset(width // 4, 0).release().perform()
    assert split(page) == pytest.approx(75, abs=1)
    left = page.execute_script("return getComputedStyle(document.querySelector('#after')).clipPath")
    assert "75%" in left or "74%" in left or "76%" in left
    ActionChains(page).move_to_element(stage).move_by_offset(-width // 4, 0).perform()
    assert split(page) == pytest.approx(75, abs=1), "the button is up"


def test_the_slider_follows_a_finger(page: webdriver.Chrome) -> None:
    set_up(page, 400, 800, touch=True)
    box = page.execute_script(
        "const b = document.querySelector('#stage').getBoundingClientRect(); return [b.x, b.y, b.width]"
    )
    x, y, width = box
    for kind, share in (("touchStart", 0.5), ("touchMove", 0.4), ("touchMove", 0.2)):
        point = {"x": x + share * width, "y": y + 80}
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert split(page) == pytest.approx(20, abs=1.5)


def test_the_slider_follows_the_keys_and_says_so(page: webdriver.Chrome) -> None:
    slider = element(page, "#split")
    assert (slider.aria_role, slider.accessible_name) == ("slider", "Share of the original that is shown")
    slider.send_keys(Keys.ARROW_RIGHT * 3)
    assert split(page) == 53
    assert slider.get_attribute("aria-valuetext") == "53 % original"
    slider.send_keys(Keys.END)
    assert split(page) == 100


def test_two_fingers_zoom(page: webdriver.Chrome) -> None:
    set_up(page, 400, 800, touch=True)
    page.execute_script("document.querySelector('#fit').click()")
    before = element(page, "#scale").text
    x, y, w = page.execute_script(
        "const b = document.querySelector('#stage').getBoundingClientRect(); return [b.x, b.y, b.width]"
    )
    for kind, apart in (("touchStart", 30), ("touchMove", 60), ("touchMove", 120)):
        points = [{"x": x + w / 2 + side * apart, "y": y + 90, "id": i} for i, side in enumerate((-1, 1))]
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    ratio = float(element(page, "#scale").text.split()[0]) / float(before.split()[0])
    assert ratio == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize("name", ["slider", "sides"])
def test_both_pictures_zoom_and_move_together_with_sharp_pixels(page: webdriver.Chrome, name: str) -> None:
    view(page, name)
    script = """
        return ["before", "after"].map((id) => {
          const { width, transform, imageRendering } = document.querySelector(`#${id} canvas`).style;
          return [width, transform, imageRendering];
        });
    """
    start = page.execute_script(script)
    stage = element(page, "#stage")
    stage.send_keys("++++")
    zoomed = page.execute_script(script)
    stage.send_keys(Keys.ARROW_RIGHT)
    moved = page.execute_script(script)
    for state in (start, zoomed, moved):
        assert state[0] == state[1]
        assert state[0][2] == "pixelated"
    assert start[0][0] != zoomed[0][0] == moved[0][0]
    assert zoomed[0][1] != moved[0][1]
    stage.send_keys("0")
    assert page.execute_script(script) == start


def test_a_pixel_is_a_square_on_the_screen(page: webdriver.Chrome, images: list[Compared]) -> None:
    view(page, "map")
    view(page, "slider")
    element(page, "#split").send_keys(Keys.END)
    stage = element(page, "#stage")
    stage.send_keys("0" + "+" * 4)
    scale = int(element(page, "#scale").text.split()[0]) // 100
    assert scale >= 16
    screen = np.array(Image.open(BytesIO(stage.screenshot_as_png)).convert("RGB"))
    rows = screen[screen.shape[0] // 2, 60 : 60 + 20 * scale].astype(int)
    changes = np.flatnonzero(np.any(np.diff(rows, axis=0) != 0, axis=1))
    assert len(changes) >= 5
    assert set(np.diff(changes) % scale) == {0}


def test_dragging_moves_a_zoomed_picture_and_not_the_slider(page: webdriver.Chrome) -> None:
    stage = element(page, "#stage")
    stage.send_keys("++++")
    script = "return document.querySelector('#after canvas').style.transform"
    before = page.execute_script(script)
    ActionChains(page).move_to_element_with_offset(stage, 200, 0).click_and_hold().move_by_offset(
        -50, 20
    ).release().perform()
    assert page.execute_script(script) != before
    assert split(page) == 50


def test_results_are_chosen_in_the_table_and_in_the_plots(page: webdriver.Chrome, images: list[Compared]) -> None:
    row = row_of(images[0].rows, ".kmq max", 4)
    element(page, f'tr[data-row="{row}"] button').send_keys(Keys.ENTER)
    shown(page)
    assert element(page, "#stage").get_attribute("data-shown") == str(row)
    assert element(page, "#tag").text == ".kmq max, 4 colours"
    assert element(page, "tr[aria-current=true]").get_attribute("data-row") == str(row)
    script = """
        const figure = document.querySelector("[data-plot=size]");
        const [x, y] = JSON.parse(document.querySelector(".data").textContent).plots.size[arguments[0]];
        const at = new DOMPoint(x, y).matrixTransform(figure.querySelector("svg").getScreenCTM());
        figure.dispatchEvent(new MouseEvent("click", { clientX: at.x, clientY: at.y, bubbles: true }));
    """
    other = row_of(images[0].rows, ".kmq max", 64)
    page.execute_script(script, other)
    shown(page)
    assert element(page, "#stage").get_attribute("data-shown") == str(other)


def test_marks_of_the_plots_are_where_the_curves_are(page: webdriver.Chrome, images: list[Compared]) -> None:
    script = """
        const svg = document.querySelector("[data-plot=size] svg");
        const uses = [...svg.querySelectorAll("use")].map((use) => [use.x.baseVal.value, use.y.baseVal.value]);
        const points = Object.values(JSON.parse(document.querySelector(".data").textContent).plots.size);
        return points.map(([x, y]) => Math.min(...uses.map(([u, v]) => Math.hypot(u - x, v - y))));
    """
    distances = page.execute_script(script)
    assert len(distances) == sum(row.colors is not None for row in images[0].rows)
    assert max(distances) < 0.1


def test_swatches_are_the_palette_with_its_use(page: webdriver.Chrome, images: list[Compared]) -> None:
    choose(page, "PNG", "4")
    image = images[0].rows[row_of(images[0].rows, "PNG", 4)].image.convert("RGB")
    expected = [
        f"#{bytes(color).hex()}, {100 * count / (240 * 200):.1f} %"
        for count, color in sorted(image.getcolors(), reverse=True)
    ]
    script = "return [...document.querySelectorAll('#swatches li')].map((item) => item.title)"
    assert page.execute_script(script) == expected
    entries = page.execute_script("return document.querySelectorAll('.image:not([hidden]) .entry').length")
    assert entries == 4
    choose(page, "WebP q75, lossy")
    assert page.execute_script(script) == []
    assert element(page, "#unlisted").is_displayed()


def test_the_table_is_sorted_by_a_column(page: webdriver.Chrome, images: list[Compared]) -> None:
    script = "return [...document.querySelectorAll('.image:not([hidden]) tbody tr')].map((row) => +row.dataset.row)"
    head = element(page, ".image:not([hidden]) thead th:nth-child(3)")
    sizes = [row.bytes for row in images[0].rows]
    head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert [sizes[i] for i in page.execute_script(script)] == sorted(sizes)
    assert head.get_attribute("aria-sort") == "ascending"
    head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert [sizes[i] for i in page.execute_script(script)] == sorted(sizes, reverse=True)


def test_the_measure_of_the_plots_can_be_chosen(page: webdriver.Chrome) -> None:
    visible = lambda: [  # noqa: E731
        each.get_attribute("data-plot")
        for each in page.find_elements(By.CSS_SELECTOR, ".image:not([hidden]) [data-plot]")
        if each.is_displayed()
    ]
    assert visible() == ["size", "visible_error-colors", "visible_error-bytes"]
    Select(element(page, ".measure")).select_by_value("psnr")
    assert visible() == ["size", "psnr-colors", "psnr-bytes"]


def test_the_command_is_copied(page: webdriver.Chrome) -> None:
    script = """
        globalThis.copied = null;
        navigator.clipboard.writeText = async (text) => { globalThis.copied = text; };
        document.querySelector("#copy").click();
    """
    page.execute_script(script)
    WebDriverWait(page, 5).until(lambda _: element(page, "#copy").text == "Copied")
    assert page.execute_script("return copied") == element(page, "#command").text


def test_without_a_clipboard_the_command_is_selected(page: webdriver.Chrome) -> None:
    page.execute_script("navigator.clipboard.writeText = async () => { throw new Error('no'); };")
    element(page, "#copy").click()
    WebDriverWait(page, 5).until(lambda _: element(page, "#copy").text == "Copied")
    assert page.execute_script("return String(getSelection())").strip() == element(page, "#command").text


def test_the_file_can_be_saved(page: webdriver.Chrome, images: list[Compared]) -> None:
    page.execute_script("""
        const real = URL.createObjectURL;
        URL.createObjectURL = (blob) => { globalThis.saved = blob; return real.call(URL, blob); };
    """)
    choose(page, ".kmq max", "16")
    link = element(page, "#save")
    assert link.get_attribute("download") == "photo-16.kmq"
    assert link.get_attribute("href").startswith("blob:")
    script = "const done = arguments[0]; saved.arrayBuffer().then((data) => done([...new Uint8Array(data)]))"
    file = bytes(page.execute_async_script(script))
    assert file == images[0].rows[row_of(images[0].rows, ".kmq max", 16)].file


def test_another_image_keeps_the_choice(page: webdriver.Chrome, images: list[Compared]) -> None:
    choose(page, ".kmq fast", "16")
    Select(element(page, "#image")).select_by_visible_text("sprite.png")
    shown(page)
    assert element(page, "#tag").text == ".kmq fast, 16 colours"
    assert element(page, "#command").text == images[1].rows[row_of(images[1].rows, ".kmq fast", 16)].command


def test_without_workers_the_page_decodes(browser: webdriver.Chrome, address: str, images: list[Compared]) -> None:
    source = {"source": "globalThis.Worker = class { constructor() { throw new Error('no'); } };"}
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)
    try:
        browser.get(address)
        choose(browser, ".kmq max", "4")
        expected = np.array(images[0].rows[row_of(images[0].rows, ".kmq max", 4)].image.convert("RGBA"))
        assert np.array_equal(pixels(browser, "after"), expected)
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script["identifier"]})


def test_nothing_is_fetched(page: webdriver.Chrome, address: str) -> None:
    page.get_log("performance")
    page.get(address)
    shown(page)
    for label in (".kmq max", "WebP q90, lossy"):
        choose(page, label)
    view(page, "map")
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert address in asked
    assert {url.partition(":")[0] for url in asked - {address}} <= {"data", "blob"}


def test_the_policy_of_the_page_forbids_the_network(browser: webdriver.Chrome, address: str) -> None:
    browser.get(address)
    script = (
        "const done = arguments[0]; fetch('https://example.org/').then(() => done('fetched'), () => done('refused'))"
    )
    assert browser.execute_async_script(script) == "refused"
    assert "violates the following Content Security Policy" in str(browser.get_log("browser"))


def contrast(one: list[int], other: list[int]) -> float:
    def luminance(color: list[int]) -> float:
        light = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
        return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_texts_and_curves_stand_out_in_both_schemes(page: webdriver.Chrome, dark: bool) -> None:
    set_up(page, 1100, 900, dark=dark)
    script = """
        const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        const style = getComputedStyle(document.documentElement);
        return Object.fromEntries(arguments[0].map((name) => {
          canvas.fillStyle = style.getPropertyValue(`--${name}`);
          canvas.fillRect(0, 0, 1, 1);
          return [name, [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)];
        }));
    """
    names = ["paper", "panel", "ink", "soft", "accent", "on-accent", *(f"series-{number}" for number in range(10))]
    colors = page.execute_script(script, names)
    assert (sum(colors["paper"]) < 200) == dark
    for name in ("ink", "soft"):
        assert min(contrast(colors[name], colors["paper"]), contrast(colors[name], colors["panel"])) >= 4.5
    assert contrast(colors["on-accent"], colors["accent"]) >= 4.5
    for number in range(10):
        assert contrast(colors[f"series-{number}"], colors["panel"]) >= 3, number


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("name", ["slider", "sides", "map"])
def test_it_fits_on_a_phone(page: webdriver.Chrome, width: int, name: str) -> None:
    set_up(page, width, 800, touch=True)
    view(page, name)
    assert page.execute_script("return document.documentElement.scrollWidth") == width
    script = """
        return [...document.querySelectorAll("button, select, input[type=radio], a")].filter((element) =>
          element.checkVisibility() && !element.closest("table") && element.getBoundingClientRect().height < 24).length;
    """
    assert page.execute_script(script) == 0


def test_every_control_has_a_name_and_can_be_reached_by_keys(page: webdriver.Chrome) -> None:
    controls = page.find_elements(By.CSS_SELECTOR, "button, select, input, a, [tabindex]")
    for control in controls:
        if control.is_displayed():
            assert control.accessible_name, control.get_attribute("outerHTML")[:80]
    focused = []
    for _ in range(16):
        ActionChains(page).send_keys(Keys.TAB).perform()
        focused.append(page.execute_script("return document.activeElement.id || document.activeElement.name"))
    for wanted in ("image", "label", "colors", "view", "in", "out", "fit", "stage", "split", "command", "copy", "save"):
        assert wanted in focused


LOOKS = [("compare", 1100, False, "slider"), ("dark", 1100, True, "sides"), ("phone", 390, False, "map")]


@pytest.mark.parametrize(("name", "width", "dark", "mode"), LOOKS)
def test_screenshots_for_the_eye(page: webdriver.Chrome, name: str, width: int, dark: bool, mode: str) -> None:
    """Written to the folder KMQ_SCREENSHOTS, if that is set: the README shows `compare.png`."""
    set_up(page, width, 1000, dark=dark, touch=width < 500)
    choose(page, "PNG", "16")
    view(page, mode)
    with Image.open(BytesIO(page.get_screenshot_as_png())) as image:
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 500
        if folder := os.environ.get("KMQ_SCREENSHOTS"):
            image.convert("RGB").save(Path(folder, f"{name}.png"), "PNG8", colors=128, optimize=True)
