def priced_orders(orders: list[tuple[str, int]], prices: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Each order (article, quantity) as (article, cost), by the first price of the article in the price list.

    Raises KeyError for an article without a price.
    """
    priced = []
    for article, quantity in orders:
        for name, price in prices:
            if name == article:
                priced.append((article, price * quantity))
                break
        else:
            raise KeyError(article)
    return priced
