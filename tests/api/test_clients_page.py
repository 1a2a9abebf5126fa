"""docs/clients.md: what it shows is run against a service, so that it stays true."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import ApiSettings
from indexer.build import build_index
from indexer.repository import open_source

PAGE = Path(__file__).resolve().parents[2] / "docs" / "clients.md"
ADDRESS = "http://127.0.0.1:8000"


def read_blocks(language: str) -> dict[str, str]:
    """The page's code blocks in this language, by heading and number."""
    blocks = {}
    for section in PAGE.read_text().split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        found = re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        blocks |= {f"{heading} {number}": block for number, block in enumerate(found, 1)}
    return blocks


PYTHON, BASH = read_blocks("python"), read_blocks("bash")


@pytest.fixture(scope="module")
def click_home(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Path:
    """A home in which something is indexed under the page's name for it."""
    path = tmp_path_factory.mktemp("home")
    build_index(open_source(str(shop), clones=path / "clones"), "click", ApiSettings(home=path))
    return path


@pytest.fixture
def url(served: Callable[..., str], stand_in: Any, click_home: Path) -> str:
    """A service over that home, which asks its model whatever the repository holds."""
    return served(stand_in(model="stand-in/qwen2.5-coder"), home=click_home, min_confidence=0)


def test_the_page_has_what_is_tested_here() -> None:
    """Each client that is shown with code that can be run has such code."""
    assert len(PYTHON) >= 7 and {heading.rpartition(" ")[0] for heading in PYTHON} == {
        "The openai package",
        "MCP",
        "LangChain",
    }
    assert {"curl 1", "curl 2", "aider 1", "Open WebUI 1"} == set(BASH)


@pytest.mark.parametrize("name", PYTHON)
def test_python(
    name: str, url: str, click_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code runs as it stands, against another address, and prints something."""
    monkeypatch.setenv("QUARRY_HOME", str(click_home))
    # What is asked without a service has a model to ask all the same: the service is one, too.
    monkeypatch.setenv("QUARRY_MODEL", "openai/quarry/click")
    monkeypatch.setenv("QUARRY_OPENAI_URL", f"{url}/v1")
    code = PYTHON[name].replace(ADDRESS, url)
    assert url in code or "from assistant" in code
    exec(compile(code, name, "exec"), {"__name__": "example"})
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("name", [name for name in BASH if name.startswith("curl")])
def test_curl(name: str, url: str) -> None:
    """The command gives the stand-in's answer, in one piece or in several."""
    done = subprocess.run(["bash", "-c", BASH[name].replace(ADDRESS, url)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "answer." in done.stdout and '"error"' not in done.stdout


def test_continue_configuration_names_what_is_served(url: str) -> None:
    """Each model of the configuration is one that the service has for that role."""
    from openai import OpenAI

    [config] = [yaml.safe_load(block) for block in read_blocks("yaml").values()]
    roles = set()
    for model in config["models"]:
        client = OpenAI(base_url=model["apiBase"].replace(ADDRESS, url), api_key=model["apiKey"])
        for role in model["roles"]:
            roles.add(role)
            if role == "embed":
                assert client.embeddings.create(model=model["model"], input="x").data
            elif role == "autocomplete":
                template = model["promptTemplates"]["autocomplete"]
                prompt = template.replace("{{{prefix}}}", "a = ").replace("{{{suffix}}}", "\n")
                assert client.completions.create(model=model["model"], prompt=prompt).choices
            else:
                messages: list[Any] = [{"role": "user", "content": "hello"}]
                assert client.chat.completions.create(model=model["model"], messages=messages).choices
    assert roles == {"chat", "edit", "autocomplete", "embed"}


def test_mcp_configurations(run_quarry: Callable[..., Any], tmp_path: Path) -> None:
    """They are JSON, one for each transport, and the command is one that there is."""
    over_http, over_streams = (json.loads(block)["mcpServers"]["quarry"] for block in read_blocks("json").values())
    assert over_http == {"type": "http", "url": f"{ADDRESS}/mcp"}
    assert over_streams["command"] == "quarry"
    assert run_quarry(tmp_path, *over_streams["args"], "--help").returncode == 0
