"""The confidence: signals of a search over a real index, the shipped coefficients, and what is refused with them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assistant.answer import Assistant
from assistant.cli import ask as command
from assistant.confidence import CONFIDENCE_SIGNALS, MIN_CHUNKS, Coefficients, load_coefficients
from assistant.events import AnswerDone, AskRequest, PassagesFound, TokenGenerated
from assistant.records import Answer, Message
from assistant.search import Searcher, SearchOptions
from assistant.serialise import answer_as_json
from assistant.settings import AssistantSettings

from .test_answer import WordProvider

Make = Callable[..., Any]

SUBJECTS = [
    "invoice",
    "customer",
    "payment",
    "parcel",
    "warehouse",
    "supplier",
    "discount",
    "currency",
    "refund",
    "tax",
]
VERBS = ["create", "archive", "render", "validate", "export", "load"]
FOREIGN = "Where is the Kubernetes ingress of the kafka consumer configured?"


def function(verb: str, subject: str) -> str:
    """A function large enough to be a chunk of its own."""
    body = "\n".join(f"    {subject}_{n} = {verb}_step(record, {n})" for n in range(12))
    return f'def {verb}_{subject}(record):\n    """{verb.title()} one {subject}."""\n{body}\n    return {subject}_0\n'


@pytest.fixture(scope="module")
def indexed_home(make_repo: Make, make_home: Callable[[], Path], build: Make) -> Path:
    """A home with a shop of sixty functions, a README, and a repository of one function."""
    home = make_home()
    files = {f"shop/{s}.py": "\n\n".join(function(verb, s) for verb in VERBS) for s in SUBJECTS}
    build(home, make_repo({**files, "README.md": "# Shop\n\nSells parcels.\n"}).path)
    build(home, make_repo({"a.py": function("create", "invoice")}, "tiny").path, name="tiny")
    return home


def signals(home: Path, query: str, repo: str = "project", k: int = 10) -> dict[str, float]:
    """The signals of one search for a model to read."""
    options = SearchOptions(for_context=True)
    return dict(Searcher(home).search(repo, query, k=k, options=options).confidence_signals)


def ask(home: Path, provider: WordProvider, question: str, **fields: Any) -> Answer:
    """The whole answer to one question."""
    settings = AssistantSettings(home=home, max_answer_tokens=100, **fields.pop("changes", {}))
    messages = [*fields.pop("history", []), Message("user", question)]
    request = AskRequest(fields.pop("repo", "project"), messages, **fields)
    return asyncio.run(Assistant(settings, provider).answer(request))


def test_every_signal_is_measured(indexed_home: Path) -> None:
    """A search gives each signal that is documented, as a finite number."""
    measured = signals(indexed_home, "how is an invoice validated?")
    assert measured.keys() == CONFIDENCE_SIGNALS.keys()
    assert all(math.isfinite(value) for value in measured.values())


def test_words_that_stand_nowhere_are_told(indexed_home: Path) -> None:
    """All words of an own question are known, none of a foreign one, and a derived word counts as its origin."""
    assert signals(indexed_home, "validate a refund")["words_known"] == pytest.approx(1.0)
    assert signals(indexed_home, "kubernetes ingress kafka")["words_known"] == 0.0
    assert signals(indexed_home, "the archiver")["words_known"] == pytest.approx(1.0)


def test_names_are_told_apart(indexed_home: Path) -> None:
    """A spelled name is defined, or stands nowhere; what qualifies it is looked up, too."""
    own, foreign = (
        signals(indexed_home, "what does create_refund do?"),
        signals(indexed_home, "what does FooBarBaz do?"),
    )
    assert (own["names_asked"], own["names_defined"], own["names_unknown"]) == (1.0, 1.0, 0.0)
    assert (foreign["names_asked"], foreign["names_defined"], foreign["names_unknown"]) == (1.0, 0.0, 1.0)
    assert signals(indexed_home, "what does `Kafka.create_refund` do?")["qualifiers_unknown"] == 1.0


def test_names_that_stand_in_no_hit_together_are_apart(indexed_home: Path) -> None:
    """A parameter that another function has; a method of another class. What an object calls itself is no name."""
    together = signals(indexed_home, "what does `create_refund` do with `refund`, beside `self`?")
    apart = signals(indexed_home, "what is the default of the parameter `invoice` of `create_refund`?")
    assert (together["names_apart"], apart["names_apart"]) == (0.0, 1.0)
    assert signals(indexed_home, "who calls `create_refund.create_invoice`?")["qualifiers_apart"] == 1.0
    assert signals(indexed_home, "who calls `create_refund`?")["qualifiers_apart"] == 0.0
    coefficients = load_coefficients()
    assert coefficients.probability(apart) < 0.5 < coefficients.probability(together)


def test_a_sentence_that_begins_names_nothing(indexed_home: Path) -> None:
    """The first word of a further sentence is no name; the same word within one, or written as code, is."""
    assert signals(indexed_home, "How is a refund validated? Answer shortly.")["names_asked"] == 0.0
    assert signals(indexed_home, "How does Answer validate a refund? Answer shortly.")["names_unknown"] == 1.0
    assert signals(indexed_home, "How is a refund validated? `Answer` shortly.")["names_asked"] == 1.0


def test_the_number_of_hits_changes_no_signal(indexed_home: Path) -> None:
    """The confidence is the same however many hits are asked for."""
    assert signals(indexed_home, "validate a refund", k=1) == signals(indexed_home, "validate a refund", k=40)


def test_a_small_repository_is_not_judged(indexed_home: Path) -> None:
    """Among a handful of chunks none stands out: there are no signals, no confidence, and no refusal."""
    assert signals(indexed_home, "validate a refund", "tiny") == {}
    answer = ask(indexed_home, WordProvider(), FOREIGN, repo="tiny")
    assert (answer.confidence, answer.abstained) == (None, False)
    assert MIN_CHUNKS > 1


def test_the_shipped_coefficients_part_own_from_foreign(indexed_home: Path) -> None:
    """They know every signal, and give a question of the repository far more than one of another."""
    coefficients = load_coefficients()
    assert coefficients.weights.keys() == CONFIDENCE_SIGNALS.keys()
    own = coefficients.probability(signals(indexed_home, "how is a refund validated?"))
    assert own > 0.5 > 0.1 > coefficients.probability(signals(indexed_home, FOREIGN))


def test_the_probability_is_a_logistic_of_standardised_signals() -> None:
    """One deviation above the mean adds the weight to the logit, and extremes stay within 0 and 1."""
    coefficients = Coefficients(0.5, {"a": 2.0}, {"a": 10.0}, {"a": 4.0})
    assert coefficients.probability({"a": 14.0}) == pytest.approx(1 / (1 + math.exp(-2.5)))
    assert coefficients.probability({"a": -1e9}) == pytest.approx(0.0, abs=1e-20)
    assert coefficients.probability({"a": 1e9}) == pytest.approx(1.0)


def test_a_foreign_question_is_refused_without_the_model(indexed_home: Path) -> None:
    """The answer says so and names the nearest files; the model is not asked, and nothing was used."""
    provider = WordProvider()
    answer = ask(indexed_home, provider, FOREIGN)
    assert provider.chat.asked == []
    assert answer.abstained
    assert answer.confidence is not None and answer.confidence < 0.1
    assert answer.text.startswith("This repository does not show this.")
    assert 1 <= len(answer.passages) <= 3
    assert all(f"`{passage.location}`" in answer.text for passage in answer.passages)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (0, 0)
    assert (answer.citations, answer.messages, answer.finish_reason) == ((), (), "stop")


def test_the_stream_of_a_refusal_is_its_text(indexed_home: Path) -> None:
    """The nearest places, the text, and the answer: the events of any answer."""

    async def collect() -> list[Any]:
        settings = AssistantSettings(home=indexed_home, max_answer_tokens=100)
        request = AskRequest("project", [Message("user", FOREIGN)])
        return [event async for event in Assistant(settings, WordProvider()).stream(request)]

    passages, text, done = asyncio.run(collect())
    assert isinstance(passages, PassagesFound) and isinstance(text, TokenGenerated) and isinstance(done, AnswerDone)
    assert (done.answer.text, done.answer.passages) == (text.text, passages.passages)
    assert passages.passages and not passages.are_read
    value = answer_as_json(done.answer)
    assert (value["abstained"], value["trace"]["passages"], value["usage"]["prompt_tokens"]) == (True, [], 0)
    assert {left["reason"] for left in value["trace"]["left_out"]} == {"the model was not asked"}


@pytest.mark.parametrize(
    ("question", "fields"),
    [
        (FOREIGN, {"abstain": False}),
        (FOREIGN, {"changes": {"min_confidence": 0.0}}),
        (FOREIGN, {"retrieval": False}),
        ("how is a refund validated?", {}),
        ("Which Kubernetes ingress does `create_refund` inherit its kafka configuration from?", {}),
        ("hi", {}),
        ("What does this project do?", {}),
        ("Wo wird der Ingress von Kubernetes eingestellt, und warum nicht im Cluster?", {}),
        ("где настраивается ingress kubernetes?", {}),
        (FOREIGN + " Consider " + "this text " * 60, {}),
        ("and in short?", {"history": [Message("user", "how is a refund validated?"), Message("assistant", "So.")]}),
    ],
    ids=[
        "asked to",
        "switched off",
        "alone",
        "own",
        "own name",
        "greeting",
        "overview",
        "german",
        "russian",
        "task",
        "follow-up",
    ],
)
def test_what_is_not_refused(indexed_home: Path, question: str, fields: dict[str, Any]) -> None:
    """The model is asked where abstaining is off, where the hits do, and where the confidence says nothing."""
    provider = WordProvider()
    answer = ask(indexed_home, provider, question, **fields)
    assert (answer.abstained, answer.text, len(provider.chat.asked)) == (False, "It is so.", 1)


def test_a_follow_up_that_names_foreign_code_is_refused(indexed_home: Path) -> None:
    """Who changes the subject to a name that is not there is told so, with a conversation before it or not."""
    history = [Message("user", "how is a refund validated?"), Message("assistant", "So.")]
    provider = WordProvider()
    assert ask(indexed_home, provider, "Where does KafkaIngressConsumer read the yaml?", history=history).abstained


def test_several_repositories_are_judged_together(indexed_home: Path) -> None:
    """What one of them holds is answered; what none holds is refused, with the repository of each nearest place."""
    provider = WordProvider()
    assert not ask(indexed_home, provider, "how is a refund validated?", repo="project,tiny").abstained
    answer = ask(indexed_home, provider, FOREIGN, repo="project,tiny")
    assert answer.abstained
    repositories = {passage.repo for passage in answer.passages}
    assert answer.text.startswith("The indexed repositories do not" if len(repositories) > 1 else "This repository")


def test_an_overview_reads_the_readme_first(indexed_home: Path) -> None:
    """The head of the README is the first passage of a question about the whole, before what the search found."""
    answer = ask(indexed_home, WordProvider(), "What does this project do?")
    assert answer.passages[0].path == "README.md"
    assert answer.passages[0].text.startswith("# Shop")
    assert answer.confidence is None


def test_the_command_says_that_the_model_reads_only_where_it_does(
    indexed_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`quarry ask` counts passages for an answer; with a refusal it names the nearest places, which nobody reads."""
    monkeypatch.setenv("QUARRY_HOME", str(indexed_home))
    monkeypatch.setattr("assistant.models.providers.open_provider", lambda *_, **__: WordProvider())
    answered = CliRunner().invoke(command, ["project", "how is a refund validated?"])
    refused = CliRunner().invoke(command, ["project", FOREIGN])
    asked_anyway = CliRunner().invoke(command, ["project", FOREIGN, "--no-abstain"])
    assert answered.exit_code == refused.exit_code == asked_anyway.exit_code == 0
    assert "reading" in answered.output and "It is so." in answered.output
    assert "reading" not in refused.output and "The nearest places are:" in refused.output
    assert "It is so." in asked_anyway.output
