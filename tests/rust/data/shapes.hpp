// Namespaces, template instantiations (of arrays too), unions and bit-fields.
struct Top { int a; char b; unsigned bits : 3; };
template <typename T> struct Box { T value; int n; };
namespace outer {
struct Thing { double d; int type; };
namespace inner {
/** mod x { "quoted */
struct Deep { Thing t; Box<int> b; Box<outer::Thing> bt; };
union Either { int i; double d; };
}
struct Uses { Box<int[4]> many; Box<int (*)[3]> pointer; inner::Either e; };
}
struct Uses { Box<int[4]> many; Box<int> one; };
