"""Decoding in workers, in a headless Chromium."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from browser import run
from places import VECTORS

if TYPE_CHECKING:
    from selenium import webdriver

COUNT = len(json.loads((VECTORS / "vectors.json").read_text()))


@pytest.mark.parametrize("function", ["decode", "decodeInWorker"])
def test_all_vectors_decode_to_what_they_state(page: webdriver.Chrome, function: str) -> None:
    assert run(page, "return wrongVectors(kmq[a[0]])", function) == {"count": COUNT, "wrong": []}


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


# Counts what is done with workers from here on.
COUNTED = """
    const counts = { blob: 0, started: 0, posted: 0, ended: 0, warned: 0 };
    const Real = Worker;
    globalThis.Worker = class extends Real {
      constructor(url, options) {
        super(url, options);
        counts.started++;
        counts.blob += String(url).startsWith("blob:");
      }
      postMessage(...all) { counts.posted++; super.postMessage(...all); }
      terminate() { counts.ended++; super.terminate(); }
    };
    console.warn = () => counts.warned++;
"""


def test_a_module_from_another_origin_has_workers_nevertheless(page: webdriver.Chrome, elsewhere: str) -> None:
    script = """
        const { decodeInWorker } = await import(`${a[0]}/web/kmq-worker.js`);
        const image = await decodeInWorker(await bytesOf("/vectors/good-two-by-two.kmq"));
        return [hex(image.indices), counts];
    """
    indices, counts = run(page, COUNTED + script, elsewhere)
    assert indices == "01000001"
    assert counts == {"blob": 1, "started": 1, "posted": 1, "ended": 0, "warned": 0}


@pytest.mark.parametrize("own", [True, False])
def test_the_script_of_workers_can_be_elsewhere(page: webdriver.Chrome, elsewhere: str, own: bool) -> None:
    script = """
        const { decodeInWorker, setWorkerUrl } = await import("/web/kmq-worker.js?elsewhere");
        setWorkerUrl(`${a[0]}/web/kmq-worker-script.js`);
        const image = await decodeInWorker(await bytesOf("/vectors/good-two-by-two.kmq"));
        return [hex(image.indices), counts.blob, counts.posted, counts.warned];
    """
    assert run(page, COUNTED + script, "" if own else elsewhere) == ["01000001", int(not own), 1, 0]


def test_a_page_without_workers_is_told_once(page: webdriver.Chrome) -> None:
    script = """
        const { decodeInWorker, setWorkerUrl } = await import("/web/kmq-worker.js?told");
        setWorkerUrl("/nowhere.js");
        const bytes = await bytesOf("/vectors/good-two-by-two.kmq");
        await Promise.all([decodeInWorker(bytes), decodeInWorker(bytes)]);
        await decodeInWorker(bytes);
        return counts.warned;
    """
    assert run(page, COUNTED + script) == 1


def test_what_is_canceled_does_not_keep_others_waiting(page: webdriver.Chrome) -> None:
    script = """
        const { decodeInWorker } = await import("/web/kmq-worker.js?canceled");
        const [large, small] = [await bytesOf("/made/large.kmq"), await bytesOf("/made/sprite.kmq")];
        const most = Math.min(4, navigator.hardwareConcurrency);
        const abort = new AbortController();
        const many = Array.from({ length: most + 5 }, () =>
          decodeInWorker(large, { signal: abort.signal }).catch((error) => error.name));
        const waits = decodeInWorker(small);
        await new Promise((done) => setTimeout(done, 100));
        const before = { ...counts };
        abort.abort();
        const names = await Promise.all(many);
        const image = await waits;
        return [most, before, counts, [...new Set(names)], image.width];
    """
    most, before, after, names, width = run(page, COUNTED + script)
    assert (before["posted"], before["ended"]) == (most, 0)
    assert (after["posted"], after["ended"]) == (most + 1, most)
    assert (names, width) == (["AbortError"], 320)


def test_a_job_that_was_canceled_before_is_not_begun(page: webdriver.Chrome) -> None:
    script = """
        const { decodeInWorker } = await import("/web/kmq-worker.js?before");
        const reason = new Error("no need");
        const signal = AbortSignal.abort(reason);
        const error = await decodeInWorker(new Uint8Array(9), { signal }).catch((caught) => caught);
        return [error === reason, counts.started];
    """
    assert run(page, COUNTED + script) == [True, 0]


def test_jobs_on_the_page_can_be_canceled_while_they_wait(page: webdriver.Chrome) -> None:
    script = """
        globalThis.Worker = class { constructor() { throw new DOMException("no", "SecurityError"); } };
        const { decodeInWorker } = await import("/web/kmq-worker.js?waiting");
        const small = await bytesOf("/made/sprite.kmq");
        const abort = new AbortController();
        const [first, second, third] = [{}, { signal: abort.signal }, {}].map((options) =>
          decodeInWorker(small, options).then((image) => image.width, (error) => error.name));
        abort.abort();
        return Promise.all([first, second, third]);
    """
    assert run(page, script) == [320, "AbortError", 320]
