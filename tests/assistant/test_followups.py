"""Follow-up questions get the names that the conversation is about; what stands alone stays as it is."""

from __future__ import annotations

import pytest

from assistant.conversations.followups import make_standalone
from assistant.records import Message

DEFINED = {"Group", "add_command", "main", "invoke", "Context", "parse_args", "run"}


def rewrite(question: str, *turns: str) -> str:
    """``question`` after ``turns``, the user's and the assistant's by turns, in a repository that defines DEFINED."""
    history = [Message("assistant" if number % 2 else "user", text) for number, text in enumerate(turns)]
    return make_standalone(question, history, DEFINED.__contains__)


@pytest.mark.parametrize(
    "question",
    [
        "What does `main` do?",
        "Where is add_command tested?",
        "What does run() return?",
        "Which class does the class Context inherit from?",
        "What is in src/click/core.py?",
        "Explain core.py",
        "How are shell completions installed?",
        "the function that parses arguments of commands",
    ],
)
def test_what_names_code_or_says_enough_stands_alone(question: str) -> None:
    """A new subject is searched as it was asked, whatever was spoken of before."""
    assert rewrite(question, "What is `Group`?", "`Group` holds commands [1].") == question


@pytest.mark.parametrize(
    "question",
    [
        "Who calls it?",
        "What is the default of its parameter `name`?",
        "Which file defines that class?",
        "Does this method raise `Context` errors?",
        "Which exceptions are raised?",
        "And the return type?",
        "What is the default of max_width?",
        "What about subclasses?",
        "Is `main` called by it?",
        "why?",
    ],
)
def test_a_follow_up_gets_the_name_that_was_asked_about(question: str) -> None:
    """What refers to something, or could be asked of any code, is searched with the name of the last question."""
    assert rewrite(question, "What is `Group`?", "It holds commands [1].") == f"{question} `Group`"


def test_without_a_conversation_nothing_is_added() -> None:
    """A first question is searched as it stands, and so is one after instructions alone."""
    assert rewrite("Who calls it?") == "Who calls it?"
    assert make_standalone("Who calls it?", [Message("system", "Be `Group`.")], DEFINED.__contains__) == "Who calls it?"


def test_the_answer_names_what_the_question_did_not() -> None:
    """A question for a name makes the answer's name the subject."""
    rewritten = rewrite("Who calls it?", "Where are arguments taken apart?", "`parse_args` does that [1].")
    assert rewritten == "Who calls it? `parse_args`"


def test_a_qualified_name_stays_whole() -> None:
    """The class is half of what a method's name says."""
    assert (
        rewrite("Who calls it?", "What does `Group.add_command` do?", "It adds.") == "Who calls it? `Group.add_command`"
    )


def test_the_subject_outlives_follow_ups() -> None:
    """After a question that said "it" as well, the subject is looked for further back."""
    turns = ("What is `Group`?", "It holds commands.", "Is it tested?", "The passages do not show that.")
    assert rewrite("Who calls it?", *turns) == "Who calls it? `Group`"


def test_a_later_subject_replaces_the_former() -> None:
    """Names of a subject that was left are not added."""
    turns = ("What is `Group`?", "It holds commands.", "What is `Context`?", "It holds options.")
    assert rewrite("Who calls it?", *turns) == "Who calls it? `Context`"


def test_a_path_can_be_the_subject() -> None:
    """Files are spoken of, too."""
    turns = ("What does src/click/core.py hold?", "Commands.")
    assert rewrite("Is it tested?", *turns) == "Is it tested? `src/click/core.py`"


def test_without_a_name_the_last_question_is_added() -> None:
    """Where nothing was named, or nothing that the repository defines, the words of the question serve."""
    turns = ("How is a prompt shown?", "`Invented` shows it.")
    assert rewrite("Which file defines it?", *turns) == "Which file defines it? How is a prompt shown?"


def test_the_subject_is_not_looked_for_behind_a_question_that_stood_alone() -> None:
    """A new question that named nothing is what is talked of, not what was named before it."""
    turns = ("What does `invoke` do?", "It calls.", "How are cookies parsed from the header?", "At the semicolons.")
    assert rewrite("And where is it tested?", *turns) == f"And where is it tested? {turns[2]}"


def test_few_names_are_added() -> None:
    """A question that lists many names does not drown the next one."""
    turns = ("Compare `Group`, `Context`, `main`, `invoke` and `run`.", "`parse_args` is not among them.")
    assert rewrite("Who calls them?", *turns).count("`") == 2 * 3


def test_a_name_that_the_question_says_is_not_repeated() -> None:
    """The follow-up's own names stand once."""
    turns = ("What is `Group`?", "A command.")
    assert (
        rewrite("How do they differ, it and `Group`?", *turns) == "How do they differ, it and `Group`? What is `Group`?"
    )


def test_hostile_text_takes_no_time() -> None:
    """A long message of one kind of character is read once."""
    for text in ("`" * 50_000, "a." * 50_000, "a/" * 50_000, "it " * 50_000, "class " * 20_000, "_" * 100_000):
        assert rewrite("Who calls it?", text, text).startswith("Who calls it?")
        assert rewrite(text, "What is `Group`?", "A command.").startswith(text)
