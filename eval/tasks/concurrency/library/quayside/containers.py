"""Numbers of containers: four letters, six digits, a check digit."""

import string

VALUES = {}
for _place, _letter in enumerate(string.ascii_uppercase):
    VALUES[_letter] = 10 + _place + (_place + 9) // 10
VALUES.update({digit: int(digit) for digit in string.digits})


def check_digit(number):
    """The digit that follows the first ten characters."""
    return sum(VALUES[character] * 2**place for place, character in enumerate(number[:10])) % 11 % 10


def is_valid(number):
    """Whether a number has its form and its check digit is right."""
    well_formed = len(number) == 11 and number[:4].isalpha() and number[4:].isdigit()
    return well_formed and check_digit(number.upper()) == int(number[10])
