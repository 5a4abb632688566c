"""The decoder and the element (src/pillow_kmq/web) in a headless Chromium, driven by Selenium."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops

from pillow_kmq import codec
from pillow_kmq.types import IndexedImage
from places import ROOT, SAMPLES, VECTORS

HERE = Path(__file__).parent
WEB = ROOT / "src" / "pillow_kmq" / "web"
SCREENSHOT = ROOT / "docs" / "web.png"
VECTORS: list[dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_text())

# Asked for, missing parts are a failure; in other runs, these tests are not for every machine.
if "KMQ_TEST_WEB" not in os.environ:
    pytest.skip("KMQ_TEST_WEB is not set: tox -e web runs the tests in Chromium", allow_module_level=True)

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402

TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".html": "text/html",
    ".kmq": "image/x-kmq",
    ".png": "image/png",
}


class Handler(SimpleHTTPRequestHandler):
    """/web is the package's folder, /vectors and /page.html are of the tests, /made is made here, /slow takes 1 s."""

    extensions_map = TYPES

    def __init__(self, *arguments: Any, made: Path, **more: Any) -> None:
        self.folders = {"web": WEB, "vectors": VECTORS, "made": made}
        super().__init__(*arguments, **more)

    def translate_path(self, path: str) -> str:
        parts = path.split("?")[0].strip("/").split("/")
        if parts[0] == "slow":
            time.sleep(1)
            parts = parts[1:]
        return str(self.folders.get(parts[0], HERE / "web").joinpath(parts[-1]))

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our samples, as palette PNG and as KMQ; they have the same pixels."""
    folder = tmp_path_factory.mktemp("made")
    for name, colors in (("photo", 256), ("gradient", 256), ("sprite", 64), ("screenshot", 64), ("pixel-art", 32)):
        with Image.open(SAMPLES / f"{name}.png") as image:
            image.save(folder / f"{name}.kmq", colors=colors)
        with Image.open(folder / f"{name}.kmq") as image:
            image.convert("RGBA").save(folder / f"{name}.png")
    palette = np.array([[250, 0, 0, 255], [0, 250, 0, 255], [0, 0, 250, 255]], np.uint8)
    flat = [IndexedImage(palette, np.full((20, 30), i, np.uint8)) for i in range(3)]
    for name, plays, durations in (
        ("once", 1, [100, 150, 100]),
        ("endless", 0, [60, 60, 60]),
        ("quick", 0, [0, 0, 9999]),
    ):
        (folder / f"{name}.kmq").write_bytes(codec.encode_animation(flat, durations, plays=plays))
    return folder


@pytest.fixture(scope="module")
def address(made: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, made=made)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=900,700"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver") or ""))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> webdriver.Chrome:
    """The page of the tests, fresh."""
    browser.get(f"{address}/page.html")
    run(browser, "while (!globalThis.ready) await new Promise((done) => setTimeout(done, 10))")
    return browser


def run(page: webdriver.Chrome, script: str, *arguments: Any) -> Any:
    """What an async function returns; `a` are its arguments."""
    call = "const [done, a] = [arguments[arguments.length - 1], Array.prototype.slice.call(arguments, 0, -1)];"
    wrapped = f"(async () => {{ {script} }})().then((value) => done({{ value }}), (e) => done({{ error: e.stack }}));"
    answer = page.execute_async_script(call + wrapped, *arguments)
    assert "error" not in answer, answer["error"]
    return answer.get("value")


@pytest.mark.parametrize("function", ["decode", "decodeInWorker"])
def test_all_vectors_decode_to_what_they_state(page: webdriver.Chrome, function: str) -> None:
    assert run(page, "return wrongVectors(kmq[a[0]])", function) == {"count": len(VECTORS), "wrong": []}


def test_a_worker_decodes_while_the_page_stays_responsive(page: webdriver.Chrome) -> None:
    script = """
        const bytes = await bytesOf("/made/photo.kmq");
        const before = bytes.length;
        let ticks = 0;
        const timer = setInterval(() => ticks++, 1);
        const image = await kmq.decodeInWorker(bytes);
        clearInterval(timer);
        const here = kmq.decode(bytes);
        return [hex(image.indices) === hex(here.indices), hex(image.palette) === hex(here.palette), ticks,
          bytes.length === before];
    """
    same_pixels, same_palette, ticks, untouched = run(page, script)
    assert (same_pixels, same_palette, untouched) == (True, True, True)
    assert ticks > 3


def test_without_workers_decoding_falls_back_to_the_page(page: webdriver.Chrome) -> None:
    script = """
        globalThis.Worker = class { constructor() { throw new DOMException("no", "SecurityError"); } };
        const again = await import("/web/kmq-worker.js?again");
        const image = await again.decodeInWorker(await bytesOf("/vectors/good-two-by-two.kmq"));
        const error = await again.decodeInWorker(new Uint8Array(9)).catch((caught) => caught);
        return [hex(image.indices), error.kind];
    """
    assert run(page, script) == ["01000001", "not-kmq"]


def test_a_worker_that_cannot_be_loaded_falls_back_to_the_page(page: webdriver.Chrome) -> None:
    script = """
        const Real = Worker;
        globalThis.Worker = class extends Real { constructor(_, options) { super("/nowhere.js", options); } };
        const again = await import("/web/kmq-worker.js?lost");
        const bytes = await bytesOf("/vectors/good-two-by-two.kmq");
        const images = await Promise.all([again.decodeInWorker(bytes), again.decodeInWorker(bytes)]);
        return [...images, await again.decodeInWorker(bytes)].map((image) => hex(image.indices));
    """
    assert run(page, script) == ["01000001"] * 3


@pytest.mark.parametrize("name", ["photo", "sprite", "pixel-art"])
def test_the_element_shows_the_pixels_that_img_shows_of_a_png(page: webdriver.Chrome, name: str) -> None:
    script = """
        const element = make("kmq-image", { src: `/made/${a[0]}.kmq` });
        const image = make("img", { src: `/made/${a[0]}.png` });
        const outcomes = await Promise.all([shown(element), shown(image)]);
        const { naturalWidth, naturalHeight } = image;
        const expected = pixelsOf(image, naturalWidth, naturalHeight);
        const got = pixelsOf(canvasOf(element), naturalWidth, naturalHeight);
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
          element.matches(":state(broken)"), canvasOf(element).hidden];
    """
    assert run(page, script, file) == ["error", kind, True, True, 0, "A red house", True, True, True]


def test_an_image_that_is_shown_has_its_alternative_text_for_screen_readers_alone(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { id: "it", src: "/made/sprite.kmq", alt: "A fox" });
        await shown(element);
        return [element.shadowRoot.textContent, element.alt, element.matches(":state(loaded)")];
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
    difference = ImageChops.difference(taken.reduce(16), expected.reduce(16))
    assert max(high for _, high in difference.getextrema()) < 40


# What an animated element shows, by its first pixel, each time that it changes: colour and milliseconds.
WATCH = """
    const colorOf = (element) => "RGB"[canvasOf(element).getContext("2d").getImageData(0, 0, 1, 1).data.indexOf(250)];
    const watch = async (element, time) => {
      const seen = [];
      const start = performance.now();
      while (performance.now() - start < time) {
        const color = colorOf(element);
        if (seen.at(-1)?.[0] !== color) seen.push([color, Math.round(performance.now() - start)]);
        await new Promise((done) => setTimeout(done, 2));
      }
      return seen;
    };
"""


def test_an_animation_is_played_as_often_as_it_says_and_stays_on_its_last_frame(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/once.kmq" });
        await shown(element);
        const playing = !element.paused;
        const seen = await watch(element, 900);
        const over = element.paused;
        element.play();
        return [playing, seen, over, element.paused, (await watch(element, 600)).map(([color]) => color)];
    """
    playing, seen, over, paused_again, again = run(page, WATCH + script)
    assert (playing, over, paused_again) == (True, True, False)
    assert [color for color, _ in seen] == ["R", "G", "B"]
    assert 60 <= seen[1][1] <= 300
    assert 140 <= seen[2][1] - seen[1][1] <= 350
    assert again == ["R", "G", "B"]


def test_an_endless_animation_goes_on_until_it_is_paused(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/endless.kmq" });
        await shown(element);
        const seen = await watch(element, 900);
        element.pause();
        const after = await watch(element, 300);
        element.play();
        const colors = seen.map(([color]) => color).join("");
        return [colors, after.length, element.paused, (await watch(element, 400)).length];
    """
    seen, while_paused, paused, after = run(page, WATCH + script)
    assert len(seen) >= 7
    assert ("RGB" * 20).startswith(seen)
    assert (while_paused, paused) == (1, False)
    assert after >= 3


def test_frames_of_no_time_are_shown_for_a_tenth_of_a_second(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/quick.kmq" });
        await shown(element);
        return watch(element, 600);
    """
    seen = run(page, WATCH + script)
    assert [color for color, _ in seen] == ["R", "G", "B"]
    assert 70 <= seen[2][1] - seen[1][1] <= 250


def test_an_animation_rests_while_it_is_not_in_the_document(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/endless.kmq" });
        await shown(element);
        element.remove();
        const away = await watch(element, 300);
        document.body.append(element);
        return [away.length, (await watch(element, 400)).length >= 3];
    """
    assert run(page, WATCH + script) == [1, True]


def test_who_prefers_no_motion_sees_the_first_frame(page: webdriver.Chrome) -> None:
    def prefer(value: str) -> None:
        features = [{"name": "prefers-reduced-motion", "value": value}]
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    prefer("reduce")
    try:
        script = """
            globalThis.element = make("kmq-image", { src: "/made/endless.kmq" });
            await shown(element);
            return [element.paused, (await watch(element, 300)).map(([color]) => color)];
        """
        assert run(page, WATCH + script) == [True, ["R"]]
        prefer("no-preference")
        assert run(page, WATCH + "return [element.paused, (await watch(element, 400)).length >= 3]") == [False, True]
    finally:
        prefer("")


def test_a_still_image_has_nothing_to_play(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/sprite.kmq" });
        await shown(element);
        element.play();
        return element.paused;
    """
    assert run(page, script) is True
