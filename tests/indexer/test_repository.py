"""Sources of code: commits, working trees, plain folders and URLs, made by the real git."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from indexer.clones import is_url
from indexer.errors import SourceError
from indexer.gitcommand import read_blobs
from indexer.repository import WORKTREE, Source, default_name, open_source
from indexer.selection import reason_by_name

Make = Callable[..., Any]


def open_at(path: Path | str, clones: Path = Path("/nowhere"), **options: Any) -> Source:
    """Open a source that needs no clone."""
    return open_source(str(path), clones=clones, **options)


def keep_all(path: str, n_bytes: int) -> None:
    """No reason against any file."""


def contents(source: Source) -> dict[str, bytes]:
    """Every listed file with what reading it gives."""
    return {file.path: source.read(file) for file in source.list_files(keep_all).files}


def left_out(source: Source) -> dict[str, str]:
    """What the source leaves out itself, with the reason."""
    return {skipped.path: skipped.reason for skipped in source.list_files(keep_all).skipped}


def test_a_commit_is_read_from_git(make_repo: Make) -> None:
    """A commit's files are its own, whatever the working tree holds; sizes and blobs are git's."""
    repo = make_repo({"a.py": "x = 1\n", "dir/b.py": b"y = \xff\n"})
    first = repo.git("rev-parse", "HEAD")
    repo.write("a.py", "changed = True\n")
    repo.write("new.py", "new = True\n")
    source = open_at(repo.path)
    assert contents(source) == {"a.py": b"x = 1\n", "dir/b.py": b"y = \xff\n"}
    assert (source.commit, source.ref, source.origin) == (first, "HEAD", str(repo.path))
    (listed, _) = source.list_files(keep_all).files
    assert (listed.blob, listed.n_bytes) == (repo.git("rev-parse", "HEAD:a.py"), 6)


@pytest.mark.parametrize("kind", ["commit", "worktree", "folder"])
def test_reasons_are_asked_before_a_read(make_repo: Make, kind: str) -> None:
    """What is left out by name or size is named with its reason and is no listed file."""
    repo = make_repo({"a.py": "x = 1\n", "big.bin": b"\0" * 1000})
    if kind == "folder":
        shutil.rmtree(repo.path / ".git")
    source = open_at(repo.path, worktree=kind == "worktree")
    listing = source.list_files(lambda path, n_bytes: f"{n_bytes} bytes" if n_bytes > 999 else None)
    assert [file.path for file in listing.files] == ["a.py"]
    assert [(s.path, s.n_bytes, s.reason) for s in listing.skipped] == [("big.bin", 1000, "1000 bytes")]


def test_uncommitted_changes_are_noted(make_repo: Make) -> None:
    """Who indexes a commit is told how much of the working tree is not in it; a clean tree gives no note."""
    repo = make_repo({"a.py": "x = 1\n"})
    assert open_at(repo.path).notes == ()
    repo.write("a.py", "x = 2\n")
    repo.write("b.py", "y = 2\n")
    (note,) = open_at(repo.path).notes
    assert note.startswith("2 uncommitted changes")


def test_a_submodule_that_is_broken_stands_in_nobody_s_way(make_repo: Make) -> None:
    """What is wrong or changed within a submodule is no uncommitted change, and the commit can be indexed."""
    repo = make_repo({"a.py": "x = 1\n"})
    repo.git("submodule", "--quiet", "add", str(make_repo({"inner.py": "x\n"}).path), "inner")
    repo.commit()
    repo.write("inner/inner.py", "changed\n")
    assert open_at(repo.path).notes == ()
    repo.write("inner/.git", "gitdir: /nowhere\n")
    source = open_at(repo.path)
    assert source.notes == ()
    assert set(contents(source)) == {"a.py", ".gitmodules"}


def test_any_name_of_a_commit_is_a_ref(make_repo: Make) -> None:
    """Branches, tags, short and full ids name a commit."""
    repo = make_repo({"a.py": "x = 1\n"})
    first = repo.git("rev-parse", "HEAD")
    repo.git("tag", "--annotate", "v1", "--message", "first")
    repo.git("branch", "side/line")
    second = repo.commit({"a.py": "x = 2\n"})
    opened = {ref: open_at(repo.path, ref=ref).commit for ref in ("v1", "side/line", first[:10], "HEAD~1", "main")}
    assert opened == {"v1": first, "side/line": first, first[:10]: first, "HEAD~1": first, "main": second}


@pytest.mark.parametrize("ref", ["nope", "HEAD~99", "HEAD:a.py", "--help", "v1..v2", "f" * 40, "a b"])
def test_a_missing_ref_names_the_branches(make_repo: Make, ref: str) -> None:
    """A ref that is no commit is refused in one line that names what there is."""
    repo = make_repo({"a.py": "x = 1\n"})
    repo.git("branch", "release")
    with pytest.raises(SourceError) as caught:
        open_at(repo.path, ref=ref)
    assert "Branches there: main, release." in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_worktree_is_what_git_would_see(make_repo: Make) -> None:
    """Tracked and new files as they are now; deleted and ignored ones are not there."""
    repo = make_repo({"a.py": "old\n", "gone.py": "x\n", ".gitignore": "*.log\nbuild/\n", "kept.log": "x\n"})
    repo.git("add", "--force", "kept.log")
    repo.commit()
    repo.write("a.py", "new\n")
    repo.write("untracked.py", "u\n")
    repo.write("x.log", "ignored\n")
    repo.write("build/out.py", "ignored\n")
    (repo.path / "gone.py").unlink()
    source = open_at(repo.path, worktree=True)
    assert {path: text for path, text in contents(source).items() if path != ".gitignore"} == {
        "a.py": b"new\n",
        "kept.log": b"x\n",
        "untracked.py": b"u\n",
    }
    assert (source.commit, source.ref) == (None, WORKTREE)


def test_a_blob_is_the_same_in_commit_and_worktree(make_repo: Make) -> None:
    """An unchanged file has one id in both, so that its chunks are shared."""
    repo = make_repo({"a.py": "x = 1\n", "b.py": "größe\n"})
    blobs = [
        {file.path: file.blob for file in open_at(repo.path, worktree=w).list_files(keep_all).files}
        for w in (False, True)
    ]
    assert blobs[0] == blobs[1]


def test_a_linked_worktree_has_its_own_head(make_repo: Make, tmp_path: Path) -> None:
    """A working tree that git added elsewhere is opened at its own branch."""
    repo = make_repo({"a.py": "x = 1\n"})
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    (tmp_path / "linked" / "a.py").write_text("x = 2\n")
    assert contents(open_at(tmp_path / "linked", worktree=True)) == {"a.py": b"x = 2\n"}
    assert open_at(tmp_path / "linked").commit == repo.git("rev-parse", "main")


def test_gitignore_files_of_a_plain_folder(tmp_path: Path) -> None:
    """Without git, .gitignore files hold as git reads them: the nearest one has the last word."""
    files = {
        ".gitignore": "*.log\n/build/\n!keep.log\n",
        "a.py": "",
        "a.log": "",
        "keep.log": "",
        "build/x.py": "",
        "sub/build/x.py": "",
        "sub/.gitignore": "!b.log\n/local.py\n",
        "sub/b.log": "",
        "sub/c.log": "",
        "sub/local.py": "",
        "sub/deep/local.py": "",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    subprocess.run(["git", "init", "--quiet", str(tmp_path / ".probe")], check=True)
    command = ["git", f"--git-dir={tmp_path / '.probe' / '.git'}", f"--work-tree={tmp_path}"]
    listed = subprocess.run(
        [*command, "ls-files", "--others", "--exclude-standard"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    shutil.rmtree(tmp_path / ".probe")
    expected = {path for path in listed.splitlines() if not path.startswith(".probe")}
    assert {"keep.log", "sub/b.log", "sub/build/x.py", "sub/deep/local.py"} <= expected
    assert set(contents(open_at(tmp_path))) == expected


def test_a_plain_folder_says_that_it_has_no_commit(tmp_path: Path) -> None:
    """Files without git are indexed as they are, and the user is told what that means."""
    (tmp_path / "a.py").write_text("x = 1\n")
    source = open_at(tmp_path)
    assert (source.commit, source.ref) == (None, WORKTREE)
    assert "answers name no commit" in source.notes[0]


def test_a_ref_of_a_plain_folder_is_refused(tmp_path: Path) -> None:
    """A folder without git has no refs."""
    with pytest.raises(SourceError, match="no git repository, so it has no ref 'main'"):
        open_at(tmp_path, ref="main")


def test_a_subfolder_is_indexed_alone(make_repo: Make) -> None:
    """A folder inside a repository gives the files below it, under their paths from the top."""
    repo = make_repo({"a.py": "", "lib/b.py": "b", "lib/[id]/c.py": "c", "library/d.py": "d"})
    repo.write("lib/new.py", "n")
    assert set(contents(open_at(repo.path / "lib"))) == {"lib/b.py", "lib/[id]/c.py"}
    assert set(contents(open_at(repo.path / "lib" / "[id]"))) == {"lib/[id]/c.py"}
    assert set(contents(open_at(repo.path / "lib", worktree=True))) == {"lib/b.py", "lib/[id]/c.py", "lib/new.py"}
    assert (
        open_at(repo.path / "lib", worktree=True).origin == open_at(repo.path / "lib").origin == str(repo.path / "lib")
    )


@pytest.mark.parametrize("worktree", [False, True])
@pytest.mark.parametrize("named", ["third_party", "third_party/lib", "third_party/lib/vendor"])
def test_a_folder_that_is_named_is_not_left_out_for_where_it_lies(make_repo: Make, named: str, worktree: bool) -> None:
    """Folders of other people's code are left out below the one that the user names, which is not left out itself."""
    repo = make_repo({"third_party/lib/a.go": "a", "third_party/lib/vendor/b.go": "b"})
    repo.write("third_party/lib/a.go", "edited")
    source = open_at(repo.path / named, worktree=worktree)
    listing = source.list_files(partial(reason_by_name, max_file_bytes=1000))
    wanted = "third_party/lib/vendor/b.go" if named.endswith("vendor") else "third_party/lib/a.go"
    assert [file.path for file in listing.files] == [wanted]
    assert {s.reason for s in listing.skipped} <= {"vendored (in vendor/)"}


def test_a_bare_repository_has_commits_only(make_repo: Make, tmp_path: Path) -> None:
    """A bare repository is read at a commit, and has no working tree to offer."""
    repo = make_repo({"a.py": "x = 1\n"})
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    assert contents(open_at(tmp_path / "bare.git")) == {"a.py": b"x = 1\n"}
    with pytest.raises(SourceError, match="bare repository"):
        open_at(tmp_path / "bare.git", worktree=True)


def test_a_url_is_cloned_then_fetched(make_repo: Make, tmp_path: Path) -> None:
    """The first look clones, the next one sees new commits, branches and rewritten history."""
    repo = make_repo({"a.py": "x = 1\n"})
    url = f"file://{repo.path}"
    assert contents(open_at(url, tmp_path)) == {"a.py": b"x = 1\n"}
    second = repo.commit({"b.py": "y = 1\n"})
    repo.git("branch", "later")
    assert open_at(url, tmp_path).commit == second
    assert open_at(url, tmp_path, ref="later").commit == second
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    rewritten = repo.commit({"c.py": "z = 1\n"})
    assert open_at(url, tmp_path).commit == rewritten
    assert len(list(tmp_path.iterdir())) == 1


def test_a_clone_that_was_killed_is_made_again(make_repo: Make, tmp_path: Path) -> None:
    """What a killed clone leaves, a repository without objects, does not stand in the way for ever."""
    repo = make_repo({"a.py": "x = 1\n"})
    url = f"file://{repo.path}"
    open_at(url, tmp_path)
    (clone,) = tmp_path.iterdir()
    shutil.rmtree(clone)
    subprocess.run(["git", "init", "--quiet", "--bare", str(clone)], check=True)
    assert contents(open_at(url, tmp_path)) == {"a.py": b"x = 1\n"}


def test_the_default_branch_of_a_url_is_followed(make_repo: Make, tmp_path: Path) -> None:
    """When the origin renames its default branch, HEAD is the new one."""
    repo = make_repo({"a.py": "x = 1\n"})
    url = f"file://{repo.path}"
    open_at(url, tmp_path)
    repo.git("branch", "--move", "main", "trunk")
    renamed = repo.commit({"b.py": "y = 1\n"})
    assert open_at(url, tmp_path).commit == renamed


def test_a_deleted_origin_is_one_line(make_repo: Make, tmp_path: Path) -> None:
    """A URL that was cloned and is gone gives an error that names it."""
    repo = make_repo({"a.py": "x = 1\n"}, "soon-gone")
    url = f"file://{repo.path}"
    open_at(url, tmp_path)
    shutil.rmtree(repo.path)
    with pytest.raises(SourceError, match=r"git cannot fetch file://.*soon-gone") as caught:
        open_at(url, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:///nowhere.git", "https://127.0.0.1:1/x.git", "ssh://git@127.0.0.1:1/x.git"])
def test_a_url_that_does_not_answer_is_one_line(url: str, tmp_path: Path) -> None:
    """No repository behind a URL gives one line that names it, and leaves nothing behind."""
    with pytest.raises(SourceError) as caught:
        open_at(url, tmp_path)
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_url_has_no_worktree(tmp_path: Path) -> None:
    """Uncommitted files are asked of a path only."""
    with pytest.raises(SourceError, match="no working tree"):
        open_at("https://example.org/x.git", tmp_path, worktree=True)


def test_submodules_are_left_out(make_repo: Make) -> None:
    """A submodule's files belong to another repository, in the commit and in the working tree."""
    inner = make_repo({"inner.py": "x\n"})
    repo = make_repo({"a.py": "x = 1\n"})
    repo.git("submodule", "--quiet", "add", str(inner.path), "libs/inner")
    repo.commit()
    for worktree in (False, True):
        source = open_at(repo.path, worktree=worktree)
        assert left_out(source) == {"libs/inner": "submodule"}
        assert set(contents(source)) == {"a.py", ".gitmodules"}


@pytest.mark.parametrize("kind", ["commit", "worktree", "folder"])
def test_links_are_left_out(make_repo: Make, kind: str) -> None:
    """Links to files, to folders, to nothing and to themselves are named and not followed."""
    repo = make_repo({"dir/a.py": "x = 1\n"})
    for name, target in {
        "file": "dir/a.py",
        "folder": "dir",
        "broken": "nowhere",
        "loop": "loop",
        "dir/up": "..",
    }.items():
        (repo.path / name).symlink_to(target)
    repo.commit()
    if kind == "folder":
        shutil.rmtree(repo.path / ".git")
    source = open_at(repo.path, worktree=kind == "worktree")
    assert left_out(source) == dict.fromkeys(["broken", "dir/up", "file", "folder", "loop"], "symbolic link")
    assert set(contents(source)) == {"dir/a.py"}


def test_a_folder_that_cannot_be_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with the reason, as a file would be; one that was deleted meanwhile is not there."""
    for path in ("a.py", "data/b.py", "gone/c.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("x = 1\n")
    scandir = os.scandir
    failing = {tmp_path / "data": errno.EACCES, tmp_path / "gone": errno.ENOENT}

    def scan(folder: Path) -> Any:
        if folder in failing:
            raise OSError(failing[folder], os.strerror(failing[folder]))
        return scandir(folder)

    monkeypatch.setattr("indexer.folders.os.scandir", scan)
    source = open_at(tmp_path)
    assert left_out(source) == {"data/": "cannot be read (Permission denied)"}
    assert set(contents(source)) == {"a.py"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A named pipe in a folder is no file to read."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.py").write_text("x = 1\n")
    assert contents(open_at(tmp_path)) == {"a.py": b"x = 1\n"}


def test_names_of_any_bytes_are_listed(make_repo: Make) -> None:
    """Names that are not UTF-8, or hold a line break, a tab or a quote, are listed as they are and can be read."""
    names = [b"caf\xe9.py", b"two\nlines.py", b'quo"te\t.py', b" space .py"]
    repo = make_repo({"a.py": "a"})
    for name in names:
        with open(os.fsencode(repo.path) + b"/" + name, "wb") as file:  # noqa: PTH123 (Path takes no bytes)
            file.write(name)
    repo.commit()
    for worktree in (False, True):
        read = {os.fsencode(path): content for path, content in contents(open_at(repo.path, worktree=worktree)).items()}
        assert read == {b"a.py": b"a", **{name: name for name in names}}


def test_a_shallow_clone_is_a_source(make_repo: Make, tmp_path: Path) -> None:
    """One commit without its history is enough."""
    repo = make_repo({"a.py": "x = 1\n"})
    second = repo.commit({"a.py": "x = 2\n"})
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.path}", str(tmp_path / "shallow"))
    source = open_at(tmp_path / "shallow")
    assert (source.commit, contents(source)) == (second, {"a.py": b"x = 2\n"})


def test_sha256_repositories_are_sources(make_repo: Make) -> None:
    """Git's newer object format is read like the older one."""
    repo = make_repo({"a.py": "x = 1\n"}, "long", "--object-format=sha256")
    source = open_at(repo.path)
    assert (source.commit, contents(source)) == (repo.git("rev-parse", "HEAD"), {"a.py": b"x = 1\n"})


def test_an_empty_repository_says_so(tmp_path: Path) -> None:
    """No commit yet: the message says what to do, without a working tree where there is none."""
    for folder, options, end in (("new", (), "as they are with --worktree."), ("bare", ("--bare",), "then index it.")):
        subprocess.run(["git", "init", "--quiet", *options, str(tmp_path / folder)], check=True)
        with pytest.raises(SourceError, match="empty repository: commit something") as caught:
            open_at(tmp_path / folder)
        assert str(caught.value).endswith(end)


def test_a_head_without_a_commit_names_the_branches(make_repo: Make) -> None:
    """A branch that was only begun does not make a repository empty: there is a ref to ask for."""
    repo = make_repo({"a.py": "x = 1\n"})
    repo.git("checkout", "--quiet", "--orphan", "pages")
    with pytest.raises(SourceError, match=r"names no commit: give --ref\. Branches there: main"):
        open_at(repo.path)
    assert contents(open_at(repo.path, ref="main")) == {"a.py": b"x = 1\n"}


@pytest.mark.parametrize("source", ["~nobody-of-this-name/x", "a\0b", "x" * 5000])
def test_what_is_no_path_says_so(source: str, tmp_path: Path) -> None:
    """A home of nobody, a zero byte and an endless name are one line, also where only a name is made of them."""
    for use in (lambda: default_name(source), lambda: open_source(source, clones=tmp_path)):
        with pytest.raises(SourceError, match="is no path") as caught:
            use()
        assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_a_missing_path_says_so(tmp_path: Path) -> None:
    """What is not there is named as it was given."""
    with pytest.raises(SourceError, match=r"No such path: .*nothing-here"):
        open_at(tmp_path / "nothing-here")


def test_a_file_is_no_source(tmp_path: Path) -> None:
    """A file is refused with the advice to give its folder."""
    (tmp_path / "a.py").write_text("")
    with pytest.raises(SourceError, match="is a file"):
        open_at(tmp_path / "a.py")


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("https://github.com/a/b", True),
        ("git@github.com:a/b.git", True),
        ("ssh://host/x", True),
        ("file:///x", True),
        ("./a", False),
        ("/a/b.git", False),
        ("C:\\code", False),
        ("a:b", False),
    ],
)
def test_urls_are_known_by_their_form(source: str, url: bool) -> None:
    """A path is never taken for a URL, nor the other way round."""
    assert is_url(source) is url


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://github.com/a/My.Repo.git", "My.Repo"),
        ("git@host:tools.git", "tools"),
        ("file:///x/y z/", "y-z"),
        ("/tmp/some project", "some-project"),
        ("/", "repository"),
    ],
)
def test_a_name_comes_from_the_last_part(source: str, name: str) -> None:
    """The default name is the last part, in characters that a folder and Chroma allow."""
    assert default_name(source) == name


def test_a_blob_that_git_did_not_finish_is_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """git may be ended within a blob: half of it is none, so that it is read again by itself."""

    def end_early(folder: Path, *arguments: str, with_input: bool = False) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        printed = "b1 blob 4\nfull\nb2 blob 10\nhalf"
        return subprocess.Popen(["printf", "%s", printed], stdin=pipe, stdout=pipe, stderr=pipe)

    monkeypatch.setattr("indexer.gitcommand.start_git", end_early)
    assert list(read_blobs(tmp_path, ["b1", "b2", "b3"])) == [b"full", None, None]
