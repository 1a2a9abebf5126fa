from tidemark.keeping import kept


@kept(0)
def charter_cost(days: int, day_rate: int, week_rate: int, free_every: int) -> int:
    if days <= 0:
        return 0
    by_day = charter_cost(days - 1, day_rate, week_rate, free_every) + day_rate
    by_week = charter_cost(days - 7, day_rate, week_rate, free_every) + week_rate
    if days > free_every and days % free_every == 0:
        return min(by_day, by_week, charter_cost(days - 2, day_rate, week_rate, free_every) + day_rate)
    return min(by_day, by_week)
