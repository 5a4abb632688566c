"""Recipes of docs/guide/build-scripts.md that its examples do not run: hooks, the workflow, the Dockerfile.

pre-commit, hadolint and Docker are used where they are installed: `tox -e recipes` brings the first two.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from examples import Session, examples
from places import ROOT, VECTORS

PAGE = ROOT / "docs" / "guide" / "build-scripts.md"
DOCKERFILE = ROOT / "Dockerfile"

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="commands are those of a POSIX shell"),
    pytest.mark.skipif(not DOCKERFILE.exists(), reason="source distributions have a part of the repository"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with the pictures that the page uses, and the palette of one of them."""
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


@pytest.fixture
def session(folder: Path, tmp_path: Path, kernels_on_disk: None) -> Session:
    programs = tmp_path / "programs"
    programs.mkdir()
    session = Session(folder, programs)
    setup = (
        "mkdir art; mv sixteen.png art; rm *.png; kmq palette extract -q art/sixteen.png -o game.gpl; "
        "git init -q; git add ."
    )
    assert session.shell(setup).returncode == 0
    return session


def beside_python(program: str) -> str | None:
    """Return the path of a program that is installed with this Python, not of one elsewhere."""
    return shutil.which(program, path=Path(sys.executable).parent)


def file_of_the_page(name: str) -> Any:
    yaml = pytest.importorskip("yaml")
    (content,) = [each.code for each in examples(PAGE.read_text(encoding="utf-8")) if each.file == name]
    return yaml.safe_load(content)


# pre-commit


def hooks() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    return {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}


def hooks_of_the_page() -> Iterator[str]:
    """Yield the commands that pre-commit runs for the configuration in the page."""
    defined = hooks()
    for hook in file_of_the_page(".pre-commit-config.yaml")["repos"][0]["hooks"]:
        yield " ".join([defined[hook["id"]]["entry"], *hook.get("args", [])])


@pytest.mark.parametrize("arguments", ["", "--palette game.gpl --dither none", "--palette game.gpl --strict", "8"])
def test_a_second_run_of_the_hook_changes_nothing(session: Session, folder: Path, arguments: str) -> None:
    command = f"{hooks()['kmq']['entry']} {arguments} art/sixteen.png"
    before = (folder / "art" / "sixteen.png").read_bytes()
    assert session.shell(command).returncode == 0
    first = (folder / "art" / "sixteen.png").read_bytes()
    assert session.shell(command).returncode == 0
    assert (folder / "art" / "sixteen.png").read_bytes() == first != before


def test_the_hook_keeps_the_frames_of_animated_png_files(session: Session, folder: Path) -> None:
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "green", "blue")]
    frames[0].save(folder / "wheel.png", save_all=True, append_images=frames[1:])
    assert session.shell(f"{hooks()['kmq']['entry']} wheel.png").returncode == 0
    kept = Image.open(folder / "wheel.png")
    assert (kept.mode, kept.n_frames) == ("P", 3)


def test_the_configuration_in_the_page_runs(session: Session, folder: Path) -> None:
    shutil.copy(VECTORS / "good-tall.kmq", folder)
    convert, verify = hooks_of_the_page()
    assert session.shell(f"{convert} art/sixteen.png").returncode == 0
    assert session.shell(f"{verify} good-tall.kmq").returncode == 0


def test_a_damaged_file_stops_the_commit(session: Session, folder: Path) -> None:
    shutil.copy(VECTORS / "bad-checksum.kmq", folder)
    done = session.shell(f"{hooks()['kmq-verify']['entry']} bad-checksum.kmq")
    assert (done.returncode, "bad-checksum.kmq" in done.stdout) == (25, True)


@pytest.mark.skipif(beside_python("pre-commit") is None, reason="pre-commit is not installed")
def test_pre_commit_installs_the_repository_and_runs_its_hooks(session: Session, folder: Path, tmp_path: Path) -> None:
    shutil.copy(VECTORS / "bad-checksum.kmq", folder)
    session.shell("git add .")
    command = f"PRE_COMMIT_HOME={tmp_path}/home PYTHONPATH= {beside_python('pre-commit')} try-repo {ROOT} --all-files"
    done = session.shell(command)
    assert re.search("palette PNGs.*Failed\n.*\n- files were modified by this hook", done.stdout), done.stdout
    assert re.search("kmq verify.*Failed\n.*\n- exit code: 25", done.stdout), done.stdout
    session.shell("git rm -q --cached bad-checksum.kmq; git add art")
    done = session.shell(command)
    assert done.returncode == 0, done.stdout


# xargs and find


def test_a_failure_is_in_the_status_of_xargs_and_find(session: Session) -> None:
    assert session.shell("printf 'art/sixteen.png\\0missing.png\\0' | xargs -0 kmq").returncode == 123
    assert session.shell("find art -name '*.png' -exec kmq missing.png {} +").returncode == 1


# GitHub Actions


def commands_of_the_workflow() -> list[str]:
    steps = file_of_the_page(".github/workflows/images.yml")["jobs"]["images"]["steps"]
    return [step["run"] for step in steps if "run" in step and not step["run"].startswith("pip install")]


def test_the_steps_of_the_workflow_pass_on_a_clean_repository(session: Session, folder: Path) -> None:
    check, verify = commands_of_the_workflow()
    assert session.shell(f"set -e\n{check}").returncode == 0
    assert Image.open(folder / "small" / "sixteen.png").mode == "P"
    assert session.shell(f"set -e\n{verify}").returncode == 0  # there is no .kmq file


def test_the_steps_of_the_workflow_fail_on_stray_colours_and_damage(
    session: Session, samples: Path, folder: Path
) -> None:
    shutil.copy(samples / "sprite.png", folder / "art" / "my sprite.png")
    shutil.copy(VECTORS / "bad-checksum.kmq", folder / "art")
    session.shell("git add .")
    check, verify = commands_of_the_workflow()
    done = session.shell(f"set -e\n{check}")
    assert (done.returncode, "kmq: art/my sprite.png: pixel (" in done.stdout) == (97, True)
    assert session.shell(f"set -e\n{verify}").returncode == 123


# Docker


def instructions() -> list[tuple[str, str]]:
    return re.findall(r"^([A-Z]+) (.*)$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)


def test_the_build_gets_every_file_that_it_needs() -> None:
    copied = {name for kind, arguments in instructions() if kind == "COPY" for name in arguments.split()[:-1]}
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    needed = {"pyproject.toml", "hatch_build.py", "src", *re.findall(r'"(README.md|LICENSE|docs/kmq.1)"', project)}
    needed |= set(re.findall(r'"(tools/\w+\.py)"', (ROOT / "hatch_build.py").read_text("utf-8")))
    assert len(needed) == 7
    assert copied == needed
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_the_command(session: Session) -> None:
    given = dict(instructions())
    done = session.shell(" ".join([*json.loads(given["ENTRYPOINT"]), *json.loads(given["CMD"])]))
    assert (done.returncode, "[OPTIONS] [COLORS] [IN]..." in done.stdout) == (0, True)


@pytest.mark.skipif(beside_python("hadolint") is None, reason="hadolint is not installed")
def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    done = subprocess.run(
        [str(beside_python("hadolint")), str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def docker_runs() -> bool:
    """Return whether images can be built here; asked only by `tox -e recipes`, as building takes minutes."""
    if beside_python("pre-commit") is None or shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not docker_runs(), reason="there is no Docker daemon")
def test_the_image_converts_as_any_user_and_writes_no_cache(samples: Path, session: Session, folder: Path) -> None:
    shutil.copy(samples / "photo.png", folder)
    folder.chmod(0o777)
    assert session.shell(f"docker build --tag kmq-recipes {ROOT}").returncode == 0
    run = "docker run --rm --read-only --network none --user 12345:12345 --volume $PWD:/work kmq-recipes"
    done = session.shell(f"{run} 64 photo.png")
    assert (done.returncode, "64 colours" in done.stdout) == (0, True), done.stdout
    assert Image.open(folder / "photo-kmq.png").mode == "P"
