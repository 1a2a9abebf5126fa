"""Indexing in the background: one job after the other on a thread, so that answers keep a core."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from indexer.build import BuildReport, build_index
from indexer.clones import without_credentials
from indexer.errors import IndexingError, QuarryError
from indexer.home import check_name
from indexer.progress import Progress
from indexer.repository import default_name, open_source
from indexer.settings import IndexerSettings
from indexer.words import without_half_characters

from .schemas.repos import IndexReport, IndexRequest, Job, JobProgress, LeftOut, Redacted

_LOG = logging.getLogger("quarry.api")
_MAX_KEPT = 1000  # jobs that can still be asked for; the oldest are forgotten


class JobQueue:
    """Takes indexing requests and tells how they are. Jobs are forgotten when the service ends; indexes are not."""

    def __init__(self, settings: IndexerSettings) -> None:
        self._settings = settings
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._owners: dict[str, str | None] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="indexing")
        self._closing = threading.Event()

    def submit(self, request: IndexRequest, owner: str | None = None) -> Job:
        """Queue a job of ``owner``, a key's name. Raises InputError for a name that cannot be used."""
        name = check_name(request.name or default_name(request.source))
        job = Job(
            id=uuid.uuid4().hex,
            state="queued",
            repo=name,
            source=without_credentials(request.source),
            progress=None,
            report=None,
            error=None,
        )
        with self._lock:
            self._jobs[job.id] = job
            self._owners[job.id] = owner
            while len(self._jobs) > _MAX_KEPT:
                forgotten, _ = self._jobs.popitem(last=False)
                del self._owners[forgotten]
        self._pool.submit(self._run, job.id, request, name)
        return job

    def get(self, job_id: str, owner: str | None = None) -> Job | None:
        """The job as it is now, or None if ``owner`` has none of that id."""
        with self._lock:
            return self._jobs.get(job_id) if self._owners.get(job_id) == owner else None

    def count_states(self) -> dict[str, int]:
        """How many jobs are in each state, of those that are kept."""
        counts = dict.fromkeys(("queued", "running", "done", "failed"), 0)
        with self._lock:
            for job in self._jobs.values():
                counts[job.state] += 1
        return counts

    def close(self) -> None:
        """Take no more jobs, and stop the one that runs after its file; indexing again goes on from there."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, job_id: str, request: IndexRequest, name: str) -> None:
        self._update(job_id, state="running")
        try:
            source = open_source(
                request.source,
                clones=self._settings.home / "clones",
                ref=request.ref,
                worktree=request.worktree,
                wait_seconds=self._settings.lock_wait_seconds,
            )
            report = build_index(
                source,
                name,
                self._settings,
                keep_refs=True,  # what somebody had kept on the command line, nobody has said to drop
                on_progress=lambda progress: self._show(job_id, progress),
            )
        except QuarryError as error:
            self._update(job_id, state="failed", error=without_half_characters(str(error)))
        except Exception:
            _LOG.exception("indexing %s failed", name)
            self._update(job_id, state="failed", error="Something went wrong while indexing: see the service's log.")
        else:
            self._update(job_id, state="done", report=_to_schema(report))

    def _show(self, job_id: str, progress: Progress) -> None:
        if self._closing.is_set():
            raise IndexingError("The service was stopped: index again to go on.")
        shown = JobProgress(
            n_files_done=progress.n_files_done,
            n_files=progress.n_files,
            n_chunks=progress.n_chunks,
            chunks_per_second=round(progress.chunks_per_second, 1),
            seconds_left=progress.seconds_left,
        )
        self._update(job_id, progress=shown)

    def _update(self, job_id: str, **changes: object) -> None:
        with self._lock:
            if job_id in self._jobs:
                self._jobs[job_id] = self._jobs[job_id].model_copy(update=changes)


def _to_schema(report: BuildReport) -> IndexReport:
    """The report as JSON can hold it: a file's name may be no UTF-8."""
    return IndexReport(
        ref=report.ref,
        commit=report.commit,
        n_files=report.n_files,
        n_files_read=report.n_files_read,
        n_chunks=report.n_chunks,
        n_embedded=report.n_embedded,
        seconds=report.seconds,
        skipped=[
            LeftOut(path=without_half_characters(s.path), n_bytes=s.n_bytes, reason=s.reason) for s in report.skipped
        ],
        findings=[Redacted(path=f.path, line=f.line, rule=f.rule) for f in report.findings],
        notes=[without_half_characters(note) for note in report.notes],
    )
