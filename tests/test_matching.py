"""Matching modules to layers: the names of well-known networks, and what no name can tell."""

import random

import pytest

from cnnc.matching import Ambiguous, comes_before, fitting, match, natural


def resnet(blocks, bottleneck, shortcut_first=False):
    """(name, signature) of each module of a residual network in the order in which it runs, and its containers."""
    modules, spans, channels = [("conv1", "7x7 3 64"), ("bn1", "bn 64")], set(), 64
    for stage, count in enumerate(blocks):
        width = 64 << stage
        out = 4 * width if bottleneck else width
        for block in range(count):
            prefix, stride = f"layer{stage + 1}.{block}", stage > 0 and block == 0
            sides = [(1, width), (3, width), (1, out)] if bottleneck else [(3, width), (3, width)]
            main, before = [], channels
            for i, (kernel, after) in enumerate(sides, 1):
                main += [
                    (f"{prefix}.conv{i}", f"{kernel}x{kernel} {before} {after}"),
                    (f"{prefix}.bn{i}", f"bn {after}"),
                ]
                before = after
            down = [(f"{prefix}.downsample.0", f"1x1 {channels} {out}"), (f"{prefix}.downsample.1", f"bn {out}")]
            down = down if stride or channels != out else []
            start = len(modules)
            for branch in [down, main] if shortcut_first else [main, down]:
                spans.add((len(modules), len(modules) + len(branch)))
                modules += branch
            spans.add((start, len(modules)))
            channels = out
    return [*modules, ("fc", f"{channels} 1000")], spans


INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32), "3b": (256, 128, 128, 192, 32, 96, 64), "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64), "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64), "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128), "5b": (832, 384, 192, 384, 48, 128, 128),
}  # fmt: skip


def googlenet(heads, batch_norm, heads_last=False):
    """The same of GoogLeNet, whose heads stand where they branch off, or at the end."""
    modules, spans = [], set()

    def conv(name, kernel, c, k):
        if batch_norm:
            return [(f"{name}.conv", f"{kernel} {c} {k}"), (f"{name}.bn", f"bn {k}")]
        return [(name, f"{kernel} {c} {k} bias")]

    def head(name, c):
        return [*conv(f"{name}.conv", 1, c, 128), (f"{name}.fc1", "2048 1024"), (f"{name}.fc2", "1024 1000")]

    aux = {"4a": head("aux1", 512), "4d": head("aux2", 528)} if heads else {}
    modules += [*conv("conv1", 7, 3, 64), *conv("conv2", 1, 64, 64), *conv("conv3", 3, 64, 192)]
    for block, (c, a, b1, b3, c1, c5, d) in INCEPTIONS.items():
        name, start = f"inception{block}", len(modules)
        for branch in (
            conv(f"{name}.branch1", 1, c, a),
            conv(f"{name}.branch2.0", 1, c, b1) + conv(f"{name}.branch2.1", 3, b1, b3),
            conv(f"{name}.branch3.0", 1, c, c1) + conv(f"{name}.branch3.1", 5, c1, c5),
            conv(f"{name}.branch4.1", 1, c, d),
        ):
            spans.add((len(modules), len(modules) + len(branch)))
            modules += branch
        spans.add((start, len(modules)))
        modules += [] if heads_last else aux.get(block, [])
    modules += [("fc", "1024 1000")]
    return modules + [m for block in aux.values() for m in block if heads_last], spans


def vgg(batch_norm):
    modules, i, c = [], 0, 3
    for step in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if step:
            modules.append((f"features.{i}", f"3 {c} {step}"))
            if batch_norm:
                modules.append((f"features.{i + 1}", f"bn {step}"))
            c = step
        i += (3 if batch_norm else 2) if step else 1
    return [*modules, *((f"classifier.{i}", f"{s}") for i, s in zip((0, 3, 6), "abc", strict=True))], set()


def densenet(units=(3, 3, 3), growth=12):
    modules, spans, c = [("features.conv0", "3 3 24"), ("features.norm0", "bn 24")], set(), 24
    for b, count in enumerate(units, 1):
        for u in range(1, count + 1):
            start, name = len(modules), f"features.denseblock{b}.denselayer{u}"
            modules += [(f"{name}.norm1", f"bn {c}"), (f"{name}.conv1", f"1 {c} 48")]
            modules += [(f"{name}.norm2", "bn 48"), (f"{name}.conv2", f"3 48 {growth}")]
            c += growth
            spans.add((start, len(modules)))
        if b < len(units):
            modules += [
                (f"features.transition{b}.norm", f"bn {c}"),
                (f"features.transition{b}.conv", f"1 {c} {c // 2}"),
            ]
            c //= 2
    return [*modules, ("features.norm5", f"bn {c}"), ("classifier", f"{c} 10")], spans


NETWORKS = {
    "resnet18": resnet((2, 2, 2, 2), False),
    "resnet18, shortcuts first": resnet((2, 2, 2, 2), False, True),
    "resnet50": resnet((3, 4, 6, 3), True),
    "resnet50, shortcuts first": resnet((3, 4, 6, 3), True, True),
    "resnet152": resnet((3, 8, 36, 3), True),
    "googlenet": googlenet(False, False),
    "googlenet, batch norm": googlenet(False, True),
    "googlenet, heads": googlenet(True, False),
    "googlenet, batch norm, heads": googlenet(True, True),
    "googlenet, heads last": googlenet(True, True, heads_last=True),
    "vgg16": vgg(False),
    "vgg16, batch norm": vgg(True),
    "densenet": densenet(),
    "module lists": ([(f"{kind}.{i}", kind) for i in range(12) for kind in ("convs", "norms")], set()),
    "letters": ([(f"block_{x}.{part}", part) for x in "abcdefghijkl" for part in ("w", "v")], set()),
    "one more prefix": ([(f"module.model.{n}", s) for n, s in resnet((2, 2, 2, 2), False)[0]],
                        resnet((2, 2, 2, 2), False)[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_names_in_the_order_of_the_alphabet(name):
    modules, spans = NETWORKS[name]
    assert match([s for _, s in modules], dict(sorted(modules)), spans) == [n for n, _ in modules]


@pytest.mark.parametrize("name", NETWORKS)
def test_names_in_the_order_in_which_they_run_or_were_made(name):
    modules, spans = NETWORKS[name]
    wanted, right = [s for _, s in modules], [n for n, _ in modules]
    assert match(wanted, dict(modules), spans, in_order=True) == right
    made = sorted(modules, key=lambda m: m[0].startswith("aux"))  # heads are made last
    made = sorted(made, key=lambda m: (natural(m[0])[:2], "downsample" in m[0])) if "resnet" in name else made
    assert match(wanted, dict(made), spans, in_order=True) == right


@pytest.mark.parametrize("name", NETWORKS)
def test_the_order_within_the_mapping_is_nothing_when_it_is_the_alphabet_s(name):
    modules, spans = NETWORKS[name]
    shuffled = list(modules)
    random.Random(0).shuffle(shuffled)
    assert match([s for _, s in modules], dict(shuffled), spans) == [n for n, _ in modules]


def test_numbers_are_numbers():
    assert sorted(["layer1.10", "layer1.2", "layer10.0", "layer2.0"], key=natural) == [
        "layer1.2", "layer1.10", "layer2.0", "layer10.0"]  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "known"),
    [
        ("conv2", "conv10", True), ("conv", "conv1", True), ("4a", "4b", True), ("layer1.9.x", "layer2.0.a", True),
        ("block_2", "block10", True), ("conv3", "downsample", False), ("stem.bn", "blocks.bn", False),
        ("x1", "x1", False), ("up", "upper", False),
    ],
)  # fmt: skip
def test_what_names_say_of_order(a, b, known):
    assert comes_before(a, b) is known
    assert not comes_before(b, a)


def test_what_stands_together_beats_the_alphabet():
    modules = {"blocks.0.bn": "bn", "blocks.0.conv": "3 8 8", "stem.bn": "bn", "stem.conv": "3 1 8"}
    wanted = ["3 1 8", "bn", "3 8 8", "bn"]
    assert match(wanted, modules, set()) == ["stem.conv", "stem.bn", "blocks.0.conv", "blocks.0.bn"]


def test_a_choice_that_is_left_is_refused():
    with pytest.raises(Ambiguous) as caught:
        match(["8 3", "3 3", "3 3"], {"decoder": "3 3", "encoder": "3 3", "input": "8 3"}, set())
    assert (caught.value.position, sorted(caught.value.names)) == (1, ["decoder", "encoder"])
    order = {"input": "8 3", "encoder": "3 3", "decoder": "3 3"}
    assert match(["8 3", "3 3", "3 3"], order, set(), in_order=True) == list(order)
    assert match(["3 3", "8 3", "3 3"], order, set(), in_order=True) == ["encoder", "input", "decoder"]


def test_too_many_choices_are_refused_at_once():
    words = [chr(ord("a") + i) + "word" for i in range(18)]
    with pytest.raises(Ambiguous):
        match(["s"] * len(words), dict.fromkeys(sorted(words), "s"), set())


def test_a_module_may_stand_beside_modules_inside_it():
    modules = {"": "scale", "block": "scale", "block.conv": "3", "block.conv.0": "1"}
    assert match(["scale", "scale", "3", "1"], modules, {(1, 4)}) == list(modules)


def test_heads_go_where_the_network_has_none():
    with_heads, without = (dict(googlenet(heads, True)[0]) for heads in (True, False))
    kept, layers = fitting(with_heads, without)
    assert sorted(kept) == sorted(layers) == sorted(without)
    kept, layers = fitting(without, with_heads)
    assert sorted(kept) == sorted(layers) == sorted(without)


def test_what_cannot_be_told_apart_is_left_out():
    kept, layers = fitting({"a": "x", "b": "x", "c": "y"}, {"0": "x", "1": "y"})
    assert (kept, layers) == (["c"], ["1"])
