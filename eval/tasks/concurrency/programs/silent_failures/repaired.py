import asyncio


class UploadFailed(Exception):
    """Some files were not uploaded. ``names`` says which, in order."""

    def __init__(self, names):
        super().__init__(", ".join(names))
        self.names = names


async def upload_all(files, send):
    """Upload files (name to content) at the same time: name to receipt.

    All are tried. Raises UploadFailed if any was not uploaded.
    """
    tasks = {name: asyncio.ensure_future(send(name, content)) for name, content in files.items()}
    receipts = await asyncio.gather(*tasks.values(), return_exceptions=True)
    failed = [name for name, receipt in zip(tasks, receipts) if isinstance(receipt, BaseException)]
    if failed:
        raise UploadFailed(sorted(failed))
    return dict(zip(tasks, receipts))


async def backup(files, send, mark_done):
    """Upload all, then mark the backup as done. Raises UploadFailed, and does not mark it then."""
    receipts = await upload_all(files, send)
    await mark_done(sorted(receipts))
    return receipts
