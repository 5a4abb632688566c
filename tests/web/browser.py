"""Headless browsers, driven by Selenium, and the server of their pages."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from places import ROOT, VECTORS

if TYPE_CHECKING:
    from selenium import webdriver

HERE = Path(__file__).parent
WEB = ROOT / "src" / "pillow_kmq" / "web"
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".html": "text/html",
    ".kmq": "image/x-kmq",
    ".png": "image/png",
}


class Handler(SimpleHTTPRequestHandler):
    """/web is the package's folder, /vectors and /page.html are of the tests, /made is made here, /slow takes 1 s.

    Other origins may read all files. Pages below /strict/ have the policy that docs/WEB.md recommends.
    """

    extensions_map = TYPES
    policy = (  # scripts of the tests are inline
        "default-src 'none'; script-src 'self' 'unsafe-inline'; worker-src 'self'; connect-src 'self'; "
        "img-src 'self' blob:"
    )

    def __init__(self, *arguments: Any, made: Path, **more: Any) -> None:
        self.folders = {"web": WEB, "vectors": VECTORS, "made": made}
        super().__init__(*arguments, **more)

    def translate_path(self, path: str) -> str:
        parts = path.split("?")[0].strip("/").split("/")
        if parts[0] == "slow":
            time.sleep(1)
            parts = parts[1:]
        return str(self.folders.get(parts[0], HERE).joinpath(parts[-1]))

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-store")
        if self.path.startswith("/strict/"):
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def running(handler: Any) -> Iterator[str]:
    """Yield the address of a server with a handler."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def serve(made: Path) -> Iterator[str]:
    """Yield the address of a server of the package, the vectors and the tests' files."""
    with running(partial(Handler, made=made)) as address:
        yield address


class Folder(SimpleHTTPRequestHandler):
    """Files of a folder."""

    extensions_map = TYPES

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Yield the address of a server of a folder's files."""
    with running(partial(Folder, directory=str(folder))) as address:
        yield address


def start(*, requests: bool = False) -> webdriver.Chrome:
    """Return a headless Chromium: Debian's, or the one that CHROMIUM and CHROMEDRIVER name.

    requests: Keep a log of its requests, `get_log("performance")`.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=900,700"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", **({"performance": "ALL"} if requests else {})})
    driver = webdriver.Chrome(options, Service(os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver") or ""))
    driver.set_script_timeout(60)
    return driver


def start_firefox() -> webdriver.Firefox:
    """Return a headless Firefox: Debian's `firefox-esr`, and the geckodriver that PATH or GECKODRIVER leads to."""
    from selenium import webdriver
    from selenium.webdriver.firefox.options import Options
    from selenium.webdriver.firefox.service import Service

    options = Options()
    options.binary_location = shutil.which("firefox-esr") or shutil.which("firefox") or ""
    options.add_argument("-headless")
    driver = webdriver.Firefox(
        options, Service(os.environ.get("GECKODRIVER") or shutil.which("geckodriver") or "", log_output=os.devnull)
    )
    driver.set_script_timeout(60)
    return driver


def devtools(browser: webdriver.Chrome, command: str, arguments: dict[str, Any]) -> Any:
    """Return the answer to a command of Chromium's developer tools; skip the test in another browser."""
    if browser.name == "firefox":
        pytest.skip("needs Chromium's developer tools")
    return browser.execute_cdp_cmd(command, arguments)


def visit(browser: webdriver.Chrome | webdriver.Firefox, page: str) -> None:
    """Open a page like page.html and wait until its script has run."""
    browser.get(page)
    run(browser, "while (!globalThis.ready) await new Promise((done) => setTimeout(done, 10))")


def run(page: webdriver.Chrome | webdriver.Firefox, script: str, *arguments: Any) -> Any:
    """What an async function returns; `a` are its arguments."""
    call = "const [done, a] = [arguments[arguments.length - 1], Array.prototype.slice.call(arguments, 0, -1)];"
    wrapped = f"(async () => {{ {script} }})().then((value) => done({{ value }}), (e) => done({{ error: e.stack }}));"
    answer = page.execute_async_script(call + wrapped, *arguments)
    assert "error" not in answer, answer["error"]
    return answer.get("value")
