"""What is made of the entries of cnnc.activations: functions and classes like any other of their modules."""

import dataclasses
import doctest
import importlib
import inspect

import pytest
from table.activation import ROWS

import cnnc
from cnnc import _core, functional, layers, reference
from cnnc.activations import ACTIVATIONS

every_entry = pytest.mark.parametrize("entry", ACTIVATIONS, ids=lambda entry: entry.name)


def by_name(thing):
    """What stands in its module under its name: what other processes find there."""
    return getattr(importlib.import_module(thing.__module__), thing.__qualname__)


def test_every_entry_has_its_operations_and_its_row():
    assert [row.name for row in ROWS] == [entry.name for entry in ACTIVATIONS]
    for entry in ACTIVATIONS:
        forward, backward = _core.OPS[entry.name], _core.OPS[f"{entry.name}_dx"]
        assert forward.inputs == {"x"}
        assert backward.inputs in ({"dy", "x"}, {"dy", "y"})


@pytest.mark.parametrize("module", [functional, reference], ids=["functional", "reference"])
@every_entry
def test_functions(entry, module):
    for name, arrays in (entry.name, ["x"]), (f"{entry.name}_backward", ["dy", "x"]):
        function = getattr(module, name)
        assert by_name(function) is function
        assert (function.__name__, function.__module__) == (name, f"{module.__name__}.activations")
        parameters = inspect.signature(function).parameters
        assert list(parameters) == [*arrays, *([entry.setting.name] if entry.setting else [])]
        assert all(f"{parameter}" in function.__doc__ for parameter in parameters)
        for wrong in ((), (1,) * (len(parameters) + 1)):
            with pytest.raises(TypeError, match="argument"):
                function(*wrong)
    assert entry.paper in getattr(module, entry.name).__doc__


@every_entry
def test_layers(entry):
    cls = getattr(cnnc, entry.layer)
    assert cls is getattr(layers, entry.layer)
    assert by_name(cls) is cls
    assert cls.__module__ == "cnnc.layers.activations"
    assert entry.paper in cls.__doc__
    fields = dataclasses.fields(cls)
    assert [(f.name, f.default) for f in fields] == ([(entry.setting.field, entry.setting.default)] if fields else [])
    assert bool(fields) == bool(entry.setting)
    assert cls() != cls()  # layers are compared by identity


def test_settings_are_saved_under_the_names_they_always_had():
    assert cnnc.ELU(0.5).config() == {"scale": 0.5}
    assert cnnc.LeakyReLU(0.5).config() == {"slope": 0.5}


@pytest.mark.parametrize("name", ["functional", "layers", "reference"])
def test_examples_are_found(name):
    """They stand in made docstrings; that they are right is for the run of all examples to find out."""
    module = importlib.import_module(f"cnnc.{name}.activations")
    found = {test.name.rsplit(".", 1)[1] for test in doctest.DocTestFinder().find(module) if test.examples}
    assert set(module.__all__) <= found
