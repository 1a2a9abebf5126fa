def priced_orders(orders: list[tuple[str, int]], prices: list[tuple[str, int]]) -> list[tuple[str, int]]:
    by_name: dict[str, int] = {}
    for name, price in prices:
        by_name.setdefault(name, price)
    return [(article, by_name[article] * quantity) for article, quantity in orders]
