import asyncio


class Account:
    """A prepaid account; every change is written to a journal, which takes time."""

    def __init__(self, balance, journal):
        self.balance = balance
        self.journal = journal
        self._lock = asyncio.Lock()

    async def deposit(self, amount):
        async with self._lock:
            await self.journal.write("deposit", amount)
            self.balance += amount
            return self.balance

    async def withdraw(self, amount):
        """True if it was paid. The balance never goes below 0."""
        async with self._lock:
            if self.balance < amount:
                return False
            await self.journal.write("withdraw", amount)
            self.balance -= amount
            return True


async def settle(account, amounts):
    """Deposit all amounts at the same time."""
    await asyncio.gather(*(account.deposit(amount) for amount in amounts))
    return account.balance
