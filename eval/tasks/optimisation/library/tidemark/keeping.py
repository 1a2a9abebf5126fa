"""Results that are kept, so that a call with the same arguments is answered at once."""

from functools import wraps


def kept(limit):
    """Decorator, always with parentheses: ``@kept(0)`` keeps every result, ``@kept(500)`` the last 500.

    Arguments are positional and hashable. ``function.forget()`` drops what was kept.
    """

    def decorate(function):
        results = {}

        @wraps(function)
        def wrapper(*args):
            if args in results:
                return results[args]
            result = function(*args)
            if limit and len(results) >= limit:
                del results[next(iter(results))]
            results[args] = result
            return result

        wrapper.forget = results.clear
        return wrapper

    return decorate
