"""What the routes share: settings, search, jobs, and the assistant with its model, opened when first needed."""

from __future__ import annotations

import threading
from typing import Annotated, cast

from fastapi import Depends, Request

from assistant.answer import Assistant
from assistant.models.providers import Provider, open_provider
from assistant.search import Searcher

from .jobs import JobQueue
from .settings import ApiSettings


class ServiceState:
    """One per service. ``provider`` can be given, for tests; else the settings say which model to open."""

    def __init__(self, settings: ApiSettings, provider: Provider | None = None) -> None:
        self.settings = settings
        self.searcher = Searcher(settings.home)
        self.jobs = JobQueue(settings)
        self._provider = provider
        self._assistant: Assistant | None = None
        self._lock = threading.Lock()

    def assistant(self) -> Assistant:
        """The assistant; opens the model at the first call. Raises ModelError, and tries again at the next call."""
        with self._lock:
            if self._assistant is None:
                if self._provider is None:
                    self._provider = open_provider(self.settings)
                self._assistant = Assistant(self.settings, self._provider, self.searcher)
            return self._assistant

    def warm_up(self) -> str:
        """Open the model, have it load, and see that it answers; returns its name. Raises ModelError."""
        self.assistant()
        provider = cast(Provider, self._provider)
        provider.check()
        return provider.model

    def close(self) -> None:
        """End the jobs and the model."""
        self.jobs.close()
        with self._lock:
            if self._provider is not None:
                self._provider.close()


def _state(request: Request) -> ServiceState:
    return cast(ServiceState, request.app.state.quarry)


State = Annotated[ServiceState, Depends(_state)]
