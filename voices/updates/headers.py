"""A header that Python's mail package would spoil."""


class ListUnsubscribe(str):
    """The address that ends a list of mails, in < and >, written on one line.

    Python breaks an address that is longer than a line into encoded words, which no
    mail program decodes here.
    """

    name = "List-Unsubscribe"

    def fold(self, *, policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"
