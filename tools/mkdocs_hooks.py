"""MkDocs hooks that add pages whose source is outside docs/, and adapt the links to them."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)")
INDICES = re.compile(r"(?m)^(?! {4}).*\]\[.*$")  # such as a[i][j], outside code blocks

PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks/running.md",
    **{f"benchmarks/results/{path.name}": f"benchmarks/{path.name}" for path in ROOT.glob("benchmarks/results/*.md")},
}
"""Pages of the site by source file: paths relative to the roots of the repository and of the site."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages whose source is outside docs/."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    files.append(File.generated(config, "compare-example.html", content=example_of_compare()))
    return files


@cache
def example_of_compare() -> str:
    """Return the page of `kmq compare` for two sample images."""
    from PIL import Image

    from pillow_kmq.compare import table
    from pillow_kmq.comparing.page import Compared, html_page

    images = []
    for name in ("photo.png", "sprite.png"):
        with Image.open(ROOT / "sample_images" / name) as image:
            images.append(Compared(name, table(image, against=("pillow", "webp"), name=name)))
    return html_page(images)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Replace links between files of the repository by links to pages of the site, or else to the repository."""
    here = page.file.src_uri
    source = next((source for source, target in PAGES.items() if target == here), f"docs/{here}")

    def moved(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        on_site = PAGES.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
        if on_site:
            return "](" + posixpath.relpath(on_site, posixpath.dirname(here) or ".")
        if not (ROOT / target).exists():
            return match[0]  # MkDocs then reports the link
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"]({config.repo_url}/{kind}/main/{target}"

    markdown = LINK.sub(moved, markdown)
    # mkdocstrings would look for an object named j in a[i][j].
    return INDICES.sub(lambda line: re.sub(r"(`[^`]*`)|\]\[", lambda found: found[1] or r"]\[", line[0]), markdown)
