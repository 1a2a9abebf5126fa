"""Follow-up questions made standalone for retrieval: "who calls it?" is searched with what "it" may be.

By rules, without a model: it costs no wait. The model itself gets the conversation, and the question as it was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from indexer.words import QUALIFIED_NAME, SPELLED_AS_CODE, STOP_WORDS, last_name

from ..records import Message
from ..signals import read_query

_MAX_NAMES = 3  # of the conversation in a query: more would drown the question
_MAX_NAMES_OF_ANSWER = 1  # it mentions others beside what it is about
_MAX_TURNS = 4  # that are looked back through for what a question is about
_MAX_CHARS = 4_000  # of a message that are read: who pastes a file says before it what is asked
_MIN_WORDS_ALONE = 2  # telling words of a question that needs no name to stand alone

# What can be asked of any piece of code: "which exceptions are raised?" has no subject of its own.
_OF_ANY_CODE = frozenset(
    "argument arguments base body call called caller callers calls class classes code constant default defaults "
    "define defined defines definition depend depends error errors example examples exception exceptions explain field "
    "fields file files function functions handled implemented inherit inherits kind line lines live located method "
    "methods module name named parameter parameters parent purpose raise raised raises return returned returns show "
    "signature stand stands subclass subclasses take takes tell test tested tests throw throws type types usage "
    "value values variable variables work works please mean means need needs happen happens ok okay yes thanks".split()
)

# What refers to something said before. "that" and "this" alone do not: "the function that parses headers".
_REFERS = re.compile(
    r"\b(it|its|itself|they|them|their|theirs|both|former|latter)\b"
    r"|\b(this|that|these|those|the same|such an?)\s+(\w+\s+)?"
    r"(attribute|call|caller|class|code|constant|decorator|error|exception|field|file|function|line|method|module|one|"
    r"option|package|parameter|property|script|test|thing|type|value|variable)(e?s)?\b"
    r"|\b(this|that|these|those)\s*[?.!,]*$|\b(does|do|is|are|can|would|did|was) (this|that|these|those)\b"
    r"|\b(what|how) about\b|^\W*(and|but|or|so|then|also)\b",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?<![\w/.-])[\w.-]*(?:/[\w.-]+)+|\b\w[\w-]*\.(?:[a-z]{1,4}|gradle|proto|swift|scala)\b")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(\)")
_SAID_TO_BE_CODE = re.compile(
    r"\b(?:class|constant|exception|function|method|type|variable)\s+([A-Za-z_]\w*)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"`([^`\n]{1,120})`")
_WORD = re.compile(r"\w+")


def make_standalone(question: str, history: Sequence[Message], is_defined: Callable[[str], bool]) -> str:
    """The text to search with for ``question``, the last one of a conversation whose earlier messages are ``history``.

    A question that names code and refers to nothing before it stands as it is; to others, the names that the last
    turns were about are added, or the words of the last question where they named nothing. ``is_defined`` tells
    whether the repositories that are asked define a name.
    """
    turns = [message for message in history if message.role != "system"]
    if not turns or _stands_alone(question[:_MAX_CHARS], is_defined):
        return question
    names = _find_subject(turns, is_defined)
    names = [name for name in names if name not in question][:_MAX_NAMES]
    if names:
        return f"{question} {' '.join(f'`{name}`' for name in names)}"
    asked = next((message.content for message in reversed(turns) if message.role == "user"), "")
    return f"{question} {asked[:_MAX_CHARS]}".strip()


def _stands_alone(question: str, is_defined: Callable[[str], bool]) -> bool:
    if _REFERS.search(question):
        return False
    if _PATH.search(question) or any(is_defined(last_name(name)) for name in _names_of(question)):
        return True
    telling = {word.lower() for word in _WORD.findall(question)} - STOP_WORDS - _OF_ANY_CODE
    return len(telling) >= _MIN_WORDS_ALONE


def _find_subject(turns: Sequence[Message], is_defined: Callable[[str], bool]) -> list[str]:
    """The names and paths that the last turns were about, the likeliest first.

    Of a turn, what its question names comes before what its answer names; where the question itself refers to
    something, the turn before counts as well. Behind one that stood alone nothing is looked for.
    """
    found: list[str] = []
    asked_at = [number for number, turn in enumerate(turns) if turn.role == "user"]
    for number in reversed(asked_at[-_MAX_TURNS:]):
        question = turns[number].content[:_MAX_CHARS]
        answer = turns[number + 1].content if number + 1 < len(turns) and turns[number + 1].role == "assistant" else ""
        of_question = _subjects_of(question, is_defined)[: _MAX_NAMES - 1]
        of_answer = _subjects_of(answer[:_MAX_CHARS], is_defined)[:_MAX_NAMES_OF_ANSWER]
        found += [*of_question, *of_answer]
        if _stands_alone(question, is_defined) or (found and not _REFERS.search(question)):
            break
    return list(dict.fromkeys(found))


def _subjects_of(text: str, is_defined: Callable[[str], bool]) -> list[str]:
    return [*(name for name in _names_of(text) if is_defined(last_name(name))), *_paths_of(text)]


def _names_of(text: str) -> list[str]:
    """The names of code that ``text`` spells out, with their qualifiers."""
    names: list[str] = []
    for quoted in _QUOTED.findall(text):
        found = QUALIFIED_NAME.match(quoted.strip())
        if found:
            names.append(found[0])
    bare = _QUOTED.sub(" ", text)
    names += [name for name in QUALIFIED_NAME.findall(bare) if SPELLED_AS_CODE.search(name)]
    for pattern in (_CALLED, _SAID_TO_BE_CODE):
        names += [name for name in pattern.findall(bare) if name.lower() not in STOP_WORDS]
    names += read_query(bare).names  # words with a capital within a sentence
    return list(dict.fromkeys(names))


def _paths_of(text: str) -> list[str]:
    return list(dict.fromkeys(found[0].strip(".") for found in _PATH.finditer(text)))
