"""How cost grows: points, slopes, and the plots of the benchmark's other command."""

import json
from xml.etree import ElementTree

import pytest

from benchmarks import scaling


def made(power):
    """Points of a power law, with a constant that hides it where the values are small."""
    return [{"value": v, "seconds": 1e-3 * v**power, "planned": 1000 * v, "measured": 0 if v == 1 else 1000 * v + 500}
            for v in (1, 2, 4, 8)]  # fmt: skip


def test_slopes_are_powers():
    assert scaling.slope([1, 2, 4], [3, 12, 48]) == pytest.approx(2)
    assert scaling.slopes(made(1.5), "seconds") == pytest.approx((1.5, 1.5))
    over_all, upper = scaling.slopes(made(1), "measured")  # without the point that did not grow
    assert over_all < upper < 1


@pytest.mark.parametrize("mode", scaling.MODES)
def test_points(mode, threads):
    threads(1)
    small, large = (scaling.point("batch", n, mode, 1) for n in (1, 8))
    assert 0 < small["planned"] < large["planned"]
    assert small["seconds"] > 0 and large["measured"] >= 0


@pytest.mark.parametrize("axis", scaling.AXES)
def test_the_axes(axis):
    values = scaling.AXES[axis].values
    assert list(values) == sorted(values) and len(values) >= 2
    net, n = scaling.AXES[axis].make(values[0])
    assert net.built and n >= 1
    assert scaling.AXES[axis].threads(5, 2) == (5 if axis == "threads" else 2)


def test_the_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(scaling, "measure", lambda axis, threads, say: {mode: made(2) for mode in scaling.MODES})
    scaling.main(["--axes", "side|depth", "--images", str(tmp_path), "--json", str(tmp_path / "all.json")])
    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [line[0] for line in lines[2:]] == ["| side", "| side", "| depth", "| depth"]
    assert lines[2][1:6] == ["infer", "2.00", "2.00", "2", "1.00"]
    assert set(json.loads((tmp_path / "all.json").read_text())) == {"side", "depth"}


def test_a_point_has_a_process_of_its_own(capsys):
    scaling.main(["--point", "batch", "1", "infer", "1"])
    assert set(json.loads(capsys.readouterr().out)) == {"seconds", "planned", "measured"}


def test_the_plots(tmp_path):
    pytest.importorskip("matplotlib", reason="draws with matplotlib, which is not installed")
    for name in ("one.svg", "two.svg"):
        scaling.draw("depth", {mode: made(1) for mode in scaling.MODES}, tmp_path / name)
    text = (tmp_path / "one.svg").read_text()
    ElementTree.fromstring(text)
    assert "slope 1.00" in text and text == (tmp_path / "two.svg").read_text()
