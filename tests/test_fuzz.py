"""A second of fuzzing each reader; `python tests/fuzz.py` goes on for longer."""

import sys

import fuzz
import pytest


@pytest.mark.filterwarnings("ignore")  # decoders warn of what they find odd
@pytest.mark.parametrize("name", fuzz.READERS)
def test_spoilt_files_are_refused_by_name(name, tmp_path):
    if name == "image":
        pytest.importorskip("PIL", reason="images need Pillow: pip install cnnc[images]")
    count, read = fuzz.fuzz(name, seconds=1, seed=0, keep=tmp_path)
    assert count > 10
    assert read < count


def test_a_reader_that_breaks_the_rule_is_found(tmp_path, monkeypatch):
    def careless(path):
        if path.read_bytes() != b"good":
            raise KeyError("what")

    monkeypatch.setitem(fuzz.READERS, "careless", lambda: fuzz.Reader("a", [b"good"], careless))
    with pytest.raises(AssertionError, match=r"careless, seed 0, file 0, kept as .*: an error of the wrong kind"):
        fuzz.fuzz("careless", seconds=5, seed=0, keep=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fuzz.py", "nothing"])
    with pytest.raises(SystemExit):
        fuzz.main()
    assert "received nothing" in capsys.readouterr().err
