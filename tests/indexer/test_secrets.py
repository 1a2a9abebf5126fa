"""Credentials are redacted line for line, and words that only look like some are not.

Sample credentials are put together here, so that no scanner of this repository takes them for real.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.secrets import SecretScanner

AWS_KEY = "AKIA" + "Z7QXW3MPLK5NVJ2T"
AWS_SECRET = "kR8vN2xQ" + "7bTzY4mWp1LsC9dFg6HjA3eUoXi5ZqVn"
GITHUB_TOKEN = "ghp_" + "R7m2XqL9vTzK4wNcY8bJ3pHsD6fGa10QuEoZ"
URL_PASSWORD = "t7" + "Gz!w9QpL2x"
ASSIGNED = "q8Zr4T" + "w1Kp9Xv3Lm6Nc2"
KEY_BODY = "\n".join(
    [
        "MIIEowIBAAKCAQEA" + "x7Zr4Tw1Kp9Xv3Lm6Nc2q8Yb5Vd0Hs7Gf4Ja1Ue9Io6Pr3",
        *["Qk8sT2nWb5Yc7Vd0Hs7Gf4Ja1Ue9Io6Pr3Zx1Lm4" + x * 8 for x in "abcdef"],
    ]
)
PRIVATE_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----"


@pytest.fixture(scope="module")
def scanner(rules_cache: Path) -> SecretScanner:
    """The real scanner."""
    return SecretScanner(rules_cache)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f'aws_access_key_id = "{AWS_KEY}"\naws_secret_access_key = "{AWS_SECRET}"\n', AWS_SECRET),
        (f'aws_access_key_id = "{AWS_KEY}"\naws_secret_access_key = "{AWS_SECRET}"\n', AWS_KEY),
        (f"TOKEN = '{GITHUB_TOKEN}'\n", GITHUB_TOKEN),
        (f'KEY = """{PRIVATE_KEY}"""\n', KEY_BODY),
        (f"DATABASE = 'postgres://app:{URL_PASSWORD}@db.example.org/app'\n", URL_PASSWORD),
        (f'db_password = "{ASSIGNED}"\n', ASSIGNED),
        (f'{{"api_key": "{ASSIGNED}"}}\n', ASSIGNED),
    ],
    ids=["aws secret", "aws key", "github token", "private key", "url password", "assigned", "json"],
)
def test_credentials_are_redacted(scanner: SecretScanner, text: str, secret: str) -> None:
    """The secret is gone, the finding names its line, and no line was added or lost."""
    redacted, findings = scanner.redact("conf.py", f"import os\n{text}x = 1\n")
    assert secret not in redacted
    assert "[REDACTED" in redacted
    assert redacted.count("\n") == text.count("\n") + 2
    assert redacted.startswith("import os\n")
    assert redacted.endswith("\nx = 1\n")
    assert {finding.path for finding in findings} == {"conf.py"}
    assert all(1 < finding.line < text.count("\n") + 2 for finding in findings)
    assert all(secret not in str(finding) for finding in findings)


def test_no_line_of_a_private_key_is_left(scanner: SecretScanner) -> None:
    """Of a block of many lines, each one is redacted."""
    redacted, _ = scanner.redact("key.py", f'KEY = """{PRIVATE_KEY}"""\n')
    assert not [line for line in KEY_BODY.split("\n") if line in redacted]


@pytest.mark.parametrize(
    "text",
    [
        'password = "changeme"\n',
        'PASSWORD_TEMPLATE = "password_reset_form.html"\n',
        'password = os.environ["APP_PASSWORD"]\n',
        'token = get_token(request.headers["Authorization"])\n',
        'url = "https://user:$PASSWORD@example.org/x"\n',
        'secret_key = "django.contrib.auth.hashers"\n',
        "def password_changed(password, user=None, password_validators=None): ...\n",
        'commit = "9fceb02d0ae598e95dc970b74767f19372d61af8"\n',
        "größe = 'ünïcödé 🦀'\n",
        "",
    ],
)
def test_words_and_references_stay(scanner: SecretScanner, text: str) -> None:
    """Default values, names of settings and files, references and hashes are code, and are kept as they are."""
    assert scanner.redact("views.py", text) == (text, [])


def test_several_credentials_in_one_file(scanner: SecretScanner) -> None:
    """All are redacted, with characters of several bytes between them, and found in the order of their lines."""
    text = f"# Schlüssel 🔑\na_token = '{GITHUB_TOKEN}'\n# größe\ndb = 'mysql://ü:{URL_PASSWORD}@h/d'\nlast = 'é'\n"
    redacted, findings = scanner.redact("a.py", text)
    assert GITHUB_TOKEN not in redacted
    assert URL_PASSWORD not in redacted
    assert [line for line in redacted.split("\n") if "REDACTED" not in line] == [
        "# Schlüssel 🔑",
        "# größe",
        "last = 'é'",
        "",
    ]
    assert [finding.line for finding in findings] == sorted(finding.line for finding in findings)
