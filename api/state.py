"""What the routes share: settings, search, jobs, and the assistant with its model, opened when first needed."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, cast

from fastapi import Depends, Request

from assistant.answer import Assistant
from assistant.conversations.sessions import SessionStore
from assistant.freshness import FreshnessMonitor
from assistant.models.engine import EmbeddedEngine
from assistant.models.providers import Provider, open_provider
from assistant.search import Searcher

from .jobs import JobQueue
from .keys import KeyStore
from .limits import RateLimiter
from .metrics import Metrics
from .queue import ModelQueue
from .settings import ApiSettings
from .votes import BallotBox, VoteBook

_DEFAULT_SLOTS = 4  # of servers that others run: they queue for themselves, too


class ServiceState:
    """One per service. ``provider`` can be given, and stays its giver's; else the settings say which model to open.

    ``searcher`` is one of the same home that has its indexes open already.
    """

    def __init__(
        self, settings: ApiSettings, provider: Provider | None = None, searcher: Searcher | None = None
    ) -> None:
        self.settings = settings
        self.searcher = searcher or Searcher(settings.home)
        self.freshness = FreshnessMonitor()  # for lists: a search has its own, and waits behind no list
        self.jobs = JobQueue(settings)
        self.keys = KeyStore(settings.home)
        self.sessions = SessionStore(settings)
        self.votes, self.ballots = VoteBook(settings.home), BallotBox()
        self.rates = RateLimiter()
        self.queue = ModelQueue(settings.model_slots or _DEFAULT_SLOTS, settings.queue_length)
        self.metrics = Metrics(self.queue, self.jobs)
        self._provider, self._owns_provider = provider, provider is None
        self._assistant: Assistant | None = None
        self._lock = threading.Lock()
        self._warming: asyncio.Future[str] | None = None
        self._is_warm = False

    def assistant(self) -> Assistant:
        """The assistant; opens the model at the first call. Raises ModelError, and tries again at the next call."""
        with self._lock:
            if self._assistant is None:
                if self._provider is None:
                    self._provider = open_provider(self.settings)
                self.queue.n_slots = self.settings.model_slots or _slots_of(self._provider)
                self._assistant = Assistant(self.settings, self._provider, self.searcher)
            return self._assistant

    async def ready_assistant(self) -> Assistant:
        """``assistant`` with its model loaded. All that come before wait together, and leave the other threads free."""
        if not self._is_warm:
            await self.ready()
        return self.assistant()

    def warm_up(self) -> str:
        """Open the model, have it load, and see that it answers; returns its name. Raises ModelError."""
        self.assistant()
        provider = cast(Provider, self._provider)
        provider.check()
        self._is_warm = True
        return provider.model

    async def ready(self) -> str:
        """``warm_up``, on one thread for all that wait for it: a model may load for minutes."""
        if self._warming is None or self._warming.done():
            self._warming = asyncio.ensure_future(asyncio.to_thread(self.warm_up))
        return await asyncio.shield(self._warming)

    def close(self) -> None:
        """End the jobs, and the model if it was opened here."""
        self.jobs.close()
        self.keys.close()
        self.sessions.close()
        with self._lock:
            if self._provider is not None and self._owns_provider:
                self._provider.close()


def _slots_of(provider: Provider) -> int:
    """How many requests the provider's engine answers at once."""
    engine = getattr(provider, "engine", None)
    return engine.n_slots if isinstance(engine, EmbeddedEngine) else _DEFAULT_SLOTS


async def _state(request: Request) -> ServiceState:
    return cast(ServiceState, request.app.state.quarry)


State = Annotated[ServiceState, Depends(_state)]
