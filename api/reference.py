"""``/docs``: the operations of the service on one plain page, made from the OpenAPI description.

Rendered here, since the usual pages load scripts from other addresses.
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment

router = APIRouter(include_in_schema=False)

_PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quarry: API</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<main>
<h1>Quarry {{ version }}: API</h1>
<p>{{ description }}</p>
<p>Every operation as <a href="/openapi.json">OpenAPI</a>, with the schemas of requests and answers.</p>
{% for operation in operations %}
<section>
<h2 id="{{ operation.id }}"><code>{{ operation.method }} {{ operation.path }}</code></h2>
<p>{{ operation.description }}</p>
{% if operation.fields %}
<table>
<thead><tr><th>field</th><th>in</th><th>type</th><th></th></tr></thead>
<tbody>
{% for field in operation.fields %}
<tr><td><code>{{ field.name }}</code>{% if field.required %} *{% endif %}</td><td>{{ field.where }}</td>
<td>{{ field.type }}</td><td>{{ field.description }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endif %}
{% if operation.example %}
<pre><code>{{ operation.example }}</code></pre>
{% endif %}
<p>Answers: {{ operation.answers }}</p>
</section>
{% endfor %}
</main>
</body>
</html>
""")

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #8886; }
"""


@router.get("/docs")
async def show_reference(request: Request) -> HTMLResponse:
    """The page."""
    description = request.app.openapi()
    info = description["info"]
    operations = [
        _to_operation(description, path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    page = _PAGE.render(version=info["version"], description=info.get("description", ""), operations=operations)
    return HTMLResponse(page)


@router.get("/docs/style.css")
async def style() -> Response:
    """Its looks."""
    return Response(_STYLE, media_type="text/css")


def _to_operation(description: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    fields = [
        {
            "name": parameter["name"],
            "where": parameter["in"],
            "required": parameter.get("required", False),
            "type": _type_of(parameter["schema"]),
            "description": parameter.get("description", ""),
        }
        for parameter in operation.get("parameters", ())
    ]
    example = None
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolve(description, content["schema"])
        example = example or next(iter(schema.get("examples", ())), None)
        fields += [
            {
                "name": name,
                "where": "body" if "json" in kind else kind,
                "required": name in schema.get("required", ()),
                "type": _type_of(field),
                "description": field.get("description", ""),
            }
            for name, field in schema.get("properties", {}).items()
        ]
    return {
        "id": operation.get("operationId", ""),
        "method": method.upper(),
        "path": path,
        "description": operation.get("description") or operation.get("summary", ""),
        "fields": fields,
        "example": None if example is None else json.dumps(example, indent=2),
        "answers": "; ".join(f"{status} {said['description']}" for status, said in operation["responses"].items()),
    }


def _resolve(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = description["components"]["schemas"][name] if name else schema
    return found


def _type_of(schema: dict[str, Any]) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(_type_of(each) for each in schema[several])
    if schema.get("type") == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    return str(schema.get("type", "any"))
