"""The MCP server at ``/mcp`` of the service, over streamable HTTP: the same tools, the same queue and keys."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from .mcp import create_server
from .state import ServiceState

PATH = "/mcp"


def install(app: FastAPI, state: ServiceState) -> MCPServer[Any]:
    """Add ``/mcp`` to ``app``. What is returned must be run while the app is (see ``running``).

    Each request stands alone: nothing of a client is kept between them, so nothing is lost when the service is
    started again. Who asks, from which site and under which name is checked for the whole app.
    """
    server = create_server(state.settings.home, state.searcher, lambda: state)
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    inner = server.streamable_http_app(streamable_http_path=PATH, stateless_http=True, transport_security=unchecked)
    app.router.routes.extend(inner.routes)
    return server


def running(server: MCPServer[Any]) -> AbstractAsyncContextManager[None]:
    """What the app's life must be wrapped in. Can be entered once."""
    return server.session_manager.run()
