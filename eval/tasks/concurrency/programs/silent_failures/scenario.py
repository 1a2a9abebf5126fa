import asyncio


async def send(name, content):
    await asyncio.sleep(0.01 * len(content))
    if not content:
        raise OSError("empty")
    return f"receipt of {name}"


async def test_failures_are_raised(program):
    """A failed upload is reported, by name, after all were tried; the backup is not marked."""
    marked, sent = [], []

    async def noted(name, content):
        result = await send(name, content)
        sent.append(name)
        return result

    async def mark(names):
        marked.append(names)

    try:
        await program.backup({"c": "", "b": "long", "a": ""}, noted, mark)
    except program.UploadFailed as error:
        assert list(error.names) == ["a", "c"] or sorted(error.names) == ["a", "c"], f"names {error.names}"
    else:
        raise AssertionError("backup returned although two uploads failed")
    await asyncio.sleep(1)
    assert sent == ["b"] and marked == [], f"sent {sent}, marked {marked}"


async def test_good_backup_is_marked(program):
    """When it returns, the backup is marked."""
    marked = []

    async def mark(names):
        await asyncio.sleep(0.5)
        marked.extend(names)

    receipts = await program.backup({"b": "x", "a": "yy"}, send, mark)
    assert receipts == {"b": "receipt of b", "a": "receipt of a"}, f"{receipts}"
    assert marked == ["a", "b"], f"marked when it returned: {marked}"


async def test_marking_fails(program):
    """An error of marking is not lost."""

    async def mark(names):
        raise RuntimeError("disk")

    try:
        await program.backup({"a": "x"}, send, mark)
    except RuntimeError:
        return
    raise AssertionError("the error of mark_done was lost")
