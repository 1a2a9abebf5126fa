"""Requests and answers of ``/v1`` as OpenAPI describes them: OpenAI's forms, with what is ours under ``quarry``.

What real clients send is taken; fields that are not named here do not apply and are ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.events import choose_seed

_MAX_TEXT = 1_000_000  # characters of one message or prompt; a window is far smaller
_MAX_SEED = 2**31  # what every server takes; larger seeds are folded into it

_Text = Annotated[str, Field(max_length=_MAX_TEXT)]
_Stop = Annotated[str, Field(max_length=1000)]
_Stops = Annotated[list[_Stop], Field(max_length=32)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Extension(_Request):
    """What OpenAI has no field for. With the official client: ``extra_body={"quarry": {...}}``."""

    model_config = ConfigDict(extra="forbid")

    retrieval: Literal["on", "off"] = Field(default="on", description="Whether the model gets code to read.")
    k: int | None = Field(default=None, ge=1, le=1000, description="Number of hits to choose passages from.")
    abstain: bool = Field(default=True, description="Say so where the hits are too weak, instead of asking the model.")


class ContentPart(_Request):
    """A part of a message. Only text can be read."""

    type: str = "text"
    text: _Text | None = None


class ChatTurn(_Request):
    """One message. ``system`` and ``developer`` messages may stand anywhere; they are the client's instructions."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: _Text | list[ContentPart] | None = None


class StreamOptions(_Request):
    """What a stream carries beside the text."""

    include_usage: bool | None = None


class ResponseFormat(_Request):
    """The form of the answer. Only text is given."""

    type: str = "text"


class _Generation(_Request):
    """What chat and completions have in common."""

    model: str = Field(max_length=4096, description="`quarry/<repository>`, `quarry/<repository>@<ref>`, `quarry/all`.")
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1, description="Cap on what is generated, in tokens of the model.")
    temperature: float | None = Field(default=None, ge=0, le=2, description="0 unless given.")
    seed: int | None = Field(default=None, description="Random unless given.")
    stop: _Stop | _Stops | None = Field(default=None, description="Generation ends before any of these texts.")
    n: int | None = Field(default=None, description="Only 1.")
    quarry: Extension = Extension()

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts to end before; an empty one ends nothing."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(text for text in given if text)

    @property
    def usable_seed(self) -> int:
        """The seed as every server takes it; drawn anew each time where none is given and it matters."""
        return choose_seed(self.seed, self.temperature or 0.0) % _MAX_SEED

    @property
    def with_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatCompletionRequest(_Generation):
    """A conversation whose last message, system messages aside, is the user's question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "quarry/click",
                    "messages": [{"role": "user", "content": "Which class dispatches subcommands?"}],
                }
            ]
        }
    )

    messages: list[ChatTurn] = Field(min_length=1, max_length=10_000)
    max_completion_tokens: int | None = Field(default=None, ge=1, description="The newer name of max_tokens.")
    logprobs: bool | None = Field(default=None, description="Only false.")
    response_format: ResponseFormat | None = Field(default=None, description="Only text.")
    tools: list[Any] | None = Field(default=None, description="Only with tool_choice `none`: no tool is called.")
    tool_choice: Any = None
    functions: list[Any] | None = Field(default=None, description="The former name of tools.")


class CompletionRequest(_Generation):
    """Code to go on with; with ``suffix``, code to fill in between the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "quarry/click",
                    "prompt": "def double(ctx, param, value):\n    return ",
                    "suffix": "\n\n@click.command()\n",
                    "max_tokens": 32,
                }
            ]
        }
    )

    prompt: _Text | list[Any] = Field(
        description="The code before the cursor, as one text. May hold Qwen's own fill-in-the-middle tokens."
    )
    suffix: _Text | None = Field(default=None, description="The code behind the cursor.")
    path: str | None = Field(default=None, max_length=4096, description="Path of the file that is edited.")
    echo: bool | None = Field(default=None, description="Only false.")
    best_of: int | None = Field(default=None, description="Only 1.")
    logprobs: int | None = Field(default=None, description="Only 0.")


class EmbeddingRequest(_Request):
    """Texts to embed with the encoder that the settings name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "quarry-static", "input": ["def add(a, b):\n    return a + b"]}]}
    )

    model: str = Field(max_length=4096, description="The encoder's name, as `QUARRY_ENCODER` has it.")
    input: _Text | list[Any] = Field(description="One text, or up to 2,048 of them.")
    encoding_format: Literal["float", "base64"] | None = Field(
        default=None, description="base64: float32, little-endian."
    )
    dimensions: int | None = Field(default=None, description="Only the encoder's own.")


class OpenAIErrorDetail(BaseModel):
    """What is wrong, in one line that says what to do."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """An error in OpenAI's form."""

    error: OpenAIErrorDetail


class Model(BaseModel):
    """A repository, at a ref, that can be asked as a model."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="When it was indexed, in seconds since 1970.")
    owned_by: str = "quarry"


class ModelList(BaseModel):
    """All models that the caller may ask."""

    object: Literal["list"] = "list"
    data: list[Model]


class UrlCitation(BaseModel):
    """Lines that support the characters ``start_index`` to ``end_index`` of the message."""

    start_index: int
    end_index: int
    title: str = Field(description="path:Lfirst-Llast@commit")
    url: str


class Annotation(BaseModel):
    """OpenAI's form of a citation."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AssistantMessage(BaseModel):
    """The answer; its sources follow it as a markdown list, unless that holds one of the request's stops."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None = None
    annotations: list[Annotation]


class Usage(BaseModel):
    """Tokens as the model's server counted them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatChoice(BaseModel):
    """The one answer."""

    index: int = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class ChatCompletion(BaseModel):
    """A whole answer. ``quarry`` holds what ``/chat`` gives beside the text: sources, citations, unknown names."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage
    system_fingerprint: str = Field(description="The model that answered.")
    quarry: dict[str, Any]


class CompletionChoice(BaseModel):
    """The one completion."""

    index: int = 0
    text: str
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class Completion(BaseModel):
    """A whole completion. ``quarry`` holds the passages that the model was given, and what had no room."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage
    system_fingerprint: str = Field(description="The model that completed.")
    quarry: dict[str, Any]


class Embedding(BaseModel):
    """One vector, of unit length; as base64 where that was asked for."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens of the encoder."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """One vector a text, in the same order."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage
