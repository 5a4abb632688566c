"""The element for animations, in a headless Chromium."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from browser import devtools, run

if TYPE_CHECKING:
    from selenium import webdriver

# What an animated element shows, by its first pixel, each time that it changes: colour and milliseconds.
WATCH = """
    const colorOf = (element) => "RGB"[imageOf(element).getContext("2d").getImageData(0, 0, 1, 1).data.indexOf(250)];
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
        devtools(page, "Emulation.setEmulatedMedia", {"features": features})

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


# Counts timers and frames from here on.
COUNTED = """
    const counts = { timers: 0, frames: 0 };
    const { setTimeout } = globalThis;
    const { putImageData } = CanvasRenderingContext2D.prototype;
    globalThis.setTimeout = (...all) => { counts.timers++; return setTimeout(...all); };
    CanvasRenderingContext2D.prototype.putImageData = function (...all) {
      counts.frames++;
      return putImageData.apply(this, all);
    };
    const during = async (time) => {
      await new Promise((done) => setTimeout(done, 200)); // observers have reported
      counts.timers = counts.frames = 0;
      await new Promise((done) => setTimeout(done, time));
      return { ...counts };
    };
"""


def test_ten_animations_off_screen_cost_nothing_and_go_on_when_they_are_seen(page: webdriver.Chrome) -> None:
    script = """
        document.body.append(make("div", { style: "height: 5000px" }));
        const elements = Array.from({ length: 10 }, () => make("kmq-image", { src: "/made/endless.kmq" }));
        await Promise.all(elements.map(shown));
        const away = await during(400);
        const paused = elements.some((element) => element.paused);
        elements[0].scrollIntoView();
        return [away, paused, await during(400)];
    """
    away, paused, there = run(page, COUNTED + script)
    assert away == {"timers": 0, "frames": 0}
    assert paused is False
    assert there["frames"] >= 20


def test_animations_rest_while_the_page_is_hidden(page: webdriver.Chrome) -> None:
    script = """
        await shown(make("kmq-image", { src: "/made/endless.kmq" }));
        const results = [];
        for (const hidden of [true, false]) {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
          results.push(await during(400));
        }
        return results;
    """
    hidden, visible = run(page, COUNTED + script)
    assert hidden == {"timers": 0, "frames": 0}
    assert visible["frames"] >= 3


def test_an_animation_that_is_not_displayed_rests(page: webdriver.Chrome) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/endless.kmq" });
        await shown(element);
        element.style.display = "none";
        return during(300);
    """
    assert run(page, COUNTED + script) == {"timers": 0, "frames": 0}


SIZES = [
    ("width: 240px", "", 240, 150),
    ("width: 1920px", "", 960, 600),
    ("width: 240px; height: 240px; object-fit: fill", "", 240, 240),
    ("width: 240px; height: 240px; object-fit: contain", "", 240, 150),
    ("width: 240px; height: 240px; object-fit: cover", "", 384, 240),
    ("width: 240px; height: 240px; object-fit: none", "", 960, 600),
    ("width: 240px; image-rendering: pixelated", "", 960, 600),
]


@pytest.mark.parametrize(("style", "later", "width", "height"), [*SIZES, ("width: 240px", "width: 480px", 480, 300)])
def test_animations_are_drawn_in_the_pixels_that_they_are_shown_in(
    page: webdriver.Chrome, style: str, later: str, width: int, height: int
) -> None:
    script = """
        const element = make("kmq-image", { src: "/made/text.kmq", style: a[0] });
        await shown(element);
        for (const style of a) {
          if (style) element.style.cssText = style;
          await new Promise((done) => setTimeout(done, 100));
        }
        const [full, small] = element.shadowRoot.querySelectorAll("canvas");
        const seen = small.hidden ? full : small;
        return [seen.width, seen.height, full.style.opacity, element.naturalWidth];
    """
    smaller = width < 960
    assert run(page, script, style, later) == [width, height, "0" if smaller else "", 960]


@pytest.mark.parametrize("width", [360, 240, 192])
def test_images_shown_smaller_than_stored_are_as_close_to_lanczos_as_those_of_img(
    page: webdriver.Chrome, made: Path, width: int
) -> None:
    script = """
        document.body.style.background = "#fff";
        const style = `position: absolute; top: 0; left: 0; width: ${a[1]}px`;
        const element = make(a[0].endsWith(".png") ? "img" : "kmq-image", { src: `/made/${a[0]}`, style });
        document.body.replaceChildren(element);
        await element.decode();
        await new Promise((done) => setTimeout(done, 200));
    """
    with Image.open(made / "screenshot.png") as image:
        size = width, round(width * image.height / image.width)
        expected = np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), np.float64)
    errors = []
    for name in ("screenshot.png", "screenshot.kmq", "text.kmq"):
        run(page, script, name, width)
        with Image.open(BytesIO(page.get_screenshot_as_png())) as shot:
            shown = np.asarray(shot.convert("RGB").crop((0, 0, *size)), np.float64)
        errors.append(np.sqrt(np.mean((shown - expected) ** 2)))
    img, still, animation = errors
    assert still == img
    if page.name != "firefox":  # its <img> is scaled with Lanczos, its canvases are not
        assert animation < 1.05 * img
