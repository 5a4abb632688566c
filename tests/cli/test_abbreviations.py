"""Abbreviated options, optional values and the sections of the help."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pillow_kmq.cli.arguments import Command, OptionalValue, expand
from pillow_kmq.cli.command import main

TOYS = [
    click.Option(["-q", "--quality"]),
    click.Option(["--quiet"], is_flag=True),
    click.Option(["--palette", "--map"]),
    click.Option(["--max-bytes"]),
    click.Option(["-f", "--force"], is_flag=True),
    OptionalValue(["--floyd"], omitted="1"),
]
OPTIONS = {name: option for option in TOYS for name in option.opts}


@pytest.mark.parametrize(
    ("args", "full"),
    [
        (["--qual", "80"], ["--quality", "80"]),
        (["--qual=80"], ["--quality=80"]),
        (["--quie"], ["--quiet"]),
        (["--p", "x"], ["--palette", "x"]),
        (["--map", "x"], ["--map", "x"]),
        (["--floyd", "a.png"], ["--floyd=1", "a.png"]),
        (["--fl"], ["--floyd=1"]),
        (["--floyd=0.5"], ["--floyd=0.5"]),
        (["--palette", "--quie", "--quie"], ["--palette", "--quie", "--quiet"]),
        (["-q", "--quie", "--quie"], ["-q", "--quie", "--quiet"]),
        (["-fq", "--quie", "--quie"], ["-fq", "--quie", "--quiet"]),
        (["-q80", "--quie"], ["-q80", "--quiet"]),
        (["--", "--quie"], ["--", "--quie"]),
        (["-", "--quie"], ["-", "--quiet"]),
        (["--unknown", "--quie"], ["--unknown", "--quiet"]),
        (["--palette"], ["--palette"]),
    ],
)
def test_options_are_written_in_full_and_values_are_left_alone(args: list[str], full: list[str]) -> None:
    assert expand(args, OPTIONS) == full


def test_an_abbreviation_of_several_options_is_refused_with_their_names() -> None:
    with pytest.raises(click.UsageError, match="--q could be --quality or --quiet: write more of it"):
        expand(["--q"], OPTIONS)
    with pytest.raises(click.UsageError, match="--ma could be --map or --max-bytes"):
        expand(["--ma"], OPTIONS)


@given(st.lists(st.sampled_from(["--quality", "--quiet", "--floyd=1", "-f", "-q", "--", "-", "a.png", "--quality=3"])))
def test_arguments_without_abbreviations_stay_as_they_are(args: list[str]) -> None:
    assert expand(args, OPTIONS) == args


def test_the_help_has_sections_and_wrong_usage_has_its_status() -> None:
    def callback(**_: Any) -> None:
        raise click.UsageError("odd")

    sections, tables = {"Colours": ["quality"]}, {"Examples": [("toy a.png", "Convert it.")]}
    command = Command("toy", params=list(TOYS), callback=callback, sections=sections, tables=tables)
    titles = [line for line in CliRunner().invoke(command, ["--help"]).output.splitlines() if line.endswith(":")]
    assert titles == ["Colours:", "Other options:", "Examples:"]
    assert CliRunner().invoke(command, ["--unknown"]).exit_code == 4
    assert CliRunner().invoke(command, []).exit_code == 4


def test_every_option_is_reached_by_its_shortest_unique_abbreviation() -> None:
    context = click.Context(main, **main.context_settings)
    options = {name: each for each in main.get_params(context) if isinstance(each, click.Option) for name in each.opts}
    for name, option in options.items():
        if name.startswith("--"):
            others = [other for other in options if options[other] is not option]
            length = next((n for n in range(3, len(name)) if not any(o.startswith(name[:n]) for o in others)), None)
            if length:
                (found,) = expand([name[:length]], options)
                assert options[found.partition("=")[0]] is option
