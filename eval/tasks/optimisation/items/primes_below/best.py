def primes_below(limit: int) -> list[int]:
    is_prime = bytearray([1]) * max(limit, 2)
    for number in range(2, int(len(is_prime) ** 0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, len(is_prime), number)))
    return [number for number in range(2, limit) if is_prime[number]]
