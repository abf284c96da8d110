"""Recorded steps as a graph: who writes and who reads each buffer, kept while rules rewrite them."""

from collections import defaultdict


class Graph:
    """Steps in their order, with who reads and who writes each buffer. A dropped step leaves its slot empty."""

    def __init__(self, steps, kept):
        self.slots = list(steps)
        self.kept = {buffer.storage for buffer in kept}
        self._readers, self._writers = defaultdict(list), defaultdict(list)
        for slot, step in enumerate(steps):
            step.slot = slot
            self._note(step)

    def __iter__(self):
        return iter([step for step in self.slots if step is not None])

    def _uses(self, step):
        """The list that each of a step's buffers keeps of its readers, or of its writers."""
        for name, buffer in step.named_buffers():
            yield (self._writers if name in step.writes else self._readers)[buffer.storage]

    def _note(self, step):
        for steps in self._uses(step):
            steps.append(step)

    def _forget(self, step):
        for steps in self._uses(step):
            steps.remove(step)

    def readers(self, buffer):
        """The steps that read a buffer, in their order."""
        return sorted(self._readers[buffer.storage], key=lambda step: step.slot)

    def writers(self, buffer):
        """The steps that write a buffer, in their order."""
        return sorted(self._writers[buffer.storage], key=lambda step: step.slot)

    def hidden(self, buffer):
        """Whether nobody but the steps sees a buffer."""
        return buffer.storage.array is None and buffer.storage not in self.kept

    def private(self, buffer, writer, reader):
        """Whether a buffer is nothing but the way from one step to another."""
        return self.hidden(buffer) and self.readers(buffer) == [reader] and self.writers(buffer) == [writer]

    def maker(self, buffer, reader, *fields):
        """The step that computes a buffer for one reader alone, if it has fields that are not in use yet; else None."""
        maker = only(self.writers(buffer))
        return maker if maker and has(maker, *fields) and self.private(buffer, maker, reader) else None

    def untouched(self, buffer, first, last):
        """Whether no step after one and up to another writes a buffer."""
        return not any(first.slot < step.slot <= last.slot for step in self.writers(buffer))

    def unused(self, buffer, first, last):
        """Whether no step between two others reads or writes a buffer."""
        users = (*self.readers(buffer), *self.writers(buffer))
        return not any(first.slot < step.slot < last.slot for step in users)

    def change(self, step, **fields):
        """Sets fields of a step."""
        self._forget(step)
        step.fields.update(fields)
        if step.op is not None:
            step.writes = [name for name in step.op.outputs if step.fields.get(name) is not None]
        self._note(step)

    def drop(self, step):
        """Takes a step out."""
        self._forget(step)
        self.slots[step.slot] = None

    def replace(self, step, by):
        """Puts the step `by` in the place of another."""
        self.drop(step)
        self.slots[by.slot] = None
        by.slot = step.slot
        self.slots[by.slot] = by

    def swap(self, step, other):
        """Lets two steps change places."""
        step.slot, other.slot = other.slot, step.slot
        self.slots[step.slot], self.slots[other.slot] = step, other

    def rename(self, buffer, target):
        """Makes every use of one buffer's memory a use of another's."""
        for step in dict.fromkeys((*self.readers(buffer), *self.writers(buffer))):
            fields = {name: target.reshape(b.shape) for name, b in step.named_buffers() if b.storage is buffer.storage}
            self.change(step, **fields)


def has(step, *fields):
    """Whether a step's operation has these fields and none of them is in use yet."""
    names = {field.name for field in step.op.fields} if step.op else ()
    return all(field in names and not step.fields.get(field) for field in fields)


def only(steps):
    """The one step of a list, or None."""
    return steps[0] if len(steps) == 1 else None


def later_slots(steps, than):
    """The slots of those steps that come after another."""
    return [step.slot for step in steps if step.slot > than.slot]


def stamped(*buffers):
    """Whether buffers are parameters, or prepared from some (or missing)."""
    return all(buffer is None or buffer.storage.stamped for buffer in buffers)
