import asyncio


class Account:
    """A prepaid account; every change is written to a journal, which takes time."""

    def __init__(self, balance, journal):
        self.balance = balance
        self.journal = journal

    async def deposit(self, amount):
        before = self.balance
        await self.journal.write("deposit", amount)
        self.balance = before + amount
        return self.balance

    async def withdraw(self, amount):
        """True if it was paid. The balance never goes below 0."""
        if self.balance < amount:
            return False
        before = self.balance
        await self.journal.write("withdraw", amount)
        self.balance = before - amount
        return True


async def settle(account, amounts):
    """Deposit all amounts at the same time."""
    await asyncio.gather(*(account.deposit(amount) for amount in amounts))
    return account.balance
