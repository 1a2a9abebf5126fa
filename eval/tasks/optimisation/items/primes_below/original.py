def primes_below(limit: int) -> list[int]:
    """All primes below the limit, in order."""
    primes = []
    for candidate in range(2, limit):
        if all(candidate % divisor for divisor in range(2, candidate)):
            primes.append(candidate)
    return primes
