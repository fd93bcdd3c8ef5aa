"""The module as Python sees it. `rust_extension` builds and imports it."""

import pytest


@pytest.fixture
def spam(rust_extension):
    return rust_extension("spam")


def test_add(spam):
    assert spam.add(2, 3) == 5
    assert spam.add(-1, 1) == 0


def test_a_sum_that_is_too_large(spam):
    with pytest.raises(OverflowError, match="too large"):
        spam.add(2**63 - 1, 1)


@pytest.mark.parametrize("arguments", [(), (1,), (1, 2, 3), ("1", 2)])
def test_wrong_arguments(spam, arguments):
    with pytest.raises(TypeError):
        spam.add(*arguments)


def test_count_spam(spam):
    assert spam.count_spam("spam, eggs, spam") == 2
    with pytest.raises(TypeError):
        spam.count_spam(b"spam")


def test_signatures(spam):
    assert spam.add.__text_signature__ == "($module, a, b, /)"
    assert spam.__doc__ == "An extension module written in Rust."
