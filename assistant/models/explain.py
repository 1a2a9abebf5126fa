"""Errors of the client libraries as one clear line. Called in an ``except`` around a stream."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from assistant.errors import ModelError, ModelUnavailable
from assistant.models.catalogue import PROVIDER_NAMES
from assistant.models.services import SERVICES

if TYPE_CHECKING:
    from assistant.models.providers import Provider


def explain_model_error(error: Exception, provider: Provider) -> ModelError:
    """What ``error``, raised while ``provider``'s model was asked, means to the user.

    Use it as ``raise explain_model_error(error, provider) from error``. A ``ModelError`` is returned as it is.
    """
    if isinstance(error, ModelError):
        return error
    kind, _, name = provider.model.partition("/")
    statuses = [status for cause in _causes(error) if isinstance(status := _status_of(cause), int)]
    status = statuses[0] if statuses else None
    detail = next(filter(None, map(_message_of, _causes(error))), None) or say_in_one_line(error)
    if status == 404 and kind == "ollama":
        from assistant.models.ollama_server import ollama_model_missing

        return ollama_model_missing(name)
    if status in (401, 403):
        if kind in SERVICES:
            return ModelUnavailable(f"{provider.model} refuses the key ({detail}): {_name_key(kind)}")
        what_to_do = "set QUARRY_OPENAI_API_KEY to the one that it asks for" if kind == "openai" else "open it again"
        return ModelUnavailable(f"the server of {provider.model} refuses the key: {what_to_do}")
    if status is not None:
        return ModelUnavailable(f"the server of {provider.model} answers with an error ({status}): {detail}")
    untrusted = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return ModelUnavailable(
            f"the certificate of the server of {provider.model} is not trusted ({say_in_one_line(untrusted)}): set "
            "SSL_CERT_FILE to a file with that of its authority"
        )
    names = {cause_type.__name__ for cause in _causes(error) for cause_type in type(cause).__mro__}
    if names & {"ConnectError", "ConnectTimeout", "ConnectionRefusedError"}:
        return ModelUnavailable(f"the server of {provider.model} does not answer: {_remedies(kind)}")
    if names & {"TimeoutException", "APITimeoutError", "TimeoutError"}:
        return ModelUnavailable(f"{provider.model} took too long to answer: ask for less, or use a smaller model")
    if kind in SERVICES:
        return ModelUnavailable(f"{provider.model} gave no answer: {detail}")
    return ModelUnavailable(f"{provider.model} stopped in mid-answer ({detail}): {_remedies(kind)}")


def say_in_one_line(error: BaseException) -> str:
    """The first line of what ``error`` says; of pydantic's errors, whose first line is a count, the first of them."""
    errors = getattr(error, "errors", None)
    said = errors() if callable(errors) else None
    if isinstance(said, list) and said and isinstance(said[0], Mapping) and said[0].get("msg"):
        return str(said[0]["msg"]).splitlines()[0][:200]
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


def _name_key(kind: str) -> str:
    variables = SERVICES[kind].key_variables
    return f"see that {' or '.join(variables[:2])} holds one that it takes" if variables else "see that it is valid"


def _remedies(kind: str) -> str:
    if kind not in PROVIDER_NAMES:
        return "see that the network is there, and ask again"
    return {
        "ollama": "see that `ollama serve` runs (QUARRY_OLLAMA_URL says where), and ask again",
        "openai": "see that it runs (QUARRY_OPENAI_URL says where), and ask again",
    }.get(kind, "ask again, and the engine is started anew")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status_of(error: BaseException) -> int | None:
    """The HTTP status that an error carries: in openai's words, or in Google's; ollama says -1 for one in a stream."""
    for status in (getattr(error, "status_code", None), getattr(error, "code", None)):
        if isinstance(status, int) and 400 <= status < 600:
            return status
    return None


def _message_of(error: BaseException) -> str | None:
    """What the server itself said, where the error carries it: openai's and Anthropic's clients do, and Google's."""
    body = getattr(error, "body", None) or getattr(error, "details", None)
    said = body.get("error", body) if isinstance(body, Mapping) else None
    message = said.get("message") if isinstance(said, Mapping) else said
    return message.strip().splitlines()[0][:200] if isinstance(message, str) and message.strip() else None
