"""``quarry serve`` and ``quarry mcp``."""

from __future__ import annotations

import gc
import socket
import threading
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .state import ServiceState


@click.command()
@click.option("--host", help="Address to listen on; by default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; by default 8000, 0 for any free one.")
@click.option("--model", help="Model to answer with, as provider/name; by default what QUARRY_MODEL says.")
def serve(host: str | None, port: int | None, model: str | None) -> None:
    """Serve the indexed repositories over HTTP."""
    import uvicorn

    from .app import create_app
    from .auth import check_keys
    from .logs import configure_logging
    from .settings import ApiSettings
    from .shutdown import DrainingServer

    given = {"host": host, "port": port, "model": model}
    settings = ApiSettings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    listener = _listen(settings.host, settings.port)
    configure_logging(settings)
    app = create_app(settings)
    check_keys(settings, app.state.quarry)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{listener.getsockname()[1]}"
    threading.Thread(target=_announce, args=(app.state.quarry, address), daemon=True).start()
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    server = DrainingServer(config, app.state.quarry.queue, settings.shutdown_seconds)
    server.run(sockets=[listener])


@click.command()
def mcp() -> None:
    """Let an editor or agent search, read and ask what is indexed: an MCP server on standard input and output."""
    from assistant.search import Searcher

    from .mcp import create_server
    from .settings import ApiSettings

    settings = ApiSettings()
    searcher = Searcher(settings.home)
    opened: list[ServiceState] = []

    def open_state() -> ServiceState:
        from .state import ServiceState

        if not opened:
            opened.append(ServiceState(settings, searcher=searcher))
        return opened[0]

    try:
        create_server(settings.home, searcher, open_state).run("stdio")
    finally:
        for state in opened:
            state.close()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything else is started, so that a taken port is one clear line."""
    from indexer.errors import InputError

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InputError(
            f"Cannot listen on {host}:{port} ({error.strerror}): stop what is there, or choose another port by --port "
            "or QUARRY_PORT."
        ) from error


def _announce(state: object, address: str) -> None:
    """Load the model beside the server, then print a line that can be copied."""
    from indexer.errors import QuarryError
    from indexer.overview import describe_repositories

    from .state import ServiceState

    assert isinstance(state, ServiceState)
    try:
        _calm_collector()
        repositories = [known for known in describe_repositories(state.settings.home) if known.refs]
        repositories.sort(key=lambda repository: repository.refs[0].indexed_at, reverse=True)
        names = [repository.name for repository in repositories]
        what = ", ".join(names) or "nothing indexed yet"
        click.echo(f"Quarry serves on {address} ({what}): open it in a browser; API: {address}/docs")
        loaded = state.warm_up()
        _calm_collector()
        click.echo(f"loaded {loaded}; ask there, or with:\n")
    except QuarryError as error:
        click.echo(f"quarry: search works, but nothing can be asked: {error}", err=True)
        return
    name = names[0] if names else "NAME"
    key = " -H 'Authorization: Bearer KEY'" if state.settings.needs_keys else ""
    body = f'{{"repo": "{name}", "messages": [{{"role": "user", "content": "What does this project do?"}}]}}'
    click.echo(f"  curl -s {address}/chat -H 'Content-Type: application/json'{key} -d '{body}'\n")


def _calm_collector() -> None:
    """Keep Python's search for garbage off what stays: its full rounds held every stream up for 0.3 s, each 1.5 s.

    What is there by now is not looked at again, and full rounds become rare; nearly all garbage is young.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
