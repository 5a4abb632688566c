"""Write the manual page of the command, docs/kmq.1, from its help.

python tools/make_man_page.py
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from pillow_kmq import __version__
from pillow_kmq.cli.command import main
from pillow_kmq.cli.verbs import VERBS, verb

PAGE = Path(__file__).resolve().parent.parent / "docs" / "kmq.1"


def manual_page() -> str:
    """Return the page in the language of man(7)."""
    context = click.Context(main, info_name="kmq", **main.context_settings)
    lines = [
        f'.TH KMQ 1 "" "pillow-kmq {__version__}" "User Commands"',
        ".SH NAME",
        r"kmq \- reduce images to a palette",
        ".SH SYNOPSIS",
        ".B kmq",
        r"[\fIOPTIONS\fR] [\fICOLORS\fR] [\fIIN\fR]...",
        *(f".br\n.B kmq {name}\n[\\fIOPTIONS\\fR]" for name in VERBS),
        ".SH DESCRIPTION",
        *_paragraphs(main.help or ""),
    ]
    for title, options in main.options_by_section(context).items():
        lines += [f".SH {title.upper()}", *_rows(_records(options, context))]
    for name in VERBS:
        lines += _verb(f"kmq {name}", verb(name))
    for title, rows in main.tables.items():
        if title != "Verbs":
            lines += [f".SH {title.upper()}", *_rows(list(rows))]
    lines += [".SH SEE ALSO", ".BR pngquant (1),", "https://pillow\\-kmq.github.io/pillow\\-kmq/"]
    return "\n".join(lines) + "\n"


def _verb(name: str, command: click.Command) -> list[str]:
    """Return the lines on a verb, and on its own verbs."""
    context = click.Context(command, info_name=name, **command.context_settings)
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    lines = [f".SH {name.upper()}", *_paragraphs(command.help or ""), *_rows(_records(options, context))]
    for own, each in getattr(command, "commands", {}).items():
        lines += _verb(f"{name} {own}", each)
    return lines


def _records(options: Sequence[click.Parameter], context: click.Context) -> list[tuple[str, str]]:
    return [record for option in options if (record := option.get_help_record(context))]


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    return [line for term, meaning in rows for line in (".TP", rf"\fB{_escaped(term)}\fR", _escaped(meaning))]


def _paragraphs(text: str) -> list[str]:
    return [line for part in text.split("\n\n") for line in (".PP", _escaped(" ".join(part.split())))]


def _escaped(text: str) -> str:
    """Return text in which roff finds no requests, and whose hyphens can be copied into a shell."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    return rf"\&{text}" if text.startswith(".") else text


if __name__ == "__main__":
    PAGE.write_text(manual_page(), encoding="utf-8")
