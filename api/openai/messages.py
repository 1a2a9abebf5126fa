"""What OpenAI's clients send, read as our own conversation; and what cannot be honoured, refused in one line."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.records import Message

from .errors import BadRequest
from .forms import without_sources
from .schemas import ChatCompletionRequest, ChatTurn, CompletionRequest


def read_conversation(turns: Sequence[ChatTurn]) -> tuple[str, list[Message]]:
    """The client's instructions (its system messages, wherever they stand) and the conversation, oldest first.

    Raises BadRequest where the last message, system messages aside, is no question of the user.
    """
    instructions: list[str] = []
    messages: list[Message] = []
    for number, turn in enumerate(turns):
        text = _text_of(turn, number)
        match turn.role:
            case "system" | "developer":
                instructions.append(text)
            case "user":
                messages.append(Message("user", text))
            case "assistant":
                messages.append(Message("assistant", without_sources(text)))
            case "tool" | "function":
                raise BadRequest(
                    f"messages.{number} is the result of a tool, and this model calls none: leave it out.",
                    f"messages.{number}.role",
                )
    if not messages or messages[-1].role != "user":
        raise BadRequest("The last message must be the user's question (system messages aside).", "messages")
    if not messages[-1].content.strip():
        raise BadRequest("The question is empty: say what you want to know.", "messages")
    return "\n\n".join(text for text in instructions if text.strip()), messages


def brings_code(question: str) -> bool:
    """Whether the question has code of its own, as an editor's have: then the repository need not hold the answer."""
    return "```" in question


def reject_unsupported(body: ChatCompletionRequest) -> None:
    """Raise BadRequest for what would change the answer's form and is not done here."""
    _reject_several(body.n, "n")
    if (body.tools or body.functions) and body.tool_choice != "none":
        raise BadRequest(
            "This model calls no tools: leave tools out, or send tool_choice 'none'.",
            "tools",
            "unsupported_parameter",
        )
    if body.logprobs:
        raise BadRequest("No log probabilities are given: leave logprobs out.", "logprobs", "unsupported_parameter")
    if body.response_format is not None and body.response_format.type != "text":
        raise BadRequest(
            "Answers are text with citations: leave response_format out, or set its type to 'text'.",
            "response_format",
            "unsupported_value",
        )


def read_prompt(body: CompletionRequest) -> str:
    """The code before the cursor. Raises BadRequest for what is not done here."""
    _reject_several(body.n, "n")
    _reject_several(body.best_of, "best_of")
    if body.echo:
        raise BadRequest("The prompt is not given back: leave echo out.", "echo", "unsupported_parameter")
    if body.logprobs:
        raise BadRequest("No log probabilities are given: leave logprobs out.", "logprobs", "unsupported_parameter")
    if isinstance(body.prompt, str):
        return body.prompt
    match body.prompt:
        case [str(text)]:
            return text
    raise BadRequest("The prompt must be one text: tokens, and several prompts, are not taken.", "prompt")


def _reject_several(n: int | None, param: str) -> None:
    if n not in (None, 1):
        raise BadRequest(f"Only one answer is given: leave {param} out, or set it to 1.", param, "unsupported_value")


def _text_of(turn: ChatTurn, number: int) -> str:
    if turn.content is None or isinstance(turn.content, str):
        return turn.content or ""
    for part in turn.content:
        if part.text is None or part.type not in ("text", "input_text", "output_text"):
            raise BadRequest(
                f"messages.{number} holds a part of type {part.type[:40]!r}, and only text can be read: leave it out.",
                f"messages.{number}.content",
            )
    return "\n".join(part.text or "" for part in turn.content)
