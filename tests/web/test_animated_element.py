"""The element for animations, in a headless Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import run

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
