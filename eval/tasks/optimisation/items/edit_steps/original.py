def edit_steps(old: str, new: str) -> int:
    """The fewest single characters to delete from and to insert into ``old`` to make it ``new``."""
    if not old or not new:
        return len(old) + len(new)
    if old[0] == new[0]:
        return edit_steps(old[1:], new[1:])
    return 1 + min(edit_steps(old[1:], new), edit_steps(old, new[1:]))
