"""The embedded engine with the real 0.5B: its key, its counts, its life and its death."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from assistant.errors import ChecksumMismatch, ModelUnavailable, UnknownModel
from assistant.models.catalogue import find_model
from assistant.models.download import model_path
from assistant.models.engine import EmbeddedEngine
from assistant.models.engine_build import EngineBuild
from assistant.models.providers import explain_model_error, open_provider
from assistant.models.timings import timings_of
from assistant.prompts import build_prompt
from assistant.settings import AssistantSettings

HEAD = build_prompt("", (), ())[:1]
QUESTION = [SystemMessage("Answer in one short sentence."), HumanMessage("What is a mutex?")]
LONG = [HumanMessage("Write a very long story about a database, with many chapters.")]


def key_of(engine) -> dict[str, str]:
    """The header that opens the engine."""
    return {"Authorization": f"Bearer {engine.api_key}"}


def is_generating(engine) -> bool:
    """Whether a request is being worked on."""
    slots = httpx.get(engine.url.removesuffix("/v1") + "/slots", headers=key_of(engine), timeout=20).json()
    return any(slot["is_processing"] for slot in slots)


def n_tokens_held(engine) -> int:
    """The longest prompt that a slot of the engine holds."""
    slots = httpx.get(engine.url.removesuffix("/v1") + "/slots", headers=key_of(engine), timeout=20).json()
    return max(slot.get("n_prompt_tokens", 0) for slot in slots)


def start_catching(engine, outcome: list[Exception]) -> None:
    """Start the engine and keep the error that this ends in."""
    try:
        engine.start()
    except ModelUnavailable as error:
        outcome.append(error)


def wait_until(condition, seconds: float = 5.0) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than a zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_nothing_is_imported_from_the_folder_that_it_is_called_in(model_home, tmp_path, monkeypatch):
    """People ask about a repository in its folder: its modules are text there, whatever they are called."""
    (tmp_path / "json.py").write_text("open('was-run', 'w')\nraise SystemExit('json of the repository')\n")
    (tmp_path / "assistant").mkdir()
    (tmp_path / "assistant/__init__.py").write_text("")
    monkeypatch.chdir(tmp_path)
    settings = AssistantSettings(home=model_home, engine_threads=1, window_tokens=512)
    provider = open_provider(settings, "embedded/qwen2.5-coder-0.5b", n_slots=1)
    try:
        assert provider.chat_model(max_tokens=1).invoke(QUESTION).usage_metadata["output_tokens"] == 1
    finally:
        provider.close()
    assert not (tmp_path / "was-run").exists()


def test_streams_an_answer_with_usage_and_reason(embedded):
    """A stream carries text in pieces, the server's token counts and the reason to finish."""
    pieces = list(embedded.chat_model(max_tokens=12).stream(QUESTION))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    assert len([piece for piece in pieces if piece.content]) > 3
    assert whole.usage_metadata["output_tokens"] == 12
    assert whole.response_metadata["finish_reason"] == "length"


def test_invoke_carries_the_same(embedded):
    """An answer in one piece carries usage and the reason to finish too."""
    answer = embedded.chat_model(max_tokens=4).invoke(QUESTION)
    assert answer.usage_metadata["output_tokens"] == 4
    assert answer.response_metadata["finish_reason"] == "length"


def test_counts_are_the_servers_own(embedded):
    """The exact count of a prompt is the number that the server then reports as read."""
    prompt = [*QUESTION, AIMessage("A lock."), HumanMessage("Näher? <|im_end|> `def f(): ...` 日本語 🦀")]
    counted = embedded.count_prompt(prompt)
    answer = embedded.chat_model(max_tokens=1).invoke(prompt)
    assert counted.exact and counted.n_tokens == answer.usage_metadata["input_tokens"]


def test_counts_are_the_same_once_it_is_warm(model_home):
    """A provider that has read the vocabulary counts as the engine does, without asking it."""
    settings = AssistantSettings(home=model_home, engine_threads=1, window_tokens=512)
    provider = open_provider(settings, "embedded/qwen2.5-coder-0.5b", n_slots=1)
    prompts = [
        QUESTION,
        QUESTION[1:],
        [*QUESTION, AIMessage("\n\nA lock."), HumanMessage(" Näher? <|im_end|> `def f(): ...` 日本語 🦀\n\n")],
        build_prompt("Why\tthis?\n", (), ()),
    ]
    texts = ["", "def f(x):", "\n\n  x = 1  # 12345\n\t<|im_start|>", "naïve 🦀 \ud800"]
    try:
        by_engine = (
            [provider.count_prompt(prompt) for prompt in prompts],
            [provider.count_text(text) for text in texts[:3]],
        )
        provider.check()
        assert wait_until(lambda: provider._knows_template, seconds=60)
        provider.engine.close()
        here = [provider.count_prompt(prompt) for prompt in prompts], [provider.count_text(text) for text in texts[:3]]
        assert here == by_engine
        assert provider.count_text(texts[3]).n_tokens > 0
    finally:
        provider.close()


def test_count_of_text_has_no_template(embedded):
    """A piece of text counts without the template's tokens, and nothing counts as nothing."""
    assert embedded.count_text("").n_tokens == 0
    assert embedded.count_text("def f(x):").n_tokens == 4


def test_prompt_beyond_the_window_is_an_error(embedded):
    """A prompt that does not fit is refused with a clear line, never cut."""
    chat = embedded.chat_model(max_tokens=4)
    with pytest.raises(Exception) as caught:
        chat.invoke([HumanMessage("word " * 3000)])
    explained = explain_model_error(caught.value, embedded)
    assert isinstance(explained, ModelUnavailable) and "exceeds the available context" in str(explained)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_wrong_key_is_refused(embedded, headers):
    """Another process on this machine, without the key, gets nothing from the port."""
    root = embedded.engine.url.removesuffix("/v1")
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1, "content": "x"}
    for path in ("/v1/chat/completions", "/completion", "/tokenize"):
        assert httpx.post(root + path, json=body, headers=headers).status_code == 401
    for path in ("/slots", "/metrics", "/props", "/v1/models"):
        assert httpx.get(root + path, headers=headers).status_code == 401


def test_key_is_not_in_the_process_list(embedded):
    """The key is in neither the command line nor the environment of the engine's process."""
    embedded.engine.ensure_running()
    process = Path(f"/proc/{embedded.engine.pid}")
    if not process.exists():
        pytest.skip("no /proc here")
    key = embedded.engine.api_key.encode()
    assert key not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()


def test_cancelled_task_stops_the_engine(embedded):
    """When the task that reads the stream is cancelled, the engine stops generating.

    The look at the engine blocks the loop on purpose: with a piece of the answer waiting, asyncio.wait_for of
    Python 3.11 would swallow the cancellation.
    """

    async def scene() -> None:
        started = asyncio.Event()

        async def read() -> None:
            async for _ in embedded.chat_model(max_tokens=1500).astream(LONG):
                started.set()

        task = asyncio.create_task(read())
        await asyncio.wait_for(started.wait(), 60)
        assert is_generating(embedded.engine)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError)

    asyncio.run(scene())
    assert wait_until(lambda: not is_generating(embedded.engine))


def test_closed_iteration_stops_the_engine(embedded):
    """When the async iterator is closed half-way, the engine stops generating."""

    async def scene() -> None:
        stream = embedded.chat_model(max_tokens=1500).astream(LONG)
        await anext(stream)
        await stream.aclose()
        for _ in range(100):  # the loop goes on, as a service's does
            if not await asyncio.to_thread(is_generating, embedded.engine):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("still generating")

    asyncio.run(scene())


def test_two_event_loops_one_after_the_other(embedded):
    """The same chat model serves a second event loop: no connection is kept from the first."""
    chat = embedded.chat_model(max_tokens=2)
    assert asyncio.run(chat.ainvoke(QUESTION)).content == asyncio.run(chat.ainvoke(QUESTION)).content


def test_dead_engine_is_explained_and_started_again(embedded):
    """An engine that is killed in mid-answer gives one clear error, and the next answer comes from a new one."""
    old = None
    with pytest.raises(Exception) as caught:
        for _ in embedded.chat_model(max_tokens=1500).stream(LONG):
            if old is None:
                old = embedded.engine.pid
                os.kill(old, signal.SIGKILL)
    explained = explain_model_error(caught.value, embedded)
    assert isinstance(explained, ModelUnavailable) and "\n" not in str(explained)
    assert embedded.chat_model(max_tokens=2).invoke(QUESTION).content
    assert embedded.engine.pid not in (None, old)


def test_engine_is_back_before_the_next_question(embedded):
    """An engine killed in mid-answer is loaded again although nobody asks, and its head is read again."""
    old = None
    with pytest.raises(Exception) as caught:
        for _ in embedded.chat_model(max_tokens=1500).stream(LONG):
            if old is None:
                old = embedded.engine.pid
                os.kill(old, signal.SIGKILL)
    assert isinstance(explain_model_error(caught.value, embedded), ModelUnavailable)
    assert wait_until(lambda: embedded.engine.pid not in (None, old), seconds=60)  # 2 s, on a machine that rests
    head_tokens = embedded.count_prompt(HEAD).n_tokens
    assert wait_until(lambda: n_tokens_held(embedded.engine) >= head_tokens, seconds=60)


@pytest.mark.parametrize(("seconds_between", "n_starts"), [(1.0, 2), (31.0, 5)])
def test_engine_that_dies_again_and_again_waits_for_a_question(tmp_path, monkeypatch, seconds_between, n_starts):
    """After the third death within a minute nothing is started any more; after deaths that are further apart it is."""
    engine = EmbeddedEngine(tmp_path / "any.gguf", window_tokens=512)
    starts: list[bool] = []
    clock = iter(range(100))
    monkeypatch.setattr(
        "assistant.models.engine.time", SimpleNamespace(monotonic=lambda: next(clock) * seconds_between)
    )
    monkeypatch.setattr(engine, "start", lambda: starts.append(True))
    for _ in range(5):
        engine._restart()
    assert len(starts) == n_starts


@pytest.mark.parametrize(
    ("ends", "is_compiled", "said", "is_way_back_told"),
    [
        ("os.kill(os.getpid(), signal.SIGILL)", True, "SIGILL ended it (its last words: it loads)", True),
        ("os.kill(os.getpid(), signal.SIGILL)", False, "SIGILL ended it (its last words: it loads)", False),
        ("os.kill(os.getpid(), signal.SIGKILL)", True, "SIGKILL ended it", False),
        ("raise ImportError('GLIBC_2.38 not found')", True, "ImportError: GLIBC_2.38 not found", True),
        ("sys.exit('no tensors')", True, "no tensors", False),
    ],
)
def test_engine_of_another_machine_names_the_way_back(tmp_path, monkeypatch, ends, is_compiled, said, is_way_back_told):
    """It dies of an instruction, or lacks a library. What lacks memory, or is no model, is another case."""
    script = f"import os, signal, sys; print('it loads', file=sys.stderr, flush=True); {ends}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    build = EngineBuild("2026.10.1", is_compiled, "abc")
    monkeypatch.setattr("assistant.models.engine.verify_file", lambda path: None)
    monkeypatch.setattr("assistant.models.engine.read_engine_build", lambda: build)
    engine = EmbeddedEngine(tmp_path / "any.gguf", window_tokens=512)
    monkeypatch.setattr(engine, "_spawn", lambda: subprocess.Popen([sys.executable, "-c", script], **pipes))
    with pytest.raises(ModelUnavailable) as caught:
        engine.start()
    message = str(caught.value)
    assert message.startswith(f"the engine cannot load any.gguf: {said}")
    assert message.endswith(f"put the prebuilt one back: {build.restore_command}") == is_way_back_told


def test_engine_that_was_closed_stays_closed(model_home):
    """Closing is no death: nothing is started again, also when it is closed while it loads."""
    path = model_path(model_home, find_model("qwen2.5-coder-0.5b"))
    others = set(threading.enumerate())
    for state in ("loaded", "loading"):
        engine = EmbeddedEngine(path, window_tokens=512, threads=1)
        if state == "loaded":
            engine.start()
        else:
            outcome: list[Exception] = []
            loading = threading.Thread(target=lambda engine=engine, outcome=outcome: start_catching(engine, outcome))
            loading.start()
            assert wait_until(lambda engine=engine: engine._process is not None)
        process = engine._process
        engine.close()
        assert process.poll() is not None
        if state == "loading":
            loading.join()
            assert [type(error) for error in outcome] == [ModelUnavailable]
        # Whoever sees to an engine goes when it has ended; one that started another would stay with that.
        try:
            assert wait_until(lambda: not [t for t in set(threading.enumerate()) - others if t.name == "quarry-engine"])
            assert engine._process is None
        finally:
            engine._stop()


def test_head_of_the_prompts_is_read_before_the_first_question(model_home):
    """After ``check`` the first question in each slot finds the prompts' fixed head in the cache."""
    settings = AssistantSettings(home=model_home, engine_threads=1, window_tokens=1024)
    provider = open_provider(settings, "embedded/qwen2.5-coder-0.5b", n_slots=2)
    try:
        provider.engine.ensure_running()
        provider.warm_up()
        head_tokens = provider.count_prompt(HEAD).n_tokens
        # What follows the head makes them differ by more than llama.cpp takes for the same conversation.
        for word in ("mutex ", "semaphore "):
            answer = provider.chat_model(max_tokens=1).invoke([*HEAD, HumanMessage(word * 400)])
            assert timings_of(answer).n_cached >= head_tokens - 5  # the template's opening of an answer
    finally:
        provider.close()


def test_speculation_guesses_what_the_prompt_says(model_home):
    """With speculation a text that repeats the prompt is guessed, and most guesses are right."""
    settings = AssistantSettings(home=model_home, engine_threads=1, window_tokens=1024, engine_speculation="ngram-mod")
    provider = open_provider(settings, "embedded/qwen2.5-coder-0.5b", n_slots=1)
    lines = "\n".join(f"def get_{name}(self): return self._{name}" for name in ("alpha", "beta", "gamma", "delta") * 4)
    try:
        answer = provider.chat_model(max_tokens=150).invoke([HumanMessage(f"Copy this code unchanged:\n{lines}")])
    finally:
        provider.close()
    timings = timings_of(answer)
    assert timings.n_drafted > 0 and timings.n_accepted > timings.n_drafted / 2


def test_ctrl_c_is_not_the_engines(embedded):
    """An interrupt from the terminal, which reaches the whole process group, leaves the engine running."""
    embedded.engine.ensure_running()
    pid = embedded.engine.pid
    os.kill(pid, signal.SIGINT)
    assert not wait_until(lambda: not is_running(pid), seconds=0.5)


def test_engine_outlives_the_thread_that_started_it(model_home):
    """An engine started by a worker's thread goes on when that thread has ended."""
    engine = EmbeddedEngine(model_path(model_home, find_model("qwen2.5-coder-0.5b")), window_tokens=512, threads=1)
    thread = threading.Thread(target=engine.start)
    thread.start()
    thread.join()
    try:
        assert not wait_until(lambda: not engine.alive, seconds=0.5)
    finally:
        engine.close()
    assert not engine.alive


def test_answers_do_not_depend_on_earlier_ones_if_asked(model_home):
    """Without prompt reuse the same prompt gives the same answer, whatever was asked in between."""
    quick = {"engine_slots": 3, "engine_speculation": "ngram-mod"}  # what the settings say for users does not count
    settings = AssistantSettings(home=model_home, engine_threads=1, window_tokens=512, **quick)
    provider = open_provider(settings, "embedded/qwen2.5-coder-0.5b", reuse_prompts=False)
    props = httpx.get(provider.engine.url.removesuffix("/v1") + "/props", headers=key_of(provider.engine), timeout=20)
    chat = provider.chat_model(max_tokens=24)
    prompts = [QUESTION, [*QUESTION[:1], HumanMessage("What is a semaphore?")], QUESTION, QUESTION]
    answers = [chat.invoke(prompt) for prompt in prompts]
    provider.close()
    assert props.json()["total_slots"] == 1
    assert props.json()["default_generation_settings"]["params"]["speculative.types"] == "none"
    assert answers[0].content == answers[2].content == answers[3].content
    assert [answer.usage_metadata["input_token_details"].get("cache_read") for answer in answers] == [0] * 4


def test_common_beginning_is_not_read_twice(embedded):
    """A prompt that was asked before costs next to nothing to read again."""
    prompt = [HumanMessage("Explain: " + "def f(x): return x + 1\n" * 20)]
    chat = embedded.chat_model(max_tokens=1)
    n_tokens = chat.invoke(prompt).usage_metadata["input_tokens"]
    assert chat.invoke(prompt).usage_metadata["input_token_details"]["cache_read"] >= n_tokens - 1


def test_several_slots_each_have_the_whole_window(model_home):
    """Two requests run at once, and each may be as long as the window says."""
    settings = AssistantSettings(home=model_home, engine_threads=1, window_tokens=512)
    provider = open_provider(settings, "embedded/qwen2.5-coder-0.5b", n_slots=2)
    root = provider.engine.url.removesuffix("/v1")
    slots = httpx.get(root + "/slots", headers=key_of(provider.engine), timeout=20).json()
    provider.close()
    assert [slot["n_ctx"] for slot in slots] == [512, 512]


PARENT = """
import sys, time, subprocess
from pathlib import Path
from assistant.models.engine import EmbeddedEngine
from assistant.models.engine_build import EngineBuild
engine = EmbeddedEngine(Path(sys.argv[1]), window_tokens=512, threads=1).start()
# A sibling that lives on: were the pipe inheritable, it would hold the engine's stdin open.
sibling = subprocess.Popen(["sleep", "30"], close_fds=False)
print(engine.pid, sibling.pid, flush=True)
if sys.argv[2] == "raise":
    raise SystemExit("over")
time.sleep(60)
"""


@pytest.mark.parametrize("end", ["kill", "raise"])
def test_engine_dies_with_its_parent(model_home, end):
    """Whether the parent is killed with -9 or ends by an error, its engine is gone within seconds."""
    path = model_path(model_home, find_model("qwen2.5-coder-0.5b"))
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", PARENT, str(path), end]
    parent = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    sibling_pid = None
    try:
        engine_pid, sibling_pid = map(int, parent.stdout.readline().split())
        assert is_running(engine_pid) or end == "raise"
        if end == "kill":
            parent.kill()
        parent.wait(10)
        assert is_running(sibling_pid)
        assert wait_until(lambda: not is_running(engine_pid))
    finally:
        parent.kill()
        parent.stdout.close()
        if sibling_pid is not None:
            os.kill(sibling_pid, signal.SIGKILL)


def test_end_of_stdin_alone_ends_the_engine(model_home):
    """Without the kernel's death signal (as on other systems) the end of stdin is enough."""
    engine = EmbeddedEngine(model_path(model_home, find_model("qwen2.5-coder-0.5b")), window_tokens=512, threads=1)
    with engine:
        pid = engine.pid
        engine._process.stdin.close()
        assert wait_until(lambda: not is_running(pid))


def test_wrong_file_is_not_loaded(tmp_path):
    """A file under a catalogue name but with another content is refused before any process starts."""
    path = tmp_path / "models" / find_model("qwen2.5-coder-0.5b").file_name
    path.parent.mkdir()
    path.write_bytes(b"GGUF, or so it says")
    with pytest.raises(ChecksumMismatch):
        EmbeddedEngine(path, window_tokens=512).start()
    with pytest.raises(UnknownModel):
        EmbeddedEngine(tmp_path / "other.gguf", window_tokens=512).start()


def test_too_slow_start_is_said(model_home):
    """An engine that does not load in time is ended, and the line says which setting to change."""
    path = model_path(model_home, find_model("qwen2.5-coder-0.5b"))
    engine = EmbeddedEngine(path, window_tokens=512, threads=1, start_seconds=0.01)
    with pytest.raises(ModelUnavailable, match="QUARRY_ENGINE_START_SECONDS"):
        engine.start()
    assert not engine.alive
