"""The npm package, packed and installed into new projects: Node, TypeScript, esbuild, Vite."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser import WEB, run, serve_folder
from places import ROOT, VECTORS

if TYPE_CHECKING:
    from selenium import webdriver

pytestmark = pytest.mark.usefixtures("asked")

TWO_BY_TWO = VECTORS / "good-two-by-two.kmq"

PAGE = """<!doctype html>
<title>A bundle</title>
<link rel="icon" href="data:,">
<kmq-image src="image.kmq" alt="Two by two"></kmq-image>
<script type="module" src="{script}"></script>
"""

# The vector's first index, once with each of the modules; warnings, and the number of workers.
APP = """
globalThis.seen = { warned: 0, workers: 0 };
console.warn = () => seen.warned++;
globalThis.Worker = class extends Worker {
  constructor(...all) { super(...all); seen.workers++; }
};
const { decode } = await import("kmq");
await import("kmq/kmq-image.js");
const { decodeInWorker } = await import("kmq/kmq-worker.js");
const bytes = await (await fetch("image.kmq")).arrayBuffer();
await document.querySelector("kmq-image").decode();
seen.indices = [...decode(bytes).indices];
seen.inWorker = [...(await decodeInWorker(bytes)).indices];
seen.done = true;
"""


def command(folder: Path, *arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as npm would publish it."""
    folder = tmp_path_factory.mktemp("packed")
    listed = json.loads(command(folder, "npm", "pack", "--json", "--pack-destination", str(folder), str(WEB)))
    (archive,) = listed if isinstance(listed, list) else listed.values()
    assert {entry["path"] for entry in archive["files"]} == {path.name for path in WEB.iterdir()}
    return folder / archive["filename"]


@pytest.fixture
def project(packed: Path, tmp_path: Path) -> Any:
    """A function that makes a new project with the package and others, and returns its folder."""

    def make(*packages: str) -> Path:
        (tmp_path / "package.json").write_text('{ "name": "new", "private": true, "type": "module" }')
        command(tmp_path, "npm", "install", "--no-audit", "--no-fund", str(packed), *packages)
        shutil.copy(TWO_BY_TWO, tmp_path / "image.kmq")
        return tmp_path

    return make


def test_the_package_has_a_readme_the_licence_and_its_repository() -> None:
    package = json.loads((WEB / "package.json").read_text())
    assert (WEB / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert "kmq-image" in (WEB / "README.md").read_text()
    assert (ROOT / package["repository"]["directory"]).samefile(WEB)


def test_node_decodes_and_may_import_the_element(project: Any) -> None:
    folder = project()
    (folder / "app.js").write_text("""
        import { readFileSync } from "node:fs";
        import { decode, toRGBA } from "kmq";
        import { decodeInWorker } from "kmq/kmq-worker.js";
        import { KmqImageElement } from "kmq/kmq-image.js";
        const bytes = readFileSync("image.kmq");
        const { indices } = await decodeInWorker(bytes);
        console.log(JSON.stringify([[...decode(bytes).indices], [...indices], toRGBA(decode(bytes)).length,
          typeof KmqImageElement]));
    """)
    assert json.loads(command(folder, "node", "app.js")) == [[1, 0, 0, 1], [1, 0, 0, 1], 16, "function"]


DOM = """
import { decode, frames, KmqError, toImageData, toRGBA } from "kmq";
import { KmqImageElement } from "kmq/kmq-image.js";
import { decodeInWorker, setWorkerUrl } from "kmq/kmq-worker.js";
const image = decode(new Uint8Array(9), { maxPixels: 9 });
export const pixels: ImageData[] = [new ImageData(toRGBA(image), image.width, image.height), toImageData(image)];
for (const frame of frames(image)) pixels.push(new ImageData(frame.pixels, image.width));
const { signal } = new AbortController();
const made = decodeInWorker(new ArrayBuffer(9), { signal, png: true });
export const png: Promise<Blob | undefined> = made.then((image) => image.png);
setWorkerUrl(new URL("https://example.org/kmq-worker-script.js"));
const element: KmqImageElement = document.createElement("kmq-image");
element.style.width = "3px";
element.addEventListener("load", () => element.play());
export const kind: string | null = element.error instanceof KmqError ? element.error.kind : null;
"""
NO_DOM = """
import { decode, toImageData, toRGBA } from "kmq";
import { KmqImageElement } from "kmq/kmq-image.js";
import { decodeInWorker } from "kmq/kmq-worker.js";
export const bytes: Uint8ClampedArray = toRGBA(decode(new Uint8Array(9)));
export { decodeInWorker, KmqImageElement, toImageData };
"""


@pytest.mark.parametrize("version", ["5.4", "5.9", "7"])
def test_the_types_are_right_with_and_without_those_of_the_dom(project: Any, version: str) -> None:
    folder = project(f"typescript@{version}")
    for name, source, libraries in (("dom", DOM, ["es2022", "dom", "dom.iterable"]), ("bare", NO_DOM, ["es2022"])):
        (folder / f"{name}.ts").write_text(source)
        for module, resolution in (("nodenext", "nodenext"), ("esnext", "bundler")):
            options = {"strict": True, "noEmit": True, "target": "es2022", "lib": libraries, "types": []}
            options |= {"module": module, "moduleResolution": resolution, "skipLibCheck": False}
            configuration = {"compilerOptions": options, "files": [f"{name}.ts"]}
            (folder / "tsconfig.json").write_text(json.dumps(configuration))
            command(folder, "npx", "--no-install", "tsc", "-p", ".")


def outcome_of(browser: webdriver.Chrome, address: str) -> Any:
    browser.get(address)
    return run(
        browser,
        """
        while (!window.seen?.done) await new Promise((done) => setTimeout(done, 20));
        return [seen.indices, seen.inWorker, seen.workers, seen.warned];
        """,
    )


GOOD = [[1, 0, 0, 1], [1, 0, 0, 1], 1, 0]


def test_esbuild_bundles_the_worker_as_a_second_entry_point(project: Any, browser: webdriver.Chrome) -> None:
    folder = project("esbuild")
    (folder / "app.js").write_text(APP)
    (folder / "dist").mkdir()
    shutil.copy(TWO_BY_TWO, folder / "dist" / "image.kmq")
    (folder / "dist" / "index.html").write_text(PAGE.format(script="app.js"))
    entries = ["app.js", "kmq-worker-script=kmq/kmq-worker-script.js"]
    command(folder, "npx", "--no-install", "esbuild", *entries, "--bundle", "--format=esm", "--outdir=dist")
    with serve_folder(folder / "dist") as address:
        assert outcome_of(browser, address) == GOOD


def test_a_bundle_for_classic_scripts_is_told_where_the_worker_is(project: Any, browser: webdriver.Chrome) -> None:
    folder = project("esbuild")
    set_url = 'import { setWorkerUrl } from "kmq/kmq-worker.js";\nsetWorkerUrl("workers/kmq-worker-script.js");\n'
    (folder / "app.js").write_text(set_url + "(async () => {" + APP + "})();")
    (folder / "dist").mkdir()
    shutil.copy(TWO_BY_TWO, folder / "dist" / "image.kmq")
    (folder / "dist" / "index.html").write_text(PAGE.format(script="app.js").replace(' type="module"', ""))
    command(folder, "npx", "--no-install", "esbuild", "app.js", "--bundle", "--format=iife", "--outdir=dist")
    script = ["kmq/kmq-worker-script.js", "--bundle", "--format=esm", "--outfile=dist/workers/kmq-worker-script.js"]
    command(folder, "npx", "--no-install", "esbuild", *script)
    with serve_folder(folder / "dist") as address:
        assert outcome_of(browser, address) == GOOD


def vite_project(project: Any) -> Path:
    folder = project("vite")
    (folder / "public").mkdir()
    shutil.copy(TWO_BY_TWO, folder / "public" / "image.kmq")
    (folder / "app.js").write_text(APP)
    (folder / "index.html").write_text(PAGE.format(script="/app.js"))
    (folder / "vite.config.js").write_text('export default { build: { target: "es2022" } };')
    return folder


def test_vite_finds_the_worker(project: Any, browser: webdriver.Chrome) -> None:
    folder = vite_project(project)
    command(folder, "npx", "--no-install", "vite", "build")
    with serve_folder(folder / "dist") as address:
        assert outcome_of(browser, address) == GOOD


@contextmanager
def vite_server(folder: Path) -> Iterator[str]:
    """Yield the address of Vite's development server."""
    server = [shutil.which("node") or "node", "node_modules/vite/bin/vite.js", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen([*server, "--logLevel", "info"], cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(f"http://127.0.0.1:{port}" for port in map(port_in, process.stdout) if port)
        finally:
            process.terminate()


def port_in(line: str) -> str:
    """The port that a line of Vite's greeting states, or nothing."""
    plain = "".join(part.partition("m")[2] if i else part for i, part in enumerate(line.split("\x1b[")))
    return plain.partition("127.0.0.1:")[2].strip().strip("/")


def test_the_development_server_of_vite_finds_the_worker(project: Any, browser: webdriver.Chrome) -> None:
    with vite_server(vite_project(project)) as address:
        assert outcome_of(browser, address) == GOOD
