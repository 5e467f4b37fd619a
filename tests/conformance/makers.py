"""What fuzz.py's makers have in common: choices that a seed decides."""
import random


class Case:
    """A case that is made up: files by name, and the Dockerfile's lines."""

    def __init__(self, lines, setup="", files=None):
        self.lines, self.setup = lines, setup
        self.files = files or {}


class Maker:
    """One case from one seed: make() gives it."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, *weighted):
        """One of (weight, value) pairs."""
        values = [v for _, v in weighted]
        return self.random.choices(values, [w for w, _ in weighted])[0]

    def choice(self, values):
        return self.random.choice(values)

    def some(self, low, high, make):
        return [make() for _ in range(self.random.randint(low, high))]

    def chance(self, percent):
        return self.random.randrange(100) < percent
