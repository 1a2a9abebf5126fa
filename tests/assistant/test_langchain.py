"""``QuarryRetriever`` and ``QuarryChat`` in LangChain's own chains, over a real index and a stand-in model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from assistant import QuarryChat, QuarryRetriever
from assistant.models.completion import CompletionPiece, Sampling
from assistant.records import TokenCount
from assistant.settings import AssistantSettings
from indexer.errors import InputError, UnknownRepository

FILES = {
    "cart.py": 'def add_to_cart(cart, item, quantity=3):\n    """Put an item into the cart."""\n    cart += [item]\n',
    "tax.py": 'def add_vat(price):\n    """The price with VAT."""\n    return price * 1.19\n',
}


class Words(BaseChatModel):
    """Streams fixed words, remembers what it was asked, and counts what it gave."""

    words: list[str]
    asked: list[list[BaseMessage]] = []
    given: list[str] = []

    @property
    def _llm_type(self) -> str:
        return "words"

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("an answer is streamed")

    async def _astream(self, messages: list[BaseMessage], stop: Any = None, **kwargs: Any) -> Any:
        from langchain_core.messages import AIMessageChunk
        from langchain_core.outputs import ChatGenerationChunk

        self.asked.append(messages)
        for word in self.words:
            if stop and any(text in word for text in stop):
                break
            await asyncio.sleep(0.002)
            self.given.append(word)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        usage: Any = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        last = AIMessageChunk(content="", usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


class WordsProvider:
    """A provider of that model; a word is a token."""

    model = "stand-in/words"
    window_tokens = 4096

    def __init__(self, words: Sequence[str] = ("It ", "is ", "three.")) -> None:
        self.chat = Words(words=list(words))
        self.sampling: list[tuple[int, float, int]] = []

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        self.sampling.append((max_tokens, temperature, seed))
        return self.chat

    def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        raise AssertionError("nothing is completed")

    def check(self) -> None:
        pass

    def count_text(self, text: str) -> TokenCount:
        return TokenCount(len(text.split()), exact=True)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        return TokenCount(sum(len(message.text.split()) for message in messages), exact=True)

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def shop(make_repo: Callable[..., Any], make_home: Callable[[], Path], build: Callable[..., Any]) -> tuple[Any, Path]:
    """A repository, and a home in which it is indexed as ``shop``."""
    repo, home = make_repo(FILES, "shop"), make_home()
    build(home, repo.path, "shop")
    return repo, home


@pytest.fixture
def ask(shop: Any) -> Callable[..., QuarryChat]:
    """Make a chat over the shop; a question that retrieval is unsure of is asked, too."""

    def make(provider: WordsProvider, **options: Any) -> QuarryChat:
        settings = AssistantSettings(home=shop[1])
        return QuarryChat(repo="shop", settings=settings, provider=provider, **{"abstain": False, **options})

    return make


def test_documents_say_where_they_stand(shop: Any) -> None:
    """A document is a chunk with its repository, commit, path, lines and score."""
    repo, home = shop
    [first] = QuarryRetriever(repo="shop", home=home, k=1).invoke("add_to_cart")
    assert first.page_content.startswith("def add_to_cart")
    metadata = first.metadata
    assert (metadata["repo"], metadata["commit"]) == ("shop", repo.git("rev-parse", "HEAD"))
    assert (metadata["path"], metadata["start_line"], metadata["end_line"]) == ("cart.py", 1, 3)
    assert metadata["symbol"] == "add_to_cart" and metadata["score"] > 0


def test_retriever_in_a_chain(shop: Any) -> None:
    """The retriever feeds a prompt and another model, in LangChain's own composition."""
    seen: list[str] = []

    def join(documents: list[Any]) -> str:
        seen.extend(document.metadata["path"] for document in documents)
        return "\n".join(document.page_content for document in documents)

    model = GenericFakeChatModel(messages=iter([AIMessage("19 %")]))
    prompt = ChatPromptTemplate.from_template("{code}\n\n{question}")
    retriever = QuarryRetriever(repo="shop", home=shop[1], k=2)
    chain = {"code": retriever | join, "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
    assert chain.invoke("How much is the VAT?") == "19 %"
    assert "tax.py" in seen


def test_retriever_raises_what_searches_raise(shop: Any) -> None:
    """An unknown repository is our own error, with near names."""
    with pytest.raises(UnknownRepository, match="Did you mean shop"):
        QuarryRetriever(repo="shp", home=shop[1]).invoke("x")


def test_answer_carries_sources_and_usage(ask: Any) -> None:
    """A whole answer is a message whose metadata hold what the answer has beside its text."""
    answer = ask(WordsProvider()).invoke("What is the default quantity in add_to_cart?")
    assert isinstance(answer, AIMessage) and answer.text == "It is three."
    metadata = answer.response_metadata
    assert "cart.py" in [source["path"] for source in metadata["sources"]]
    assert {"citations", "unknown_names", "confidence", "abstained", "timings_ms"} <= set(metadata)
    assert (metadata["model_name"], metadata["finish_reason"]) == ("stand-in/words", "stop")
    assert answer.usage_metadata is not None and answer.usage_metadata["total_tokens"] == 10


def test_chat_in_a_chain_streams(ask: Any) -> None:
    """In a chain the pieces come one by one, whether the caller has an event loop or not, or is in one."""
    chain = ChatPromptTemplate.from_messages([("human", "{q}")]) | ask(WordsProvider()) | StrOutputParser()
    question = {"q": "What is the default quantity?"}

    def check(pieces: list[str]) -> None:
        assert len(pieces) == 3 and "".join(pieces) == "It is three."

    async def collect() -> list[str]:
        check([piece for piece in chain.stream(question) if piece])  # as in a notebook
        return [piece async for piece in chain.astream(question) if piece]

    check([piece for piece in chain.stream(question) if piece])
    check(asyncio.run(collect()))


def test_conversation_and_instructions_reach_the_model(ask: Any) -> None:
    """Earlier turns and system messages are in the prompt; sampling and stop are the model's."""
    provider = WordsProvider()
    messages = [SystemMessage("Be brief."), HumanMessage("Hello."), AIMessage("Hi."), HumanMessage("What is VAT?")]
    answer = ask(provider, temperature=0.5, seed=4).invoke(messages, stop=["three"], max_tokens=11)
    assert answer.text == "It is "
    assert provider.sampling == [(11, 0.5, 4)]
    system, *turns = provider.chat.asked[-1]
    assert system.text.endswith("Be brief.")
    assert [turn.type for turn in turns] == ["human", "ai", "human"]


def test_without_a_seed_each_answer_has_its_own(ask: Any) -> None:
    """Seeds are drawn where chance decides and none is given; at temperature 0 the seed is 0."""
    provider = WordsProvider()
    for chat in (ask(provider, temperature=0.5), ask(provider, temperature=0.5), ask(provider)):
        chat.invoke("What is VAT?")
    first, second, third = (seed for _, _, seed in provider.sampling)
    assert first != second and third == 0


def test_a_stream_that_is_left_stops_the_model(ask: Any) -> None:
    """Who leaves the loop over a stream stops the generation, and leaves no thread behind."""
    provider = WordsProvider(["word "] * 500)
    stream = ask(provider).stream("What is add_vat?")
    next(stream)
    stream.close()
    given = len(provider.chat.given)
    assert 0 < given < 500
    assert not [thread for thread in threading.enumerate() if thread.name == "quarry-chat"]
    assert len(provider.chat.given) == given


def test_errors_are_our_own(ask: Any) -> None:
    """What cannot be asked raises the same as everywhere, from both ways to ask."""
    chat = ask(WordsProvider())
    with pytest.raises(InputError, match="must be the user's question"):
        chat.invoke([HumanMessage("x"), AIMessage("y")])
    with pytest.raises(InputError, match="question is empty"):
        asyncio.run(chat.ainvoke("  "))
    with pytest.raises(UnknownRepository):
        chat.model_copy(update={"repo": "shp"}).invoke("x")


def test_a_search_imports_no_langchain(run_python: Callable[..., str]) -> None:
    """The names are there, and cost nothing until they are asked for."""
    code = (
        "import sys, assistant, assistant.search; before = {'langchain_core', 'torch'} & set(sys.modules); "
        "from assistant import QuarryRetriever; print(before, 'langchain_core' in sys.modules)"
    )
    assert run_python(code).strip() == "set() True"
