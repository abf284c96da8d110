"""The lecture's example: runs alone and by sections, finds the right numbers, and the slides' slips, no others."""

import pathlib
import re
import runpy
import subprocess
import sys

import pytest

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent / "examples/lecture.py"

NUMBERS = {  # section -> what it must print
    "motivation": ["= 116,000 inputs", "= 348,000", "116,000 * (116,000 + 1)   13,456,116,000", "3,016,000"],
    "lenet": ["61,706"],
    "correlation": [
        "1*1 + 3*2 + 0*1 + 2*0 + 1*0 + 1*0 + 5*(-1) + 3*(-2) + 2*(-1) = -6",
        "1*1 + 5*2 + 1*1 + 6*0 + 5*0 + 8*0 + 2*(-1) + 3*(-2) + 2*(-1) = 2",
        "-15 -13   2   9  -1",
        "7 - 3 + 1 = 5",
        "The slide of cross-correlation has the same table.",
    ],
    "convolution": ["15  13  -2  -9   1", "11   0  -6  -3  -2", "y[1, 3] is -9, not 9.", "y[1, 4] is 1, not -1."],
    "sizes": ["(7 - 3 + 2*1) / 1 + 1 = 7      7", "(7 - 3 + 2*0) / 2 + 1 = 3      3", "= 2.3333      2"],
    "volumes": ["28x28x6", "5*5*3 = 75", "-> ReLU 24x24x10"],
    "pointwise": ["2  6  0  2  8  6  4", "32x32x128 -> 32x32x16", "102,432     104,857,600", "14,896      15,204,352"],
    "layer": [
        "cnnc: 32x32x10",
        "= 760     cnnc: 760",
        "-> d) 27,000,100",
        "-> d) 7,600",
        "-> c) 29x29x32",
        "-> c) 3\n",
    ],
    "activations": ["sigmoid       0.047    0.269", "tanh         -0.995", "ELU          -0.950", "15 10  0  0  0"],
    "pooling": [
        "4 9 6",
        "2.00 4.00 3.50",
        "2.00 3.25 1.50",
        "y[1, 2] is 1.5, not 1.25.",
        "290x400x64 -> 145x200x64",
        "-> c) 16x16x16",
        "-> c) 19x19x8",
    ],
    "dense": ["2.0 1.0 0.1", "0.6590   0.2424   0.0986"],
    "normalisation": ["-1.069  1.414", "-1.638  1.414"],
    "training": ["38 parameters", "= 0.693147", "100 % of the pictures"],
    "network": [
        *("28x28x8", "14x14x8", "10x10x16", "5x5x16", "608", "3,216", "48,120", "10,164", "62,958"),
        "(84 + 1) * 10          850",
        "Output has 850 parameters, not 84",
    ],
    "top5": ["50.0 %", "16.7 %"],
    "architectures": [
        "60,965,224      724,406,816",
        "138,357,544   15,470,264,320",
        "6,998,552    1,582,671,872",
        "25,557,032    4,089,184,256",
        "60,192,808   11,513,626,624",
    ],
}


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the example in this process; returns what it printed."""
    monkeypatch.syspath_prepend(str(EXAMPLE.parent))

    def printed(*arguments):
        monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *arguments])
        runpy.run_path(str(EXAMPLE), run_name="__main__")
        return capsys.readouterr().out

    return printed


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The output of the command that the README gives, in an empty folder."""
    folder = tmp_path_factory.mktemp("empty")
    done = subprocess.run([sys.executable, str(EXAMPLE)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert not list(folder.iterdir())
    return done.stdout


@pytest.mark.parametrize("section", NUMBERS)
def test_section(run, whole, section):
    text = run("--section", section)
    assert not [number for number in NUMBERS[section] if number not in text]
    assert text in whole


def test_whole(whole):
    assert re.findall(r"\[--section (\w+)\]", whole) == list(NUMBERS)
    assert max(map(len, whole.splitlines())) <= 100
    assert whole.count("True") == 6
    assert "False" not in whole
    assert whole.count("A slip on the slide") == 4


def test_the_exercises_have_the_lecture_s_solutions(whole):
    answers = re.findall(r"computed: (.*); the lecture's solution: (.*)", whole)
    assert answers == [(letter, letter) for letter in "ddcccc"]


def test_the_gradient_is_right_and_the_loss_falls(whole):
    assert float(re.search(r"largest difference of both filters: (\S+)", whole)[1]) < 1e-8
    costs = [float(cost) for cost in re.search(r"^  J  +(\d.*)$", whole, flags=re.MULTILINE)[1].split()]
    assert len(costs) == 9
    assert costs == sorted(costs, reverse=True)


def test_an_unknown_section_is_refused(run, capsys):
    with pytest.raises(SystemExit):
        run("--section", "poetry")
    assert "architectures" in capsys.readouterr().err
