"""What decides an answer beside the question, and what else a run is described by: model, versions, machine."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.confidence import fingerprint_coefficients
from assistant.context import CONTEXT_VERSION
from assistant.grounding.grounder import GROUNDING_VERSION
from assistant.models.catalogue import EMBEDDED_MODELS
from assistant.models.machine import memory_bytes, usable_cores
from assistant.prompts import CODE_PROMPT_VERSION, PROMPT_VERSION
from assistant.search import SEARCH_VERSION
from assistant.settings import AssistantSettings
from indexer.chunking import CHUNKER_VERSION
from indexer.embedding import canonical_name, open_encoder
from indexer.errors import QuarryError
from indexer.gitcommand import run_git

from .contexts import CONTEXTS_VERSION
from .records import WEIGHTS, Start

if TYPE_CHECKING:
    from assistant.models.hosted import HostedProvider
    from assistant.models.providers import Provider

_CLOCK_SECONDS = 1.1  # after which a clock that counts whole seconds has gone on
_PACKAGES = (
    "quarry-code",
    "inspect-ai",
    "langchain-core",
    "langchain-openai",
    "langchain-ollama",
    "xllamacpp",
    "tantivy",
    "tree-sitter",
    "numpy",
    "scipy",
)


def identify_model(provider: Provider, settings: AssistantSettings) -> dict[str, Any]:
    """What of the model's side decides an answer: the file by its checksum, the server's digest, engine and options.

    Of a hosted model nobody can say which weights answer: there it is provider, name and the package that asks it.
    """
    from assistant.models.hosted import HostedProvider

    kind, _, name = provider.model.partition("/")
    identity: dict[str, Any] = {"window_tokens": provider.window_tokens}
    if kind == "embedded" and name in EMBEDDED_MODELS:
        from assistant.models.engine import PLAIN
        from assistant.models.engine_build import read_engine_build

        engine = str(read_engine_build())
        return identity | {"sha256": EMBEDDED_MODELS[name].sha256, "engine": engine, "options": asdict(PLAIN)}
    if kind == "ollama":
        from assistant.models.ollama_server import list_ollama

        digests = {model.tag: model.digest for model in list_ollama(settings.ollama_url, seconds=5.0)}
        return identity | {"digest": digests.get(name, digests.get(f"{name}:latest", ""))}
    if kind == "openai":
        return identity | {"server": settings.openai_url, "listed": _describe_served(settings, name)}
    if isinstance(provider, HostedProvider):
        return identity | _describe_hosted(provider)
    return identity


def _describe_hosted(provider: HostedProvider) -> dict[str, Any]:
    said = {
        "provider": provider.kind,
        "name": provider.name,
        "package": f"{provider.package} {provider.package_version}".rstrip(),
        WEIGHTS: "not pinned: the provider can change them under the same name",
    }
    if not provider.takes_temperature:
        said["temperature"] = "not sent: the model takes none"
    if not provider.takes_seed:
        said["seed"] = "not sent: the model takes none"
    return said


def _describe_served(settings: AssistantSettings, name: str) -> dict[str, Any]:
    """What an OpenAI-compatible server's list says of a model beside its window: id, created, owned_by, meta.

    Some servers (vLLM, llama-server) give the time of asking as ``created``. That says nothing of the model, and would
    make another one of it each time: what differs when asked again is left out.
    """
    from assistant.models.openai_server import list_openai

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None

    def ask() -> Mapping[str, Any]:
        return next((model.about for model in list_openai(settings.openai_url, key) if model.name == name), {})

    said = ask()
    if "created" in said:
        time.sleep(_CLOCK_SECONDS)
        again = ask()
        said = {field: value for field, value in said.items() if again.get(field) == value}
    return {"id": name, **said}


def describe_code(settings: AssistantSettings) -> dict[str, Any]:
    """The versions of what makes prompts of cases. Two starts share a run folder only if all of these are equal."""
    encoder = canonical_name(settings.encoder)
    return {
        "prompt": PROMPT_VERSION,
        "code_prompt": CODE_PROMPT_VERSION,
        "search": SEARCH_VERSION,
        "packing": CONTEXT_VERSION,
        "grounding": GROUNDING_VERSION,
        "confidence_fit": fingerprint_coefficients(),
        "contexts": CONTEXTS_VERSION,
        "chunker": CHUNKER_VERSION,
        "encoder": f"{encoder} {open_encoder(encoder).fingerprint[:12]}",
        "max_file_bytes": settings.max_file_bytes,
    }


def describe_start(arms: Sequence[str], tasks: Sequence[str], sandbox: str) -> Start:
    """This start: when, with what, on which machine."""
    return Start(
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        arms=list(arms),
        tasks=list(tasks),
        quarry_version=version_of("quarry-code"),
        quarry_commit=_find_commit(Path(__file__).resolve().parents[2]),
        sandbox=sandbox,
        machine=_describe_machine(),
        versions={name: version_of(name) for name in _PACKAGES},
    )


def _describe_machine() -> Mapping[str, Any]:
    """No host name: a run folder is made to be shown."""
    n_bytes = memory_bytes()
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _find_processor(),
        "cores": usable_cores(),
        "memory_gib": round(n_bytes / 2**30, 1) if n_bytes is not None else None,
        "python": platform.python_version(),
    }


def _find_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _find_commit(root: Path) -> str:
    """The commit of the checkout that this code runs from, with a plus if it was changed since; empty for a package."""
    if not (root / ".git").exists():
        return ""
    try:
        commit = run_git(root, "rev-parse", "HEAD").strip()
        changed = run_git(root, "status", "--porcelain", "--untracked-files=no").strip()
    except (QuarryError, OSError):
        return ""
    return commit + ("+" if changed else "")


def version_of(package: str) -> str:
    """The release of an installed package; empty where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
