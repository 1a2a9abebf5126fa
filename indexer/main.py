"""The ``quarry`` command: finds its subcommands among the entry points and loads only the one that is called.

Here alone is an error turned into a line and an exit code: 1 for what went wrong, 2 for a wrong command
line, 130 for Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points

import click

from .errors import QuarryError
from .gitcommand import LEADING_ASTRAY


class _EntryPointGroup(click.Group):
    """A group whose commands are the entry points of ``quarry.commands``."""

    def _entries(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group="quarry.commands")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._entries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._entries().get(cmd_name)
        if entry is None:
            return None
        command = entry.load()
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_EntryPointGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="quarry-code", prog_name="quarry")
def quarry() -> None:
    """Ask questions about a codebase, on your own machine; measure how much retrieval helped."""


# Libraries that would report to somebody. What Quarry reads is the user's own: nothing leaves the machine.
_QUIET = {
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
}


def main() -> None:
    """Run the command line; the console script's entry."""
    os.environ.update(_QUIET)
    for name in LEADING_ASTRAY:  # a command asks the repository that it is given, also from a hook
        os.environ.pop(name, None)
    try:
        sys.exit(quarry.main(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except QuarryError as error:
        click.echo(f"quarry: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has gone, as in `quarry search ... | head`
        sys.stderr.close()
        sys.exit(0)
    except (OSError, ValueError) as error:
        line = _explain(error)
        if line is None:
            raise
        click.echo(f"quarry: {line}", err=True)
        sys.exit(1)


def _explain(error: OSError | ValueError) -> str | None:
    """A line for what the surroundings did wrong: a file or folder, or a setting; None for what is our own fault."""
    from pydantic import ValidationError

    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}. Is QUARRY_HOME a folder that can be written?"
    if isinstance(error, ValidationError) and error.title.endswith("Settings"):
        first = error.errors()[0]
        return f"QUARRY_{str(first['loc'][0]).upper()}: {first['msg']} (it is {first['input']!r})"
    return None
