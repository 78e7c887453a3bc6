"""What holds for the repository as a whole. Each check takes a folder and returns its complaints."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from alembic.script import ScriptDirectory
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Made by tools or by the running platform; never part of the repository.
NOT_OURS = {".git", ".venv", "__pycache__", "var", "build", "vendor"}
NOT_OURS |= {".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis"}
LONGEST_FILE = 400

FOREIGN = {
    "a path of somebody's machine": re.compile(r"(?<![\w.-])/(home|root|Users|work|farm)/\w"),
    "a package registry": re.compile(r"pypi\.(python\.)?org|pythonhosted\.|registry\.npmjs|deb\.debian|index[-]url"),
}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
TEMPLATE_NAME = re.compile(r"""["']([\w/-]+\.(?:html|svg|txt|xml))["']""")
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")


def _files(root: Path, *suffixes: str) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if (
            path.is_file()
            and not NOT_OURS & set(path.relative_to(root).parts)
            and path.suffix in (suffixes or {path.suffix})
        ):
            yield path


def _text(path: Path) -> str:
    """The file's text; of a picture or an archive, nothing."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def package_files_stay_empty(root: Path) -> list[str]:
    """Importing a package of the application does nothing by itself."""
    packages = [*_files(root / "survey", ".py"), *_files(root / "analysis", ".py")]
    return [f"{p.relative_to(root)} is not empty" for p in packages if p.name == "__init__.py" and p.stat().st_size]


def nothing_of_this_machine(root: Path) -> list[str]:
    """No file knows where it was written or where packages come from."""
    return [
        f"{path.relative_to(root)}:{number} names {what}"
        for path in _files(root)
        for number, line in enumerate(_text(path).splitlines(), 1)
        for what, pattern in FOREIGN.items()
        if pattern.search(line)
    ]


def readmes_name_the_same_commands(root: Path) -> list[str]:
    """Both languages name the same commands, and the Makefile has them."""
    named = {
        name: set(re.findall(r"\bmake ([a-z]+)", _text(root / name))) if (root / name).exists() else set()
        for name in ("README.md", "README.zh-CN.md")
    }
    made = (
        set(re.findall(r"^([a-z]+):", _text(root / "Makefile"), re.MULTILINE))
        if (root / "Makefile").exists()
        else set()
    )
    complaints = [f"{name} names no command" for name, commands in named.items() if not commands]
    if len(set(map(frozenset, named.values()))) > 1:
        complaints.append(f"the READMEs name different commands: {named}")
    return complaints + [f"make {command} does not exist" for command in sorted(set.union(*named.values()) - made)]


def migrations_are_one_line(root: Path) -> list[str]:
    """Migrations are numbered without gaps, and exactly one is the newest."""
    folder = root / "survey/migrations"
    names = sorted(path.name for path in (folder / "versions").glob("[!_]*.py"))
    complaints = _gaps(names)
    heads = ScriptDirectory(str(folder)).get_heads() if names else ["none yet"]
    return complaints + ([f"{len(heads)} migrations are the newest: {heads}"] if len(heads) != 1 else [])


def decisions_are_numbered(root: Path) -> list[str]:
    """Decisions are numbered without gaps, so that none can vanish."""
    return _gaps(sorted(path.name for path in (root / "docs/decisions").glob("*.md")))


def _gaps(names: list[str]) -> list[str]:
    return [f"{name} should be number {n:04}" for n, name in enumerate(names, 1) if not name.startswith(f"{n:04}")]


def templates_are_used_and_exist(root: Path) -> list[str]:
    """Every template is rendered, or extended or included by one that is; every named template exists."""
    folder = root / "templates"
    existing = {path.relative_to(folder).as_posix() for path in _files(folder)}
    waiting = {name for path in _files(root / "survey", ".py") for name in TEMPLATE_NAME.findall(_text(path))}
    complaints, reached = [], set[str]()
    while waiting:
        name = waiting.pop()
        if name in existing and name not in reached:
            reached.add(name)
            parts = set(TEMPLATE_NAME.findall(" ".join(re.findall(r"{%.*?%}", _text(folder / name), re.DOTALL))))
            complaints += [f"templates/{name} names {part}, which does not exist" for part in sorted(parts - existing)]
            waiting |= parts & existing
    return complaints + [f"templates/{name} is rendered nowhere" for name in sorted(existing - reached)]


def files_stay_short(root: Path) -> list[str]:
    """A file decides one thing; one that grew too long decides several."""
    lengths = {path: len(_text(path).splitlines()) for path in _files(root, ".py", ".mjs", ".js", ".css", ".html")}
    return [f"{path.relative_to(root)} has {n} lines" for path, n in lengths.items() if n > LONGEST_FILE]


def links_of_the_documents_resolve(root: Path) -> list[str]:
    """Every link of a document to a file of the repository leads somewhere."""
    complaints = []
    for path in _files(root, ".md"):
        for link in ("".join(found) for found in LINK.findall(_text(path))):
            target = link.partition("#")[0]
            if target and "://" not in link and not link.startswith("mailto:") and not (path.parent / target).exists():
                complaints.append(f"{path.relative_to(root)} links to {target}")
    return complaints


def documents_are_in_the_index(root: Path) -> list[str]:
    """docs/README.md leads to every other document."""
    index = root / "docs/README.md"
    text = _text(index) if index.exists() else ""
    documents = [path.relative_to(index.parent).as_posix() for path in _files(index.parent, ".md") if path != index]
    return [f"docs/README.md does not lead to {name}" for name in documents if f"({name})" not in text]


def changelog_takes_the_next_change(root: Path) -> list[str]:
    """The changelog has a place for what is not released."""
    changelog = root / "CHANGELOG.md"
    has_place = changelog.exists() and "## Unreleased\n" in _text(changelog)
    return [] if has_place else ["CHANGELOG.md has no section `## Unreleased`"]


def locks_hold_what_the_project_asks_for(root: Path) -> list[str]:
    """Each dependency is locked to a version that pyproject.toml allows, and each locked package has its hashes."""
    project = tomllib.loads(_text(root / "pyproject.toml"))
    asked = {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-dev.txt": project["dependency-groups"]["dev"],
    }
    complaints = []
    for lock, requirements in asked.items():
        # one entry: the line with the version, the lines with its hashes, the comment that says who asked for it
        entries = [e for e in re.split(r"\n(?=[A-Za-z0-9])", _text(root / lock)) if LOCKED.match(e)]
        complaints += [f"{lock}: {e.split()[0]} has no hash" for e in entries if "--hash=sha256:" not in e]
        matches = [m for e in entries if (m := LOCKED.match(e))]
        versions = {canonicalize_name(m["name"]): m["version"] for m in matches}
        for requirement in map(Requirement, requirements):
            version = versions.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version):
                complaints.append(f"{lock} has {requirement.name} {version}, pyproject.toml asks for {requirement}")
    return complaints


def nothing_is_mocked(root: Path) -> list[str]:
    """Tests use the real parts: a mock agrees with whatever its author believed."""
    mocks = re.compile(r"^\s*(from|import) (unittest\.mock|unittest import mock|mock\b|pytest_mock)", re.MULTILINE)
    return [f"{path.relative_to(root)} imports mocks" for path in _files(root, ".py") if mocks.search(_text(path))]


def one_statement_is_asked(root: Path) -> list[str]:
    """Outside a transaction two statements may see two states, so whoever only asks hands the connection on once."""
    complaints = []
    for path in _files(root / "survey", ".py"):
        for block in ast.walk(ast.parse(_text(path))):
            if isinstance(block, ast.With) and any(ast.unparse(item).count(".asking() as ") for item in block.items):
                names = [node for node in ast.walk(block) if isinstance(node, ast.Name) and node.id == "connection"]
                if len(names) != 2:  # bound once, used once
                    complaints.append(f"{path.relative_to(root)}:{block.lineno} asks more than once")
    return complaints


def settings_are_documented(root: Path) -> list[str]:
    """Every environment variable that the server reads stands in docs/operations.md."""
    page = _text(root / "docs/operations.md") if (root / "docs/operations.md").exists() else ""
    reads = re.compile(r"""environ(?:\.get\(|\[|, )["']([A-Z_]+)["']""")
    readers = [*_files(root / "survey", ".py"), *(path for path in [root / "gunicorn.conf.py"] if path.exists())]
    read = {name for path in readers for name in reads.findall(_text(path))}
    return [f"docs/operations.md does not explain {name}" for name in sorted(read) if f"`{name}`" not in page]
