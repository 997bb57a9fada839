"""Claims about README: what it names is there, and what is there is in its tree."""

import re
from functools import cache

from tests.unit.tree import ROOT, tracked

MADE = ("var", ".venv")  # not in git: what commands make
OF_GIT_AND_DOCKER = {".gitignore", ".dockerignore"}  # no one reads a tree to find these


@cache
def readme():
    return (ROOT / "README.md").read_text()


def blocks():
    return re.findall(r"^```\w*\n(.*?)^```", readme(), re.DOTALL | re.MULTILINE)


def code():
    """What README writes as code: fenced blocks and `spans`."""
    prose = re.sub(r"^```\w*\n.*?^```", "", readme(), flags=re.DOTALL | re.MULTILINE)
    return [*blocks(), *re.findall(r"`([^`\n]+)`", prose)]


@cache
def sources():
    """Everything tracked that runs or configures."""
    told = (path for path in tracked() if path.suffix not in (".md", ".parquet", ".png", ".txt"))
    return "\n".join((ROOT / path).read_text(errors="ignore") for path in told if path.parts[0] != "tests")


def targets():
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def tree():
    """Paths of the tree block: one per line, indented or drawn, with words after two spaces or #."""
    block = next(block for block in blocks() if re.search(r"^[│├└─ ]*flows/", block, re.MULTILINE))
    folders, found = [], []
    for line in filter(str.strip, block.splitlines()):
        drawn, names = re.fullmatch(r"([│├└─\s]*)(.*)", line).groups()
        for name in re.split(r"  +|\s*#|\t", names)[0].split(", "):
            folders = [(depth, folder) for depth, folder in folders if depth < len(drawn)]
            path = "".join(folder for _, folder in folders) + name.strip()
            found.append(path.removeprefix("./"))
            folders += [(len(drawn), name)] if name.endswith("/") and name not in ("trainyard/", "./") else []
    return [path for path in found if path not in ("", ".", "trainyard/")]


def test_every_make_target_in_readme_exists():
    used = {name for text in code() for name in re.findall(r"(?:^|[\s$;&])make ([a-z]+)", text)}
    assert used
    assert used <= targets()


def test_every_target_of_make_help_is_in_readme():
    used = {name for text in code() for name in re.findall(r"make ([a-z]+)", text)}
    assert targets() - {"help"} <= used


def test_every_path_of_the_tree_exists():
    missing = [path for path in tree() if not list(ROOT.glob(path.rstrip("/"))) and path.split("/")[0] not in MADE]
    assert not missing


def test_what_lies_on_top_and_in_the_main_folders_is_in_the_tree():
    drawn = {re.sub("/$", "", path) for path in tree()}
    shown = drawn | {str(found.relative_to(ROOT)) for path in drawn for found in ROOT.glob(path)}
    wanted = {path.parts[0] for path in tracked()} - OF_GIT_AND_DOCKER
    wanted |= {"/".join(path.parts[:2]) for path in tracked("flows", "services", "infra") if path.name != "__init__.py"}
    assert not {path for path in wanted if not any(f"{one}/".startswith(f"{path}/") for one in shown)}


def test_every_environment_variable_in_readme_occurs_in_code():
    spans = "\n".join(code())
    named = {*re.findall(r"^([A-Z][A-Z0-9_]{2,})$", spans, re.MULTILINE), *re.findall(r"\b([A-Z][A-Z0-9_]+)=", spans)}
    assert not {name for name in named if not re.search(rf"\b{name}\b", sources())}


def test_every_port_in_readme_occurs_in_code():
    ports = re.findall(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{2,5})|\bports? `?(\d{2,5})", readme())
    assert not {port for pair in ports for port in pair if port and not re.search(rf"\b{port}\b", sources())}


def test_every_test_that_the_list_of_attacks_names_exists():
    missing, path = [], ""
    for file, name in re.findall(r"`([\w/]*(?:\.py)?)::(\w+)`", (ROOT / "docs/attacks.md").read_text()):
        path = file or path
        if f"def {name}(" not in (ROOT / path).read_text():
            missing.append(f"{path}::{name}")
    assert path
    assert missing == []
