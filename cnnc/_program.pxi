# Recorded programs. A part of _core.pyx, whose operations, calls and memory they are made of.

from libc.stdlib cimport free, malloc

from cnnc.teams import choices

ctypedef int (*asker)() noexcept nogil

cdef extern from "cnnc.h" nogil:
    ctypedef struct cnnc_step:
        cnnc_fn run
        const void *args
    ptrdiff_t cnnc_run(const cnnc_step *, ptrdiff_t, void *, int, asker)
    ptrdiff_t cnnc_run_timed(const cnnc_step *, ptrdiff_t, void *, int, double *)
    double cnnc_seconds()

cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1

# A program whose last run took less (in seconds) need not look for Ctrl-C between its steps.
cdef double SHORT_RUN = 0.02


cdef int interrupted() noexcept nogil:
    with gil:
        try:
            PyErr_CheckSignals()
            return 0
        except BaseException as error:
            kept.interruption = error
            return 1


@cython.final
cdef class Program:
    """Recorded steps with addresses filled in: a list of calls, replayed by one call into C.

    A step that is a Python callable (a layer written in NumPy) splits the program into several calls into C.
    `run` returns None, or the number of the step that stopped it (check_finite).
    """
    cdef cnnc_step *steps
    cdef object choices                 # a generator, see cnnc.teams
    cdef int threads                    # of the next `runs` runs
    cdef Py_ssize_t runs
    cdef double limit                   # seconds after which there are no more of them
    cdef double elapsed, last           # seconds of the runs with so many threads, and of the last one
    cdef readonly list parts            # (first, last + 1) of C steps, or a callable
    cdef readonly list calls
    cdef readonly int team
    cdef int level
    cdef object scratch

    def __cinit__(self, list calls, address_of, scratch, int team):
        """`address_of(buffer)` gives a symbolic buffer's address; `scratch` is a large enough aligned array."""
        cdef Py_ssize_t i, count = 0
        cdef Call call
        cdef int64_t *words
        self.calls = calls
        self.parts = []
        self.scratch = scratch
        self.team = team
        self.level = cnnc_isa_level()
        self.choices = choices(team)
        self.threads, self.runs, self.limit = next(self.choices)
        self.elapsed, self.last = 0, SHORT_RUN
        self.steps = <cnnc_step *> malloc(max(1, len(calls)) * sizeof(cnnc_step))
        if self.steps == NULL:
            raise MemoryError()
        for step in calls:
            if not isinstance(step, Call):
                self.parts.append(step)
                continue
            call = step
            words = <int64_t *> cnp.PyArray_DATA(call.words)
            for i, buffer in call.symbols:
                words[i] = <int64_t> <uintptr_t> address_of(buffer)
            self.steps[count].run = call.op.op.run[call.real]
            self.steps[count].args = words
            if self.parts and isinstance(self.parts[-1], tuple):
                self.parts[-1] = (self.parts[-1][0], count + 1)
            else:
                self.parts.append((count, count + 1))
            count += 1

    def __dealloc__(self):
        free(self.steps)

    def current(self):
        """Whether the settings are still those that the program was made for."""
        return self.team == threads() and self.level == cnnc_isa_level()

    def run(self):
        """Runs every step. A signal's exception (Ctrl-C) leaves through here between two steps."""
        cdef ptrdiff_t first, end, done
        cdef void *area = cnp.PyArray_DATA(self.scratch)
        cdef asker ask = &interrupted if self.last >= SHORT_RUN else NULL
        cdef double start = cnnc_seconds()
        for part in self.parts:
            if not isinstance(part, tuple):
                part()
                continue
            first, end = part
            with nogil:
                done = cnnc_run(self.steps + first, end - first, area, self.threads, ask)
            if done < end - first:
                error = getattr(kept, "interruption", None)
                if error is not None:
                    kept.interruption = None
                    raise error
                return first + done
        self.last = cnnc_seconds() - start
        self.elapsed += self.last
        self.runs -= 1
        if self.runs == 0 or self.elapsed > self.limit:
            self.threads, self.runs, self.limit = self.choices.send(self.elapsed)
            self.elapsed = 0
        return None

    def profile(self, int rounds=20):
        """Runs the program `rounds` times with all its threads and measures every step.

        Returns:
            (name, sizes, seconds) of each step in order: the operation's name or the Python function's, its size
            fields, and the median of its times. Training steps train.

        Raises:
            FloatingPointError: if check_finite stops the program.
        """
        cdef cnp.ndarray times = np.zeros((rounds, len(self.calls)))
        cdef double *at
        cdef double start
        cdef ptrdiff_t first, end, done
        cdef void *area = cnp.PyArray_DATA(self.scratch)
        cdef int team = self.team, i
        for i in range(rounds):
            at = <double *> cnp.PyArray_DATA(times) + i * times.shape[1]
            for part in self.parts:
                if not isinstance(part, tuple):
                    start = cnnc_seconds()
                    part()
                    at[0] = cnnc_seconds() - start
                    at += 1
                    continue
                first, end = part
                with nogil:
                    done = cnnc_run_timed(self.steps + first, end - first, area, team, at)
                if done < end - first:
                    raise FloatingPointError(f"a program that is measured must be finite: step {first + done} was not")
                at += end - first
            PyErr_CheckSignals()
        seconds = np.median(times, axis=0).tolist()
        return [(*_named(step), second) for step, second in zip(self.calls, seconds)]


def _named(step):
    if isinstance(step, Call):
        return step.op.name, step.sizes
    return getattr(step, "func", step).__name__, {}
