"""The embedded engine: llama.cpp as a supervised child process with a key of its own.

It listens on loopback only, at a port the kernel picks, and answers nobody without its key. It ends when its
parent does, however the parent ends, and is started again as soon as it died. What it says is kept in memory (the
last lines) and goes to the log ``quarry.engine``.
"""

from __future__ import annotations

import collections
import contextlib
import http.client
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from assistant.errors import ModelError, ModelUnavailable
from assistant.models.download import verify_file
from assistant.models.engine_build import read_engine_build
from assistant.models.machine import free_cores
from assistant.settings import Speculation

logger = logging.getLogger("quarry.engine")

# The shortest run of tokens that is taken over from an earlier prompt although what stood before it changed. With
# three passages in another order a third of 1,331 tokens came over, with 64 as with 256. Longer runs only: what is
# taken over was read in its old place, and the shorter it is, the more that matters.
_CACHE_REUSE_TOKENS = 256
_CACHE_RAM_MIB = 512  # former prompts kept for another turn; llama.cpp's 8,192 would fill a small machine
# Most tokens of a prompt that are read at a stretch where several answers are written: the others' next tokens wait
# for it, at 512 for 3 to 6 s on two cores. Shorter stretches read as fast (see docs/models.md).
_SHARED_BATCH_TOKENS = 128
_BATCH_TOKENS = 512  # llama.cpp's own, for one answer at a time
_MAX_DEATHS, _DEATHS_SECONDS = 3, 60.0  # an engine that dies so often within that time waits for the next question
_POLL = 0  # no busy waiting: it gains nothing that we could measure and takes time from whatever else runs
_KEPT_LOG_LINES = 40
# What an engine dies of that was compiled for a processor with more instructions.
_SIGNALS_OF_ANOTHER_MACHINE = {signal.SIGILL, signal.SIGSEGV, signal.SIGABRT}
_ERROR_MARK = " E "  # how llama.cpp marks an error between time and text
_HEALTH_SECONDS = 2.0
_LOG_SECONDS = 1.0
_CLOSE_SECONDS = 5.0  # an engine that is told to go goes at once; this is for a machine that swaps


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What an engine does to be quick. ``PLAIN`` is an engine without any of it, for measurements.

    ``n_slots`` answers are written at once, each with the whole window. ``prefix_cache`` keeps what earlier prompts
    began with, ``cache_reuse`` takes over runs of them that stand elsewhere in a new one, ``speculation`` guesses
    tokens and has the model check them several at a time. Each spares most of some wait, and lets an answer depend, in
    the last digits of its arithmetic, on what was asked before or beside it.
    """

    n_slots: int = 1
    prefix_cache: bool = True
    cache_reuse: bool = False  # nothing came over in 20 real conversations, beyond what the prefix cache has
    speculation: Speculation = "none"


PLAIN = EngineOptions(n_slots=1, prefix_cache=False, cache_reuse=False, speculation="none")


class EmbeddedEngine:
    """One model in one child process. Thread-safe; nothing runs before ``start`` or ``ensure_running``.

    ``window_tokens`` is the window of each request that may run at once. The file is verified before every start.
    ``threads`` unset means the cores that are free when it starts. An engine that was running and died is started
    again at once, in the background; ``on_restart`` is called then, on that background thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        window_tokens: int,
        threads: int | None = None,
        options: EngineOptions = EngineOptions(),
        start_seconds: float = 120.0,
        alias: str | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        self.path = path
        self.window_tokens = window_tokens
        self.n_slots = options.n_slots
        self.api_key = secrets.token_urlsafe(32)
        self._threads = threads
        self._options: dict[str, object] = {
            "path": str(path),
            "alias": alias or path.stem,
            "window_tokens": window_tokens,
            "n_slots": options.n_slots,
            "poll": _POLL,
            "batch_tokens": _SHARED_BATCH_TOKENS if options.n_slots > 1 else _BATCH_TOKENS,
            "cache_prompt": options.prefix_cache,
            "cache_reuse_tokens": _CACHE_REUSE_TOKENS if options.cache_reuse else 0,
            "cache_ram_mib": _CACHE_RAM_MIB if options.prefix_cache else 0,
            "speculation": options.speculation,
            "api_key": self.api_key,
        }
        self._start_seconds = start_seconds
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._port: int | None = None
        self._log: collections.deque[str] = collections.deque(maxlen=_KEPT_LOG_LINES)
        self._on_restart = on_restart
        self._deaths: collections.deque[float] = collections.deque(maxlen=_MAX_DEATHS)
        self._closed = False

    @property
    def url(self) -> str:
        """Base of the OpenAI-style API, ending in ``/v1``. Starts the engine if it was not started yet."""
        if not self.alive:
            self.start()
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def alive(self) -> bool:
        """Whether the process runs and has loaded its model."""
        process = self._process
        return process is not None and self._port is not None and process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the running engine."""
        return self._process.pid if self._process is not None and self.alive else None

    def start(self) -> Self:
        """Load the model; does nothing if it runs. Raises ``ModelUnavailable``, or what ``verify_file`` raises."""
        with self._lock:
            if self._closed:
                raise ModelUnavailable("the engine was closed: open the provider again")
            if not self.alive:
                self._stop()
                verify_file(self.path)
                self._start_process()
        return self

    def ensure_running(self) -> None:
        """Start the engine, or start it again if it died. A round trip of a millisecond while it runs."""
        with self._lock:
            if self.alive and not self._answers():
                self._stop()  # a killed process keeps its port until its memory is given back
            self.start()

    def close(self) -> None:
        """End the process. The engine cannot be started again."""
        self._closed = True
        process = self._process
        if process is not None:  # one that is loading is not waited for: whoever loads it holds the lock
            _order_exit(process)
        with self._lock:
            self._stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answers(self) -> bool:
        """Whether somebody accepts requests at the port. One that is only slow does."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_HEALTH_SECONDS)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except TimeoutError:
            return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _start_process(self) -> None:
        started_at = time.monotonic()
        self._log.clear()
        loaded = threading.Event()
        # The kernel ends the child with the *thread* that started it (PR_SET_PDEATHSIG), so it must not be a
        # worker's thread that goes when it has nothing to do: it gets a thread that stays until the child ends.
        threading.Thread(target=self._supervise, args=(loaded,), name="quarry-engine", daemon=True).start()
        in_time = loaded.wait(self._start_seconds)
        if self.alive:
            logger.info("engine of %s loaded in %.1f s", self.path.name, time.monotonic() - started_at)
            return
        if self._closed:
            raise ModelUnavailable("the engine was closed while it loaded: open the provider again")
        said = self._last_words()
        code = self._process.poll() if self._process is not None else None
        self._stop()
        if in_time:
            raise ModelUnavailable(f"the engine cannot load {self.path.name}: {_describe_end(code, said)}")
        raise ModelUnavailable(
            f"the engine did not load {self.path.name} within {self._start_seconds:g} s (last words: {said}): set "
            "QUARRY_ENGINE_START_SECONDS higher, or QUARRY_MODEL to a smaller model"
        )

    def _supervise(self, loaded: threading.Event) -> None:
        """Start the child, hand over its options, wait for its port, then wait for its end, and start the next one."""
        try:
            process = self._spawn()
        except OSError as error:
            self._log.append(f"{error}")
            loaded.set()
            return
        self._process = process
        if self._closed:
            _order_exit(process)
        assert process.stdin and process.stdout and process.stderr
        log = threading.Thread(target=self._keep_log, args=(process,), name="quarry-engine-log", daemon=True)
        log.start()
        options = self._options | {"threads": self._threads or free_cores(), "parent_pid": os.getpid()}
        try:
            process.stdin.write(json.dumps(options).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if answer:
                self._port = int(json.loads(answer)["port"])
        except (OSError, ValueError):  # it died meanwhile; its log says why
            process.kill()
        if self._port is None:
            process.wait()
            log.join(_LOG_SECONDS)  # its last words
        loaded.set()
        code = process.wait()
        process.stdout.close()
        logger.info("engine of %s ended with code %s", self.path.name, code)
        if self._process is process and self._port is not None and not self._closed:
            self._restart()

    def _restart(self) -> None:
        """It was loaded, and nobody ended it on purpose: have the next one ready before somebody asks."""
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) == _MAX_DEATHS and now - self._deaths[0] < _DEATHS_SECONDS:
            logger.warning("the engine of %s dies again and again: the next question starts it", self.path.name)
            return
        logger.warning("the engine of %s died and is started again", self.path.name)
        try:
            self.start()
            if self._on_restart is not None:
                self._on_restart()
        except ModelError as error:  # whoever asks next is told
            logger.warning("the engine of %s did not come back: %s", self.path.name, error)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # The pipes' ends are non-inheritable here, so no other child of ours can keep stdin open (PEP 446).
        # -P: the folder that we are called in, often a repository of somebody's, must not be imported from.
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "assistant.models.engine_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        )

    def _keep_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr
        with process.stderr:
            for raw in process.stderr:
                line = raw.decode(errors="replace").strip()
                if line:
                    self._log.append(line)
                    logger.debug("%s", line)

    def _last_words(self) -> str:
        """The first error in its log: those that follow only say that there was one."""
        lines = [line for line in self._log if _ERROR_MARK in line] or list(self._log)[-1:]
        return lines[0] if lines else "it said nothing"

    def _stop(self) -> None:
        process, self._process, self._port = self._process, None, None
        if process is None:
            return
        _order_exit(process)
        try:
            process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _describe_end(code: int | None, said: str) -> str:
    """Why it ended while it loaded. ``code`` is the exit code, the negative signal, or None if it never ran."""
    died_of = -code if code is not None and code < 0 else 0
    if died_of:
        said = f"{signal.Signals(died_of).name} ended it (its last words: {said})"
    build = read_engine_build()
    if build.is_compiled_here and (died_of in _SIGNALS_OF_ANOTHER_MACHINE or "ImportError" in said):
        said += f". If it was compiled on another machine, put the prebuilt one back: {build.restore_command}"
    return said


def _order_exit(process: subprocess.Popen[bytes]) -> None:
    """The end of its standard input is the child's order to exit, loading or loaded."""
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()


def _environment() -> dict[str, str]:
    """Ours, with the folder of this package in front: the child must find it wherever it was started from."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
