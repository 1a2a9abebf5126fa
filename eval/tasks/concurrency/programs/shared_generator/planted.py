import threading


def numbered(lines):
    """The lines that are not empty, with their numbers from 1."""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text:
            yield number, text


def work_off(lines, handle, n_threads=3):
    """Handle all lines on a few threads: what was returned, by number. Raises what ``handle`` raises first."""
    feed = numbered(lines)
    results, errors = {}, []

    def work():
        try:
            for number, text in feed:
                results[number] = handle(text)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
