"""Names in C: whatever is read wrongly here is a question that the compiler refuses."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.checkers.abi.cdecls import members, scan


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("int f(void);", "f"),
        ('extern __attribute__ ((visibility ("default"))) void * f(void *ptr, long n);', "f"),
        ("int f(void (*func)(void));", "f"),
        ("int (f)(int);", "f"),
        ("void (*f(int which))(int);", "f"),
        ("static inline int f(int a) { if (a) { return 1; } return 0; }", "f"),
        ("struct s *f(const struct s *one, union u two) __attribute__((nonnull(1)));", "f"),
        ("_Noreturn void f(const char *format, ...);", "f"),
        ("unsigned long long\n f (int (*)[3]);", "f"),
        ('int f(int) __attribute__((deprecated("use \\"g(1)\\" (or h)")));', "f"),
        ('extern int __attribute__((deprecated("since 7. Use g(:)"))) f(int);', "f"),
        ("number (f)(unsigned long, number);", "f"),
        ("int f(int (g)(int));", "f"),
        ("int f_typedef(struct btf *, int);", "f_typedef"),
    ],
)
def test_functions(text: str, name: str) -> None:
    found = scan(f"int before; {text} int after;")
    assert found.functions == {name}
    assert found.variables == {"before", "after"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("extern int a;", {"a"}),
        ("extern const char *const a[(3 + 1)], *b;", {"a", "b"}),
        ("extern int (*a)(void);", {"a"}),
        ("static const int a[] = { 1, 2, 3 };", {"a"}),
        ("struct s { int x; } a;", {"a"}),
        ("extern struct s a;", {"a"}),
        ("struct s;", set()),
        ("enum e { A, B = 2 };", set()),
    ],
)
def test_variables(text: str, names: set[str]) -> None:
    assert scan(text).variables == names


def test_enumerators_that_are_brackets() -> None:
    found = scan("enum token { LEFT = '(', RIGHT = ')', BRACE = '{', NEXT, TEXT = sizeof(\",\") };")
    assert found.enumerators == {"LEFT", "RIGHT", "BRACE", "NEXT", "TEXT"}


def test_typedefs_and_tags() -> None:
    text = (
        "typedef struct tag tag_t; typedef struct { int x; } plain; typedef int number, *pointer;"
        "typedef void (*callback)(int); typedef int function(void *);"
        "typedef function alias, *aliased; typedef function *pointed; struct tag { int y; };"
        "typedef struct both { int z; } both, *both_p; typedef enum { RED, GREEN = 4 } color;"
        'extern "C"; union u { struct inner { int i; } in; };'
    )
    found = scan(text)
    assert set(found.typedefs) == {
        "tag_t", "plain", "number", "pointer", "callback", "function", "both", "both_p", "color",
        "alias", "aliased", "pointed",
    }  # fmt: skip
    assert found.function_types == {"function", "alias"}
    assert set(found.bodies) == {
        ("struct", "tag"),
        ("struct", "both"),
        ("union", "u"),
        ("struct", "inner"),
    }
    assert found.enumerators == {"RED", "GREEN"}
    assert [one.name for one in found.members(found.typedefs["plain"])] == ["x"]
    assert found.typedefs["both_p"] == found.typedefs["color"] == -1
    assert set(found.pointees) == {"both_p"}
    assert scan("typedef struct { int x; } *one, **two; typedef void *three;").pointees == {
        "one": 15
    }
    assert scan("struct s { int x; }; typedef struct s *p; typedef struct t *q;").pointees == {
        "p": 9,
        "q": -1,
    }


def names(body: str) -> list[str]:
    text = f"struct s {{ {body} }};"
    return [("bits " if one.bits else "") + one.name for one in members(text, text.index("{"))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("int a; long b, *c, d[2][3];", ["a", "b", "c", "d"]),
        ("unsigned int a : 3, b : 4; unsigned : 0; _Bool c : 1;", ["bits a", "bits b", "bits c"]),
        ("int (*a)(void *b, int c); void *(*d[4])(int);", ["a", "d"]),
        ("void (*(*a)(struct s *, void *, const char *name))(void);", ["a"]),
        ("struct other a; struct { int x; } b[(2 * 3)]; union { int y; };", ["a", "b", ""]),
        ("struct { int x; } volatile a[(64 + 1)];", ["a"]),
        ("_Atomic(struct x *) a; _Atomic int b;", ["a", "b"]),
        ("int a __attribute__((aligned(8))); _Alignas(16) char b;", ["a", "b"]),
        ('_Static_assert(sizeof(int) == 4, "; }"); char a[];', ["a"]),
        ("enum { A, B } a; enum { C };", ["a"]),
        ("const struct t *a; unsigned b; T c;", ["a", "b", "c"]),
    ],
)
def test_members(body: str, expected: list[str]) -> None:
    assert names(body) == expected


def test_strings_hold_no_braces() -> None:
    found = scan("static const char *a = \"{;\"; static char b = '}'; int c(void);")
    assert (found.variables, found.functions) == ({"a", "b"}, {"c"})
