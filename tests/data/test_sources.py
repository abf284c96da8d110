"""Where data sets are found, and what is said and left behind when they are not. No test here reaches the network."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cnnc.data import DataUnavailable, cache_directory, sources
from cnnc.data.sources import find

CONTENTS = {"a.gz": b"first", "b.gz": b"second"}
FILES = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in CONTENTS.items()}
MIRRORS = ("https://one.invalid/", "https://two.invalid/")


def fill(folder, contents=CONTENTS):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, no CNNC_DATA, and sockets that refuse."""

    def refuse(*args, **kwargs):
        raise OSError("network is off")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("CNNC_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cnnc" / "set"


@pytest.fixture
def serve(monkeypatch):
    """Mirrors instead of the network: serve({address: bytes, or an error to raise}) gives the list of requests."""
    pooch = pytest.importorskip("pooch", reason="downloading needs pooch: pip install cnnc[data]")
    asked = []

    def install(network):
        class Downloader:
            def __init__(self, timeout, chunk_size):
                assert timeout[0] <= 5, "a mirror that is not there must not be waited for"

            def __call__(self, url, output_file, pooch, check_only=False):
                answer = network.get(url)
                if isinstance(answer, Exception) and not getattr(answer, "late", False):
                    raise answer
                if check_only:
                    return answer is not None
                asked.append(url)
                if isinstance(answer, Exception):
                    Path(output_file).write_bytes(b"part of ")
                    raise answer
                Path(output_file).write_bytes(answer)
                return None

        monkeypatch.setattr(pooch, "HTTPDownloader", Downloader)
        return asked

    return install


def everything_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_given_directory_is_the_only_one(tmp_path, cache):
    fill(cache)
    fill(tmp_path / "own")
    assert find("set", FILES, MIRRORS, tmp_path / "own") == {name: tmp_path / "own" / name for name in FILES}
    (tmp_path / "own" / "b.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"own: must hold the set files, missing b\.gz$") as caught:
        find("set", FILES, MIRRORS, str(tmp_path / "own"))
    assert not isinstance(caught.value, DataUnavailable)
    with pytest.raises(FileNotFoundError, match=r"missing all 2 files$"):
        find("set", FILES, MIRRORS, tmp_path / "nowhere")


def test_own_files_may_be_uncompressed(tmp_path):
    fill(tmp_path, {"a": b"1", "b.gz": b"2"})
    assert find("set", FILES, MIRRORS, tmp_path) == {"a.gz": tmp_path / "a", "b.gz": tmp_path / "b.gz"}


@pytest.mark.parametrize("below", ["", "set"])
def test_cnnc_data_comes_before_the_cache(tmp_path, cache, monkeypatch, below):
    fill(cache)
    fill(tmp_path / "shared" / below)
    monkeypatch.setenv("CNNC_DATA", str(tmp_path / "shared"))
    assert find("set", FILES, MIRRORS)["a.gz"] == tmp_path / "shared" / below / "a.gz"


def test_cache_is_used_without_network(cache, tmp_path, monkeypatch):
    fill(cache)
    monkeypatch.setenv("CNNC_DATA", str(tmp_path / "other sets"))
    assert find("set", FILES, MIRRORS) == {name: cache / name for name in FILES}


def test_without_network_every_place_is_named(cache, tmp_path, monkeypatch):
    pytest.importorskip("pooch", reason="downloading needs pooch: pip install cnnc[data]")
    fill(tmp_path / "shared" / "set", {"a.gz": b""})
    monkeypatch.setenv("CNNC_DATA", str(tmp_path / "shared"))
    start = time.monotonic()
    with pytest.raises(DataUnavailable) as caught:
        find("set", FILES, MIRRORS)
    assert time.monotonic() - start < sources.ANSWER_SECONDS
    message = str(caught.value)
    assert message.startswith("set is not on this machine, tried ")
    assert f"{tmp_path / 'shared'} ($CNNC_DATA): missing all 2 files" in message
    assert f"{tmp_path / 'shared' / 'set'} ($CNNC_DATA): missing b.gz" in message
    assert f"{cache} (cache): missing or damaged all 2 files" in message
    assert all(f"{mirror}: OSError: network is off" in message for mirror in MIRRORS)
    assert not cache.exists()


def test_checksums_of_either_kind(cache, serve):
    files = {"a.gz": f"md5:{hashlib.md5(CONTENTS['a.gz']).hexdigest()}", "b.gz": FILES["b.gz"]}
    asked = serve({MIRRORS[0] + name: data for name, data in CONTENTS.items()})
    assert find("set", files, MIRRORS) == find("set", files, ()) == {name: cache / name for name in files}
    (cache / "a.gz").write_bytes(b"other")
    find("set", files, MIRRORS)
    assert asked == [MIRRORS[0] + name for name in (*files, "a.gz")]


def test_network_may_be_forbidden(cache, serve):
    asked = serve({mirror + name: data for mirror in MIRRORS for name, data in CONTENTS.items()})
    with pytest.raises(DataUnavailable, match=r"CNNC_DATA: not set; .*download=False"):
        find("set", FILES, MIRRORS, download=False)
    assert not asked
    assert not cache.exists()


def test_without_pooch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataUnavailable, match=r"pip install cnnc\[data\]"):
        find("set", FILES, MIRRORS)


def test_download_goes_into_the_cache(cache, serve):
    asked = serve({MIRRORS[0] + name: data for name, data in CONTENTS.items()})
    assert find("set", FILES, MIRRORS) == {name: cache / name for name in FILES}
    assert everything_below(cache) == ["a.gz", "b.gz"]
    assert asked == [MIRRORS[0] + name for name in FILES]
    find("set", FILES, MIRRORS)
    assert len(asked) == 2, "the second time nothing is downloaded"


def test_damaged_cache_is_mended(cache, serve):
    fill(cache, {"a.gz": b"first", "b.gz": b"seco"})
    asked = serve({MIRRORS[1] + name: data for name, data in CONTENTS.items()})
    paths = find("set", FILES, MIRRORS)
    assert {name: path.read_bytes() for name, path in paths.items()} == CONTENTS
    assert asked == [MIRRORS[1] + "b.gz"], "what is whole is not fetched again"


def broken_line():
    """An error that comes in the middle of a file, after the mirror said that it has it."""
    error = ConnectionResetError("line broke")
    error.late = True
    return error


@pytest.mark.parametrize("fault", [b"<html>sign in</html>", b"", b"secon", broken_line()], ids=str)
def test_next_mirror_helps_out(cache, serve, fault):
    good = {MIRRORS[1] + name: data for name, data in CONTENTS.items()}
    serve({MIRRORS[0] + "a.gz": b"first", MIRRORS[0] + "b.gz": fault, **good})
    paths = find("set", FILES, MIRRORS)
    assert {name: path.read_bytes() for name, path in paths.items()} == CONTENTS
    assert everything_below(cache) == ["a.gz", "b.gz"]


@pytest.mark.parametrize("fault", [b"<html>sign in</html>", broken_line()], ids=str)
def test_nothing_partial_is_left_behind(cache, serve, fault):
    serve({mirror + name: fault for mirror in MIRRORS for name in FILES})
    with pytest.raises(DataUnavailable) as caught:
        find("set", FILES, MIRRORS)
    assert all(f"{mirror}a.gz: " in str(caught.value) for mirror in MIRRORS)
    assert everything_below(cache.parent) == []


def test_silent_mirrors_are_waited_for_once(serve, monkeypatch):
    pooch = pytest.importorskip("pooch", reason="downloading needs pooch: pip install cnnc[data]")
    done = threading.Event()

    class Silent:
        def __init__(self, **kwargs):
            pass

        def __call__(self, *args, **kwargs):
            done.wait(10)

    monkeypatch.setattr(pooch, "HTTPDownloader", Silent)
    monkeypatch.setattr(sources, "ANSWER_SECONDS", 0.2)
    start = time.monotonic()
    with pytest.raises(DataUnavailable, match=r"one\.invalid/: no answer in 0\.2 s; .*two\.invalid/: no answer"):
        find("set", FILES, MIRRORS)
    assert time.monotonic() - start < 2
    done.set()


def test_cache_directory_of_each_platform(monkeypatch, tmp_path):
    assert cache_directory() == tmp_path / "cache" / "cnnc"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    monkeypatch.setenv("LOCALAPPDATA", "/home/me/local")
    for platform, expected in {
        "linux": "/home/me/.cache/cnnc",
        "darwin": "/home/me/Library/Caches/cnnc",
        "win32": "/home/me/local/cnnc/cnnc/Cache",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_directory() == Path(expected)


def test_pooch_is_not_imported_before_it_is_needed():
    code = "import sys, cnnc.data; sys.exit('pooch' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
