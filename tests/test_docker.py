"""docker/: what can be held without a container engine. ``scripts/try_image_steps.py`` runs the whole."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import ApiSettings
from scripts.try_image_steps import DOCKERFILE, ROOT, copy_sources, read_steps

STEPS = read_steps()
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
# Of the Compose specification, what the file uses: a misspelt key is an error of `docker compose`, too.
SERVICE_KEYS = frozenset(
    "build cap_drop command depends_on entrypoint environment healthcheck image ports read_only restart security_opt "
    "stop_grace_period tmpfs volumes".split()
)
HEALTHCHECK_KEYS = frozenset("interval retries start_period test timeout".split())


def with_defaults(text: str) -> str:
    """``text`` as Compose reads it where no variable is set; ``$$`` is how a dollar is written."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text).replace("$$", "$")


def test_hadolint_has_nothing_to_say() -> None:
    """The linter of Dockerfiles, which also checks the shell within, finds nothing, not even a hint."""
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_slim_and_not_roots() -> None:
    """The last stage has no build tools, runs as a number that is not 0, and keeps its data in a volume."""
    last = [step for step in STEPS if step.stage == STEPS[-1].stage]
    by_instruction = {step.instruction: step.arguments for step in last}
    assert STEPS[-1].stage == 1 and "-slim" in by_instruction["FROM"]
    assert int(by_instruction["USER"]) > 0
    assert by_instruction["VOLUME"] == "/data" and "QUARRY_HOME=/data" in by_instruction["ENV"]
    assert [step.arguments for step in last if step.instruction == "COPY"] == ["--from=build /opt/quarry /opt/quarry"]
    assert not any("pip" in step.arguments for step in last if step.instruction == "RUN")


class _Live(BaseHTTPRequestHandler):
    """The part of a service that a health check sees."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/live" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_the_health_check_asks_whether_the_service_lives() -> None:
    """It calls what needs no key and no model, by what is in the image, and not through a proxy."""
    [check] = [step.arguments for step in STEPS if step.instruction == "HEALTHCHECK"]
    python, *arguments = json.loads(check.partition("CMD ")[2])
    assert python == "python"
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Live)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    proxied = {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    environment = os.environ | proxied | {"QUARRY_PORT": str(server.server_address[1])}
    assert subprocess.run([sys.executable, *arguments], env=environment).returncode == 0
    server.shutdown()
    server.server_close()
    assert subprocess.run([sys.executable, *arguments], env=environment, capture_output=True).returncode != 0


def test_the_context_holds_what_is_copied() -> None:
    """.dockerignore lets through what the first stage copies and no more, so that no index or key gets in."""
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    rules = [line for line in ignored if line and not line.startswith("#")]
    copied = [step.arguments.split()[:-1] for step in STEPS if step.stage == 0 and step.instruction == "COPY"]
    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(
        name for names in copied for name in names
    )


def test_the_wheel_of_the_first_stage_is_whole(tmp_path: Path) -> None:
    """Built of what is copied alone, it holds all files of the packages but results, neither tests nor torch."""
    copy_sources(STEPS, tmp_path)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "wheels"), "."]
    done = subprocess.run(build, cwd=tmp_path / "src", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [wheel] = (tmp_path / "wheels").glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    packages = ("indexer", "assistant", "api", "eval")
    listed = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", *packages]
    files = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.rstrip("\0").split("\0")
    wanted = {name for name in files if not name.startswith("eval/results/") and (ROOT / name).exists()}
    assert "indexer/encoder/0_StaticEmbedding/model.safetensors" in wanted
    assert not wanted - inside
    assert {name.split("/")[0] for name in inside if ".dist-info" not in name} == set(packages)
    script = [sys.executable, tmp_path / "src" / "docker" / "runtime_requirements.py", wheel]
    required = subprocess.run(script, capture_output=True, text=True, check=True).stdout.split("\n")
    names = {re.split(r"[^\w.-]", line)[0] for line in required}
    assert {"chromadb", "fastapi", "tantivy"} <= names
    assert not names & {"torch", "sentence-transformers", "pytest", "semble"}


def test_settings_of_the_image_exist() -> None:
    """Every QUARRY_ variable of Dockerfile and compose file is a setting of the service."""
    named = set(re.findall(r"\bQUARRY_\w+(?==)", DOCKERFILE.read_text()))
    named |= {name for name in SERVICES["quarry"]["environment"] if name.startswith("QUARRY_")}
    assert named and {name.removeprefix("QUARRY_").lower() for name in named} <= set(ApiSettings.model_fields)


def test_compose_names_only_what_there_is() -> None:
    """Keys are the specification's, what is named is defined, and every variable has a default."""
    assert set(COMPOSE) == {"name", "services", "volumes"}
    for service in SERVICES.values():
        assert set(service) <= SERVICE_KEYS
        assert set(service.get("healthcheck", {})) <= HEALTHCHECK_KEYS
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        for volume in service.get("volumes", ()):
            source = with_defaults(volume).split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / "docker" / source).exists()
    text = re.sub(r"#.*", "", (ROOT / "docker" / "compose.yaml").read_text())
    assert "$" not in with_defaults(text.replace("$$", ""))
    build = SERVICES["quarry"]["build"]
    assert (ROOT / "docker" / build["context"] / build["dockerfile"]).resolve() == DOCKERFILE


def test_the_model_is_pulled_before_the_service_starts() -> None:
    """Ollama is well, then one service fetches the model and ends, then ours starts and asks for that model there."""
    pull, quarry = SERVICES["pull-model"], SERVICES["quarry"]
    assert quarry["depends_on"] == {"pull-model": {"condition": "service_completed_successfully"}}
    assert pull["depends_on"] == {"ollama": {"condition": "service_healthy"}}
    assert SERVICES["ollama"]["healthcheck"]["test"] == ["CMD", "ollama", "list"]
    assert pull["restart"].startswith("on-failure")
    assert quarry["environment"]["QUARRY_MODEL"] == f"ollama/{pull['command'][0]}"
    assert quarry["environment"]["QUARRY_OLLAMA_URL"] == pull["environment"]["OLLAMA_HOST"] == "http://ollama:11434"
    assert "ports" not in SERVICES["ollama"]  # whoever reached it could use the model without a key


@pytest.mark.parametrize("is_there", [True, False])
def test_a_model_that_is_there_is_not_pulled_again(tmp_path: Path, is_there: bool) -> None:
    """A pull asks the registry even then, and the service would not start without a network."""
    ollama = tmp_path / "ollama"
    ollama.write_text(f"#!/bin/sh\necho $@ >>{tmp_path}/said\ntest $1 = show && exit {int(not is_there)}\nexit 3\n")
    ollama.chmod(0o755)
    pull = SERVICES["pull-model"]
    command = [with_defaults(part) for part in (*pull["entrypoint"], *pull["command"])]
    done = subprocess.run(command, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    model = with_defaults(pull["command"][0])
    asked = [f"show {model}"] if is_there else [f"show {model}", f"pull {model}"]
    assert (tmp_path / "said").read_text().splitlines() == asked
    assert done.returncode == (0 if is_there else 3)


def test_the_service_is_reached_from_this_machine_alone() -> None:
    """By default the port is published on loopback, and the container has no right that it does not need."""
    quarry = SERVICES["quarry"]
    assert [with_defaults(port) for port in quarry["ports"]] == ["127.0.0.1:8000:8000"]
    assert quarry["read_only"] is True and quarry["cap_drop"] == ["ALL"]
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in SERVICES.values())
    assert all(volume.endswith(":ro") for volume in quarry["volumes"] if "/sources" in volume)


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "quarry"])
def test_images_of_others_are_pinned(name: str) -> None:
    """A tag that moves would change what runs without anybody's doing."""
    tag = with_defaults(SERVICES[name]["image"]).partition(":")[2]
    assert re.fullmatch(r"\d+\.\d+\.\d+", tag)
