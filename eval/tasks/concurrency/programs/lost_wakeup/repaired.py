import threading
import time


class Mailbox:
    """Letters for one thread that waits for them, put in by others."""

    def __init__(self):
        self.letters = []
        self.changed = threading.Condition()

    def put(self, letter):
        with self.changed:
            self.letters.append(letter)
            self.changed.notify_all()

    def take_all(self, timeout=None):
        """All letters, in order, once there is at least one; an empty list after ``timeout`` seconds without any."""
        with self.changed:
            self.changed.wait_for(lambda: self.letters, timeout)
            letters = list(self.letters)
            self.letters.clear()
            return letters


def send(mailbox, letters, seconds=0.0):
    """Put letters in from a thread, which is returned."""

    def run():
        for letter in letters:
            mailbox.put(letter)
            if seconds:
                time.sleep(seconds)

    thread = threading.Thread(target=run)
    thread.start()
    return thread
