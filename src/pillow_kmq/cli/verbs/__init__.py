"""Verbs of the command line: `kmq warmup` and the like. A file of such a name is written `./warmup`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from ..statuses import WRONG_USAGE

VERBS = {"warmup": "Compile everything ahead of time."}
"""What each verb does; the module of the same name holds its `command`."""


class CommandWithVerbs(click.Command):
    """A command whose first argument may be a verb, which is then imported and has options of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the verb, or of the command itself."""
        with _status_of_wrong_usage():
            if not args or args[0] not in VERBS:
                return super().make_context(info_name, args, parent, **extra)
            verb: click.Command = import_module(f"{__name__}.{args[0]}").command
            return verb.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command or the verb that the context was made for."""
        with _status_of_wrong_usage():
            return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


@contextmanager
def _status_of_wrong_usage() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        error.exit_code = WRONG_USAGE  # type: ignore[misc]  # which click reads from the instance
        raise
