"""A click command whose long options may be abbreviated, as in most programs, and whose help is in sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import click

from ..errors import OptionError, OptionTypeError
from .statuses import WRONG_USAGE

Options = Mapping[str, click.Option]
Rows = Sequence[tuple[str, str]]


class OptionalValue(click.Option):
    """An option whose value may be left out, and otherwise follows a `=`: `--floyd`, `--floyd=0.5`."""

    def __init__(self, *arguments: Any, omitted: str, **others: Any) -> None:
        """Take the value that stands for none, and the arguments of click."""
        super().__init__(*arguments, **others)
        self.omitted = omitted


class Command(click.Command):
    """A command with abbreviated options, sections in its help, and pngquant's status for wrong usage.

    Attributes:
        sections: Titles of sections of options, and the names of the parameters in each; the other options come last.
        tables: Titles of further sections, and their rows of two columns.
    """

    def __init__(
        self,
        *arguments: Any,
        sections: Mapping[str, Sequence[str]] | None = None,
        tables: Mapping[str, Rows] | None = None,
        **others: Any,
    ) -> None:
        """Take the arguments of click, and the attributes."""
        super().__init__(*arguments, **others)
        self.sections = sections or {}
        self.tables = tables or {}

    def make_context(self, *arguments: Any, **others: Any) -> click.Context:
        """Parse the arguments."""
        with status_of_wrong_usage():
            return super().make_context(*arguments, **others)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write abbreviated options in full, and parse them."""
        options = {name: each for each in self.get_params(ctx) if isinstance(each, click.Option) for name in each.opts}
        return super().parse_args(ctx, args if ctx.resilient_parsing else expand(args, options))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Options that the library refuses, or that contradict each other, are wrong usage."""
        with status_of_wrong_usage():
            try:
                return super().invoke(ctx)
            except (OptionError, OptionTypeError) as error:
                raise click.UsageError(str(error), ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        for title, options in self.options_by_section(ctx).items():
            _write_section(formatter, title, [record for each in options if (record := each.get_help_record(ctx))])

    def options_by_section(self, ctx: click.Context) -> dict[str, list[click.Parameter]]:
        """Return the options under the titles of their sections, in the order of the help."""
        options = {each.name: each for each in self.get_params(ctx) if isinstance(each, click.Option)}
        found: dict[str, list[click.Parameter]] = {}
        for title, names in self.sections.items():
            found[title] = [options.pop(name) for name in names]
        found["Other options" if found else "Options"] = list(options.values())
        return found

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the further sections."""
        for title, rows in self.tables.items():
            _write_section(formatter, title, rows)


def _write_section(formatter: click.HelpFormatter, title: str, rows: Rows) -> None:
    with formatter.section(title):
        formatter.write_dl(rows)


@contextmanager
def status_of_wrong_usage() -> Iterator[None]:
    """Give usage errors the status of pngquant instead of click's."""
    try:
        yield
    except click.UsageError as error:
        error.exit_code = WRONG_USAGE  # type: ignore[misc]  # which click reads from the instance
        raise


def expand(args: Sequence[str], options: Options) -> list[str]:
    """Return the arguments with long options in full, and with the values that were left out.

    Args:
        args: The arguments of the command.
        options: The options by each of their names, with dashes.

    Raises:
        click.UsageError: An abbreviation could mean several options.
    """
    expanded: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            return [*expanded, arg, *rest]
        if arg.startswith("--"):
            arg, awaits_value = _expand_long(arg, options)
        else:
            awaits_value = arg.startswith("-") and _awaits_value(arg[1:], options)
        expanded.append(arg)
        if awaits_value:
            expanded.extend(islice(rest, 1))
    return expanded


def _expand_long(arg: str, options: Options) -> tuple[str, bool]:
    """Return a long option in full, and whether its value is the next argument."""
    word, equals, value = arg.partition("=")
    name = _full_name(word, options)
    option = options.get(name)
    if isinstance(option, OptionalValue) and not equals:
        equals, value = "=", option.omitted
    return name + equals + value, not equals and option is not None and _takes_value(option)


def _full_name(word: str, options: Options) -> str:
    """Return the name of the only option that `word` can mean, or `word` itself if there is none."""
    names = [name for name in options if name.startswith(word)]
    if word in options or not names:
        return word
    if len({options[name].name for name in names}) > 1:
        raise click.UsageError(f"{word} could be {' or '.join(sorted(names))}: write more of it")
    return names[0]


def _awaits_value(letters: str, options: Options) -> bool:
    """Return whether the value of the last of some short options, written together, is the next argument."""
    for number, letter in enumerate(letters, 1):
        option = options.get(f"-{letter}")
        if option is None:
            return False
        if _takes_value(option):
            return number == len(letters)
    return False


def _takes_value(option: click.Option) -> bool:
    return not option.is_flag and not option.count
