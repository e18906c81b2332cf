"""How an engine process ended, in words."""

from __future__ import annotations

import pytest

from aes67_sender.supervisor.process import describe_exit


@pytest.mark.parametrize(
    ("code", "last_words", "said"),
    [
        (0, "all is well", "it ended with code 0"),
        (3, "no interface", "it ended with code 3 (no interface)"),
        (-9, "", "it was killed by SIGKILL"),
        (0xC0000005, "", "it crashed with the status 0xc0000005"),
        (0xC0000409, "some log", "it crashed with the status 0xc0000409"),
    ],
)
def test_an_exit_code_is_told_as_the_system_means_it(code: int, last_words: str, said: str) -> None:
    assert describe_exit(code, last_words) == said
