"""The embedded engine's own process: llama.cpp's server from the xllamacpp wheel. Run by ``engine.py`` only.

Protocol: one line of JSON (the options, the key among them) on stdin, one line of JSON (the port) on stdout,
llama.cpp's log on stderr. Stdin then stays open for as long as the parent lives: its end is the order to exit,
and the kernel gives that order however the parent ended. The only module that imports xllamacpp.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOG_WARNINGS = 2  # llama.cpp's verbosity: at 3 every request writes several lines


def main() -> None:
    """Load the model, say the port, and stay for as long as the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the parent's to handle
    options = json.loads(sys.stdin.buffer.readline())
    _end_with_parent(int(options["parent_pid"]))
    # Whatever a library prints must not be taken for the answer: stdout becomes stderr, and we keep the original.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = _start_server(options)
    port = urlsplit(server.listening_address).port
    print(json.dumps({"port": port}), file=answer, flush=True)
    answer.close()
    threading.Event().wait()


def _end_with_parent(parent_pid: int) -> None:
    """Exit at once when stdin ends. On Linux the kernel's own signal stands behind it, for forked siblings that
    might hold the pipe open (the parent starts us from a thread that lives as long as we do: see engine.py)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it ended before the line above
            os._exit(0)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _start_server(options: dict[str, Any]) -> Any:
    import xllamacpp as _xllamacpp

    xllamacpp: Any = _xllamacpp  # its names come from a compiled module and have no types
    params = xllamacpp.CommonParams()
    params.model.path = options["path"]
    params.model_alias = {options["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [options["api_key"]]
    params.n_parallel = options["n_slots"]
    params.n_ctx = options["window_tokens"] * options["n_slots"]  # llama.cpp divides it among the slots
    params.cpuparams.n_threads = options["threads"]
    params.cpuparams_batch.n_threads = options["threads"]
    params.cpuparams.poll = options["poll"]
    params.cpuparams_batch.poll = options["poll"]
    params.cache_prompt = options["cache_prompt"]
    params.n_cache_reuse = options["cache_reuse_tokens"]
    params.cache_ram_mib = options["cache_ram_mib"]
    params.n_batch = params.n_ubatch = options["batch_tokens"]
    params.speculative.types = [_speculation_type(xllamacpp, options["speculation"])]
    params.fit_params = False  # it would change what was asked for, silently
    params.endpoint_metrics = True
    params.ui = False
    params.offline = True
    params.verbosity = _LOG_WARNINGS
    return xllamacpp.Server(params)


def _speculation_type(xllamacpp: Any, name: str) -> Any:
    """``ngram-mod`` as llama.cpp's ``COMMON_SPECULATIVE_TYPE_NGRAM_MOD``."""
    return getattr(xllamacpp.common_speculative_type, f"COMMON_SPECULATIVE_TYPE_{name.upper().replace('-', '_')}")


if __name__ == "__main__":
    main()
