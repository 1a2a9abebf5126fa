from tidemark.ordering import in_order


def order_of_loading(needs: dict[str, list[str]]) -> list[str]:
    return in_order(needs)
