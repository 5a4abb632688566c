"""The manual page."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from make_man_page import PAGE, manual_page
from pillow_kmq.cli.command import main


def test_the_page_is_that_of_the_command() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual_page(), "run tools/make_man_page.py"


def test_the_page_has_every_option_and_no_request_of_roff_by_accident() -> None:
    lines = manual_page().splitlines()
    text = "\n".join(lines).replace(r"\-", "-")
    for parameter in main.params:
        if parameter.param_type_name == "option":
            assert all(name in text for name in parameter.opts)
    assert {line.split()[0] for line in lines if line.startswith((".", "'"))} <= {
        *(".TH", ".SH", ".PP", ".TP", ".B", ".BR", ".br")
    }


def test_groff_has_nothing_to_complain_of() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-Tutf8", "-ww", "-Kutf8", str(PAGE)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--max-bytes" in done.stdout
