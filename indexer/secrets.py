"""Find credentials and redact them, before anything is embedded or stored.

The scanner is kingfisher (488 rules, in process, no network) with two rules of our own. What it finds is
replaced in place, line for line, so citations stay right. It is a net, not a proof: a password that looks
like a word goes through.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from kingfisher_sdk import Finding as RawFinding
from kingfisher_sdk import Rules, Scanner

from .records import Finding

# An assigned literal counts as random from this many bits a character on; names of settings stay below.
_MIN_ASSIGNED_ENTROPY = 3.3
_ASSIGNED_RULE = "custom.assigned-secret"


@lru_cache(maxsize=2)
def open_scanner(cache: Path) -> SecretScanner:
    """The scanner whose compiled rules lie in ``cache``, one a process."""
    return SecretScanner(cache)


class SecretScanner:
    """Finds and redacts credentials in text. Compiling its rules takes 5 s once a home, then 0.5 s a process.

    Safe to call from several threads.
    """

    def __init__(self, cache: Path) -> None:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        own_rules = files(__package__) / "secret_rules.toml"
        rules = Rules([str(own_rules)], cache_dir=cache)
        self._scanner = Scanner(rules)
        self._lock = threading.Lock()

    def redact(self, path: str, text: str) -> tuple[str, list[Finding]]:
        """``text`` with each credential replaced, and what was found. The number of lines is unchanged."""
        content = text.encode("utf-8", "replace")
        with self._lock:
            raw = self._scanner.scan(content)
        found = [finding for finding in raw if _is_credential(finding)]
        if not any(finding.visible for finding in found):  # invisible ones are halves of a pair without the other
            return text, []
        findings = []
        redacted = content
        after = len(content)
        for finding in sorted(found, key=lambda f: _span(f)[1], reverse=True):
            start, end = _span(finding)
            end = min(end, after)  # overlapping findings are replaced once
            if start >= end:
                continue
            rule = finding.rule_id.rpartition(".")[2]
            n_lines = redacted.count(b"\n", start, end)
            redacted = redacted[:start] + f"[REDACTED {rule}]".encode() + b"\n" * n_lines + redacted[end:]
            after = start
            findings.append(Finding(path, content.count(b"\n", 0, start) + 1, rule))
        return redacted.decode("utf-8"), findings[::-1]


def _span(finding: RawFinding) -> tuple[int, int]:
    return int(finding.location["start_offset"]), int(finding.location["end_offset"])


def _is_credential(finding: RawFinding) -> bool:
    if finding.rule_id != _ASSIGNED_RULE:
        return True
    secret = finding.secret
    mixed = any(char.isdigit() for char in secret) and any(char.isalpha() for char in secret)
    return mixed and finding.entropy >= _MIN_ASSIGNED_ENTROPY
