"""Shell completion, as the shells ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import kmq, run
from pillow_kmq.cli.completion import SHELLS

pytestmark = pytest.mark.usefixtures("inside")


def completions(*words: str) -> list[str]:
    """Return what zsh would be told for the last word: kind, value and help in turn."""
    asked = {"_KMQ_COMPLETE": "zsh_complete", "COMP_WORDS": " ".join(["kmq", *words]), "COMP_CWORD": str(len(words))}
    script = "import sys; sys.argv[0] = 'kmq'; from pillow_kmq.__main__ import main; main()"
    return run("-c", script, env={**os.environ, **asked}).stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--qu"], ["--quality", "--quiet"]),
        (["--dither", "se"], ["selective"]),
        (["--space", "s"], ["srgb"]),
        (["--palette", "epaper-b"], ["epaper-bw", "epaper-bwr", "epaper-bwry", "epaper-bwy", "epaper-b"]),
        (["warm"], ["warmup", "warm"]),
        (["a.png", "warm"], ["warm"]),
        (["warmup", "--q"], ["--quiet"]),
        (["--output", "x"], ["x"]),
    ],
)
def test_words_complete_to_options_values_verbs_and_files(words: list[str], values: list[str]) -> None:
    assert sorted(completions(*words)[1::3]) == sorted(values)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_asks_the_command(shell: str) -> None:
    result = kmq("--completion", shell)
    assert result.exit_code == 0
    assert f"_KMQ_COMPLETE={shell}_complete" in result.stdout
    if executable := shutil.which(shell):
        subprocess.run([executable, "-n"], input=result.stdout.encode(), check=True)


def test_bash_completes_verbs_and_names_with_spaces(inside: Path) -> None:
    bash = shutil.which("bash")
    if os.name != "posix" or bash is None:
        pytest.skip("bash is not installed")
    (inside / "kmq").write_text(f"#!{sys.executable}\nfrom pillow_kmq.__main__ import main\nmain()\n")
    (inside / "kmq").chmod(0o755)
    (inside / "warm tones.png").touch()
    (inside / "script").write_text(kmq("--completion", "bash").stdout)
    commands = (
        'PATH="$PWD:$PATH"; source script; compopt() { :; }\n'
        "COMP_WORDS=(kmq warm); COMP_CWORD=1; _kmq_completion kmq warm kmq; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run([bash, "-c", commands], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["warmup", "warm tones.png"]
