"""Where data sets are looked for, in order: a folder of the caller's, $CNNC_DATA, the user's cache, the network."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from cnnc.data.packed import unpack

ANSWER_SECONDS = 5  # for a mirror to say that it has a file; all mirrors are asked at the same time
TIMEOUT = (5, 20)  # seconds to connect, seconds of silence during a download
INSTALL_POOCH = "downloading needs pooch, an extra: pip install cnnc[data]"


class DataUnavailable(OSError):
    """A data set is neither on this machine nor can be downloaded; the message lists every place that was tried.

    >>> from cnnc.data import DataUnavailable
    >>> issubclass(DataUnavailable, OSError)
    True
    """


def cache_directory():
    """The folder in which downloaded data sets are kept: cnnc's own below the platform's cache folder.

    `$XDG_CACHE_HOME/cnnc` where that is set, else `~/.cache/cnnc` (Linux), `~/Library/Caches/cnnc` (macOS) or
    `%LOCALAPPDATA%\\cnnc\\cnnc\\Cache` (Windows): where `pooch.os_cache("cnnc")` is, without needing pooch.

    Returns:
        pathlib.Path, a folder that need not exist yet.

    >>> from cnnc.data import cache_directory
    >>> "cnnc" in cache_directory().parts
    True
    """
    home = os.path.expanduser("~")
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen, "cnnc")
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path(home, "AppData", "Local"), "cnnc", "cnnc", "Cache")
    if sys.platform == "darwin":
        return Path(home, "Library", "Caches", "cnnc")
    return Path(home, ".cache", "cnnc")


class Form(NamedTuple):
    """One of the forms in which a data set is published: files that are the whole of it together.

    files: name of each, and its published checksum in hexadecimal behind the kind, `md5:...` or `sha256:...`; None
    where none was published, and such a file is not taken from the cache.
    folder: where its archive unpacks them to, looked into as well.
    packed: suffixes of compressed copies that are as good.
    common: whether files of other data sets have these names; those in `$CNNC_DATA` itself could then be theirs.

    >>> Form({"train.bin": None}, "cifar-100-binary", (".gz",)).folder
    'cifar-100-binary'
    """

    files: dict
    folder: str = ""
    packed: tuple = ()
    common: bool = False


def find(name, files, mirrors, directory=None, download=True):
    """Find the files of a data set, downloading them if they are nowhere on this machine.

    Files in the caller's own folders are taken as they are, plain or with `.gz`; files in the cache must have the
    checksum they were published with, and are fetched again if they have not.

    Args:
        name: str, the data set, also the name of its folder in `$CNNC_DATA` and in the cache.
        files: dict, the checksum of each published file name, as in `Form`.
        mirrors: sequence of str, addresses ending with `/`, to which a file name is added.
        directory: str or os.PathLike, the only folder to look in; None for all places.
        download: bool, whether the network may be used.

    Returns:
        dict, the pathlib.Path of each file name.

    Raises:
        FileNotFoundError: when directory is given and a file is missing in it.
        DataUnavailable: when the files are nowhere; the message lists the places tried.

    >>> from cnnc.data.sources import find
    >>> find("none", {"none.gz": ""}, (), download=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cnnc.data.sources.DataUnavailable: none is not on this machine, tried ...
    """
    return find_form(name, (Form(files),), mirrors, directory, download)[1]


def find_form(name, forms, mirrors, directory=None, download=True):
    """Find a data set that is published in several forms, as `find` does for those in one.

    In each place the forms are looked for in their order. The first one is downloaded.

    Args:
        forms: sequence of Form; all else as in `find`.

    Returns:
        The Form that was found, and a dict, the pathlib.Path of each of its file names.

    >>> from cnnc.data.sources import Form, find_form
    >>> find_form("a set", (Form({"a": ""}), Form({"b": "", "c": ""})), (), "an/empty/folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: an/empty/folder: must hold the a set files, missing a, or all 2 files
    """
    if directory is not None:
        found, missing = _look(directory, forms)
        if not found:
            raise FileNotFoundError(f"{directory}: must hold the {name} files, missing {missing}")
        return found

    tried = []
    own = os.environ.get("CNNC_DATA")
    for folder in (Path(own), Path(own, name)) if own else ():
        found, missing = _look(folder, forms, shared=folder == Path(own))
        if found:
            return found
        tried.append(f"{folder} ($CNNC_DATA): missing {missing}")
    if not own:
        tried.append("$CNNC_DATA: not set")

    cache = cache_directory() / name
    found, missing = _look(cache, forms, _as_published)
    if found:
        return found
    tried.append(f"{cache} (cache): missing or damaged {missing}")

    if download:
        files = forms[0].files
        wanted = {file: checksum for file, checksum in files.items() if not _as_published(cache / file, checksum)}
        reasons = _download(cache, wanted, mirrors)
        if not reasons:
            return forms[0], {file: cache / file for file in files}
        tried += reasons
    else:
        tried.append("download: not allowed by download=False")
    raise DataUnavailable(f"{name} is not on this machine, tried {'; '.join(tried)}")


def _look(folder, forms, good=None, shared=False):
    """The first form that is whole in the folder with the path of each file, or None; and what is missing for each.

    `good(path, checksum, packed)` says whether a file that is there counts; without it, each does. shared: whether the
    folder may hold other data sets.
    """
    lacking = []
    for form in forms:
        found = {}
        for file, checksum in form.files.items():
            for path, packed in _copies(folder, form, file, shared):
                if file not in found and path.is_file() and (good is None or good(path, checksum, packed)):
                    found[file] = path
        missing = [file for file in form.files if file not in found]
        if not missing:
            return (form, found), ""
        if len(missing) < len(form.files) or len(missing) == 1 < len(forms):
            lacking.append(", ".join(missing))
        else:
            lacking.append(f"all {len(missing)} files" + (f" of {form.folder}" if form.folder else ""))
    return None, ", or ".join(lacking)


def _copies(folder, form, file, shared):
    """Each path that a file may have in a folder, and whether its contents are to be unpacked to be the file."""
    places = [Path(folder, form.folder)] if form.folder else []
    if not (shared and form.common):
        places.insert(0, Path(folder))
    for place in places:
        yield place / file, False
        for suffix in form.packed:
            yield place / (file + suffix), True
        if file.endswith(".gz"):
            yield place / file.removesuffix(".gz"), False


def _as_published(path, checksum, packed=False):
    """Whether a file, or what is packed in it, can be read and has the checksum."""
    if checksum is None:
        return False
    import hashlib  # here, for it loads a large library

    kind, _, published = checksum.partition(":")
    try:
        digest = hashlib.new(kind, usedforsecurity=False)
        with unpack(path) if packed else open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except (OSError, ValueError):
        return False
    return digest.hexdigest() == published


def _download(cache, files, mirrors):
    """Fetch files into the cache, each from the first mirror that gives it; the reasons why not, empty on success."""
    try:
        import pooch
    except ImportError:
        return [INSTALL_POOCH]
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=1 << 16)
    mirrors, reasons = _answering(mirrors, next(iter(files)), downloader)
    for file, checksum in files.items():
        for mirror in mirrors:
            try:
                # pooch writes to a temporary file, compares the checksum and only then gives the file its name.
                pooch.retrieve(mirror + file, checksum, fname=file, path=cache, downloader=downloader)
                break
            except (OSError, ValueError) as error:  # no answer, an error page, a broken line, a wrong checksum
                reasons.append(f"{mirror + file}: {_short(error)}")
        else:
            return reasons
    return []


def _answering(mirrors, file, downloader):
    """The mirrors that have the file, quickest first, and why the others were left out.

    A connection's own time-out counts anew for each of a host's addresses, and looking up a name has none; without a
    network both can take minutes. So all mirrors are asked at the same time, and the answers are waited for once.
    """
    from queue import Empty, SimpleQueue

    answers = SimpleQueue()

    def ask(mirror):
        try:
            there = downloader(mirror + file, None, None, check_only=True)
            answers.put((mirror, None if there else "does not have the file"))
        except Exception as error:  # whatever it was is reported, it must not end as a trace from a thread
            answers.put((mirror, _short(error)))

    for mirror in mirrors:
        threading.Thread(target=ask, args=(mirror,), daemon=True).start()
    silent, ready, reasons = list(mirrors), [], []
    deadline = time.monotonic() + ANSWER_SECONDS
    while silent:
        # Once one mirror is ready, the rest have only a moment longer.
        patience = 0.2 if ready else deadline - time.monotonic()
        try:
            mirror, reason = answers.get(timeout=max(0, patience))
        except Empty:
            break
        silent.remove(mirror)
        if reason is None:
            ready.append(mirror)
        else:
            reasons.append(f"{mirror}: {reason}")
    if ready:
        return ready + silent, reasons
    return [], reasons + [f"{mirror}: no answer in {ANSWER_SECONDS} s" for mirror in silent]


def _short(error):
    """An error as one short line: network libraries nest theirs, and the innermost says it best."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{type(error).__name__}: {error}".splitlines()[0][:120]
