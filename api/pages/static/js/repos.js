// The list of repositories: which one is asked, and indexing one with its progress.

import { getHtml, getJson, postJson, Problem } from "./http.js";
import { $, announce, stamp, toElements } from "./dom.js";

const MIN_POLL_MS = 250;
const MAX_POLL_MS = 2000; // a key may have few requests a minute

const refsOf = (repo) => document.querySelector(`select[name="ref-${CSS.escape(repo)}"]`);

const isAll = (radio) => Boolean(radio?.closest(".repo.all"));

/** The repository that is chosen, and its ref where one of several was; `about` is both, as the server keeps it. */
export function chosen() {
  const radio = document.querySelector("input[name=repo]:checked");
  if (!radio) return null;
  const repo = radio.value;
  const refs = refsOf(repo);
  const ref = refs && refs.selectedIndex > 0 ? refs.value : null;
  const title = isAll(radio) ? "all repositories" : repo;
  return { repo, ref, about: ref ? `${repo}@${ref}` : repo, title: ref ? `${title} at ${ref}` : title };
}

/** Choose what a conversation was about, NAME or NAME@REF, if all of it is there; else nothing changes. */
export function choose(about) {
  const [name, ref] = about.split(/@(.*)/s);
  const radio = document.querySelector(`input[name=repo][value="${CSS.escape(name)}"]`);
  const refs = refsOf(name);
  const index = ref === undefined ? 0 : [...(refs?.options ?? [])].findIndex((option) => option.value === ref);
  if (!radio || index < 0) return;
  radio.checked = true;
  if (refs) refs.selectedIndex = index;
  showChosen();
}

export function showChosen() {
  const repository = chosen();
  $("asking").textContent = repository ? `asking ${repository.title}` : "";
  $("question").placeholder = repository ? `Ask about ${repository.title}` : "Index a repository first";
}

/**
 * Ask for the list again: with it comes whether the sources have moved on. The old one stays where it cannot be had.
 * What is chosen by then stays, or else `indexed` is; the first one where that is not there any more.
 */
export async function refresh(indexed) {
  let html;
  try {
    html = await getHtml("/ui/repos");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return;
  }
  const refs = new Map([...document.querySelectorAll(".repos select")].map((each) => [each.name, each.value]));
  const hadFocus = document.activeElement?.closest("#repos");
  const wanted = indexed ?? chosen()?.repo ?? "";
  const wantsAll = !indexed && isAll(document.querySelector("input[name=repo]:checked"));
  $("repos").replaceChildren(...toElements(html));
  for (const [name, value] of refs) {
    const select = document.querySelector(`select[name="${CSS.escape(name)}"]`);
    if (select && [...select.options].some((option) => option.value === value)) select.value = value;
  }
  const one = `input[name=repo][value="${CSS.escape(wanted)}"]`;
  const radio = document.querySelector(wantsAll ? ".repo.all input" : one);
  if (radio) radio.checked = true;
  if (hadFocus) document.querySelector("input[name=repo]:checked")?.focus();
  showChosen();
}

/** Index, and show how far it is until it is done. Returns the name of what is indexed then, null after a failure. */
async function index(request) {
  const view = stamp("job-template");
  const [title, bar, text] = [".job-title", "progress", ".job-text"].map((each) => view.querySelector(each));
  title.textContent = request.name || request.source;
  bar.setAttribute("aria-label", `Indexing ${title.textContent}`);
  text.textContent = "Waiting …";
  $("jobs").prepend(view);
  announce(`Indexing ${title.textContent}`);
  try {
    let job = await postJson("/repos", request);
    title.textContent = job.repo;
    for (let ms = MIN_POLL_MS; job.state === "queued" || job.state === "running"; ms = Math.min(2 * ms, MAX_POLL_MS)) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      try {
        job = await getJson(`/jobs/${job.id}`);
        showProgress(job.progress, bar, text);
      } catch (error) {
        if (!(error instanceof Problem) || error.status === 404) throw error;
        text.textContent = error.message; // the job goes on all the same
      }
    }
    if (job.state === "failed") throw new Error(job.error);
    bar.remove();
    text.textContent = report(job.report);
    announce(`${job.repo} is indexed`);
    return job.repo;
  } catch (error) {
    bar.remove();
    view.classList.add("failed");
    text.textContent = error.message;
    announce(`Indexing failed: ${error.message}`);
    return null;
  }
}

function showProgress(progress, bar, text) {
  if (!progress) {
    text.textContent = "Reading the source …";
    return;
  }
  if (progress.n_files) bar.value = progress.n_files_done / progress.n_files;
  const left = progress.seconds_left == null ? "" : `, ${Math.ceil(progress.seconds_left)} s left`;
  text.textContent =
    `${progress.n_files_done.toLocaleString("en")} of ${progress.n_files.toLocaleString("en")} files, ` +
    `${progress.n_chunks.toLocaleString("en")} chunks${left}`;
}

function report({ n_files, n_chunks, n_embedded, seconds, skipped, findings }) {
  const parts = [
    `${n_files.toLocaleString("en")} files, ${n_chunks.toLocaleString("en")} chunks in ${seconds.toFixed(1)} s`,
    n_embedded ? "" : "nothing had changed",
    skipped.length ? `${skipped.length.toLocaleString("en")} files left out` : "",
    findings.length ? `${findings.length.toLocaleString("en")} credentials redacted` : "",
  ];
  return parts.filter(Boolean).join("; ");
}

/** What the form asks to index. */
function read(form) {
  const fields = new FormData(form);
  return {
    source: fields.get("source").trim(),
    name: fields.get("name").trim() || null,
    ref: fields.get("ref").trim() || null,
    worktree: fields.has("worktree"),
  };
}

export function install(onChange) {
  $("repos").addEventListener("change", (event) => {
    event.target.closest(".repo").querySelector("input[name=repo]").checked = true; // also where its ref was changed
    showChosen();
    onChange();
  });
  $("repos").addEventListener("click", async (event) => {
    const again = event.target.closest("[data-reindex]");
    if (!again) return;
    const { reindex, name, worktree, ref } = again.dataset;
    again.disabled = true;
    const request = { source: reindex, name, worktree: Boolean(worktree), ref: ref && ref !== "HEAD" ? ref : null };
    if (await index(request)) refresh();
    else again.disabled = false;
  });
  $("index-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const request = read(form);
    const before = chosen()?.about;
    const indexed = await index(request);
    if (!indexed) return;
    // It is chosen where nothing was begun meanwhile, and the form is done with unless something else is written there.
    const isIdle = !$("welcome").hidden && !$("question").value && chosen()?.about === before;
    await refresh(isIdle ? indexed : undefined);
    if (JSON.stringify(read(form)) !== JSON.stringify(request)) return;
    form.reset();
    $("add").open = false;
    if (!document.activeElement || document.activeElement === document.body) $("question").focus();
  });
  showChosen();
}
