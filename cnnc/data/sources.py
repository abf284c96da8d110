"""Where data sets are looked for, in order: a folder of the caller's, $CNNC_DATA, the user's cache, the network."""

import hashlib
import os
import sys
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

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


def find(name, files, mirrors, directory=None, download=True):
    """Find the files of a data set, downloading them if they are nowhere on this machine.

    Files in the caller's own folders are taken as they are, plain or with `.gz`; files in the cache must have the
    checksum they were published with, and are fetched again if they have not.

    Args:
        name: str, the data set, also the name of its folder in `$CNNC_DATA` and in the cache.
        files: dict, the SHA-256 in hexadecimal of each published file name.
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
    if directory is not None:
        found, missing = _look(directory, files)
        if missing:
            raise FileNotFoundError(f"{directory}: must hold the {name} files, missing {_names(missing, files)}")
        return found

    tried = []
    own = os.environ.get("CNNC_DATA")
    for folder in (Path(own), Path(own, name)) if own else ():
        found, missing = _look(folder, files)
        if not missing:
            return found
        tried.append(f"{folder} ($CNNC_DATA): missing {_names(missing, files)}")
    if not own:
        tried.append("$CNNC_DATA: not set")

    cache = cache_directory() / name
    wanted = [file for file, checksum in files.items() if _sha256(cache / file) != checksum]
    if not wanted:
        return {file: cache / file for file in files}
    tried.append(f"{cache} (cache): missing or damaged {_names(wanted, files)}")

    if download:
        reasons = _download(cache, {file: files[file] for file in wanted}, mirrors)
        if not reasons:
            return {file: cache / file for file in files}
        tried += reasons
    else:
        tried.append("download: not allowed by download=False")
    raise DataUnavailable(f"{name} is not on this machine, tried {'; '.join(tried)}")


def _look(folder, files):
    """The path of each file that is in the folder, also without its .gz; and the names of those that are not."""
    found = {}
    for file in files:
        for path in (Path(folder, file), Path(folder, file.removesuffix(".gz"))):
            if path.is_file():
                found.setdefault(file, path)
    return found, [file for file in files if file not in found]


def _names(missing, files):
    """Which files are missing, as words."""
    return f"all {len(files)} files" if len(missing) == len(files) else ", ".join(missing)


def _sha256(path):
    """The checksum of a file, or None where there is none to read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


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
                pooch.retrieve(mirror + file, f"sha256:{checksum}", fname=file, path=cache, downloader=downloader)
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
