"""What training prints."""

import sys
import time


def _text(loss, accuracy):
    return f"loss {loss:.4f}" + ("" if accuracy is None else f", accuracy {100 * accuracy:.2f} %")


class Progress:
    """A bar on a terminal, a line an epoch elsewhere, or nothing."""

    INTERVAL = 0.1  # seconds between redraws

    def __init__(self, wanted, epoch, epochs, images):
        self.wanted, self.images = wanted, images
        self.title = f"epoch {epoch + 1}/{epochs}"
        self.bar = None
        self.waiting, self.drawn = 0, 0.0

    def __enter__(self):
        if self.wanted and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.images, desc=self.title, unit=" images", unit_scale=True, leave=False,
                            dynamic_ncols=True)  # fmt: skip
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()

    def update(self, images, loss, accuracy):
        """Counts a batch and redraws now and then; `accuracy` is None where labels are not classes."""
        if self.bar is None:
            return
        self.waiting += images
        now = time.perf_counter()
        if now - self.drawn > self.INTERVAL:
            self.bar.set_postfix_str(_text(loss, accuracy), refresh=False)
            self.bar.update(self.waiting)
            self.waiting, self.drawn = 0, now

    def finish(self, logs):
        """The line that stays."""
        if not self.wanted:
            return
        if self.bar is not None:
            self.bar.close()
        rate = self.images / logs["seconds"]
        line = f"{self.title}: {_text(logs['loss'], logs.get('accuracy'))}"
        if "val_loss" in logs:
            line += f", validation {_text(logs['val_loss'], logs.get('val_accuracy'))}"
        print(f"{line}, {logs['seconds']:.1f} s, {rate:,.0f} images/s", flush=True)
