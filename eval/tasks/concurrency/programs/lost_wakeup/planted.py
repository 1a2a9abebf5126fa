import threading
import time


class Mailbox:
    """Letters for one thread that waits for them, put in by others."""

    def __init__(self):
        self.letters = []
        self.has_letters = threading.Event()

    def put(self, letter):
        self.letters.append(letter)
        self.has_letters.set()

    def take_all(self, timeout=None):
        """All letters, in order, once there is at least one; an empty list after ``timeout`` seconds without any."""
        if not self.has_letters.wait(timeout):
            return []
        letters = list(self.letters)
        self.letters.clear()
        self.has_letters.clear()
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
