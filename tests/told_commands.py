"""Commands as documents and findings tell them, compared with those that there are."""

import shlex

from command_tree import leaves


def is_a_command(text: str) -> bool:
    """Whether ``interfocal …`` begins with a command's words and has only options that it knows."""
    words = [word for word in shlex.split(text, comments=True) if word != "&&"]
    for leaf in leaves():
        length = len(leaf.words)
        if tuple(words[1 : length + 1]) == leaf.words:
            return {word for word in words[length + 1 :] if word.startswith("--")} <= leaf.options
    return False
