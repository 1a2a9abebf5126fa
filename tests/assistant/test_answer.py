"""``Assistant`` over a real index, with a stand-in for the model: what is sent, streamed, counted and ended."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, AsyncCallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda

from assistant.answer import Assistant
from assistant.errors import ModelError, ModelUnavailable, PromptTooLong
from assistant.events import AnswerDone, AskRequest, CitationFound, PassagesFound, TokenGenerated
from assistant.grounding.grounder import IndexedCode
from assistant.prompts import format_passages
from assistant.records import Answer, Message, TokenCount
from assistant.serialise import answer_as_json
from assistant.settings import AssistantSettings
from indexer.errors import InputError, UnknownRepository

Make = Callable[..., Any]
TAX = AskRequest("project", [Message("user", "how is tax computed?")])


class FixedChat(BaseChatModel):
    """Streams the same tokens for every prompt; fails after ``fails_after`` of them; notes when it is closed."""

    tokens: list[str]
    fails_after: int | None = None
    asked: list[list[BaseMessage]] = []
    n_closed: list[int] = []

    @property
    def _llm_type(self) -> str:
        return "fixed"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        self.asked.append(messages)
        try:
            for number, token in enumerate(self.tokens):
                if number == self.fails_after:
                    raise ConnectionResetError("peer went away")
                yield ChatGenerationChunk(message=AIMessageChunk(token))
                await asyncio.sleep(0)
            usage = {"input_tokens": 11, "output_tokens": len(self.tokens), "total_tokens": 11 + len(self.tokens)}
            last = AIMessageChunk("", usage_metadata=usage, response_metadata={"finish_reason": "length"})
            yield ChatGenerationChunk(message=last)
        finally:
            self.n_closed.append(1)


class WordProvider:
    """A provider whose tokens are words, and four for each message."""

    model = "embedded/fixed"

    def __init__(self, window_tokens: int = 2000, fails_after: int | None = None) -> None:
        self.window_tokens = window_tokens
        self.chat = FixedChat(tokens=["It ", "is ", "so."], fails_after=fails_after, asked=[], n_closed=[])

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        """The chat that streams fixed tokens."""
        return self.chat

    def count_text(self, text: str) -> TokenCount:
        """A token a word."""
        return TokenCount(len(text.split()), exact=True)

    def check(self) -> None:
        pass

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """The words of all messages and four a message."""
        return TokenCount(sum(len(str(message.content).split()) + 4 for message in messages), exact=True)

    def close(self) -> None:
        """Nothing was started."""


@pytest.fixture(scope="module")
def indexed_home(make_repo: Make, make_home: Callable[[], Path], build: Make) -> Path:
    """A home with a repository of three functions."""
    names = ["create_invoice", "compute_tax", "check_password"]
    texts = {n: f"def {n}(value):\n" + "\n".join(f"    {n}_{i} = value + {i}" for i in range(15)) + "\n" for n in names}
    home = make_home()
    build(home, make_repo({f"{name}.py": text for name, text in texts.items()}).path)
    return home


def assistant(home: Path, provider: WordProvider, **changes: Any) -> Assistant:
    """An assistant with a cap of 100 tokens on answers."""
    return Assistant(AssistantSettings(home=home, **({"max_answer_tokens": 100} | changes)), provider)


def ask(home: Path, provider: WordProvider, question: str = "how is tax computed?", **fields: Any) -> Answer:
    """The whole answer to one question."""
    messages = [*fields.pop("history", []), Message("user", question)]
    changes = fields.pop("changes", {})
    return asyncio.run(assistant(home, provider, **changes).answer(AskRequest("project", messages, **fields)))


def test_a_stream_is_passages_tokens_and_the_answer(indexed_home: Path) -> None:
    """Passages come first, then each token, then an answer that holds all of it."""

    async def collect() -> list[Any]:
        request = AskRequest("project", [Message("user", "how is tax computed?")])
        return [event async for event in assistant(indexed_home, WordProvider()).stream(request)]

    first, *tokens, last = asyncio.run(collect())
    assert isinstance(first, PassagesFound)
    assert isinstance(last, AnswerDone)
    # White space is held back until it is clear that no citation follows.
    assert tokens == [TokenGenerated("It"), TokenGenerated(" is"), TokenGenerated(" so.")]
    assert first.passages[0].path == "compute_tax.py"
    answer = last.answer
    assert (answer.text, answer.passages, answer.model) == ("It is so.", first.passages, "embedded/fixed")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.finish_reason) == (11, 3, "length")
    assert set(answer.timings_ms) == {"retrieval", "prompt", "first_token", "total"}
    assert answer.timings_ms["total"] >= answer.timings_ms["retrieval"] > 0


def test_the_prompt_is_kept_as_it_was_sent(indexed_home: Path) -> None:
    """What an answer calls its messages is what the model got, and its count is the prompt's."""
    provider = WordProvider()
    answer = ask(indexed_home, provider)
    (sent,) = provider.chat.asked
    assert [message.content for message in answer.messages] == [message.content for message in sent]
    assert answer.trace.prompt_tokens == provider.count_prompt(sent)
    assert format_passages(answer.passages) in str(sent[-1].content)


def test_the_json_of_an_answer_names_its_sources(indexed_home: Path) -> None:
    """Sources carry repository, commit, path and lines; usage holds the context's tokens."""
    value = answer_as_json(ask(indexed_home, WordProvider()))
    assert list(value)[:4] == ["answer", "sources", "citations", "n_citations_removed"]
    assert list(value)[-3:] == ["left_out", "n_turns_left_out", "trace"]
    assert list(value["sources"][0]) == ["repo", "ref", "commit", "path", "start_line", "end_line"]
    assert value["usage"].keys() == {"prompt_tokens", "completion_tokens", "context_tokens", "is_estimate"}


def test_without_retrieval_no_code_is_sent(indexed_home: Path) -> None:
    """Retrieval off: no passage, no code in the prompt, and no repository is needed."""
    provider = WordProvider()
    answer = ask(indexed_home, provider, retrieval=False)
    assert (answer.passages, answer.trace.packed, answer.trace.context_tokens.n_tokens) == ([], [], 0)
    assert not [m for m in provider.chat.asked[0] if "compute_tax" in str(m.content)]


@pytest.mark.parametrize("budget", [64, 100, 150, 1600])
def test_context_keeps_its_budget(indexed_home: Path, budget: int) -> None:
    """Passages take at most the budget, and what is left out is in the trace."""
    provider = WordProvider()
    answer = ask(indexed_home, provider, changes={"context_tokens": budget})
    n_tokens = provider.count_text(format_passages(answer.passages)).n_tokens if answer.passages else 0
    assert n_tokens <= answer.trace.context_tokens.n_tokens <= budget
    assert len(answer.trace.packed) + len(answer.trace.left_out) == 3


class BoundedPromptProvider(WordProvider):
    """Counts texts exactly and prompts not, as servers do that tokenise and keep their template to themselves."""

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """The words of the prompt, as a bound."""
        return TokenCount(super().count_prompt(messages).n_tokens, exact=False)


def test_the_budget_is_in_the_counts_that_code_is_packed_by(indexed_home: Path) -> None:
    """Where texts are counted exactly, a bound of the prompt makes the budget no larger, nor the speed unknown."""
    budgets = []
    for provider in (WordProvider(8192), BoundedPromptProvider(8192)):
        provider.model = f"embedded/{type(provider).__name__}"  # of no speed that was measured before
        budgets.append(ask(indexed_home, provider).trace.budget)
        speeds = json.loads((indexed_home / "cache" / "prompt-speed.json").read_text())
        assert any(name.startswith(provider.model) for name in speeds)
    assert budgets[0] is not None and budgets[0].n_tokens < 1200
    assert budgets[1] == budgets[0]


def test_a_question_leaves_room_for_code(make_repo: Make, make_home: Callable[[], Path], build: Make) -> None:
    """Beside a long question as much is packed as fits, not a passage that is then thrown away whole."""
    home = make_home()
    lines = {n: "".join(f"    tax_{n}_{i} = value + {i}\n" for i in range(15)) for n in range(12)}
    text = "".join(f"def tax_{n}(value):\n{body}" for n, body in lines.items())  # they adjoin, so they are merged
    build(home, make_repo({"tax.py": text}).path)
    answer = ask(home, WordProvider(2000), "how is tax computed? " + "word " * 1500, abstain=False)
    assert answer.trace.budget is not None and answer.trace.budget.reason.startswith("what the window has left")
    assert answer.passages
    assert "the window has no room beside the question" not in [reason for _, reason in answer.trace.left_out]


class BytesProvider(WordProvider):
    """Counts bytes, as is done for servers that count nothing."""

    def count_text(self, text: str) -> TokenCount:
        """A bound."""
        return TokenCount(len(text.encode()), exact=False)


def test_a_budget_that_is_set_is_in_tokens(indexed_home: Path) -> None:
    """The setting means tokens also where bytes are counted; a request's own number is in what is counted."""
    set_by = [
        ask(indexed_home, BytesProvider(8192), changes={"context_tokens": 100}),
        ask(indexed_home, BytesProvider(8192), context_tokens=100),
    ]
    assert [answer.trace.budget and answer.trace.budget.n_tokens for answer in set_by] == [300, 100]


@pytest.mark.parametrize("window", range(240, 700, 40))
def test_the_window_is_never_exceeded(indexed_home: Path, window: int) -> None:
    """Prompt and answer fit the window; the context's tokens are those of the passages that stayed."""
    provider = WordProvider(window)
    history = [Message(role, "word " * 30) for role in ("user", "assistant") * 3]
    answer = ask(indexed_home, provider, history=history)
    assert provider.count_prompt(provider.chat.asked[0]).n_tokens + 100 <= window
    sizes = [provider.count_text(format_passages([passage])).n_tokens for passage in answer.passages]
    assert answer.trace.context_tokens.n_tokens == sum(sizes)
    assert len(answer.trace.packed) + len(answer.trace.left_out) == 3
    n_turns = len(provider.chat.asked[0]) - 2
    assert n_turns + answer.trace.n_turns_left_out == 6


def test_the_oldest_turns_go_first(indexed_home: Path) -> None:
    """What does not fit of a conversation is dropped from its beginning, a question with its answer, and counted."""
    provider = WordProvider(420)
    history = [Message(role, f"turn{n} " + "word " * 40) for n in range(3) for role in ("user", "assistant")]
    answer = ask(indexed_home, provider, history=history, retrieval=False)
    turns = [str(message.content).split()[0] for message in provider.chat.asked[0][1:-1]]
    assert (turns, answer.trace.n_turns_left_out) == (["turn1", "turn1", "turn2", "turn2"], 2)


def test_a_long_conversation_is_not_counted_turn_by_turn(indexed_home: Path) -> None:
    """Of thousands of turns those that can have room are counted, a few times, and as many are kept as fit."""

    class CountingProvider(WordProvider):
        counted: list[int] = []

        def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
            self.counted.append(sum(len(str(message.content)) for message in messages))
            return super().count_prompt(messages)

    provider = CountingProvider(2000)
    history = [Message(role, "word " * 30) for role in ("user", "assistant") * 2000]
    answer = ask(indexed_home, provider, history=history, retrieval=False)
    assert len(provider.counted) <= 12
    assert max(provider.counted) < 30_000
    n_turns = len(provider.chat.asked[0]) - 2
    assert n_turns + answer.trace.n_turns_left_out == 4000
    assert 1900 - 2 * 34 < answer.trace.prompt_tokens.n_tokens <= 1900


@pytest.mark.parametrize(
    "unit", ["a", "what ", "a.py ", "A_", "@", "a@", "a.b", "-a", "/a", "`a", "[1] ", "(", "a\n", "\t", "é", "::a"]
)
def test_a_long_question_is_read_in_one_pass(indexed_home: Path, unit: str) -> None:
    """Whatever a question repeats hundreds of thousands of times, it is searched with and grounded in a moment."""
    provider = WordProvider(2_000_000)
    provider.chat.tokens = ["`compute_tax` sets `compute_tax_3`. ", "So."]
    question = "`compute_tax` " + unit * (400_000 // len(unit))
    assert ask(indexed_home, provider, question, history=[Message("user", question), Message("assistant", "ok")]).text


def test_a_question_that_cannot_fit_is_an_error(indexed_home: Path) -> None:
    """A question above the window is refused with both numbers, and the model is not asked."""
    provider = WordProvider(512)
    with pytest.raises(PromptTooLong, match=r"takes \d+ tokens, and 412 fit"):
        ask(indexed_home, provider, "word " * 600)
    assert provider.chat.asked == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"question": " \n"}, "question is empty"),
        ({"question": "half \ud800", "retrieval": False}, "Message 1 is not UTF-8"),
        ({"instructions": "half \ud800", "retrieval": False}, "instructions are not UTF-8"),
        ({"max_tokens": 2000}, "window of embedded/fixed is 2000 tokens"),
        ({"k": 5000}, "k is 5000"),
        ({"ref": "v9"}, "not indexed at 'v9'"),
    ],
)
def test_what_cannot_be_asked_is_refused(indexed_home: Path, fields: dict[str, Any], message: str) -> None:
    """A bad request is an InputError before the model is asked."""
    provider = WordProvider()
    with pytest.raises(InputError, match=message):
        ask(indexed_home, provider, **fields)
    assert provider.chat.asked == []


@pytest.mark.parametrize("messages", [[], [Message("assistant", "hello")], [Message("system", "be kind")]])
def test_a_conversation_ends_with_a_question(indexed_home: Path, messages: list[Message]) -> None:
    """The last message has to be the user's."""
    with pytest.raises(InputError, match="user's question"):
        asyncio.run(assistant(indexed_home, WordProvider()).answer(AskRequest("project", messages)))


@pytest.mark.parametrize(("repo", "error"), [(None, InputError), ("nothing", UnknownRepository)])
def test_retrieval_needs_a_repository(indexed_home: Path, repo: str | None, error: type[Exception]) -> None:
    """Without a repository's name, or with an unknown one, there is nothing to retrieve from."""
    with pytest.raises(error):
        asyncio.run(assistant(indexed_home, WordProvider()).answer(AskRequest(repo, [Message("user", "why?")])))


def test_an_error_in_mid_answer_is_a_model_error(indexed_home: Path) -> None:
    """A model that breaks off gives its tokens so far, then one clear error, never a shorter answer."""
    seen: list[str] = []

    async def collect() -> None:
        request = AskRequest("project", [Message("user", "how is tax computed?")])
        async for event in assistant(indexed_home, WordProvider(fails_after=2)).stream(request):
            seen.append(type(event).__name__)

    with pytest.raises(ModelError) as caught:
        asyncio.run(collect())
    assert isinstance(caught.value, ModelUnavailable)
    assert "peer went away" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert seen == ["PassagesFound", "TokenGenerated", "TokenGenerated"]


def test_closing_the_stream_closes_the_models(indexed_home: Path) -> None:
    """Who stops reading stops the model: its stream is closed when ours is."""
    provider = WordProvider()

    async def read_one_token() -> list[int]:
        request = AskRequest("project", [Message("user", "how is tax computed?")])
        async with aclosing(assistant(indexed_home, provider).stream(request)) as events:
            async for event in events:
                if isinstance(event, TokenGenerated):
                    break
        await asyncio.sleep(0)
        return list(provider.chat.n_closed)

    assert asyncio.run(read_one_token()) == [1]


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whatever LangChain tells that a model is asked."""
    told: list[Any] = []
    start = AsyncCallbackManager.on_chat_model_start

    async def noted(self: AsyncCallbackManager, *args: Any, **fields: Any) -> Any:
        told.extend(self.handlers)
        return await start(self, *args, **fields)

    monkeypatch.setattr(AsyncCallbackManager, "on_chat_model_start", noted)
    return told


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment that has LangChain trace to an address where nobody is."""
    from langsmith.utils import get_env_var

    for name, value in {"TRACING": "true", "API_KEY": "a-key", "ENDPOINT": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(f"LANGSMITH_{name}", value)
    get_env_var.cache_clear()  # type: ignore[attr-defined]
    yield
    monkeypatch.undo()
    get_env_var.cache_clear()  # type: ignore[attr-defined]


def test_prompts_are_not_traced(indexed_home: Path, handlers: list[Any], traced: None) -> None:
    """Whatever the environment says, no tracer sees a prompt; programs that ask are traced as before meanwhile."""
    from langsmith.utils import tracing_is_enabled

    provider = WordProvider()

    async def read() -> list[Any]:
        return [tracing_is_enabled() async for _ in assistant(indexed_home, provider).stream(TAX)]

    assert set(asyncio.run(read())) == {True}
    assert provider.chat.asked and handlers == []


def test_a_chains_callbacks_do_not_see_prompts(indexed_home: Path, handlers: list[Any]) -> None:
    """A program's own tracer is handed on within its chains: what we ask the model is none of them."""
    provider = WordProvider()

    async def step(_: str) -> str:
        return (await assistant(indexed_home, provider).answer(TAX)).text

    asyncio.run(RunnableLambda(step).ainvoke("", {"callbacks": [AsyncCallbackHandler()]}))
    assert provider.chat.asked and handlers == []


def test_questions_are_answered_side_by_side(indexed_home: Path) -> None:
    """One assistant answers several questions at once, each from its own passages."""
    shared = assistant(indexed_home, WordProvider(), context_tokens=64)
    names = ["create_invoice", "compute_tax", "check_password"]

    async def ask_all() -> list[Answer]:
        requests = [AskRequest("project", [Message("user", name)]) for name in names]
        return await asyncio.gather(*(shared.answer(request) for request in requests))

    assert [answer.passages[0].path for answer in asyncio.run(ask_all())] == [f"{name}.py" for name in names]


def say(*tokens: str) -> WordProvider:
    """A provider whose model says this."""
    provider = WordProvider()
    provider.chat.tokens = list(tokens)
    return provider


def test_answers_are_grounded_as_they_stream(indexed_home: Path) -> None:
    """Markers are in the streamed text, a citation follows its marker, and both are in the answer."""

    async def collect() -> list[Any]:
        provider = say("`compute_tax` sets", " `compute_tax_3` [", "7]", ". It calls `guess_rate()`.")
        request = AskRequest("project", [Message("user", "how is tax computed?")])
        return [event async for event in assistant(indexed_home, provider).stream(request)]

    events = asyncio.run(collect())
    answer = events[-1].answer
    assert answer.text == "`compute_tax` sets `compute_tax_3`. [1] It calls `guess_rate()`."
    assert "".join(event.text for event in events if isinstance(event, TokenGenerated)) == answer.text
    (citation,) = answer.citations
    assert [event.citation for event in events if isinstance(event, CitationFound)] == [citation]
    assert (citation.path, citation.start_line, citation.end_line) == ("compute_tax.py", 1, 5)
    assert answer.text[citation.start : citation.end] == "`compute_tax` sets `compute_tax_3`."
    assert (answer.n_citations_removed, list(answer.unknown_names)) == (1, ["guess_rate"])


def test_the_event_loop_does_not_read_the_index(indexed_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A citation's lines are looked up on another thread: an index that was made anew takes time to open."""
    threads: list[int] = []
    holds = IndexedCode.holds

    def noted(*args: Any) -> bool:
        threads.append(threading.get_ident())
        return holds(*args)

    monkeypatch.setattr(IndexedCode, "holds", noted)
    answer = asyncio.run(assistant(indexed_home, say("`compute_tax` sets `compute_tax_3`.")).answer(TAX))
    assert answer.citations
    assert threads and threading.get_ident() not in threads


def test_a_fault_of_ours_is_not_put_on_the_model(indexed_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What grounding raises stays what it is: as an error of the model it would be in no log."""

    def fail(*args: Any) -> bool:
        raise RuntimeError("a fault")

    monkeypatch.setattr(IndexedCode, "holds", fail)
    provider = say("`compute_tax` sets `compute_tax_3`. ", "And more.")
    with pytest.raises(RuntimeError, match="a fault"):
        asyncio.run(assistant(indexed_home, provider).answer(TAX))
    assert provider.chat.n_closed == [1]


def test_unknown_names_are_found_without_retrieval(indexed_home: Path) -> None:
    """Without retrieval the answer is still held against the repository, where one is named."""
    for repo, names in (("project", ["guess_rate"]), (None, [])):
        request = AskRequest(repo, [Message("user", "how?")], retrieval=False)
        provider = say("`compute_tax` calls `guess_rate`.")
        answer = asyncio.run(assistant(indexed_home, provider).answer(request))
        assert (list(answer.unknown_names), list(answer.citations)) == (names, [])


def test_without_retrieval_an_unknown_repository_is_refused(indexed_home: Path) -> None:
    """A repository that is named and not there is an error before the model is asked, also without retrieval."""
    provider = say("so")
    with pytest.raises(UnknownRepository):
        asyncio.run(
            assistant(indexed_home, provider).answer(AskRequest("nothing", [Message("user", "how?")], retrieval=False))
        )
    assert provider.chat.asked == []
