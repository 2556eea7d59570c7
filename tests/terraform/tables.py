"""The tables of variables and outputs in the modules' READMEs: `python tests/terraform/tables.py` writes them anew."""

import re
from collections.abc import Iterator
from pathlib import Path

MODULES = Path(__file__).resolve().parents[2] / "terraform-modules"
BEGIN, END = "<!-- begin: written by tests/terraform/tables.py -->", "<!-- end -->"


def blocks(module: Path, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the body of every `variable` or `output` block; `terraform fmt` ends one with a lone brace."""
    text = "\n".join(file.read_text() for file in sorted(module.glob(f"{kind}s*.tf"), reverse=True))
    yield from re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)


def description(body: str) -> str:
    """Return a block's description in one line."""
    heredoc = re.search(r"description = <<-EOT\n(.*?)\n\s*EOT", body, re.DOTALL)
    quoted = re.search(r'description\s*= "((?:[^"\\]|\\.)*)"', body)
    text = heredoc.group(1) if heredoc else (quoted.group(1).replace('\\"', '"') if quoted else "")
    return " ".join(text.split()).replace("|", "\\|")


def default(body: str) -> str:
    """Return a variable's default as written, or `required`."""
    found = re.search(r"^  default\s*= (.+)$", body, re.MULTILINE)
    return f"`{found.group(1)}`" if found else "required"


def tables(module: Path) -> str:
    """Return both tables of one module as Markdown."""
    variables = [f"| `{name}` | {description(body)} | {default(body)} |" for name, body in blocks(module, "variable")]
    outputs = [f"| `{name}` | {description(body)} |" for name, body in blocks(module, "output")]
    first = ["| variable | what it is | default |", "| --- | --- | --- |", *variables]
    return "\n".join([*first, "", "| output | what it is |", "| --- | --- |", *outputs])


def document(module: Path) -> str:
    """Return a module's README with its tables as they should be."""
    readme = (module / "README.md").read_text()
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{tables(module)}\n{END}", readme, count=1, flags=re.DOTALL)


def modules() -> list[Path]:
    return sorted(path.parent for path in MODULES.glob("*/versions.tf"))


if __name__ == "__main__":
    for each in modules():
        (each / "README.md").write_text(document(each))
