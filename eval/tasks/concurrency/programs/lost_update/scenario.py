import asyncio


class Journal:
    def __init__(self):
        self.lines = []

    async def write(self, kind, amount):
        await asyncio.sleep(0.01 * (amount % 3))
        self.lines.append((kind, amount))


async def test_deposits_add_up(program):
    """Deposits at the same time are all in the balance."""
    journal = Journal()
    balance = await program.settle(program.Account(10, journal), [1, 2, 3, 4])
    assert balance == 20, f"the balance is {balance} after 10 + 1 + 2 + 3 + 4"
    assert len(journal.lines) == 4, "each deposit is written once"


async def test_no_overdraft(program):
    """Withdrawals at the same time do not take more than there is."""
    account = program.Account(10, Journal())
    paid = await asyncio.gather(*(account.withdraw(amount) for amount in (6, 7, 4)))
    spent = sum(amount for amount, was_paid in zip((6, 7, 4), paid) if was_paid)
    assert account.balance == 10 - spent >= 0, f"{spent} was paid out of 10, and the balance is {account.balance}"
    assert spent > 0, "something can be paid"


async def test_one_after_another(program):
    """One at a time, all goes as it did."""
    account = program.Account(5, Journal())
    assert await account.deposit(3) == 8 and await account.withdraw(8) and not await account.withdraw(1)


async def test_deposit_beside_withdrawal(program):
    """A deposit and a withdrawal at the same time are both in the balance, whichever of them is written first."""
    for paid_in, taken in ((4, 5), (5, 4)):
        account = program.Account(10, Journal())
        _, was_paid = await asyncio.gather(account.deposit(paid_in), account.withdraw(taken))
        assert was_paid, f"{taken} could not be taken from 10"
        assert account.balance == 10 + paid_in - taken, f"{account.balance} after 10 + {paid_in} - {taken}"


async def test_settled_at_the_same_time(program):
    """`settle` does not wait for one deposit before it begins the next."""

    class SlowAccount(program.Account):
        async def deposit(self, amount):
            await asyncio.sleep(1)
            return amount

    before = asyncio.get_running_loop().time()
    await program.settle(SlowAccount(0, Journal()), [1, 2, 3])
    took = asyncio.get_running_loop().time() - before
    assert took < 2, f"three deposits of 1 s each took {took:.0f} s"
