"""What storage costs: free days first, then by the day."""

FREE_DAYS = 5
RATES = {"20ft": 12, "40ft": 21, "reefer": 48}


def storage_cost(kind, days):
    """The cost of so many days, 0 within the free ones. Raises KeyError for a kind without a rate."""
    return RATES[kind] * max(0, days - FREE_DAYS)


def invoice(lines):
    """The lines (kind, days) with their costs, and the sum."""
    costs = [(kind, days, storage_cost(kind, days)) for kind, days in lines]
    return costs, sum(cost for _, _, cost in costs)
