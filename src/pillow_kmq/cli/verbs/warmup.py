"""`kmq warmup`: everything compiled ahead of time."""

from __future__ import annotations

import logging

import click

from ..arguments import Command
from ..terminal import printing_records


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def command(quiet: bool) -> None:
    """Compile everything ahead of time. Otherwise the first use of each feature does."""
    from ...kernels.warm_up import warmup

    def show(what: str, done: float) -> None:
        if not quiet:
            click.echo(f"{100 * done:3.0f} % {what and 'compiling ' + what}".rstrip(), err=True)

    with printing_records(logging.CRITICAL if quiet else logging.WARNING):
        warmup(show)
