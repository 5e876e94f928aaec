"""What the documents and the tests say of themselves is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from commands import ROOT

TESTS = sorted(Path(__file__).parent.glob("test_*.py"))
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "architecture.md", ROOT / "data_samples" / "README.md")
FOLDERS = ("configs", "data_samples", "docs", "flows", "models", "tests", "voc_pipeline")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_every_test_says_what_it_promises(path: Path) -> None:
    """Each test's docstring tells the behaviour that it promises."""
    functions = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)]
    tests = [node for node in functions if node.name.startswith("test_")]
    assert tests
    assert [node.name for node in tests if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_path_that_a_document_names_exists(path: Path) -> None:
    """Links lead to files, and what is quoted as a path of the tree is there."""
    text = path.read_text(encoding="utf-8")
    linked = [path.parent / target for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
    quoted = [ROOT / name for name in re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", text)]
    assert linked + quoted
    assert [str(file) for file in linked + quoted if not file.exists()] == []
