"""Classes whose typed fields are their settings: dataclasses that cost little when they are imported.

A dataclass compiles an `__init__` for every class. There are many layers and a program uses few of them, so theirs is
one function that asks the signature, which is made when it is first needed.
"""

import dataclasses
import functools


def settings(cls):
    """Class decorator: fields are arguments in their order; then `__post_init__` runs. Compared by identity."""
    cls.__init__ = _init
    cls.__signature__ = _Signature()
    return dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(cls)


def values(instance):
    """Name -> value of the settings; nothing for a class without fields."""
    if not dataclasses.is_dataclass(instance):
        return {}
    return {field.name: getattr(instance, field.name) for field in dataclasses.fields(instance) if field.init}


def shown(instance):
    """The instance as the call that makes it."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in values(instance).items())
    return f"{type(instance).__name__}({arguments})"


class _Signature:
    def __get__(self, instance, owner):
        return _signature(owner)


@functools.cache
def _signature(cls):
    import inspect

    def parameter(field):
        kind = inspect.Parameter.KEYWORD_ONLY if field.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
        return inspect.Parameter(field.name, kind, default=default, annotation=field.type)

    parameters = [parameter(field) for field in dataclasses.fields(cls) if field.init]
    return inspect.Signature(sorted(parameters, key=lambda p: p.kind))


def _init(self, *args, **kwargs):
    try:
        bound = _signature(type(self)).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{type(self).__name__}: {error}") from None
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        setattr(self, name, value)
    if hasattr(self, "__post_init__"):
        self.__post_init__()
